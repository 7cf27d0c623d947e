//! Queries as dashboards and rules ask them, timed on several servers in turn, and compared with the first.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::http::{Connection, escaped, split};

/// Results that differ by less than this, relative to their size, agree.
const TOLERANCE: f64 = 1e-9;

/// Instant queries, by name.
const INSTANT: &[(&str, &str)] = &[
    ("rate_by_job", "sum by (job) (rate(http_server_00_operations_handled_total[5m]))"),
    (
        "error_ratio",
        "sum by (handler) (rate(http_server_00_operations_handled_total{code=~\"4..|5..\"}[5m])) / \
         sum by (handler) (rate(http_server_00_operations_handled_total[5m]))",
    ),
    ("topk_rate", "topk(10, rate(grpc_client_00_operations_handled_total[5m]))"),
    (
        "hist_p99_job",
        "histogram_quantile(0.99, sum by (job, le) (rate(http_server_00_request_duration_seconds_bucket[5m])))",
    ),
    (
        "hist_p90_instance",
        "histogram_quantile(0.9, sum by (instance, le) (rate(http_server_00_request_duration_seconds_bucket[5m])))",
    ),
    (
        "join_group_left",
        "sum by (instance, handler) (rate(http_server_00_operations_handled_total[5m])) * \
         on (instance) group_left (job) max by (instance, job) (db_pool_00_pool_utilization_ratio)",
    ),
    (
        "join_ratio",
        "sum by (instance) (http_server_00_connections_in_state) / \
         on (instance) avg by (instance) (db_pool_00_pool_utilization_ratio)",
    ),
    ("quantile_over_time", "quantile_over_time(0.9, http_server_00_connections_in_state[1h])"),
    (
        "subquery_max",
        "max_over_time(sum by (job) (rate(http_server_00_operations_handled_total[5m]))[30m:1m])",
    ),
    ("alert_threshold", "http_server_00_connections_in_state > 1000"),
    ("predict_linear", "predict_linear(http_server_00_connections_in_state[1h], 3600) > 10"),
    (
        "changes_resets",
        "changes(http_server_00_connections_in_state[1h]) + resets(http_server_00_connections_in_state[1h])",
    ),
    (
        "regex_cardinality",
        "count by (code) ({__name__=~\"http_server.*_total|grpc_client.*_total\", code=~\"2..\"})",
    ),
    ("count_by_name", "count by (__name__) ({__name__!=\"\"})"),
    (
        "stddev_unless",
        "stddev by (region) (http_server_00_connections_in_state unless http_server_00_connections_in_state > 5000)",
    ),
    (
        "label_replace",
        "count by (net) (label_replace(http_server_00_connections_in_state, \"net\", \"$1\", \"instance\", \"load-(..).*\"))",
    ),
    (
        "sum_increase_1h",
        "sum by (job, code) (increase(http_server_00_operations_handled_total[1h]))",
    ),
    (
        "bottomk_avg",
        "bottomk by (region) (5, avg_over_time(db_pool_00_pool_utilization_ratio[30m]))",
    ),
    ("raw_selector", "http_server_00_connections_in_state{instance=\"load-0001:9500\"}"),
];

/// Range queries: name, query, seconds of the range, seconds of the step.
const RANGE: &[(&str, &str, i64, i64)] = &[
    (
        "dash_rate_1h",
        "sum by (handler) (rate(http_server_00_operations_handled_total[5m]))",
        3600,
        15,
    ),
    (
        "dash_p99_1h",
        "histogram_quantile(0.99, sum by (le) (rate(http_server_00_request_duration_seconds_bucket[5m])))",
        3600,
        60,
    ),
    (
        "dash_error_ratio_1h",
        "sum by (handler) (rate(http_server_00_operations_handled_total{code=~\"4..|5..\"}[5m])) / \
         sum by (handler) (rate(http_server_00_operations_handled_total[5m]))",
        3600,
        30,
    ),
    (
        "dash_one_instance",
        "rate(http_server_00_operations_handled_total{instance=\"load-0001:9500\"}[5m])",
        3600,
        15,
    ),
    ("long_gauge_6h", "avg by (region) (http_server_00_connections_in_state)", 21_600, 15),
    (
        "long_rate_6h",
        "sum by (code) (rate(http_server_00_operations_handled_total[5m]))",
        21_600,
        15,
    ),
    (
        "long_topk_6h",
        "topk(5, sum by (instance) (rate(grpc_client_00_operations_handled_total[5m])))",
        21_600,
        60,
    ),
    (
        "avg_over_time_6h",
        "avg by (job) (avg_over_time(http_server_00_connections_in_state[10m]))",
        21_600,
        300,
    ),
];

