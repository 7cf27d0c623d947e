//! What the system says of this process, under the names that dashboards know.

use narthex_platform::{Family, FamilyKind, MetricsSource, Point, PointValue, RealDisk};

/// Clock ticks a second in /proc: 100 on every Linux that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;
/// Bytes a page: 4 KiB on x86-64 and on most others; /proc counts in pages.
const PAGE_BYTES: f64 = 4096.0;

/// Reads /proc/self whenever the metrics are read.
pub(crate) struct ProcessMetrics {
    started_seconds: f64,
}

impl ProcessMetrics {
    /// A source that says the process started at `started_millis`.
    #[expect(clippy::cast_precision_loss, reason = "a time in milliseconds fits 53 bits")]
    pub(crate) fn new(started_millis: i64) -> Self {
        Self { started_seconds: started_millis as f64 / 1000.0 }
    }
}

fn family(name: &str, help: &str, kind: FamilyKind, value: f64) -> Family {
    let point = Point { labels: Vec::new(), value: PointValue::Number(value) };
    Family { name: name.to_owned(), help: help.to_owned(), kind, points: vec![point] }
}

/// The soft limit of this name, as a number; no limit is the largest that there is.
fn limit(limits: &str, name: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX as f64),
        number => number.parse().ok(),
    }
}

/// Bytes that came and went in the process' network namespace: a line of names, and one of their values.
fn octets(netstat: &str) -> Option<[f64; 2]> {
    let mut lines = netstat.lines().filter_map(|line| line.strip_prefix("IpExt: "));
    let (names, values) = (lines.next()?.split(' '), lines.next()?.split(' '));
    let pairs: Vec<_> = names.zip(values).collect();
    let value = |wanted: &str| pairs.iter().find(|(name, _)| *name == wanted)?.1.parse().ok();
    Some([value("InOctets")?, value("OutOctets")?])
}

/// The name of this machine, as others may know it.
pub(crate) fn host_name() -> String {
    let name = narthex_platform::read_to_string(&RealDisk, "/proc/sys/kernel/hostname".into(), 256);
    let name = name.unwrap_or_default().trim().to_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

impl MetricsSource for ProcessMetrics {
    fn families(&self) -> Vec<Family> {
        use FamilyKind::{Counter, Gauge};
        let mut families = vec![family(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            Gauge,
            self.started_seconds,
        )];
        let read = |path: &str| narthex_platform::read_to_string(&RealDisk, path.into(), 1 << 16);
        if let Ok(stat) = read("/proc/self/stat") {
            // The name in parentheses may hold spaces; fields are counted behind it.
            let fields: Vec<f64> = stat.rsplit(')').next().map_or(Vec::new(), |rest| {
                rest.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect()
            });
            let field = |index: usize| fields.get(index).copied().unwrap_or(0.0);
            let cpu = (field(10) + field(11)) / TICKS_PER_SECOND;
            let help = "Total user and system CPU time spent in seconds.";
            families.push(family("process_cpu_seconds_total", help, Counter, cpu));
            let help = "Virtual memory size in bytes.";
            families.push(family("process_virtual_memory_bytes", help, Gauge, field(19)));
            let help = "Resident memory size in bytes.";
            let resident = field(20) * PAGE_BYTES;
            families.push(family("process_resident_memory_bytes", help, Gauge, resident));
        }
        let limits = read("/proc/self/limits").unwrap_or_default();
        if let Some(max) = limit(&limits, "Max open files") {
            let help = "Maximum number of open file descriptors.";
            families.push(family("process_max_fds", help, Gauge, max));
        }
        if let Some(max) = limit(&limits, "Max address space") {
            let help = "Maximum amount of virtual memory available in bytes.";
            families.push(family("process_virtual_memory_max_bytes", help, Gauge, max));
        }
        let netstat = read("/proc/self/net/netstat").unwrap_or_default();
        if let Some([received, sent]) = octets(&netstat) {
            let help = "Number of bytes received by the process over the network.";
            families.push(family("process_network_receive_bytes_total", help, Counter, received));
            let help = "Number of bytes sent by the process over the network.";
            families.push(family("process_network_transmit_bytes_total", help, Counter, sent));
        }
        // Most of them are sockets and pipes, which a disk does not list.
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            let help = "Number of open file descriptors.";
            #[expect(clippy::cast_precision_loss, reason = "file descriptors are few")]
            families.push(family("process_open_fds", help, Gauge, open.count() as f64));
        }
        families
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_network_stand_under_their_names() {
        let netstat = "TcpExt: A\nTcpExt: 1\nIpExt: A InOctets OutOctets\nIpExt: 1 2 3\n";
        assert_eq!(octets(netstat), Some([2.0, 3.0]));
        assert_eq!(octets("IpExt: InOctets\nIpExt: 2\n"), None);
    }

    #[test]
    fn limits_are_numbers() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
            Max open files            1024                 524288               files     \n\
            Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(limit(limits, "Max open files"), Some(1024.0));
        assert_eq!(limit(limits, "Max address space"), Some(18_446_744_073_709_551_615.0));
        assert_eq!(limit(limits, "Max cpu time"), None);
    }

    #[test]
    fn the_process_says_what_it_uses() {
        let families = ProcessMetrics::new(1_000).families();
        let value = |name: &str| {
            let family = families.iter().find(|family| family.name == name)?;
            let PointValue::Number(value) = family.points[0].value else { return None };
            Some(value)
        };
        assert_eq!(value("process_start_time_seconds"), Some(1.0));
        assert!(value("process_resident_memory_bytes") > Some(100_000.0));
        assert!(value("process_open_fds") > Some(1.0));
        assert!(value("process_cpu_seconds_total").is_some());
        assert!(value("process_max_fds") >= value("process_open_fds"));
        assert!(value("process_virtual_memory_max_bytes") > Some(1e9));
    }
}
