//! The same requests to a real Prometheus and to a host: the same status codes, and the same samples
//! in the end.

use narthex_harness::{Host, Peer, http, peer};
use narthex_model::{BucketLayout, CUSTOM_BUCKETS_SCHEMA, IntegerHistogram, NativeHistogram, Span};
use narthex_platform::Clock;
use narthex_remote::encode::{HEADERS, Request, TimeSeries, body, compress};

use crate::prometheus::{IDLE, Prometheus};
use crate::push::buckets;
use crate::samples::{compare, of_matrix};
use crate::support::config;

/// Cases in which Prometheus 3.5 answers otherwise, with its answer: it takes what is wrong with a
/// histogram for its own fault. 3.14 answers as we do.
const ANSWERED_OTHERWISE: [(&str, u16); 2] =
    [("a histogram whose count is wrong", 500), ("custom buckets beside one around zero", 500)];

/// A request and what it is.
struct Case {
    name: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

impl Case {
    fn of(name: &'static str, series: &[TimeSeries]) -> Self {
        Self::raw(name, body(series))
    }

    fn raw(name: &'static str, body: Vec<u8>) -> Self {
        Self { name, headers: HEADERS.to_vec(), body }
    }

    fn with_headers(name: &'static str, headers: &[(&'static str, &'static str)]) -> Self {
        Self { name, headers: headers.to_vec(), body: body(&[]) }
    }

