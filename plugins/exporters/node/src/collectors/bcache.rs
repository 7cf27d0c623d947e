//! Caches in front of block devices, from `/sys/fs/bcache/<uuid>`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, sys, sys_names};

/// File below the set, metric, whether it only grows, factor, help.
type Row = (&'static str, &'static str, bool, f64, &'static str);

const OF_A_SET: [Row; 10] = [
    (
        "average_key_size",
        "node_bcache_average_key_size_sectors",
        false,
        1.0,
        "Average data per key in the btree (sectors).",
    ),
    (
        "btree_cache_size",
        "node_bcache_btree_cache_size_bytes",
        false,
        1.0,
        "Amount of memory currently used by the btree cache.",
    ),
    (
        "cache_available_percent",
        "node_bcache_cache_available_percent",
        false,
        1.0,
        "Percentage of cache device without dirty data, usable for writeback (may contain clean cached data).",
    ),
    ("congested", "node_bcache_congested", false, 1.0, "Congestion."),
    (
        "root_usage_percent",
        "node_bcache_root_usage_percent",
        false,
        1.0,
        "Percentage of the root btree node in use (tree depth increases if too high).",
    ),
    ("tree_depth", "node_bcache_tree_depth", false, 1.0, "Depth of the btree."),
    (
        "internal/active_journal_entries",
        "node_bcache_active_journal_entries",
        false,
        1.0,
        "Number of journal entries that are newer than the index.",
    ),
    ("internal/btree_nodes", "node_bcache_btree_nodes", false, 1.0, "Total nodes in the btree."),
    // The file is called `…_us`; node_exporter takes it for nanoseconds.
    (
        "internal/btree_read_average_duration_us",
        "node_bcache_btree_read_average_duration_seconds",
        false,
        1e-9,
        "Average btree read duration.",
    ),
    (
        "internal/cache_read_races",
        "node_bcache_cache_read_races_total",
        true,
        1.0,
        "Counts instances where while data was being read from the cache, the bucket was reused and invalidated - i.e. where the pointer was stale after the read completed.",
    ),
];

const OF_A_BACKING_DEVICE: [Row; 7] = [
    (
        "dirty_data",
        "node_bcache_dirty_data_bytes",
        false,
        1.0,
        "Amount of dirty data for this backing device in the cache.",
    ),
    (
        "stats_total/bypassed",
        "node_bcache_bypassed_bytes_total",
        true,
        1.0,
        "Amount of IO (both reads and writes) that has bypassed the cache.",
    ),
    (
        "stats_total/cache_hits",
        "node_bcache_cache_hits_total",
        true,
        1.0,
        "Hits counted per individual IO as bcache sees them.",
    ),
    (
        "stats_total/cache_misses",
        "node_bcache_cache_misses_total",
        true,
        1.0,
        "Misses counted per individual IO as bcache sees them.",
    ),
    (
        "stats_total/cache_bypass_hits",
        "node_bcache_cache_bypass_hits_total",
        true,
        1.0,
        "Hits for IO intended to skip the cache.",
    ),
    (
        "stats_total/cache_bypass_misses",
        "node_bcache_cache_bypass_misses_total",
        true,
        1.0,
        "Misses for IO intended to skip the cache.",
    ),
    (
        "stats_total/cache_miss_collisions",
        "node_bcache_cache_miss_collisions_total",
        true,
        1.0,
        "Instances where data insertion from cache miss raced with write (data already present).",
    ),
];

const OF_A_CACHE: [Row; 3] = [
    (
        "io_errors",
        "node_bcache_io_errors",
        false,
        1.0,
        "Number of errors that have occurred, decayed by io_error_halflife.",
    ),
    (
        "metadata_written",
        "node_bcache_metadata_written_bytes_total",
        true,
        1.0,
        "Sum of all non data writes (btree writes and all other metadata).",
    ),
    (
        "written",
        "node_bcache_written_bytes_total",
        true,
        1.0,
        "Sum of all data that has been written to the cache.",
    ),
];

/// Lines of `writeback_rate_debug`.
const WRITEBACK: [(&str, &str, &str); 5] = [
    (
        "target:",
        "node_bcache_dirty_target_bytes",
        "Current dirty data target threshold for this backing device in bytes.",
    ),
    (
        "rate:",
        "node_bcache_writeback_rate",
        "Current writeback rate for this backing device in bytes.",
    ),
    (
        "proportional:",
        "node_bcache_writeback_rate_proportional_term",
        "Current result of proportional controller, part of writeback rate",
    ),
    (
        "integral:",
        "node_bcache_writeback_rate_integral_term",
        "Current result of integral controller, part of writeback rate",
    ),
    (
        "change:",
        "node_bcache_writeback_change",
        "Last writeback rate change step for this backing device.",
    ),
];

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for uuid in sys_names("fs/bcache")?.iter().filter(|name| name.contains('-')) {
        let set = format!("fs/bcache/{uuid}");
        add(metrics, &OF_A_SET, &set, &[("uuid", uuid)])?;
        for name in sys_names(&set)? {
            let folder = format!("{set}/{name}");
            if is_numbered(&name, "bdev") {
                let labels = [("uuid", &**uuid), ("backing_device", &*name)];
                add(metrics, &OF_A_BACKING_DEVICE, &folder, &labels)?;
                add_readaheads(metrics, &folder, &labels)?;
                add_writeback(metrics, &folder, &labels)?;
            } else if is_numbered(&name, "cache") {
                let labels = [("uuid", &**uuid), ("cache_device", &*name)];
                add(metrics, &OF_A_CACHE, &folder, &labels)?;
                if scrape.config.bcache.priority_stats {
                    add_priorities(metrics, &folder, &labels)?;
                }
            }
        }
    }
    Ok(())
}

