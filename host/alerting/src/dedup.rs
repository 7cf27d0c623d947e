//! Whether a group has something new to say to an integration.
//!
//! The rules are Alertmanager's (`notify/dedup_stage.go`). Pure: the log entry, the alerts and the
//! time go in, a reason comes out.

use std::collections::BTreeSet;
use std::time::Duration;

use narthex_model::Timestamp;

/// What an integration was last told of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// When.
    pub(crate) at: Timestamp,
    /// Fingerprints of the alerts that were firing.
    pub(crate) firing: BTreeSet<u64>,
    /// Fingerprints of the alerts that were resolved.
    pub(crate) resolved: BTreeSet<u64>,
}

/// Why a notification is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The group was never notified of, or all that it was notified of is over.
    FirstNotification,
    /// Alerts fire that the integration has not heard of.
    NewAlerts,
    /// Alerts are over that the integration believes to fire.
    NewResolved,
    /// No alert of the group fires any more.
    AllResolved,
    /// Nothing changed, but the repeat interval has passed.
    Repeat,
}

impl Reason {
    /// As logs, templates and notifications have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::FirstNotification => "first notification",
            Self::NewAlerts => "new alerts added",
            Self::NewResolved => "some alerts resolved",
            Self::AllResolved => "all alerts resolved",
            Self::Repeat => "repeat interval elapsed",
        }
    }
}

/// How an integration wants to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) send_resolved: bool,
    /// `None`: it is not reminded, somebody has acknowledged all that fires.
    pub(crate) repeat_interval: Option<Duration>,
}

/// The reason for a notification now, if there is one. `AllResolved` is given whatever
/// `send_resolved` says: the log must forget the firing alerts even if nobody is told.
pub(crate) fn reason(
    told: Option<&Told>,
    firing: &BTreeSet<u64>,
    resolved: &BTreeSet<u64>,
    habits: Habits,
    now: Timestamp,
) -> Option<Reason> {
    let Some(told) = told else {
        return (!firing.is_empty()).then_some(Reason::FirstNotification);
    };
    if !firing.is_subset(&told.firing) {
        let is_first = told.firing.is_empty();
        return Some(if is_first { Reason::FirstNotification } else { Reason::NewAlerts });
    }
    if firing.is_empty() {
        // What came and went between two notifications was never heard of.
        return (!told.firing.is_empty()).then_some(Reason::AllResolved);
    }
    if habits.send_resolved && !resolved.is_subset(&told.resolved) {
        return Some(Reason::NewResolved);
    }
    let repeat_interval = habits.repeat_interval?;
    (told.at + repeat_interval <= now).then_some(Reason::Repeat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(told: Option<(&[u64], &[u64])>, now: (&[u64], &[u64]), expected: Option<Reason>) {
        let set = |numbers: &[u64]| numbers.iter().copied().collect::<BTreeSet<u64>>();
        let told = told.map(|(firing, resolved)| Told {
            at: Timestamp::from_millis(0),
            firing: set(firing),
            resolved: set(resolved),
        });
        let repeat_interval = Some(Duration::from_secs(10));
        let habits = Habits { send_resolved: true, repeat_interval };
        let at = Timestamp::from_millis(9_999);
        assert_eq!(reason(told.as_ref(), &set(now.0), &set(now.1), habits, at), expected);
    }

    #[test]
    fn a_change_is_a_reason() {
        check(None, (&[1], &[]), Some(Reason::FirstNotification));
        check(None, (&[], &[1]), None);
        check(Some((&[1], &[])), (&[1], &[]), None);
        check(Some((&[1], &[])), (&[1, 2], &[]), Some(Reason::NewAlerts));
        check(Some((&[1, 2], &[])), (&[1], &[2]), Some(Reason::NewResolved));
        check(Some((&[1, 2], &[2])), (&[1], &[2]), None);
        check(Some((&[1], &[])), (&[], &[1]), Some(Reason::AllResolved));
        check(Some((&[], &[1])), (&[], &[1]), None);
        check(Some((&[], &[1])), (&[1], &[]), Some(Reason::FirstNotification));
    }

    #[test]
    fn silence_is_broken_when_the_repeat_interval_has_passed() {
        let told = Told { firing: BTreeSet::from([1]), ..Told::default() };
        let at = |millis| Timestamp::from_millis(millis);
        let reason = |repeat_interval, firing: &[u64], now| {
            let habits = Habits { send_resolved: true, repeat_interval };
            let firing = firing.iter().copied().collect();
            reason(Some(&told), &firing, &BTreeSet::new(), habits, at(now))
        };
        let ten = Some(Duration::from_secs(10));
        assert_eq!(reason(ten, &[1], 9_999), None);
        assert_eq!(reason(ten, &[1], 10_000), Some(Reason::Repeat));
        assert_eq!(reason(None, &[1], 10_000), None, "acknowledged");
        assert_eq!(reason(None, &[1, 2], 10_000), Some(Reason::NewAlerts));
        assert_eq!(reason(None, &[], 10_000), Some(Reason::AllResolved));
    }
}
