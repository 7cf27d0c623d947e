//! Traffic by network device, from `/sys/class/net/<device>/statistics`.
//!
//! The kernel's 24 counters are folded into the 17 that `/proc/net/dev` has: node_exporter's names are older than the
//! counters, and dashboards know those.

use narthex_sdk::{
    Error, Metrics,
    files::{self, EntryKind},
};

use crate::source::{SYS, if_there, number, sys};

/// Metric, and the counters that it adds up.
const STATISTICS: [(&str, &[&str]); 17] = [
    ("receive_bytes", &["rx_bytes"]),
    ("receive_compressed", &["rx_compressed"]),
    ("receive_drop", &["rx_dropped", "rx_missed_errors"]),
    ("receive_errs", &["rx_errors"]),
    ("receive_fifo", &["rx_fifo_errors"]),
    ("receive_frame", &["rx_frame_errors", "rx_length_errors", "rx_over_errors", "rx_crc_errors"]),
    ("receive_multicast", &["multicast"]),
    ("receive_nohandler", &["rx_nohandler"]),
    ("receive_packets", &["rx_packets"]),
    ("transmit_bytes", &["tx_bytes"]),
    (
        "transmit_carrier",
        &["tx_carrier_errors", "tx_aborted_errors", "tx_heartbeat_errors", "tx_window_errors"],
    ),
    ("transmit_colls", &["collisions"]),
    ("transmit_compressed", &["tx_compressed"]),
    ("transmit_drop", &["tx_dropped"]),
    ("transmit_errs", &["tx_errors"]),
    ("transmit_fifo", &["tx_fifo_errors"]),
    ("transmit_packets", &["tx_packets"]),
];

pub(super) fn collect(metrics: &mut Metrics) -> Result<(), Error> {
    // Devices are links; `bonding_masters` is a plain file.
    let devices =
        files::list(SYS, "class/net")?.into_iter().filter(|entry| entry.kind != EntryKind::File);
    for device in devices.map(|entry| entry.name) {
        // A device may go while we read.
        let Some(values) = if_there(statistics(&device))? else { continue };
        for ((name, _), value) in STATISTICS.iter().zip(values) {
            metrics
                .counter(
                    &format!("node_network_{name}_total"),
                    &format!("Network device statistic {name}."),
                )
                .sample(&[("device", &device)], value);
        }
    }
    Ok(())
}

/// One value for each of the statistics.
fn statistics(device: &str) -> Result<Vec<f64>, Error> {
    let read = |counter: &&str| {
        let path = format!("class/net/{device}/statistics/{counter}");
        number(&path, Some(&sys(&path)?))
    };
    STATISTICS.iter().map(|(_, counters)| counters.iter().map(read).sum()).collect()
}
