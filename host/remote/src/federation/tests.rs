use narthex_model::{
    BucketLayout, ClassicHistogram, CounterReset, FloatHistogram, METRIC_NAME, MatchOp,
    NativeHistogram, Span, stale_nan,
};
use narthex_platform::SimulatedClock;
use narthex_storage::{Appendable, MemoryStore};

use super::*;

const NOW: i64 = 1_767_225_600_000;
const PROTOBUF: &str = "application/vnd.google.protobuf;\
proto=io.prometheus.client.MetricFamily;encoding=delimited";

struct Rig {
    store: MemoryStore,
    federation: Federation,
}

impl Rig {
    fn new() -> Self {
        let store = MemoryStore::new();
        let clock = SimulatedClock::at(NOW).clock();
        let lookback = Duration::from_secs(300);
        let federation = Federation::new(Arc::new(store.clone()), clock, lookback, &Metrics::new());
        Self { store, federation }
    }

    /// A float, so many seconds ago.
    fn float(&self, labels: &[(&str, &str)], ago: i64, value: f64) {
        let mut appender = self.store.appender();
        let labels = Labels::from_pairs(labels.iter().copied());
        let series = appender.series(&labels).unwrap();
        appender.append(series, Timestamp::from_millis(NOW - ago * 1000), value).unwrap();
        appender.commit().unwrap();
    }

    fn histogram(&self, labels: &[(&str, &str)], ago: i64, histogram: NativeHistogram) {
        let mut appender = self.store.appender();
        let labels = Labels::from_pairs(labels.iter().copied());
        let series = appender.series(&labels).unwrap();
        let at = Timestamp::from_millis(NOW - ago * 1000);
        appender.append_histogram(series, at, histogram.into()).unwrap();
        appender.commit().unwrap();
    }

    fn body(&self, selectors: &[Vec<Matcher>], accept: &str) -> Vec<u8> {
        let mut federated = self.federation.find(selectors, accept).unwrap();
        let mut body = Vec::new();
        while let Some(piece) = federated.next_piece().unwrap() {
            body.extend(piece);
        }
        assert_eq!(federated.next_piece().unwrap(), None);
        body
    }

    /// The answer to a request for everything.
    #[track_caller]
    fn check(&self, accept: &str, expected: &str) {
        let body = String::from_utf8(self.body(&[vec![named(".+")]], accept)).unwrap();
        assert_eq!(body.replace("1767225", "…"), expected);
    }
}

fn named(pattern: &str) -> Matcher {
    Matcher::new(MatchOp::Regex, METRIC_NAME, pattern).unwrap()
}

fn exponential(reset: CounterReset) -> NativeHistogram {
    NativeHistogram::Float(FloatHistogram {
        layout: BucketLayout {
            schema: 1,
            positive_spans: vec![Span { offset: -1, length: 2 }],
            ..BucketLayout::default()
        },
        reset,
        count: 2.0,
        sum: 3.5,
        positive_counts: vec![1.5, 0.5],
        ..FloatHistogram::default()
    })
}

fn custom() -> NativeHistogram {
    let mut classic = ClassicHistogram::default();
    classic.add_bucket(0.5, 1.0);
    classic.add_bucket(2.0, 3.0);
    classic.set_count(4.0);
    classic.set_sum(9.0);
    classic.to_native().unwrap()
}

#[test]
fn the_newest_samples_are_told_by_name_with_their_times() {
    let rig = Rig::new();
    rig.float(&[("__name__", "b"), ("x", "1")], 10, 1.0);
    rig.float(&[("__name__", "b"), ("x", "1")], 5, 2.5);
    rig.float(&[("__name__", "b"), ("instance", "i"), ("x", "0")], 0, f64::NAN);
    // Its first label comes before the name.
    rig.float(&[("A", "1"), ("__name__", "c")], 0, 1e6);
    rig.float(&[("__name__", "a")], 300, -0.0);
    rig.check(
        "",
        "# TYPE a untyped\na{instance=\"\"} -0 …300000\n\
         # TYPE b untyped\nb{instance=\"i\",x=\"0\"} NaN …600000\n\
         b{x=\"1\",instance=\"\"} 2.5 …595000\n\
         # TYPE c untyped\nc{A=\"1\",instance=\"\"} 1e+06 …600000\n",
    );
}

#[test]
fn what_is_old_or_has_ended_or_has_no_name_is_left_out() {
    let rig = Rig::new();
    rig.float(&[("__name__", "old")], 301, 1.0);
    rig.float(&[("__name__", "ended")], 5, 1.0);
    rig.float(&[("__name__", "ended")], 4, stale_nan());
    rig.float(&[("x", "nameless")], 4, 1.0);
    rig.float(&[("__name__", "later")], -1, 1.0);
    rig.histogram(&[("__name__", "h")], 5, custom());
    let ended = FloatHistogram { sum: stale_nan(), ..FloatHistogram::default() };
    rig.histogram(&[("__name__", "h")], 4, NativeHistogram::Float(ended));
    rig.float(&[("__name__", "kept")], 1, 1.0);
    rig.check("", "# TYPE kept untyped\nkept{instance=\"\"} 1 …599000\n");
    let all = vec![Matcher::new(MatchOp::Regex, "x", ".*").unwrap()];
    let body = String::from_utf8(rig.body(&[all], "")).unwrap();
    assert!(!body.contains("nameless"), "{body}");
}

