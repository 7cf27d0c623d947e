//! What lasts between calls, in the host's store of keys and values.
//!
//! A state begins with a list of everything and belongs to one cursor after the other. Its keys:
//!
//! | key | value |
//! |---|---|
//! | `h/<state>` | [`Header`] |
//! | `j/<state>` | [`Journal`] |
//! | `r/<state>/<kind>/<object>` | the record of an object |
//! | `i/<state>/<bucket>` | a bucket of the index |
//!
//! Invariant: a state is used with the cursor of its last change, or with the one before, whose answer got lost: then
//! the journal tells what the host may have missed. It is written first, the header second, the rest after them.

use std::collections::{BTreeMap, BTreeSet};

use narthex_sdk::{Error, clock, json, kv, log};
use serde::{Deserialize, Serialize};

use crate::{index::Index, objects::Object, states, stream::Kind};

/// Records that are held in memory while everything is listed.
const LISTED_BYTES_MAX: usize = 8 << 20;

/// The host's bound for a value. A longer journal is not written: a lost answer then leads to a new state.
const VALUE_BYTES_MAX: usize = 1 << 20;

/// Whom a state belongs to.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Header {
    /// The hash of the configuration.
    pub(crate) config: u64,
    /// Grows with every change.
    change: u64,
    /// When it was last used, in milliseconds since the Unix epoch.
    pub(crate) used_ms: i64,
    /// When states that nobody uses were last removed.
    #[serde(default)]
    swept_ms: i64,
    /// The state that this one replaces, until its first answer is known to have arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former: Option<String>,
}

/// What a change told the host.
#[derive(Debug, Deserialize, Serialize)]
struct Journal {
    change: u64,
    /// The objects, and how many groups the host had of each before.
    before: BTreeMap<String, usize>,
}

/// The record, unless it is longer than can be kept: such an object is as if it were not there, and costs the others
/// nothing.
pub(crate) fn fitting(kind: Kind, key: &str, record: Vec<u8>) -> Option<Vec<u8>> {
    if record.len() <= VALUE_BYTES_MAX {
        return Some(record);
    }
    let (kind, bytes) = (kind.letter(), record.len());
    log::warn("an object is too large", &[("kind", &kind), ("object", &key), ("bytes", &bytes)]);
    None
}

/// A state.
#[derive(Debug)]
pub(crate) struct Store {
    name: String,
    header: Header,
    /// No record of it is kept yet.
    is_empty: bool,
    /// Records that were read or written in this call; none: there is no such object.
    records: BTreeMap<(Kind, String), Option<Vec<u8>>>,
    /// The length of all of them.
    bytes: usize,
    changed: BTreeSet<(Kind, String)>,
    pub(crate) index: Index,
}

impl Store {
    fn new(name: String, header: Header, is_new: bool) -> Self {
        Self {
            index: Index::new(format!("i/{name}/"), is_new),
            name,
            header,
            is_empty: is_new,
            records: BTreeMap::new(),
            bytes: 0,
            changed: BTreeSet::new(),
        }
    }

    /// The state as it was at this change, and whether something is to be told again; none when there is no such state,
    /// or too much has happened to it since.
    pub(crate) fn open(
        name: &str,
        change: u64,
        config: u64,
    ) -> Result<Option<(Self, bool)>, Error> {
        let Some(mut header) = states::header(name)? else { return Ok(None) };
        let journal = if header.change == change {
            None
        } else {
            let kept = kv::get(&format!("j/{name}"))?;
            let journal = kept.and_then(|kept| json::from_slice::<Journal>(&kept).ok());
            let fits = |journal: &Journal| {
                journal.change == header.change && header.change == change.saturating_add(1)
            };
            let Some(journal) = journal.filter(fits) else { return Ok(None) };
            Some(journal)
        };
        if header.config != config {
            return Ok(None);
        }
        header.used_ms = clock::now_ms();
        if let Some(former) = header.former.take() {
            states::remove(&former)?;
        }
        states::set_header(name, &header)?;
        if states::is_due(header.swept_ms, header.used_ms) {
            states::sweep(header.used_ms, config)?;
            header.swept_ms = header.used_ms;
        }
        let mut store = Self::new(name.to_owned(), header, false);
        let is_lost = journal.is_some();
        for (key, groups) in journal.map(|journal| journal.before).unwrap_or_default() {
            let entry = store.index.get(&key)?.cloned().unwrap_or_default();
            store.index.set(&key, Some(entry.doubtful(groups)))?;
        }
        Ok(Some((store, is_lost)))
    }

