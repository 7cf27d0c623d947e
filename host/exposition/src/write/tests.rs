use narthex_model::{BucketLayout, FloatHistogram, IntegerHistogram, Labels, Span};
use narthex_platform::{Family, FamilyKind, Point, PointValue};

use super::*;
use crate::testing::show_with;
use crate::{Format, Options};

fn families() -> Vec<Family> {
    let number = |labels: &[(&str, &str)], value| Point {
        labels: labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        value: PointValue::Number(value),
    };
    let buckets = vec![(0.5, 1), (2.0, 3)];
    let histogram = PointValue::Histogram { buckets, count: 4, sum: 9.5 };
    let family = |name: &str, kind, points| Family {
        name: name.into(),
        help: "Two\nlines.".into(),
        kind,
        points,
    };
    vec![
        family("a_total", FamilyKind::Counter, vec![number(&[("x", "\"\\")], 1e6)]),
        family("g", FamilyKind::Gauge, vec![number(&[], 3.0)]),
        family("h", FamilyKind::Histogram, vec![Point { labels: vec![], value: histogram }]),
    ]
}

fn answer(protocol: Protocol) -> Answer {
    Answer { protocol, ..Answer::default() }
}

fn rendered(answer: Answer) -> String {
    String::from_utf8(render(&families(), answer)).unwrap()
}

#[test]
fn own_families_in_the_text_format() {
    assert_eq!(
        rendered(Answer::default()),
        "# HELP a_total Two\\nlines.\n# TYPE a_total counter\na_total{x=\"\\\"\\\\\"} 1e+06\n\
         # HELP g Two\\nlines.\n# TYPE g gauge\ng 3\n\
         # HELP h Two\\nlines.\n# TYPE h histogram\n\
         h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\n\
         h_sum 9.5\nh_count 4\n"
    );
}

#[test]
fn own_families_in_openmetrics() {
    assert_eq!(
        rendered(answer(Protocol::OpenMetricsText100)),
        "# HELP a Two\\nlines.\n# TYPE a counter\na_total{x=\"\\\"\\\\\"} 1e+06\n\
         # HELP g Two\\nlines.\n# TYPE g gauge\ng 3.0\n\
         # HELP h Two\\nlines.\n# TYPE h histogram\n\
         h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"2.0\"} 3\nh_bucket{le=\"+Inf\"} 4\n\
         h_sum 9.5\nh_count 4\n# EOF\n"
    );
}

#[test]
fn own_families_in_protobuf() {
    let body = render(&families(), answer(Protocol::PrometheusProto));
    assert_eq!(
        show_with(&body, Format::Protobuf, Options::default()),
        "help a_total: Two\nlines.\ntype a_total: counter\na_total{x=\"\\\"\\\\\"} 1000000\n\
         help g: Two\nlines.\ntype g: gauge\ng 3\n\
         help h: Two\nlines.\ntype h: histogram\nh_count 4\nh_sum 9.5\n\
         h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"2.0\"} 3\nh_bucket{le=\"+Inf\"} 4"
    );
}

fn exemplar(value: f64) -> Exemplar {
    let at = Timestamp::from_millis(1500);
    Exemplar { labels: Labels::from_pairs([("id", "x"), ("a.b", "y")]), value, at }
}

/// A body of one family of each kind, with all that can be said.
fn everything(protocol: Protocol, escaping: Escaping) -> Vec<u8> {
    let mut writer = Writer::new(Answer { protocol, escaping });
    let head = |name, metric_type| FamilyHead { name, help: None, unit: "s", metric_type };
    let (at, start) = (Some(Timestamp::from_millis(2000)), Some(Timestamp::from_millis(500)));
    let labels = [("a.b", "c"), ("d", "e")];
    let measured = |value| Measured { value, at, start };
    let shown = exemplar(0.5);
    writer.family(head("x.y_s_total", MetricType::Counter));
    writer.metric(labels, measured(MeasuredValue::Number { value: 1.5, exemplar: Some(&shown) }));
    writer.family(head("s", MetricType::Summary));
    let quantiles = [(0.5, 1.0), (1.0, 2.0)];
    writer
        .metric([], measured(MeasuredValue::Summary { quantiles: &quantiles, count: 3, sum: 4.0 }));
    writer.family(head("h_s", MetricType::Histogram));
    let buckets = [
        ClassicBucket { bound: 1.0, count: 2.0, exemplar: Some(&shown) },
        ClassicBucket { bound: f64::INFINITY, count: 3.0, exemplar: None },
    ];
    let value = MeasuredValue::Histogram { buckets: &buckets, count: 3.0, sum: 9.0 };
    writer.metric([], measured(value));
    writer.finish()
}

