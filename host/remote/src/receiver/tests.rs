//! Requests against the reference store.

use std::time::Duration;

use bytes::Bytes;
use narthex_model::{BucketLayout, IntegerHistogram, Labels, NativeHistogram, Span};
use narthex_platform::{SimulatedClock, SimulatedDisk};
use narthex_storage::{Columns, MemoryStore, Queryable, TimeRange};
use narthex_tsdb::{Config, Tsdb};

use super::*;
use crate::encode::{self, Family, TimeSeries, body, compress};

const NOW: i64 = 1_767_225_600_000;

struct Rig {
    store: MemoryStore,
    receiver: Receiver,
    metrics: Metrics,
}

impl Rig {
    fn new() -> Self {
        let (store, metrics) = (MemoryStore::new(), Metrics::new());
        let clock = SimulatedClock::at(NOW).clock();
        let receiver = Receiver::new(Arc::new(store.clone()), clock, &metrics);
        Self { store, receiver, metrics }
    }

    /// All series with their samples.
    fn stored(&self) -> Vec<String> {
        let querier = self.store.querier(TimeRange::ALL).unwrap();
        let mut all = Vec::new();
        for series in querier.select(&[]).unwrap() {
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns).unwrap();
            let floats = columns.times.iter().zip(&columns.values);
            let floats = floats.map(|(at, value)| format!("{value}@{}", at - NOW));
            let histograms = columns.histograms.iter();
            let histograms =
                histograms.map(|point| format!("h{}@{}", point.histogram.sum(), point.at - NOW));
            let samples: Vec<String> = floats.chain(histograms).collect();
            if !samples.is_empty() {
                all.push(format!("{} {}", series.labels(), samples.join(" ")));
            }
        }
        all
    }

    #[track_caller]
    fn check(&self, series: &[TimeSeries], expected: Result<&[&str], &str>) {
        let found = self.receiver.write_now(&body(series));
        match expected {
            Ok(stored) => {
                found.expect("the request is taken");
                assert_eq!(self.stored(), stored);
            }
            Err(text) => {
                let before = self.stored();
                assert_eq!(found.expect_err("the request is refused").to_string(), text);
                assert_eq!(self.stored(), before);
            }
        }
    }
}

fn up(samples: &[(i64, f64)]) -> TimeSeries {
    let samples: Vec<_> = samples.iter().map(|(after, value)| (NOW + after, *value)).collect();
    TimeSeries::new(&[("__name__", "up"), ("job", "a")]).with_samples(&samples)
}

fn histogram(sum: f64) -> NativeHistogram {
    let positive_spans = vec![Span { offset: 0, length: 2 }];
    NativeHistogram::Integer(IntegerHistogram {
        layout: BucketLayout { positive_spans, ..BucketLayout::default() },
        count: 3,
        sum,
        positive_deltas: vec![1, 1],
        ..IntegerHistogram::default()
    })
}

