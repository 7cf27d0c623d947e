//! The head against a map: random series, kinds, order, deletions, readers, checkpoints, restarts.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{BucketLayout, IntegerHistogram, NativeHistogram, Span};
use proptest::prelude::*;

use super::*;

/// A sample as text: kind and what tells one value from another.
type Model = BTreeMap<String, BTreeMap<i64, String>>;

#[derive(Clone, Debug)]
enum Step {
    /// One batch: series, minutes from now, number, whether it is a histogram.
    Commit(Vec<(usize, i64, u32, bool)>),
    /// Opens a reader that is looked at after the next step.
    Look,
    Checkpoint,
    /// Full chunks move to files.
    Spill,
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    let sample = (0_usize..4, -12_i64..3, 0_u32..50, prop::bool::weighted(0.3));
    prop_oneof![
        6 => prop::collection::vec(sample, 1..40).prop_map(Step::Commit),
        2 => Just(Step::Look),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Spill),
        1 => Just(Step::Restart),
    ]
}

fn histogram(number: u32) -> NativeHistogram {
    let (first, second) = (i64::from(number), i64::from(number % 7));
    NativeHistogram::Integer(IntegerHistogram {
        layout: BucketLayout {
            positive_spans: vec![Span { offset: 0, length: 1 + number % 2 }],
            ..BucketLayout::default()
        },
        count: u64::from(number) + if number % 2 == 1 { u64::from(number % 7) } else { 0 },
        sum: f64::from(number),
        positive_deltas: if number % 2 == 1 { vec![first, second - first] } else { vec![first] },
        ..IntegerHistogram::default()
    })
}

fn shown(querier: &dyn Querier) -> Model {
    let mut model = Model::new();
    for series in querier.select(&[]).unwrap() {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).unwrap();
        assert!(columns.samples() <= series.samples_max(), "samples_max is an upper bound");
        let floats = columns.times.iter().zip(&columns.values);
        let floats = floats.map(|(at, value)| (*at, format!("float {value}")));
        let histograms = columns.histograms.iter().map(|point| {
            // The buckets may have become more.
            (point.at, format!("histogram {}", point.histogram.sum()))
        });
        let samples: BTreeMap<i64, String> = floats.chain(histograms).collect();
        assert_eq!(samples.len(), columns.samples(), "a time stands once");
        model.insert(series.labels().to_string(), samples);
    }
    model
}

fn window(minutes: u64) -> Config {
    let window = std::time::Duration::from_secs(minutes * 60);
    let settings = Settings::default().with_out_of_order_window(window).unwrap();
    Config::new("/data").with_settings(settings)
}

#[track_caller]
fn check(steps: &[Step], window_minutes: u64) {
    let world = World::new();
    let mut store = world.open_with(window(window_minutes));
    let mut model = Model::new();
    let mut looking: Option<(Box<dyn Querier>, Model)> = None;
    let mut now = 100 * 60_000;
    for step in steps {
        match step {
            Step::Commit(samples) => {
                now += 60_000;
                let mut batch = store.appender();
                let mut taken = Vec::new();
                // In order within the batch: what one sample of it does to the next is not said
                // before the commit.
                let mut samples = samples.clone();
                samples.sort_by_key(|(instance, minutes, number, _)| {
                    (*instance, minutes * 60_000 + i64::from(*number))
                });
                for (instance, minutes, number, is_histogram) in &samples {
                    let labels = labels("m", *instance);
                    let series = batch.series(&labels).unwrap();
                    // Distinct times, so that no two samples of a series are the same.
                    let at = now + minutes * 60_000 + i64::from(*number);
                    let time = Timestamp::from_millis(at);
                    let (outcome, text) = if *is_histogram {
                        let histogram = histogram(*number);
                        let text = format!("histogram {}", histogram.sum());
                        (batch.append_histogram(series, time, histogram.into()), text)
                    } else {
                        (batch.append(series, time, f64::from(*number)), format!("float {number}"))
                    };
                    match outcome {
                        Ok(()) => taken.push((labels.to_string(), at, text)),
                        Err(
                            AppendError::OutOfOrder | AppendError::Duplicate | AppendError::TooOld,
                        ) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                let done = batch.commit().unwrap();
                for (name, at, text) in taken {
                    let known = model.entry(name).or_default();
                    let newest = known.keys().next_back().copied();
                    if window_minutes == 0 && newest.is_some_and(|newest| at <= newest) {
                        // Two of one batch that are in no order: found at the commit.
                        continue;
                    }
                    known.entry(at).or_insert(text);
                }
                assert!(window_minutes > 0 || done.out_of_order <= samples.len());
            }
            Step::Look => {
                looking = Some((store.querier(TimeRange::ALL).unwrap(), model.clone()));
                continue;
            }
            Step::Checkpoint => store.checkpoint().unwrap(),
            Step::Spill => store.0.spill_chunks_beyond(0).unwrap(),
            Step::Restart => {
                looking = None;
                drop(store);
                world.disk.restart_after_kill();
                store = world.open_with(window(window_minutes));
                assert!(store.damaged().is_empty(), "{:?}", store.damaged());
            }
        }
        if let Some((querier, before)) = looking.take() {
            assert_eq!(shown(&*querier), before, "a reader sees what was there when it came");
        }
        assert_eq!(shown(&*store.querier(TimeRange::ALL).unwrap()), model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_head_is_a_map_of_series_in_order(steps in prop::collection::vec(any_step(), 1..16)) {
        check(&steps, 0);
    }

    #[test]
    fn the_head_is_a_map_of_series_in_any_order(steps in prop::collection::vec(any_step(), 1..16)) {
        check(&steps, 10);
    }
}

#[test]
fn samples_beyond_the_window_are_too_old() {
    let world = World::new();
    let store = world.open_with(window(10));
    let series = write(&store, &labels("m", 1), &[(3_600_000, 1.0)]);
    let mut batch = store.appender();
    let late = |minutes: i64| Timestamp::from_millis(3_600_000 - minutes * 60_000);
    assert_eq!(batch.append(series, late(10), 1.0), Ok(()));
    assert_eq!(batch.append(series, late(11), 1.0), Err(AppendError::TooOld));
    let stale = Arc::new(histogram(3));
    assert_eq!(batch.append_histogram(series, late(5), Arc::clone(&stale)), Ok(()));
    assert_eq!(batch.commit().unwrap().samples, 2);
}

#[test]
fn a_batch_may_refuse_what_the_window_would_take() {
    let world = World::new();
    let store = world.open_with(window(10));
    let series = write(&store, &labels("m", 1), &[(3_600_000, 1.0)]);
    let mut batch = store.appender();
    batch.in_order_only();
    let at = Timestamp::from_millis;
    assert_eq!(batch.append(series, at(3_500_000), 1.0), Err(AppendError::OutOfOrder));
    assert_eq!(batch.append(series, at(3_600_000), 2.0), Err(AppendError::Duplicate));
    assert_eq!(batch.append(series, at(3_700_000), 1.0), Ok(()));
    // What is old for the store and new for its series is not out of order.
    let other = batch.series(&labels("m", 2)).unwrap();
    assert_eq!(batch.append(other, at(3_100_000), 1.0), Ok(()));
    assert_eq!(batch.commit().unwrap().samples, 2);
}
