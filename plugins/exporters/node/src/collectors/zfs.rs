//! ZFS, from `/proc/spl/kstat/zfs`: its caches, and its pools with their datasets.

use narthex_sdk::{Error, Metrics, files};

use crate::source::{PROC, Scrape, if_there, no_data, number, proc_if_there};

const FOLDER: &str = "spl/kstat/zfs";

/// What a statistic's type must be to be shown: signed or unsigned integers of 64 bits.
const INTEGERS: [&str; 2] = ["3", "4"];

/// File and part of the metric's name.
const PARTS: [(&str, &str); 11] = [
    ("abdstats", "zfs_abd"),
    ("arcstats", "zfs_arc"),
    ("dbufstats", "zfs_dbuf"),
    ("dmu_tx", "zfs_dmu_tx"),
    ("dnodestats", "zfs_dnode"),
    ("fm", "zfs_fm"),
    ("vdev_cache_stats", "zfs_vdev_cache"),
    ("vdev_mirror_stats", "zfs_vdev_mirror"),
    ("xuio_stats", "zfs_xuio"),
    ("zfetchstats", "zfs_zfetch"),
    ("zil", "zfs_zil"),
];

const STATES: [&str; 7] =
    ["online", "degraded", "faulted", "offline", "removed", "unavail", "suspended"];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let entries = if_there(files::list(PROC, FOLDER))?.ok_or_else(|| no_data("ZFS"))?;
    for (file, part) in PARTS {
        let Some(text) = proc_if_there(&format!("{FOLDER}/{file}"))? else { continue };
        for (name, kind, value) in rows(&text) {
            if INTEGERS.contains(&kind) {
                let value = number(file, Some(value))?;
                metrics
                    .untyped(
                        &format!("node_{part}_{}", name.replace('-', "_")),
                        &format!("kstat.zfs.misc.{file}.{name}"),
                    )
                    .set(value);
            }
        }
    }
    for pool in entries.iter().filter(|entry| entry.kind == files::EntryKind::Directory) {
        collect_pool(metrics, &pool.name)?;
    }
    Ok(())
}

/// Name, type and value; they follow a heading of these words.
fn rows(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let lines = text.lines().map(str::split_ascii_whitespace);
    lines
        .map(|mut words| (words.next(), words.next(), words.next()))
        .skip_while(|words| *words != (Some("name"), Some("type"), Some("data")))
        .skip(1)
        .filter_map(|(name, kind, value)| Some((name?, kind?, value?)))
}

fn collect_pool(metrics: &mut Metrics, pool: &str) -> Result<(), Error> {
    let folder = format!("{FOLDER}/{pool}");
    if let Some(text) = proc_if_there(&format!("{folder}/io"))? {
        let mut lines = text.lines().skip_while(|line| !line.starts_with("nread"));
        let (names, values) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
        let values = values.split_ascii_whitespace();
        for (name, value) in names.split_ascii_whitespace().zip(values) {
            metrics
                .untyped(&format!("node_zfs_zpool_{name}"), &format!("kstat.zfs.misc.io.{name}"))
                .sample(&[("zpool", pool)], number("io", Some(value))?);
        }
    }
    if let Some(state) = proc_if_there(&format!("{folder}/state"))? {
        let state = state.trim().to_ascii_lowercase();
        let family = metrics.gauge("node_zfs_zpool_state", "kstat.zfs.misc.state");
        for known in STATES {
            family.sample(&[("zpool", pool), ("state", known)], state == known);
        }
    }
    for entry in files::list(PROC, &folder)? {
        if entry.name.starts_with("objset-")
            && let Some(text) = proc_if_there(&format!("{folder}/{}", entry.name))?
        {
            dataset(metrics, pool, &text)?;
        }
    }
    Ok(())
}

/// The row `dataset_name` stands in front; its value may have spaces.
fn dataset(metrics: &mut Metrics, pool: &str, text: &str) -> Result<(), Error> {
    let line = text.lines().find_map(|line| line.strip_prefix("dataset_name")).unwrap_or("");
    let kind = line.split_ascii_whitespace().next().unwrap_or("");
    let dataset = line.trim_start().strip_prefix(kind).unwrap_or("").trim();
    for (name, kind, value) in rows(text).filter(|(name, _, _)| *name != "dataset_name") {
        if kind == "4" {
            metrics
                .untyped(
                    &format!("node_zfs_zpool_dataset_{}", name.replace('-', "_")),
                    &format!("kstat.zfs.misc.objset.{name}"),
                )
                .sample(&[("zpool", pool), ("dataset", dataset)], number("objset", Some(value))?);
        }
    }
    Ok(())
}
