//! All alerts that are kept: their news, who keeps whom quiet, what has to be written down.
//!
//! A state machine without a clock and without a disk, as `dispatch.rs`, which stands on it.
//!
//! Invariant: what [`Alerts::take_unwritten`] hands out, written in that order, is what
//! [`Alerts::restore`] wants after a restart: each alert that fires, and each that is over and was
//! not told of. News that only put off an alert's end are not written: they come every minute. That
//! an alert is over is written before anybody is told so, whether news or the clock ended it.

mod disk;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use narthex_model::{Alert, Labels, Timestamp};

pub(crate) use self::disk::AlertsOnDisk;
use crate::inhibit::{InhibitRule, Inhibition, Sides};

/// Alerts that are kept; more are refused and counted. Ten times what the largest known
/// installations have firing at once.
pub(crate) const ALERTS_MAX: usize = 200_000;

/// Alerts of which something waits for the disk. What comes beyond that never gets there: after a
/// restart an alert may be missing until it is sent again, or be told once more to be over.
const UNWRITTEN_MAX: usize = 4 * ALERTS_MAX;

/// Somebody has seen an alert and cares for it: nobody is reminded of it until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub created_by: String,
    /// What they say of it.
    pub comment: String,
    /// When.
    pub created_at: Timestamp,
    /// When reminders begin again; none: with the next alert of these labels.
    pub ends_at: Option<Timestamp>,
}

/// An alert with what is kept beside its news.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) alert: Arc<Alert>,
    pub(crate) fingerprint: u64,
    pub(crate) sides: Arc<Sides>,
    acknowledgement: Option<Arc<Acknowledgement>>,
    /// Whether news put its end off: its sender repeats itself for as long as it fires.
    is_repeated: bool,
    /// How long it fires unless there is news, as it is on disk.
    lifetime: Duration,
    /// Whether it is on disk, or will be, that the clock ended it.
    is_end_noted: Arc<AtomicBool>,
}

/// What is on disk of an alert.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) alert: Alert,
    pub(crate) acknowledgement: Option<Acknowledgement>,
    pub(crate) is_repeated: bool,
    /// How long it fired unless there was news; nothing: it was over.
    pub(crate) lifetime: Duration,
}

/// What has to be written of an alert; `None`: its record goes.
pub(crate) type Changes = BTreeMap<Labels, Option<Arc<Kept>>>;

#[derive(Debug)]
pub(crate) struct Alerts {
    kept: BTreeMap<Labels, Arc<Kept>>,
    inhibition: Inhibition,
    unwritten: Changes,
    /// How many changes were dropped, since they were too many.
    dropped: u64,
}