#[test]
fn openmetrics_has_units_exemplars_times_and_starts() {
    let body = everything(Protocol::OpenMetricsText100, Escaping::AllowUtf8);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        "# TYPE \"x.y_s\" counter\n# UNIT \"x.y_s\" s\n\
         {\"x.y_s_total\",\"a.b\"=\"c\",d=\"e\"} 1.5 2.0 # {\"a.b\"=\"y\",id=\"x\"} 0.5 1.5\n\
         {\"x.y_s_created\",\"a.b\"=\"c\",d=\"e\"} 0.5\n\
         # TYPE s summary\ns{quantile=\"0.5\"} 1.0 2.0\ns{quantile=\"1.0\"} 2.0 2.0\n\
         s_sum 4.0 2.0\ns_count 3 2.0\ns_created 0.5\n\
         # TYPE h_s histogram\n# UNIT h_s s\n\
         h_s_bucket{le=\"1.0\"} 2 2.0 # {\"a.b\"=\"y\",id=\"x\"} 0.5 1.5\nh_s_bucket{le=\"+Inf\"} 3 2.0\n\
         h_s_sum 9.0 2.0\nh_s_count 3 2.0\nh_s_created 0.5\n# EOF\n"
    );
}

#[test]
fn names_are_written_as_the_reader_knows_them() {
    let first = |escaping| {
        let body = everything(Protocol::PrometheusText004, escaping);
        String::from_utf8(body).unwrap().lines().nth(1).map(str::to_owned).unwrap()
    };
    assert_eq!(first(Escaping::AllowUtf8), "{\"x.y_s_total\",\"a.b\"=\"c\",d=\"e\"} 1.5 2000");
    assert_eq!(first(Escaping::Underscores), "x_y_s_total{a_b=\"c\",d=\"e\"} 1.5 2000");
    assert_eq!(first(Escaping::Dots), "x_dot_y__s__total{a_dot_b=\"c\",d=\"e\"} 1.5 2000");
    assert_eq!(first(Escaping::Values), "U__x_2e_y__s__total{U__a_2e_b=\"c\",d=\"e\"} 1.5 2000");
}

#[test]
fn every_protocol_says_the_same() {
    let options = Options { start_times: true, ..Options::default() };
    let read = |protocol, format| {
        let shown = show_with(&everything(protocol, Escaping::AllowUtf8), format, options);
        let mut lines: Vec<String> = shown.lines().map(str::to_owned).collect();
        lines.retain(|line| !["type ", "unit ", "help "].iter().any(|word| line.starts_with(word)));
        lines.sort();
        lines
    };
    let proto = read(Protocol::PrometheusProto, Format::Protobuf);
    assert_eq!(read(Protocol::OpenMetricsText100, Format::OpenMetrics), proto);
    let text = read(Protocol::PrometheusText100, Format::Text004);
    let without: Vec<&str> =
        proto.iter().map(|line| line.split(" from ").next().unwrap()).collect();
    assert_eq!(text, without);
}

fn natives() -> [NativeHistogram; 3] {
    let layout = BucketLayout {
        schema: 1,
        zero_threshold: 0.5,
        positive_spans: vec![Span { offset: -1, length: 2 }],
        negative_spans: vec![Span { offset: 2, length: 1 }],
        custom_bounds: vec![],
    };
    let integer = IntegerHistogram {
        layout: layout.clone(),
        count: 7,
        zero_count: 1,
        sum: -3.5,
        positive_deltas: vec![1, 1],
        negative_deltas: vec![3],
        ..IntegerHistogram::default()
    };
    let float = FloatHistogram {
        layout,
        count: 2.0,
        zero_count: 0.25,
        sum: -3.5,
        positive_counts: vec![0.5, 0.75],
        negative_counts: vec![0.5],
        ..FloatHistogram::default()
    };
    [
        NativeHistogram::Integer(integer),
        NativeHistogram::Float(float),
        NativeHistogram::Integer(IntegerHistogram::default()),
    ]
}

fn native_body(native: &NativeHistogram, protocol: Protocol, exemplars: &[Exemplar]) -> Vec<u8> {
    let mut writer = Writer::new(answer(protocol));
    let metric_type = MetricType::Histogram;
    writer.family(FamilyHead { name: "h", help: None, unit: "", metric_type });
    let value = MeasuredValue::Native { histogram: native, exemplars };
    writer.metric([("a", "b")], Measured { value, at: None, start: None });
    writer.finish()
}

