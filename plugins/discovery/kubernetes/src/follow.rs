//! One call: list everything, watch what has changed since, or tell what did not fit into the answer before.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use narthex_sdk::{
    Change, Error, Refreshed,
    clock::{self, Stopwatch},
    json,
};
use serde::{Deserialize, Serialize};

use crate::{
    api::{Api, WATCHES_MAX, Watched},
    config::Config,
    hash::Hasher,
    index::{Entry, reference},
    store::{Store, fitting},
    stream::Stream,
    tell::Telling,
};

/// A server whose watches end at once is asked again no sooner than this.
const ROUND_MIN: Duration = Duration::from_secs(1);

/// A list is not begun again sooner than this after one that came too late for its watches.
const LIST_AGAIN: Duration = Duration::from_secs(5);

/// What is left of a call's time for reading and keeping what the watches told.
const WORK: Duration = Duration::from_secs(5);

/// Where the next call goes on.
#[derive(Debug, Deserialize, Serialize)]
struct Cursor {
    /// The state and its change.
    state: String,
    change: u64,
    /// The version of each stream.
    versions: Vec<String>,
    /// The stream that is watched first, when not all can be watched in one call.
    first: usize,
    /// Something is still to be told.
    is_behind: bool,
}

/// What a call works on.
#[derive(Debug)]
pub(crate) struct Follower<'a> {
    config: &'a Config,
    api: Api,
    streams: Vec<Stream>,
}

impl<'a> Follower<'a> {
    pub(crate) fn new(config: &'a Config) -> Result<Self, Error> {
        Ok(Self { config, api: Api::new(config)?, streams: Stream::all(config)? })
    }

    /// The configuration, as far as a state depends on it.
    fn fingerprint(&self) -> u64 {
        Hasher::new().add(&format!("{:?}", self.config)).finish()
    }

    /// Goes on from a cursor, or lists everything when there is none that can be used.
    pub(crate) fn refresh(&self, cursor: Option<&str>, wait_ms: u32) -> Result<Refreshed, Error> {
        // A cursor that cannot be read is one of another version: begin afresh.
        let cursor: Option<Cursor> = cursor.and_then(|cursor| json::from_str(cursor).ok());
        let cursor = cursor.filter(|cursor| cursor.versions.len() == self.streams.len());
        let Some(cursor) = cursor else { return self.list(None) };
        match Store::open(&cursor.state, cursor.change, self.fingerprint())? {
            None => self.list(None),
            Some((store, is_lost)) if is_lost || cursor.is_behind => self.catch_up(cursor, store),
            Some((store, _)) => self.watch(cursor, store, wait_ms),
        }
    }

    /// Lists everything into a new state. With a former one the host is told the differences.
    fn list(&self, mut former: Option<Store>) -> Result<Refreshed, Error> {
        let mut store = Store::begin(self.fingerprint(), former.as_ref())?;
        let mut versions = Vec::with_capacity(self.streams.len());
        for stream in &self.streams {
            versions.push(self.api.list(stream, |found, is_there| {
                let record = is_there.then_some(found.record);
                let record = record.and_then(|record| fitting(stream.kind, &found.key, record));
                let is_there = record.is_some();
                store.put(stream.kind, &found.key, record)?;
                if stream.is_primary {
                    let entry = told(former.as_mut(), &found.key)?;
                    store.index.set(&found.key, is_there.then(|| entry.untold()))?;
                }
                store.relieve()
            })?);
        }
        let gone = former.as_mut().map(|former| former.index.all()).transpose()?;
        for key in gone.unwrap_or_default() {
            if store.index.get(&key)?.is_none() {
                let entry = told(former.as_mut(), &key)?;
                store.index.set(&key, Some(entry.untold()))?;
            }
        }
        let mut telling = Telling::new(self.config);
        let untold = store.index.untold()?;
        telling.tell(&mut store, &untold)?;
        let is_first = former.is_none();
        let pause = if is_first { Duration::ZERO } else { LIST_AGAIN };
        let cursor = Cursor::new(versions);
        answer(telling, store, cursor, is_first, pause)
    }

    /// Tells what is still to be told.
    fn catch_up(&self, cursor: Cursor, mut store: Store) -> Result<Refreshed, Error> {
        let mut telling = Telling::new(self.config);
        let untold = store.index.untold()?;
        telling.tell(&mut store, &untold)?;
        answer(telling, store, cursor, false, Duration::ZERO)
    }

