//! Time of each CPU by mode, from `/proc/stat`; its kind, from `/proc/cpuinfo`; throttling, isolation and hotplug from `/sys/devices/system/cpu`.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, number, numbered, proc, sys};

/// The kernel counts in ticks of 10 ms for programs, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// Columns of a line of `/proc/stat`, in order.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

/// The columns after those; their time is also counted in `user` and `nice`.
const GUEST_MODES: [&str; 2] = ["user", "nice"];

const CPUS: &str = "devices/system/cpu";

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    if scrape.config.cpu.has_info() {
        info(scrape, metrics)?;
    }
    time_by_mode(scrape, metrics)?;
    isolated(metrics)?;
    let cpus = numbered(CPUS, "cpu")?;
    throttles(metrics, &cpus)?;
    online(metrics, &cpus)
}

fn time_by_mode(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for line in scrape.stat()?.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(cpu) =
            words.next().and_then(|word| word.strip_prefix("cpu")).filter(|cpu| !cpu.is_empty())
        else {
            continue;
        };
        let seconds =
            metrics.counter("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.");
        for mode in MODES {
            let ticks = number("stat", words.next())?;
            seconds.sample(&[("cpu", cpu), ("mode", mode)], ticks / TICKS_PER_SECOND);
        }
        if !scrape.config.cpu.guest {
            continue;
        }
        let guest = metrics.counter(
            "node_cpu_guest_seconds_total",
            "Seconds the CPUs spent in guests (VMs) for each mode.",
        );
        for mode in GUEST_MODES {
            let ticks = number("stat", words.next().or(Some("0")))?;
            guest.sample(&[("cpu", cpu), ("mode", mode)], ticks / TICKS_PER_SECOND);
        }
    }
    Ok(())
}

/// What `/proc/cpuinfo` says of each CPU, and the flags and bugs of the first that were asked for.
fn info(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let text = proc("cpuinfo")?;
    for (index, cpu) in text.split("\n\n").filter(|cpu| cpu.starts_with("processor")).enumerate() {
        let field = |wanted: &str| {
            let pairs = cpu.lines().filter_map(|line| line.split_once(':'));
            let mut values = pairs.filter(|(name, _)| name.trim_end() == wanted);
            values.next().map_or("", |(_, value)| value.trim())
        };
        let vendor = [field("vendor_id"), field("vendor")];
        let place = [
            ("package", field("physical id")),
            ("core", field("core id")),
            ("cpu", field("processor")),
        ];
        let kind = [
            ("vendor", *vendor.iter().find(|name| !name.is_empty()).unwrap_or(&"")),
            ("family", field("cpu family")),
            ("model", field("model")),
            ("model_name", field("model name")),
            ("microcode", field("microcode")),
            ("stepping", field("stepping")),
            ("cachesize", field("cache size")),
        ];
        metrics
            .gauge("node_cpu_info", "CPU information from /proc/cpuinfo.")
            .sample(&[&place[..], &kind].concat(), 1_u8);
        if scrape.has("cpufreq") {
            let mhz = field("cpu MHz");
            let hertz = if mhz.is_empty() { 0.0 } else { number("cpuinfo", Some(mhz))? * 1e6 };
            metrics
                .gauge("node_cpu_frequency_hertz", "CPU frequency in hertz from /proc/cpuinfo.")
                .sample(&place, hertz);
        }
        if index == 0 {
            words_of_first(scrape, metrics, field("flags"), field("bugs"));
        }
    }
    Ok(())
}

fn words_of_first(scrape: &Scrape<'_>, metrics: &mut Metrics, flags: &str, bugs: &str) {
    let config = &scrape.config.cpu;
    for (words, wanted, name, help, label) in [
        (
            flags,
            &config.info_flags_include,
            "node_cpu_flag_info",
            "The `flags` field of CPU information from /proc/cpuinfo taken from the first core.",
            "flag",
        ),
        (
            bugs,
            &config.info_bugs_include,
            "node_cpu_bug_info",
            "The `bugs` field of CPU information from /proc/cpuinfo taken from the first core.",
            "bug",
        ),
    ] {
        let Some(wanted) = wanted else { continue };
        for word in words.split_ascii_whitespace().filter(|word| wanted.matches(word)) {
            metrics.gauge(name, help).sample(&[(label, word)], 1_u8);
        }
    }
}

fn isolated(metrics: &mut Metrics) -> Result<(), Error> {
    let Some(list) = if_there(sys(&format!("{CPUS}/isolated")))? else { return Ok(()) };
    let family = metrics.gauge(
        "node_cpu_isolated",
        "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.",
    );
    for cpu in cpu_list(&list)? {
        family.sample(&[("cpu", &cpu.to_string())], 1_u8);
    }
    Ok(())
}

/// A list such as `1,4-6`.
fn cpu_list(list: &str) -> Result<Vec<u16>, Error> {
    let read = |word: &str| {
        word.parse::<u16>().map_err(|_| Error::protocol(format!("{list:?} is no list of CPUs")))
    };
    let mut cpus = Vec::new();
    for range in list.split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cpus.extend(read(first)?..=read(last)?);
    }
    Ok(cpus)
}

/// Each package and each core counts once, by the first CPU that has the count.
fn throttles(metrics: &mut Metrics, cpus: &[(u64, String)]) -> Result<(), Error> {
    let mut packages = BTreeMap::new();
    let mut cores = BTreeMap::new();
    for (_, cpu) in cpus {
        let read = |file: &str| sys(&format!("{CPUS}/{cpu}/{file}")).ok()?.parse::<u64>().ok();
        let Some(package) = read("topology/physical_package_id") else { continue };
        let Some(core) = read("topology/core_id") else { continue };
        if let Some(count) = read("thermal_throttle/core_throttle_count") {
            cores.entry((package, core)).or_insert(count);
        }
        if let Some(count) = read("thermal_throttle/package_throttle_count") {
            packages.entry(package).or_insert(count);
        }
    }
    for ((package, core), count) in cores {
        let labels = [("package", &*package.to_string()), ("core", &*core.to_string())];
        metrics
            .counter(
                "node_cpu_core_throttles_total",
                "Number of times this CPU core has been throttled.",
            )
            .sample(&labels, count);
    }
    for (package, count) in packages {
        metrics
            .counter(
                "node_cpu_package_throttles_total",
                "Number of times this CPU package has been throttled.",
            )
            .sample(&[("package", &package.to_string())], count);
    }
    Ok(())
}

/// Where the first CPU cannot be taken offline, nothing is said of the others either.
fn online(metrics: &mut Metrics, cpus: &[(u64, String)]) -> Result<(), Error> {
    for (index, (id, cpu)) in cpus.iter().enumerate() {
        let state = sys(&format!("{CPUS}/{cpu}/online"));
        if index == 0 && state.as_ref().is_err_and(Error::is_not_found) {
            return Ok(());
        }
        metrics
            .gauge("node_cpu_online", "CPUs that are online and being scheduled.")
            .sample(&[("cpu", &id.to_string())], state.is_ok_and(|state| state == "1"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::cpu_list;

    #[test]
    fn lists_of_cpus_are_numbers_and_ranges() {
        assert_eq!(cpu_list("1,4-6").unwrap(), [1, 4, 5, 6]);
        assert_eq!(cpu_list("").unwrap(), [0_u16; 0]);
        assert!(cpu_list("a-b").is_err());
    }
}
