//! Who is left alone after repeated kills, and for how long.
//!
//! Invariant: a use (an exporter's target, a discovery's or a notifier's configuration) that is
//! killed [`KILLS_MAX`] times in a row is left alone for a growing time, and the plugin's other uses
//! are not: one bad target silences no other.
//! Invariant: a plugin that is killed [`PLUGIN_KILLS_MAX`] times in a row, whatever the use, is left
//! alone as a whole, so that a broken plugin with a thousand targets costs no thousand kills a round.
//! Invariant: one call that is not a kill ends the row of its use and that of the plugin.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Kills in a row before a use is left alone, or a version gives way to the one before it.
pub(crate) const KILLS_MAX: u32 = 3;

/// Kills in a row, of all uses together, before the plugin is left alone.
const PLUGIN_KILLS_MAX: u32 = 10;

/// The first pause; it doubles with each further kill.
const PAUSE_FIRST: Duration = Duration::from_secs(10);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Uses of one plugin whose kills are counted. Beyond them the one that may be called first is
/// forgotten, and forgiven.
pub(crate) const USES_MAX: usize = 1_024;

/// What a call is for: the same target by the same configuration is the same use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    key: u64,
    /// For people: the target, or nothing.
    target: String,
}

impl Use {
    /// Of a target; of a configuration alone when it is empty.
    pub(crate) fn new(config_json: &str, target: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (config_json, target).hash(&mut hasher);
        Self { key: hasher.finish(), target: target.to_owned() }
    }

    pub(crate) fn key(&self) -> u64 {
        self.key
    }
}

/// Kills in a row, and the pause that they led to.
#[derive(Debug, Default)]
struct Row {
    target: String,
    kills: u32,
    /// When the last one was, by monotonic time.
    at: Duration,
    /// Until when nothing is called, by monotonic time.
    until: Option<Duration>,
    last: String,
}

/// Why something is not called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// The target that it is about; the whole plugin or a configuration when empty.
    pub(crate) target: String,
    pub(crate) kills: u32,
    pub(crate) left: Duration,
    pub(crate) last: String,
}

/// The rows of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    whole: Row,
    /// Only those whose last call was a kill.
    uses: BTreeMap<u64, Row>,
    /// When a call last ended by itself, by monotonic time.
    answered_at: Option<Duration>,
}

impl Row {
    fn killed(&mut self, now: Duration, kills_max: u32, last: &str) {
        self.kills = self.kills.saturating_add(1);
        (self.at, self.last) = (now, last.to_owned());
        self.until = pause(self.kills, kills_max).map(|pause| now + pause);
    }

    fn pause(&self, now: Duration) -> Option<Pause> {
        let left = self.until?.checked_sub(now).filter(|left| !left.is_zero())?;
        let (target, last) = (self.target.clone(), self.last.clone());
        Some(Pause { target, kills: self.kills, left, last })
    }
}

impl Pauses {
    /// Why a use may not be called now; `None`: it may.
    pub(crate) fn of(&self, what: &Use, now: Duration) -> Option<Pause> {
        let own = || self.uses.get(&what.key).and_then(|row| row.pause(now));
        self.whole.pause(now).or_else(own)
    }

    pub(crate) fn kills_in_row(&self, what: &Use) -> u32 {
        self.uses.get(&what.key).map_or(0, |row| row.kills)
    }

    /// All pauses there are now: that of the plugin first, then those of uses.
    pub(crate) fn all(&self, now: Duration) -> Vec<Pause> {
        let rows = std::iter::once(&self.whole).chain(self.uses.values());
        rows.filter_map(|row| row.pause(now)).collect()
    }

    /// Whether something is left alone and nothing answered since.
    pub(crate) fn is_all_there_is(&self, now: Duration) -> bool {
        let mut rows = std::iter::once(&self.whole).chain(self.uses.values());
        rows.any(|row| row.pause(now).is_some() && self.answered_at.is_none_or(|at| at < row.at))
    }

