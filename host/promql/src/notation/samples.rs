//! Points to samples, as a store that encodes them gives them back.

use std::sync::Arc;

use narthex_model::{CounterReset, FloatHistogram, Labels, NativeHistogram, Timestamp, is_stale};
use narthex_storage::{AppendError, Appender};

use super::{SeriesNotation, SeriesPoint};
use crate::result::SampleValue;

/// One sample of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesSample {
    /// When.
    pub at: Timestamp,
    /// When its counting began, where that is said.
    pub start: Option<Timestamp>,
    /// What.
    pub value: SampleValue,
}

impl SeriesNotation {
    /// The samples of the points, the first one at `first`. What is known of counter resets is not
    /// settled yet: see [`settle_resets`].
    #[must_use]
    pub fn samples(&self, first: Timestamp, interval_millis: i64) -> Vec<SeriesSample> {
        let starts = self.starts.iter().copied().chain(std::iter::repeat(None));
        let mut samples = Vec::new();
        for ((index, point), start) in (0_i64..).zip(&self.points).zip(starts) {
            let at = first.saturating_add(index.saturating_mul(interval_millis));
            let value = match point {
                SeriesPoint::Omitted => continue,
                SeriesPoint::Float(value) => SampleValue::Float(*value),
                SeriesPoint::Histogram { histogram, .. } => {
                    SampleValue::Histogram(Arc::clone(histogram))
                }
            };
            let start = start.map(|offset| at.saturating_add(offset));
            samples.push(SeriesSample { at, start, value });
        }
        samples
    }
}

/// Gives the histograms of a series, ascending by time, the hints that they have after a store
/// encoded them. It keeps what it is told of gauges; of the rest it knows that there was no reset
/// within a run that it encoded together, and nothing at the start of a run, where it may have
/// found one: the histograms before may be gone when the run is read.
pub fn settle_resets(samples: &mut [SeriesSample]) {
    let mut previous: Option<Arc<FloatHistogram>> = None;
    for sample in samples {
        match &mut sample.value {
            SampleValue::Float(value) if is_stale(*value) && previous.is_some() => {
                let marker = FloatHistogram { sum: *value, ..FloatHistogram::default() };
                previous = Some(Arc::new(marker));
            }
            SampleValue::Float(_) => previous = None,
            SampleValue::Histogram(histogram) => {
                let reset = settled(histogram, previous.as_deref());
                if reset != histogram.reset {
                    Arc::make_mut(histogram).reset = reset;
                }
                previous = Some(Arc::clone(histogram));
            }
        }
    }
}

fn settled(histogram: &FloatHistogram, previous: Option<&FloatHistogram>) -> CounterReset {
    if histogram.reset == CounterReset::Gauge {
        return CounterReset::Gauge;
    }
    let Some(previous) = previous else { return CounterReset::Unknown };
    let (now, before) = (&histogram.layout, &previous.layout);
    let begins_anew = histogram.reset == CounterReset::Reset
        || previous.reset == CounterReset::Gauge
        || is_stale(previous.sum)
        || now.schema != before.schema
        || now.zero_threshold.to_bits() != before.zero_threshold.to_bits()
        || now.custom_bounds != before.custom_bounds;
    let unhinted = || FloatHistogram { reset: CounterReset::Unknown, ..histogram.clone() };
    if begins_anew || unhinted().detect_reset(previous) {
        CounterReset::Unknown
    } else {
        CounterReset::NotReset
    }
}

/// Appends samples to a series.
///
/// # Errors
/// At the first sample that the store refuses.
pub fn append_samples<'a>(
    appender: &mut dyn Appender,
    labels: &Labels,
    samples: impl IntoIterator<Item = &'a SeriesSample>,
) -> Result<(), AppendError> {
    let series = appender.series(labels)?;
    for sample in samples {
        match &sample.value {
            SampleValue::Float(value) => appender.append(series, sample.at, *value)?,
            SampleValue::Histogram(histogram) => {
                let histogram = NativeHistogram::Float(FloatHistogram::clone(histogram));
                appender.append_histogram(series, sample.at, histogram.into())?;
            }
        }
        if let Some(start) = sample.start {
            appender.started(series, start);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use narthex_storage::{Appendable, Columns, MemoryStore, Queryable, TimeRange};

    use super::*;
    use crate::parse_series_block;

    /// The hints of the histograms of a line, a letter each.
    #[track_caller]
    fn check(values: &str, expected: &str) {
        let series = parse_series_block([format!("a {values}").as_str()]).unwrap();
        let mut samples = series[0].samples(Timestamp::from_millis(0), 1000);
        settle_resets(&mut samples);
        let hints = samples.iter().map(|sample| match &sample.value {
            SampleValue::Float(_) => '-',
            SampleValue::Histogram(histogram) => match histogram.reset {
                CounterReset::Unknown => 'u',
                CounterReset::Reset => 'r',
                CounterReset::NotReset => 'n',
                CounterReset::Gauge => 'g',
            },
        });
        assert_eq!(hints.collect::<String>(), expected, "{values}");
    }

    #[test]
    fn hints_are_those_of_a_store() {
        check("{{count:1}} {{count:2}} {{count:1}} {{count:1}}", "unun");
        check("{{buckets:[1 1] count:2}} {{buckets:[2 0] count:2}}", "uu");
        check("{{schema:1 count:1}} {{count:1}} {{count:1 z_bucket_w:1}}", "uuu");
        let hint = |hint: &str| format!("{{{{count:9 counter_reset_hint:{hint}}}}}");
        check(&format!("{0} {0} {1}", hint("reset"), hint("unknown")), "uun");
        check(&format!("{} {{{{count:1}}}}", hint("not_reset")), "uu");
        check(&format!("{0} {0} {{{{count:1}}}} {{{{count:2}}}}", hint("gauge")), "ggun");
        check("{{count:1}} 5 {{count:1}} stale {{count:1}} {{count:1}}", "u-u-un");
        let custom = |bound: i32| format!("{{{{schema:-53 custom_values:[{bound}]}}}}");
        check(&format!("{} {}", custom(1), custom(2)), "uu");
    }

    #[test]
    fn samples_have_times_and_starts() {
        let series = parse_series_block(["a@st -5s _ 0s", "a 1 _ {{count:2}}"]).unwrap();
        let samples = series[0].samples(Timestamp::from_millis(10_000), 1000);
        let times: Vec<_> = samples.iter().map(|s| (s.at.millis(), s.start)).collect();
        let start = Timestamp::from_millis;
        assert_eq!(times, [(10_000, Some(start(5000))), (12_000, Some(start(12_000)))]);
        let store = MemoryStore::new();
        let mut appender = store.appender();
        append_samples(&mut *appender, &series[0].labels, &samples).unwrap();
        appender.commit().unwrap();
        let mut columns = Columns::default();
        let querier = store.querier(TimeRange::ALL).unwrap();
        querier.select(&[]).unwrap()[0].read(TimeRange::ALL, &mut columns).unwrap();
        assert_eq!(
            (columns.values.as_slice(), columns.starts.as_slice()),
            (&[1.0][..], &[5000][..])
        );
        assert_eq!((columns.histograms[0].at, columns.histograms[0].start), (12_000, 12_000));
    }
}
