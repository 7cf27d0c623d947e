//! Queries that run, written down before they start: after a crash the next start names them, since
//! one of them may have been the reason.
//!
//! `queries.active` in the data folder gets a line when a query begins and a line when it ended; the
//! queries that began and did not end are those that ran. Nothing is synced: the lines survive the
//! end of the process, not of the machine, and cost a query a few microseconds.
//!
//! Invariant: the file never holds more than [`FILE_BYTES_MAX`] and the lines of what runs: when
//! it is full, it is replaced by one with those lines alone.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_api::RunningQuery;
use narthex_model::Timestamp;
use narthex_platform::{Clock, Disk, DiskFile};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tracing::warn;

/// The name that Prometheus has for it. Its format is another one; both are read.
const FILE_NAME: &str = "queries.active";

/// Bytes of a query that are written down: enough to recognize it.
const QUERY_BYTES_MAX: usize = 1_000;

/// A thousand queries or so.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A file that we did not write may be longer than ours; no one reads thousands of queries.
const READ_BYTES_MAX: u64 = 16 << 20;

/// Queries that are named after a crash.
const NAMED_MAX: usize = 100;

/// Keeps the journal of what runs.
#[derive(Debug)]
pub(crate) struct ActiveQueries {
    disk: Arc<dyn Disk>,
    path: Utf8PathBuf,
    clock: Clock,
    /// Guards the journal and its file.
    journal: Mutex<Journal>,
}

#[derive(Debug, Default)]
struct Journal {
    /// Nothing while the file cannot be written, and after the end.
    file: Option<Box<dyn DiskFile>>,
    file_bytes: u64,
    next: u64,
    running: BTreeMap<u64, Running>,
    is_closed: bool,
}

#[derive(Debug)]
struct Running {
    query: String,
    since: i64,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line<'a> {
    Began {
        began: u64,
        #[serde(borrow)]
        query: std::borrow::Cow<'a, str>,
        /// Milliseconds since the epoch.
        at: i64,
    },
    Ended {
        ended: u64,
    },
}

/// A query that had not ended when the process did.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unfinished {
    query: String,
    since: i64,
}

impl ActiveQueries {
    /// Names what an earlier process left in `folder`, and begins a new journal there. A file that
    /// cannot be written is no reason not to start: it is warned of.
    pub(crate) fn open(folder: &Utf8Path, disk: Arc<dyn Disk>, clock: Clock) -> Self {
        let path = folder.join(FILE_NAME);
        for query in unfinished(&*disk, &path).into_iter().take(NAMED_MAX) {
            let since = Timestamp::from_millis(query.since).to_string();
            warn!(query = query.query, since, "a query did not finish in the last run");
        }
        let active = Self { disk, path, clock, journal: Mutex::default() };
        active.renew(&mut active.journal.lock());
        active
    }

    pub(crate) fn began(&self, query: &str) -> u64 {
        let since = self.clock.now_millis();
        let query = query.get(..query.floor_char_boundary(QUERY_BYTES_MAX)).unwrap_or("");
        let mut journal = self.journal.lock();
        let ticket = journal.next;
        journal.next += 1;
        journal.running.insert(ticket, Running { query: query.to_owned(), since });
        if journal.file_bytes > FILE_BYTES_MAX || journal.file.is_none() {
            // The new file names this query too.
            self.renew(&mut journal);
        } else {
            self.append(&mut journal, &began_line(ticket, query, since));
        }
        ticket
    }

    pub(crate) fn ended(&self, ticket: u64) {
        let mut journal = self.journal.lock();
        journal.running.remove(&ticket);
        if journal.file.is_some() {
            self.append(&mut journal, &line(&Line::Ended { ended: ticket }));
        }
    }

    /// What runs now, the oldest first.
    pub(crate) fn list(&self) -> Vec<RunningQuery> {
        let journal = self.journal.lock();
        let running = journal.running.values();
        running
            .map(|Running { query, since }| RunningQuery {
                query: query.clone(),
                since: Timestamp::from_millis(*since),
            })
            .collect()
    }

