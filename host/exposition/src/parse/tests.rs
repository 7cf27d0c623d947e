use narthex_model::{Labels, Timestamp};
use narthex_platform::{Family, FamilyKind, Point, PointValue};
use proptest::prelude::*;

use super::*;
use crate::testing::show_with;
use crate::{Answer, Escaping, Protocol};

fn show(body: &str, format: Format) -> String {
    show_with(body.as_bytes(), format, Options::default())
}

#[track_caller]
fn text(body: &str, expected: &str) {
    assert_eq!(show(body, Format::Text004), expected);
}

#[track_caller]
fn open(body: &str, expected: &str) {
    assert_eq!(show(body, Format::OpenMetrics), expected);
}

#[test]
fn text_samples() {
    text("a 1\nb{} 2\nc{x=\"y\"} 3 4\n", "a 1\nb 2\nc{x=\"y\"} 3 @4");
    text("a 1", "a 1");
    text("", "");
    text("  a  {  x = \"y\" , z=\"w\" , }\t1\t2 \n\n", r#"a{x="y", z="w"} 1 @2"#);
    text("a{x=\"1\"y=\"2\"} NaN\n", r#"a{x="1", y="2"} NaN"#);
    text("a{x=\"q\\\"b\\\\n\\n\"} -Inf\n", "a{x=\"q\\\"b\\\\n\\n\"} -inf");
    text("a{x=\"\"} 1\n", "a 1");
    text("{\"a.b\",\"c d\"=\"e\"} 1\n", r#"{"a.b", "c d"="e"} 1"#);
    text("a{}1\n", "a 1");
}

#[test]
fn text_metadata() {
    text(
        "# HELP a One \\\\ two\\nthree \\\"\n# TYPE a counter\na 1\n",
        "help a: One \\ two\nthree \\\"\ntype a: counter\na 1",
    );
    text("# HELP \"a.b\" x\n# HELP a\n#HELP a\n# HELPER\n#\n# x\n", "help a.b: x\nhelp a: ");
    text("#\tTYPE \ta gauge", "type a: gauge");
}

#[test]
fn text_errors_say_where() {
    text("a 1\nb x\n", "a 1\nline 2, column 3: expected a number, found `x`");
    text("a\n", "line 1, column 2: expected a number, found the end of the line");
    text("a{x=1} 1", "line 1, column 5: expected a quoted label value, found `1} 1`");
    text("a{x=\"1} 1\n", "line 1, column 6: expected a closing quote, found `1} 1`");
    text("a 1 -1", "line 1, column 5: expected a timestamp or the end of the line, found `-1`");
    text("a 1 2 3", "line 1, column 7: expected the end of the line, found `3`");
    text("{x=\"1\"} 1", "line 1, column 8: expected a metric name in the braces, found ` 1`");
    text(
        "# TYPE a info\n",
        "line 1, column 10: expected counter, gauge, histogram, summary or untyped, found `info`",
    );
    text("a{x=\"1\",x=\"2\"} 1", "label \"x\" stands twice in one series 1");
    text("a 1\r\n", "line 1, column 3: expected a number, found `1\\r`");
    text("a 1e999", "line 1, column 3: expected a number, found `1e999`");
}

#[test]
fn openmetrics_samples() {
    open("a 1\n# EOF\n", "a 1");
    open("a 1 1.5\n# EOF", "a 1 @1500");
    open(
        "a_total{x=\"}\"} 1 2 # {id=\"# {\",b=\"c\",} 0.5 3\n# EOF\n",
        r##"a_total{x="}"} 1 @2000 # {b="c", id="# {"} 0.5 @3000"##,
    );
    open("a 1 # {} 2\n# EOF\n", "a 1 # {} 2");
    open(
        "# TYPE a_s gauge\n# UNIT a_s s\n# HELP a_s \\\"x\n# EOF\n",
        "type a_s: gauge\nunit a_s: s\nhelp a_s: \"x",
    );
}

#[test]
fn openmetrics_errors_say_where() {
    open("a 1\n", "a 1\nline 2, column 1: expected # EOF at the end, found the end");
    open(
        "a 1\n\n# EOF",
        "a 1\nline 2, column 1: expected a metric name, found the end of the line",
    );
    open("a  1\n# EOF", "line 1, column 3: expected a number, found ` 1`");
    open(
        "a 1 \n# EOF",
        "line 1, column 5: expected a timestamp in seconds, found the end of the line",
    );
    open(
        "# EOF\na 1",
        "line 1, column 6: expected nothing behind # EOF, found the end of the line",
    );
    open(
        "# UNIT a s\n# EOF",
        "line 1, column 10: expected the unit that the metric's name ends in, found `s`",
    );
    open("a 1 # {x=\"y\"}2\n# EOF", "line 1, column 14: expected a space, found `2`");
}

#[test]
fn bounds_and_quantiles_are_written_one_way() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\",quantile=\"1\"} 1\n\
                # TYPE s summary\ns{quantile=\"0.50\",le=\"1\"} 1\n# TYPE g gauge\ng{le=\"1\"} 1\n";
    let labels: Vec<String> = show(body, Format::Text004)
        .lines()
        .filter(|line| !line.starts_with("type"))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        labels,
        [
            r#"h_bucket{le="1.0"} 1"#,
            r#"h_bucket{le="+Inf", quantile="1"} 1"#,
            r#"s{le="1", quantile="0.5"} 1"#,
            r#"g{le="1"} 1"#
        ]
    );
}

#[test]
fn a_known_line_is_read_without_a_walk() {
    let body = b"a{x=\"y\"} 1\nab 2 3\nab {x=\"z\"} 4\n";
    let keys: Vec<(usize, u128)> = ["a{x=\"y\"} 1", "a{x=\"z\"} 1", "a 1", "ab 1"]
        .iter()
        .map(|line| {
            let mut parser = Parser::new(line.as_bytes(), Format::Text004);
            let Ok(Some(Entry::Sample(sample))) = parser.next_entry() else { panic!("{line}") };
            (sample.series.text_len(), sample.series.key())
        })
        .collect();
    let mut parser = Parser::new(body, Format::Text004);
    let mut known = |index: usize| {
        let (len, key) = keys[index];
        parser.known_sample(len, key).map(|sample| sample.reading)
    };
    assert_eq!(known(1), None);
    assert_eq!(known(0).map(|reading| reading.value), Some(1.0));
    assert_eq!(known(2), None, "the name goes on");
    let reading = known(3).unwrap();
    assert_eq!((reading.value, reading.at), (2.0, Some(Timestamp::from_millis(3))));
    assert_eq!(known(3), None, "braces follow");
    assert!(matches!(parser.next_entry(), Ok(Some(Entry::Sample(_)))));
    assert_eq!(parser.known_sample(usize::MAX, 0), None);
    assert_eq!(parser.next_entry(), Ok(None));
}

#[test]
fn a_line_is_another_one_under_another_type() {
    let key = |body: &str| {
        let mut parser = Parser::new(body.as_bytes(), Format::Text004);
        while let Ok(Some(entry)) = parser.next_entry() {
            if let Entry::Sample(sample) = entry {
                return sample.series.key();
            }
        }
        panic!("{body}")
    };
    let line = "a_bucket{le=\"1\"} 1\n";
    assert_ne!(key(line), key(&format!("# TYPE a histogram\n{line}")));
    assert_eq!(key(line), key(&format!("# TYPE a gauge\n{line}")));
}

fn any_format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Text004), Just(Format::OpenMetrics), Just(Format::Protobuf)]
}

