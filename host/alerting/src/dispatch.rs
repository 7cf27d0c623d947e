//! Alerts to groups, groups to flushes.
//!
//! A state machine without a clock: every step takes `now`, and [`Dispatcher::next_due`] says when
//! it wants to be asked again. Nothing here waits, fails or does I/O.
//!
//! Invariant: an alert that is stored belongs to a group of each route it matches, until it was
//! told to be over.
//! Invariant: a group that is being delivered is not flushed; the flush that it missed follows at
//! once when the delivery ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Alert, AlertBatch, Labels, Timestamp};
use narthex_template::Library;

use crate::config::{Config, Muted};
use crate::inhibit::Inhibitor;
use crate::route::{Route, group_key};
use crate::silences::Silencer;

/// Alerts that are kept; more are refused and counted. Ten times what the largest known
/// installations have firing at once.
pub(crate) const ALERTS_MAX: usize = 200_000;
/// How often resolved alerts that no group holds any more are dropped: Alertmanager's
/// `--alerts.gc-interval`.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30 * 60);

/// How long a delivery may take at least, however short the group's interval: Alertmanager's
/// minimum.
const DELIVERY_MIN: Duration = Duration::from_secs(10);

/// A group: a route and the labels it groups by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupId {
    pub(crate) route: usize,
    pub(crate) labels: Labels,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: String,
    pub(crate) alerts: BTreeMap<Labels, Arc<Alert>>,
    /// When the timer goes off.
    pub(crate) flush_at: Timestamp,
    has_flushed: bool,
    pub(crate) is_delivering: bool,
    missed_flush: bool,
}

/// What a group has to say at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Flush {
    pub(crate) id: GroupId,
    pub(crate) key: String,
    pub(crate) receiver: String,
    /// In the order in which notifications list them, without those that are kept quiet.
    pub(crate) alerts: Vec<Arc<Alert>>,
    /// How many are kept quiet, and why.
    pub(crate) quiet: Vec<(QuietReason, usize)>,
    /// All alerts of the group that are over, quiet ones too: they leave it after the flush.
    over: Vec<Arc<Alert>>,
    pub(crate) now: Timestamp,
    /// When attempts end: at the next flush.
    pub(crate) deadline: Timestamp,
    pub(crate) repeat_interval: Duration,
    /// Labels of the route; their values are templates.
    pub(crate) route_labels: BTreeMap<String, String>,
    /// What templates of its receiver may use.
    pub(crate) library: Library,
    /// Which configuration the flush came of; a reload makes it old.
    pub(crate) generation: u64,
}

#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) config: Arc<Config>,
    pub(crate) alerts: BTreeMap<Labels, Arc<Alert>>,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    timers: BTreeSet<(Timestamp, GroupId)>,
    generation: u64,
    sweep_at: Timestamp,
}

/// Why nobody is notified of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuietReason {
    /// Another one fires that says more.
    Inhibition,
    /// Its route is outside of its active time intervals.
    ActiveTimeInterval,
    /// Its route is in a mute time interval.
    MuteTimeInterval,
    /// A silence holds for it.
    Silence,
}

impl QuietReason {
    pub(crate) const ALL: [Self; 4] =
        [Self::Inhibition, Self::ActiveTimeInterval, Self::MuteTimeInterval, Self::Silence];

    /// As metrics spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Inhibition => "inhibition",
            Self::ActiveTimeInterval => "active_time_interval",
            Self::MuteTimeInterval => "mute_time_interval",
            Self::Silence => "silence",
        }
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inserted {
    pub(crate) firing: u64,
    pub(crate) resolved: u64,
    /// Refused, because as many alerts are kept as may be.
    pub(crate) refused: u64,
}

impl Dispatcher {
    pub(crate) fn new(config: Arc<Config>, now: Timestamp) -> Self {
        Self {
            config,
            alerts: BTreeMap::new(),
            groups: BTreeMap::new(),
            timers: BTreeSet::new(),
            generation: 0,
            sweep_at: now + SWEEP_INTERVAL,
        }
    }

    /// Another configuration: all alerts are grouped anew. What was told stays in the log, so that
    /// a group that did not change is not told of again.
    pub(crate) fn reconfigure(&mut self, config: Arc<Config>, now: Timestamp) {
        self.config = config;
        self.generation += 1;
        self.groups.clear();
        self.timers.clear();
        let alerts: Vec<Arc<Alert>> = self.alerts.values().cloned().collect();
        for alert in alerts {
            self.group(&alert, now);
        }
    }

