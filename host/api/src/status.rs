//! Health, build, configuration, metrics and life of the program.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use narthex_model::Timestamp;
use narthex_platform::Metrics;
use serde_json::json;

use crate::control::{QueryCost, QueryOrder};
use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::routes::{Shared, text};

/// The version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A time as RFC 3339.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).map_or_else(|_| String::new(), |t| t.to_string())
}

/// `/-/healthy`
pub(crate) async fn healthy() -> Response {
    text(StatusCode::OK, "Narthex is Healthy.\n")
}

/// `/-/ready`
pub(crate) async fn ready(State(rooms): Shared) -> Response {
    if rooms.server.is_ready() {
        text(StatusCode::OK, "Narthex is Ready.\n")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
    }
}

/// `/-/reload`
pub(crate) async fn reload(State(rooms): Shared) -> Response {
    if !rooms.server.lifecycle_allowed() {
        return text(
            StatusCode::FORBIDDEN,
            "Lifecycle API is not enabled; start with --web.enable-lifecycle.\n",
        );
    }
    match rooms.server.reload().await {
        Ok(()) => text(StatusCode::OK, ""),
        Err(error) => text(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("failed to reload config; nothing was changed: {}\n", error.message),
        ),
    }
}

/// `/-/quit`
pub(crate) async fn quit(State(rooms): Shared) -> Response {
    if !rooms.server.lifecycle_allowed() {
        return text(
            StatusCode::FORBIDDEN,
            "Lifecycle API is not enabled; start with --web.enable-lifecycle.\n",
        );
    }
    rooms.server.quit();
    text(StatusCode::OK, "Requesting termination... Goodbye!\n")
}

