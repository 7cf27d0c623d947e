//! The suite that every store runs: one public function over a fresh, empty store a case.

use narthex_model::{
    BucketLayout, Exemplar, FloatHistogram, IntegerHistogram, Labels, MatchOp, Matcher, Metadata,
    MetricType, NativeHistogram, Span, Timestamp, stale_nan,
};

use crate::{AppendError, Appendable, Columns, Queryable, SeriesRef, TimeRange};

/// A store that can be written and read.
pub trait Store: Appendable + Queryable {}

impl<S: Appendable + Queryable> Store for S {}

type Case = fn(&dyn Store);

/// Runs all cases; `fresh` makes an empty store and is told the case's name.
///
/// # Panics
/// When the store breaks the contract.
pub fn run(fresh: &mut dyn FnMut(&str) -> Box<dyn Store>) {
    let cases: [(&str, Case); 10] = [
        ("a batch is invisible until it is committed", invisible_until_commit),
        ("series come out sorted and once", sorted_and_once),
        ("looking for a series makes none", found_when_there),
        ("matchers select", matchers_select),
        ("time ranges are closed", closed_ranges),
        ("order is kept", order_is_kept),
        ("staleness markers are samples", stale_markers),
        ("metadata is kept", metadata_is_kept),
        ("histograms are samples", histograms_are_samples),
        ("exemplars are found by series and time", exemplars_are_found),
    ];
    for (name, case) in cases {
        case(&*fresh(name));
    }
}

fn labels(name: &str, job: &str) -> Labels {
    Labels::from_pairs([("__name__", name), ("job", job)])
}

fn write(store: &dyn Store, labels: &Labels, samples: &[(i64, f64)]) -> SeriesRef {
    let mut appender = store.appender();
    let series = appender.series(labels).expect("a series");
    for (at, value) in samples {
        appender.append(series, Timestamp::from_millis(*at), *value).expect("in order");
    }
    appender.commit().expect("a commit");
    series
}

fn read(store: &dyn Store, matchers: &[Matcher], range: TimeRange) -> Vec<(String, Columns)> {
    let querier = store.querier(range).expect("a querier");
    let series = querier.select(matchers).expect("series");
    let mut out = Vec::new();
    for one in series {
        let mut columns = Columns::default();
        one.read(range, &mut columns).expect("samples");
        assert!(columns.samples() <= one.samples_max(), "samples_max is an upper bound");
        if !columns.is_empty() {
            out.push((one.labels().to_string(), columns));
        }
    }
    out
}

fn millis(start: i64, end: i64) -> TimeRange {
    TimeRange { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) }
}

fn invisible_until_commit(store: &dyn Store) {
    let mut appender = store.appender();
    let series = appender.series(&labels("a", "x")).expect("a series");
    appender.append(series, Timestamp::from_millis(1000), 1.0).expect("in order");
    assert!(read(store, &[], TimeRange::ALL).is_empty(), "nothing is visible before the commit");
    let done = appender.commit().expect("a commit");
    assert_eq!((done.samples, done.out_of_order), (1, 0));
    assert_eq!(read(store, &[], TimeRange::ALL).len(), 1);
    let mut dropped = store.appender();
    let series = dropped.series(&labels("b", "x")).expect("a series");
    dropped.append(series, Timestamp::from_millis(1000), 1.0).expect("in order");
    drop(dropped);
    assert_eq!(read(store, &[], TimeRange::ALL).len(), 1, "a dropped batch leaves nothing");
}