    /// Takes alerts, new ones and news of known ones.
    pub(crate) fn insert(&mut self, batch: AlertBatch, now: Timestamp) -> Inserted {
        let mut inserted = Inserted::default();
        for alert in batch.alerts {
            let known = self.alerts.get(&alert.labels);
            if known.is_none() && self.alerts.len() >= ALERTS_MAX {
                inserted.refused += 1;
                continue;
            }
            let merged = known.map_or_else(|| alert.clone(), |known| merge(known, &alert, now));
            if merged.is_resolved_at(now) {
                inserted.resolved += 1;
            } else {
                inserted.firing += 1;
            }
            let alert = Arc::new(merged);
            self.alerts.insert(alert.labels.clone(), Arc::clone(&alert));
            self.group(&alert, now);
        }
        inserted
    }

    /// Puts an alert into the groups of all routes that it matches.
    fn group(&mut self, alert: &Arc<Alert>, now: Timestamp) {
        let config = Arc::clone(&self.config);
        for index in config.routes.matching(&alert.labels) {
            let Some(route) = config.routes.get(index) else { continue };
            let labels = route.group_by.labels_of(&alert.labels);
            self.group_by(route, GroupId { route: index, labels }, alert, now);
        }
    }

    fn group_by(&mut self, route: &Route, id: GroupId, alert: &Arc<Alert>, now: Timestamp) {
        // An alert that has been firing for long has waited already, before a restart for example.
        let waited = alert.starts_at + route.group_wait < now;
        let flush_at = if waited { now } else { now + route.group_wait };
        match self.groups.get_mut(&id) {
            Some(group) => {
                group.alerts.insert(alert.labels.clone(), Arc::clone(alert));
                if !group.has_flushed && flush_at < group.flush_at {
                    self.timers.remove(&(group.flush_at, id.clone()));
                    group.flush_at = flush_at;
                    self.timers.insert((flush_at, id));
                }
            }
            None => {
                let group = Group {
                    key: group_key(route, &id.labels),
                    alerts: BTreeMap::from([(alert.labels.clone(), Arc::clone(alert))]),
                    flush_at,
                    has_flushed: false,
                    is_delivering: false,
                    missed_flush: false,
                };
                self.timers.insert((flush_at, id.clone()));
                self.groups.insert(id, group);
            }
        }
    }

    /// When [`Dispatcher::due`] wants to be asked again.
    pub(crate) fn next_due(&self) -> Timestamp {
        self.timers.first().map_or(self.sweep_at, |(at, _)| (*at).min(self.sweep_at))
    }

