//! A device of a bcachefs file system, from its folder `dev-<n>`.

use narthex_sdk::{Error, Metrics};

use super::{amount, optional};
use crate::source::number;

pub(super) fn collect(
    metrics: &mut Metrics,
    uuid: &str,
    device: &str,
    folder: &str,
) -> Result<(), Error> {
    let labels = [("uuid", uuid), ("device", device)];
    let read = |file: &str| optional(&format!("{folder}/{file}"));
    let count = |file: &str| {
        let text = read(file)?;
        if text.is_empty() { Ok(0.0) } else { amount(file, &text) }
    };
    let (label, state) = (read("label")?, read("state")?);
    metrics
        .gauge("node_bcachefs_device_info", "Device information.")
        .sample(&[labels[0], labels[1], ("label", &*label), ("state", &*state)], 1_u8);
    for (file, name, help) in [
        ("bucket_size", "node_bcachefs_device_bucket_size_bytes", "Bucket size in bytes."),
        ("nbuckets", "node_bcachefs_device_buckets", "Total number of buckets."),
        ("durability", "node_bcachefs_device_durability", "Device durability setting."),
    ] {
        metrics.gauge(name, help).sample(&labels, count(file)?);
    }
    done(metrics, labels, &read("io_done")?)?;
    errors(metrics, labels, &read("io_errors")?)
}

/// Lines `read:` and `write:`, each followed by bytes by the kind of data.
fn done(metrics: &mut Metrics, labels: [(&str, &str); 2], text: &str) -> Result<(), Error> {
    let mut operation = "";
    for (name, value) in text.lines().filter_map(|line| line.trim().split_once(':')) {
        match (name, value.trim()) {
            ("read" | "write", "") => operation = name,
            (kind, bytes) if !operation.is_empty() => {
                let kind = kind.trim_end();
                let labels = [labels[0], labels[1], ("operation", operation), ("data_type", kind)];
                metrics
                    .counter(
                        "node_bcachefs_device_io_done_bytes_total",
                        "IO bytes by operation type and data type.",
                    )
                    .sample(&labels, number("io_done", Some(bytes))?);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first of two lists: since the file system was made, and since a reset.
fn errors(metrics: &mut Metrics, labels: [(&str, &str); 2], text: &str) -> Result<(), Error> {
    let first = text
        .lines()
        .skip_while(|line| !line.starts_with("IO errors since filesystem creation"))
        .skip(1)
        .take_while(|line| !line.starts_with("IO errors since "));
    for (kind, count) in first.filter_map(|line| line.trim().split_once(':')) {
        metrics.counter("node_bcachefs_device_io_errors_total", "IO errors by error type.").sample(
            &[labels[0], labels[1], ("type", kind.trim_end())],
            number("io_errors", Some(count.trim()))?,
        );
    }
    Ok(())
}