    /// Waits for what changes.
    fn watch(
        &self,
        mut cursor: Cursor,
        mut store: Store,
        wait_ms: u32,
    ) -> Result<Refreshed, Error> {
        let watch = Stopwatch::start();
        let wait =
            Duration::from_millis(wait_ms.into()).min(clock::deadline().saturating_sub(WORK));
        let chosen = self.chosen(cursor.first, wait);
        let asked: Vec<(&Stream, &str)> = chosen
            .iter()
            .filter_map(|place| {
                Some((self.streams.get(*place)?, cursor.versions.get(*place)?.as_str()))
            })
            .collect();
        let Some(told) = self.api.watch(&asked, wait)? else { return self.list(Some(store)) };
        let is_cut = told.iter().any(|told| told.is_cut);

        let streams: Vec<&Stream> = asked.iter().map(|(stream, _)| *stream).collect();
        for (place, told) in chosen.iter().zip(&told) {
            if let Some(version) = cursor.versions.get_mut(*place)
                && !told.events.version.is_empty()
            {
                version.clone_from(&told.events.version);
            }
        }
        let affected = take_in(&mut store, &streams, told)?;
        let mut telling = Telling::new(self.config);
        telling.tell(&mut store, &affected)?;
        cursor.first = chosen.last().map_or(0, |last| (last + 1) % self.streams.len().max(1));
        let pause = if is_cut { Duration::ZERO } else { ROUND_MIN.saturating_sub(watch.elapsed()) };
        answer(telling, store, cursor, false, pause)
    }

    /// The streams of this call: all, unless they are more than can have a second each.
    fn chosen(&self, first: usize, wait: Duration) -> Vec<usize> {
        let rounds = usize::try_from(wait.as_secs()).unwrap_or(usize::MAX).max(1);
        let places = 0..self.streams.len();
        let count = places.len().min(rounds.saturating_mul(WATCHES_MAX));
        places.cycle().skip(first).take(count).collect()
    }
}

impl Cursor {
    /// Of a state that was just listed.
    fn new(versions: Vec<String>) -> Self {
        Self { state: String::new(), change: 0, versions, first: 0, is_behind: false }
    }
}

/// What the host has of an object by a former state.
fn told(former: Option<&mut Store>, key: &str) -> Result<Entry, Error> {
    let Some(former) = former else { return Ok(Entry::default()) };
    let entry = former.index.get(key)?.cloned().unwrap_or_default();
    Ok(Entry { references: Vec::new(), ..entry })
}

/// Takes in what watches told; the objects that are to be told of.
fn take_in(
    store: &mut Store,
    streams: &[&Stream],
    told: Vec<Watched>,
) -> Result<BTreeSet<String>, Error> {
    let mut affected = BTreeSet::new();
    let mut changed = BTreeSet::new();
    for (told, stream) in told.into_iter().zip(streams) {
        // Of an object that changed more than once only the last state matters.
        let events = told.events.events.into_iter();
        let last: BTreeMap<String, Option<Vec<u8>>> =
            events.map(|(found, is_there)| (found.key, is_there.then_some(found.record))).collect();
        for (key, record) in last {
            let record = record.and_then(|record| fitting(stream.kind, &key, record));
            let is_news = store.put(stream.kind, &key, record)?;
            if is_news && stream.is_primary {
                affected.insert(key);
            } else if is_news {
                changed.insert(reference(stream.kind, &key));
            }
        }
    }
    affected.extend(store.index.dependents(&changed)?);
    Ok(affected)
}

/// Keeps the state and hands over what was gathered.
fn answer(
    telling: Telling<'_>,
    mut store: Store,
    mut cursor: Cursor,
    is_first: bool,
    pause: Duration,
) -> Result<Refreshed, Error> {
    let is_behind = telling.is_full;
    cursor.is_behind = is_behind;
    let pause = if is_behind { Duration::ZERO } else { pause };
    let delta = telling.delta();
    store.save()?;
    (cursor.state, cursor.change) = (store.place().0.to_owned(), store.place().1);
    let change = if is_first {
        Change::Full(delta.upsert)
    } else if delta.upsert.is_empty() && delta.remove.is_empty() {
        Change::Unchanged
    } else {
        Change::Delta(delta)
    };
    let cursor = json::to_string(&cursor)
        .map_err(|error| Error::internal(format!("write the cursor: {error}")))?;
    Ok(Refreshed::new(change).cursor(Some(cursor)).next_in(pause).more(is_behind))
}