    /// Ends the journal in order: what still runs is no mystery to the next start.
    pub(crate) fn close(&self) {
        let mut journal = self.journal.lock();
        journal.is_closed = true;
        if journal.file.take().is_some()
            && let Err(error) = self.disk.remove(&self.path)
        {
            warn!(path = %self.path, %error, "remove the journal of running queries");
        }
    }

    /// Puts a file with what runs now in place of the old one.
    fn renew(&self, journal: &mut Journal) {
        if journal.is_closed {
            return;
        }
        let was_written = journal.file.take().is_some() || journal.next == 0;
        let lines: Vec<u8> = journal
            .running
            .iter()
            .flat_map(|(ticket, running)| began_line(*ticket, &running.query, running.since))
            .collect();
        match self.replace(&lines) {
            Ok(file) => {
                journal.file = Some(file);
                journal.file_bytes = lines.len() as u64;
            }
            // Told once, and tried again with the next query.
            Err(error) if was_written => self.warn(&error),
            Err(_) => {}
        }
    }

    fn replace(&self, lines: &[u8]) -> io::Result<Box<dyn DiskFile>> {
        let temporary = self.path.with_extension("active.tmp");
        match self.disk.remove(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = self.disk.create(&temporary)?;
        file.append(lines)?;
        self.disk.rename(&temporary, &self.path)?;
        Ok(file)
    }

    fn append(&self, journal: &mut Journal, line: &[u8]) {
        let Some(file) = &mut journal.file else { return };
        match file.append(line) {
            Ok(()) => journal.file_bytes += line.len() as u64,
            Err(error) => {
                // A torn line may stand at its end.
                journal.file = None;
                self.warn(&error);
            }
        }
    }

    fn warn(&self, error: &io::Error) {
        warn!(
            path = %self.path, %error,
            "running queries are not written down: a crash would not be told which they were"
        );
    }
}

fn began_line(ticket: u64, query: &str, at: i64) -> Vec<u8> {
    line(&Line::Began { began: ticket, query: query.into(), at })
}

fn line(line: &Line<'_>) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(line).expect("numbers and a text make JSON");
    bytes.push(b'\n');
    bytes
}

/// The queries that a file says began and not that they ended, the oldest first.
fn unfinished(disk: &dyn Disk, path: &Utf8Path) -> Vec<Unfinished> {
    match disk.read(path, READ_BYTES_MAX) {
        Ok(bytes) if bytes.first() == Some(&b'[') => of_prometheus(&bytes),
        Ok(bytes) => parse(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            warn!(%path, %error, "read which queries did not finish in the last run");
            Vec::new()
        }
    }
}

/// Lines that make no sense are passed over: the last one may be torn.
fn parse(bytes: &[u8]) -> Vec<Unfinished> {
    let mut running = BTreeMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Line::Began { began, query, at }) => {
                running.insert(began, Unfinished { query: query.into_owned(), since: at });
            }
            Ok(Line::Ended { ended }) => {
                running.remove(&ended);
            }
            Err(_) => {}
        }
    }
    running.into_values().collect()
}

/// The file of a Prometheus that ran on this folder: after a bracket, slots with an entry or zeros.
fn of_prometheus(bytes: &[u8]) -> Vec<Unfinished> {
    const SLOT_BYTES: usize = 1_000;
    #[derive(Deserialize)]
    struct Entry {
        query: String,
        timestamp_sec: i64,
    }
    let slots = bytes.get(1..).unwrap_or(&[]).chunks(SLOT_BYTES);
    let entry = |slot: &[u8]| {
        let text = slot.split(|byte| *byte == 0).next()?.trim_ascii_end();
        let entry: Entry = serde_json::from_slice(text.strip_suffix(b",").unwrap_or(text)).ok()?;
        let since = entry.timestamp_sec.saturating_mul(1_000);
        Some(Unfinished { query: entry.query, since })
    };
    let mut found: Vec<Unfinished> = slots.filter_map(entry).collect();
    found.sort_by_key(|query| query.since);
    found
}

#[cfg(test)]
mod tests;
