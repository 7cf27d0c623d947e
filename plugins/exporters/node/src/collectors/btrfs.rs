//! Btrfs file systems, from `/sys/fs/btrfs/<uuid>`.
//!
//! node_exporter asks the file system itself (`ioctl`) for what is unused on a device and for its errors. A guest cannot;
//! the errors stand in `devinfo/<id>/error_stats` since Linux 5.14, by the number of the device within the file system.

use narthex_sdk::{Error, Metrics, files};

use crate::source::{SYS, Scrape, if_there, number, sys, sys_names};

/// The kernel counts sectors of 512 bytes.
const SECTOR_BYTES: f64 = 512.0;

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for name in sys_names("fs/btrfs")?.iter().filter(|name| name.contains('-')) {
        let folder = format!("fs/btrfs/{name}");
        let metadata_uuid = if_there(sys(&format!("{folder}/metadata_uuid")))?.unwrap_or_default();
        let uuid = if metadata_uuid.is_empty() { name } else { &metadata_uuid };
        let label = if_there(sys(&format!("{folder}/label")))?.unwrap_or_default();
        metrics
            .gauge("node_btrfs_info", "Filesystem information")
            .sample(&[("uuid", uuid), ("label", &label)], 1_u8);
        let reserve = amount(&format!("{folder}/allocation/global_rsv_size"))?;
        metrics
            .gauge("node_btrfs_global_rsv_size_bytes", "Size of global reserve.")
            .sample(&[("uuid", uuid)], reserve);
        commits(metrics, uuid, &folder)?;
        let devices = sys_names(&format!("{folder}/devices"))?;
        for kind in ["data", "metadata", "system"] {
            allocation(metrics, uuid, &folder, kind, devices.len())?;
        }
        for device in &devices {
            let sectors = amount(&format!("{folder}/devices/{device}/size"))?;
            metrics
                .gauge(
                    "node_btrfs_device_size_bytes",
                    "Size of a device that is part of the filesystem.",
                )
                .sample(&[("uuid", uuid), ("device", device)], sectors * SECTOR_BYTES);
        }
        errors(metrics, uuid, &folder, &devices)?;
    }
    Ok(())
}

/// A file's number; 0 where the kernel does not have it.
fn amount(path: &str) -> Result<f64, Error> {
    if_there(sys(path))?.map_or(Ok(0.0), |text| number(path, Some(&text)))
}

fn commits(metrics: &mut Metrics, uuid: &str, folder: &str) -> Result<(), Error> {
    let text = if_there(sys(&format!("{folder}/commit_stats")))?.unwrap_or_default();
    let value = |key: &str| {
        let word = text.lines().find_map(|line| line.strip_prefix(key));
        number("commit_stats", Some(word.map_or("0", str::trim)))
    };
    let labels = [("uuid", uuid)];
    let commits = value("commits ")?;
    metrics
        .counter("node_btrfs_commits_total", "The total number of commits that have occurred.")
        .sample(&labels, commits);
    metrics
        .gauge("node_btrfs_last_commit_seconds", "Duration of the most recent commit, in seconds.")
        .sample(&labels, value("last_commit_ms ")? / 1000.0);
    metrics
        .gauge("node_btrfs_max_commit_seconds", "Duration of the slowest commit, in seconds.")
        .sample(&labels, value("max_commit_ms ")? / 1000.0);
    metrics
        .counter(
            "node_btrfs_commit_seconds_total",
            "Sum of the duration of all commits, in seconds.",
        )
        .sample(&labels, value("total_commit_ms ")? / 1000.0);
    Ok(())
}

/// Space by the kind of data, and by the layout over the devices.
fn allocation(
    metrics: &mut Metrics,
    uuid: &str,
    folder: &str,
    kind: &str,
    devices: usize,
) -> Result<(), Error> {
    let folder = format!("{folder}/allocation/{kind}");
    let reserved = amount(&format!("{folder}/bytes_reserved"))?;
    metrics
        .gauge("node_btrfs_reserved_bytes", "Amount of space reserved for a data type")
        .sample(&[("uuid", uuid), ("block_group_type", kind)], reserved);
    let entries = if_there(files::list(SYS, &folder))?.unwrap_or_default();
    let layouts = entries.into_iter().filter(|entry| entry.kind == files::EntryKind::Directory);
    for mode in layouts.map(|entry| entry.name) {
        let labels = [("uuid", uuid), ("block_group_type", kind), ("mode", &*mode)];
        let used = amount(&format!("{folder}/{mode}/used_bytes"))?;
        metrics
            .gauge("node_btrfs_used_bytes", "Amount of used space by a layout/data type")
            .sample(&labels, used);
        let size = amount(&format!("{folder}/{mode}/total_bytes"))?;
        metrics
            .gauge("node_btrfs_size_bytes", "Amount of space allocated for a layout/data type")
            .sample(&labels, size);
        metrics
            .gauge("node_btrfs_allocation_ratio", "Data allocation ratio for a layout/data type")
            .sample(&labels, ratio(&mode, devices as f64));
    }
    Ok(())
}

/// Bytes on the devices for a byte of data.
fn ratio(mode: &str, devices: f64) -> f64 {
    match mode {
        "single" | "raid0" => 1.0,
        "dup" | "raid1" | "raid10" => 2.0,
        "raid1c3" => 3.0,
        "raid1c4" => 4.0,
        "raid5" => devices / (devices - 1.0),
        "raid6" => devices / (devices - 2.0),
        _ => 0.0,
    }
}

/// A file system of one device has its name; in others the kernel does not tell which number is which device.
fn errors(
    metrics: &mut Metrics,
    uuid: &str,
    folder: &str,
    devices: &[String],
) -> Result<(), Error> {
    for id in sys_names(&format!("{folder}/devinfo"))? {
        let file = format!("{folder}/devinfo/{id}/error_stats");
        let Some(text) = if_there(sys(&file))? else { continue };
        let device = if let [only] = devices { only } else { &id };
        for line in text.lines() {
            let Some((kind, count)) = line.split_once("_errs ") else { continue };
            let labels = [("uuid", uuid), ("type", kind), ("device", device)];
            let count = number(&file, Some(count.trim()))?;
            metrics
                .counter("node_btrfs_device_errors_total", "Errors reported for the device")
                .sample(&labels, count);
        }
    }
    Ok(())
}
