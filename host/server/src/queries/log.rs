//! The journal of answered queries, `global.query_log_file`: a line of JSON for each, in Prometheus'
//! shape.
//!
//! Invariant: no query waits for the disk. Lines go through a [`Journal`]; those that it cannot take
//! are counted.

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_api::StatsBody;
use narthex_model::Timestamp;
use narthex_platform::{Clock, Disk, Gauge, Journal, JournalFile, JournalWriter, Metrics};
use narthex_promql::{QueryOrigin, QueryRecord};
use narthex_settings::error_chain;
use parking_lot::RwLock;
use serde::Serialize;

/// Why the file of the configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("global.query_log_file: open {path}")]
pub(crate) struct OpenLogError {
    path: Utf8PathBuf,
    source: io::Error,
}

/// The file of a configuration that is not in use yet.
#[derive(Debug)]
pub(crate) struct PreparedLog(Option<Arc<JournalFile>>);

impl PreparedLog {
    /// Opens the file, created when it is not there.
    pub(crate) fn open(
        disk: &Arc<dyn Disk>,
        path: Option<&Utf8Path>,
    ) -> Result<Self, OpenLogError> {
        let opened = path.map(|path| {
            let failed = |source| OpenLogError { path: path.to_owned(), source };
            JournalFile::open(disk, path).map_err(failed)
        });
        Ok(Self(opened.transpose()?))
    }
}

/// Takes lines; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct QueryLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    journal: Journal,
    /// Guards which file lines are written to.
    file: RwLock<Option<Arc<JournalFile>>>,
    enabled: Gauge,
}

impl QueryLog {
    /// A journal without a file yet.
    pub(crate) fn new(clock: Clock, metrics: &Metrics) -> (Self, JournalWriter) {
        let failures = metrics.counter(
            "prometheus_engine_query_log_failures_total",
            "The number of queries that are missing in the query log.",
            &[],
        );
        let (journal, writer) = Journal::new("query_log", failures, metrics);
        let help = "State of the query log.";
        let enabled = metrics.gauge("prometheus_engine_query_log_enabled", help, &[]);
        let file = RwLock::new(None);
        (Self(Arc::new(Shared { clock, journal, file, enabled })), writer)
    }

    /// Writes to this file from now on.
    pub(crate) fn commit(&self, prepared: PreparedLog) {
        if let Some(file) = &prepared.0 {
            file.keep();
        }
        self.0.enabled.set(f64::from(u8::from(prepared.0.is_some())));
        *self.0.file.write() = prepared.0;
    }

    pub(crate) fn write(&self, record: &QueryRecord<'_>) {
        let Some(file) = self.0.file.read().clone() else { return };
        let now = Timestamp::from_millis(self.0.clock.now_millis());
        self.0.journal.write(&file, line(record, now));
    }
}

/// As `2026-11-25T20:22:56.000Z`.
fn date(at: Timestamp) -> String {
    let known = jiff::Timestamp::from_millisecond(at.millis());
    known.map_or_else(|_| at.to_string(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// The line of a query, its end included.
fn line(record: &QueryRecord<'_>, now: Timestamp) -> Vec<u8> {
    #[derive(Serialize)]
    struct Params<'a> {
        end: String,
        query: &'a str,
        start: String,
        step: u64,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'a> {
        time: String,
        level: &'static str,
        msg: &'static str,
        params: Params<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        stats: StatsBody<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        http_request: Option<HttpRequest<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rule_group: Option<RuleGroup<'a>>,
    }
    let QueryRecord { query, start, end, step, origin, stats, error } = *record;
    let (start, end) = (date(start), date(end));
    let (http_request, rule_group) = match origin {
        None => (None, None),
        Some(QueryOrigin::Http { client_ip, method, path }) => {
            (Some(HttpRequest { client_ip, method, path }), None)
        }
        Some(QueryOrigin::RuleGroup { file, name }) => (None, Some(RuleGroup { file, name })),
    };
    let line = Line {
        time: date(now),
        level: "INFO",
        msg: "promql query logged",
        params: Params { end, query, start, step: step.as_secs() },
        error: error.map(|error| error_chain(error)),
        stats: StatsBody(stats),
        http_request,
        rule_group,
    };
    let mut bytes = serde_json::to_vec(&line).expect("numbers and texts make JSON");
    bytes.push(b'\n');
    bytes
}

#[derive(Serialize)]
struct HttpRequest<'a> {
    #[serde(rename = "clientIP")]
    client_ip: &'a str,
    method: &'a str,
    path: &'a str,
}

#[derive(Serialize)]
struct RuleGroup<'a> {
    file: &'a str,
    name: &'a str,
}

#[cfg(test)]
mod tests;