impl Alerts {
    pub(crate) fn new(inhibit_rules: Vec<InhibitRule>) -> Self {
        let inhibition = Inhibition::new(inhibit_rules);
        Self { kept: BTreeMap::new(), inhibition, unwritten: BTreeMap::new(), dropped: 0 }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Kept>> {
        self.kept.values()
    }

    /// Takes an alert or news of one. `None`: it is refused, as many are kept as may be.
    pub(crate) fn take(&mut self, news: Alert, now: Timestamp) -> Option<Arc<Kept>> {
        let known = self.kept.get(&news.labels);
        if known.is_none() && self.kept.len() >= ALERTS_MAX {
            return None;
        }
        let (kept, is_worth_writing) = match known {
            Some(known) => known.after(news, now),
            None => (self.first(news), true),
        };
        let kept = Arc::new(kept);
        self.put(&kept, now);
        if is_worth_writing {
            self.write(&kept);
        }
        Some(kept)
    }

    fn first(&self, alert: Alert) -> Kept {
        Kept {
            fingerprint: alert.fingerprint(),
            sides: Arc::new(self.inhibition.sides(&alert.labels)),
            lifetime: lifetime(&alert),
            alert: Arc::new(alert),
            acknowledgement: None,
            is_repeated: false,
            is_end_noted: Arc::default(),
        }
    }

    /// Takes what was on disk. The clock of an alert that fired stood still while nobody could have
    /// heard of it: it fires for as long as its sender's news let it fire each time, or, if they
    /// came only once, for `grace` at most, and until the end that was named in any case. `false`:
    /// as many are kept as may be.
    pub(crate) fn restore(&mut self, record: Record, now: Timestamp, grace: Duration) -> bool {
        let Record { mut alert, acknowledgement, is_repeated, lifetime } = record;
        if self.kept.len() >= ALERTS_MAX {
            return false;
        }
        let again = if is_repeated { lifetime } else { lifetime.min(grace) };
        if !lifetime.is_zero() && alert.ends_at < now + again {
            (alert.ends_at, alert.is_end_guessed) = (now + again, true);
        }
        let acknowledgement = acknowledgement.map(Arc::new);
        let kept = Arc::new(Kept { acknowledgement, is_repeated, lifetime, ..self.first(alert) });
        self.put(&kept, now);
        true
    }

    fn put(&mut self, kept: &Arc<Kept>, now: Timestamp) {
        let before = self.kept.insert(kept.alert.labels.clone(), Arc::clone(kept));
        if let Some(before) = before {
            self.inhibition.remove(&before.sides, before.fingerprint, before.alert.ends_at);
        }
        if !kept.alert.is_resolved_at(now) {
            self.inhibition.put(&kept.sides, kept.fingerprint, kept.alert.ends_at);
        }
    }

    /// Acknowledges an alert, or takes that back; the alert as it is now. `None`: it does not fire.
    pub(crate) fn acknowledge(
        &mut self,
        labels: &Labels,
        acknowledgement: Option<Arc<Acknowledgement>>,
        now: Timestamp,
    ) -> Option<Arc<Kept>> {
        let known = self.kept.get(labels).filter(|known| !known.alert.is_resolved_at(now))?;
        let kept = Arc::new(Kept { acknowledgement, ..Kept::clone(known) });
        self.kept.insert(labels.clone(), Arc::clone(&kept));
        self.write(&kept);
        Some(kept)
    }

    /// Other rules of inhibition: who keeps whom quiet is found anew.
    pub(crate) fn reconfigure(&mut self, inhibit_rules: &[InhibitRule], now: Timestamp) {
        if self.inhibition.rules() == inhibit_rules {
            return;
        }
        self.inhibition = Inhibition::new(inhibit_rules.to_vec());
        for known in std::mem::take(&mut self.kept).into_values() {
            let sides = Arc::new(self.inhibition.sides(&known.alert.labels));
            self.put(&Arc::new(Kept { sides, ..Kept::clone(&known) }), now);
        }
    }

    /// The fingerprint of an alert that fires and keeps alerts with these labels quiet.
    pub(crate) fn inhibited_by(&self, labels: &Labels, now: Timestamp) -> Option<u64> {
        self.inhibition.inhibited_by(labels, now)
    }

    /// An alert is over: notes it for the disk, unless news said so or it is noted already. Whether
    /// it has to be written before somebody is told.
    pub(crate) fn note_end(&mut self, kept: &Arc<Kept>) -> bool {
        let has_to = !kept.lifetime.is_zero() && !kept.is_end_noted.swap(true, Ordering::AcqRel);
        if has_to {
            self.write(kept);
        }
        has_to
    }

    /// Everybody was told that it is over: it leaves the disk.
    pub(crate) fn forget_on_disk(&mut self, labels: &Labels) {
        self.change(labels.clone(), None);
    }

    /// Forgets alerts that are over and that nobody has to be told of any more.
    pub(crate) fn forget_over(&mut self, now: Timestamp, is_held: impl Fn(&Labels) -> bool) {
        let is_gone =
            |labels: &Labels, kept: &Kept| kept.alert.is_resolved_at(now) && !is_held(labels);
        let gone = self.kept.extract_if(.., |labels, kept| is_gone(labels, kept));
        for (labels, kept) in gone.collect::<Vec<_>>() {
            self.inhibition.remove(&kept.sides, kept.fingerprint, kept.alert.ends_at);
            self.change(labels, None);
        }
    }

    /// What has changed since this was last asked, and how many changes were too many to be kept.
    pub(crate) fn take_unwritten(&mut self) -> (Changes, u64) {
        (std::mem::take(&mut self.unwritten), std::mem::take(&mut self.dropped))
    }

    fn write(&mut self, kept: &Arc<Kept>) {
        self.change(kept.alert.labels.clone(), Some(Arc::clone(kept)));
    }

    fn change(&mut self, labels: Labels, change: Option<Arc<Kept>>) {
        if self.unwritten.len() < UNWRITTEN_MAX || self.unwritten.contains_key(&labels) {
            self.unwritten.insert(labels, change);
        } else {
            self.dropped += 1;
        }
    }
}

impl Kept {
    /// The acknowledgement that holds at `now`.
    pub(crate) fn acknowledgement(&self, now: Timestamp) -> Option<&Arc<Acknowledgement>> {
        let held = self.acknowledgement.as_ref();
        held.filter(|held| held.ends_at.is_none_or(|ends_at| now < ends_at))
    }