#[test]
fn native_histograms_go_through_protobuf() {
    let options = Options { native_histograms: true, ..Options::default() };
    for native in natives() {
        let body = native_body(&native, Protocol::PrometheusProto, &[exemplar(0.5), exemplar(9.0)]);
        let mut parser = crate::Parser::with_options(&body, Format::Protobuf, options);
        let mut found = None;
        while let Some(entry) = parser.next_entry().unwrap() {
            if let crate::Entry::Histogram(sample) = entry {
                found = Some(sample.reading);
            }
        }
        let reading = found.unwrap();
        assert!(reading.value.is_same(&native), "{:?} is not {native:?}", reading.value);
        let values: Vec<f64> = reading.exemplars.map(|exemplar| exemplar.value).collect();
        assert_eq!(values, [0.5, 9.0]);
    }
    let [integer, ..] = natives();
    assert_eq!(
        String::from_utf8(native_body(&integer, Protocol::PrometheusText004, &[])).unwrap(),
        "# TYPE h histogram\nh_bucket{a=\"b\",le=\"+Inf\"} 7\nh_sum{a=\"b\"} -3.5\nh_count{a=\"b\"} 7\n"
    );
}

#[test]
fn custom_buckets_are_written_in_the_classic_way() {
    let mut classic = narthex_model::ClassicHistogram::default();
    for (bound, count) in
        [(1.0, 2.0), (2.0, 2.0), (3.0, 3.0), (4.0, 3.0), (5.0, 3.0), (6.0, 3.0), (7.0, 4.0)]
    {
        classic.add_bucket(bound, count);
    }
    classic.set_count(5.0);
    classic.set_sum(20.0);
    let native = classic.to_native().unwrap();
    let body = native_body(&native, Protocol::OpenMetricsText001, &[exemplar(0.5), exemplar(2.5)]);
    let shown = "# {\"a.b\"=\"y\",id=\"x\"}".replace("\"a.b\"", "a_b");
    assert_eq!(
        String::from_utf8(body).unwrap(),
        format!(
            "# TYPE h histogram\nh_bucket{{a=\"b\",le=\"1.0\"}} 2 {shown} 0.5 1.5\n\
             h_bucket{{a=\"b\",le=\"2.0\"}} 2\nh_bucket{{a=\"b\",le=\"3.0\"}} 3 {shown} 2.5 1.5\n\
             h_bucket{{a=\"b\",le=\"4.0\"}} 3\nh_bucket{{a=\"b\",le=\"5.0\"}} 3\n\
             h_bucket{{a=\"b\",le=\"6.0\"}} 3\nh_bucket{{a=\"b\",le=\"7.0\"}} 4\n\
             h_bucket{{a=\"b\",le=\"+Inf\"}} 5\nh_sum{{a=\"b\"}} 20.0\nh_count{{a=\"b\"}} 5\n# EOF\n"
        )
    );
    let custom = Options { to_custom_buckets: true, ..Options::default() };
    let body = native_body(&native, Protocol::PrometheusProto, &[]);
    let shown = show_with(&body, Format::Protobuf, custom);
    let expected = format!("h{{a=\"b\"}} {}", native.to_float());
    assert_eq!(shown.lines().last(), Some(expected.as_str()));
}

#[test]
fn a_large_exposition_leaves_piece_by_piece() {
    let count = 20_000;
    let head = FamilyHead { name: "large", help: None, unit: "", metric_type: MetricType::Gauge };
    let (value, at, start) = (MeasuredValue::Number { value: 1.0, exemplar: None }, None, None);
    for (protocol, format) in [
        (Protocol::PrometheusText004, Format::Text004),
        (Protocol::PrometheusProto, Format::Protobuf),
    ] {
        let mut writer = Writer::new(answer(protocol));
        let (mut body, mut pieces) = (Vec::new(), 0);
        writer.family(head);
        for id in 0..count {
            let id = format!("{id:0100}");
            writer.metric([("id", id.as_str())], Measured { value, at, start });
            if writer.complete_bytes() > 0 {
                body.extend(writer.take_complete());
                pieces += 1;
            }
        }
        body.extend(writer.finish());
        assert!(pieces > 1, "{protocol}");
        let mut parser = crate::Parser::new(&body, format);
        let mut samples = 0;
        while let Some(entry) = parser.next_entry().unwrap() {
            samples += usize::from(matches!(entry, crate::Entry::Sample(_)));
        }
        assert_eq!(samples, count, "{protocol}");
    }
}
