//! A view whose series take from a budget what reading them may come to. For the head, whose chunks
//! are in memory already: what counts is the samples decoded from them.

use narthex_model::{Labels, Matcher};
use narthex_storage::{Columns, Querier, ReadError, Series, TimeRange};
use parking_lot::Mutex;

use super::{ReadBudget, ReadPermit, SAMPLE_BYTES, histogram_bytes};

/// See the head of this file.
pub(crate) struct Charged {
    of: Box<dyn Querier>,
    budget: ReadBudget,
}

struct ChargedSeries {
    of: Box<dyn Series>,
    /// Held from the first read until the series is dropped.
    permit: Mutex<ReadPermit>,
}

impl Charged {
    pub(crate) fn new(of: Box<dyn Querier>, budget: &ReadBudget) -> Self {
        Self { of, budget: budget.clone() }
    }
}

impl Querier for Charged {
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn Series>>, ReadError> {
        let series = self.of.select(matchers)?.into_iter().map(|of| {
            let permit = Mutex::new(self.budget.nothing());
            Box::new(ChargedSeries { of, permit }) as Box<dyn Series>
        });
        Ok(series.collect())
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.of.label_names(matchers)
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.of.label_values(name, matchers)
    }
}

impl Series for ChargedSeries {
    fn labels(&self) -> &Labels {
        self.of.labels()
    }

    fn samples_max(&self) -> usize {
        self.of.samples_max()
    }

    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError> {
        let bytes = (self.of.samples_max() as u64).saturating_mul(SAMPLE_BYTES);
        let mut permit = self.permit.lock();
        permit.grow_to(bytes)?;
        let before = out.histograms.len();
        let outcome = self.of.read(range, out);
        let read = out.histograms.get(before..).unwrap_or_default();
        permit.grow_to(bytes.saturating_add(histogram_bytes(read)))?;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::Timestamp;
    use narthex_storage::{Appendable, MemoryStore, Queryable};

    use super::*;

    #[test]
    fn what_is_read_is_held_until_the_series_goes() {
        let store = MemoryStore::new();
        let mut appender = store.appender();
        let series = appender.series(&Labels::from_pairs([("a", "b")])).unwrap();
        for at in 0..10 {
            appender.append(series, Timestamp::from_millis(at), 1.0).unwrap();
        }
        appender.commit().unwrap();
        let budget = ReadBudget::new(10 * SAMPLE_BYTES);
        let charged = Charged::new(store.querier(TimeRange::ALL).unwrap(), &budget);
        let (first, second) = (charged.select(&[]).unwrap(), charged.select(&[]).unwrap());
        let mut columns = Columns::default();
        first[0].read(TimeRange::ALL, &mut columns).unwrap();
        let refused = second[0].read(TimeRange::ALL, &mut columns).unwrap_err();
        assert!(matches!(refused, ReadError::TooMuch { .. }), "{refused}");
        assert_eq!(columns.len(), 10);
        drop(first);
        second[0].read(TimeRange::ALL, &mut columns).unwrap();
    }

    #[test]
    fn what_histograms_hold_counts() {
        let store = MemoryStore::new();
        let mut appender = store.appender();
        let series = appender.series(&Labels::from_pairs([("a", "b")])).unwrap();
        let histogram = narthex_model::FloatHistogram {
            layout: narthex_model::BucketLayout {
                positive_spans: vec![narthex_model::Span { offset: 0, length: 100 }],
                ..Default::default()
            },
            positive_counts: vec![0.0; 100],
            ..Default::default()
        };
        let histogram = narthex_model::NativeHistogram::Float(histogram);
        appender.append_histogram(series, Timestamp::from_millis(1), histogram.into()).unwrap();
        appender.commit().unwrap();
        for (max_bytes, is_enough) in [(700, false), (10_000, true)] {
            let budget = ReadBudget::new(max_bytes);
            let charged = Charged::new(store.querier(TimeRange::ALL).unwrap(), &budget);
            let series = charged.select(&[]).unwrap();
            let read = series[0].read(TimeRange::ALL, &mut Columns::default());
            assert_eq!(read.is_ok(), is_enough);
            assert_eq!(budget.held_bytes() > 800, is_enough);
        }
    }
}
