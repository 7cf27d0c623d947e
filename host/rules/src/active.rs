//! The life of an alert: pending, firing, resolved.
//!
//! Pure: what the expression found and the time go in, states come out. The rules are Prometheus'
//! (`rules/alerting.go`).

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};

/// How long a resolved alert is kept, and sent again, so that its end is not lost when alerting
/// restarts meanwhile.
const RESOLVED_RETENTION: Duration = Duration::from_secs(15 * 60);

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// Not known yet: the rule was never evaluated.
    Unknown,
    /// Not true (any more).
    Inactive,
    /// True for less than `for`.
    Pending,
    /// True for long enough.
    Firing,
}

impl AlertState {
    /// As the API and the label `alertstate` spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// One alert of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActiveAlert {
    pub(crate) annotations: Labels,
    pub(crate) value: f64,
    pub(crate) state: AlertState,
    pub(crate) active_at: Timestamp,
    pub(crate) fired_at: Option<Timestamp>,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) last_sent: Option<Sent>,
    pub(crate) keep_firing_since: Option<Timestamp>,
    pub(crate) recorded: Recorded,
    /// It comes of an earlier process, with all that was known of it.
    pub(crate) is_recalled: bool,
    /// It does not end before data has come in since the start.
    pub(crate) awaits_data: bool,
}

/// When alerting was told of an alert last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    at: Timestamp,
    /// It was told that the alert is over.
    is_end: bool,
}

/// What the record on disk says of an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// There is none.
    #[default]
    Nothing,
    Firing {
        keep_firing_since: Option<Timestamp>,
    },
}

/// What the expression says of one label set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) annotations: Labels,
    pub(crate) value: f64,
}

/// How long what takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HoldTimes {
    pub(crate) hold: Duration,
    pub(crate) keep_firing: Duration,
    /// Data may not have come in since the start: alerts that await it go on, and so much time does
    /// not count for those that wait for `hold`.
    pub(crate) unseen: Option<Duration>,
}

/// The alerts of one rule, by their labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActiveAlerts(pub(crate) BTreeMap<Labels, ActiveAlert>);

impl ActiveAlerts {
    /// Takes the result of an evaluation at `now`; returns how many alerts are pending or firing.
    pub(crate) fn update(
        &mut self,
        found: &BTreeMap<Labels, Found>,
        times: HoldTimes,
        now: Timestamp,
    ) -> usize {
        for (labels, found) in found {
            match self.0.get_mut(labels).filter(|alert| alert.state != AlertState::Inactive) {
                Some(alert) => {
                    alert.annotations = found.annotations.clone();
                    alert.value = found.value;
                    alert.keep_firing_since = None;
                }
                None => {
                    self.0.insert(labels.clone(), ActiveAlert::new(found, now));
                }
            }
        }
        let mut active = 0;
        self.0.retain(|labels, alert| {
            let is_true = found.contains_key(labels);
            if !is_true && !alert.goes_on(times, now) {
                return alert.end(now);
            }
            active += 1;
            if is_true || alert.state == AlertState::Firing {
                alert.ripen(times.hold, now);
            }
            true
        });
        active
    }

    /// The alerts that are to be sent at `now`; they count as sent.
    pub(crate) fn take_sendable(
        &mut self,
        now: Timestamp,
        resend_delay: Duration,
    ) -> Vec<(Labels, ActiveAlert)> {
        let due = self.0.iter_mut().filter(|(_, alert)| alert.is_sendable(now, resend_delay));
        due.map(|(labels, alert)| {
            alert.last_sent = Some(Sent { at: now, is_end: alert.resolved_at.is_some() });
            (labels.clone(), alert.clone())
        })
        .collect()
    }

    /// Time passed of which nothing is known: alerts wait for as long as before.
    pub(crate) fn pass_unseen(&mut self, passed: Duration) {
        self.0.values_mut().for_each(|alert| alert.pass_unseen(passed));
    }

    /// The worst state of all.
    pub(crate) fn state(&self) -> AlertState {
        self.0.values().map(|alert| alert.state).max().unwrap_or(AlertState::Inactive)
    }
}

impl ActiveAlert {
    pub(crate) fn new(found: &Found, now: Timestamp) -> Self {
        Self {
            annotations: found.annotations.clone(),
            value: found.value,
            state: AlertState::Pending,
            active_at: now,
            fired_at: None,
            resolved_at: None,
            last_sent: None,
            keep_firing_since: None,
            recorded: Recorded::Nothing,
            is_recalled: false,
            awaits_data: false,
        }
    }

    /// One that waited for its time in an earlier process, since `active_at`. The next evaluation
    /// brings the rest.
    pub(crate) fn recalled(active_at: Timestamp) -> Self {
        let unknown = Found { annotations: Labels::empty(), value: f64::NAN };
        Self { is_recalled: true, awaits_data: true, ..Self::new(&unknown, active_at) }
    }

    /// Whether an alert that was not found goes on: because of `keep_firing_for`, or as the server has
    /// just started.
    fn goes_on(&mut self, times: HoldTimes, now: Timestamp) -> bool {
        let awaits_data = self.awaits_data && self.state != AlertState::Inactive;
        if let Some(unseen) = times.unseen.filter(|_| awaits_data) {
            self.pass_unseen(unseen);
            return true;
        }
        self.state == AlertState::Firing
            && !times.keep_firing.is_zero()
            && now < *self.keep_firing_since.get_or_insert(now) + times.keep_firing
    }

    fn pass_unseen(&mut self, passed: Duration) {
        if self.state == AlertState::Pending {
            self.active_at = self.active_at + passed;
        }
    }

    /// The alert is over; whether it is kept to tell of its end.
    fn end(&mut self, now: Timestamp) -> bool {
        let is_old = self.resolved_at.is_some_and(|at| at + RESOLVED_RETENTION < now);
        if self.state == AlertState::Pending || is_old {
            return false;
        }
        if self.state != AlertState::Inactive {
            self.state = AlertState::Inactive;
            self.resolved_at = Some(now);
        }
        true
    }

    /// Pending alerts fire when their time has come. After a reload with a longer `for` a firing
    /// one may become pending again.
    fn ripen(&mut self, hold: Duration, now: Timestamp) {
        let is_ripe = self.active_at + hold <= now;
        if self.state == AlertState::Pending && is_ripe {
            self.state = AlertState::Firing;
            self.fired_at = Some(now);
        } else if self.state == AlertState::Firing && !is_ripe {
            self.state = AlertState::Pending;
            self.fired_at = None;
            self.last_sent = None;
            self.keep_firing_since = None;
        }
    }

    fn is_sendable(&self, now: Timestamp, resend_delay: Duration) -> bool {
        if self.state == AlertState::Pending {
            return false;
        }
        let is_end = self.resolved_at.is_some();
        match self.last_sent {
            // Nobody heard of one that came and went in missed evaluations, unless it is older.
            None => !is_end || self.is_recalled,
            Some(sent) => sent.is_end != is_end || sent.at + resend_delay < now,
        }
    }
}

#[cfg(test)]
mod tests;