#[test]
fn external_labels_are_given_to_series_that_lack_them() {
    let rig = Rig::new();
    rig.float(&[("__name__", "a"), ("b", "own")], 0, 1.0);
    rig.float(&[("__name__", "a"), ("instance", "own")], 0, 2.0);
    let labels = Labels::from_pairs([("b", "ours"), ("z", "last"), ("instance", "outside")]);
    rig.federation.set_external_labels(&labels);
    rig.check(
        "",
        "# TYPE a untyped\na{b=\"own\",instance=\"outside\",z=\"last\"} 1 …600000\n\
         a{instance=\"own\",b=\"ours\",z=\"last\"} 2 …600000\n",
    );
}

#[test]
fn a_series_that_several_selectors_find_is_told_once() {
    let rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.float(&[("__name__", name)], 0, 1.0);
    }
    let selectors = [vec![named("b|c")], vec![named("a|b")]];
    let body = String::from_utf8(rig.body(&selectors, "")).unwrap();
    let names: Vec<&str> = body.lines().filter_map(|line| line.split_once('{')?.0.into()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(rig.body(&[], "").is_empty());
    assert!(rig.body(&[Vec::new()], "").is_empty());
}

#[test]
fn names_are_escaped_as_the_reader_says() {
    let rig = Rig::new();
    rig.float(&[("__name__", "a.b"), ("c.d", "e")], 0, 1.0);
    let line = |written: &str| format!("# TYPE {written},instance=\"\"}} 1 …600000\n");
    rig.check("", &line("a_b untyped\na_b{c_d=\"e\""));
    let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,text/plain;q=0.1";
    rig.check(accept, &line("\"a.b\" untyped\n{\"a.b\",\"c.d\"=\"e\""));
    let federated = rig.federation.find(&[], accept).unwrap();
    assert_eq!(
        federated.content_type(),
        "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8"
    );
}

#[test]
fn histograms_in_text_are_those_with_bounds_of_their_own() {
    let rig = Rig::new();
    rig.histogram(&[("__name__", "h"), ("x", "1")], 0, exponential(CounterReset::Unknown));
    rig.histogram(&[("__name__", "h"), ("x", "2")], 0, custom());
    rig.float(&[("__name__", "h"), ("x", "3")], 0, 7.0);
    rig.check(
        "",
        "# TYPE h histogram\nh_bucket{x=\"2\",instance=\"\",le=\"0.5\"} 1 …600000\n\
         h_bucket{x=\"2\",instance=\"\",le=\"2\"} 3 …600000\n\
         h_bucket{x=\"2\",instance=\"\",le=\"+Inf\"} 4 …600000\n\
         h_sum{x=\"2\",instance=\"\"} 9 …600000\nh_count{x=\"2\",instance=\"\"} 4 …600000\n\
         # TYPE h untyped\nh{x=\"3\",instance=\"\"} 7 …600000\n",
    );
}

#[test]
fn protobuf_has_every_histogram() {
    use narthex_exposition::{Entry, Format, Options, Parser};
    let rig = Rig::new();
    let told = exponential(CounterReset::Unknown);
    rig.histogram(&[("__name__", "h")], 0, told.clone());
    rig.histogram(&[("__name__", "h"), ("x", "1")], 0, exponential(CounterReset::Gauge));
    rig.histogram(&[("__name__", "h"), ("x", "2")], 0, custom());
    rig.float(&[("__name__", "i")], 0, 1.0);
    let body = rig.body(&[vec![named(".+")]], PROTOBUF);
    let options = Options { native_histograms: true, ..Options::default() };
    let mut parser = Parser::with_options(&body, Format::Protobuf, options);
    let (mut shown, mut histograms) = (Vec::new(), Vec::new());
    while let Some(entry) = parser.next_entry().unwrap() {
        match entry {
            Entry::Type { family, metric_type } => shown.push(format!("{family} {metric_type}")),
            Entry::Sample(sample) => shown.push(sample.series.labels().unwrap().to_string()),
            Entry::Histogram(sample) => {
                assert_eq!(sample.reading.at, Some(Timestamp::from_millis(NOW)));
                shown.push(sample.series.labels().unwrap().to_string());
                histograms.push(sample.reading.value);
            }
            Entry::Help { .. } | Entry::Unit { .. } => {}
        }
    }
    assert!(histograms[0].is_same(&told), "{:?}", histograms[0]);
    assert_eq!(
        shown,
        [
            "h histogram",
            "h",
            "h gaugehistogram",
            "h{x=\"1\"}",
            "h histogram",
            "h_count{x=\"2\"}",
            "h_sum{x=\"2\"}",
            "h_bucket{le=\"0.5\", x=\"2\"}",
            "h_bucket{le=\"2.0\", x=\"2\"}",
            "h_bucket{le=\"+Inf\", x=\"2\"}",
            "i unknown",
            "i",
        ]
    );
}

#[test]
fn a_large_answer_leaves_in_pieces() {
    let rig = Rig::new();
    for id in 0..5000 {
        rig.float(&[("__name__", "a"), ("id", &format!("{id:04}"))], 0, 1.0);
    }
    for accept in ["", PROTOBUF] {
        let mut federated = rig.federation.find(&[vec![named("a")]], accept).unwrap();
        let (mut pieces, mut bytes) = (0, 0);
        while let Some(piece) = federated.next_piece().unwrap() {
            pieces += 1;
            bytes += piece.len();
        }
        assert_eq!(bytes, rig.body(&[vec![named("a")]], accept).len());
        assert!(accept == PROTOBUF || pieces > 2, "{pieces}");
    }
}
