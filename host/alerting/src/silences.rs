//! Silences: what people decided not to be notified of.
//!
//! Invariant: a silence that was answered for is on disk. What is shown and what counts is in
//! memory, and is what the disk has after a restart.
//! Invariant: history does not change: a silence that held once is not rewritten but ended, and
//! another one takes its place.

mod silencer;
mod wire;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{MatchOp, Matcher, Timestamp};
use narthex_state::{SCAN_MAX, StateError, StateStore, Tree};
use parking_lot::Mutex;
use tracing::warn;

pub(crate) use self::silencer::Silencer;
use crate::intervals::TimeInterval;

/// The tree's name in the state store.
const TREE: &str = "silences";

/// How long a silence is shown after its end: Alertmanager's `--data.retention`.
const RETENTION: Duration = Duration::from_secs(120 * 3600);

/// Milliseconds.
const MINUTE: i64 = 60_000;

/// Silences that are kept, those that have ended among them.
pub const SILENCES_MAX: usize = 50_000;

/// The longest silence, as it lies on disk.
pub const SILENCE_BYTES_MAX: usize = 64 << 10;

/// Alerts that its matchers match are not notified of.
#[derive(Clone, Debug)]
pub struct Silence {
    /// A UUID.
    pub id: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What was decided.
    pub terms: SilenceTerms,
}

/// What a silence is about, and why.
#[derive(Clone, Debug)]
pub struct SilenceTerms {
    /// All of them have to match; one of them at least matches no alert without its label.
    pub matchers: Vec<Matcher>,
    /// When it begins. Of a new one in the past: now.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
    /// Whose it is.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Notes of programs.
    pub annotations: BTreeMap<String, String>,
    /// Between its beginning and its end it holds in these alone, if there are any: it recurs.
    pub time_intervals: Vec<TimeInterval>,
}

/// Whether a silence holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SilenceState {
    /// It holds.
    Active,
    /// It will hold, again or for the first time.
    Pending,
    /// It is over.
    Expired,
}

/// Why a silence is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SilenceError {
    /// There is none with this id.
    #[error("silence not found")]
    NotFound,
    /// It ends before it begins.
    #[error("Failed to create silence: start time must be before end time")]
    Backwards,
    /// It is over already.
    #[error("Failed to create silence: end time can't be in the past")]
    Over,
    /// It would match every alert, or has no matcher.
    #[error("invalid silence: at least one matcher must not match the empty string")]
    MatchesAll,
    /// As many are kept as may be.
    #[error(
        "exceeded maximum number of silences: {SILENCES_MAX} are kept, those that have ended among them"
    )]
    TooMany,
    /// It is too long.
    #[error("silence exceeded maximum size: {bytes} bytes (limit: {SILENCE_BYTES_MAX} bytes)")]
    TooLong {
        /// What it takes.
        bytes: usize,
    },
    /// The disk.
    #[error("keep the silence")]
    State(#[from] StateError),
}

impl SilenceState {
    /// As the API spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
        }
    }
}

impl Silence {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> SilenceState {
        let SilenceTerms { starts_at, ends_at, time_intervals, .. } = &self.terms;
        if now >= *ends_at {
            return SilenceState::Expired;
        }
        let recurs = !time_intervals.is_empty();
        let is_out = recurs && !time_intervals.iter().any(|interval| interval.contains(now));
        if now < *starts_at || is_out { SilenceState::Pending } else { SilenceState::Active }
    }

    /// When its state may be another one than at `now`; never: it is over.
    fn changes_after(&self, now: Timestamp) -> Option<Timestamp> {
        let SilenceTerms { starts_at, ends_at, time_intervals, .. } = &self.terms;
        let next = if now < *starts_at { *starts_at } else { *ends_at };
        // Time intervals begin and end with a minute.
        let minute = Timestamp::from_millis((now.millis().div_euclid(MINUTE) + 1) * MINUTE);
        let next = if time_intervals.is_empty() { next } else { next.min(minute) };
        (now < *ends_at).then_some(next)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.terms.ends_at
    }

    fn is_old(&self, now: Timestamp) -> bool {
        now >= self.terms.ends_at + RETENTION
    }

    /// Whether it may have these terms instead of its own: nothing changes of what it did.
    fn takes(&self, terms: &SilenceTerms, now: Timestamp) -> bool {
        let own = &self.terms;
        let is_other = own.matchers != terms.matchers || own.time_intervals != terms.time_intervals;
        if is_other || self.is_over(now) {
            return false;
        }
        if now < own.starts_at {
            return terms.starts_at >= now;
        }
        // Some clients tell times in seconds.
        let seconds = |at: Timestamp| at.millis().div_euclid(1000);
        seconds(own.starts_at) == seconds(terms.starts_at)
    }

    /// It as it is when it ends at `now`.
    fn ended(&self, now: Timestamp) -> Self {
        let mut ended = Self { updated_at: now, ..self.clone() };
        ended.terms.starts_at = ended.terms.starts_at.min(now);
        ended.terms.ends_at = now;
        ended
    }
}

/// All silences.
#[derive(Debug)]
pub struct Silences {
    store: StateStore,
    tree: Tree,
    /// Guards what is kept, and the order of what is written.
    kept: Mutex<BTreeMap<String, Arc<Silence>>>,
    /// Those that held when somebody asked last, and from when until when they do; none: something
    /// has changed. Guarded by itself, taken while `kept` is held.
    holding: Mutex<Option<(Range<Timestamp>, Arc<Silencer>)>>,
}

