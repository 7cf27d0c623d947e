//! All samples of a server or a store, as text that can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use narthex_model::{NativeHistogram, is_stale};
use narthex_platform::{Clock, Metrics, RealDisk};
use narthex_storage::{Columns, Queryable, TimeRange};
use narthex_tsdb::{Config, Tsdb};
use serde_json::Value as Json;

/// Series by labels, samples by time: what two stores are compared by.
pub(crate) type Samples = BTreeMap<String, Vec<(i64, String)>>;

/// What a server answers to a selector with a range.
pub(crate) fn of_matrix(answer: &Json) -> Samples {
    let series = answer["data"]["result"].as_array().expect("a matrix");
    series.iter().map(|series| (labels_of(&series["metric"]), samples_of(series))).collect()
}

/// All that a store holds, but for series without samples.
pub(crate) fn of_store(store: &dyn Queryable) -> Samples {
    let mut all = Samples::new();
    let querier = store.querier(TimeRange::ALL).expect("it answers");
    for series in querier.select(&[]).expect("it answers") {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).expect("its samples are whole");
        let labels = series.labels().iter().map(|(name, value)| format!("{name}={value};"));
        let samples = ours(&columns);
        if !samples.is_empty() {
            all.insert(labels.collect(), samples);
        }
    }
    all
}

/// The same of the data folder that a host has left.
#[track_caller]
pub(crate) fn of_folder(folder: &Path) -> Samples {
    let config = Config::new(folder.to_str().expect("UTF-8"));
    let store = Tsdb::open(config, RealDisk::shared(), Clock::real(), &Metrics::new());
    let store = store.expect("it opens");
    store.replay_now().expect("the log is read");
    of_store(&store)
}

fn labels_of(metric: &Json) -> String {
    let labels: BTreeMap<_, _> = metric.as_object().expect("labels").iter().collect();
    let pairs = labels
        .into_iter()
        .map(|(name, value)| format!("{name}={};", value.as_str().expect("a value")));
    pairs.collect()
}

fn samples_of(series: &Json) -> Vec<(i64, String)> {
    let list = |key: &str| series[key].as_array().cloned().unwrap_or_default();
    let millis = |at: &Json| {
        // Times have three digits behind the point; strings show them as they are.
        let text = at.to_string();
        let (seconds, rest) = text.split_once('.').unwrap_or((&text, ""));
        format!("{seconds}{rest:0<3}").parse::<i64>().expect("a time")
    };
    let number = |value: &Json| -> f64 {
        value.as_str().expect("numbers are strings").parse().expect("a number")
    };
    let floats = list("values")
        .into_iter()
        .map(|point| (millis(&point[0]), format!("{:?}", number(&point[1]))));
    let histograms = list("histograms").into_iter().map(|point| {
        let histogram = &point[1];
        let buckets = histogram["buckets"].as_array().cloned().unwrap_or_default();
        let buckets: Vec<f64> = buckets.iter().map(|bucket| number(&bucket[3])).collect();
        let text = show(number(&histogram["count"]), number(&histogram["sum"]), &buckets);
        (millis(&point[0]), text)
    });
    let mut samples: Vec<_> = floats.chain(histograms).collect();
    samples.sort();
    samples
}

fn show(count: f64, sum: f64, buckets: &[f64]) -> String {
    format!("count {count} sum {sum} buckets {buckets:?}")
}

/// A range answers everything but staleness markers.
fn ours(columns: &Columns) -> Vec<(i64, String)> {
    let floats = columns.times.iter().zip(&columns.values);
    let floats = floats.filter(|(_, value)| !is_stale(**value));
    let mut samples: Vec<_> = floats.map(|(at, value)| (*at, format!("{value:?}"))).collect();
    for point in columns.histograms.iter().filter(|point| !point.histogram.is_stale()) {
        let histogram = NativeHistogram::to_float(&point.histogram);
        let negative = histogram.negative_counts.iter().rev();
        let zero = std::iter::once(&histogram.zero_count);
        let buckets = negative.chain(zero).chain(&histogram.positive_counts);
        let buckets: Vec<f64> = buckets.copied().filter(|count| *count != 0.0).collect();
        samples.push((point.at, show(histogram.count, histogram.sum, &buckets)));
    }
    samples.sort();
    samples
}

/// Says what one has and the other has not.
#[track_caller]
pub(crate) fn compare(ours: &Samples, theirs: &Samples) {
    let names = |all: &Samples| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs));
    for (labels, wanted) in theirs {
        let found = &ours[labels];
        let missing: Vec<_> =
            wanted.iter().filter(|sample| !found.contains(sample)).take(5).collect();
        let surplus: Vec<_> =
            found.iter().filter(|sample| !wanted.contains(sample)).take(5).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{labels} has {} samples, wanted {}\nmissing {missing:?}\nsurplus {surplus:?}",
            found.len(),
            wanted.len()
        );
    }
}