/// Which servers are asked about which time.
#[derive(Debug, Clone)]
pub struct QueryRun {
    /// Base URLs; the first one's results are taken for right.
    pub servers: Vec<String>,
    /// The end of every query, in seconds since the epoch.
    pub at: i64,
    /// How often each query is asked.
    pub rounds: usize,
    /// This query alone, by its name; of an empty one all.
    pub only: String,
}

/// How one query went.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The query's name.
    pub name: &'static str,
    /// Of each server: how long each answer took, ascending.
    pub latencies: Vec<Vec<Duration>>,
    /// Of each server: whether its result is the first one's.
    pub comparison: Vec<Comparison>,
}

/// A result beside the first server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same series with the same values.
    Agrees,
    /// Something is different.
    Differs,
    /// There is nothing in it, which compares nothing.
    Empty,
}

/// Clients that ask the whole list again and again.
#[derive(Debug, Clone)]
pub struct MixRun {
    /// The server's base URL.
    pub server: String,
    /// The end of every query, in seconds since the epoch.
    pub at: i64,
    /// So many at once, each of which begins at another query.
    pub clients: usize,
    /// How long.
    pub duration: Duration,
}

/// The names of all queries.
#[must_use]
pub fn query_names() -> Vec<&'static str> {
    paths(0).map(|(name, _)| name).collect()
}

/// Each query's name, and its path when asked as of `at`.
fn paths(at: i64) -> impl Iterator<Item = (&'static str, String)> {
    let instant = INSTANT.iter().map(move |(name, query)| {
        (*name, format!("/api/v1/query?nocache=1&query={}&time={at}", escaped(query)))
    });
    let range = RANGE.iter().map(move |(name, query, seconds, step)| {
        let (query, start) = (escaped(query), at - seconds);
        let times = format!("start={start}&end={at}&step={step}");
        (*name, format!("/api/v1/query_range?nocache=1&query={query}&{times}"))
    });
    instant.chain(range)
}

/// Asks every query of every server, in turn.
///
/// # Errors
/// When a server cannot be asked or refuses a query.
pub fn run_queries(run: &QueryRun) -> anyhow::Result<Vec<Timing>> {
    let mut connections = Vec::new();
    for server in &run.servers {
        connections.push(Connection::open(split(server)?.0)?);
    }
    paths(run.at)
        .filter(|(name, _)| run.only.is_empty() || run.only == *name)
        .map(|(name, path)| time_query(name, &path, run.rounds, &mut connections))
        .collect()
}

/// Asks one server from several clients; how long each answer took.
///
/// # Errors
/// When the server cannot be asked or refuses a query.
pub fn run_mix(run: &MixRun) -> anyhow::Result<Vec<Duration>> {
    let paths: Vec<String> = paths(run.at).map(|(_, path)| path).collect();
    let until = Instant::now() + run.duration;
    let client = |first: usize| -> anyhow::Result<Vec<Duration>> {
        let mut connection = Connection::open(split(&run.server)?.0)?;
        let mut latencies = Vec::new();
        for path in paths.iter().cycle().skip(first) {
            let began = Instant::now();
            if began >= until {
                break;
            }
            let (status, body) = connection.get(path)?;
            if status != 200 {
                bail!("{path}: {status} {}", String::from_utf8_lossy(&body));
            }
            latencies.push(began.elapsed());
        }
        Ok(latencies)
    };
    let apart = paths.len() / run.clients.max(1);
    let all: anyhow::Result<Vec<_>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..run.clients.max(1))
            .map(|number| {
                let client = &client;
                scope.spawn(move || client(number * apart))
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
            .collect()
    });
    Ok(all?.into_iter().flatten().collect())
}

