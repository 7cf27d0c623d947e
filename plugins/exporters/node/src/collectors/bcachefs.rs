//! Bcachefs file systems, from `/sys/fs/bcachefs/<uuid>`.

mod device;

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, no_data, number, sys, sys_names};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let systems = sys_names("fs/bcachefs")?;
    if systems.is_empty() {
        return Err(no_data("bcachefs"));
    }
    for uuid in &systems {
        let folder = format!("fs/bcachefs/{uuid}");
        metrics
            .gauge("node_bcachefs_info", "Filesystem information.")
            .sample(&[("uuid", uuid)], 1_u8);
        let size = optional(&format!("{folder}/btree_cache_size"))?;
        let size = if size.is_empty() { 0.0 } else { amount("btree_cache_size", size.trim())? };
        metrics
            .gauge("node_bcachefs_btree_cache_size_bytes", "Btree cache memory usage in bytes.")
            .sample(&[("uuid", uuid)], size);
        compression(metrics, uuid, &folder)?;
        errors(metrics, uuid, &folder)?;
        counters(metrics, uuid, &folder)?;
        writes(metrics, uuid, &folder)?;
        for name in sys_names(&folder)? {
            if let Some(device) = name.strip_prefix("dev-") {
                device::collect(metrics, uuid, device, &format!("{folder}/{name}"))?;
            }
        }
    }
    Ok(())
}

/// A file's text; empty where the kernel does not have it.
fn optional(path: &str) -> Result<String, Error> {
    Ok(if_there(sys(path))?.unwrap_or_default())
}

/// A number with a unit that is a power of 1024: `2.05G`.
fn amount(file: &str, word: &str) -> Result<f64, Error> {
    let digits = word.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = word.strip_prefix(digits).unwrap_or("").to_ascii_lowercase();
    let power = match unit.as_str() {
        "" => 0,
        unit => "kmgtpe".find(unit).filter(|_| unit.len() == 1).map_or(0, |place| place + 1),
    };
    let factor = (0..power).fold(1.0, |factor, _| factor * 1024.0);
    Ok((number(file, Some(digits.trim()))? * factor).trunc())
}

/// The words of a line below the heading, of which the first loses its colon.
fn table(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    text.lines().skip(1).filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        Some((words.next()?.trim_end_matches(':'), words.next()?, words.next()?))
    })
}

fn compression(metrics: &mut Metrics, uuid: &str, folder: &str) -> Result<(), Error> {
    const FILE: &str = "compression_stats";
    for (algorithm, small, large) in table(&optional(&format!("{folder}/{FILE}"))?) {
        let labels = [("uuid", uuid), ("algorithm", algorithm)];
        metrics
            .gauge("node_bcachefs_compression_compressed_bytes", "Compressed size by algorithm.")
            .sample(&labels, amount(FILE, small)?);
        metrics
            .gauge(
                "node_bcachefs_compression_uncompressed_bytes",
                "Uncompressed size by algorithm.",
            )
            .sample(&labels, amount(FILE, large)?);
    }
    Ok(())
}

fn errors(metrics: &mut Metrics, uuid: &str, folder: &str) -> Result<(), Error> {
    for line in optional(&format!("{folder}/errors"))?.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(count)) = (words.next(), words.next()) else { continue };
        metrics
            .counter("node_bcachefs_errors_total", "Error count by error type.")
            .sample(&[("uuid", uuid), ("error_type", kind)], number("errors", Some(count))?);
    }
    Ok(())
}

fn counters(metrics: &mut Metrics, uuid: &str, folder: &str) -> Result<(), Error> {
    for counter in sys_names(&format!("{folder}/counters"))? {
        let text = optional(&format!("{folder}/counters/{counter}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("since filesystem creation:"));
        let value = line.map_or(Ok(0.0), |line| amount(&counter, line.trim()))?;
        metrics
            .counter(
                &format!("node_bcachefs_{counter}_total"),
                &format!("Bcachefs counter {counter} since filesystem creation."),
            )
            .sample(&[("uuid", uuid)], value);
    }
    Ok(())
}

fn writes(metrics: &mut Metrics, uuid: &str, folder: &str) -> Result<(), Error> {
    const FILE: &str = "btree_write_stats";
    for (kind, count, size) in table(&optional(&format!("{folder}/{FILE}"))?) {
        let labels = [("uuid", uuid), ("type", kind)];
        metrics
            .counter("node_bcachefs_btree_writes_total", "Number of btree writes by type.")
            .sample(&labels, number(FILE, Some(count))?);
        metrics
            .gauge(
                "node_bcachefs_btree_write_average_size_bytes",
                "Average btree write size by type.",
            )
            .sample(&labels, amount(FILE, size)?);
    }
    Ok(())
}
