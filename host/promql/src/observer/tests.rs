use narthex_platform::{Clock, Metrics, PointValue};
use narthex_storage::MemoryStore;
use parking_lot::Mutex;

use super::*;
use crate::{Engine, EngineConfig, QueryOptions, Times};

/// Writes down what it hears.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl QueryObserver for Notes {
    fn began(&self, query: &str) -> u64 {
        let mut heard = self.0.lock();
        heard.push(format!("{query} began"));
        heard.len() as u64
    }

    fn ended(&self, ticket: u64) {
        self.0.lock().push(format!("{ticket} ended"));
    }

    fn answered(&self, record: &QueryRecord<'_>) {
        let QueryRecord { query, start, end, step, origin, error, .. } = record;
        let by = origin.map_or_else(String::new, |origin| format!(" for {origin:?}"));
        let error = error.map_or_else(String::new, |error| format!(": {error}"));
        let step = step.as_secs();
        self.0.lock().push(format!("{query} at {start}..{end}/{step}{by}{error}"));
    }
}

fn engine(notes: &Arc<Notes>, metrics: &Metrics) -> Engine {
    let observer = Some(Arc::clone(notes) as Arc<dyn QueryObserver>);
    let config = EngineConfig { observer, ..EngineConfig::default() };
    Engine::new(config, Arc::new(MemoryStore::new()), Clock::real(), metrics)
}

/// How many queries the metrics tell of.
fn counted(metrics: &Metrics) -> u64 {
    let families = metrics.gather();
    let name = "prometheus_engine_query_duration_histogram_seconds";
    let family = families.iter().find(|family| family.name == name).expect("a family");
    match &family.points[0].value {
        PointValue::Histogram { count, .. } => *count,
        other @ (PointValue::Number(_) | PointValue::Summary { .. }) => {
            panic!("a histogram, not {other:?}")
        }
    }
}

#[test]
fn every_query_begins_ends_and_is_answered_once() {
    let notes = Arc::default();
    let engine = engine(&notes, &Metrics::new());
    let origin = QueryOrigin::RuleGroup { file: "f".to_owned(), name: "g".to_owned() };
    let options = QueryOptions { origin: Some(Arc::new(origin)), ..QueryOptions::default() };
    let at = Timestamp::from_millis;
    engine.range("1", at(0), at(60_000), Duration::from_secs(15), &options).unwrap();
    engine.instant("label_join(up, '', '')", at(5), &QueryOptions::default()).unwrap_err();
    engine.instant("no query", at(5), &options).unwrap_err();
    let options = QueryOptions { timeout: Some(Duration::ZERO), ..QueryOptions::default() };
    engine.instant("up", at(5), &options).unwrap_err();
    assert_eq!(
        *notes.0.lock(),
        [
            "1 began",
            "1 ended",
            "1 at 0..60000/15 for RuleGroup { file: \"f\", name: \"g\" }",
            "label_join(up, '', '') began",
            "4 ended",
            "label_join(up, '', '') at 5..5/0: invalid destination label name in label_join(): ",
            "up began",
            "7 ended",
            "up at 5..5/0: query timed out in expression evaluation",
        ]
    );
}

#[test]
fn a_query_that_is_analyzed_counts_as_any_other() {
    let (notes, metrics) = (Arc::default(), Metrics::new());
    let engine = engine(&notes, &metrics);
    let at = Timestamp::from_millis;
    let times = Times::Range { start: at(0), end: at(60_000), step: Duration::from_secs(15) };
    let options = QueryOptions::default();
    engine.explain("up", times, true, &options).unwrap();
    engine.explain("label_join(up, '', '')", Times::Instant(at(5)), true, &options).unwrap_err();
    assert_eq!(
        *notes.0.lock(),
        [
            "up began",
            "1 ended",
            "up at 0..60000/15",
            "label_join(up, '', '') began",
            "4 ended",
            "label_join(up, '', '') at 5..5/0: invalid destination label name in label_join(): ",
        ]
    );
    assert_eq!(counted(&metrics), 2);
}

#[test]
fn a_plan_is_no_query_once_it_is_made() {
    let (notes, metrics) = (Arc::default(), Metrics::new());
    let engine = engine(&notes, &metrics);
    let times = Times::Instant(Timestamp::from_millis(5));
    engine.explain("up", times, false, &QueryOptions::default()).unwrap();
    assert_eq!(*notes.0.lock(), ["up began", "1 ended"]);
    assert_eq!(counted(&metrics), 0);
}

#[test]
fn a_query_that_is_dropped_before_it_is_answered_is_told_as_canceled() {
    let (notes, metrics) = (Arc::default(), Metrics::new());
    let engine = engine(&notes, &metrics);
    let options = QueryOptions::default();
    let times = Times::Instant(Timestamp::from_millis(5));
    let query = |text| engine.query(text, times, &options).unwrap();
    drop(query("up"));
    drop(query("down").untold());
    query("1").answer().unwrap();
    assert_eq!(
        *notes.0.lock(),
        ["up at 5..5/0: query was canceled in query queue", "1 began", "2 ended", "1 at 5..5/0",]
    );
}