    /// The groups whose timers have gone off, each with its next timer set.
    pub(crate) fn due(
        &mut self,
        now: Timestamp,
        silencer: impl FnOnce() -> Silencer,
    ) -> Vec<Flush> {
        let mut ticking = Vec::new();
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            ticking.extend(self.timers.pop_first().map(|(_, id)| id));
        }
        let mut flushes: Vec<Flush> = ticking.iter().filter_map(|id| self.tick(id, now)).collect();
        if !flushes.is_empty() && !self.config.inhibit_rules.is_empty() {
            let inhibitor = self.inhibitor(now);
            for flush in &mut flushes {
                flush.keep_quiet(QuietReason::Inhibition, |alert| {
                    inhibitor.inhibited_by(&alert.labels).is_some()
                });
            }
        }
        let silencer = if flushes.is_empty() { Silencer::default() } else { silencer() };
        for flush in &mut flushes {
            let route = self.config.routes.get(flush.id.route);
            let muted = route.and_then(|route| self.config.muted(route, now));
            let reason = muted.map(|muted| match muted {
                Muted::In(_) => QuietReason::MuteTimeInterval,
                Muted::OutOf(_) => QuietReason::ActiveTimeInterval,
            });
            if let Some(reason) = reason {
                flush.keep_quiet(reason, |_| true);
            }
            flush.keep_quiet(QuietReason::Silence, |alert| silencer.silences(&alert.labels));
        }
        if self.sweep_at <= now {
            self.sweep(now);
        }
        flushes
    }

    fn tick(&mut self, id: &GroupId, now: Timestamp) -> Option<Flush> {
        let config = Arc::clone(&self.config);
        let route = config.routes.get(id.route)?;
        let group = self.groups.get_mut(id)?;
        group.flush_at = now + route.group_interval;
        self.timers.insert((group.flush_at, id.clone()));
        if group.is_delivering {
            group.missed_flush = true;
            return None;
        }
        group.has_flushed = true;
        group.is_delivering = true;
        let key = group.key.clone();
        let mut alerts: Vec<Arc<Alert>> = group.alerts.values().cloned().collect();
        alerts.sort_by_cached_key(|alert| order_of(&alert.labels));
        let over = alerts.iter().filter(|alert| alert.is_resolved_at(now)).cloned().collect();
        Some(Flush {
            id: id.clone(),
            key,
            receiver: route.receiver.clone(),
            alerts,
            quiet: Vec::new(),
            over,
            now,
            deadline: now + route.group_interval.max(DELIVERY_MIN),
            repeat_interval: route.repeat_interval,
            route_labels: route.labels.clone(),
            library: config.library.clone(),
            generation: self.generation,
        })
    }

    /// Which alerts are kept quiet by others at `now`.
    pub(crate) fn inhibitor(&self, now: Timestamp) -> Inhibitor<'_> {
        let firing = self.alerts.values().filter(move |alert| !alert.is_resolved_at(now));
        Inhibitor::new(&self.config.inhibit_rules, &firing.map(|alert| &alert.labels))
    }

    /// A delivery has ended. When every integration was told, resolved alerts leave the group,
    /// unless they changed meanwhile.
    pub(crate) fn delivered(&mut self, flush: &Flush, all_told: bool, now: Timestamp) {
        if flush.generation != self.generation {
            return;
        }
        let Some(group) = self.groups.get_mut(&flush.id) else { return };
        group.is_delivering = false;
        if all_told {
            for told in &flush.over {
                let current = group.alerts.get(&told.labels);
                if current.is_some_and(|current| Arc::ptr_eq(current, told)) {
                    group.alerts.remove(&told.labels);
                }
            }
        }
        if group.alerts.is_empty() {
            self.timers.remove(&(group.flush_at, flush.id.clone()));
            self.groups.remove(&flush.id);
        } else if std::mem::take(&mut group.missed_flush) {
            self.timers.remove(&(group.flush_at, flush.id.clone()));
            group.flush_at = now;
            self.timers.insert((now, flush.id.clone()));
        }
    }

    /// Drops alerts that are over and that no group has to tell of any more.
    fn sweep(&mut self, now: Timestamp) {
        let held: BTreeSet<&Labels> =
            self.groups.values().flat_map(|group| group.alerts.keys()).collect();
        self.alerts.retain(|labels, alert| !alert.is_resolved_at(now) || held.contains(labels));
        self.sweep_at = now + SWEEP_INTERVAL;
    }
}

impl Flush {
    fn keep_quiet(&mut self, reason: QuietReason, is_quiet: impl Fn(&Alert) -> bool) {
        let before = self.alerts.len();
        self.alerts.retain(|alert| !is_quiet(alert));
        let count = before - self.alerts.len();
        if count > 0 {
            self.quiet.push((reason, count));
        }
    }
}

/// The newer news wins. An alert that went on without a gap keeps its beginning, and the latest end
/// that somebody named: of two senders, one may have missed what the other saw.
fn merge(known: &Alert, news: &Alert, now: Timestamp) -> Alert {
    let mut merged = news.clone();
    let within = |at: Timestamp| known.starts_at < at && at < known.ends_at;
    if !within(news.starts_at) && !within(news.ends_at) && news.starts_at != known.ends_at {
        return merged;
    }
    merged.starts_at = known.starts_at.min(news.starts_at);
    let keeps_end =
        if news.is_resolved_at(now) { known.is_resolved_at(now) } else { !known.is_end_guessed };
    if keeps_end && known.ends_at > news.ends_at {
        (merged.ends_at, merged.is_end_guessed) = (known.ends_at, known.is_end_guessed);
    }
    merged
}

/// Alertmanager lists alerts by job and instance first; those without come last.
fn order_of(labels: &Labels) -> (bool, String, bool, String, Labels) {
    let part = |name: &str| (labels.get(name).is_none(), labels.get(name).unwrap_or("").to_owned());
    let ((no_job, job), (no_instance, instance)) = (part("job"), part("instance"));
    (no_job, job, no_instance, instance, labels.clone())
}

#[cfg(test)]
mod tests;
