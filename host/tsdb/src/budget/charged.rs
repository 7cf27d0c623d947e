//! A view whose series take from a budget what reading them may come to. For the head, whose chunks
//! are in memory already: what counts is the samples decoded from them.

use narthex_model::{Labels, Matcher};
use narthex_storage::{Columns, Querier, ReadError, Series, TimeRange};
use parking_lot::Mutex;

use super::{ReadBudget, ReadPermit, SAMPLE_BYTES};

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
        self.permit.lock().grow_to(bytes)?;
        self.of.read(range, out)
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
}
