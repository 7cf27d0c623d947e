//! InfiniBand adapters and their ports, from `/sys/class/infiniband/<device>`.

mod counters;

use narthex_sdk::{Error, Metrics};

use self::counters::COUNTERS;
use crate::source::{Scrape, class, integer, number, sys, sys_if_said, sys_names};

/// The kernel counts these in words of four bytes.
const WORDS: [&str; 4] = [
    "counters/port_rcv_data",
    "counters/port_xmit_data",
    "counters_ext/port_rcv_data_64",
    "counters_ext/port_xmit_data_64",
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for device in class("infiniband", "InfiniBand")? {
        let folder = format!("class/infiniband/{device}");
        let fact =
            |file: &str| sys_if_said(&format!("{folder}/{file}")).map(Option::unwrap_or_default);
        metrics
            .gauge(
                "node_infiniband_info",
                "Non-numeric data from /sys/class/infiniband/<device>, value is always 1.",
            )
            .sample(
                &[
                    ("device", &device),
                    ("board_id", &fact("board_id")?),
                    ("firmware_version", &fact("fw_ver")?),
                    ("hca_type", &fact("hca_type")?),
                ],
                1_u8,
            );
        for port in sys_names(&format!("{folder}/ports"))? {
            collect_port(metrics, &folder, &[("device", &device), ("port", &port)])?;
        }
    }
    Ok(())
}

fn collect_port(
    metrics: &mut Metrics,
    folder: &str,
    labels: &[(&str, &str); 2],
) -> Result<(), Error> {
    let [_, (_, port)] = labels;
    let folder = format!("{folder}/ports/{port}");
    metrics
        .gauge(
            "node_infiniband_state_id",
            "State of the InfiniBand port (0: no change, 1: down, 2: init, 3: armed, 4: active, 5: act defer)",
        )
        .sample(labels, leading(&format!("{folder}/state"), ':')?);
    metrics
        .gauge(
            "node_infiniband_physical_state_id",
            "Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: disable, 4: shift, 5: link up, 6: link error recover, 7: phytest)",
        )
        .sample(labels, leading(&format!("{folder}/phys_state"), ':')?);
    // `40 Gb/sec (4X QDR)`, in bits of ten.
    let gigabits = leading(&format!("{folder}/rate"), ' ')?;
    metrics
        .gauge("node_infiniband_rate_bytes_per_second", "Maximum signal transfer rate")
        .sample(labels, (gigabits * 125e6).trunc());
    for (file, name, help) in COUNTERS {
        let path = format!("{folder}/{file}");
        let Some(text) = sys_if_said(&path)? else { continue };
        // So says a driver whose hardware does not count.
        if text.contains("N/A (no PMA)") {
            continue;
        }
        let count = integer(&path, &text)?;
        let count = if WORDS.contains(&file) { count * 4.0 } else { count };
        metrics.counter(name, help).sample(labels, count);
    }
    let lifespan = format!("{folder}/hw_counters/lifespan");
    if let Some(text) = sys_if_said(&lifespan)? {
        metrics
            .gauge(
                "node_infiniband_lifespan_seconds",
                "The maximum period in ms which defines the aging of the counter reads. Two consecutive reads within this period might return the same values.",
            )
            // In whole seconds, as node_exporter has it.
            .sample(labels, (integer(&lifespan, &text)? / 1000.0).trunc());
    }
    Ok(())
}

/// The number in front of a file.
fn leading(path: &str, end: char) -> Result<f64, Error> {
    let text = sys(path)?;
    number(path, text.split(end).next().map(str::trim))
}