fn sorted_and_once(store: &dyn Store) {
    for job in ["z", "a", "m"] {
        let first = write(store, &labels("up", job), &[(1000, 1.0)]);
        let second = write(store, &labels("up", job), &[(2000, 2.0)]);
        assert_eq!(first, second, "a series keeps its reference");
    }
    let names: Vec<String> =
        read(store, &[], TimeRange::ALL).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [r#"up{job="a"}"#, r#"up{job="m"}"#, r#"up{job="z"}"#]);
}

fn found_when_there(store: &dyn Store) {
    let up = labels("up", "a");
    assert_eq!(store.appender().find(&up), None);
    assert_eq!(store.appender().find(&up), None, "it was only looked for");
    let series = write(store, &up, &[(1000, 1.0)]);
    assert_eq!(store.appender().find(&up), Some(series));
    assert_eq!(store.appender().find(&labels("up", "b")), None);
}

fn matchers_select(store: &dyn Store) {
    for (name, job) in [("up", "a"), ("up", "b"), ("down", "a"), ("down", "")] {
        write(store, &labels(name, job), &[(1000, 1.0)]);
    }
    let matcher = |op, name: &str, value: &str| Matcher::new(op, name, value).expect("a matcher");
    let check = |matchers: &[Matcher], expected: &[&str]| {
        let names: Vec<String> =
            read(store, matchers, TimeRange::ALL).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected, "{matchers:?}");
    };
    check(&[Matcher::equal("job", "a")], &[r#"down{job="a"}"#, r#"up{job="a"}"#]);
    check(&[Matcher::equal("job", "")], &["down"]);
    check(&[matcher(MatchOp::NotEqual, "job", "a")], &["down", r#"up{job="b"}"#]);
    check(
        &[matcher(MatchOp::NotEqual, "job", "")],
        &[r#"down{job="a"}"#, r#"up{job="a"}"#, r#"up{job="b"}"#],
    );
    check(
        &[matcher(MatchOp::Regex, "job", "a|b"), Matcher::equal("__name__", "up")],
        &[r#"up{job="a"}"#, r#"up{job="b"}"#],
    );
    check(
        &[matcher(MatchOp::Regex, "job", ".*")],
        &["down", r#"down{job="a"}"#, r#"up{job="a"}"#, r#"up{job="b"}"#],
    );
    check(&[matcher(MatchOp::NotRegex, "job", "a.*")], &["down", r#"up{job="b"}"#]);
    check(&[matcher(MatchOp::Regex, "nosuch", ".+")], &[]);

    let querier = store.querier(TimeRange::ALL).expect("a querier");
    assert_eq!(querier.label_names(&[]).expect("names"), ["__name__", "job"]);
    assert_eq!(querier.label_values("job", &[]).expect("values"), ["a", "b"]);
    let up = [Matcher::equal("__name__", "down")];
    assert_eq!(querier.label_values("job", &up).expect("values"), ["a"]);
}

fn closed_ranges(store: &dyn Store) {
    let samples: Vec<(i64, f64)> =
        (0..1000_i32).map(|i| (i64::from(i) * 1000, f64::from(i))).collect();
    write(store, &labels("a", "x"), &samples);
    let times = |start, end| {
        let found = read(store, &[], millis(start, end));
        found.into_iter().next().map_or(Vec::new(), |(_, columns)| columns.times)
    };
    assert_eq!(times(5000, 7000), [5000, 6000, 7000]);
    assert_eq!(times(5001, 6999), [6000]);
    assert_eq!(times(998_001, i64::MAX), [999_000]);
    assert_eq!(times(2_000_000, 3_000_000), [0_i64; 0]);
    let all = read(store, &[], TimeRange::ALL);
    assert_eq!(all.first().map(|(_, columns)| columns.len()), Some(1000));
    let last = all.first().and_then(|(_, columns)| columns.values.last().copied());
    assert_eq!(last, Some(999.0));
}

fn order_is_kept(store: &dyn Store) {
    let series = write(store, &labels("a", "x"), &[(1000, 1.0), (2000, 2.0)]);
    let mut appender = store.appender();
    let at = Timestamp::from_millis;
    assert_eq!(appender.append(series, at(1500), 1.0), Err(AppendError::OutOfOrder));
    assert_eq!(appender.append(series, at(2000), 3.0), Err(AppendError::Duplicate));
    assert_eq!(appender.append(series, at(2000), 2.0), Ok(()), "the same again is no error");
    assert_eq!(
        appender.append(SeriesRef(u64::MAX), at(2000), 2.0),
        Err(AppendError::UnknownSeries)
    );
    assert_eq!(appender.append(series, at(3000), 3.0), Ok(()));
    appender.commit().expect("a commit");
    let all = read(store, &[], TimeRange::ALL);
    assert_eq!(all.first().map(|(_, columns)| columns.times.clone()), Some(vec![1000, 2000, 3000]));
}

fn stale_markers(store: &dyn Store) {
    write(store, &labels("a", "x"), &[(1000, 1.0), (2000, stale_nan()), (3000, f64::NAN)]);
    let all = read(store, &[], TimeRange::ALL);
    let bits: Vec<u64> =
        all.iter().flat_map(|(_, c)| c.values.iter().map(|value| value.to_bits())).collect();
    assert_eq!(bits, [1f64.to_bits(), stale_nan().to_bits(), f64::NAN.to_bits()]);
}

fn metadata_is_kept(store: &dyn Store) {
    let metadata =
        Metadata { metric_type: MetricType::Gauge, help: "Up.".into(), unit: String::new() };
    let mut appender = store.appender();
    appender.metadata("up", &metadata);
    appender.commit().expect("a commit");
    assert_eq!(Queryable::metadata(store, Some("up")), [("up".to_owned(), metadata)]);
    assert!(Queryable::metadata(store, Some("down")).is_empty());
}

fn integer(count: i64) -> NativeHistogram {
    NativeHistogram::Integer(IntegerHistogram {
        layout: BucketLayout {
            zero_threshold: 0.001,
            positive_spans: vec![Span { offset: 0, length: 2 }],
            ..BucketLayout::default()
        },
        count: 2 * count.unsigned_abs() + 1,
        sum: 3.5,
        positive_deltas: vec![count, 1],
        ..IntegerHistogram::default()
    })
}

fn float(value: f64) -> NativeHistogram {
    NativeHistogram::Float(FloatHistogram {
        layout: BucketLayout {
            positive_spans: vec![Span { offset: -1, length: 1 }],
            ..BucketLayout::default()
        },
        count: value,
        sum: value,
        positive_counts: vec![value],
        ..FloatHistogram::default()
    })
}

/// Floats and both kinds of histograms may take turns in one series.
fn histograms_are_samples(store: &dyn Store) {
    let series = write(store, &labels("a", "x"), &[(1000, 1.0)]);
    let stored = [(2000, integer(3)), (3000, integer(5)), (4000, float(2.5)), (6000, integer(6))];
    for (at, histogram) in &stored {
        let mut appender = store.appender();
        if *at == 6000 {
            appender.append(series, Timestamp::from_millis(5000), 5.0).expect("in order");
        }
        let at = Timestamp::from_millis(*at);
        appender.append_histogram(series, at, histogram.clone().into()).expect("in order");
        appender.commit().expect("a commit");
    }
    let mut appender = store.appender();
    let at = Timestamp::from_millis;
    assert_eq!(
        appender.append_histogram(series, at(6000), integer(6).into()),
        Ok(()),
        "the same again"
    );
    assert_eq!(
        appender.append_histogram(series, at(6000), integer(7).into()),
        Err(AppendError::Duplicate)
    );
    assert_eq!(appender.append(series, at(6000), 1.0), Err(AppendError::Duplicate));
    assert_eq!(
        appender.append_histogram(series, at(5500), integer(7).into()),
        Err(AppendError::OutOfOrder)
    );
    let wrong = IntegerHistogram { count: 5, ..IntegerHistogram::default() };
    let wrong = NativeHistogram::Integer(wrong);
    let refused = appender.append_histogram(series, at(7000), wrong.into());
    assert!(matches!(refused, Err(AppendError::InvalidHistogram(_))), "{refused:?}");
    drop(appender);
    let all = read(store, &[], TimeRange::ALL);
    let (_, columns) = all.first().expect("the series");
    assert_eq!(columns.times, [1000, 5000]);
    let found: Vec<i64> = columns.histograms.iter().map(|point| point.at).collect();
    assert_eq!(found, [2000, 3000, 4000, 6000]);
    for (point, (at, histogram)) in columns.histograms.iter().zip(&stored) {
        let (found, stored) = (point.histogram.to_float(), histogram.to_float());
        assert_eq!(found.positive_counts, stored.positive_counts, "at {at}");
        assert_eq!((found.count, found.sum), (stored.count, stored.sum), "at {at}");
        assert_eq!(found.layout, stored.layout, "at {at}");
        let is_integer = |h: &NativeHistogram| matches!(h, NativeHistogram::Integer(_));
        assert_eq!(is_integer(&point.histogram), is_integer(histogram), "at {at}");
    }
    let cut = read(store, &[], millis(3000, 4000));
    let times = cut.first().map(|(_, columns)| columns.histograms.iter().map(|p| p.at).collect());
    assert_eq!(times, Some(vec![3000, 4000]));
}

fn exemplars_are_found(store: &dyn Store) {
    let exemplar = |trace: &str, at: i64| Exemplar {
        labels: Labels::from_pairs([("trace_id", trace)]),
        value: 0.5,
        at: Timestamp::from_millis(at),
    };
    for (job, trace, at) in [("x", "a", 1000), ("y", "b", 1000), ("x", "c", 2000), ("x", "c", 2000)]
    {
        let mut appender = store.appender();
        let series = appender.series(&labels("a", job)).expect("a series");
        let at_sample = Timestamp::from_millis(at);
        appender.append(series, at_sample, 1.0).expect("in order, or the same again");
        appender.exemplar(series, exemplar(trace, at)).expect("short");
        appender.commit().expect("a commit");
    }
    let mut appender = store.appender();
    let series = appender.series(&labels("a", "x")).expect("a series");
    let long = appender.exemplar(series, exemplar(&"t".repeat(200), 3000));
    assert!(matches!(long, Err(AppendError::ExemplarTooLong { .. })), "{long:?}");
    drop(appender);
    let check = |range, selectors: &[Vec<Matcher>], expected: &[&str]| {
        let found = store.exemplars(range, selectors).expect("exemplars");
        let lines: Vec<String> = found
            .iter()
            .flat_map(|series| series.exemplars.iter().map(|one| (&series.labels, one)))
            .map(|(labels, one)| format!("{labels} {} @{}", one.labels, one.at.millis()))
            .collect();
        assert_eq!(lines, expected);
    };
    let (x, y) = (vec![Matcher::equal("job", "x")], vec![Matcher::equal("job", "y")]);
    let of_a = r#"a{job="x"} {trace_id="a"} @1000"#;
    let of_b = r#"a{job="y"} {trace_id="b"} @1000"#;
    let of_c = r#"a{job="x"} {trace_id="c"} @2000"#;
    check(TimeRange::ALL, &[x.clone(), y], &[of_a, of_c, of_b]);
    check(millis(0, 1500), &[x], &[of_a]);
    check(TimeRange::ALL, &[], &[]);
}
