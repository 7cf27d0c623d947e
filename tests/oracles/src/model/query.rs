//! Reading a store through the traits that every query goes through, and judging the answers.

use std::collections::BTreeSet;

use narthex_model::{Exemplar, MatchOp, Matcher, Timestamp};
use narthex_storage::{Columns, Queryable, ReadError, TimeRange};

use super::{ExemplarKey, Found, Key, Model, Samples, SeriesNumber};
use crate::Value;

impl Model {
    /// Everything that a store shows.
    ///
    /// # Errors
    /// When the store cannot be read.
    ///
    /// # Panics
    /// When it shows what cannot be: series out of order, times out of order, unknown series.
    pub fn read(&self, store: &dyn Queryable) -> Result<Found, ReadError> {
        let samples = self.answer(store, TimeRange::ALL, &[])?;
        let metadata = store.metadata(None).into_iter().collect();
        Ok(Found { samples, metadata, exemplars: self.exemplars(store)? })
    }

    /// What a store with damage shows of each series that can be read.
    #[must_use]
    pub fn read_each(&self, store: &dyn Queryable) -> Found {
        let mut found = Found::default();
        for labels in self.catalog.all() {
            let matchers: Vec<Matcher> =
                labels.iter().map(|(name, value)| Matcher::equal(name, value)).collect();
            if let Ok(samples) = self.answer(store, TimeRange::ALL, &matchers) {
                found.samples.extend(samples);
            }
        }
        found
    }

    fn exemplars(&self, store: &dyn Queryable) -> Result<BTreeSet<ExemplarKey>, ReadError> {
        let all = Matcher::new(MatchOp::Regex, "__name__", ".+").expect("a pattern");
        let mut found = BTreeSet::new();
        for series in store.exemplars(TimeRange::ALL, &[vec![all]])? {
            let labels = &series.labels;
            let number = self.catalog.find(labels);
            let number = number.unwrap_or_else(|| panic!("series {labels} was never written"));
            let times: Vec<i64> = series.exemplars.iter().map(|one| one.at.millis()).collect();
            assert!(times.is_sorted(), "the exemplars of {labels} do not ascend: {times:?}");
            for exemplar in &series.exemplars {
                let is_new = found.insert(exemplar_key(number, exemplar));
                assert!(is_new, "{labels} has an exemplar twice: {exemplar:?}");
            }
        }
        Ok(found)
    }

    /// Asks a running store and compares with what was acknowledged.
    ///
    /// # Panics
    /// When the answers are not those, or there is none.
    pub fn check_query(&self, store: &dyn Queryable, range: TimeRange, matchers: &[Matcher]) {
        let found = self.answer(store, range, matchers).expect("an answer");
        let expected: Samples = self
            .shown
            .iter()
            .filter(|(key, _)| self.is_asked(**key, range, matchers))
            .map(|(key, value)| (*key, *value))
            .collect();
        self.check_samples(&found, &expected);
        self.check_labels(store, range, matchers, &expected);
    }

    fn is_asked(&self, (series, at): Key, range: TimeRange, matchers: &[Matcher]) -> bool {
        let labels = self.catalog.labels(series);
        range.contains(Timestamp::from_millis(at))
            && matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or("")))
    }

    /// All samples of an answer.
    fn answer(
        &self,
        store: &dyn Queryable,
        range: TimeRange,
        matchers: &[Matcher],
    ) -> Result<Samples, ReadError> {
        let querier = store.querier(range)?;
        let mut all = Samples::new();
        let mut before = None;
        for series in querier.select(matchers)? {
            let labels = series.labels().clone();
            assert!(before.as_ref() < Some(&labels), "{labels} comes after {before:?}");
            let number = self.catalog.find(&labels);
            let number = number.unwrap_or_else(|| panic!("series {labels} was never written"));
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns)?;
            let samples = columns.samples();
            let max = series.samples_max();
            assert!(samples <= max, "{labels} has {samples} samples, more than {max}");
            check_ascending(&columns.times, &labels);
            let times: Vec<i64> = columns.histograms.iter().map(|point| point.at).collect();
            check_ascending(&times, &labels);
            for (at, value) in columns.times.iter().zip(&columns.values) {
                all.insert((number, *at), Value::from(*value));
            }
            for point in &columns.histograms {
                let other = all.insert((number, point.at), Value::from(&*point.histogram));
                assert_eq!(other, None, "{labels} has two samples at {}", point.at);
            }
            before = Some(labels);
        }
        Ok(all)
    }

    /// Names and values of labels: of every series with samples in the range, and of none that
    /// does not match.
    fn check_labels(
        &self,
        store: &dyn Queryable,
        range: TimeRange,
        matchers: &[Matcher],
        expected: &Samples,
    ) {
        let querier = store.querier(range).expect("a querier");
        let certain = expected.keys().filter(|key| !self.optional.contains(key));
        let certain: BTreeSet<u32> = certain.map(|(series, _)| *series).collect();
        let certain: Vec<_> =
            certain.into_iter().map(|series| self.catalog.labels(series)).collect();
        let possible: Vec<_> = self
            .catalog
            .all()
            .iter()
            .filter(|labels| matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or(""))))
            .collect();
        let names = querier.label_names(matchers).expect("names");
        let must: BTreeSet<&str> = certain.iter().flat_map(|l| l.iter().map(|(n, _)| n)).collect();
        let may: BTreeSet<&str> = possible.iter().flat_map(|l| l.iter().map(|(n, _)| n)).collect();
        check_between(&names, &must, &may, "label names");
        for name in ["job", "instance", "pod", "nowhere"] {
            let values = querier.label_values(name, matchers).expect("values");
            let must: BTreeSet<&str> =
                certain.iter().filter_map(|labels| labels.get(name)).collect();
            let may: BTreeSet<&str> =
                possible.iter().filter_map(|labels| labels.get(name)).collect();
            check_between(&values, &must, &may, name);
        }
    }
}

/// How an exemplar is compared.
#[must_use]
pub fn exemplar_key(series: SeriesNumber, exemplar: &Exemplar) -> ExemplarKey {
    let text = format!("{} {:016x}", exemplar.labels, exemplar.value.to_bits());
    (series, exemplar.at.millis(), text)
}

fn check_ascending(times: &[i64], labels: &narthex_model::Labels) {
    let ascend = times.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    assert!(ascend, "the times of {labels} do not ascend: {times:?}");
}

fn check_between(found: &[String], must: &BTreeSet<&str>, may: &BTreeSet<&str>, what: &str) {
    let ascend = found.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    assert!(ascend, "{what} do not ascend: {found:?}");
    for text in must {
        assert!(found.iter().any(|found| found == text), "{what} lack {text}: {found:?}");
    }
    for text in found {
        assert!(may.contains(text.as_str()), "{what} hold {text}, which no matching series has");
    }
}
