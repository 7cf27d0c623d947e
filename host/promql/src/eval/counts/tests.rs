use std::sync::Arc;
use std::time::Duration;

use narthex_model::Labels;
use narthex_platform::{Clock, Metrics};
use narthex_storage::{Appendable, MemoryStore};

use super::*;
use crate::{Engine, EngineConfig, Features, QueryOptions};

/// Two series, a sample every 10 s for 5 min.
fn engine() -> Engine {
    let store = MemoryStore::new();
    let mut batch = store.appender();
    for name in ["a", "b"] {
        let series = batch.series(&Labels::from_pairs([("__name__", name)])).unwrap();
        for index in 0..30 {
            batch.append(series, Timestamp::from_millis(index * 10_000), 1.0).unwrap();
        }
    }
    batch.commit().unwrap();
    let features = Features { per_step_stats: true, ..Features::default() };
    let config = EngineConfig { features, ..EngineConfig::default() };
    Engine::new(config, Arc::new(store), Clock::real(), &Metrics::new())
}

/// A query at 60 s, 90 s and 120 s: the samples at each, which are those of the query.
#[track_caller]
fn check(query: &str, expected: [u64; 3]) {
    let options = QueryOptions { with_step_stats: true, ..QueryOptions::default() };
    let (at, step) = (Timestamp::from_millis, Duration::from_secs(30));
    let stats = engine().range(query, at(60_000), at(120_000), step, &options).unwrap().stats;
    let [first, second, third] = expected;
    let expected = [(at(60_000), first), (at(90_000), second), (at(120_000), third)];
    assert_eq!(stats.samples_of_steps, expected, "{query}");
    assert_eq!(stats.samples_looked_at, first + second + third, "{query}");
}

#[test]
fn a_sample_counts_in_each_window_that_it_stands_in() {
    check("a", [1, 1, 1]);
    check("a + on() b", [2, 2, 2]);
    check("count_over_time(a[30s])", [3, 3, 3]);
    check("sum(last_over_time({__name__=~'a|b'}[1m]))", [12, 12, 12]);
    check("count_over_time(a[2m])", [7, 10, 12]);
    check("max_over_time(a[30s])", [3, 3, 3]);
    check("absent_over_time(a[30s])", [3, 3, 3]);
    check("a offset 1m30s", [0, 1, 1]);
    check("1 + 1", [0, 0, 0]);
}

#[test]
fn what_is_computed_once_counts_at_each_step() {
    check("a @ 50", [1, 1, 1]);
    check("count_over_time(a[30s] @ 50)", [3, 3, 3]);
    check("a + on() count_over_time(b[30s] @ 50)", [4, 4, 4]);
}

#[test]
fn a_subquery_counts_as_the_window_that_it_becomes() {
    check("count_over_time(a[30s:10s])", [3, 3, 3]);
    check("count_over_time(count_over_time(a[20s])[30s:10s])", [3, 3, 3]);
    // Its times are those of the query.
    check("count_over_time(a[30s:30s])", [1, 1, 1]);
    check("count_over_time((a + on() b)[30s:10s])", [3, 3, 3]);
    check("count_over_time(count_over_time(a[20s])[30s:10s] @ 50)", [3, 3, 3]);
}

#[test]
fn an_answer_of_samples_counts_what_was_read_for_it() {
    #[track_caller]
    fn check(query: &str, expected: u64) {
        let options = QueryOptions { with_step_stats: true, ..QueryOptions::default() };
        let at = Timestamp::from_millis(60_000);
        let stats = engine().instant(query, at, &options).unwrap().stats;
        assert_eq!(stats.samples_looked_at, expected, "{query}");
        assert_eq!(stats.samples_of_steps, [(at, expected)], "{query}");
    }
    check("a[30s]", 3);
    check("a[30s:10s]", 3);
    check("(count_over_time(a[20s])[30s:10s])", 6);
}

#[test]
fn steps_are_counted_where_it_was_asked_for() {
    let engine = engine();
    let at = Timestamp::from_millis(60_000);
    let stats = engine.instant("a", at, &QueryOptions::default()).unwrap().stats;
    assert_eq!((stats.samples_looked_at, stats.samples_of_steps), (1, Vec::new()));
}
