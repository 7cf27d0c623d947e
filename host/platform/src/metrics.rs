//! The server's own metrics.
//!
//! A room asks [`Metrics`] once for its counters and keeps them; counting is one atomic step.
//! What is only known when asked for (series in the head, plugins loaded) comes from a
//! [`MetricsSource`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// The kind of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations in buckets.
    Histogram,
    /// Observations with quantiles of the last ones.
    Summary,
}

/// All points of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The metric's name, `_total` included.
    pub name: String,
    /// One line for people.
    pub help: String,
    /// The kind.
    pub kind: FamilyKind,
    /// One point a label set.
    pub points: Vec<Point>,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Names and values.
    pub labels: Vec<(String, String)>,
    /// What was measured.
    pub value: PointValue,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum PointValue {
    /// A counter or gauge.
    Number(f64),
    /// Upper bounds with cumulative counts (without `+Inf`), count of all, sum.
    Histogram {
        /// Upper bound and cumulative count.
        buckets: Vec<(f64, u64)>,
        /// All observations.
        count: u64,
        /// Their sum.
        sum: f64,
    },
    /// Quantiles of the last observations, with count and sum of all.
    Summary {
        /// Quantile and value; NaN without observations.
        quantiles: Vec<(f64, f64)>,
        /// All observations.
        count: u64,
        /// Their sum.
        sum: f64,
    },
}

/// Answers with families whenever the metrics are read.
pub trait MetricsSource: Send + Sync {
    /// The families as of now.
    fn families(&self) -> Vec<Family>;
}

/// A number that only goes up.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `count`.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The sum so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// The value.
    #[must_use]
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// Durations and sizes in buckets.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<HistogramState>);

#[derive(Debug)]
struct HistogramState {
    bounds: Vec<f64>,
    /// Guards counts and sum together, so that a reading is consistent.
    counts: Mutex<(Vec<u64>, f64)>,
}

impl Histogram {
    fn new(bounds: &[f64]) -> Self {
        let counts = Mutex::new((vec![0; bounds.len() + 1], 0.0));
        Self(Arc::new(HistogramState { bounds: bounds.to_vec(), counts }))
    }

    /// Counts one observation.
    pub fn observe(&self, value: f64) {
        let bucket = self.0.bounds.partition_point(|bound| *bound < value);
        let mut counts = self.0.counts.lock();
        counts.1 += value;
        if let Some(count) = counts.0.get_mut(bucket) {
            *count += 1;
        }
    }

    /// Counts one duration, in seconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    fn read(&self) -> PointValue {
        let counts = self.0.counts.lock();
        let mut count = 0;
        let mut buckets = Vec::with_capacity(self.0.bounds.len());
        for (index, in_bucket) in counts.0.iter().enumerate() {
            count += in_bucket;
            if let Some(bound) = self.0.bounds.get(index) {
                buckets.push((*bound, count));
            }
        }
        PointValue::Histogram { buckets, count, sum: counts.1 }
    }
}

/// Quantiles are those of so many observations: ten minutes of fifty targets that are scraped once a
/// minute.
const SUMMARIZED_MAX: usize = 500;
/// Those that Prometheus shows of its own durations.
const QUANTILES: [f64; 5] = [0.01, 0.05, 0.5, 0.9, 0.99];

/// Durations by quantiles of the last ones.
#[derive(Clone, Debug)]
pub struct Summary(Arc<Mutex<SummaryState>>);

#[derive(Debug)]
struct SummaryState {
    last: VecDeque<f64>,
    count: u64,
    sum: f64,
}

impl Summary {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(SummaryState { last: VecDeque::new(), count: 0, sum: 0.0 })))
    }

    /// Counts one observation.
    pub fn observe(&self, value: f64) {
        let mut state = self.0.lock();
        if state.last.len() >= SUMMARIZED_MAX {
            state.last.pop_front();
        }
        state.last.push_back(value);
        state.count += 1;
        state.sum += value;
    }

    /// Counts one duration, in seconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place among few hundred"
    )]
    fn read(&self) -> PointValue {
        let (mut sorted, count, sum) = {
            let state = self.0.lock();
            (state.last.iter().copied().collect::<Vec<_>>(), state.count, state.sum)
        };
        sorted.sort_by(f64::total_cmp);
        let value = |quantile: f64| {
            let place = (quantile * sorted.len() as f64).ceil() as usize;
            sorted.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
        };
        let quantiles = QUANTILES.map(|quantile| (quantile, value(quantile))).to_vec();
        PointValue::Summary { quantiles, count, sum }
    }
}

#[derive(Clone, Debug)]
enum Cell {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
    Summary(Summary),
}

impl Cell {
    #[expect(clippy::cast_precision_loss, reason = "a counter beyond 2^53 may lose its last bit")]
    fn read(&self) -> PointValue {
        match self {
            Self::Counter(counter) => PointValue::Number(counter.get() as f64),
            Self::Gauge(gauge) => PointValue::Number(gauge.get()),
            Self::Histogram(histogram) => histogram.read(),
            Self::Summary(summary) => summary.read(),
        }
    }
}

type LabelPairs = Vec<(String, String)>;

struct Registered {
    help: String,
    kind: FamilyKind,
    cells: BTreeMap<LabelPairs, Cell>,
}

/// Every metric of the program. Cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics {
    /// Guards the table of families, not the numbers in them.
    families: Arc<Mutex<BTreeMap<String, Registered>>>,
    /// Guards the list of sources.
    sources: Arc<Mutex<Vec<Arc<dyn MetricsSource>>>>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.families.lock().keys()).finish()
    }
}

