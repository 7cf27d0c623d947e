//! Whole queries over a small store.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use narthex_model::Labels;
use narthex_platform::SimulatedClock;
use narthex_storage::{Appendable, MemoryStore};

use super::*;
use crate::{Cancel, ErrorKind, Features, Value};

mod plans;

/// `requests_total{instance="0"}` rises by 1 a second, `{instance="1"}` by 2; every 15 s for 10 min.
fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = store.appender();
    for (instance, speed) in [("0", 1.0), ("1", 2.0)] {
        let labels = Labels::from_pairs([("__name__", "requests_total"), ("instance", instance)]);
        let series = batch.series(&labels).unwrap();
        for index in 0..=40 {
            let at = Timestamp::from_millis(index * 15_000);
            batch.append(series, at, speed * 15.0 * index as f64).unwrap();
        }
    }
    batch.commit().unwrap();
    store
}

fn engine(config: EngineConfig) -> Engine {
    Engine::new(config, Arc::new(store()), Clock::real(), &Metrics::new())
}

fn show(result: &QueryResult) -> String {
    let mut text = String::new();
    match &result.value {
        Value::Scalar { value, .. } => write!(text, "{value}").unwrap(),
        Value::String { value, .. } => write!(text, "{value:?}").unwrap(),
        Value::Vector(samples) => {
            for sample in samples {
                writeln!(text, "{} {} @{}", sample.labels, sample.value, sample.at).unwrap();
            }
        }
        Value::Matrix(all) => {
            for series in all {
                writeln!(text, "{} {:?}", series.labels, series.points.values).unwrap();
            }
        }
    }
    for remark in result.warnings.iter().chain(&result.infos) {
        writeln!(text, "{remark}").unwrap();
    }
    text.trim_end().to_owned()
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is used up")]
fn check(query: &str, expected: Expect) {
    let engine = engine(EngineConfig::default());
    let at = Timestamp::from_millis(300_000);
    let result = engine.instant(query, at, &QueryOptions::default());
    expected.assert_eq(&result.map_or_else(|error| error.to_string(), |result| show(&result)));
}

#[test]
fn a_rate_is_per_second_and_nameless() {
    check(
        "rate(requests_total[1m])",
        expect![[r#"
        {instance="0"} 0.9999999999999999 @300000
        {instance="1"} 1.9999999999999998 @300000"#]],
    );
}

#[test]
fn a_gauge_in_a_rate_is_remarked_on() {
    check(
        "rate(label_replace(requests_total, '__name__', 'x', '', '')[1m:15s])",
        expect![[r#"
        {instance="0"} 0.9999999999999999 @300000
        {instance="1"} 1.9999999999999998 @300000
        PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "x" (1:1)"#]],
    );
}

#[test]
fn sorting_keeps_its_order() {
    check(
        "sort_desc(requests_total)",
        expect![[r#"
        requests_total{instance="1"} 600 @300000
        requests_total{instance="0"} 300 @300000"#]],
    );
    check("topk(1, requests_total)", expect![[r#"requests_total{instance="1"} 600 @300000"#]]);
}

#[test]
fn a_bad_quantile_is_a_warning_with_its_place() {
    check(
        "quantile(1.5, requests_total)",
        expect![[r#"
        {} inf @300000
        PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)"#]],
    );
}

#[test]
fn scalars_and_strings_are_answers_too() {
    check("2 ^ 3 + time()", expect!["308"]);
    check("'text'", expect![[r#""text""#]]);
    check("histogram_count(requests_total)", expect![""]);
}

#[test]
fn a_range_query_computes_every_step() {
    let engine = engine(EngineConfig::default());
    let time = Timestamp::from_millis;
    let step = Duration::from_secs(60);
    let query = "sum(rate(requests_total[1m])) + requests_total{instance='0'} @ 0 offset -1m";
    let options = QueryOptions::default();
    let result = engine.range(query, time(0), time(120_000), step, &options).unwrap();
    expect![""].assert_eq(&show(&result));
    let result = engine.range(
        "sum(increase(requests_total[1m])) unless vector(0) > 0",
        time(0),
        time(120_000),
        step,
        &options,
    );
    expect!["{} [180.0, 180.0]"].assert_eq(&show(&result.unwrap()));
}

#[test]
fn a_query_beyond_its_samples_is_refused() {
    let engine = engine(EngineConfig { samples_max: 10, ..EngineConfig::default() });
    let at = Timestamp::from_millis(600_000);
    let error = engine.instant("sum(requests_total[10m:15s])", at, &QueryOptions::default());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::BadData);
    let query = "sum_over_time(requests_total[10m])";
    let error = engine.instant(query, at, &QueryOptions::default()).unwrap_err();
    assert!(matches!(error, QueryError::TooManySamples), "{error}");
}

#[test]
fn a_canceled_query_ends() {
    let cancel = Cancel::new();
    cancel.cancel();
    let options = QueryOptions { cancel, ..QueryOptions::default() };
    let error =
        engine(EngineConfig::default()).instant("requests_total", Timestamp::default(), &options);
    assert_eq!(error.unwrap_err().to_string(), "query was canceled in expression evaluation");
}

#[test]
fn a_query_past_its_deadline_ends() {
    let clock = SimulatedClock::at(0).clock();
    let engine = Engine::new(EngineConfig::default(), Arc::new(store()), clock, &Metrics::new());
    let options = QueryOptions { timeout: Some(Duration::ZERO), ..QueryOptions::default() };
    let error = engine.instant("requests_total", Timestamp::default(), &options).unwrap_err();
    assert_eq!(error.to_string(), "query timed out in expression evaluation");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

/// The highest trees that are let in are evaluated within a service thread's stack.
#[test]
fn deep_queries_fit_the_stack() {
    let run = || {
        let engine = engine(EngineConfig::default());
        for (open, close) in
            [("abs(", ")"), ("-", ""), ("1 + ", ""), ("requests_total or ", ""), ("sum(", ")")]
        {
            let query = format!("{}requests_total{}", open.repeat(400), close.repeat(400));
            let result =
                engine.instant(&query, Timestamp::from_millis(0), &QueryOptions::default());
            assert!(result.is_ok(), "{open}: {result:?}");
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

/// 300 series of 500 samples each: enough for several batches and runs.
fn crowd() -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = store.appender();
    for index in 0..300_u32 {
        let (job, instance) = ((index % 7).to_string(), index.to_string());
        let pairs = [("__name__", "work_total"), ("job", &job), ("instance", &instance)];
        let series = batch.series(&Labels::from_pairs(pairs)).unwrap();
        for step in 0..500 {
            let value = f64::from(index) * 0.1 + step as f64 * 1.7;
            batch.append(series, Timestamp::from_millis(step * 15_000), value).unwrap();
        }
    }
    batch.commit().unwrap();
    store
}

#[test]
fn threads_do_not_change_the_answer() {
    let store = Arc::new(crowd());
    let answers = [0, 1, 7].map(|workers| {
        let config = EngineConfig { workers, ..EngineConfig::default() };
        let engine = Engine::new(config, Arc::clone(&store) as _, Clock::real(), &Metrics::new());
        let (end, step) = (Timestamp::from_millis(7_500_000), Duration::from_secs(15));
        ["work_total", "rate(work_total[5m])", "sum by (job) (rate(work_total[5m]))"].map(|query| {
            let options = QueryOptions::default();
            let mut result =
                engine.range(query, Timestamp::default(), end, step, &options).unwrap();
            assert!(result.stats.samples >= 150_000, "{query}: {:?}", result.stats);
            // Times differ from run to run, and so does what is held at once.
            result.stats = crate::QueryStats::default();
            result
        })
    });
    let [one, two, eight] = answers;
    assert_eq!(one, two);
    assert_eq!(one, eight);
}

/// Rows that wait for what consumes them do not count, only a series that is read.
#[test]
fn threads_hardly_change_how_many_samples_a_query_holds() {
    let store = Arc::new(crowd());
    let peaks = [0, 1, 7].map(|workers| {
        let config = EngineConfig { workers, ..EngineConfig::default() };
        let engine = Engine::new(config, Arc::clone(&store) as _, Clock::real(), &Metrics::new());
        let (end, step) = (Timestamp::from_millis(7_500_000), Duration::from_secs(15));
        ["work_total", "count(topk(3, work_total))", "sum by (job) (work_total)"].map(|query| {
            let options = QueryOptions::default();
            let result = engine.range(query, Timestamp::default(), end, step, &options).unwrap();
            result.stats.samples_peak
        })
    });
    for (peak, alone) in peaks.iter().flat_map(|of_queries| of_queries.iter().zip(peaks[0])) {
        assert!(peak.abs_diff(alone) <= 500, "{peak} instead of {alone}");
    }
}

#[test]
fn an_error_in_a_thread_is_the_answer() {
    let cancel = Cancel::new();
    cancel.cancel();
    let config = EngineConfig { workers: 3, ..EngineConfig::default() };
    let engine = Engine::new(config, Arc::new(crowd()), Clock::real(), &Metrics::new());
    let options = QueryOptions { cancel, ..QueryOptions::default() };
    let at = Timestamp::from_millis(7_500_000);
    let error = engine.instant("sum(rate(work_total[2h]))", at, &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Canceled);
}

#[test]
fn a_subquery_of_too_many_steps_is_refused_before_it_begins() {
    let engine = engine(EngineConfig::default());
    for query in [
        "max_over_time(requests_total[10y:1ms])",
        "sum_over_time(vector(time())[10y:1ms])",
        "absent_over_time(nothing[10y:1ms])",
        "requests_total[10y:1ms]",
    ] {
        let at = Timestamp::from_millis(300_000);
        let error = engine.instant(query, at, &QueryOptions::default()).unwrap_err();
        assert!(error.to_string().contains("is expected to hold"), "{query}: {error}");
    }
}

/// An estimate that looks at each side twice would take for ever.
#[test]
fn what_a_long_chain_of_operators_costs_is_soon_known() {
    let query = vec!["requests_total"; 100].join(" + ");
    let at = Timestamp::from_millis(300_000);
    let result = engine(EngineConfig::default()).instant(&query, at, &QueryOptions::default());
    let Value::Vector(samples) = result.unwrap().value else { panic!("a vector") };
    assert_eq!(samples.len(), 2);
}

#[test]
fn samples_are_counted_at_each_step_for_who_asks() {
    let features = Features { per_step_stats: true, ..Features::default() };
    let engine = engine(EngineConfig { features, ..EngineConfig::default() });
    let at = Timestamp::from_millis;
    let ask = |query: &str, with_step_stats| {
        let options = QueryOptions { with_step_stats, ..QueryOptions::default() };
        let step = Duration::from_secs(60);
        let stats = engine.range(query, at(0), at(120_000), step, &options).unwrap().stats;
        let steps: Vec<u64> = stats.samples_of_steps.iter().map(|(_, count)| *count).collect();
        (stats.samples, stats.samples_looked_at, steps)
    };
    // Two series, a sample every 15 s from 0 on; windows are open on the left.
    assert_eq!(ask("rate(requests_total[2m])", true), (18, 28, vec![2, 10, 16]));
    assert_eq!(ask("max_over_time(requests_total[2m])", true), (18, 28, vec![2, 10, 16]));
    assert_eq!(ask("requests_total", true), (18, 6, vec![2, 2, 2]));
    assert_eq!(ask("requests_total @ 60", true), (10, 6, vec![2, 2, 2]));
    assert_eq!(ask("requests_total", false), (18, 6, vec![]));
}

#[test]
fn a_query_beyond_its_memory_is_refused() {
    let config = EngineConfig { memory_max: 1 << 20, ..EngineConfig::default() };
    let engine = Engine::new(config, Arc::new(crowd()), Clock::real(), &Metrics::new());
    let (end, step) = (Timestamp::from_millis(7_500_000), Duration::from_secs(15));
    let ask = |query: &str| {
        engine.range(query, Timestamp::default(), end, step, &QueryOptions::default())
    };
    let error = ask("work_total").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Execution);
    expect!["query is expected to hold 3 MiB of memory: 1 MiB are allowed; narrow it, or raise --query.max-memory"]
    .assert_eq(&error.to_string());
    // What is put together needs no more than its result.
    let result = ask("sum by (job) (rate(work_total[5m]))").unwrap();
    let Value::Matrix(series) = result.value else { panic!("a range query answers a matrix") };
    assert_eq!(series.len(), 7);
    assert!(result.stats.bytes_peak < 300 << 10, "{:?}", result.stats);
}

#[test]
fn a_query_that_is_expected_to_need_too_much_does_not_begin() {
    let config = EngineConfig { memory_max: 1 << 20, ..EngineConfig::default() };
    let engine = Engine::new(config, Arc::new(crowd()), Clock::real(), &Metrics::new());
    let (end, step) = (Timestamp::from_millis(7_500_000), Duration::from_secs(1));
    let options = QueryOptions::default();
    let error = engine.range("work_total", Timestamp::default(), end, step, &options).unwrap_err();
    expect!["query is expected to hold 35 MiB of memory: 1 MiB are allowed; narrow it, or raise --query.max-memory"].assert_eq(&error.to_string());
    let times = Times::Range { start: Timestamp::default(), end, step };
    let explanation = engine.explain("work_total", times, false, &options).unwrap();
    assert!(explanation.expected.held_bytes > explanation.memory_max);
}