    fn send(&self, address: &str) -> u16 {
        let url = format!("http://{address}/api/v1/write");
        http::send("POST", &url, &self.headers, &self.body).expect("the receiver answers").status
    }
}

#[test]
fn requests_are_judged_as_prometheus_judges_them() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let flags = [
        "--web.enable-remote-write-receiver",
        "--enable-feature=native-histograms,exemplar-storage",
    ];
    let prometheus = Prometheus::start(&program, IDLE, &flags);
    let theirs = prometheus.address();
    let host = Host::with_config(&config(""))
        .file("plugins/.keep", "")
        .flag("--web.enable-remote-write-receiver")
        .expect_log("remote write: ")
        .start();
    let ours = host.address();
    let now = Clock::real().now_millis();
    let mut different = Vec::new();
    for case in cases(now) {
        let (found, wanted) = (case.send(&ours), case.send(&theirs));
        if found != wanted && !ANSWERED_OTHERWISE.contains(&(case.name, wanted)) {
            different.push(format!("{}: {found}, wanted {wanted}", case.name));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    let query = http::encode("{__name__!=\"\"}[1h]");
    let path = format!("/api/v1/query?query={query}&time={}", now / 1000 + 600);
    let all = |address: &str| {
        of_matrix(&http::get(&format!("http://{address}{path}")).expect_success().json())
    };
    compare(&all(&ours), &all(&theirs));
    host.stop();
}

fn named(name: &str) -> TimeSeries {
    TimeSeries::new(&[("__name__", name)])
}

fn cases(now: i64) -> Vec<Case> {
    let mut cases = of_messages(now);
    cases.extend(of_samples(now));
    cases.extend(of_labels(now));
    cases.extend(of_parts(now));
    cases.extend(of_histograms(now));
    cases.extend(of_headers());
    cases
}

fn of_messages(now: i64) -> Vec<Case> {
    let mut unknown = Request::default();
    unknown.add_series(&named("unknown_field").with_samples(&[(now, 1.0)]));
    let unknown = [unknown.bytes(), b"\x7a\x03abc\x78\x01"].concat();
    vec![
        Case::raw("no body", Vec::new()),
        Case::raw("an empty message", compress(b"")),
        Case::raw("no snappy", b"\x05garbage".to_vec()),
        Case::raw("a cut message", compress(b"\x0a\x05ab")),
        Case::raw("a field that is not known", compress(&unknown)),
    ]
}

fn of_samples(now: i64) -> Vec<Case> {
    let pushed = |samples: &[(i64, f64)]| {
        TimeSeries::new(&[("__name__", "pushed"), ("job", "a")]).with_samples(samples)
    };
    let good = named("good").with_samples(&[(now, 1.0)]);
    vec![
        Case::of("samples", &[pushed(&[(now - 2_000, 1.0), (now, 2.0)])]),
        Case::of("the same again", &[pushed(&[(now, 2.0)])]),
        Case::of("a duplicate with another value", &[pushed(&[(now, 3.0)])]),
        Case::of("out of order", &[good, pushed(&[(now - 1_000, 1.0)])]),
        Case::of("out of bounds", &[pushed(&[(now - 3 * 3_600_000, 1.0)])]),
        Case::of("before 1970", &[named("early").with_samples(&[(-1, 1.0)])]),
        Case::of("an hour ahead", &[pushed(&[(now + 3_600_000, 1.0)])]),
        Case::of("nine minutes ahead", &[pushed(&[(now + 540_000, 4.0)])]),
        Case::of("a series without samples", &[named("nothing")]),
        Case::of(
            "an exemplar far ahead",
            &[named("ahead").with_samples(&[(now, 1.0)]).with_exemplar(now + 3_600_000, 1.0, &[])],
        ),
    ]
}

fn of_labels(now: i64) -> Vec<Case> {
    let labelled = |pairs: &[(&str, &str)]| TimeSeries::new(pairs).with_samples(&[(now, 1.0)]);
    let mut not_text = labelled(&[("__name__", "not_text")]);
    not_text.labels.push((b"a".to_vec(), b"\xff".to_vec()));
    vec![
        Case::of("no name", &[labelled(&[("job", "b")]), labelled(&[("__name__", "x")])]),
        Case::of("an empty name", &[labelled(&[("__name__", ""), ("job", "b")])]),
        Case::of("no labels", &[labelled(&[])]),
        Case::of("a label without a name", &[labelled(&[("__name__", "y"), ("", "b")])]),
        Case::of("a label twice", &[labelled(&[("__name__", "y"), ("a", "1"), ("a", "1")])]),
        Case::of("a label that is no text", &[not_text]),
        Case::of("labels in no order", &[labelled(&[("z", "1"), ("__name__", "z"), ("a", "2")])]),
        Case::of("an empty label", &[labelled(&[("__name__", "empty"), ("a", "")])]),
        Case::of("a name in UTF-8", &[labelled(&[("__name__", "größe"), ("a b", "ü")])]),
    ]
}

/// A series that comes in parts, or in no order.
fn of_parts(now: i64) -> Vec<Case> {
    let part = |name: &str, samples: &[(i64, f64)]| named(name).with_samples(samples);
    vec![
        Case::of(
            "behind in the request",
            &[part("behind", &[(now, 1.0), (now - 5, 2.0), (now, 3.0), (now + 5, 4.0)])],
        ),
        Case::of(
            "a series in two parts",
            &[part("two", &[(now, 1.0)]), part("two", &[(now - 5, 1.0)])],
        ),
        Case::of(
            "a series in three parts with another between",
            &[
                part("three", &[(now, 1.0)]),
                part("between", &[(now, 1.0)]),
                part("three", &[(now - 5, 1.0), (now + 5, 1.0)]),
            ],
        ),
    ]
}

fn of_histograms(now: i64) -> Vec<Case> {
    let mut wrong_count = buckets(false, [1, 2, 3]);
    if let NativeHistogram::Integer(one) = &mut wrong_count {
        one.count += 1;
    }
    let custom = NativeHistogram::Integer(IntegerHistogram {
        layout: BucketLayout {
            schema: CUSTOM_BUCKETS_SCHEMA,
            positive_spans: vec![Span { offset: 0, length: 3 }],
            custom_bounds: vec![0.5, 1.0],
            ..BucketLayout::default()
        },
        count: 6,
        sum: 7.0,
        positive_deltas: vec![1, 1, 1],
        ..IntegerHistogram::default()
    });
    let mut around_zero = custom.clone();
    if let NativeHistogram::Integer(one) = &mut around_zero {
        (one.zero_count, one.count) = (1, 7);
    }
    let good = named("beside").with_samples(&[(now, 1.0)]);
    vec![
        Case::of(
            "histograms",
            &[
                named("whole").with_histogram(now, buckets(false, [1, 2, 3])),
                named("fractional").with_histogram(now, buckets(true, [1, 2, 3])),
                named("custom").with_histogram(now, custom),
            ],
        ),
        Case::of(
            "a histogram whose count is wrong",
            &[good, named("whole").with_histogram(now + 1, wrong_count)],
        ),
        Case::of(
            "custom buckets beside one around zero",
            &[named("custom").with_histogram(now + 1, around_zero)],
        ),
        Case::of(
            "floats and histograms in one series",
            &[named("mixed")
                .with_samples(&[(now, 1.0), (now + 2, 2.0)])
                .with_histogram(now + 1, buckets(false, [1, 2, 3]))
                .with_histogram(now + 3, buckets(false, [2, 2, 3]))],
        ),
    ]
}

fn of_headers() -> Vec<Case> {
    vec![
        Case::with_headers("no headers", &[]),
        Case::with_headers("another encoding", &[("Content-Encoding", "gzip")]),
        Case::with_headers("another type", &[("Content-Type", "application/json")]),
        Case::with_headers(
            "a message of nobody",
            &[("Content-Type", "application/x-protobuf;proto=a.B")],
        ),
        Case::with_headers(
            "the message by name",
            &[("Content-Type", "application/x-protobuf;proto=prometheus.WriteRequest")],
        ),
    ]
}
