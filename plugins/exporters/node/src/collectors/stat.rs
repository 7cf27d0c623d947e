//! Interrupts, context switches, forks and processes, from `/proc/stat`.

use narthex_sdk::{Error, Family, Metrics};

use crate::source::{Scrape, number};

/// Columns of the line `softirq`, in order.
const VECTORS: [&str; 10] = [
    "hi",
    "timer",
    "net_tx",
    "net_rx",
    "block",
    "block_iopoll",
    "tasklet",
    "sched",
    "hrtimer",
    "rcu",
];

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for line in scrape.stat()?.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(word) = words.next() else { continue };
        if let Some(family) = family(metrics, word) {
            family.set(number("stat", words.next())?);
        } else if word == "softirq" && scrape.config.stat.softirq {
            let family = metrics.counter("node_softirqs_total", "Number of softirq calls.");
            // The first column is their sum.
            for (vector, count) in VECTORS.iter().zip(words.skip(1)) {
                family.sample(&[("vector", vector)], number("stat", Some(count))?);
            }
        }
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
