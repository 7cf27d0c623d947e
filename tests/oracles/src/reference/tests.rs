//! The reference by hand: small data, answers that a person can compute.

use narthex_model::Labels;
use narthex_promql::{Features, parse_with};
use narthex_storage::Columns;

use super::{Answer, Reference, Sample};
use crate::generate::promql::When;

/// Two counters and a gauge, a sample each ten seconds from 10 to 60.
fn reference() -> Reference {
    let series = [
        (vec![("__name__", "c"), ("job", "a")], vec![1.0, 2.0, 3.0, 0.0, 1.0, 2.0]),
        (vec![("__name__", "c"), ("job", "b")], vec![10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
        (vec![("__name__", "g"), ("job", "a")], vec![5.0, 4.0, 3.0, 2.0, 1.0, 0.5]),
    ];
    let series = series.map(|(labels, values)| {
        let times = (1..=6).map(|step| step * 10_000).collect();
        (Labels::from_pairs(labels), Columns::from_floats(times, values))
    });
    Reference::new(&series)
}

#[track_caller]
fn check(query: &str, expected: &[(&str, f64)]) {
    let expr = parse_with(query, Features::ALL).expect("a query");
    let Answer::Vector(found) = reference().answer(&expr, When::Instant(60_000)).expect("answer")
    else {
        panic!("a vector was expected");
    };
    let found: Vec<(String, f64)> = found
        .into_iter()
        .map(|(labels, value)| match value {
            Sample::Float(value) => (labels.to_string(), value),
            Sample::Histogram(_) => panic!("a float was expected"),
        })
        .collect();
    let expected: Vec<(String, f64)> =
        expected.iter().map(|(labels, value)| ((*labels).to_owned(), *value)).collect();
    assert_eq!(found, expected, "{query}");
}

#[test]
fn selectors_see_the_newest_sample_within_the_lookback() {
    check("c", &[(r#"c{job="a"}"#, 2.0), (r#"c{job="b"}"#, 60.0)]);
    check("g offset 15s", &[(r#"g{job="a"}"#, 2.0)]);
    check("g @ 30", &[(r#"g{job="a"}"#, 3.0)]);
    check("g offset -10m", &[]);
}

#[test]
fn windows_are_open_to_the_left() {
    check("count_over_time(g[20s])", &[(r#"{job="a"}"#, 2.0)]);
    check("sum_over_time(c[30s])", &[(r#"{job="a"}"#, 3.0), (r#"{job="b"}"#, 150.0)]);
    check("last_over_time(g[5s])", &[(r#"g{job="a"}"#, 0.5)]);
    check("max_over_time(g[1m:20s])", &[(r#"{job="a"}"#, 4.0)]);
}

#[test]
fn rates_reach_to_the_ends_of_the_window_and_see_resets() {
    // From 40 to 60: the first sample is ten seconds after the window's start.
    check(r#"increase(c{job="b"}[30s])"#, &[(r#"{job="b"}"#, 30.0)]);
    check(r#"rate(c{job="b"}[30s])"#, &[(r#"{job="b"}"#, 1.0)]);
    check(r#"resets(c[1m])"#, &[(r#"{job="a"}"#, 1.0), (r#"{job="b"}"#, 0.0)]);
    check(r#"irate(c{job="a"}[1m])"#, &[(r#"{job="a"}"#, 0.1)]);
    check("delta(g[30s])", &[(r#"{job="a"}"#, -2.25)]);
}

#[test]
fn aggregations_make_one_of_a_group() {
    check("sum(c)", &[("{}", 62.0)]);
    check("avg by (job) (c)", &[(r#"{job="a"}"#, 2.0), (r#"{job="b"}"#, 60.0)]);
    check("topk(1, c)", &[(r#"c{job="b"}"#, 60.0)]);
    check("quantile(0.5, c)", &[("{}", 31.0)]);
    check(r#"count_values("n", c > bool 3)"#, &[(r#"{n="0"}"#, 1.0), (r#"{n="1"}"#, 1.0)]);
    check("stdvar(c)", &[("{}", 841.0)]);
}

#[test]
fn operators_find_partners_by_labels() {
    check("c + g", &[(r#"{job="a"}"#, 2.5)]);
    check("c > 3", &[(r#"c{job="b"}"#, 60.0)]);
    check("c unless g", &[(r#"c{job="b"}"#, 60.0)]);
    check("c - on () group_left () g", &[(r#"{job="a"}"#, 1.5), (r#"{job="b"}"#, 59.5)]);
    check("c * fill(0) g", &[(r#"{job="a"}"#, 1.0), (r#"{job="b"}"#, 0.0)]);
}

#[test]
fn two_of_the_same_labels_have_no_answer() {
    let expr = parse_with(r#"rate({job="a"}[1m])"#, Features::ALL).expect("a query");
    let refused = reference().answer(&expr, When::Instant(60_000)).expect_err("refused");
    assert_eq!(refused.0, "vector cannot contain metrics with the same labelset");
}

#[test]
fn days_have_their_place_in_the_calendar() {
    let part = super::calendar::part;
    // Leap day of 2024, a Thursday, 23:59:59.
    let seconds = 1_709_251_199;
    let names = ["year", "month", "day_of_month", "day_of_week", "day_of_year", "days_in_month"];
    assert_eq!(
        names.map(|name| part(name, seconds).expect("a part")),
        [2024.0, 2.0, 29.0, 4.0, 60.0, 29.0]
    );
    assert_eq!(part("hour", -1), Some(23.0));
    assert_eq!(part("year", -1), Some(1969.0));
}
