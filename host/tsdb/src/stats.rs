//! Numbers about the store for people: where the series come from.

use std::sync::atomic::Ordering;

use narthex_model::METRIC_NAME;

use crate::head::Head;
use crate::head::index::Index;

/// A count with what was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// A metric, a label, or a label with its value.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// What the head holds. The lists are cut to the largest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Series.
    pub series: u64,
    /// Chunks, open ones included.
    pub chunks: u64,
    /// Pairs of label name and value.
    pub label_pairs: u64,
    /// Time of the oldest sample, in milliseconds.
    pub oldest_at: Option<i64>,
    /// Time of the newest sample, in milliseconds.
    pub newest_at: Option<i64>,
    /// Series by metric name.
    pub series_by_metric: Vec<Named>,
    /// Different values by label name.
    pub values_by_label: Vec<Named>,
    /// Bytes of the values' text by label name.
    pub value_bytes_by_label: Vec<Named>,
    /// Series by `name=value`.
    pub series_by_label_pair: Vec<Named>,
}

pub(crate) fn stats(head: &Head, limit: usize) -> Stats {
    let index = head.index.read();
    let text = |symbol| index.symbols.text(symbol);
    let mut stats = Stats {
        series: head.counts.series.load(Ordering::Relaxed),
        chunks: head.counts.chunks(),
        label_pairs: index.names.values().map(|values| values.len() as u64).sum(),
        oldest_at: head.oldest_at(),
        newest_at: head.newest_at(),
        ..Stats::default()
    };
    let by_label = |count: &dyn Fn(&str, u64) -> u64| {
        let sum = |(name, values): (&u32, &hashbrown::HashMap<u32, _>)| {
            let each = values.keys().map(|value| count(text(*value), 1));
            (text(*name).to_owned(), each.sum::<u64>())
        };
        largest(index.names.iter().map(sum), limit)
    };
    stats.values_by_label = by_label(&|_, one| one);
    stats.value_bytes_by_label = by_label(&|value, _| value.len() as u64);
    stats.series_by_metric = largest(series_by_value(&index, METRIC_NAME), limit);
    let pairs = index.names.keys().flat_map(|name| {
        let name = text(*name);
        series_by_value(&index, name).map(move |(value, count)| (format!("{name}={value}"), count))
    });
    stats.series_by_label_pair = largest(pairs, limit);
    stats
}

fn series_by_value<'a>(index: &'a Index, name: &str) -> impl Iterator<Item = (String, u64)> + 'a {
    let values = index.symbols.find(name).and_then(|name| index.names.get(&name));
    values
        .into_iter()
        .flatten()
        .map(|(value, postings)| (index.symbols.text(*value).to_owned(), postings.len()))
}

/// The largest counts, descending; equal ones by name.
fn largest(counts: impl Iterator<Item = (String, u64)>, limit: usize) -> Vec<Named> {
    let mut all: Vec<Named> = counts.map(|(name, count)| Named { name, count }).collect();
    all.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    all.truncate(limit);
    all
}
