//! Traffic by network device, from `/proc/net/dev`.
//!
//! The kernel folds its 24 counters into 16 columns there, and node_exporter, which asks for the 24, folds them the same
//! way. What the file lacks, packets that nobody handled, is in `/sys/class/net/<device>/statistics`; so are the 24, for
//! `enable_detailed_metrics`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, number, proc, sys_if_said, sys_number_if_said};

const FILE: &str = "net/dev";

/// Metric and help.
macro_rules! statistic {
    ($name:literal) => {
        (
            concat!("node_network_", $name, "_total"),
            concat!("Network device statistic ", $name, "."),
        )
    };
}

/// The columns of the file, in order.
const COLUMNS: [(&str, &str); 16] = [
    statistic!("receive_bytes"),
    statistic!("receive_packets"),
    statistic!("receive_errs"),
    statistic!("receive_drop"),
    statistic!("receive_fifo"),
    statistic!("receive_frame"),
    statistic!("receive_compressed"),
    statistic!("receive_multicast"),
    statistic!("transmit_bytes"),
    statistic!("transmit_packets"),
    statistic!("transmit_errs"),
    statistic!("transmit_drop"),
    statistic!("transmit_fifo"),
    statistic!("transmit_colls"),
    statistic!("transmit_carrier"),
    statistic!("transmit_compressed"),
];

/// Of both views.
const NOT_HANDLED: (&str, (&str, &str)) = ("rx_nohandler", statistic!("receive_nohandler"));

/// The kernel's own counters.
const DETAILS: [(&str, (&str, &str)); 24] = [
    ("rx_packets", statistic!("receive_packets")),
    ("tx_packets", statistic!("transmit_packets")),
    ("rx_bytes", statistic!("receive_bytes")),
    ("tx_bytes", statistic!("transmit_bytes")),
    ("rx_errors", statistic!("receive_errors")),
    ("tx_errors", statistic!("transmit_errors")),
    ("rx_dropped", statistic!("receive_dropped")),
    ("tx_dropped", statistic!("transmit_dropped")),
    ("multicast", statistic!("multicast")),
    ("collisions", statistic!("collisions")),
    ("rx_length_errors", statistic!("receive_length_errors")),
    ("rx_over_errors", statistic!("receive_over_errors")),
    ("rx_crc_errors", statistic!("receive_crc_errors")),
    ("rx_frame_errors", statistic!("receive_frame_errors")),
    ("rx_fifo_errors", statistic!("receive_fifo_errors")),
    ("rx_missed_errors", statistic!("receive_missed_errors")),
    ("tx_aborted_errors", statistic!("transmit_aborted_errors")),
    ("tx_carrier_errors", statistic!("transmit_carrier_errors")),
    ("tx_fifo_errors", statistic!("transmit_fifo_errors")),
    ("tx_heartbeat_errors", statistic!("transmit_heartbeat_errors")),
    ("tx_window_errors", statistic!("transmit_window_errors")),
    ("rx_compressed", statistic!("receive_compressed")),
    ("tx_compressed", statistic!("transmit_compressed")),
    NOT_HANDLED,
];

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let config = &scrape.config.netdev;
    let filter = config.filter();
    // Two lines of heading.
    for line in proc(FILE)?.lines().skip(2) {
        let Some((device, counts)) = line.rsplit_once(':') else { continue };
        let device = device.trim();
        if filter.hides(device) {
            continue;
        }
        let alias = match config.label_ifalias {
            true => sys_if_said(&format!("class/net/{device}/ifalias"))?,
            false => None,
        };
        let labels: Vec<_> = [("device", device)]
            .into_iter()
            .chain(alias.as_deref().map(|alias| ("ifalias", alias)))
            .collect();
        if config.enable_detailed_metrics {
            from_sys(metrics, device, &labels, &DETAILS)?;
            continue;
        }
        for ((name, help), count) in COLUMNS.iter().zip(counts.split_ascii_whitespace()) {
            metrics.counter(name, help).sample(&labels, number(FILE, Some(count))?);
        }
        from_sys(metrics, device, &labels, &[NOT_HANDLED])?;
    }
    Ok(())
}

fn from_sys(
    metrics: &mut Metrics,
    device: &str,
    labels: &[(&str, &str)],
    counters: &[(&str, (&str, &str))],
) -> Result<(), Error> {
    for (file, (name, help)) in counters {
        let path = format!("class/net/{device}/statistics/{file}");
        if let Some(count) = sys_number_if_said(&path)? {
            metrics.counter(name, help).sample(labels, count);
        }
    }
    Ok(())
}
