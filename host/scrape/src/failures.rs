//! Failed scrapes, a line of JSON each, in the shape of Prometheus: `scrape_failure_log_file`.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Clock, Disk, Journal, JournalFile, JournalWriter, Metrics};
use parking_lot::RwLock;
use serde::Serialize;

/// The files of a configuration, by path: jobs may share one.
pub(crate) type FailureFiles = BTreeMap<Utf8PathBuf, Arc<JournalFile>>;

/// Takes failures.
#[derive(Debug)]
pub(crate) struct FailureLogs {
    clock: Clock,
    journal: Journal,
    /// Guards the table, not the files in it.
    files: RwLock<FailureFiles>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'static str,
    msg: &'a str,
    job_name: &'a str,
    target: &'a str,
}

impl FailureLogs {
    /// Without a file yet.
    pub(crate) fn new(clock: Clock, metrics: &Metrics) -> (Self, JournalWriter) {
        let missing = metrics.counter(
            "narthex_scrape_failure_log_failures_total",
            "Failed scrapes that are missing in their log.",
            &[],
        );
        let (journal, writer) = Journal::new("scrape_failure_log", missing, metrics);
        (Self { clock, journal, files: RwLock::default() }, writer)
    }

    /// Opens the file of a job, once for all jobs.
    pub(crate) fn open(
        files: &mut FailureFiles,
        disk: &Arc<dyn Disk>,
        path: &Utf8Path,
    ) -> io::Result<()> {
        if !files.contains_key(path) {
            files.insert(path.to_owned(), JournalFile::open(disk, path)?);
        }
        Ok(())
    }

    /// Writes to these files from now on, which were opened anew: where one was moved away, another
    /// has its place.
    pub(crate) fn commit(&self, files: FailureFiles) {
        for file in files.values() {
            file.keep();
        }
        *self.files.write() = files;
    }

    /// Tells of a failed scrape.
    pub(crate) fn write(&self, path: &Utf8Path, (job_name, target): (&str, &str), error: &str) {
        let Some(file) = self.files.read().get(path).cloned() else { return };
        let time = jiff::Timestamp::from_millisecond(self.clock.now_millis());
        let time = time.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string());
        let time = time.unwrap_or_default();
        let line = Line { time, level: "ERROR", msg: error, job_name, target };
        if let Ok(mut bytes) = serde_json::to_vec(&line) {
            bytes.push(b'\n');
            self.journal.write(&file, bytes);
        }
    }
}
