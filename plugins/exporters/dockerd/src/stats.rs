//! What a container spent.

use std::collections::BTreeMap;

use narthex_sdk::Metrics;
use serde::Deserialize;

use crate::container::Labels;

const NANO: f64 = 1e9;

/// The answer of `/containers/{id}/stats`. What the kernel does not count is absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Stats {
    cpu_stats: Cpu,
    memory_stats: Memory,
    pids_stats: Pids,
    blkio_stats: Disks,
    networks: Option<BTreeMap<String, Network>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cpu {
    cpu_usage: CpuUsage,
    throttling_data: Throttling,
}

/// Nanoseconds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CpuUsage {
    total_usage: u64,
    usage_in_kernelmode: u64,
    usage_in_usermode: u64,
    /// By processor; of control groups version 1 alone.
    percpu_usage: Option<Vec<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Throttling {
    periods: u64,
    throttled_periods: u64,
    throttled_time: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Memory {
    usage: Option<u64>,
    max_usage: Option<u64>,
    failcnt: Option<u64>,
    /// The kernel's `memory.stat`.
    stats: Option<BTreeMap<String, u64>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pids {
    current: Option<u64>,
    limit: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Disks {
    io_service_bytes_recursive: Option<Vec<Disk>>,
    io_serviced_recursive: Option<Vec<Disk>>,
}

#[derive(Deserialize)]
struct Disk {
    major: u64,
    minor: u64,
    op: String,
    value: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Network {
    rx_bytes: u64,
    rx_packets: u64,
    rx_errors: u64,
    rx_dropped: u64,
    tx_bytes: u64,
    tx_packets: u64,
    tx_errors: u64,
    tx_dropped: u64,
}

impl Stats {
    pub(crate) fn add(&self, labels: &Labels, metrics: &mut Metrics) {
        self.cpu_stats.add(labels, metrics);
        self.memory_stats.add(labels, metrics);
        for (name, help, value) in [
            ("container_threads", "Threads.", self.pids_stats.current),
            ("container_threads_max", "Limit of threads; 0 for none.", self.pids_stats.limit),
        ] {
            if let Some(value) = value {
                // Without a limit newer engines say the largest number there is.
                let value = if value == u64::MAX { 0 } else { value };
                metrics.gauge(name, help).sample(&labels.with(&[]), value);
            }
        }
        self.blkio_stats.add(labels, metrics);
        for (interface, network) in self.networks.iter().flatten() {
            network.add(&labels.with(&[("interface", interface)]), metrics);
        }
    }
}

impl Cpu {
    fn add(&self, labels: &Labels, metrics: &mut Metrics) {
        let (usage, throttling) = (&self.cpu_usage, &self.throttling_data);
        let common = labels.with(&[]);
        for (name, help, value) in [
            ("cpu_user_seconds_total", "Processor time for itself.", usage.usage_in_usermode),
            (
                "cpu_system_seconds_total",
                "Processor time in the kernel.",
                usage.usage_in_kernelmode,
            ),
        ] {
            let name = format!("container_{name}");
            metrics.counter(&name, help).sample(&common, value as f64 / NANO);
        }
        let by_cpu: Vec<(String, u64)> = match usage.percpu_usage.as_deref() {
            None | Some([]) => vec![("total".into(), usage.total_usage)],
            Some(all) => all
                .iter()
                .enumerate()
                .map(|(cpu, value)| (format!("cpu{cpu:02}"), *value))
                .collect(),
        };
        for (cpu, value) in by_cpu {
            metrics
                .counter("container_cpu_usage_seconds_total", "Processor time.")
                .sample(&labels.with(&[("cpu", &cpu)]), value as f64 / NANO);
        }
        // Without a quota there are no periods.
        if throttling.periods > 0 {
            for (name, help, value) in [
                ("periods_total", "Periods of the quota.", throttling.periods as f64),
                (
                    "throttled_periods_total",
                    "Periods in which the quota was spent.",
                    throttling.throttled_periods as f64,
                ),
                (
                    "throttled_seconds_total",
                    "Time waited for the next period.",
                    throttling.throttled_time as f64 / NANO,
                ),
            ] {
                let name = format!("container_cpu_cfs_{name}");
                metrics.counter(&name, help).sample(&common, value);
            }
        }
    }
}

impl Memory {
    fn add(&self, labels: &Labels, metrics: &mut Metrics) {
        let common = labels.with(&[]);
        // The first name is that of control groups version 2, the others are those of version 1.
        let stat = |names: &[&str]| {
            let stats = self.stats.as_ref()?;
            names.iter().find_map(|name| stats.get(*name)).copied()
        };
        let inactive = stat(&["inactive_file", "total_inactive_file"]);
        let working_set =
            self.usage.map(|usage| usage.saturating_sub(inactive.unwrap_or_default()));
        for (name, help, value) in [
            ("usage_bytes", "Memory in use, with all caches.", self.usage),
            ("working_set_bytes", "Memory in use that is not easily freed.", working_set),
            ("max_usage_bytes", "The most memory that was in use.", self.max_usage),
            ("cache", "Cached pages of files.", stat(&["file", "total_cache", "cache"])),
            ("rss", "Memory of its own.", stat(&["anon", "total_rss", "rss"])),
            ("mapped_file", "Mapped files.", stat(&["file_mapped", "total_mapped_file"])),
            ("swap", "Memory that was swapped out.", stat(&["total_swap", "swap"])),
            (
                "total_active_file_bytes",
                "Pages of files that are in use.",
                stat(&["active_file", "total_active_file"]),
            ),
            ("total_inactive_file_bytes", "Pages of files that are not in use.", inactive),
        ] {
            if let Some(value) = value {
                metrics.gauge(&format!("container_memory_{name}"), help).sample(&common, value);
            }
        }
        if let Some(count) = self.failcnt {
            metrics
                .counter("container_memory_failcnt", "How often the limit was met.")
                .sample(&common, count);
        }
        for kind in ["pgfault", "pgmajfault"] {
            let Some(count) = stat(&[kind]) else { continue };
            for scope in ["container", "hierarchy"] {
                metrics
                    .counter("container_memory_failures_total", "Faults of pages.")
                    .sample(&labels.with(&[("failure_type", kind), ("scope", scope)]), count);
            }
        }
    }
}

impl Disks {
    fn add(&self, labels: &Labels, metrics: &mut Metrics) {
        for (disks, operation, name, help) in [
            (&self.io_service_bytes_recursive, "read", "reads_bytes_total", "Bytes read."),
            (&self.io_service_bytes_recursive, "write", "writes_bytes_total", "Bytes written."),
            (&self.io_serviced_recursive, "read", "reads_total", "Reads that were done."),
            (&self.io_serviced_recursive, "write", "writes_total", "Writes that were done."),
        ] {
            let own = disks.iter().flatten().filter(|disk| disk.op.eq_ignore_ascii_case(operation));
            for disk in own {
                let device = format!("{}:{}", disk.major, disk.minor);
                metrics
                    .counter(&format!("container_fs_{name}"), help)
                    .sample(&labels.with(&[("device", &device)]), disk.value);
            }
        }
    }
}

impl Network {
    fn add(&self, labels: &[(&str, &str)], metrics: &mut Metrics) {
        for (name, help, value) in [
            ("receive_bytes_total", "Bytes received.", self.rx_bytes),
            ("receive_packets_total", "Packets received.", self.rx_packets),
            ("receive_packets_dropped_total", "Packets dropped on arrival.", self.rx_dropped),
            ("receive_errors_total", "Errors on arrival.", self.rx_errors),
            ("transmit_bytes_total", "Bytes sent.", self.tx_bytes),
            ("transmit_packets_total", "Packets sent.", self.tx_packets),
            ("transmit_packets_dropped_total", "Packets dropped before sending.", self.tx_dropped),
            ("transmit_errors_total", "Errors in sending.", self.tx_errors),
        ] {
            metrics.counter(&format!("container_network_{name}"), help).sample(labels, value);
        }
    }
}
