//! Which missed evaluations of a group are made up for. Pure.

use std::time::Duration;

use narthex_model::Timestamp;

/// The most evaluations that are made up for at once: an hour of a group that is evaluated every
/// four seconds.
pub(crate) const SLOTS_MAX: i64 = 900;
/// So long a group is made up for at once. Firing alerts are not sent again meanwhile, and alerting
/// takes them for over after four minutes.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(60);

/// What lies between two evaluations of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    /// Those that are made up for, ascending.
    pub(crate) slots: Vec<Timestamp>,
    /// How many before them are not.
    pub(crate) given_up: u64,
}

/// The slots between the evaluation for `last` and the one for `at`; those of the last `reach` are
/// made up for.
pub(crate) fn missed(
    last: Timestamp,
    at: Timestamp,
    interval: Duration,
    reach: Duration,
) -> Missed {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let interval = millis(interval).max(1);
    let between = at.millis().saturating_sub(last.millis()).saturating_sub(1).max(0);
    let all = between / interval;
    let count = all.min(SLOTS_MAX).min(millis(reach) / interval);
    let slots = (1..=count).rev().map(|back| at.saturating_sub(back.saturating_mul(interval)));
    Missed { slots: slots.collect(), given_up: (all - count).unsigned_abs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(last: i64, at: i64, reach: u64, slots: &[i64], given_up: u64) {
        let time = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let found =
            missed(time(last), time(at), Duration::from_secs(10), Duration::from_secs(reach));
        let slots = slots.iter().map(|slot| time(*slot)).collect();
        assert_eq!(found, Missed { slots, given_up });
    }

    #[test]
    fn all_slots_in_between_are_made_up_for_as_far_as_the_reach_goes() {
        check(10, 20, 3600, &[], 0);
        check(10, 50, 3600, &[20, 30, 40], 0);
        check(10, 50, 25, &[30, 40], 1);
        check(10, 50, 0, &[], 3);
        // The interval was another one, or the clock was set back.
        check(13, 50, 3600, &[20, 30, 40], 0);
        check(60, 50, 3600, &[], 0);
    }

    #[test]
    fn their_number_is_bounded() {
        let found = missed(
            Timestamp::from_millis(0),
            Timestamp::from_millis(1_000_000),
            Duration::from_millis(1),
            Duration::from_secs(3600),
        );
        assert_eq!(found.slots.len(), 900);
        assert_eq!(found.given_up, 999_999 - 900);
        assert_eq!(found.slots.last(), Some(&Timestamp::from_millis(999_999)));
    }
}