/// Bytes that look like an exposition often enough to reach deep.
fn any_body() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("{"),
        Just("}"),
        Just("\""),
        Just("\\"),
        Just("="),
        Just(","),
        Just(" "),
        Just("\t"),
        Just("\n"),
        Just("#"),
        Just("# HELP "),
        Just("# TYPE "),
        Just("# UNIT "),
        Just("# EOF"),
        Just("counter"),
        Just("1"),
        Just("-"),
        Just("."),
        Just("e"),
        Just("NaN"),
        Just("a{b=\"c\"} 1"),
        Just(" # {a=\"b\"} 1"),
        Just("é"),
        Just("\0"),
        Just("_s"),
        Just("s"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_families() -> impl Strategy<Value = Vec<Family>> {
    let label = ("[a-z]{1,3}|[a-z.é ]{1,4}", "\\PC{0,8}|[\"\\\\\n]{0,4}");
    let labels = proptest::collection::btree_map(label.0, label.1, 0..3);
    let point = (labels, any::<f64>()).prop_map(|(labels, value)| Point {
        labels: labels.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        value: PointValue::Number(value),
    });
    let points = proptest::collection::vec(point, 0..4);
    let family = ("[a-z_]{1,6}|[a-z.]{1,6}", "\\PC{0,8}|[\"\\\\\n]{0,4}", points)
        .prop_map(|(name, help, points)| Family { name, help, kind: FamilyKind::Gauge, points });
    proptest::collection::vec(family, 0..4)
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(families in any_families(), format in any_format()) {
        let protocol = match format {
            Format::Text004 => Protocol::PrometheusText100,
            Format::OpenMetrics => Protocol::OpenMetricsText100,
            Format::Protobuf => Protocol::PrometheusProto,
        };
        let escaping = Escaping::AllowUtf8;
        let body = crate::render(&families, Answer { protocol, escaping });
        let families: Vec<&Family> = families
            .iter()
            .filter(|family| format != Format::Protobuf || !family.points.is_empty())
            .collect();
        let mut parser = Parser::new(&body, format);
        for family in &families {
            let Ok(Some(Entry::Help { family: name, help })) = parser.next_entry() else {
                panic!("a help line in {}", body.escape_ascii());
            };
            prop_assert_eq!((&*name, &*help), (family.name.as_str(), family.help.as_str()));
            let is_type = matches!(parser.next_entry(), Ok(Some(Entry::Type { .. })));
            prop_assert!(is_type);
            for point in &family.points {
                let Ok(Some(Entry::Sample(sample))) = parser.next_entry() else {
                    panic!("a sample line in {}", body.escape_ascii());
                };
                let name = ("__name__".to_owned(), family.name.clone());
                let expected = Labels::from_pairs(point.labels.iter().cloned().chain([name]));
                prop_assert_eq!(sample.series.labels(), Ok(expected));
                let PointValue::Number(value) = point.value else { panic!() };
                prop_assert!(
                    value == sample.reading.value || (value.is_nan() && sample.reading.value.is_nan())
                );
            }
        }
        prop_assert_eq!(parser.next_entry(), Ok(None));
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200), format in any_format()) {
        let mut parser = Parser::new(&bytes, format);
        for _ in 0..=bytes.len() {
            if !matches!(parser.next_entry(), Ok(Some(_))) {
                break;
            }
        }
        prop_assert!(!matches!(parser.next_entry(), Ok(Some(_))));
    }

    #[test]
    fn any_likely_body_ends_and_known_lines_agree(body in any_body(), format in any_format()) {
        let mut parser = Parser::new(body.as_bytes(), format);
        loop {
            let mut again = parser.clone();
            let Ok(Some(entry)) = parser.next_entry() else { break };
            let Entry::Sample(sample) = entry else { continue };
            sample.series.labels().ok();
            let known = again.known_sample(sample.series.text_len(), sample.series.key());
            if let Some(known) = known {
                prop_assert_eq!(known.series, sample.series);
                prop_assert_eq!(known.reading.value.to_bits(), sample.reading.value.to_bits());
                prop_assert_eq!(known.reading.at, sample.reading.at);
                prop_assert_eq!(again.at(), parser.at());
            }
        }
    }
}
