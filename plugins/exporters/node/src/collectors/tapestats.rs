//! Tape drives, from `/sys/class/scsi_tape/st<n>/stats`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, class, sys_number};

/// What the kernel says in nanoseconds.
const NANO: f64 = 1e-9;

/// File, metric, factor, help.
const COUNTERS: [(&str, &str, f64, &str); 10] = [
    (
        "in_flight",
        "node_tape_io_now",
        1.0,
        "The number of I/Os currently outstanding to this device.",
    ),
    (
        "io_ns",
        "node_tape_io_time_seconds_total",
        NANO,
        "The amount of time spent waiting for all I/O to complete (including read and write). This includes tape movement commands such as seeking between file or set marks and implicit tape movement such as when rewind on close tape devices are used.",
    ),
    (
        "other_cnt",
        "node_tape_io_others_total",
        1.0,
        "The number of I/Os issued to the tape drive other than read or write commands. The time taken to complete these commands uses the following calculation io_time_seconds_total-read_time_seconds_total-write_time_seconds_total",
    ),
    (
        "read_byte_cnt",
        "node_tape_read_bytes_total",
        1.0,
        "The number of bytes read from the tape drive.",
    ),
    (
        "read_cnt",
        "node_tape_reads_completed_total",
        1.0,
        "The number of read requests issued to the tape drive.",
    ),
    (
        "read_ns",
        "node_tape_read_time_seconds_total",
        NANO,
        "The amount of time spent waiting for read requests to complete.",
    ),
    (
        "resid_cnt",
        "node_tape_residual_total",
        1.0,
        "The number of times during a read or write we found the residual amount to be non-zero. This should mean that a program is issuing a read larger thean the block size on tape. For write not all data made it to tape.",
    ),
    (
        "write_byte_cnt",
        "node_tape_written_bytes_total",
        1.0,
        "The number of bytes written to the tape drive.",
    ),
    (
        "write_cnt",
        "node_tape_writes_completed_total",
        1.0,
        "The number of write requests issued to the tape drive.",
    ),
    (
        "write_ns",
        "node_tape_write_time_seconds_total",
        NANO,
        "The amount of time spent waiting for write requests to complete.",
    ),
];

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let ignored = scrape.config.tapestats.ignored_devices.as_ref();
    for device in class("scsi_tape", "tape drives")? {
        if !is_drive(&device) || ignored.is_some_and(|ignored| ignored.matches(&device)) {
            continue;
        }
        for (file, name, factor, help) in COUNTERS {
            let value = sys_number(&format!("class/scsi_tape/{device}/stats/{file}"))? * factor;
            let family = if name.ends_with("_total") {
                metrics.counter(name, help)
            } else {
                metrics.gauge(name, help)
            };
            family.sample(&[("device", &device)], value);
        }
    }
    Ok(())
}

/// `st0`; `nst0` and `st0a` are other ways to use the same drive.
fn is_drive(name: &str) -> bool {
    name.strip_prefix("st").is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
