//! Alerts to groups, groups to flushes.
//!
//! A state machine without a clock: every step takes `now`, and [`Dispatcher::next_due`] says when
//! it wants to be asked again. Nothing here waits, fails or does I/O.
//!
//! Invariant: an alert that is kept belongs to a group of each route it matches, until it was told
//! to be over.
//! Invariant: a group that is being delivered is not flushed, not even when a reload made it anew;
//! the flush that it missed follows at once when the delivery ends.

mod flush;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Alert, Labels, Timestamp};

pub(crate) use self::flush::{Flush, QuietReason};
use crate::alerts::{Acknowledgement, Alerts, Kept, Record};
use crate::config::{Config, Muted};
use crate::route::{Route, group_key};

/// Alerts of the groups that one look flushes, if it is not a single group that has more. There may be
/// thousands whose time has come, and alerts that come in wait for a look to end.
const FLUSHED_MAX: usize = 1024;
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
    pub(crate) alerts: BTreeMap<Labels, Arc<Kept>>,
    /// When the timer goes off.
    pub(crate) flush_at: Timestamp,
    pub(crate) is_delivering: bool,
    missed_flush: bool,
}

#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) config: Arc<Config>,
    pub(crate) alerts: Alerts,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    timers: BTreeSet<(Timestamp, GroupId)>,
    generation: u64,
    /// How many deliveries are under way that are older than the configuration, by group key and
    /// receiver.
    outliving: BTreeMap<(String, String), usize>,
    sweep_at: Timestamp,
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
            alerts: Alerts::new(config.inhibit_rules.clone()),
            config,
            groups: BTreeMap::new(),
            timers: BTreeSet::new(),
            generation: 0,
            outliving: BTreeMap::new(),
            sweep_at: now + SWEEP_INTERVAL,
        }
    }

    /// Another configuration: all alerts are grouped anew. What was told stays in the log, so that
    /// a group that did not change is not told of again.
    pub(crate) fn reconfigure(&mut self, config: Arc<Config>, now: Timestamp) {
        for (id, group) in std::mem::take(&mut self.groups) {
            let route = self.config.routes.get(id.route).filter(|_| group.is_delivering);
            if let Some(route) = route {
                *self.outliving.entry((group.key, route.receiver.clone())).or_default() += 1;
            }
        }
        self.alerts.reconfigure(&config.inhibit_rules, now);
        self.config = config;
        self.generation += 1;
        self.timers.clear();
        self.group_all(now);
    }

    /// Takes what was on disk when the server ended; how many alerts there were too many.
    pub(crate) fn restore(&mut self, records: Vec<Record>, now: Timestamp) -> usize {
        let grace = self.config.resolve_timeout;
        let mut refused = 0;
        for record in records {
            refused += usize::from(!self.alerts.restore(record, now, grace));
        }
        self.group_all(now);
        refused
    }

    fn group_all(&mut self, now: Timestamp) {
        let mut alerts: Vec<Arc<Kept>> = self.alerts.iter().cloned().collect();
        // The first of a group says whether it waits: the one that has waited longest.
        alerts.sort_by_key(|kept| kept.alert.starts_at);
        for alert in alerts {
            self.group(&alert, now);
        }
    }

    /// Takes alerts, new ones and news of known ones.
    pub(crate) fn insert(
        &mut self,
        alerts: impl IntoIterator<Item = Alert>,
        now: Timestamp,
    ) -> Inserted {
        let mut inserted = Inserted::default();
        for alert in alerts {
            let Some(kept) = self.alerts.take(alert, now) else {
                inserted.refused += 1;
                continue;
            };
            if kept.alert.is_resolved_at(now) {
                inserted.resolved += 1;
            } else {
                inserted.firing += 1;
            }
            self.group(&kept, now);
        }
        inserted
    }

    /// Acknowledges an alert, or takes that back; the alert as it is now. `None`: it does not fire.
    pub(crate) fn acknowledge(
        &mut self,
        labels: &Labels,
        acknowledgement: Option<Arc<Acknowledgement>>,
        now: Timestamp,
    ) -> Option<Arc<Kept>> {
        let kept = self.alerts.acknowledge(labels, acknowledgement, now)?;
        for id in ids(&self.config, labels) {
            let group = self.groups.get_mut(&id);
            if let Some(held) = group.and_then(|group| group.alerts.get_mut(labels)) {
                *held = Arc::clone(&kept);
            }
        }
        Some(kept)
    }

    /// Puts an alert into the groups of all routes that it matches.
    fn group(&mut self, kept: &Arc<Kept>, now: Timestamp) {
        let config = Arc::clone(&self.config);
        for index in config.routes.matching(&kept.alert.labels) {
            let Some(route) = config.routes.get(index) else { continue };
            let labels = route.group_by.labels_of(&kept.alert.labels);
            self.group_by(route, GroupId { route: index, labels }, kept, now);
        }
    }

    fn group_by(&mut self, route: &Route, id: GroupId, kept: &Arc<Kept>, now: Timestamp) {
        let labels = kept.alert.labels.clone();
        match self.groups.get_mut(&id) {
            Some(group) => {
                group.alerts.insert(labels, Arc::clone(kept));
            }
            None => {
                // An alert that has been firing for long has waited already, before a restart for example.
                let waited = kept.alert.starts_at + route.group_wait < now;
                let flush_at = if waited { now } else { now + route.group_wait };
                let group = Group {
                    key: group_key(route, &id.labels),
                    alerts: BTreeMap::from([(labels, Arc::clone(kept))]),
                    flush_at,
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

    /// Groups whose timers have gone off, each with its next timer set. When there are many, some of
    /// them: [`Dispatcher::next_due`] says so. What needs the state of all alerts is done here; the
    /// rest is [`Flush::hush`]'s.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<Flush> {
        let (mut flushes, mut flushed) = (Vec::new(), 0);
        while flushed < FLUSHED_MAX && self.timers.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.timers.pop_first() else { break };
            flushed += self.groups.get(&id).map_or(0, |group| group.alerts.len()).max(1);
            flushes.extend(self.tick(&id, now));
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
        let outlives = || self.outliving.contains_key(&(group.key.clone(), route.receiver.clone()));
        if group.is_delivering || (!self.outliving.is_empty() && outlives()) {
            group.missed_flush = true;
            return None;
        }
        group.is_delivering = true;
        let muted = config.muted(route, now).map(|muted| match muted {
            Muted::In(_) => QuietReason::MuteTimeInterval,
            Muted::OutOf(_) => QuietReason::ActiveTimeInterval,
        });
        let over = group.alerts.values().filter(|kept| kept.alert.is_resolved_at(now));
        let over: Vec<Arc<Kept>> = over.cloned().collect();
        let mut has_ends = false;
        for kept in &over {
            has_ends |= self.alerts.note_end(kept);
        }
        let mut flush = Flush {
            id: id.clone(),
            key: group.key.clone(),
            receiver: route.receiver.clone(),
            alerts: group.alerts.values().cloned().collect(),
            quiet: Vec::new(),
            muted,
            over,
            has_ends,
            now,
            deadline: now + route.group_interval.max(DELIVERY_MIN),
            repeat_interval: route.repeat_interval,
            route_labels: route.labels.clone(),
            library: config.library.clone(),
            generation: self.generation,
        };
        let alerts = &self.alerts;
        flush.keep_quiet(QuietReason::Inhibition, |kept| {
            alerts.inhibited_by(&kept.alert.labels, now).is_some()
        });
        Some(flush)
    }

    /// A delivery has ended. When every integration was told, resolved alerts leave the group,
    /// unless they changed meanwhile.
    pub(crate) fn delivered(&mut self, flush: &Flush, all_told: bool, now: Timestamp) {
        if flush.generation != self.generation {
            self.outlived(flush, now);
            return;
        }
        let Some(group) = self.groups.get_mut(&flush.id) else { return };
        group.is_delivering = false;
        let mut told = Vec::new();
        if all_told {
            for over in &flush.over {
                let labels = &over.alert.labels;
                let current = group.alerts.get(labels);
                if current.is_some_and(|current| Arc::ptr_eq(current, over)) {
                    group.alerts.remove(labels);
                    told.push(labels);
                }
            }
        }
        if group.alerts.is_empty() {
            self.timers.remove(&(group.flush_at, flush.id.clone()));
            self.groups.remove(&flush.id);
        } else if std::mem::take(&mut group.missed_flush) {
            self.flush_at(&flush.id, now);
        }
        for labels in told {
            if !is_grouped(&self.config, &self.groups, labels) {
                self.alerts.forget_on_disk(labels);
            }
        }
    }

    /// A delivery of an earlier configuration has ended: the groups that waited for it go on, and
    /// find in the log what it told.
    fn outlived(&mut self, flush: &Flush, now: Timestamp) {
        let name = (flush.key.clone(), flush.receiver.clone());
        let Some(count) = self.outliving.get_mut(&name) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        self.outliving.remove(&name);
        let config = Arc::clone(&self.config);
        let waits = |(id, group): &(&GroupId, &Group)| {
            let receiver = config.routes.get(id.route).map(|route| route.receiver.as_str());
            group.missed_flush && group.key == flush.key && receiver == Some(&flush.receiver)
        };
        let waiting = self.groups.iter().filter(waits).map(|(id, _)| id.clone());
        for id in waiting.collect::<Vec<_>>() {
            if let Some(group) = self.groups.get_mut(&id) {
                group.missed_flush = false;
            }
            self.flush_at(&id, now);
        }
    }

    fn flush_at(&mut self, id: &GroupId, at: Timestamp) {
        let Some(group) = self.groups.get_mut(id) else { return };
        self.timers.remove(&(group.flush_at, id.clone()));
        group.flush_at = at;
        self.timers.insert((at, id.clone()));
    }

    /// Drops alerts that are over and that no group has to tell of any more.
    fn sweep(&mut self, now: Timestamp) {
        let (config, groups) = (&self.config, &self.groups);
        self.alerts.forget_over(now, |labels| is_grouped(config, groups, labels));
        self.sweep_at = now + SWEEP_INTERVAL;
    }

    /// Which configuration it is, counted by reloads.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }
}

/// The groups to which an alert with these labels belongs.
fn ids(config: &Config, labels: &Labels) -> impl Iterator<Item = GroupId> {
    config.routes.matching(labels).into_iter().filter_map(|route| {
        let labels = config.routes.get(route)?.group_by.labels_of(labels);
        Some(GroupId { route, labels })
    })
}

/// Whether a group has still to tell of an alert.
fn is_grouped(config: &Config, groups: &BTreeMap<GroupId, Group>, labels: &Labels) -> bool {
    let holds = |id| groups.get(&id).is_some_and(|group| group.alerts.contains_key(labels));
    ids(config, labels).any(holds)
}

#[cfg(test)]
mod tests;
