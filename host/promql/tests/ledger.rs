//! What operators hold is on the query's account: a query is refused as soon as one of them holds
//! more than is allowed. That the account ends at nothing is asserted by the engine itself.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_platform::{Clock, Metrics};
use narthex_promql::{Engine, EngineConfig, Features, QueryError, QueryOptions, QueryResult};
use narthex_storage::{Appendable, MemoryStore};

const SERIES: usize = 50;
const STEPS: usize = 40;
/// The values of one metric at all steps.
const VALUES: u64 = (SERIES * STEPS) as u64;

/// `a` and `b` of fifty instances, `h_bucket` of ten with five buckets each.
fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = store.appender();
    for number in 0..SERIES {
        let instance = number.to_string();
        let (target, bound) = ((number / 5).to_string(), (number % 5 + 1).to_string());
        let of = |name| Labels::from_pairs([("__name__", name), ("instance", &*instance)]);
        let bucket = [("__name__", "h_bucket"), ("instance", &*target), ("le", &*bound)];
        let info = [("__name__", "target_info"), ("instance", &*instance), ("version", "1")];
        for labels in [of("a"), of("b"), Labels::from_pairs(bucket), Labels::from_pairs(info)] {
            let series = batch.series(&labels).expect("few series");
            for index in 0..=STEPS {
                let at = Timestamp::from_millis(index as i64 * 15_000);
                batch.append(series, at, (number % 5 + index) as f64).expect("times ascend");
            }
        }
    }
    batch.commit().expect("memory takes it");
    store
}

fn ask(
    store: &Arc<MemoryStore>,
    query: &str,
    config: EngineConfig,
) -> Result<QueryResult, QueryError> {
    let features = Features { experimental_functions: true, ..config.features };
    let config = EngineConfig { features, ..config };
    let engine = Engine::new(config, Arc::clone(store) as _, Clock::real(), &Metrics::new());
    let (start, step) = (Timestamp::from_millis(15_000), Duration::from_secs(15));
    let end = Timestamp::from_millis(STEPS as i64 * 15_000);
    engine.range(query, start, end, step, &QueryOptions::default())
}

/// `query` holds so many samples at least, and not half as many again.
#[track_caller]
fn check(query: &str, samples: u64, features: Features) {
    let store = Arc::new(store());
    let config = |samples_max: u64| EngineConfig {
        samples_max: usize::try_from(samples_max).expect("few samples"),
        features,
        ..EngineConfig::default()
    };
    let stats = ask(&store, query, config(1_000_000)).expect("it is allowed").stats;
    let peak = stats.samples_peak;
    assert!((samples..samples * 3 / 2).contains(&peak), "{query}: {peak} of {samples}");
    assert!(stats.bytes_peak >= 8 * samples, "{query}: {stats:?}");
    ask(&store, query, config(peak)).expect("no more than it held");
    for samples_max in [peak - 1, samples / 2] {
        let error = ask(&store, query, config(samples_max)).expect_err("it held more");
        assert!(matches!(error, QueryError::TooManySamples), "{query}: {error}");
    }
}

#[test]
fn what_streams_holds_little() {
    let store = Arc::new(store());
    for query in [
        "count(a)",
        "count(-a)",
        "count(a + 1)",
        "count(rate(a[1m]))",
        "count(sort(a))",
        "count(max_over_time(a[1m:15s]))",
        "count(a and on (instance) b)",
        "count(a unless on (instance) c)",
    ] {
        let peak = ask(&store, query, EngineConfig::default()).unwrap().stats.samples_peak;
        assert!(peak <= 3 * STEPS as u64, "{query}: {peak}");
    }
}

#[test]
fn operators_that_need_all_their_input_hold_it() {
    for query in [
        "count(topk(3, a))",
        "count(limitk(3, a))",
        "count(label_replace(a, 'x', '$1', 'instance', '(.*)'))",
        "count(label_join(a, 'x', '-', 'instance'))",
        "count(histogram_quantile(0.5, h_bucket))",
        "quantile(0.5, a)",
        "count(a or nothing)",
        "count(info(a))",
        "count(sum by (instance) (a))",
        "count(count_values by (instance) ('value', a))",
    ] {
        check(query, VALUES, Features::default());
    }
}

#[test]
fn operators_that_hold_all_they_make_hold_both() {
    for query in [
        "count(topk(1000, a))",
        "count(limitk(1000, a))",
        "count(a or on (__name__) b)",
        "count(sum by (instance) (a) or sum by (instance) (b))",
    ] {
        check(query, 2 * VALUES, Features::default());
    }
    for query in ["count(a + on (instance) b)", "count(a * on (instance) group_left () b)"] {
        check(query, 3 * VALUES, Features::default());
    }
}

/// Of two names, the rows have to be told apart once they have none.
#[test]
fn rows_that_may_lose_their_names_are_held_until_they_are_known_to_be_distinct() {
    let names = "{__name__=~'a|h_bucket'}";
    for query in [
        format!("count(-{names})"),
        format!("count(abs({names}))"),
        format!("count({names} + 1)"),
        format!("count(rate({names}[1m]))"),
    ] {
        check(&query, 2 * VALUES, Features::default());
    }
}

#[test]
fn an_answer_whose_names_go_at_the_end_is_held_and_then_handed_on() {
    let delayed = Features { delayed_name_removal: true, ..Features::default() };
    check("a", VALUES, Features::default());
    check("-a", VALUES, delayed);
}

#[test]
fn the_side_that_is_looked_up_is_held_while_the_other_streams() {
    let store = Arc::new(store());
    let bytes_of =
        |query: &str| ask(&store, query, EngineConfig::default()).unwrap().stats.bytes_peak;
    // One byte a step of each series, beside what selecting both holds.
    let least = bytes_of("count(a) + count(b)") + (SERIES * STEPS / 2) as u64;
    assert!(bytes_of("count(a and on (instance) b)") >= least);
    assert!(bytes_of("count(a unless on (instance) b)") >= least);
}

#[test]
fn handles_of_series_and_numbers_of_each_step_count_until_the_end() {
    let store = Arc::new(store());
    let bytes_of =
        |query: &str| ask(&store, query, EngineConfig::default()).unwrap().stats.bytes_peak;
    let handles = 16 * SERIES as u64;
    assert!(bytes_of("count(a or b)") >= handles + bytes_of("count(a or a)"));
    let numbers = 8 * STEPS as u64;
    assert!(bytes_of("count(a + time())") >= numbers + bytes_of("count(a + 1)"));
}

/// How many values there will be is not known before.
#[test]
fn a_quantile_is_refused_as_it_grows() {
    let store = Arc::new(store());
    let config = EngineConfig { memory_max: 16_000, ..EngineConfig::default() };
    ask(&store, "max(a) + max(b)", config.clone()).unwrap();
    let error = ask(&store, "quantile(0.5, a)", config).unwrap_err();
    assert!(matches!(error, QueryError::TooMuchMemory { estimate: None, .. }), "{error}");
}
