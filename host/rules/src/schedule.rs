//! When groups are evaluated. Pure.

use std::time::Duration;

use narthex_model::{Labels, Timestamp};

/// The group's own place in its interval, the same after every restart, so that groups spread
/// evenly.
pub(crate) fn offset(file: &str, name: &str, interval: Duration) -> i64 {
    let hash = Labels::from_pairs([("file", file), ("name", name)]).stable_hash();
    let interval = millis(interval);
    i64::try_from(hash % interval.unsigned_abs()).unwrap_or(0)
}

/// The group's first slot after `now`.
pub(crate) fn next_slot(now: Timestamp, interval: Duration, offset: i64) -> Timestamp {
    let interval = millis(interval);
    let since_slot = now.millis().saturating_sub(offset).rem_euclid(interval);
    now.saturating_add(interval - since_slot)
}

/// The slot to evaluate at `now` when `due` has come, and how many before it were missed.
pub(crate) fn current_slot(due: Timestamp, now: Timestamp, interval: Duration) -> (Timestamp, u64) {
    let late = now.millis().saturating_sub(due.millis()).max(0);
    let missed = late / millis(interval);
    (due.saturating_add(missed * millis(interval)), missed.unsigned_abs())
}

fn millis(interval: Duration) -> i64 {
    i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_their_distance_from_the_epoch() {
        let at = Timestamp::from_millis;
        let interval = Duration::from_secs(10);
        assert_eq!(next_slot(at(0), interval, 3_000), at(3_000));
        assert_eq!(next_slot(at(3_000), interval, 3_000), at(13_000));
        assert_eq!(next_slot(at(12_999), interval, 3_000), at(13_000));
        assert!(offset("f", "g", interval) < 10_000);
        assert_ne!(offset("f", "g", interval), offset("f", "h", interval));
    }

    #[test]
    fn late_slots_are_counted_and_skipped() {
        let at = Timestamp::from_millis;
        let interval = Duration::from_secs(10);
        assert_eq!(current_slot(at(3_000), at(3_000), interval), (at(3_000), 0));
        assert_eq!(current_slot(at(3_000), at(12_999), interval), (at(3_000), 0));
        assert_eq!(current_slot(at(3_000), at(33_000), interval), (at(33_000), 3));
    }
}
