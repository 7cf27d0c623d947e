use narthex_platform::SimulatedClock;
use narthex_promql::{QueryError, QueryStats};

use super::*;

fn add(tally: &Tally, query: &str, millis: u64, samples: u64) {
    add_of(tally, query, millis, samples, (None, None));
}

fn add_of(
    tally: &Tally,
    query: &str,
    millis: u64,
    samples: u64,
    (origin, error): (Option<&QueryOrigin>, Option<&QueryError>),
) {
    let at = Timestamp::from_millis(0);
    let stats = QueryStats {
        samples,
        // Waiting is not what the query cost.
        queued: Duration::from_secs(9),
        evaluated: Duration::from_millis(millis),
        ..QueryStats::default()
    };
    let (start, end, step, stats) = (at, at, Duration::ZERO, &stats);
    tally.add(&QueryRecord { query, start, end, step, origin, stats, error });
}

fn texts(tally: &Tally, order: QueryOrder, limit: usize) -> Vec<String> {
    tally.top(order, limit).queries.into_iter().map(|cost| cost.query).collect()
}

#[test]
fn queries_are_added_up_by_their_text() {
    let clock = SimulatedClock::at(5_000);
    let tally = Tally::new(clock.clock());
    let error = QueryError::Canceled { stage: "stage" };
    add(&tally, "up", 30, 7);
    clock.advance(Duration::from_secs(1));
    add_of(&tally, "up", 10, 9, (None, Some(&error)));
    let top = tally.top(QueryOrder::Duration, 10);
    assert_eq!((top.since, top.kept, top.forgotten), (Timestamp::from_millis(5_000), 1, 0));
    let expected = QueryCost {
        query: "up".to_owned(),
        count: 2,
        failed: 1,
        duration_sum: Duration::from_millis(40),
        duration_max: Duration::from_millis(30),
        samples_sum: 16,
        samples_max: 9,
        last: Timestamp::from_millis(6_000),
    };
    assert_eq!(top.queries, [expected]);
}

#[test]
fn each_order_has_its_first() {
    let tally = Tally::new(SimulatedClock::at(0).clock());
    for _ in 0..10 {
        add(&tally, "often", 5, 1);
    }
    add(&tally, "slow", 40, 2);
    add(&tally, "wide", 1, 1_000);
    assert_eq!(texts(&tally, QueryOrder::Duration, 1), ["often"]);
    assert_eq!(texts(&tally, QueryOrder::Slowest, 1), ["slow"]);
    assert_eq!(texts(&tally, QueryOrder::Count, 3), ["often", "slow", "wide"]);
    assert_eq!(texts(&tally, QueryOrder::Samples, 2), ["wide", "often"]);
}

#[test]
fn queries_of_rules_are_not_counted() {
    let tally = Tally::new(SimulatedClock::at(0).clock());
    let origin = QueryOrigin::RuleGroup { file: "f".to_owned(), name: "g".to_owned() };
    add_of(&tally, "up", 1, 1, (Some(&origin), None));
    assert_eq!(tally.top(QueryOrder::Count, 10).queries, []);
}

#[test]
fn dear_queries_and_recent_ones_stay() {
    let clock = SimulatedClock::at(0);
    let tally = Tally::new(clock.clock());
    add(&tally, "dear", 1_000_000, 1);
    for number in 1..QUERIES_MAX {
        add(&tally, &format!("old {number}"), 10, 1);
    }
    clock.advance(Duration::from_secs(60));
    for number in 0..QUERIES_MAX / 2 {
        add(&tally, &format!("new {number}"), 10, 1);
        add(&tally, "new 0", 10, 1);
    }
    let top = tally.top(QueryOrder::Count, QUERIES_MAX * 2);
    assert_eq!((top.kept, top.queries.len()), (QUERIES_MAX, QUERIES_MAX));
    assert_eq!(top.forgotten, QUERIES_MAX as u64 / 2);
    assert_eq!((&*top.queries[0].query, top.queries[0].count), ("new 0", 501));
    assert!(top.queries.iter().any(|cost| cost.query == "dear"));
    let new = top.queries.iter().filter(|cost| cost.query.starts_with("new")).count();
    assert_eq!(new, QUERIES_MAX / 2);
}

#[test]
fn long_texts_are_cut() {
    let tally = Tally::new(SimulatedClock::at(0).clock());
    add(&tally, &"é".repeat(TEXT_BYTES_MAX), 1, 1);
    assert_eq!(texts(&tally, QueryOrder::Count, 1)[0].len(), TEXT_BYTES_MAX);
}
