//! Queries that run, written down before they start: after a crash the next start names them, since
//! one of them may have been the reason.
//!
//! `queries.active` in the data folder is a row of slots, each a line. A query takes a free slot when
//! it begins and marks its line when it has ended; lines without the mark are those of queries that
//! ran. Nothing is synced: the lines survive the end of the process, not of the machine.
//!
//! Invariant: a slot has one owner at a time, which writes it without a lock: no query waits for what
//! another one writes.
//! Invariant: there are as many slots as queries ever ran at once; `--query.max-concurrency` bounds
//! both.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use narthex_api::RunningQuery;
use narthex_model::Timestamp;
use narthex_platform::{Clock, Disk, DiskSlots};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::cut;

/// The name that Prometheus has for it. Its format is another one; both are read.
const FILE_NAME: &str = "queries.active";

/// Bytes of a slot: a part of a page, so that no line is ever written in part.
const SLOT_BYTES: usize = 1 << 10;

/// Bytes of a query that are written down: enough to recognize it, and all that a slot has room for.
const QUERY_BYTES_MAX: usize = 960;

/// Stands in place of a line's first byte when its query has ended.
const ENDED: &[u8] = b"-";

/// No one reads thousands of queries.
const READ_BYTES_MAX: u64 = 16 << 20;

/// Queries that are named after a crash.
const NAMED_MAX: usize = 100;

/// Keeps the journal of what runs.
#[derive(Debug)]
pub(crate) struct ActiveQueries {
    disk: Arc<dyn Disk>,
    path: Utf8PathBuf,
    clock: Clock,
    /// Nothing when it could not be created.
    file: Option<Box<dyn DiskSlots>>,
    /// Whether the last write failed: then it has been told.
    is_failing: AtomicBool,
    /// Guards who has which slot. Nothing is written under it.
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    /// By tickets, which grow.
    running: BTreeMap<u64, Running>,
    next_ticket: u64,
    /// Slots that were used and are free.
    free: BTreeSet<u64>,
    next_slot: u64,
    is_closed: bool,
}

#[derive(Debug)]
struct Running {
    query: String,
    since: i64,
    slot: u64,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    query: std::borrow::Cow<'a, str>,
    /// Milliseconds since the epoch.
    at: i64,
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
        let file = replace(&*disk, &path).inspect_err(|error| tell(&path, error)).ok();
        let (is_failing, slots) = (AtomicBool::new(false), Mutex::default());
        Self { disk, path, clock, file, is_failing, slots }
    }

    pub(crate) fn began(&self, query: &str) -> u64 {
        let since = self.clock.now_millis();
        let query = cut(query, QUERY_BYTES_MAX);
        let mut slots = self.slots.lock();
        let ticket = slots.next_ticket;
        slots.next_ticket += 1;
        let slot = slots.free.pop_first().unwrap_or_else(|| {
            slots.next_slot += 1;
            slots.next_slot - 1
        });
        slots.running.insert(ticket, Running { query: query.to_owned(), since, slot });
        drop(slots);
        self.write(slot, &line(query, since));
        ticket
    }

    pub(crate) fn ended(&self, ticket: u64) {
        let Some(Running { slot, .. }) = self.slots.lock().running.remove(&ticket) else { return };
        self.write(slot, ENDED);
        // Only now: the next one may write its line at once.
        self.slots.lock().free.insert(slot);
    }

    /// What runs now, the oldest first.
    pub(crate) fn list(&self) -> Vec<RunningQuery> {
        let slots = self.slots.lock();
        let running = slots.running.values();
        running
            .map(|Running { query, since, .. }| RunningQuery {
                query: query.clone(),
                since: Timestamp::from_millis(*since),
            })
            .collect()
    }

    /// Ends the journal in order: what still runs is no mystery to the next start.
    pub(crate) fn close(&self) {
        let was_closed = std::mem::replace(&mut self.slots.lock().is_closed, true);
        // Who writes yet writes to a file without a name.
        if !was_closed
            && self.file.is_some()
            && let Err(error) = self.disk.remove(&self.path)
        {
            warn!(path = %self.path, %error, "remove the journal of running queries");
        }
    }

    fn write(&self, slot: u64, bytes: &[u8]) {
        let Some(file) = &self.file else { return };
        match file.write_at(slot * SLOT_BYTES as u64, bytes) {
            Ok(()) => self.is_failing.store(false, Ordering::Relaxed),
            // Told once, and tried again with the next query.
            Err(error) if !self.is_failing.swap(true, Ordering::Relaxed) => {
                tell(&self.path, &error);
            }
            Err(_) => {}
        }
    }
}

/// Puts an empty file in place of the old one.
fn replace(disk: &dyn Disk, path: &Utf8Path) -> io::Result<Box<dyn DiskSlots>> {
    let temporary = path.with_extension("active.tmp");
    match disk.remove(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create_slots(&temporary)?;
    disk.rename(&temporary, path)?;
    Ok(file)
}

fn tell(path: &Utf8Path, error: &io::Error) {
    warn!(
        %path, %error,
        "running queries are not written down: a crash would not be told which they were"
    );
}

/// A slot's bytes. Of a query with many characters that JSON writes in several bytes less is kept.
fn line(query: &str, at: i64) -> Vec<u8> {
    let mut query = query;
    loop {
        let line = Line { query: query.into(), at };
        let mut bytes = serde_json::to_vec(&line).expect("a text and a number make JSON");
        if bytes.len() < SLOT_BYTES {
            bytes.resize(SLOT_BYTES - 1, b' ');
            bytes.push(b'\n');
            return bytes;
        }
        query = cut(query, query.len() / 2);
    }
}

/// The queries that a file says began and not that they ended, the oldest first.
fn unfinished(disk: &dyn Disk, path: &Utf8Path) -> Vec<Unfinished> {
    let mut found = match disk.read(path, READ_BYTES_MAX) {
        Ok(bytes) if bytes.first() == Some(&b'[') => of_prometheus(&bytes),
        Ok(bytes) => parse(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            warn!(%path, %error, "read which queries did not finish in the last run");
            Vec::new()
        }
    };
    found.sort_by_key(|query| query.since);
    found
}

/// What is no line is passed over: its query has ended, or the machine has.
fn parse(bytes: &[u8]) -> Vec<Unfinished> {
    let unfinished = |slot: &[u8]| {
        let Line { query, at } = serde_json::from_slice(slot).ok()?;
        Some(Unfinished { query: query.into_owned(), since: at })
    };
    bytes.chunks(SLOT_BYTES).filter_map(unfinished).collect()
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
    slots.filter_map(entry).collect()
}

#[cfg(test)]
mod tests;