impl Silences {
    /// Reads what is kept; what is past its time is dropped.
    pub(crate) fn open(store: &StateStore, now: Timestamp) -> Result<Self, StateError> {
        let tree = store.tree(TREE)?;
        let mut kept = BTreeMap::new();
        for (key, value) in tree.scan_prefix(&[], SCAN_MAX)? {
            match wire::decode(&value) {
                Ok(silence) if !silence.is_old(now) => {
                    kept.insert(silence.id.clone(), Arc::new(silence));
                }
                Ok(_) => {
                    tree.delete(&key)?;
                }
                Err(error) => warn!(%error, "a silence on disk is unreadable"),
            }
        }
        Ok(Self { store: store.clone(), tree, kept: Mutex::new(kept), holding: Mutex::default() })
    }

    /// All that are kept, ascending by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Silence>> {
        self.kept.lock().values().cloned().collect()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Silence>> {
        self.kept.lock().get(id).cloned()
    }

    /// Those that hold at `now`, ready to be asked.
    pub(crate) fn silencer(&self, now: Timestamp) -> Arc<Silencer> {
        let kept = self.kept.lock();
        let mut holding = self.holding.lock();
        if let Some((_, silencer)) = holding.as_ref().filter(|(range, _)| range.contains(&now)) {
            return Arc::clone(silencer);
        }
        let active = kept.values().filter(|silence| silence.state(now) == SilenceState::Active);
        let silencer = Arc::new(Silencer::new(active.cloned().collect()));
        let until = kept.values().filter_map(|silence| silence.changes_after(now)).min();
        let until = until.unwrap_or(Timestamp::from_millis(i64::MAX));
        *holding = Some((now..until, Arc::clone(&silencer)));
        silencer
    }

    /// Makes a silence (`id` is empty) or changes one; the id of the one that holds from now on. One
    /// whose change would rewrite history ends, and a new one begins.
    pub(crate) async fn set(
        &self,
        id: &str,
        terms: SilenceTerms,
        now: Timestamp,
    ) -> Result<String, SilenceError> {
        check(&terms, now)?;
        let id = self.put(id, terms, now)?;
        self.store.durable().await?;
        Ok(id)
    }

    fn put(
        &self,
        id: &str,
        mut terms: SilenceTerms,
        now: Timestamp,
    ) -> Result<String, SilenceError> {
        let mut kept = self.kept.lock();
        let before = kept.get(id).cloned();
        if before.is_none() && !id.is_empty() {
            return Err(SilenceError::NotFound);
        }
        let changes = before.as_ref().is_some_and(|before| before.takes(&terms, now));
        let id = if changes {
            id.to_owned()
        } else if kept.len() < SILENCES_MAX {
            terms.starts_at = terms.starts_at.max(now);
            new_id(now)
        } else {
            return Err(SilenceError::TooMany);
        };
        let silence = Silence { id: id.clone(), updated_at: now, terms };
        let text = wire::encode(&silence);
        if text.len() > SILENCE_BYTES_MAX {
            return Err(SilenceError::TooLong { bytes: text.len() });
        }
        if let Some(before) = before.filter(|before| !changes && !before.is_over(now)) {
            let ended = before.ended(now);
            self.tree.put(ended.id.as_bytes(), &wire::encode(&ended))?;
            kept.insert(ended.id.clone(), Arc::new(ended));
            *self.holding.lock() = None;
        }
        self.tree.put(id.as_bytes(), &text)?;
        kept.insert(id.clone(), Arc::new(silence));
        *self.holding.lock() = None;
        Ok(id)
    }

    /// Ends a silence now. One that is over stays as it is.
    pub(crate) async fn expire(&self, id: &str, now: Timestamp) -> Result<(), SilenceError> {
        {
            let mut kept = self.kept.lock();
            let silence = kept.get(id).ok_or(SilenceError::NotFound)?;
            if silence.is_over(now) {
                return Ok(());
            }
            let ended = silence.ended(now);
            self.tree.put(id.as_bytes(), &wire::encode(&ended))?;
            kept.insert(id.to_owned(), Arc::new(ended));
            *self.holding.lock() = None;
        }
        Ok(self.store.durable().await?)
    }

    /// Forgets what ended long ago.
    pub(crate) fn forget_old(&self, now: Timestamp) {
        let gone: Vec<String> = {
            let mut kept = self.kept.lock();
            kept.extract_if(.., |_, silence| silence.is_old(now)).map(|(id, _)| id).collect()
        };
        for id in gone {
            if let Err(error) = self.tree.delete(id.as_bytes()) {
                warn!(%error, "an old silence could not be removed");
            }
        }
    }
}

fn check(terms: &SilenceTerms, now: Timestamp) -> Result<(), SilenceError> {
    if terms.starts_at >= terms.ends_at {
        return Err(SilenceError::Backwards);
    }
    if terms.ends_at < now {
        return Err(SilenceError::Over);
    }
    if chooses(&terms.matchers) { Ok(()) } else { Err(SilenceError::MatchesAll) }
}

/// Whether matchers leave some alerts out. As Alertmanager counts: a negative matcher does, whatever it
/// matches.
pub(crate) fn chooses(matchers: &[Matcher]) -> bool {
    let is_negative = |op| matches!(op, MatchOp::NotEqual | MatchOp::NotRegex);
    matchers.iter().any(|matcher| is_negative(matcher.op()) || !matcher.matches_empty())
}

/// A random UUID (RFC 9562, version 4).
fn new_id(now: Timestamp) -> String {
    // Each state is seeded anew by the system's random numbers.
    let half = || u128::from(RandomState::new().hash_one(now.millis()));
    let random = half() << 64 | half();
    let versioned =
        random & !(0xf_u128 << 76) & !(0x3_u128 << 62) | 0x4_u128 << 76 | 0x2_u128 << 62;
    let digits = format!("{versioned:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests;
