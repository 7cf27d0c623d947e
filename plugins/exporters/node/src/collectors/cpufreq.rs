//! Frequencies of CPUs and what governs them, from `/sys/devices/system/cpu/cpu<n>/cpufreq`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, numbered, sys, sys_number_if_said};

const CPUS: &str = "devices/system/cpu";

/// File, metric, help. The kernel says kHz.
const FREQUENCIES: [(&str, &str, &str); 6] = [
    ("cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Current CPU thread frequency in hertz."),
    ("cpuinfo_min_freq", "node_cpu_frequency_min_hertz", "Minimum CPU thread frequency in hertz."),
    ("cpuinfo_max_freq", "node_cpu_frequency_max_hertz", "Maximum CPU thread frequency in hertz."),
    (
        "scaling_cur_freq",
        "node_cpu_scaling_frequency_hertz",
        "Current scaled CPU thread frequency in hertz.",
    ),
    (
        "scaling_min_freq",
        "node_cpu_scaling_frequency_min_hertz",
        "Minimum scaled CPU thread frequency in hertz.",
    ),
    (
        "scaling_max_freq",
        "node_cpu_scaling_frequency_max_hertz",
        "Maximum scaled CPU thread frequency in hertz.",
    ),
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for (id, cpu) in numbered(CPUS, "cpu")? {
        let folder = format!("{CPUS}/{cpu}/cpufreq");
        // What a CPU that is offline or has no frequencies lacks.
        let Some(governor) = if_there(sys(&format!("{folder}/scaling_governor")))? else {
            continue;
        };
        let id = id.to_string();
        for (file, name, help) in FREQUENCIES {
            if let Some(khz) = sys_number_if_said(&format!("{folder}/{file}"))? {
                metrics.gauge(name, help).sample(&[("cpu", &id)], khz * 1000.0);
            }
        }
        for available in sys(&format!("{folder}/scaling_available_governors"))?.split(' ') {
            metrics
                .gauge("node_cpu_scaling_governor", "Current enabled CPU frequency governor.")
                .sample(&[("cpu", &id), ("governor", available)], available == governor);
        }
    }
    Ok(())
}
