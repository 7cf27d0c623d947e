//! Pressure stall information, from `/proc/pressure`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, no_data, number, proc_if_there};

/// File, line in it, metric and help. The kernel has a line `full` for `cpu` too, which says nothing there.
const STALLS: [(&str, &str, &str, &str); 6] = [
    (
        "cpu",
        "some",
        "node_pressure_cpu_waiting_seconds_total",
        "Total time in seconds that processes have waited for CPU time",
    ),
    (
        "io",
        "some",
        "node_pressure_io_waiting_seconds_total",
        "Total time in seconds that processes have waited due to IO congestion",
    ),
    (
        "io",
        "full",
        "node_pressure_io_stalled_seconds_total",
        "Total time in seconds no process could make progress due to IO congestion",
    ),
    (
        "memory",
        "some",
        "node_pressure_memory_waiting_seconds_total",
        "Total time in seconds that processes have waited for memory",
    ),
    (
        "memory",
        "full",
        "node_pressure_memory_stalled_seconds_total",
        "Total time in seconds no process could make progress due to memory congestion",
    ),
    (
        "irq",
        "full",
        "node_pressure_irq_stalled_seconds_total",
        "Total time in seconds no process could make progress due to IRQ congestion",
    ),
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let mut found = false;
    for (resource, share, name, help) in STALLS {
        let Some(text) = proc_if_there(&format!("pressure/{resource}"))? else { continue };
        let total = total(&text, share).ok_or_else(|| {
            Error::protocol(format!("pressure/{resource} has no total of {share:?}"))
        })?;
        metrics.counter(name, help).set(number(resource, Some(total))? / 1000.0 / 1000.0);
        found = true;
    }
    if found { Ok(()) } else { Err(no_data("pressure stall information")) }
}

/// The microseconds behind `total=` in the line that begins with `share`.
fn total<'a>(text: &'a str, share: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(share))?;
    line.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="))
}