fn time_query(
    name: &'static str,
    path: &str,
    rounds: usize,
    connections: &mut [Connection],
) -> anyhow::Result<Timing> {
    let mut latencies = vec![Vec::new(); connections.len()];
    let mut results: Vec<Value> = Vec::new();
    for round in 0..rounds.max(1) {
        for (connection, latencies) in connections.iter_mut().zip(&mut latencies) {
            let began = Instant::now();
            let (status, body) = connection.get(path).with_context(|| format!("ask {name}"))?;
            latencies.push(began.elapsed());
            if status != 200 {
                bail!("{name}: {status} {}", String::from_utf8_lossy(&body));
            }
            if round == 0 {
                results.push(
                    serde_json::from_slice(&body)
                        .with_context(|| format!("read the result of {name}"))?,
                );
            }
        }
    }
    latencies.iter_mut().for_each(|latencies| latencies.sort_unstable());
    let first = results.first().map(series).unwrap_or_default();
    let comparison = results.iter().map(|result| compare(&first, &series(result))).collect();
    Ok(Timing { name, latencies, comparison })
}

/// Labels and numbers of each series, ascending.
type Series = Vec<(String, Vec<f64>)>;

fn series(result: &Value) -> Series {
    let entries = result.pointer("/data/result").and_then(Value::as_array).into_iter().flatten();
    let mut all: Series = entries
        .map(|entry| {
            let labels = entry.get("metric").map(sorted).unwrap_or_default();
            let one = entry.get("value").into_iter();
            let many = entry.get("values").and_then(Value::as_array).into_iter().flatten();
            (labels, one.chain(many).flat_map(numbers).collect())
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn sorted(metric: &Value) -> String {
    let pairs = metric.as_object().into_iter().flatten();
    let mut pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    pairs.sort();
    pairs.join(",")
}

/// Time and value of a point.
fn numbers(point: &Value) -> [f64; 2] {
    let time = point.get(0).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let value = point.get(1).and_then(Value::as_str).and_then(|text| text.parse().ok());
    [time, value.unwrap_or(f64::NAN)]
}

fn compare(expected: &Series, found: &Series) -> Comparison {
    if expected.is_empty() && found.is_empty() {
        return Comparison::Empty;
    }
    let same = expected.len() == found.len()
        && expected.iter().zip(found).all(|(expected, found)| {
            expected.0 == found.0
                && expected.1.len() == found.1.len()
                && expected.1.iter().zip(&found.1).all(|(a, b)| close(*a, *b))
        });
    if same { Comparison::Agrees } else { Comparison::Differs }
}

fn close(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
        || (a.is_nan() && b.is_nan())
        || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expected: Comparison) {
        let read = |text: &str| {
            series(&serde_json::from_str(&format!("{{\"data\":{{\"result\":[{text}]}}}}")).unwrap())
        };
        assert_eq!(compare(&read(a), &read(b)), expected);
    }

    #[test]
    fn results_agree_when_series_and_numbers_do() {
        let one = r#"{"metric":{"a":"1"},"value":[5,"2.5"]}"#;
        let other = r#"{"metric":{"a":"2"},"value":[5,"NaN"]}"#;
        check(one, r#"{"metric":{"a":"1"},"value":[5,"2.5000000001"]}"#, Comparison::Agrees);
        check(&format!("{one},{other}"), &format!("{other},{one}"), Comparison::Agrees);
        check(one, other, Comparison::Differs);
        check(one, r#"{"metric":{"a":"1"},"value":[5,"2.51"]}"#, Comparison::Differs);
        check(one, r#"{"metric":{"a":"1"},"values":[[5,"2.5"],[6,"2.5"]]}"#, Comparison::Differs);
        check(one, "", Comparison::Differs);
        check("", "", Comparison::Empty);
    }

    #[test]
    fn queries_name_families_of_the_shape() {
        let shape = crate::shape::Shape::new(200);
        let words = |text: &str| -> Vec<String> {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            text.split(|c| !is_name(c))
                .filter(|word| word.contains("_00_"))
                .map(str::to_owned)
                .collect()
        };
        let queries = INSTANT
            .iter()
            .map(|(_, query)| *query)
            .chain(RANGE.iter().map(|(_, query, _, _)| *query));
        for word in queries.flat_map(words) {
            let family = word.strip_suffix("_bucket").unwrap_or(&word);
            assert!(shape.families.iter().any(|known| known.name == family), "{word}");
        }
    }
}
