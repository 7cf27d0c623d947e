//! `/federate` beside that of a Prometheus that was pushed the same.

use narthex_exposition::{Entry, Format, Options, Parser};
use narthex_harness::{Host, Peer, http, peer};
use narthex_model::stale_nan;
use narthex_platform::Clock;
use narthex_remote::encode::TimeSeries;

use crate::prometheus::Prometheus;
use crate::push::{buckets, send};

const LABELS: &str = "global: { external_labels: { b: outside, region: here } }\n";
const PROTOBUF: &str = "application/vnd.google.protobuf;\
proto=io.prometheus.client.MetricFamily;encoding=delimited";
/// What a Prometheus asks its targets.
const OF_A_SCRAPE: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

/// Without histograms with bounds of their own, which a Prometheus of 3.5 does not tell yet: the unit tests
/// show those.
fn series(at: i64) -> Vec<TimeSeries> {
    let one = |labels: &[(&str, &str)], value| TimeSeries::new(labels).with_samples(&[(at, value)]);
    let histogram =
        |labels: &[(&str, &str)], value| TimeSeries::new(labels).with_histogram(at, value);
    vec![
        one(&[("A", "upper"), ("__name__", "z")], 1.0),
        one(&[("__name__", "a"), ("b", "own"), ("instance", "i")], 1e21),
        one(&[("__name__", "a"), ("instance", "j"), ("job", "k")], f64::NEG_INFINITY),
        one(&[("__name__", "a.b"), ("c.d", "line\n\"quote\"\\")], 0.1),
        TimeSeries::new(&[("__name__", "ended")]).with_samples(&[(at - 1, 1.0), (at, stale_nan())]),
        TimeSeries::new(&[("__name__", "old")]).with_samples(&[(at - 400_000, 1.0)]),
        histogram(&[("__name__", "h"), ("x", "1")], buckets(false, [1, 2, 3])),
        histogram(&[("__name__", "h"), ("x", "2")], buckets(true, [4, 5, 6])),
        one(&[("__name__", "h"), ("x", "4")], f64::NAN),
    ]
}

/// What a body of protobuf says, a line each.
fn shown(body: &[u8]) -> Vec<String> {
    let options = Options { native_histograms: true, ..Options::default() };
    let mut parser = Parser::with_options(body, Format::Protobuf, options);
    let mut lines = Vec::new();
    while let Some(entry) = parser.next_entry().expect("it is whole") {
        match entry {
            Entry::Type { family, metric_type } => lines.push(format!("{family} {metric_type}")),
            Entry::Sample(sample) => {
                let labels = sample.series.labels().expect("labels");
                lines.push(format!("{labels} {} {:?}", sample.reading.value, sample.reading.at));
            }
            Entry::Histogram(sample) => {
                let labels = sample.series.labels().expect("labels");
                lines.push(format!("{labels} {:?} {:?}", sample.reading.value, sample.reading.at));
            }
            Entry::Help { .. } | Entry::Unit { .. } => {}
        }
    }
    lines
}

#[test]
fn prometheus_and_we_are_federated_alike() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let takes = "--web.enable-remote-write-receiver";
    let flags = [takes, "--enable-feature=native-histograms"];
    let theirs = Prometheus::start(&program, LABELS, &flags);
    let ours = format!("{LABELS}plugins: {{ dir: plugins }}\n");
    let ours = Host::with_config(&ours).file("plugins/.keep", "").flag(takes).start();
    ours.wait_until_replayed();
    let series = series(Clock::real().now_millis() - 5000);
    let addresses = [theirs.address(), ours.address()];
    for address in &addresses {
        for one in &series {
            let answer = send(address, std::slice::from_ref(one));
            assert_eq!(answer.status, 204, "{one:?}: {answer}");
        }
    }
    let ask = |query: &str, headers: &[(&str, &str)]| {
        addresses.each_ref().map(|address| {
            let url = format!("http://{address}/federate{query}");
            http::send("GET", &url, headers, b"").expect("an answer")
        })
    };
    let all = "?match[]=%7B__name__%3D~%22.%2B%22%7D&match[]=a";
    let others =
        ["*/*", "text/plain;escaping=values", "application/openmetrics-text;escaping=dots"];
    for accept in others.into_iter().chain([OF_A_SCRAPE]) {
        let [theirs, ours] = ask(all, &[("Accept", accept)]);
        assert_eq!(ours.text(), theirs.text(), "{accept}");
        assert_eq!(ours.header("content-type"), theirs.header("content-type"), "{accept}");
        assert!(ours.text().contains("# TYPE z untyped"), "{ours}");
    }
    let accept = format!("{PROTOBUF};escaping=allow-utf-8");
    let [theirs, ours_proto] = ask(all, &[("Accept", &accept)]);
    assert_eq!(shown(&ours_proto.body), shown(&theirs.body));
    assert_eq!(ours_proto.header("content-type"), theirs.header("content-type"));
    assert!(shown(&ours_proto.body).len() > 10, "{:?}", shown(&ours_proto.body));
    for query in ["", "?match[]=", "?match[]=%7B%7D", "?match[]=nothing", "?match[]=a%7B"] {
        let [theirs, ours] = ask(query, &[]);
        assert_eq!(ours.status, theirs.status, "{query}: {ours}");
        assert_eq!(ours.body.is_empty(), theirs.body.is_empty(), "{query}: {ours}");
    }
    let [theirs, packed] = ask(all, &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), theirs.header("content-encoding"));
    ours.stop();
}
