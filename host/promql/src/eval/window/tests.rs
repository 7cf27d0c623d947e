use std::time::Duration;

use narthex_model::{Matcher, Timestamp};
use narthex_platform::{Clock, Metrics};
use narthex_storage::{
    Appendable, MemoryStore, Querier, Queryable, ReadError, Series as StoredSeries,
};

use super::*;
use crate::{Cancel, Engine, EngineConfig, ErrorKind, QueryOptions};

/// A store whose reader loses patience once a series was read.
#[derive(Debug)]
struct Impatient {
    store: MemoryStore,
    cancel: Cancel,
}

struct Reading<T> {
    inner: T,
    cancel: Cancel,
}

impl Queryable for Impatient {
    fn querier(&self, range: TimeRange) -> Result<Box<dyn Querier>, ReadError> {
        let (inner, cancel) = (self.store.querier(range)?, self.cancel.clone());
        Ok(Box::new(Reading { inner, cancel }))
    }

    fn metadata(&self, _: Option<&str>) -> Vec<(String, narthex_model::Metadata)> {
        Vec::new()
    }

    fn exemplars(
        &self,
        _: TimeRange,
        _: &[Vec<Matcher>],
    ) -> Result<Vec<narthex_storage::SeriesExemplars>, ReadError> {
        Ok(Vec::new())
    }
}

impl Querier for Reading<Box<dyn Querier>> {
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn StoredSeries>>, ReadError> {
        let series = self.inner.select(matchers)?.into_iter();
        let reading = series.map(|inner| Reading { inner, cancel: self.cancel.clone() });
        Ok(reading.map(|series| Box::new(series) as Box<dyn StoredSeries>).collect())
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.inner.label_names(matchers)
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.inner.label_values(name, matchers)
    }
}

impl StoredSeries for Reading<Box<dyn StoredSeries>> {
    fn labels(&self) -> &Labels {
        self.inner.labels()
    }

    fn samples_max(&self) -> usize {
        self.inner.samples_max()
    }

    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError> {
        self.inner.read(range, out)?;
        self.cancel.cancel();
        Ok(())
    }
}

/// One series of so many samples, a second apart, that begins anew with every other one.
fn store(samples: u32) -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = store.appender();
    let series = batch.series(&Labels::from_pairs([("__name__", "x")])).unwrap();
    for index in 0..samples {
        let at = Timestamp::from_millis(i64::from(index) * 1000);
        batch.append(series, at, f64::from(index % 2)).unwrap();
    }
    batch.commit().unwrap();
    store
}

/// A query of a single series with so many samples at so many steps, a second apart.
#[track_caller]
fn ends_within_the_series(query: &str, samples: u32, steps: i64) {
    let cancel = Cancel::new();
    let store = Impatient { store: store(samples), cancel: cancel.clone() };
    let engine =
        Engine::new(EngineConfig::default(), Arc::new(store), Clock::real(), &Metrics::new());
    let options = QueryOptions { cancel, ..QueryOptions::default() };
    let (end, step) = (Timestamp::from_millis(steps * 1000), Duration::from_secs(1));
    let error = engine.range(query, Timestamp::default(), end, step, &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Canceled, "{query}");
}

#[test]
fn windows_of_one_series_are_given_up_when_nobody_waits() {
    // Many samples, few steps.
    ends_within_the_series("rate(x[1d] offset -1d)", 70_000, 1);
    ends_within_the_series("max_over_time(x[1d] offset -1d)", 70_000, 1);
    ends_within_the_series("sum_over_time(x[1d] offset -1d)", 70_000, 1);
    // Many steps, few samples.
    ends_within_the_series("delta(x[1m])", 10, 70_000);
    ends_within_the_series("min_over_time(x[1m])", 10, 70_000);
    ends_within_the_series("present_over_time(x[1m])", 10, 70_000);
    // Windows that have many resets.
    ends_within_the_series("increase(x[1d] offset -1d)", 1000, 200);
}
