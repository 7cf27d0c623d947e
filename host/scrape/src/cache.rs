//! What a target's last scrapes held: which line is which series, in which order they came, and
//! which series will need a marker when they vanish.
//!
//! A line is known by 128 bits of hash, the key that its reader gives it, so that a known series costs 40 bytes
//! here and no copy of its text. Two different lines of one target with one hash would be taken
//! for one series: with a million series the chance is below 1e-26.
//!
//! Invariant: `next` links lead through the series in the order of the last complete body, so that
//! the next line is usually found by one comparison.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hashbrown::HashTable;
use narthex_model::Timestamp;
use narthex_storage::SeriesRef;

use crate::families::{Families, FamilyMetadata};

/// No entry.
pub(crate) const NONE: u32 = u32::MAX;

/// Entries that were not in the last body are kept while they are few, for targets whose series
/// come and go.
const DEAD_MIN: usize = 1000;

/// A line's hash.
pub(crate) type LineHash = u128;

#[derive(Clone, Copy, Debug)]
struct Known {
    hash_high: u64,
    hash_low: u64,
    series: u64,
    /// Bytes of the series' text; 0 for what is no line.
    len: u32,
    /// The entry that followed in the last body.
    next: u32,
    /// The last scrape that had it.
    seen: u32,
    flags: u8,
}

/// A rule dropped the series: it has no reference.
const DROPPED: u8 = 1;
/// In the scrape `seen` it got a sample that a marker has to end.
const TRACKED: u8 = 2;
/// It was tracked in the scrape before `seen`.
const WAS_TRACKED: u8 = 4;
/// What was tracked last is a histogram.
const HISTOGRAM: u8 = 8;
/// Of fractional counts.
const FRACTIONAL: u8 = 16;

/// What a series has, and so what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Integer,
    FloatHistogram,
}

impl Kind {
    const fn flags(self) -> u8 {
        match self {
            Self::Float => 0,
            Self::Integer => HISTOGRAM,
            Self::FloatHistogram => HISTOGRAM | FRACTIONAL,
        }
    }
}

/// A series that a marker has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tracked {
    pub(crate) series: SeriesRef,
    pub(crate) kind: Kind,
}

/// The cache of one target.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: Vec<Known>,
    index: HashTable<u32>,
    /// The first line of the last body.
    first: u32,
    scrape: u32,
    /// Entries tracked in the last scrape.
    tracked_before: usize,
    tracked_now: usize,
    /// Entries tracked in the last scrape and in this one.
    kept: usize,
    seen_now: usize,
    /// Series that were tracked under rules that do not hold any more.
    inherited: Vec<Tracked>,
    /// Metadata that the store has been told, by a hash of it.
    families: HashMap<u64, Arc<FamilyMetadata>>,
    /// What this body says, in its order, and what the last complete one said.
    families_now: Vec<u64>,
    families_before: Vec<u64>,
    /// What the store was told in this scrape, which it forgets if the scrape fails.
    families_learned: Vec<u64>,
    /// The last complete scrape.
    complete_at: Option<Timestamp>,
    /// Entries that it had.
    complete_len: usize,
}

/// The known line that is expected next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) index: u32,
    pub(crate) len: usize,
    pub(crate) hash: LineHash,
}

/// Where a walk over a body stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    last: u32,
    expected: u32,
}

/// What is known of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Series(SeriesRef),
    Dropped,
}

/// A line of a body, found in the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    pub(crate) line: Line,
    /// Whether this body did not have it before.
    pub(crate) is_first: bool,
}

