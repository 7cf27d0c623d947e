//! Several stores read as one: series by labels, samples by time.
//!
//! Invariant: where two stores hold a sample of the same series and time, the one of the store that
//! was given first counts.

use std::collections::BTreeSet;

use narthex_model::{Labels, Matcher};

use crate::{Columns, HistogramPoint, Querier, ReadError, Series, TimeRange};

/// Queriers read as one.
pub struct MergedQuerier {
    parts: Vec<Box<dyn Querier>>,
}

impl MergedQuerier {
    /// `parts`, the one whose samples count first.
    #[must_use]
    pub fn new(parts: Vec<Box<dyn Querier>>) -> Self {
        Self { parts }
    }
}

impl Querier for MergedQuerier {
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn Series>>, ReadError> {
        let mut lists = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let series = part.select(matchers)?;
            if !series.is_empty() {
                lists.push(series);
            }
        }
        if lists.len() <= 1 {
            return Ok(lists.pop().unwrap_or_default());
        }
        Ok(merge(lists))
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.union(|part| part.label_names(matchers))
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.union(|part| part.label_values(name, matchers))
    }
}

impl MergedQuerier {
    fn union(
        &self,
        ask: impl Fn(&dyn Querier) -> Result<Vec<String>, ReadError>,
    ) -> Result<Vec<String>, ReadError> {
        if let [only] = self.parts.as_slice() {
            return ask(&**only);
        }
        let mut all = BTreeSet::new();
        for part in &self.parts {
            all.extend(ask(&**part)?);
        }
        Ok(all.into_iter().collect())
    }
}

/// Lists that ascend by labels become one; a stable sort keeps the order of the parts.
fn merge(lists: Vec<Vec<Box<dyn Series>>>) -> Vec<Box<dyn Series>> {
    let mut all: Vec<Box<dyn Series>> = lists.into_iter().flatten().collect();
    // The lists are runs, which this sort merges in linear time.
    all.sort_by(|a, b| a.labels().cmp(b.labels()));
    let mut merged: Vec<Box<dyn Series>> = Vec::with_capacity(all.len());
    let mut same: Vec<Box<dyn Series>> = Vec::new();
    for series in all {
        if same.last().is_some_and(|last| last.labels() != series.labels()) {
            merged.push(unite(std::mem::take(&mut same)));
        }
        same.push(series);
    }
    if !same.is_empty() {
        merged.push(unite(same));
    }
    merged
}

fn unite(mut same: Vec<Box<dyn Series>>) -> Box<dyn Series> {
    match (same.pop(), same.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            same.extend(last);
            Box::new(MergedSeries { parts: same })
        }
    }
}

/// A series that several stores hold.
struct MergedSeries {
    parts: Vec<Box<dyn Series>>,
}

impl Series for MergedSeries {
    fn labels(&self) -> &Labels {
        self.parts.first().expect("made of at least two").labels()
    }

    fn samples_max(&self) -> usize {
        self.parts.iter().map(|part| part.samples_max()).sum()
    }

    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError> {
        let mut columns = Vec::with_capacity(self.parts.len());
        let mut outcome = Ok(());
        for part in &self.parts {
            let mut read = Columns::default();
            outcome = part.read(range, &mut read);
            columns.push(read);
            if outcome.is_err() {
                break;
            }
        }
        merge_columns(columns, out);
        outcome
    }
}

/// Appends the samples of all columns to `out`, ascending; of one time that of the first counts.
pub fn merge_columns(mut columns: Vec<Columns>, out: &mut Columns) {
    columns.retain(|one| !one.is_empty());
    let mut in_time: Vec<&Columns> = columns.iter().collect();
    in_time.sort_by_key(|one| first_time(one));
    let is_chain = in_time.windows(2).all(|pair| match pair {
        [a, b] => last_time(a) < first_time(b),
        _ => true,
    });
    if is_chain {
        in_time.into_iter().for_each(|one| push_all(one, out));
    } else {
        interleave(&columns, out);
    }
}

fn first_time(columns: &Columns) -> i64 {
    let float = columns.times.first().copied();
    let histogram = columns.histograms.first().map(|point| point.at);
    float.into_iter().chain(histogram).min().unwrap_or(i64::MAX)
}