    /// A new state, which replaces a former one when its first answer has arrived.
    pub(crate) fn begin(config: u64, former: Option<&Self>) -> Result<Self, Error> {
        let now_ms = clock::now_ms();
        states::sweep(now_ms, config)?;
        let former = former.map(|former| former.name.clone());
        let header = Header { config, change: 0, used_ms: now_ms, swept_ms: now_ms, former };
        let name = states::claim(now_ms, &header)?;
        Ok(Self::new(name, header, true))
    }

    /// The state's name and its change, for the cursor.
    pub(crate) fn place(&self) -> (&str, u64) {
        (&self.name, self.header.change)
    }

    fn kept_as(&self, kind: Kind, key: &str) -> String {
        format!("r/{}/{}/{key}", self.name, kind.letter())
    }

    fn record(&mut self, kind: Kind, key: &str) -> Result<Option<&Vec<u8>>, Error> {
        let place = (kind, key.to_owned());
        if !self.records.contains_key(&place) {
            let kept = if self.is_empty { None } else { kv::get(&self.kept_as(kind, key))? };
            self.records.insert(place.clone(), kept);
        }
        Ok(self.records.get(&place).and_then(Option::as_ref))
    }

    /// Reads an object.
    pub(crate) fn get<T: Object>(&mut self, kind: Kind, key: &str) -> Result<Option<T>, Error> {
        let Some(record) = self.record(kind, key)? else { return Ok(None) };
        json::from_slice(record)
            .map(Some)
            .map_err(|error| Error::internal(format!("read the record of {key}: {error}")))
    }

    /// Sets the record of an object; none: it is gone. Answers whether that is news.
    pub(crate) fn put(
        &mut self,
        kind: Kind,
        key: &str,
        record: Option<Vec<u8>>,
    ) -> Result<bool, Error> {
        if self.record(kind, key)? == record.as_ref() {
            return Ok(false);
        }
        let place = (kind, key.to_owned());
        self.bytes += record.as_ref().map_or(0, Vec::len);
        self.records.insert(place.clone(), record);
        self.changed.insert(place);
        Ok(true)
    }

    /// Lets go of records while everything is listed, so that a large cluster needs no more memory than a small one.
    pub(crate) fn relieve(&mut self) -> Result<(), Error> {
        if self.bytes < LISTED_BYTES_MAX {
            return Ok(());
        }
        self.save_records()?;
        self.records.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Keeps what has changed.
    pub(crate) fn save(&mut self) -> Result<(), Error> {
        if self.changed.is_empty() && !self.index.is_changed() {
            return Ok(());
        }
        self.header.change += 1;
        if self.header.change > 1 {
            self.save_journal()?;
        }
        states::set_header(&self.name, &self.header)?;
        self.save_records()?;
        self.index.save().map_err(|error| error.context("keep the index"))
    }

    fn save_journal(&self) -> Result<(), Error> {
        let (change, before) = (self.header.change, self.index.before().clone());
        let journal = json::to_vec(&Journal { change, before })
            .map_err(|error| Error::internal(format!("write a journal: {error}")))?;
        let name = format!("j/{}", self.name);
        if journal.len() > VALUE_BYTES_MAX {
            return kv::delete(&name);
        }
        kv::set(&name, &journal).map_err(|error| error.context("keep the journal"))
    }

    fn save_records(&mut self) -> Result<(), Error> {
        for (kind, key) in std::mem::take(&mut self.changed) {
            let name = self.kept_as(kind, &key);
            let kept = match self.records.get(&(kind, key)).and_then(Option::as_ref) {
                Some(record) => kv::set(&name, record),
                None => kv::delete(&name),
            };
            kept.map_err(|error| error.context(format!("keep {name}")))?;
            self.is_empty = false;
        }
        Ok(())
    }
}
