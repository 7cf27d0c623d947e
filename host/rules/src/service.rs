//! The room's door and its loop: the only place that asks the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{AlertBatch, Timestamp};
use narthex_platform::queue::{self, Receiver, Sender, WhenFull};
use narthex_platform::{Clock, Metrics, Stop, Tasks};
use narthex_promql::Engine;
use narthex_state::StateStore;
use narthex_storage::{Appendable, Queryable};
use parking_lot::Mutex;
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::warn;

use crate::beside::Evaluators;
use crate::config::RulesConfig;
use crate::file::RuleFiles;
use crate::group::{Group, Restoring, Tools};
use crate::kept::{GroupId, Kept};
use crate::measures;
use crate::schedule::{current_slot, next_slot, offset};
use crate::sink::AlertSink;
use crate::views::GroupView;

/// Groups that are evaluated at once; others are late. Each takes a thread of the blocking pool.
const EVALUATIONS_MAX: usize = 64;
/// So long the first evaluation waits for the store to have its past. It is below the four minutes
/// after which receivers take an alert that is not repeated for resolved.
const PAST_WAIT_MAX: Duration = Duration::from_secs(120);
/// How long to wait when there is nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

/// The queue from rules to alerting.
#[must_use]
pub fn alert_queue(batches_max: usize) -> (Sender<AlertBatch>, Receiver<AlertBatch>) {
    // Firing alerts are sent again and again, so the newest batch is the one worth keeping.
    queue::bounded("rules_to_alerting", batches_max, WhenFull::DropOldest)
}

/// What the room needs.
pub struct Parts {
    /// Answers expressions.
    pub engine: Engine,
    /// Where the state of `for` is read back from.
    pub read: Arc<dyn Queryable>,
    /// Where results go.
    pub write: Arc<dyn Appendable>,
    /// Where alerts go.
    pub alerts: Arc<dyn AlertSink>,
    /// The time.
    pub clock: Clock,
    /// Where to count.
    pub metrics: Metrics,
    /// Where it is kept which alerts fire. Without it a restart takes over what the store says.
    pub state: Option<StateStore>,
    /// How many rules, of all groups together, are evaluated beside the others of their groups:
    /// `--rules.max-concurrent-evals`.
    pub concurrent_rules_max: usize,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl From<Parts> for Tools {
    fn from(parts: Parts) -> Self {
        let Parts { engine, read, write, alerts, clock, metrics, state, concurrent_rules_max } =
            parts;
        let kept = Kept::open(state.as_ref());
        let evaluators = Evaluators::new(concurrent_rules_max);
        Self { engine, read, write, alerts, kept, evaluators, clock, metrics }
    }
}

/// All rules. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rules(Arc<Shared>);

struct Shared {
    tools: Tools,
    /// Guards the plan; held for moments only.
    plan: Mutex<Plan>,
    /// Rung when the plan has changed.
    changed: Notify,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

type GroupKey = (String, String);

#[derive(Default)]
struct Plan {
    /// By file and name.
    groups: BTreeMap<GroupKey, Slot>,
    /// Groups that are gone, and when their series end.
    leaving: Vec<Leaving>,
    is_started: bool,
    /// Whether it is known that what an earlier process kept of other groups is gone.
    is_cleared: bool,
}

impl Plan {
    /// The groups of the first plan, once: what an earlier process kept of others goes.
    fn first_groups(&mut self) -> Option<BTreeSet<GroupId>> {
        if !self.is_started || std::mem::replace(&mut self.is_cleared, true) {
            return None;
        }
        Some(self.groups.values().map(|slot| slot.group.id()).collect())
    }

    /// The group of this key, if it is about to end.
    fn take_leaving(&mut self, (file, name): &GroupKey) -> Option<Arc<Group>> {
        let is_it = |leaving: &Leaving| {
            let spec = &leaving.group.spec;
            (&spec.file, &spec.name) == (file, name)
        };
        let place = self.leaving.iter().position(is_it)?;
        Some(self.leaving.swap_remove(place).group)
    }
}

struct Slot {
    group: Arc<Group>,
    due: Timestamp,
    is_running: bool,
}

struct Leaving {
    group: Arc<Group>,
    since: Timestamp,
    due: Timestamp,
}

/// Groups that were found good and wait for [`Rules::commit`].
#[derive(Debug)]
pub struct Prepared {
    config: RulesConfig,
    files: RuleFiles,
}

impl Rules {
    /// No rules yet: [`Rules::commit`] brings them.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let tools = parts.into();
        let shared = Shared { tools, plan: Mutex::new(Plan::default()), changed: Notify::new() };
        Self(Arc::new(shared))
    }

    /// Puts new settings and files together; nothing changes.
    #[must_use]
    pub fn prepare(&self, config: RulesConfig, files: RuleFiles) -> Prepared {
        Prepared { config, files }
    }