    /// It after news, and whether a restart would miss something without them.
    fn after(&self, news: Alert, now: Timestamp) -> (Self, bool) {
        let known = &*self.alert;
        let fired = !known.is_resolved_at(now);
        let alert = merge(known, news, now);
        let fires = !alert.is_resolved_at(now);
        let goes_on = fired && fires && alert.starts_at <= known.starts_at;
        let is_repeated = goes_on && (self.is_repeated || alert.ends_at > known.ends_at);
        // One that was over and fires again is another one.
        let acknowledgement = self.acknowledgement.clone().filter(|_| fired);
        // Of one whose sender repeats itself it does not count when it ends, but how far off that is.
        let ends_as_before = if is_repeated && self.is_repeated {
            lifetime(&alert).abs_diff(self.lifetime) <= self.lifetime / 4
        } else {
            alert.ends_at == known.ends_at
        };
        let is_known = fires == fired
            && ends_as_before
            && alert.starts_at == known.starts_at
            && alert.annotations == known.annotations
            && alert.generator_url == known.generator_url
            && acknowledgement == self.acknowledgement;
        let kept = Self {
            fingerprint: self.fingerprint,
            sides: Arc::clone(&self.sides),
            lifetime: if is_known { self.lifetime } else { lifetime(&alert) },
            alert: Arc::new(alert),
            acknowledgement,
            is_repeated,
            is_end_noted: Arc::default(),
        };
        (kept, !is_known)
    }
}

/// How long an alert fires unless there is news; nothing: it is over.
fn lifetime(alert: &Alert) -> Duration {
    let millis = alert.ends_at.millis().saturating_sub(alert.updated_at.millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// The newer news wins. An alert that went on without a gap keeps its beginning, and the latest end
/// that somebody named: of two senders, one may have missed what the other saw.
fn merge(known: &Alert, news: Alert, now: Timestamp) -> Alert {
    let mut merged = news;
    let within = |at: Timestamp| known.starts_at < at && at < known.ends_at;
    if !within(merged.starts_at) && !within(merged.ends_at) && merged.starts_at != known.ends_at {
        return merged;
    }
    let keeps_end =
        if merged.is_resolved_at(now) { known.is_resolved_at(now) } else { !known.is_end_guessed };
    merged.starts_at = known.starts_at.min(merged.starts_at);
    if keeps_end && known.ends_at > merged.ends_at {
        (merged.ends_at, merged.is_end_guessed) = (known.ends_at, known.is_end_guessed);
    }
    merged
}

#[cfg(test)]
mod tests;
