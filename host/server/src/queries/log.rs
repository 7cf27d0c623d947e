//! The journal of answered queries, `global.query_log_file`: a line of JSON for each, in Prometheus'
//! shape.
//!
//! Invariant: no query waits for the disk. Lines go through a bounded queue to a task that writes
//! them; what finds the queue full is dropped and counted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use narthex_api::StatsBody;
use narthex_model::Timestamp;
use narthex_platform::{
    Clock, Counter, Disk, DiskFile, Gauge, Metrics, Stop, Tasks,
    queue::{Receiver, Sender, WhenFull, bounded},
};
use narthex_promql::{QueryOrigin, QueryRecord};
use narthex_settings::error_chain;
use parking_lot::Mutex;
use serde::Serialize;
use tracing::warn;

/// Lines that wait: several seconds of a busy server.
const LINES_MAX: usize = 4_096;

/// Bytes that wait: texts of queries may be long.
const QUEUED_BYTES_MAX: usize = 16 << 20;

/// Lines that are written by one call.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// Why the file of the configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("global.query_log_file: open {path}")]
pub(crate) struct OpenLogError {
    path: Utf8PathBuf,
    source: io::Error,
}

/// A file that lines are appended to, or nothing.
#[derive(Debug, Default)]
struct LogFile(Option<(Utf8PathBuf, Box<dyn DiskFile>)>);

/// The file of a configuration that is not in use yet. Where it had to be created, it goes again
/// with a configuration that is refused.
#[derive(Debug)]
pub(crate) struct PreparedLog {
    disk: Arc<dyn Disk>,
    file: LogFile,
    is_new: bool,
}

impl PreparedLog {
    /// Opens the file, created when it is not there.
    pub(crate) fn open(
        disk: &Arc<dyn Disk>,
        path: Option<&Utf8Path>,
    ) -> Result<Self, OpenLogError> {
        let mut prepared = Self { disk: Arc::clone(disk), file: LogFile(None), is_new: false };
        let Some(path) = path else { return Ok(prepared) };
        let opened = match disk.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                prepared.is_new = true;
                disk.create(path)
            }
            opened => opened,
        };
        match opened {
            Ok(file) => {
                prepared.file = LogFile(Some((path.to_owned(), file)));
                Ok(prepared)
            }
            Err(source) => Err(OpenLogError { path: path.to_owned(), source }),
        }
    }
}

impl Drop for PreparedLog {
    fn drop(&mut self) {
        if let Some((path, _)) = self.file.0.take()
            && self.is_new
            && let Err(error) = self.disk.remove(&path)
        {
            warn!(%path, %error, "remove the query log of a configuration that was refused");
        }
    }
}

/// Takes lines; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct QueryLog {
    shared: Arc<Shared>,
    lines: Sender<Vec<u8>>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    is_on: AtomicBool,
    /// Guards the file that lines are written to.
    file: Mutex<LogFile>,
    queued_bytes: AtomicUsize,
    enabled: Gauge,
    failures: Counter,
}

/// Writes lines until it is stopped.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    lines: Receiver<Vec<u8>>,
}

impl QueryLog {
    /// A journal without a file yet.
    pub(crate) fn new(clock: Clock, metrics: &Metrics) -> (Self, Writer) {
        let (sender, lines) = bounded("query_log", LINES_MAX, WhenFull::DropNewest);
        metrics.add_source(Arc::new(sender.clone()));
        let shared = Arc::new(Shared {
            clock,
            is_on: AtomicBool::new(false),
            file: Mutex::new(LogFile(None)),
            queued_bytes: AtomicUsize::new(0),
            enabled: metrics.gauge(
                "prometheus_engine_query_log_enabled",
                "State of the query log.",
                &[],
            ),
            failures: metrics.counter(
                "prometheus_engine_query_log_failures_total",
                "The number of queries that are missing in the query log.",
                &[],
            ),
        });
        (Self { shared: Arc::clone(&shared), lines: sender }, Writer { shared, lines })
    }

    /// Writes to this file from now on. The same path opened anew is another file where the old
    /// one was moved away.
    pub(crate) fn commit(&self, mut prepared: PreparedLog) {
        let file = std::mem::take(&mut prepared.file);
        let is_on = file.0.is_some();
        *self.shared.file.lock() = file;
        self.shared.is_on.store(is_on, Ordering::Relaxed);
        self.shared.enabled.set(f64::from(u8::from(is_on)));
    }

    pub(crate) fn write(&self, record: &QueryRecord<'_>) {
        if !self.shared.is_on.load(Ordering::Relaxed) {
            return;
        }
        let now = Timestamp::from_millis(self.shared.clock.now_millis());
        let line = line(record, now);
        let bytes = line.len();
        let queued = self.shared.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        if queued + bytes > QUEUED_BYTES_MAX || !self.lines.send(line) {
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.shared.failures.increment();
        }
    }
}

impl Writer {
    pub(crate) fn spawn(self, tasks: &mut Tasks) {
        tasks.spawn("query log", |stop| self.run(stop));
    }

    async fn run(mut self, mut stop: Stop) {
        let mut is_stopped = false;
        while !is_stopped {
            let mut batch = tokio::select! {
                line = self.lines.receive() => line,
                () = stop.stopped() => {
                    is_stopped = true;
                    Vec::new()
                }
            };
            let mut lines = u64::from(!batch.is_empty());
            // What waits when the program ends is written too.
            while batch.len() < BATCH_BYTES_MAX || is_stopped {
                let Some(line) = self.lines.try_receive() else { break };
                batch.extend_from_slice(&line);
                lines += 1;
            }
            self.shared.queued_bytes.fetch_sub(batch.len(), Ordering::Relaxed);
            let shared = Arc::clone(&self.shared);
            let write = tokio::task::spawn_blocking(move || shared.append(&batch, lines));
            if write.await.is_err() {
                self.shared.failures.add(lines);
            }
        }
    }
}

impl Shared {
    fn append(&self, batch: &[u8], lines: u64) {
        let mut file = self.file.lock();
        let Some((path, open)) = &mut file.0 else { return };
        if batch.is_empty() {
            return;
        }
        if let Err(error) = open.append(batch) {
            self.failures.add(lines);
            warn!(%path, %error, lines, "queries are missing in the query log");
        }
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