impl Metrics {
    /// No metrics yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The counter of this name and these labels; the same one each time it is asked for.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Counter {
        let new = || Cell::Counter(Counter::default());
        match self.cell(name, help, FamilyKind::Counter, labels, new) {
            Cell::Counter(counter) => counter,
            Cell::Gauge(_) | Cell::Histogram(_) | Cell::Summary(_) => Counter::default(),
        }
    }

    /// The gauge of this name and these labels; the same one each time it is asked for.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Gauge {
        let new = || Cell::Gauge(Gauge::default());
        match self.cell(name, help, FamilyKind::Gauge, labels, new) {
            Cell::Gauge(gauge) => gauge,
            Cell::Counter(_) | Cell::Histogram(_) | Cell::Summary(_) => Gauge::default(),
        }
    }

    /// The histogram of this name and these labels; the same one each time it is asked for.
    #[must_use]
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        bounds: &[f64],
    ) -> Histogram {
        let new = || Cell::Histogram(Histogram::new(bounds));
        match self.cell(name, help, FamilyKind::Histogram, labels, new) {
            Cell::Histogram(histogram) => histogram,
            Cell::Counter(_) | Cell::Gauge(_) | Cell::Summary(_) => Histogram::new(bounds),
        }
    }

    /// The summary of this name and these labels; the same one each time it is asked for.
    #[must_use]
    pub fn summary(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Summary {
        let new = || Cell::Summary(Summary::new());
        match self.cell(name, help, FamilyKind::Summary, labels, new) {
            Cell::Summary(summary) => summary,
            Cell::Counter(_) | Cell::Gauge(_) | Cell::Histogram(_) => Summary::new(),
        }
    }

    /// Shows nothing any more of what was counted under a label. Who still counts there does so for
    /// nobody; who asks for such a number anew gets another one.
    pub fn forget(&self, label: (&str, &str)) {
        let is_of_it = |pairs: &LabelPairs| {
            pairs.iter().any(|(name, value)| (name.as_str(), value.as_str()) == label)
        };
        for family in self.families.lock().values_mut() {
            family.cells.retain(|pairs, _| !is_of_it(pairs));
        }
    }

    /// Adds a source of families that are only known when asked for.
    pub fn add_source(&self, source: Arc<dyn MetricsSource>) {
        self.sources.lock().push(source);
    }

    /// All families as of now, ascending by name; families of one name are joined.
    #[must_use]
    pub fn gather(&self) -> Vec<Family> {
        let mut all: BTreeMap<String, Family> = BTreeMap::new();
        for (name, registered) in self.families.lock().iter() {
            let points = registered.cells.iter();
            let points = points
                .map(|(labels, cell)| Point { labels: labels.clone(), value: cell.read() })
                .collect();
            let (help, kind) = (registered.help.clone(), registered.kind);
            all.insert(name.clone(), Family { name: name.clone(), help, kind, points });
        }
        let sources = self.sources.lock().clone();
        for family in sources.iter().flat_map(|source| source.families()) {
            match all.get_mut(&family.name) {
                Some(known) => known.points.extend(family.points),
                None => {
                    all.insert(family.name.clone(), family);
                }
            }
        }
        all.into_values().collect()
    }

    fn cell(
        &self,
        name: &str,
        help: &str,
        kind: FamilyKind,
        labels: &[(&str, &str)],
        new: impl FnOnce() -> Cell,
    ) -> Cell {
        let mut families = self.families.lock();
        let family = families.entry(name.to_owned()).or_insert_with(|| Registered {
            help: help.to_owned(),
            kind,
            cells: BTreeMap::new(),
        });
        debug_assert_eq!(family.kind, kind, "metric {name} has one kind");
        let mut key: LabelPairs =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        key.sort();
        family.cells.entry(key).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_asked_for_twice_is_one() {
        let metrics = Metrics::new();
        metrics.counter("x_total", "X.", &[("a", "1")]).increment();
        metrics.counter("x_total", "X.", &[("a", "1")]).add(2);
        let families = metrics.gather();
        assert_eq!(families[0].points[0].value, PointValue::Number(3.0));
    }

    #[test]
    fn what_is_forgotten_begins_anew() {
        let metrics = Metrics::new();
        let counter = || metrics.counter("x_total", "X.", &[("a", "1"), ("b", "2")]);
        let old = counter();
        old.increment();
        metrics.counter("x_total", "X.", &[("a", "2")]).increment();
        metrics.forget(("a", "1"));
        old.increment();
        assert_eq!(metrics.gather()[0].points.len(), 1);
        assert_eq!(counter().get(), 0);
    }

    #[test]
    fn quantiles_are_those_of_the_last_observations() {
        let metrics = Metrics::new();
        let summary = metrics.summary("s", "S.", &[]);
        let read = || metrics.gather()[0].points[0].value.clone();
        let PointValue::Summary { quantiles, .. } = read() else { panic!() };
        assert!(quantiles.iter().all(|(_, value)| value.is_nan()));
        for value in 1..=1000 {
            summary.observe(f64::from(value));
        }
        let PointValue::Summary { quantiles, count, sum } = read() else { panic!() };
        assert_eq!((count, sum), (1000, 500_500.0));
        let values: Vec<f64> = quantiles.iter().map(|(_, value)| *value).collect();
        assert_eq!(values, [505.0, 525.0, 750.0, 950.0, 995.0]);
    }

    #[test]
    fn buckets_are_cumulative_and_closed_above() {
        let metrics = Metrics::new();
        let histogram = metrics.histogram("h", "H.", &[], &[1.0, 2.0]);
        for value in [0.5, 1.0, 1.5, 9.0] {
            histogram.observe(value);
        }
        let expected =
            PointValue::Histogram { buckets: vec![(1.0, 2), (2.0, 3)], count: 4, sum: 12.0 };
        assert_eq!(metrics.gather()[0].points[0].value, expected);
    }
}