/// `/version`
pub(crate) async fn version() -> Response {
    let body = build_of_prometheus().to_string();
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The Prometheus whose API this is: clients decide by `version` what they may ask.
pub const PROMETHEUS: &str = "3.14.0";

/// What this program was built from.
pub(crate) fn build() -> serde_json::Value {
    json!({
        "version": VERSION,
        "revision": option_env!("NARTHEX_REVISION").unwrap_or(""),
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    })
}

/// The same for those who take this for a Prometheus.
fn build_of_prometheus() -> serde_json::Value {
    let mut build = build();
    if let Some(fields) = build.as_object_mut() {
        fields.insert("version".to_owned(), json!(PROMETHEUS));
        fields.insert("narthexVersion".to_owned(), json!(VERSION));
    }
    build
}

/// `/api/v1/status/buildinfo`. No `features` map: Grafana takes one as the sign of Mimir.
pub(crate) async fn build_info() -> Answer {
    ok(&build_of_prometheus())
}

/// `/api/v1/status/runtimeinfo`
pub(crate) async fn runtime_info(State(rooms): Shared) -> Answer {
    let (last_reload, taken) = rooms.server.last_reload();
    ok(&json!({
        "hostname": rooms.server.host_name(),
        "corruptionCount": corruptions(&rooms.metrics),
        "startTime": rfc3339(rooms.server.started_at()),
        "CWD": rooms.server.working_directory(),
        "reloadConfigSuccess": taken,
        "lastConfigTime": rfc3339(last_reload),
        "serverTime": rfc3339(Timestamp::from_millis(rooms.clock.now_millis())),
        "storageRetention": rooms.server.retention(),
    }))
}

/// How often the write-ahead log was found damaged since the start: what the store counts under this name.
fn corruptions(metrics: &Metrics) -> u64 {
    let help = "Damaged places found in the log.";
    metrics.counter("prometheus_tsdb_wal_corruptions_total", help, &[]).get()
}

/// `/api/v1/status/config`
pub(crate) async fn config(State(rooms): Shared) -> Answer {
    ok(&json!({"yaml": rooms.server.config_text()}))
}

/// `/api/v1/status/flags`
pub(crate) async fn flags(State(rooms): Shared) -> Answer {
    let flags: BTreeMap<String, String> = rooms.server.flags().into_iter().collect();
    ok(&flags)
}

/// `/metrics`
pub(crate) async fn metrics(State(rooms): Shared, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("");
    let answer = narthex_exposition::Answer::negotiate(accept);
    let body = narthex_exposition::render(&rooms.metrics.gather(), answer);
    (StatusCode::OK, [(header::CONTENT_TYPE, answer.content_type())], body).into_response()
}

/// Entries of each list of `/api/v1/status/tsdb`, and the most that may be asked for.
const TSDB_ENTRIES: usize = 10;
const TSDB_ENTRIES_MAX: usize = 10_000;

/// `/api/v1/status/tsdb`
pub(crate) async fn tsdb(State(rooms): Shared, params: Params) -> Answer {
    let limit = match params.get("limit").map(str::parse::<usize>) {
        None => TSDB_ENTRIES,
        Some(Ok(limit)) if limit > TSDB_ENTRIES_MAX => {
            return Err(ApiError::bad_data(format!("limit must not exceed {TSDB_ENTRIES_MAX}")));
        }
        Some(Ok(limit)) if limit > 0 => limit,
        Some(_) => return Err(ApiError::bad_data("limit must be a positive number")),
    };
    let stats = rooms.tsdb.stats(limit);
    let list = |named: &[narthex_tsdb::Named]| -> Vec<serde_json::Value> {
        named.iter().map(|item| json!({"name": item.name, "value": item.count})).collect()
    };
    ok(&json!({
        "headStats": {
            "numSeries": stats.series,
            "numLabelPairs": stats.label_pairs,
            "chunkCount": stats.chunks,
            "minTime": stats.oldest_at.unwrap_or(i64::MAX),
            "maxTime": stats.newest_at.unwrap_or(i64::MIN),
        },
        "seriesCountByMetricName": list(&stats.series_by_metric),
        "labelValueCountByLabelName": list(&stats.values_by_label),
        "memoryInBytesByLabelName": list(&stats.value_bytes_by_label),
        "seriesCountByLabelValuePair": list(&stats.series_by_label_pair),
    }))
}

/// `/api/v1/status/active_queries`: ours, since Prometheus has no such list.
pub(crate) async fn active_queries(State(rooms): Shared) -> Answer {
    let queries: Vec<_> = rooms
        .server
        .running_queries()
        .into_iter()
        .map(|running| json!({"query": running.query, "since": rfc3339(running.since)}))
        .collect();
    ok(&queries)
}

/// Queries of `/api/v1/status/top_queries`, and the most that may be asked for.
const TOP_QUERIES: usize = 20;
const TOP_QUERIES_MAX: usize = 1_000;

/// `/api/v1/status/top_queries`: ours. What queries cost since the start, those of rules aside.
pub(crate) async fn top_queries(State(rooms): Shared, params: Params) -> Answer {
    let order = match params.get("sort") {
        None | Some("duration") => QueryOrder::Duration,
        Some("slowest") => QueryOrder::Slowest,
        Some("count") => QueryOrder::Count,
        Some("samples") => QueryOrder::Samples,
        Some(other) => {
            return Err(ApiError::bad_data(format!(
                "invalid parameter \"sort\": {other:?} is none of duration, slowest, count and samples"
            )));
        }
    };
    let limit = match params.get("limit") {
        None => TOP_QUERIES,
        Some(_) => params.limit("limit")?.min(TOP_QUERIES_MAX),
    };
    let top = rooms.server.top_queries(order, limit);
    let cost = |cost: &QueryCost| {
        json!({
            "query": cost.query,
            "count": cost.count,
            "failed": cost.failed,
            "durationSum": cost.duration_sum.as_secs_f64(),
            "durationMax": cost.duration_max.as_secs_f64(),
            "samplesSum": cost.samples_sum,
            "samplesMax": cost.samples_max,
            "last": rfc3339(cost.last),
        })
    };
    ok(&json!({
        "since": rfc3339(top.since),
        "kept": top.kept,
        "forgotten": top.forgotten,
        "queries": top.queries.iter().map(cost).collect::<Vec<_>>(),
    }))
}