impl Known {
    fn hash(&self) -> LineHash {
        (u128::from(self.hash_high) << 64) | u128::from(self.hash_low)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn tracked(&self) -> Tracked {
        let kind = match (self.has(HISTOGRAM), self.has(FRACTIONAL)) {
            (false, _) => Kind::Float,
            (true, false) => Kind::Integer,
            (true, true) => Kind::FloatHistogram,
        };
        Tracked { series: SeriesRef(self.series), kind }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of the hash are wanted")]
fn halves(hash: LineHash) -> (u64, u64) {
    ((hash >> 64) as u64, hash as u64)
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            index: HashTable::new(),
            first: NONE,
            scrape: 2,
            tracked_before: 0,
            tracked_now: 0,
            kept: 0,
            seen_now: 0,
            inherited: Vec::new(),
            families: HashMap::new(),
            families_now: Vec::new(),
            families_before: Vec::new(),
            families_learned: Vec::new(),
            complete_at: None,
            complete_len: 0,
        }
    }

    /// Forgets every line, as other rules hold now, but not what has to be ended.
    pub(crate) fn reset(&mut self) {
        let mut inherited = std::mem::take(&mut self.inherited);
        inherited.extend(self.tracked_before_this());
        *self = Self { inherited, ..Self::new() };
    }

    pub(crate) fn start(&self) -> Walk {
        Walk { last: NONE, expected: self.first }
    }

    pub(crate) fn expected(&self, walk: Walk) -> Option<Expected> {
        let known = self.entries.get(walk.expected as usize)?;
        Some(Expected { index: walk.expected, len: known.len as usize, hash: known.hash() })
    }

    /// The line at `index` is the next one of the body.
    pub(crate) fn pass(&mut self, walk: &mut Walk, index: u32) -> Passed {
        match self.entries.get_mut(walk.last as usize) {
            Some(last) => last.next = index,
            None => self.first = index,
        }
        walk.last = index;
        let scrape = self.scrape;
        let Some(known) = self.entries.get_mut(index as usize) else {
            return Passed { line: Line::Dropped, is_first: true };
        };
        walk.expected = known.next;
        let is_first = known.seen != scrape;
        if is_first {
            let was_tracked = known.has(TRACKED) && known.seen == scrape - 1;
            known.flags &= !(TRACKED | WAS_TRACKED);
            known.flags |= if was_tracked { WAS_TRACKED } else { 0 };
            known.seen = scrape;
            self.seen_now += 1;
        }
        let dropped = known.has(DROPPED);
        let line = if dropped { Line::Dropped } else { Line::Series(SeriesRef(known.series)) };
        Passed { line, is_first }
    }

    pub(crate) fn find(&self, hash: LineHash) -> Option<u32> {
        let (_, low) = halves(hash);
        let is_it = |index: &u32| {
            self.entries.get(*index as usize).is_some_and(|known| known.hash() == hash)
        };
        self.index.find(low, is_it).copied()
    }

    /// Adds a line that [`Self::find`] did not find.
    pub(crate) fn insert(&mut self, hash: LineHash, len: usize, line: Line) -> u32 {
        let (hash_high, hash_low) = halves(hash);
        let (series, flags) = match line {
            Line::Series(series) => (series.0, 0),
            Line::Dropped => (0, DROPPED),
        };
        let index = u32::try_from(self.entries.len()).unwrap_or(NONE);
        // A body is at most a gigabyte, so that neither its lines nor their number get this large.
        let len = u32::try_from(len).unwrap_or(NONE);
        self.entries.push(Known { hash_high, hash_low, series, len, next: NONE, seen: 0, flags });
        let entries = &self.entries;
        let low = |index: &u32| entries.get(*index as usize).map_or(0, |known| known.hash_low);
        self.index.insert_unique(hash_low, index, low);
        index
    }

    /// The store dropped the series and made it anew.
    pub(crate) fn renew(&mut self, index: u32, series: SeriesRef) {
        if let Some(known) = self.entries.get_mut(index as usize) {
            known.series = series.0;
        }
    }

    /// The series of a line.
    pub(crate) fn series(&self, index: u32) -> Option<SeriesRef> {
        let known = self.entries.get(index as usize).filter(|known| !known.has(DROPPED))?;
        Some(SeriesRef(known.series))
    }

    /// The line that was just passed got a sample that a marker has to end.
    pub(crate) fn track(&mut self, index: u32, kind: Kind) {
        let Some(known) = self.entries.get_mut(index as usize) else { return };
        if !known.has(TRACKED) {
            self.tracked_now += 1;
            self.kept += usize::from(known.has(WAS_TRACKED));
        }
        known.flags = (known.flags & !(HISTOGRAM | FRACTIONAL)) | kind.flags() | TRACKED;
    }

    /// Since when the line that was just passed has its samples in the store, if the last complete
    /// scrape had one.
    pub(crate) fn sampled_at(&self, index: u32) -> Option<Timestamp> {
        self.entries.get(index as usize).filter(|known| known.has(WAS_TRACKED))?;
        self.complete_at
    }

    /// How many lines this body has had, each counted once.
    pub(crate) fn lines_now(&self) -> usize {
        self.seen_now
    }

    /// How often this body has said something of a family.
    pub(crate) fn families_now(&self) -> usize {
        self.families_now.len()
    }

    /// Whether the store knows this metadata already.
    pub(crate) fn knows_family(&mut self, hash: u64) -> bool {
        self.families_now.push(hash);
        self.families.contains_key(&hash)
    }

    /// The store was told of it.
    pub(crate) fn learn_family(&mut self, hash: u64, family: Arc<FamilyMetadata>) {
        self.families.insert(hash, family);
        self.families_learned.push(hash);
    }

    /// The series that were tracked in the last scrape and are not in this one, which is complete.
    pub(crate) fn vanished(&self) -> Vec<Tracked> {
        let mut vanished = Vec::new();
        if self.kept < self.tracked_before {
            let scrape = self.scrape;
            let gone = self.entries.iter().filter(|known| {
                (known.seen == scrape - 1 && known.has(TRACKED))
                    || (known.seen == scrape && known.has(WAS_TRACKED) && !known.has(TRACKED))
            });
            vanished.extend(gone.map(Known::tracked));
        }
        if !self.inherited.is_empty() {
            let now: HashSet<u64> = self
                .entries
                .iter()
                .filter(|known| self.is_tracked_now(known))
                .map(|k| k.series)
                .collect();
            vanished.extend(self.inherited.iter().filter(|one| !now.contains(&one.series.0)));
        }
        vanished
    }

    fn is_tracked_now(&self, known: &Known) -> bool {
        known.seen == self.scrape && known.has(TRACKED)
    }

    /// The series that were tracked before this scrape, which counts for nothing.
    pub(crate) fn tracked_before_this(&self) -> Vec<Tracked> {
        let scrape = self.scrape;
        let tracked = self.entries.iter().filter(|known| {
            (known.seen == scrape - 1 && known.has(TRACKED))
                || (known.seen == scrape && known.has(WAS_TRACKED))
        });
        tracked.map(Known::tracked).chain(self.inherited.iter().copied()).collect()
    }

    /// The scrape was complete: it is the one that the next is compared with. `Some`: what the
    /// target says of its families is not what it said before.
    pub(crate) fn end_complete(&mut self, at: Timestamp) -> Option<Families> {
        let families = (self.families_now != self.families_before).then(|| self.families());
        std::mem::swap(&mut self.families_before, &mut self.families_now);
        let dead = self.entries.len() - self.seen_now.min(self.entries.len());
        if dead > self.seen_now + DEAD_MIN {
            self.bury();
        }
        let tracked = self.tracked_now;
        self.complete_len = self.entries.len();
        self.begin_next(1);
        self.tracked_before = tracked;
        self.complete_at = Some(at);
        families
    }

    /// What this body says of families; what it does not say is forgotten, as a text may be long.
    fn families(&mut self) -> Families {
        let now: HashSet<u64> = self.families_now.iter().copied().collect();
        self.families.retain(|hash, _| now.contains(hash));
        self.families_now.iter().filter_map(|hash| self.families.get(hash).cloned()).collect()
    }

    /// The scrape counts for nothing: nothing is tracked any more. A target that brings other lines
    /// each time and never a complete body must not fill the memory: `true`, lines were let go.
    pub(crate) fn end_failed(&mut self) -> bool {
        for hash in &self.families_learned {
            self.families.remove(hash);
        }
        let is_full = self.entries.len() > 2 * self.complete_len + DEAD_MIN;
        if is_full {
            self.bury();
            self.complete_len = self.entries.len();
        }
        self.begin_next(2);
        is_full
    }

    /// The store refused the scrape, whatever was in it: what was there before is still to be ended.
    pub(crate) fn end_unstored(&mut self) -> bool {
        let tracked = self.tracked_before_this();
        let is_flushed = self.end_failed();
        self.inherited = tracked;
        is_flushed
    }

    fn begin_next(&mut self, step: u32) {
        // Two billion scrapes are a thousand years; by then the lines are learned anew.
        if self.scrape > NONE - 4 {
            *self = Self::new();
        }
        self.scrape += step;
        self.tracked_before = 0;
        self.tracked_now = 0;
        self.kept = 0;
        self.seen_now = 0;
        self.inherited.clear();
        self.families_now.clear();
        self.families_learned.clear();
    }

    /// Drops the entries that this scrape did not have.
    fn bury(&mut self) {
        let scrape = self.scrape;
        let mut places = vec![NONE; self.entries.len()];
        let mut alive = Vec::with_capacity(self.seen_now);
        for (known, place) in self.entries.iter().zip(&mut places) {
            if known.seen == scrape {
                *place = u32::try_from(alive.len()).unwrap_or(NONE);
                alive.push(*known);
            }
        }
        let moved = |index: u32| places.get(index as usize).copied().unwrap_or(NONE);
        self.first = moved(self.first);
        self.index.clear();
        for known in &mut alive {
            known.next = moved(known.next);
        }
        for (index, known) in (0..).zip(&alive) {
            let low = |index: &u32| alive.get(*index as usize).map_or(0, |known| known.hash_low);
            self.index.insert_unique(known.hash_low, index, low);
        }
        self.index
            .shrink_to_fit(|index: &u32| alive.get(*index as usize).map_or(0, |k| k.hash_low));
        self.entries = alive;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_line(line: u64) -> LineHash {
        xxhash_rust::xxh3::xxh3_128(&line.to_be_bytes())
    }

    /// A complete scrape of these lines; what vanished.
    fn scrape(cache: &mut Cache, lines: &[u64]) -> Vec<u64> {
        let mut walk = cache.start();
        for line in lines {
            see(cache, &mut walk, *line);
        }
        let vanished = cache.vanished();
        cache.end_complete(Timestamp::from_millis(0));
        vanished.into_iter().map(|tracked| tracked.series.0).collect()
    }

    fn see(cache: &mut Cache, walk: &mut Walk, line: u64) {
        let hash = hash_line(line);
        let expected = cache.expected(*walk).filter(|expected| expected.hash == hash);
        let index = expected.map(|expected| expected.index).or_else(|| cache.find(hash));
        let new = || Line::Series(SeriesRef(line));
        let index = index.unwrap_or_else(|| cache.insert(hash, 8, new()));
        cache.pass(walk, index);
        cache.track(index, Kind::Float);
    }

    fn floats(series: &[u64]) -> Vec<Tracked> {
        let tracked = |series: &u64| Tracked { series: SeriesRef(*series), kind: Kind::Float };
        series.iter().map(tracked).collect()
    }

    #[test]
    fn what_is_gone_vanishes_once() {
        let mut cache = Cache::new();
        assert!(scrape(&mut cache, &[1, 2, 3]).is_empty());
        assert_eq!(scrape(&mut cache, &[3, 1, 4]), [2]);
        assert!(scrape(&mut cache, &[3, 1, 4]).is_empty());
        assert_eq!(scrape(&mut cache, &[2]), [1, 3, 4]);
    }

    #[test]
    fn a_failed_scrape_ends_what_was_before_it() {
        let mut cache = Cache::new();
        scrape(&mut cache, &[1, 2]);
        let mut walk = cache.start();
        see(&mut cache, &mut walk, 1);
        see(&mut cache, &mut walk, 9);
        assert_eq!(cache.tracked_before_this(), floats(&[1, 2]));
        cache.end_failed();
        assert!(cache.tracked_before_this().is_empty());
        assert!(scrape(&mut cache, &[1]).is_empty());
        assert_eq!(scrape(&mut cache, &[]), [1]);
    }

    #[test]
    fn the_order_of_the_last_body_is_expected() {
        let mut cache = Cache::new();
        scrape(&mut cache, &[1, 2, 3, 4]);
        scrape(&mut cache, &[1, 3, 5, 4]);
        let mut walk = cache.start();
        for line in [1_u64, 3, 5, 4] {
            let expected = cache.expected(walk).unwrap();
            assert_eq!(expected.hash, hash_line(line));
            cache.pass(&mut walk, expected.index);
        }
    }

    #[test]
    fn other_rules_do_not_lose_what_has_to_be_ended() {
        let mut cache = Cache::new();
        scrape(&mut cache, &[1, 2]);
        cache.reset();
        assert_eq!(cache.tracked_before_this(), floats(&[1, 2]));
        assert_eq!(scrape(&mut cache, &[2, 3]), [1]);
        assert!(scrape(&mut cache, &[2, 3]).is_empty());
    }

    #[test]
    fn a_series_is_ended_as_what_it_was() {
        let mut cache = Cache::new();
        for kind in [Kind::Float, Kind::FloatHistogram, Kind::Integer] {
            let mut walk = cache.start();
            see(&mut cache, &mut walk, 1);
            let index = cache.find(hash_line(1)).unwrap();
            cache.track(index, kind);
            cache.end_complete(Timestamp::from_millis(0));
            assert_eq!(cache.tracked_before_this(), [Tracked { series: SeriesRef(1), kind }]);
        }
    }

    #[test]
    fn bodies_that_never_end_well_do_not_fill_the_memory() {
        let mut cache = Cache::new();
        let mut flushes = 0;
        for round in 0..20_u64 {
            let mut walk = cache.start();
            for line in round * 500..round * 500 + 500 {
                see(&mut cache, &mut walk, line);
            }
            flushes += usize::from(cache.end_failed());
            assert!(cache.entries.len() <= 2 * 500 + DEAD_MIN + 500, "{}", cache.entries.len());
        }
        assert!(flushes > 0);
    }

    #[test]
    fn dead_lines_are_buried() {
        let mut cache = Cache::new();
        for round in 0..20_u64 {
            let lines: Vec<u64> = (round * 500..round * 500 + 500).collect();
            let gone = scrape(&mut cache, &lines);
            assert_eq!(gone.len(), if round == 0 { 0 } else { 500 });
            assert!(cache.entries.len() <= 2 * 500 + DEAD_MIN + 500);
            let repeated = scrape(&mut cache, &lines);
            assert!(repeated.is_empty());
        }
    }
}
