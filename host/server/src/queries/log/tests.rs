use std::time::Duration;

use narthex_platform::{SimulatedClock, SimulatedDisk, Stop, Tasks};
use narthex_promql::{QueryError, QueryStats};

use super::*;

fn stats() -> QueryStats {
    QueryStats { queued: Duration::from_millis(1), ..QueryStats::default() }
}

fn record<'a>(stats: &'a QueryStats, query: &'a str) -> QueryRecord<'a> {
    QueryRecord {
        query,
        start: Timestamp::from_millis(1_000),
        end: Timestamp::from_millis(61_500),
        step: Duration::from_secs(15),
        origin: None,
        stats,
        error: None,
    }
}

fn parsed(record: &QueryRecord<'_>) -> serde_json::Value {
    let line = line(record, Timestamp::from_millis(1_700_000_000_007));
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(&line).unwrap()
}

#[test]
fn a_line_says_what_was_asked_by_whom_and_what_it_cost() {
    let stats = stats();
    let origin = QueryOrigin::Http {
        client_ip: "::1".to_owned(),
        method: "POST".to_owned(),
        path: "/api/v1/query_range".to_owned(),
    };
    let error = QueryError::Timeout { stage: "query queue" };
    let record =
        QueryRecord { origin: Some(&origin), error: Some(&error), ..record(&stats, "a\n\"b\"") };
    let line = parsed(&record);
    assert_eq!(line["time"], "2023-11-14T22:13:20.007Z");
    assert_eq!(line["msg"], "promql query logged");
    assert_eq!(
        line["params"],
        serde_json::json!({
            "query": "a\n\"b\"",
            "start": "1970-01-01T00:00:01.000Z",
            "end": "1970-01-01T00:01:01.500Z",
            "step": 15,
        })
    );
    assert_eq!(line["error"], "query timed out in query queue");
    assert_eq!(line["stats"]["timings"]["execQueueTime"], 0.001);
    assert_eq!(
        line["httpRequest"],
        serde_json::json!({"clientIP": "::1", "method": "POST", "path": "/api/v1/query_range"})
    );
    assert_eq!(line["ruleGroup"], serde_json::Value::Null);
}

#[test]
fn a_line_of_a_rule_names_its_group() {
    let stats = stats();
    let origin = QueryOrigin::RuleGroup { file: "r.yml".to_owned(), name: "g".to_owned() };
    let line = parsed(&QueryRecord { origin: Some(&origin), ..record(&stats, "up") });
    assert_eq!(line["ruleGroup"], serde_json::json!({"file": "r.yml", "name": "g"}));
    assert_eq!(line.as_object().unwrap().len(), 6, "{line}");
}

/// Where lines go, one after the other.
#[tokio::test]
async fn a_file_that_was_moved_away_is_opened_anew() {
    let disk = SimulatedDisk::new(1);
    let metrics = Metrics::new();
    let (log, writer) = QueryLog::new(SimulatedClock::at(0).clock(), &metrics);
    let path = Utf8Path::new("/q.log");
    let shared = disk.shared();
    let open = || PreparedLog::open(&shared, Some(path)).unwrap();
    let stats = stats();
    log.write(&record(&stats, "before it is on"));
    log.commit(open());
    log.write(&record(&stats, "one"));
    let mut tasks = Tasks::new();
    let (stop, stopped) = Stop::pair();
    stop.send_replace(true);
    writer.run(stopped).await;
    disk.rename(path, "/q.log.1".into()).unwrap();

    let (log, writer) = QueryLog::new(SimulatedClock::at(0).clock(), &metrics);
    log.commit(open());
    log.write(&record(&stats, "two"));
    log.write(&record(&stats, "three"));
    writer.spawn(&mut tasks);
    tasks.run_until(std::future::ready(())).await.unwrap();

    let queries = |path: &str| -> Vec<String> {
        let bytes = disk.read(path.into(), 1 << 20).unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let values = lines.map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap());
        values.map(|line| line["params"]["query"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(queries("/q.log.1"), ["one"]);
    assert_eq!(queries("/q.log"), ["two", "three"]);
}

#[test]
fn a_configuration_that_is_refused_leaves_no_file() {
    let disk = SimulatedDisk::new(1);
    let shared = disk.shared();
    let names = || disk.files().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let prepare = || PreparedLog::open(&shared, Some("/q.log".into())).unwrap();
    drop(prepare());
    assert_eq!(names(), [""; 0]);
    let (log, _writer) = QueryLog::new(SimulatedClock::at(0).clock(), &Metrics::new());
    log.commit(prepare());
    assert_eq!(names(), ["/q.log"]);
    // The file of the one before stays.
    drop(prepare());
    assert_eq!(names(), ["/q.log"]);
}
