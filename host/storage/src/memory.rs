//! The reference store: a sorted map under one lock. Slow, obvious, complete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use narthex_model::{
    EXEMPLAR_LABELS_CHARS_MAX, Exemplar, Labels, Matcher, Metadata, NativeHistogram, Timestamp,
};

use crate::{
    AppendError, Appendable, Appender, Columns, CommitError, Committed, Querier, Queryable,
    ReadError, Series, SeriesExemplars, SeriesRef, TimeRange,
};

/// A store in memory, for tests and for comparison.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    /// Guards all there is.
    data: Arc<RwLock<Data>>,
}

#[derive(Debug, Default)]
struct Data {
    refs: BTreeMap<Labels, SeriesRef>,
    series: BTreeMap<SeriesRef, (Labels, Columns)>,
    exemplars: BTreeMap<Labels, Vec<Exemplar>>,
    metadata: BTreeMap<String, Metadata>,
}

/// What a series may hold at a time.
#[derive(Clone, Debug)]
enum Value {
    Float(f64),
    Histogram(Arc<NativeHistogram>),
}

impl Value {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Histogram(a), Self::Histogram(b)) => a.is_same(b),
            (Self::Float(_), Self::Histogram(_)) | (Self::Histogram(_), Self::Float(_)) => false,
        }
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Data> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Data> {
        self.data.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Appendable for MemoryStore {
    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(MemoryAppender {
            store: self,
            samples: Vec::new(),
            exemplars: Vec::new(),
            metadata: Vec::new(),
            created: 0,
        })
    }
}

/// A sample of a batch that is not committed yet.
struct Pending {
    series: SeriesRef,
    at: i64,
    value: Value,
    /// 0: not known.
    start: i64,
}

struct MemoryAppender<'a> {
    store: &'a MemoryStore,
    samples: Vec<Pending>,
    exemplars: Vec<(SeriesRef, Exemplar)>,
    metadata: Vec<(String, Metadata)>,
    created: usize,
}

impl MemoryAppender<'_> {
    fn newest(&self, series: SeriesRef) -> Option<(i64, Value)> {
        let pending = self.samples.iter().rev().find(|sample| sample.series == series);
        let pending = pending.map(|sample| (sample.at, sample.value.clone()));
        pending.or_else(|| self.store.read().newest(series))
    }

    fn add(&mut self, series: SeriesRef, at: i64, value: Value) -> Result<(), AppendError> {
        if !self.store.read().series.contains_key(&series) {
            return Err(AppendError::UnknownSeries);
        }
        if check_order(self.newest(series), at, &value)? {
            self.samples.push(Pending { series, at, value, start: 0 });
        }
        Ok(())
    }
}

impl Data {
    fn newest(&self, series: SeriesRef) -> Option<(i64, Value)> {
        let (_, columns) = self.series.get(&series)?;
        let float = columns.times.last().zip(columns.values.last());
        let float = float.map(|(at, value)| (*at, Value::Float(*value)));
        let histogram = columns.histograms.last();
        let histogram =
            histogram.map(|point| (point.at, Value::Histogram(Arc::clone(&point.histogram))));
        float.into_iter().chain(histogram).max_by_key(|(at, _)| *at)
    }

    fn matching<'a>(&'a self, selector: &'a [Matcher]) -> impl Iterator<Item = &'a Labels> {
        self.exemplars
            .keys()
            .filter(|labels| selector.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or(""))))
    }
}

/// The order rule of every store: later is taken, the same again is taken silently.
fn check_order(newest: Option<(i64, Value)>, at: i64, value: &Value) -> Result<bool, AppendError> {
    match newest {
        Some((last, _)) if at < last => Err(AppendError::OutOfOrder),
        Some((last, stored)) if at == last => {
            if stored.is_same(value) {
                Ok(false)
            } else {
                Err(AppendError::Duplicate)
            }
        }
        _ => Ok(true),
    }
}

