//! What is measured: one row each, with the goal of the project where there is one.

use std::collections::BTreeMap;

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// What ours should at most be.
    pub(crate) goal: Option<f64>,
    /// Whether a ratio of ours to the best peer says something: less is better.
    pub(crate) compared: bool,
}

const fn row(key: &'static str, title: &'static str, goal: Option<f64>) -> Row {
    Row { key, title, goal, compared: true }
}

const fn plain(key: &'static str, title: &'static str) -> Row {
    Row { key, title, goal: None, compared: false }
}

/// In the order of the table.
pub(crate) const ROWS: &[Row] = &[
    plain("ingested_percent", "samples taken of those offered, %"),
    row("scrape_cpu", "scrape, CPU s per M samples", Some(0.6)),
    row("anonymous_kb_a_series", "anonymous RSS per series, kB", Some(0.5)),
    row("anonymous_mib", "anonymous RSS, MiB", None),
    row("peak_mib", "peak RSS, MiB", None),
    row("written_a_sample", "written while scraping, B/sample", Some(3.0)),
    row("data_mib", "data folder, MiB", None),
    row("restart_s", "SIGKILL to the right answer, s", Some(0.2)),
    plain("replay_s", "replay of the log, s"),
    row("restart_peak_ratio", "peak RSS of a restart / steady", Some(1.3)),
    row("push_cpu", "remote write, CPU s per M samples", Some(0.3)),
    plain("push_rate", "remote write, M samples/s"),
    row("block_xor", "blocks as XOR, B/sample with index", Some(2.74)),
    row("block_dense", "blocks as dense, B/sample with index", Some(1.2)),
    row("index_a_series", "index of a block, B/series", None),
    row("compaction_cpu", "joining three blocks as XOR, CPU s per M samples", None),
    row("compaction_dense_cpu", "joining three blocks as dense, CPU s per M samples", None),
];

/// Figures by key.
#[derive(Debug, Default, Clone)]
pub(crate) struct Measures(BTreeMap<&'static str, f64>);

impl Measures {
    /// Notes a figure of a row.
    pub(crate) fn set(&mut self, key: &'static str, value: f64) {
        debug_assert!(ROWS.iter().any(|row| row.key == key), "no row {key}");
        self.0.insert(key, value);
    }

    pub(crate) fn get(&self, key: &str) -> Option<f64> {
        self.0.get(key).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().map(|(key, value)| (*key, *value))
    }
}
