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
    }
}
