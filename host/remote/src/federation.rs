//! Federation: the newest sample of each series that somebody asks for, as an exposition.
//!
//! Always holds: samples are read series by series while the answer leaves, so that it takes, however
//! large it is, the list of its series and one piece; only samples within the lookback are told, with
//! their times; a series that has ended is left out, since no exposition can say so.

mod body;

use std::sync::Arc;
use std::time::Duration;

use narthex_exposition::{Answer, Protocol};
use narthex_model::{INSTANCE, Labels, Matcher, Timestamp};
use narthex_platform::{Clock, Counter, Metrics};
use narthex_storage::{Queryable, ReadError, Series, TimeRange};
use parking_lot::Mutex;

pub use self::body::Federated;

/// What is answered. OpenMetrics has no place for what is told here, series of which the type is not
/// known and histograms that go on under the same name; Prometheus does not offer it either.
const OFFERED: [Protocol; 2] = [Protocol::PrometheusProto, Protocol::PrometheusText004];

/// Labels that a series gets unless it has them, ascending by name.
type Added = Arc<[(String, String)]>;

/// Answers those that collect from this server. Clones share everything.
#[derive(Clone, Debug)]
pub struct Federation {
    store: Arc<dyn Queryable>,
    clock: Clock,
    lookback: Duration,
    /// Guards what the configuration says, which a reload changes.
    added: Arc<Mutex<Added>>,
    errors: Counter,
}

impl Federation {
    /// Over a store, with samples at most `lookback` old.
    #[must_use]
    pub fn new(
        store: Arc<dyn Queryable>,
        clock: Clock,
        lookback: Duration,
        metrics: &Metrics,
    ) -> Self {
        let errors = "Total number of errors that occurred while sending federation responses.";
        let warnings = "Total number of warnings that occurred while sending federation responses.";
        // Reading this store warns of nothing; dashboards ask for both.
        drop(metrics.counter("prometheus_web_federation_warnings_total", warnings, &[]));
        let errors = metrics.counter("prometheus_web_federation_errors_total", errors, &[]);
        let added = Arc::new(Mutex::new(added(&Labels::empty())));
        Self { store, clock, lookback, added, errors }
    }

    /// Takes on `global.external_labels`.
    pub fn set_external_labels(&self, labels: &Labels) {
        *self.added.lock() = added(labels);
    }

    /// Finds the series that satisfy all matchers of one of the selectors, each once. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(&self, selectors: &[Vec<Matcher>], accept: &str) -> Result<Federated, ReadError> {
        let answer = Answer::negotiate_among(accept, &OFFERED);
        let now = self.clock.now_millis();
        let lookback = i64::try_from(self.lookback.as_millis()).unwrap_or(i64::MAX);
        let start = Timestamp::from_millis(now.saturating_sub(lookback));
        let range = TimeRange { start, end: Timestamp::from_millis(now) };
        let series = self.series(selectors, range);
        let series = series.inspect_err(|_| self.errors.increment())?;
        let added = Arc::clone(&self.added.lock());
        Ok(Federated::new(series, range, answer, added, self.errors.clone()))
    }

    /// Ascending by name, then by labels.
    fn series(
        &self,
        selectors: &[Vec<Matcher>],
        range: TimeRange,
    ) -> Result<Vec<Box<dyn Series>>, ReadError> {
        let querier = self.store.querier(range)?;
        let mut all = Vec::new();
        // Who names nothing gets nothing: `{}` is more often a mistake than a wish for everything.
        for matchers in selectors.iter().filter(|matchers| !matchers.is_empty()) {
            all.append(&mut querier.select(matchers)?);
        }
        all.sort_by(|a, b| {
            let (a, b) = (a.labels(), b.labels());
            a.metric_name().cmp(&b.metric_name()).then_with(|| a.cmp(b))
        });
        all.dedup_by(|a, b| a.labels() == b.labels());
        Ok(all)
    }
}

/// An `instance` without a value keeps the reader from giving the series its own, where it honors labels.
fn added(external: &Labels) -> Added {
    let mut added: Vec<(String, String)> =
        external.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if external.get(INSTANCE).is_none() {
        added.push((INSTANCE.to_owned(), String::new()));
        added.sort_unstable();
    }
    added.into()
}

#[cfg(test)]
mod tests;
