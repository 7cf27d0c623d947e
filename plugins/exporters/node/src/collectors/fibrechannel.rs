//! Fibre channel adapters, from `/sys/class/fc_host/<host>`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, class, integer, sys_if_said};

/// File and label, and whether it is a number that loses its `0x`.
const FACTS: [(&str, bool); 10] = [
    ("speed", false),
    ("port_state", false),
    ("port_type", false),
    ("port_id", true),
    ("port_name", true),
    ("fabric_name", true),
    ("symbolic_name", false),
    ("supported_classes", false),
    ("supported_speeds", false),
    ("dev_loss_tmo", false),
];

/// File, metric, help.
const COUNTERS: [(&str, &str, &str); 14] = [
    ("dumped_frames", "node_fibrechannel_dumped_frames_total", "Number of dumped frames"),
    ("error_frames", "node_fibrechannel_error_frames_total", "Number of errors in frames"),
    (
        "invalid_crc_count",
        "node_fibrechannel_invalid_crc_total",
        "Invalid Cyclic Redundancy Check count",
    ),
    ("rx_frames", "node_fibrechannel_rx_frames_total", "Number of frames received"),
    ("rx_words", "node_fibrechannel_rx_words_total", "Number of words received by host port"),
    ("tx_frames", "node_fibrechannel_tx_frames_total", "Number of frames transmitted by host port"),
    ("tx_words", "node_fibrechannel_tx_words_total", "Number of words transmitted by host port"),
    (
        "seconds_since_last_reset",
        "node_fibrechannel_seconds_since_last_reset_total",
        "Number of seconds since last host port reset",
    ),
    (
        "invalid_tx_word_count",
        "node_fibrechannel_invalid_tx_words_total",
        "Number of invalid words transmitted by host port",
    ),
    (
        "link_failure_count",
        "node_fibrechannel_link_failure_total",
        "Number of times the host port link has failed",
    ),
    (
        "loss_of_sync_count",
        "node_fibrechannel_loss_of_sync_total",
        "Number of failures on either bit or transmission word boundaries",
    ),
    (
        "loss_of_signal_count",
        "node_fibrechannel_loss_of_signal_total",
        "Number of times signal has been lost",
    ),
    (
        "nos_count",
        "node_fibrechannel_nos_total",
        "Number Not_Operational Primitive Sequence received by host port",
    ),
    ("fcp_packet_aborts", "node_fibrechannel_fcp_packet_aborts_total", "Number of aborted packets"),
];

/// All bits: what an adapter says that does not count this.
const NOT_COUNTED: f64 = u64::MAX as f64;

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for host in class("fc_host", "fibre channel")? {
        let folder = format!("class/fc_host/{host}");
        let mut facts = Vec::new();
        for (name, is_hexadecimal) in FACTS {
            let value = sys_if_said(&format!("{folder}/{name}"))?.unwrap_or_default();
            let digits = is_hexadecimal.then(|| value.strip_prefix("0x")).flatten();
            facts.push((name, digits.map_or_else(|| value.clone(), str::to_owned)));
        }
        let labels: Vec<_> = [("fc_host", host.as_str())]
            .into_iter()
            .chain(facts.iter().map(|(name, value)| (*name, value.as_str())))
            .collect();
        metrics
            .gauge(
                "node_fibrechannel_info",
                "Non-numeric data from /sys/class/fc_host/<host>, value is always 1.",
            )
            .sample(&labels, 1_u8);
        for (file, name, help) in COUNTERS {
            let path = format!("{folder}/statistics/{file}");
            let Some(text) = sys_if_said(&path)? else { continue };
            let count = integer(&path, &text)?;
            if count < NOT_COUNTED {
                metrics.counter(name, help).sample(&[("fc_host", &host)], count);
            }
        }
    }
    Ok(())
}