#[test]
fn samples_and_histograms_are_stored() {
    let rig = Rig::new();
    let latency = TimeSeries::new(&[("job", "a"), ("__name__", "latency")])
        .with_histogram(NOW, histogram(2.5))
        .with_histogram(NOW + 10, histogram(3.5));
    rig.check(
        &[up(&[(0, 1.0), (10, 0.0)]), latency],
        Ok(&[r#"latency{job="a"} h2.5@0 h3.5@10"#, r#"up{job="a"} 1@0 0@10"#]),
    );
}

#[test]
fn a_series_that_is_known_by_its_bytes_is_the_same() {
    let rig = Rig::new();
    rig.check(&[up(&[(0, 1.0)])], Ok(&[r#"up{job="a"} 1@0"#]));
    let known = rig.receiver.0.known.read();
    let message = encode::labels([(&b"__name__"[..], &b"up"[..]), (b"job", b"a")]);
    assert!(known.find(known.key(&message)).is_some());
    drop(known);
    rig.check(&[up(&[(5, 2.0)])], Ok(&[r#"up{job="a"} 1@0 2@5"#]));
    // The same labels in another order.
    let other = TimeSeries::new(&[("job", "a"), ("__name__", "up")]);
    rig.check(&[other.with_samples(&[(NOW + 6, 3.0)])], Ok(&[r#"up{job="a"} 1@0 2@5 3@6"#]));
}

#[test]
fn a_refused_sample_refuses_the_request() {
    let rig = Rig::new();
    rig.check(&[up(&[(0, 1.0)])], Ok(&[r#"up{job="a"} 1@0"#]));
    let other = TimeSeries::new(&[("__name__", "b")]).with_samples(&[(NOW, 1.0)]);
    let refused = |series: TimeSeries, text: &str| rig.check(&[other.clone(), series], Err(text));
    refused(up(&[(-1, 1.0)]), "out of order sample: up{job=\"a\"} at 1767225599999");
    refused(up(&[(0, 2.0)]), "duplicate sample for timestamp: up{job=\"a\"} at 1767225600000");
    refused(
        up(&[(600_001, 1.0)]),
        "out of bounds: timestamp is too far in the future: up{job=\"a\"} at 1767226200001",
    );
    let mut bad = histogram(1.0);
    if let NativeHistogram::Integer(one) = &mut bad {
        one.count = 9;
    }
    let bad = TimeSeries::new(&[("__name__", "h")]).with_histogram(NOW, bad);
    refused(
        bad,
        "invalid histogram: 3 observations in buckets, but the count is 9: h at 1767225600000",
    );
    // The same again is taken silently, and so is what is ten minutes ahead.
    rig.check(&[up(&[(0, 1.0), (600_000, 5.0)])], Ok(&[r#"up{job="a"} 1@0 5@600000"#]));
}

#[test]
fn samples_behind_newer_ones_of_the_request_are_left_out() {
    let rig = Rig::new();
    rig.check(
        &[up(&[(0, 1.0), (20, 2.0), (10, 3.0), (20, 4.0), (30, 5.0)]), up(&[(25, 1.0)])],
        Ok(&[r#"up{job="a"} 1@0 2@20 5@30"#]),
    );
}

#[test]
fn a_histogram_that_is_too_fine_is_made_coarser() {
    let rig = Rig::new();
    let mut fine = histogram(2.5);
    if let NativeHistogram::Integer(one) = &mut fine {
        one.layout.schema = 9;
    }
    let series = TimeSeries::new(&[("__name__", "h")]).with_histogram(NOW, fine);
    rig.check(&[series], Ok(&["h h2.5@0"]));
}

#[test]
fn a_series_with_impossible_labels_is_left_out() {
    let rig = Rig::new();
    let nameless = TimeSeries::new(&[("job", "a")]).with_samples(&[(NOW, 1.0), (NOW + 1, 1.0)]);
    let twice = TimeSeries::new(&[("__name__", "x"), ("a", "1"), ("a", "2")]);
    let twice = twice.with_histogram(NOW, histogram(1.0));
    rig.check(&[nameless, up(&[(0, 1.0)]), twice], Ok(&[r#"up{job="a"} 1@0"#]));
    let written = rig.receiver.write_now(&body(&[])).unwrap();
    assert_eq!(written, Written::default(), "an empty request is taken");
    let family =
        rig.metrics.gather().into_iter().find(|family| {
            family.name == "prometheus_api_remote_write_invalid_labels_samples_total"
        });
    let value = family.unwrap().points[0].value.clone();
    assert_eq!(value, narthex_platform::PointValue::Number(3.0));
}

#[test]
fn exemplars_and_metadata_come_along() {
    let rig = Rig::new();
    let mut request = encode::Request::default();
    request.add_series(
        &up(&[(0, 1.0)])
            .with_exemplar(NOW, 0.25, &[("trace_id", "abc"), ("empty", "")])
            .with_exemplar(NOW + 600_001, 1.0, &[("too", "late")])
            .with_exemplar(NOW, 0.25, &[("a", "1"), ("a", "2")]),
    );
    request.add_family(&Family {
        name: b"up".to_vec(),
        metric_type: narthex_model::MetricType::Gauge,
        help: b"Whether it is up.".to_vec(),
        unit: Vec::new(),
    });
    request.add_family(&Family { name: b"\xff".to_vec(), ..Family::default() });
    rig.receiver.write_now(&request.finish()).unwrap();
    let exemplars = rig.store.exemplars(TimeRange::ALL, &[vec![]]).unwrap();
    let exemplars: Vec<_> = exemplars.iter().flat_map(|series| &series.exemplars).collect();
    assert_eq!(exemplars.len(), 1);
    assert_eq!(exemplars[0].labels.to_string(), r#"{trace_id="abc"}"#);
    let metadata = rig.store.metadata(None);
    assert_eq!(metadata.len(), 1);
    assert_eq!((metadata[0].0.as_str(), metadata[0].1.help.as_str()), ("up", "Whether it is up."));
}

#[test]
fn exemplars_alone_make_no_series() {
    let rig = Rig::new();
    let unknown = TimeSeries::new(&[("__name__", "down")]).with_exemplar(NOW, 1.0, &[("a", "1")]);
    rig.check(&[up(&[(0, 1.0)]), unknown], Ok(&[r#"up{job="a"} 1@0"#]));
    // Of one that is there they are kept, whether it was sent before or not.
    let labels = Labels::from_pairs([("__name__", "scraped")]);
    let mut batch = rig.store.appender();
    batch.series(&labels).unwrap();
    batch.commit().unwrap();
    let scraped = TimeSeries::new(&[("__name__", "scraped")]);
    let known = [up(&[]), scraped].map(|one| one.with_exemplar(NOW, 2.0, &[("a", "2")]));
    assert_eq!(rig.receiver.write_now(&body(&known)).unwrap().exemplars, 2);
    let labels = Labels::from_pairs([("__name__", "down")]);
    assert_eq!(rig.store.appender().find(&labels), None);
}

#[test]
fn what_is_no_request_is_refused() {
    let rig = Rig::new();
    let check = |body: &[u8], fault: Fault, text: &str| {
        let error = rig.receiver.write_now(body).unwrap_err();
        assert_eq!((error.fault(), error.to_string().as_str()), (fault, text));
    };
    check(b"", Fault::Request, "snappy: corrupt input (the body is empty)");
    check(
        &compress(b"\x0a\0\x0a\x05ab"),
        Fault::Request,
        "the request is no prometheus.WriteRequest: at byte 2: it ends within a field",
    );
    // Announces more than may be, and brings nothing.
    check(b"\xff\xff\xff\xff\x0f\0", Fault::Size, "decoded size exceeds the 33554432 bytes limit");
    let samples = b"\x12\0".repeat((1 << 20) + 1);
    let mut many = vec![0x0a];
    many.extend_from_slice(&[0x82, 0x80, 0x80, 0x01]);
    many.extend_from_slice(&samples);
    check(
        &compress(&many),
        Fault::Size,
        "the number of samples of the request exceeds the 1048576 limit",
    );
    assert!(rig.stored().is_empty());
}

/// A body in one piece.
struct Once(Option<Bytes>);

impl Incoming for Once {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        Ok(self.0.take())
    }
}

/// Outcomes that were counted: accepted, refused, failed.
fn counted(metrics: &Metrics) -> Vec<(String, narthex_platform::PointValue)> {
    let families = metrics.gather().into_iter();
    let requests = families.filter(|one| one.name == "narthex_remote_write_requests_total");
    let points = requests.flat_map(|family| family.points);
    points.map(|point| (point.labels[0].1.clone(), point.value)).collect()
}

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them() {
    let rig = Rig::new();
    let version_2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    let cases = [
        (Headers::default(), None),
        (Headers { content_type: Some(version_2), ..Headers::default() }, Some(Fault::Kind)),
        (Headers { content_encoding: Some("zstd"), ..Headers::default() }, Some(Fault::Kind)),
        (Headers { length: Some(1 << 40), ..Headers::default() }, Some(Fault::Size)),
    ];
    for (headers, fault) in cases {
        let body = Once(Some(body(&[up(&[(0, 1.0)])]).into()));
        let outcome = rig.receiver.receive(headers, body).await;
        assert_eq!(outcome.err().map(|error| error.fault()), fault, "{headers:?}");
    }
    let mut counted = counted(&rig.metrics);
    counted.sort_by(|(a, _), (b, _)| a.cmp(b));
    let number =
        |name: &str, count: f64| (name.to_owned(), narthex_platform::PointValue::Number(count));
    assert_eq!(counted, [number("accepted", 1.0), number("failed", 0.0), number("refused", 3.0)]);
    assert_eq!(rig.stored(), [r#"up{job="a"} 1@0"#]);
}

#[test]
fn a_series_that_the_store_has_let_go_of_is_made_anew() {
    const HOUR: i64 = 3_600_000;
    let (metrics, clock) = (Metrics::new(), SimulatedClock::at(NOW));
    let config = Config::new("/data").with_retention(Duration::from_secs(3600)).unwrap();
    let disk = SimulatedDisk::new(7).shared();
    let store = Tsdb::open(config, disk, clock.clock(), &metrics).unwrap();
    store.replay_now().unwrap();
    let receiver = Receiver::new(Arc::new(store.clone()), clock.clock(), &metrics);
    let push = |name: &str, at: i64| {
        let whole = TimeSeries::new(&[("__name__", name)]).with_samples(&[(at, 1.0)]);
        let other = TimeSeries::new(&[("__name__", &format!("{name}_h"))]);
        let other = other.with_histogram(at, histogram(1.0));
        receiver.write_now(&body(&[whole, other])).unwrap()
    };
    assert_eq!(push("old", NOW).samples, 2);
    clock.advance(Duration::from_secs(4 * 3600));
    assert_eq!(push("new", NOW + 4 * HOUR).samples, 2);
    for _ in 0..5 {
        store.apply_retention(NOW + 4 * HOUR);
    }
    assert_eq!(push("old", NOW + 4 * HOUR).samples, 2);
    let mut times = Vec::new();
    for series in store.querier(TimeRange::ALL).unwrap().select(&[]).unwrap() {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).unwrap();
        times.push((series.labels().to_string(), columns.samples()));
    }
    let once = |name: &str| (name.to_owned(), 1);
    assert_eq!(times, [once("new"), once("new_h"), once("old"), once("old_h")]);
}

/// Requests at the same time, each of series of its own: what is acknowledged is stored.
#[test]
fn senders_do_not_hinder_each_other() {
    const SENDERS: usize = 4;
    const REQUESTS: i64 = 50;
    let (metrics, clock) = (Metrics::new(), SimulatedClock::at(NOW));
    let disk = SimulatedDisk::new(7).shared();
    let store = Tsdb::open(Config::new("/data"), disk, clock.clock(), &metrics).unwrap();
    store.replay_now().unwrap();
    let receiver = Receiver::new(Arc::new(store.clone()), clock.clock(), &metrics);
    let stored: usize = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let receiver = &receiver;
                scope.spawn(move || {
                    let number = sender.to_string();
                    let send = |step: i64| {
                        let own = TimeSeries::new(&[("__name__", "own"), ("sender", &number)]);
                        let own = own.with_samples(&[(NOW + step, 1.0)]);
                        receiver.write_now(&body(&[own])).unwrap().samples
                    };
                    (0..REQUESTS).map(send).sum::<usize>()
                })
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).sum()
    });
    let expected = SENDERS * usize::try_from(REQUESTS).unwrap();
    assert_eq!(stored, expected);
    let querier = store.querier(TimeRange::ALL).unwrap();
    let mut found = 0;
    for series in querier.select(&[]).unwrap() {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).unwrap();
        found += columns.samples();
    }
    assert_eq!(found, expected);
}
