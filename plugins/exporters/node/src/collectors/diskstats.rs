//! Disks: their traffic, from `/proc/diskstats`, and what udev knows of them.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Family, Metrics, files};

use crate::source::{Scrape, UDEV, number, proc, sys};

/// The kernel counts sectors of 512 bytes, whatever the disk's own are.
const SECTOR_BYTES: f64 = 512.0;
/// The kernel counts time in milliseconds.
const SECONDS: f64 = 1.0 / 1000.0;
/// What is a plain count.
const COUNT: f64 = 1.0;

/// Metric, factor and help of the columns after the device's name. Old kernels have the first eleven.
const COLUMNS: [(&str, f64, &str); 17] = [
    ("reads_completed_total", COUNT, "The total number of reads completed successfully."),
    ("reads_merged_total", COUNT, "The total number of reads merged."),
    ("read_bytes_total", SECTOR_BYTES, "The total number of bytes read successfully."),
    ("read_time_seconds_total", SECONDS, "The total number of seconds spent by all reads."),
    ("writes_completed_total", COUNT, "The total number of writes completed successfully."),
    ("writes_merged_total", COUNT, "The number of writes merged."),
    ("written_bytes_total", SECTOR_BYTES, "The total number of bytes written successfully."),
    (
        "write_time_seconds_total",
        SECONDS,
        "This is the total number of seconds spent by all writes.",
    ),
    ("io_now", COUNT, "The number of I/Os currently in progress."),
    ("io_time_seconds_total", SECONDS, "Total seconds spent doing I/Os."),
    ("io_time_weighted_seconds_total", SECONDS, "The weighted # of seconds spent doing I/Os."),
    ("discards_completed_total", COUNT, "The total number of discards completed successfully."),
    ("discards_merged_total", COUNT, "The total number of discards merged."),
    ("discarded_sectors_total", COUNT, "The total number of sectors discarded successfully."),
    (
        "discard_time_seconds_total",
        SECONDS,
        "This is the total number of seconds spent by all discards.",
    ),
    ("flush_requests_total", COUNT, "The total number of flush requests completed successfully"),
    (
        "flush_requests_time_seconds_total",
        SECONDS,
        "This is the total number of seconds spent by all flush requests.",
    ),
];

/// Facts of a disk that udev wrote down.
type Udev = BTreeMap<String, String>;

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let filter = scrape.config.diskstats.filter(is_excluded);
    // Asking once is enough to learn that udev's data was not granted.
    let mut udev_is_granted = true;
    for line in proc("diskstats")?.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(major), Some(minor), Some(device)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        if filter.hides(device) {
            continue;
        }
        let udev =
            if udev_is_granted { udev(major, minor, &mut udev_is_granted) } else { Udev::new() };
        add_info(metrics, device, major, minor, &udev);
        for ((name, factor, help), word) in COLUMNS.iter().zip(words) {
            let value = number("diskstats", Some(word))? * factor;
            column(metrics, name, help).sample(&[("device", device)], value);
        }
        add_contents(metrics, device, &udev);
    }
    Ok(())
}

fn column<'a>(metrics: &'a mut Metrics, name: &str, help: &str) -> &'a mut Family {
    let full_name = format!("node_disk_{name}");
    if name.ends_with("_total") {
        metrics.counter(&full_name, help)
    } else {
        metrics.gauge(&full_name, help)
    }
}

/// `^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$`: memory, loops, floppies and partitions.
fn is_excluded(device: &str) -> bool {
    let stem = device.trim_end_matches(|character: char| character.is_ascii_digit());
    if stem.len() == device.len() {
        return false;
    }
    let is_letter_disk = ["hd", "sd", "vd", "xvd"].iter().any(|kind| {
        stem.strip_prefix(kind).is_some_and(|rest| {
            rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_lowercase())
        })
    });
    ["zram", "ram", "loop", "fd"].contains(&stem) || is_letter_disk || is_nvme_partition(stem)
}

/// `nvme0n1p`, the number of the partition cut off.
fn is_nvme_partition(stem: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let inner = stem.strip_prefix("nvme").and_then(|rest| rest.strip_suffix('p'));
    inner
        .and_then(|inner| inner.split_once('n'))
        .is_some_and(|(disk, namespace)| digits(disk) && digits(namespace))
}