fn is_numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn add(
    metrics: &mut Metrics,
    rows: &[Row],
    folder: &str,
    labels: &[(&str, &str)],
) -> Result<(), Error> {
    for (file, name, is_counter, factor, help) in rows {
        let value = value(&format!("{folder}/{file}"))? * factor;
        let family =
            if *is_counter { metrics.counter(name, help) } else { metrics.gauge(name, help) };
        family.sample(labels, value);
    }
    Ok(())
}

/// Newer kernels do not read ahead; a count of zero is not shown.
fn add_readaheads(
    metrics: &mut Metrics,
    folder: &str,
    labels: &[(&str, &str)],
) -> Result<(), Error> {
    let count = value(&format!("{folder}/stats_total/cache_readaheads"))?;
    if count > 0.0 {
        metrics
            .counter("node_bcache_cache_readaheads_total", "Count of times readahead occurred.")
            .sample(labels, count);
    }
    Ok(())
}

fn add_writeback(
    metrics: &mut Metrics,
    folder: &str,
    labels: &[(&str, &str)],
) -> Result<(), Error> {
    let file = format!("{folder}/writeback_rate_debug");
    let text = sys(&file)?;
    for (key, name, help) in WRITEBACK {
        let word = text
            .lines()
            .find(|line| line.trim_start().starts_with(key))
            .and_then(|line| line.split_ascii_whitespace().next_back());
        let word = word.map_or("0", |word| word.strip_suffix("/sec").unwrap_or(word));
        metrics.gauge(name, help).sample(labels, signed(&file, word)?);
    }
    Ok(())
}

fn add_priorities(
    metrics: &mut Metrics,
    folder: &str,
    labels: &[(&str, &str)],
) -> Result<(), Error> {
    let file = format!("{folder}/priority_stats");
    let text = sys(&file)?;
    for (key, name, help) in [
        (
            "Unused:",
            "node_bcache_priority_stats_unused_percent",
            "The percentage of the cache that doesn't contain any data.",
        ),
        ("Metadata:", "node_bcache_priority_stats_metadata_percent", "Bcache's metadata overhead."),
    ] {
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("0");
        let percent = line.trim().trim_end_matches('%');
        metrics.gauge(name, help).sample(labels, signed(&file, percent)?);
    }
    Ok(())
}

/// A file's number; 0 where the kernel does not have it.
fn value(path: &str) -> Result<f64, Error> {
    if_there(sys(path))?.map_or(Ok(0.0), |text| signed(path, &text))
}

fn signed(path: &str, word: &str) -> Result<f64, Error> {
    let (sign, digits) = word.strip_prefix('-').map_or((1.0, word), |digits| (-1.0, digits));
    amount(digits).map(|amount| sign * amount).ok_or_else(|| {
        Error::protocol(format!("{path} has {word:?} where an amount such as 1.5k belongs"))
    })
}

/// `1.5k`: the unit is a power of 1024, and the digits behind the dot are tens of the 1024th part, up to 10 of them; the
/// kernel divides the remainder by 100, not by 102.4.
fn amount(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let Some(power) = text.strip_prefix(digits).and_then(|unit| unit.chars().next()) else {
        return text.parse().ok();
    };
    let power = "kMGTPEZY".find(power)?;
    let factor = (0..=power).fold(1.0, |factor, _| factor * 1024.0);
    let value = match digits.split_once('.') {
        Some((whole, part)) => whole.parse::<f64>().ok()? + part.parse::<f64>().ok()? / 10.24,
        None => digits.parse().ok()?,
    };
    Some((value * factor).trunc())
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_have_the_kernels_units() {
        assert_eq!(amount("542"), Some(542.0));
        assert_eq!(amount("1k"), Some(1024.0));
        assert_eq!(amount("3.5k"), Some(3572.0));
        assert_eq!(amount("20.0M"), Some(20_971_520.0));
        assert_eq!(amount("x"), None);
        assert_eq!(amount("1.5Q"), None);
    }
}