fn last_time(columns: &Columns) -> i64 {
    let float = columns.times.last().copied();
    let histogram = columns.histograms.last().map(|point| point.at);
    float.into_iter().chain(histogram).max().unwrap_or(i64::MIN)
}

fn push_all(from: &Columns, out: &mut Columns) {
    if !from.starts.is_empty() || !out.starts.is_empty() {
        out.starts.resize(out.times.len(), 0);
        out.starts.extend_from_slice(&from.starts);
        out.starts.resize(out.times.len() + from.times.len(), 0);
    }
    out.times.extend_from_slice(&from.times);
    out.values.extend_from_slice(&from.values);
    out.histograms.extend_from_slice(&from.histograms);
}

/// One sample with the rank of the column it is from.
enum Sample<'a> {
    Float { value: f64, start: i64 },
    Histogram(&'a HistogramPoint),
}

fn interleave(columns: &[Columns], out: &mut Columns) {
    let mut all = Vec::new();
    for (rank, one) in columns.iter().enumerate() {
        for (index, (at, value)) in one.times.iter().zip(&one.values).enumerate() {
            let start = one.starts.get(index).copied().unwrap_or(0);
            all.push((*at, rank, Sample::Float { value: *value, start }));
        }
        all.extend(one.histograms.iter().map(|point| (point.at, rank, Sample::Histogram(point))));
    }
    all.sort_by_key(|(at, rank, _)| (*at, *rank));
    all.dedup_by_key(|(at, ..)| *at);
    for (at, _, sample) in all {
        match sample {
            Sample::Float { value, start } => out.push_with_start(at, value, start),
            Sample::Histogram(point) => out.histograms.push(point.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::Timestamp;

    use super::*;
    use crate::{Appendable, MemoryStore, Queryable};

    fn floats(samples: &[(i64, f64)]) -> Columns {
        let (times, values) = samples.iter().copied().unzip();
        Columns::from_floats(times, values)
    }

    #[track_caller]
    fn check(columns: Vec<Columns>, expected: &[(i64, f64)]) {
        let mut out = Columns::default();
        merge_columns(columns, &mut out);
        assert_eq!(out, floats(expected));
    }

    #[test]
    fn columns_that_follow_each_other_are_chained() {
        check(
            vec![floats(&[(30, 3.0)]), floats(&[(10, 1.0), (20, 2.0)])],
            &[(10, 1.0), (20, 2.0), (30, 3.0)],
        );
    }

    #[test]
    fn of_one_time_the_first_part_counts() {
        check(
            vec![floats(&[(20, 2.0), (30, 3.0)]), floats(&[(10, 1.0), (20, 9.0), (40, 4.0)])],
            &[(10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0)],
        );
    }

    fn store(samples: &[(&str, i64, f64)]) -> MemoryStore {
        let store = MemoryStore::new();
        for (job, at, value) in samples {
            let mut batch = store.appender();
            let labels = Labels::from_pairs([("__name__", "up"), ("job", *job)]);
            let series = batch.series(&labels).unwrap();
            batch.append(series, Timestamp::from_millis(*at), *value).unwrap();
            batch.commit().unwrap();
        }
        store
    }

    #[test]
    fn stores_are_read_as_one() {
        let stores =
            [store(&[("a", 2, 2.0), ("c", 1, 1.0)]), store(&[("a", 1, 1.0), ("b", 1, 5.0)])];
        let parts = stores.iter().map(|store| store.querier(TimeRange::ALL).unwrap()).collect();
        let merged = MergedQuerier::new(parts);
        let mut lines = Vec::new();
        for series in merged.select(&[]).unwrap() {
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns).unwrap();
            lines.push(format!("{} {:?}", series.labels(), columns.times));
        }
        assert_eq!(lines, [r#"up{job="a"} [1, 2]"#, r#"up{job="b"} [1]"#, r#"up{job="c"} [1]"#]);
        assert_eq!(merged.label_values("job", &[]).unwrap(), ["a", "b", "c"]);
    }
}
