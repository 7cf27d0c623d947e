//! What the scheduler did on each CPU, from `/proc/schedstat`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, no_data, number, proc_if_there};

/// Column behind the CPU's name, metric, divisor, help.
const COLUMNS: [(usize, &str, f64, &str); 3] = [
    (
        6,
        "node_schedstat_running_seconds_total",
        1e9,
        "Number of seconds CPU spent running a process.",
    ),
    (
        7,
        "node_schedstat_waiting_seconds_total",
        1e9,
        "Number of seconds spent by processing waiting for this CPU.",
    ),
    (8, "node_schedstat_timeslices_total", 1.0, "Number of timeslices executed by CPU."),
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let text = proc_if_there("schedstat")?.ok_or_else(|| no_data("statistics of the scheduler"))?;
    for line in text.lines() {
        let Some((cpu, columns)) = line.strip_prefix("cpu").and_then(|line| line.split_once(' '))
        else {
            continue;
        };
        for (column, name, divisor, help) in COLUMNS {
            let value = number("schedstat", columns.split_ascii_whitespace().nth(column))?;
            metrics.counter(name, help).sample(&[("cpu", cpu)], value / divisor);
        }
    }
    Ok(())
}