fn udev(major: &str, minor: &str, is_granted: &mut bool) -> Udev {
    match files::read_string(UDEV, &format!("b{major}:{minor}")) {
        Ok(text) => text
            .lines()
            .filter_map(|line| line.strip_prefix("E:")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Err(error) => {
            *is_granted = !error.is_denied();
            Udev::new()
        }
    }
}

fn add_info(metrics: &mut Metrics, device: &str, major: &str, minor: &str, udev: &Udev) {
    let fact = |name: &str| udev.get(name).map_or("", String::as_str);
    let serials = ["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"];
    let serial =
        serials.into_iter().map(fact).find(|serial| !serial.is_empty()).unwrap_or_default();
    // In /sys, a slash in a device's name is an exclamation mark.
    let rotational = sys(&format!("block/{}/queue/rotational", device.replace('/', "!")));
    let rotational = rotational.unwrap_or_else(|_| "0".into());
    metrics.gauge("node_disk_info", "Info of /sys/block/<block_device>.").sample(
        &[
            ("device", device),
            ("major", major),
            ("minor", minor),
            ("model", fact("ID_MODEL")),
            ("path", fact("ID_PATH")),
            ("revision", fact("ID_REVISION")),
            ("rotational", &rotational),
            ("serial", serial),
            ("wwn", fact("ID_WWN")),
        ],
        1_u8,
    );
}

/// What lies on the disk, and what its controller says.
fn add_contents(metrics: &mut Metrics, device: &str, udev: &Udev) {
    let fact = |name: &str| udev.get(name).map_or("", String::as_str);
    let contents = [
        ("type", "ID_FS_TYPE"),
        ("usage", "ID_FS_USAGE"),
        ("uuid", "ID_FS_UUID"),
        ("version", "ID_FS_VERSION"),
    ];
    if !fact("ID_FS_TYPE").is_empty() {
        let labels: Vec<_> = [("device", device)]
            .into_iter()
            .chain(contents.map(|(label, name)| (label, fact(name))))
            .collect();
        metrics
            .gauge("node_disk_filesystem_info", "Info about disk filesystem.")
            .sample(&labels, 1_u8);
    }
    let mapper = [
        ("name", "DM_NAME"),
        ("uuid", "DM_UUID"),
        ("vg_name", "DM_VG_NAME"),
        ("lv_name", "DM_LV_NAME"),
        ("lv_layer", "DM_LV_LAYER"),
    ];
    if !fact("DM_NAME").is_empty() {
        let labels: Vec<_> = [("device", device)]
            .into_iter()
            .chain(mapper.map(|(label, name)| (label, fact(name))))
            .collect();
        metrics
            .gauge("node_disk_device_mapper_info", "Info about disk device mapper.")
            .sample(&labels, 1_u8);
    }
    if fact("ID_ATA").is_empty() {
        return;
    }
    for (name, fact_name, help) in [
        ("write_cache", "ID_ATA_WRITE_CACHE", "ATA disk has a write cache."),
        (
            "write_cache_enabled",
            "ID_ATA_WRITE_CACHE_ENABLED",
            "ATA disk has its write cache enabled.",
        ),
        (
            "rotation_rate_rpm",
            "ID_ATA_ROTATION_RATE_RPM",
            "ATA disk rotation rate in RPMs (0 for SSDs).",
        ),
    ] {
        if let Ok(value) = fact(fact_name).parse::<f64>() {
            metrics
                .gauge(&format!("node_disk_ata_{name}"), help)
                .sample(&[("device", device)], value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_excluded;

    #[test]
    fn partitions_and_memory_are_excluded_and_disks_are_not() {
        for excluded in ["ram0", "zram1", "loop7", "fd0", "sda1", "xvda12", "nvme0n1p2", "hdb3"] {
            assert!(is_excluded(excluded), "{excluded}");
        }
        for shown in ["sda", "nvme0n1", "dm-0", "md127", "sr0", "mmcblk0p1", "sdaa1", "vda"] {
            assert!(!is_excluded(shown), "{shown}");
        }
    }
}
