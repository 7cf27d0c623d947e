//! Packets that CPUs handled, from `/proc/net/softnet_stat`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, hexadecimal, proc};

const FILE: &str = "net/softnet_stat";

/// Column, metric, help. Old kernels lack the columns from 9 on.
const COLUMNS: [(usize, &str, &str); 7] = [
    (0, "node_softnet_processed_total", "Number of processed packets"),
    (1, "node_softnet_dropped_total", "Number of dropped packets"),
    (2, "node_softnet_times_squeezed_total", "Number of times processing packets ran out of quota"),
    (
        8,
        "node_softnet_cpu_collision_total",
        "Number of collision occur while obtaining device lock while transmitting",
    ),
    (9, "node_softnet_received_rps_total", "Number of times cpu woken up received_rps"),
    (10, "node_softnet_flow_limit_count_total", "Number of times flow limit has been reached"),
    (11, "node_softnet_backlog_len", "Softnet backlog status"),
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for (index, line) in proc(FILE)?.lines().enumerate() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        // The last column is the CPU, since CPUs that are offline have no line.
        let cpu = match words.get(12) {
            Some(word) => hexadecimal(FILE, Some(word))?.to_string(),
            None => index.to_string(),
        };
        for (column, name, help) in COLUMNS {
            let value = words.get(column).map_or(Ok(0.0), |word| hexadecimal(FILE, Some(word)))?;
            let family = if name.ends_with("_total") {
                metrics.counter(name, help)
            } else {
                metrics.gauge(name, help)
            };
            family.sample(&[("cpu", &cpu)], value);
        }
    }
    Ok(())
}