    /// Changes to new groups. A group that did not change runs on; one that did keeps the state of
    /// its rules; one that is gone ends two intervals later, unless it is back by then.
    pub fn commit(&self, prepared: Prepared) {
        let now = self.now();
        let config = Arc::new(prepared.config);
        let mut plan = self.0.plan.lock();
        // The first groups after a start have a past in the store.
        let restoring = if std::mem::replace(&mut plan.is_started, true) {
            Restoring::Done
        } else {
            Restoring::Begin
        };
        let mut before = std::mem::take(&mut plan.groups);
        for spec in prepared.files.groups {
            let key = (spec.file.clone(), spec.name.clone());
            let known = before.remove(&key);
            let slot = match known {
                Some(slot) if slot.group.spec == spec && slot.group.config == config => slot,
                known => {
                    if let Some(slot) = &known {
                        slot.group.retire();
                    }
                    let predecessor =
                        known.map(|slot| slot.group).or_else(|| plan.take_leaving(&key));
                    let tools = self.0.tools.clone();
                    let group =
                        Group::new(spec, Arc::clone(&config), tools, predecessor, restoring);
                    let due = first_slot(&group, now);
                    Slot { group: Arc::new(group), due, is_running: false }
                }
            };
            plan.groups.insert(key, slot);
        }
        for slot in before.into_values() {
            slot.group.retire();
            measures::forget(&self.0.tools.metrics, &slot.group.spec.file, &slot.group.spec.name);
            // Time for a renamed group to write the same series first.
            let due = now + slot.group.interval.saturating_mul(2);
            plan.leaving.push(Leaving { group: slot.group, since: now, due });
        }
        drop(plan);
        self.0.changed.notify_one();
    }

    /// All groups, ascending by file and name.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        let plan = self.0.plan.lock();
        let groups: Vec<Arc<Group>> =
            plan.groups.values().map(|slot| Arc::clone(&slot.group)).collect();
        drop(plan);
        groups.iter().map(|group| group.view()).collect()
    }

    /// Starts the loop once the store `has_its_past`: an alert must not fire, nor end, because
    /// samples are still to come that were written before the start. After two minutes it starts
    /// all the same.
    pub fn spawn(
        &self,
        has_its_past: impl Future<Output = ()> + Send + 'static,
        tasks: &mut Tasks,
    ) {
        let rules = self.clone();
        tasks.spawn("rules", |mut stop| async move {
            select! {
                () = stop.stopped() => return,
                () = has_its_past => {}
                () = rules.0.tools.clock.sleep(PAST_WAIT_MAX) => {
                    warn!("the log is still being replayed; rules are evaluated without all of it");
                }
            }
            rules.run(stop).await;
        });
    }

    /// The loop itself; ends after `stop`, when evaluations under way have ended too.
    pub async fn run(self, mut stop: Stop) {
        let mut evaluations: JoinSet<()> = JoinSet::new();
        loop {
            let first = self.0.plan.lock().first_groups();
            if let Some(groups) = first {
                let kept = self.0.tools.kept.clone();
                evaluations.spawn_blocking(move || kept.keep_only(&groups));
                // Nothing is evaluated before.
                if let Some(Err(error)) = evaluations.join_next().await {
                    warn!(%error, "removing what is kept of rules that are gone ended badly");
                }
            }
            let due = self.evaluate_due(&mut evaluations);
            select! {
                () = stop.stopped() => break,
                () = self.0.tools.clock.sleep_until(due.millis()) => {}
                () = self.0.changed.notified() => {}
                Some(ended) = evaluations.join_next() => {
                    if let Err(error) = ended {
                        warn!(%error, "an evaluation ended badly");
                    }
                }
            }
        }
        for slot in self.0.plan.lock().groups.values() {
            slot.group.retire();
        }
        while evaluations.join_next().await.is_some() {}
    }

    /// Starts the evaluations that are due; says when to look again.
    fn evaluate_due(&self, evaluations: &mut JoinSet<()>) -> Timestamp {
        let now = self.now();
        let mut next = now + IDLE;
        let mut plan = self.0.plan.lock();
        for (key, slot) in &mut plan.groups {
            if slot.is_running {
                continue; // its end rings
            }
            if slot.due > now || evaluations.len() >= EVALUATIONS_MAX {
                next = next.min(slot.due.max(now.saturating_add(1)));
                continue;
            }
            let interval = slot.group.interval;
            let (at, missed) = current_slot(slot.due, now, interval);
            slot.group.scheduled(missed);
            slot.due = at + interval;
            slot.is_running = true;
            let ended =
                Ended { rules: self.clone(), key: key.clone(), group: Arc::clone(&slot.group) };
            evaluations.spawn_blocking(move || ended.group.evaluate(at));
        }
        let (gone, leaving) = std::mem::take(&mut plan.leaving)
            .into_iter()
            .partition::<Vec<Leaving>, _>(|leaving| leaving.due <= now);
        plan.leaving = leaving;
        for leaving in gone {
            evaluations.spawn_blocking(move || leaving.group.end(leaving.since));
        }
        plan.leaving.iter().map(|leaving| leaving.due).fold(next, Timestamp::min)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.tools.clock.now_millis())
    }
}

fn first_slot(group: &Group, now: Timestamp) -> Timestamp {
    let offset = offset(&group.spec.file, &group.spec.name, group.interval);
    next_slot(now, group.interval, offset)
}

/// Frees the group's slot, even when the evaluation panics.
struct Ended {
    rules: Rules,
    key: GroupKey,
    group: Arc<Group>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let mut plan = self.rules.0.plan.lock();
        let slot = plan.groups.get_mut(&self.key);
        if let Some(slot) = slot.filter(|slot| Arc::ptr_eq(&slot.group, &self.group)) {
            slot.is_running = false;
        }
        drop(plan);
        self.rules.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
