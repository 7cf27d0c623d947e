//! Lines to labels and points, and refusals with their place.

use expect_test::{Expect, expect};
use narthex_model::{CounterReset, is_stale};
use proptest::prelude::*;

use super::*;

/// The series in words, or the error with the text at fault.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is used up")]
fn check(line: &str, expected: Expect) {
    let shown = match parse_series_notation(line) {
        Ok(SeriesNotation { labels, points, .. }) => {
            let points: Vec<String> = points.iter().map(show).collect();
            format!("{labels}: {}", points.join(" "))
        }
        Err(error) => format!("{error}\n{}", error.excerpt()),
    };
    expected.assert_eq(&shown);
}

fn show(point: &SeriesPoint) -> String {
    match point {
        SeriesPoint::Omitted => "_".to_owned(),
        SeriesPoint::Float(value) if is_stale(*value) => "stale".to_owned(),
        SeriesPoint::Float(value) => value.to_string(),
        SeriesPoint::Histogram { histogram, .. } => {
            format!("count {} sum {}", histogram.count, histogram.sum)
        }
    }
}

#[test]
fn values_repeat_and_change() {
    check("a 1 -2 +3 .5 1e3 inf -Inf NaN", expect!["a: 1 -2 3 0.5 1000 inf -inf NaN"]);
    check(
        "a 0+10x3 5-2.5x2 -1+-1x0",
        expect![[r#"
            1:21: parse error: unexpected '-' in series values, expected number
            a 0+10x3 5-2.5x2 -1+-1x0
                                ^"#]],
    );
    check("a 0+10x3 5-2.5x2 7x1 0x2", expect!["a: 0 10 20 30 5 2.5 0 7 7 0 0 0"]);
    check("a _ _x2 stale 1_000 ", expect!["a: _ _ _ stale 1000"]);
    check("a", expect!["a: "]);
    check("a 1e-3-1e-3x1", expect!["a: 0.001 0"]);
}

#[test]
fn labels_are_those_of_a_series() {
    check(r#"a{b="c", "d e"='f\t',} 1"#, expect![[r#"a{b="c", "d e"="f	"}: 1"#]]);
    check(r#"{"a b", c="d"} 1"#, expect![[r#"{"a b", c="d"}: 1"#]]);
    check("{} 1", expect!["{}: 1"]);
    check(r#"sum{by="x",empty=""} 1"#, expect![[r#"sum{by="x"}: 1"#]]);
    check("a:b 1", expect!["a:b: 1"]);
    check(
        r#"a{b="1",b="2"} 1"#,
        expect![[r#"
        1:9: parse error: label "b" is set twice
        a{b="1",b="2"} 1
                ^"#]],
    );
    check(
        r#"a{b!="1"} 1"#,
        expect![[r#"
        1:4: parse error: unexpected "!=" in label set, expected "="
        a{b!="1"} 1
           ^^"#]],
    );
    check(
        r#"a {b="1"} 1"#,
        expect![[r#"
        1:3: parse error: unexpected '{' in series values, expected number
        a {b="1"} 1
          ^"#]],
    );
    check(
        r#"a{b="1"}1"#,
        expect![[r#"
        1:9: parse error: unexpected '1' in series values, expected a blank
        a{b="1"}1
                ^"#]],
    );
    check(
        r#"a{b="1" 1"#,
        expect![[r#"
        1:9: parse error: unexpected number "1" in label set, expected "," or "}"
        a{b="1" 1
                ^"#]],
    );
    check(
        "5 1",
        expect![[r#"
        1:1: parse error: unexpected number "5" in series, expected metric name or "{"
        5 1
        ^"#]],
    );
}

#[test]
fn a_refusal_points_at_the_text_at_fault() {
    check(
        "a 1 b 2",
        expect![[r#"
        1:5: parse error: unexpected "b" in series values, expected number or "stale"
        a 1 b 2
            ^"#]],
    );
    check(
        "a 1x",
        expect![[r#"
        1:5: parse error: unexpected end of input in repetition in series values, expected whole number
        a 1x
            ^"#]],
    );
    check(
        "a 1+2",
        expect![[r#"
        1:6: parse error: unexpected end of input in series values, expected "x" and how often the change is repeated
        a 1+2
             ^"#]],
    );
    check(
        "a 1x1.5",
        expect![[r#"
        1:6: parse error: unexpected '.' in series values, expected a blank
        a 1x1.5
             ^"#]],
    );
    check(
        "a 1.2.3",
        expect![[r#"
        1:3: parse error: bad number syntax: "1.2.3"
        a 1.2.3
          ^^^^^"#]],
    );
    check(
        "a 1x99999999",
        expect![[r#"
        1:5: parse error: a series has at most 4194304 values
        a 1x99999999
            ^^^^^^^^"#]],
    );
    check(
        "a _x4194303 _x4194303",
        expect![[r#"
        1:13: parse error: a series has at most 4194304 values
        a _x4194303 _x4194303
                    ^^^^^^^^^"#]],
    );
}

#[test]
fn a_refusal_within_a_histogram_points_at_the_text_at_fault() {
    check(
        "a {{schema:0 schema:1}}",
        expect![[r#"
        1:14: parse error: duplicate key "schema" in histogram
        a {{schema:0 schema:1}}
                     ^^^^^^"#]],
    );
    check(
        "a {{schema:0 sums:1}}",
        expect![[r#"
        1:14: parse error: bad histogram descriptor found: "sums"
        a {{schema:0 sums:1}}
                     ^^^^"#]],
    );
    check(
        "a {{schema:0.5}}",
        expect![[r#"
        1:13: parse error: unexpected '.' in histogram description, expected a blank or "}}"
        a {{schema:0.5}}
                    ^"#]],
    );
    check(
        "a {{schema}}",
        expect![[r#"
        1:5: parse error: missing `:` for histogram descriptor
        a {{schema}}
            ^^^^^^"#]],
    );
    check(
        "a {{buckets:[]}}",
        expect![[r#"
        1:14: parse error: unexpected ']' in histogram buckets, expected number
        a {{buckets:[]}}
                     ^"#]],
    );
    check(
        "a {{buckets:[1,2]}}",
        expect![[r#"
        1:15: parse error: unexpected ',' in histogram buckets, expected number
        a {{buckets:[1,2]}}
                      ^"#]],
    );
    check(
        "a {{count:1",
        expect![[r#"
        1:12: parse error: unexpected end of input in histogram description, expected a blank or "}}"
        a {{count:1
                   ^"#]],
    );
    check(
        "a {{counter_reset_hint:maybe}}",
        expect![[r#"
        1:24: parse error: unexpected "maybe" in histogram description, expected unknown, reset, not_reset or gauge
        a {{counter_reset_hint:maybe}}
                               ^^^^^"#]],
    );
}

#[test]
fn histograms_say_all_that_they_are() {
    let text = "a {{schema:1 sum:-0.3 count:3.1 z_bucket:7.1 z_bucket_w:0.05 buckets:[5.1 10 7] \
                offset:-3 n_buckets:[4.1 5] n_offset:-5 counter_reset_hint:gauge}}";
    let series = parse_series_notation(text).unwrap();
    let [SeriesPoint::Histogram { histogram, is_reset_given: true }] = series.points.as_slice()
    else {
        panic!("{series:?}")
    };
    let layout = &histogram.layout;
    assert_eq!((layout.schema, histogram.reset), (1, CounterReset::Gauge));
    assert_eq!((histogram.sum, histogram.count), (-0.3, 3.1));
    assert_eq!((histogram.zero_count, layout.zero_threshold), (7.1, 0.05));
    assert_eq!(histogram.positive_counts, [5.1, 10.0, 7.0]);
    assert_eq!(histogram.negative_counts, [4.1, 5.0]);
    let spans = [&layout.positive_spans, &layout.negative_spans]
        .map(|spans| spans.iter().map(|span| (span.offset, span.length)).collect::<Vec<_>>());
    assert_eq!(spans, [[(-3, 3)], [(-5, 2)]]);
}

#[test]
fn histograms_repeat_and_may_be_empty() {
    check(
        "a {{}} {{ }}x1 {{count:5}}x2 _",
        expect![
            "a: count 0 sum 0 count 0 sum 0 count 0 sum 0 count 5 sum 0 count 5 sum 0 count 5 sum 0 _"
        ],
    );
    check("a {{sum:-Inf count:NaN}}", expect!["a: count NaN sum -inf"]);
    let series = parse_series_notation("a {{schema:-53 custom_values:[1 -2.5]}}").unwrap();
    let SeriesPoint::Histogram { histogram, is_reset_given: false } = &series.points[0] else {
        panic!("{series:?}")
    };
    assert_eq!(histogram.layout.custom_bounds, [1.0, -2.5]);
}

#[test]
fn histograms_grow_and_shrink_by_another() {
    check(
        "a {{count:1 sum:2}}+{{count:3 sum:0.5}}x2 {{count:5}}-{{count:1}}x1",
        expect!["a: count 1 sum 2 count 4 sum 2.5 count 7 sum 3 count 5 sum 0 count 4 sum 0"],
    );
    let series = parse_series_notation(
        "a {{buckets:[1] counter_reset_hint:reset}}+{{buckets:[1 2] counter_reset_hint:reset}}x1 \
         {{counter_reset_hint:gauge}}+{{}}x0",
    );
    let points = series.unwrap().points;
    let SeriesPoint::Histogram { histogram, is_reset_given: true } = &points[1] else {
        panic!("{points:?}")
    };
    assert_eq!(histogram.positive_counts, [2.0, 2.0]);
    assert_eq!(histogram.reset, CounterReset::Reset);
    assert!(matches!(points[2], SeriesPoint::Histogram { is_reset_given: false, .. }));
    check(
        "a {{schema:1}}+{{schema:0}}x1",
        expect![[r#"
        1:5: parse error: error combining histograms: cannot merge from schema 0 to 1
        a {{schema:1}}+{{schema:0}}x1
            ^^^^^^^^^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "a {{}}+{{schema:-53}}x1",
        expect![[r#"
        1:5: parse error: error combining histograms: cannot merge from schema -53 to 0
        a {{}}+{{schema:-53}}x1
            ^^^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "a {{}}+{{}}",
        expect![[r#"
        1:12: parse error: unexpected end of input in series values, expected "x" and how often the change is repeated
        a {{}}+{{}}
                   ^"#]],
    );
    check(
        "a {{}}+{{}}x200001",
        expect![[r#"
        1:5: parse error: a histogram changes at most 200000 times
        a {{}}+{{}}x200001
            ^^^^^^^^^^^^^^"#]],
    );
}

#[test]
fn start_times_belong_to_the_next_line() {
    let lines = ["a{b=\"c\"}@st -1m 0s+15sx1 _x2 30s-1mx1 _", "a{b=\"c\"} 0x7", "d 1"];
    let series = parse_series_block(lines).unwrap();
    let expected =
        [Some(-60_000), Some(0), Some(15_000), None, None, Some(30_000), Some(-30_000), None];
    assert_eq!(series[0].starts, expected);
    assert_eq!(series[1].starts, []);
}

#[test]
fn start_times_that_fit_nothing_are_refused() {
    let check = |lines: &[&str], expected: &str| {
        let error = parse_series_block(lines.iter().copied()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(&["a@st 0s"], "line 1: @st line has no following sample line");
    check(
        &["a@st 0s", "b 1"],
        "line 1: @st metric does not match the following sample line metric",
    );
    check(&["b 1", "a@st 0sx2", "a 1"], "line 2: @st line has 3 values but sample line has 1");
    check(
        &["a@st 0s+1s", "a 1"],
        "line 1: 1:11: parse error: unexpected end of input in start times, expected \"x\" and how \
         often the change is repeated",
    );
}

proptest! {
    #[test]
    fn no_line_makes_the_reader_panic(line in "a(\\{b=\"c\"\\})?[ 0-9a-z_x+\\-.{}\\[\\]:é]*") {
        if let Err(error) = parse_series_notation(&line) {
            prop_assert!(error.excerpt().contains('^'));
        }
    }
}