impl Appender for MemoryAppender<'_> {
    fn series(&mut self, labels: &Labels) -> Result<SeriesRef, AppendError> {
        let mut data = self.store.write();
        if let Some(existing) = data.refs.get(labels) {
            return Ok(*existing);
        }
        let new = SeriesRef(data.series.len() as u64 + 1);
        data.refs.insert(labels.clone(), new);
        data.series.insert(new, (labels.clone(), Columns::default()));
        self.created += 1;
        Ok(new)
    }

    fn find(&mut self, labels: &Labels) -> Option<SeriesRef> {
        self.store.read().refs.get(labels).copied()
    }

    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) -> Result<(), AppendError> {
        self.add(series, at.millis(), Value::Float(value))
    }

    fn append_histogram(
        &mut self,
        series: SeriesRef,
        at: Timestamp,
        histogram: Arc<NativeHistogram>,
    ) -> Result<(), AppendError> {
        histogram.validate()?;
        self.add(series, at.millis(), Value::Histogram(histogram))
    }

    fn started(&mut self, series: SeriesRef, start: Timestamp) {
        let last = self.samples.last_mut().filter(|sample| sample.series == series);
        if let Some(sample) = last {
            sample.start = start.millis();
        }
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) -> Result<(), AppendError> {
        let chars = exemplar
            .labels
            .iter()
            .map(|(name, value)| name.chars().count() + value.chars().count());
        if chars.sum::<usize>() > EXEMPLAR_LABELS_CHARS_MAX {
            return Err(AppendError::ExemplarTooLong { max: EXEMPLAR_LABELS_CHARS_MAX });
        }
        if !self.store.read().series.contains_key(&series) {
            return Err(AppendError::UnknownSeries);
        }
        self.exemplars.push((series, exemplar));
        Ok(())
    }

    fn metadata(&mut self, family: &str, metadata: &Metadata) {
        self.metadata.push((family.to_owned(), metadata.clone()));
    }

    fn commit(self: Box<Self>) -> Result<Committed, CommitError> {
        let mut data = self.store.write();
        let mut done = Committed { series_created: self.created, ..Committed::default() };
        for Pending { series, at, value, start } in self.samples {
            if check_order(data.newest(series), at, &value) == Ok(true) {
                if let Some((_, columns)) = data.series.get_mut(&series) {
                    match value {
                        Value::Float(value) => columns.push_with_start(at, value, start),
                        Value::Histogram(histogram) => {
                            columns.push_histogram_with_start(at, histogram, start);
                        }
                    }
                    done.samples += 1;
                }
            } else {
                done.out_of_order += 1;
            }
        }
        for (series, exemplar) in self.exemplars {
            let Some(labels) = data.series.get(&series).map(|(labels, _)| labels.clone()) else {
                continue;
            };
            let kept = data.exemplars.entry(labels).or_default();
            match kept.last() {
                Some(last) if last.at > exemplar.at => done.out_of_order += 1,
                Some(last) if *last == exemplar => {}
                _ => {
                    kept.push(exemplar);
                    done.exemplars += 1;
                }
            }
        }
        data.metadata.extend(self.metadata);
        Ok(done)
    }
}

impl Queryable for MemoryStore {
    fn querier(&self, range: TimeRange) -> Result<Box<dyn Querier>, ReadError> {
        let data = self.read();
        let mut series: Vec<MemorySeries> = data
            .series
            .values()
            .map(|(labels, columns)| MemorySeries {
                labels: labels.clone(),
                columns: cut(columns, range),
            })
            .filter(|series| !series.columns.is_empty())
            .collect();
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(Box::new(MemoryQuerier { series }))
    }

    fn metadata(&self, family: Option<&str>) -> Vec<(String, Metadata)> {
        let data = self.read();
        let wanted = |name: &&String| family.is_none_or(|family| family == name.as_str());
        let names = data.metadata.keys().filter(wanted);
        names.filter_map(|name| Some((name.clone(), data.metadata.get(name)?.clone()))).collect()
    }

    fn exemplars(
        &self,
        range: TimeRange,
        selectors: &[Vec<Matcher>],
    ) -> Result<Vec<SeriesExemplars>, ReadError> {
        let data = self.read();
        let wanted: BTreeSet<&Labels> =
            selectors.iter().flat_map(|selector| data.matching(selector)).collect();
        let mut found = Vec::new();
        for labels in wanted {
            let kept = data.exemplars.get(labels).into_iter().flatten();
            let exemplars: Vec<Exemplar> =
                kept.filter(|exemplar| range.contains(exemplar.at)).cloned().collect();
            if !exemplars.is_empty() {
                found.push(SeriesExemplars { labels: labels.clone(), exemplars });
            }
        }
        Ok(found)
    }
}

fn cut(columns: &Columns, range: TimeRange) -> Columns {
    let mut out = Columns::default();
    for (index, (at, value)) in columns.times.iter().zip(&columns.values).enumerate() {
        if range.contains(Timestamp::from_millis(*at)) {
            let start = columns.starts.get(index).copied().unwrap_or(0);
            out.push_with_start(*at, *value, start);
        }
    }
    let histograms = columns.histograms.iter();
    out.histograms.extend(
        histograms.filter(|point| range.contains(Timestamp::from_millis(point.at))).cloned(),
    );
    out
}

struct MemoryQuerier {
    series: Vec<MemorySeries>,
}

#[derive(Clone)]
struct MemorySeries {
    labels: Labels,
    columns: Columns,
}

impl MemoryQuerier {
    fn matching(&self, matchers: &[Matcher]) -> impl Iterator<Item = &MemorySeries> {
        self.series.iter().filter(|series| {
            matchers.iter().all(|m| m.matches(series.labels.get(m.name()).unwrap_or("")))
        })
    }
}

impl Querier for MemoryQuerier {
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn Series>>, ReadError> {
        Ok(self.matching(matchers).map(|series| Box::new(series.clone()) as _).collect())
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        let names = self.matching(matchers).flat_map(|series| series.labels.iter());
        let names: BTreeSet<&str> = names.map(|(name, _)| name).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        let values = self.matching(matchers).filter_map(|series| series.labels.get(name));
        let values: BTreeSet<&str> = values.collect();
        Ok(values.into_iter().map(str::to_owned).collect())
    }
}

impl Series for MemorySeries {
    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn samples_max(&self) -> usize {
        self.columns.samples()
    }

    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError> {
        let part = cut(&self.columns, range);
        for (index, (at, value)) in part.times.iter().zip(&part.values).enumerate() {
            out.push_with_start(*at, *value, part.starts.get(index).copied().unwrap_or(0));
        }
        out.histograms.extend(part.histograms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_store_keeps_the_contract() {
        crate::conformance::run(&mut |_name| Box::new(crate::MemoryStore::new()));
    }
}
