//! Interrupts, context switches, forks and processes, from `/proc/stat`.

use narthex_sdk::{Error, Family, Metrics};

use crate::source::{number, proc};

pub(super) fn collect(metrics: &mut Metrics) -> Result<(), Error> {
    for line in proc("stat")?.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(family) = words.next().and_then(|word| family(metrics, word)) else { continue };
        family.set(number("stat", words.next())?);
    }
    Ok(())
}

fn family<'a>(metrics: &'a mut Metrics, word: &str) -> Option<&'a mut Family> {
    Some(match word {
        "intr" => metrics.counter("node_intr_total", "Total number of interrupts serviced."),
        "ctxt" => {
            metrics.counter("node_context_switches_total", "Total number of context switches.")
        }
        "processes" => metrics.counter("node_forks_total", "Total number of forks."),
        "btime" => metrics.gauge("node_boot_time_seconds", "Node boot time, in unixtime."),
        "procs_running" => {
            metrics.gauge("node_procs_running", "Number of processes in runnable state.")
        }
        "procs_blocked" => metrics.gauge(
            "node_procs_blocked",
            "Number of processes blocked waiting for I/O to complete.",
        ),
        _ => return None,
    })
}