    pub(crate) fn killed(&mut self, what: &Use, now: Duration, last: &str) {
        self.whole.killed(now, PLUGIN_KILLS_MAX, last);
        if !self.uses.contains_key(&what.key) && self.uses.len() >= USES_MAX {
            let first = self.uses.iter().min_by_key(|(_, row)| row.until).map(|(key, _)| *key);
            first.map(|key| self.uses.remove(&key));
        }
        let row = self.uses.entry(what.key).or_default();
        row.target.clone_from(&what.target);
        row.killed(now, KILLS_MAX, last);
    }

    pub(crate) fn answered(&mut self, what: &Use, now: Duration) {
        self.whole = Row::default();
        self.uses.remove(&what.key);
        self.answered_at = Some(now);
    }
}

/// How long something is left alone after so many kills in a row.
fn pause(kills: u32, kills_max: u32) -> Option<Duration> {
    kills.checked_sub(kills_max).map(growing)
}

/// A pause that doubles: 10 seconds, 20, and so on, up to 5 minutes.
pub(crate) fn growing(doublings: u32) -> Duration {
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    PAUSE_FIRST.saturating_mul(factor).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn left(pauses: &Pauses, what: &Use, now: u64) -> u64 {
        pauses.of(what, at(now)).map_or(0, |pause| pause.left.as_secs())
    }

    #[test]
    fn repeated_kills_lead_to_growing_pauses_and_one_answer_ends_them() {
        let (mut pauses, what) = (Pauses::default(), Use::new("{}", "a:1"));
        pauses.killed(&what, at(0), "x");
        pauses.killed(&what, at(0), "x");
        assert_eq!(left(&pauses, &what, 0), 0);
        pauses.killed(&what, at(0), "x");
        assert_eq!((left(&pauses, &what, 0), left(&pauses, &what, 9)), (10, 1));
        assert_eq!(left(&pauses, &what, 10), 0);
        pauses.killed(&what, at(10), "x");
        assert_eq!(left(&pauses, &what, 10), 20);
        for _ in 0..40 {
            pauses.killed(&what, at(100), "x");
        }
        assert_eq!(left(&pauses, &what, 100), 300);
        pauses.answered(&what, at(500));
        pauses.killed(&what, at(500), "x");
        assert_eq!(left(&pauses, &what, 500), 0);
    }

    #[test]
    fn a_bad_target_is_left_alone_and_the_others_are_not() {
        let (bad, good) = (Use::new("{}", "bad:1"), Use::new("{}", "good:1"));
        let mut pauses = Pauses::default();
        for _ in 0..20 {
            pauses.killed(&bad, at(0), "x");
            pauses.answered(&good, at(0));
        }
        assert_eq!((left(&pauses, &bad, 0), left(&pauses, &good, 0)), (300, 0));
        assert_eq!(pauses.all(at(0))[0].target, "bad:1");
        assert!(!pauses.is_all_there_is(at(0)), "the good one answers");
        pauses.killed(&bad, at(400), "x");
        assert!(pauses.is_all_there_is(at(400)));
    }

    #[test]
    fn a_plugin_that_answers_none_of_its_targets_is_left_alone_as_a_whole() {
        let mut pauses = Pauses::default();
        let targets: Vec<Use> = (0..11).map(|n| Use::new("{}", &n.to_string())).collect();
        for target in &targets[..9] {
            pauses.killed(target, at(0), "x");
        }
        assert_eq!(left(&pauses, &targets[10], 0), 0);
        pauses.killed(&targets[9], at(0), "x");
        assert_eq!(left(&pauses, &targets[10], 0), 10);
        assert_eq!(left(&pauses, &targets[10], 10), 0);
        pauses.answered(&targets[10], at(10));
        assert_eq!(left(&pauses, &targets[0], 10), 0);
    }

    #[test]
    fn rows_are_bounded() {
        let mut pauses = Pauses::default();
        for n in 0..2_000 {
            pauses.killed(&Use::new("{}", &n.to_string()), at(n), "x");
        }
        assert_eq!(pauses.uses.len(), USES_MAX);
    }
}
