//! Who is told: a set of Alertmanagers for each item of the file, and those of the file before.
//!
//! Invariant: an Alertmanager that is there before and after keeps what it has still to hear. What rules for
//! alerts have made of it goes to an item with the same rules, as long as there is one.
//! Invariant: while a discovery of the file has not answered, those of the file before are told as before, but
//! no longer than [`ANSWER_WAIT_MAX`]: what has not answered does not say that nobody is there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use narthex_client::Client;
use narthex_model::{Alert, RelabelRule, TargetSet, relabel};
use narthex_platform::Metrics;
use tokio::sync::watch;

use crate::config::AlertmanagerConfig;
use crate::endpoints::Endpoints;
use crate::service::Settings;
use crate::target::{Manner, Order, Target};
use crate::telemetry::ALERTMANAGER;

/// Discovery that has not answered for so long after a reload has found nobody. What ended is told by rules for
/// 15 minutes, so that others still hear it.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5 * 60);

/// What discovery finds for one item of `alertmanagers`.
#[derive(Clone, Debug)]
pub struct Found {
    /// The targets as of now.
    pub targets: watch::Receiver<Arc<TargetSet>>,
    /// Whether these are all: until then some of discovery has not answered.
    pub has_answered: watch::Receiver<bool>,
}

/// Who is told, and by what rules.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) alert_relabel: Vec<RelabelRule>,
    /// In the order of the file.
    sets: Vec<Set>,
    /// Those of the file before that are not found yet, and until when they are told.
    before: Vec<(Duration, Set)>,
    /// Whose loops have to be started.
    pub(crate) starts: Vec<Arc<Target>>,
}

/// What one item of `alertmanagers` makes.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) config: AlertmanagerConfig,
    pub(crate) client: Client,
    found: Found,
    /// Whether discovery had answered when it was looked at.
    is_whole: bool,
    /// By URL.
    pub(crate) targets: BTreeMap<String, Arc<Target>>,
    pub(crate) dropped: Vec<String>,
}

impl Plan {
    /// Another file counts, as of `now` on a clock that runs evenly.
    pub(crate) fn replace(
        &mut self,
        alert_relabel: Vec<RelabelRule>,
        sets: Vec<Set>,
        now: Duration,
    ) {
        self.alert_relabel = alert_relabel;
        let before = std::mem::replace(&mut self.sets, sets);
        let until = now + ANSWER_WAIT_MAX;
        let before = before.into_iter().map(|set| (until, Set { dropped: Vec::new(), ..set }));
        self.before.extend(before);
    }

    /// Everybody who is told.
    pub(crate) fn told(&self) -> impl Iterator<Item = &Set> {
        self.sets.iter().chain(self.before.iter().map(|(_, set)| set))
    }

    /// What is looked at for news.
    pub(crate) fn found(&self) -> Vec<Found> {
        self.sets.iter().map(|set| set.found.clone()).collect()
    }

    /// When somebody of the file before is told no more, whatever discovery says.
    pub(crate) fn next_end(&self) -> Option<Duration> {
        self.before.iter().map(|(until, _)| *until).min()
    }

    /// Makes targets of what was found. Those that are not found any more end with what they had still to
    /// hear.
    pub(crate) fn settle(&mut self, settings: &Settings, metrics: &Metrics, now: Duration) {
        let mut gone = Vec::new();
        let missing: Vec<Vec<String>> =
            self.sets.iter_mut().map(|set| set.look(&mut gone)).collect();
        // Each finds its own again before anybody takes over what belongs to nobody.
        let mut unclaimed = Vec::new();
        for (index, urls) in missing.into_iter().enumerate() {
            for url in urls {
                let own = self.before.iter_mut().find_map(|(_, before)| {
                    let is_own = self.sets.get(index).is_some_and(|set| set.has_rules_of(before));
                    is_own.then(|| before.targets.remove(&url)).flatten()
                });
                match own {
                    Some(target) => self.put(index, target),
                    None => unclaimed.push((index, url)),
                }
            }
        }
        for (index, url) in unclaimed {
            let left = gone.iter().position(|target: &Arc<Target>| target.url == url);
            let left = left.map(|place| gone.swap_remove(place));
            match left.or_else(|| self.of_nobody(&url)) {
                Some(target) => self.put(index, target),
                None => self.begin(index, url, settings, metrics),
            }
        }
        let is_whole = self.sets.iter().all(|set| set.is_whole);
        for (until, set) in std::mem::take(&mut self.before) {
            if is_whole || until <= now {
                gone.extend(set.targets.into_values());
            } else if !set.targets.is_empty() {
                self.before.push((until, set));
            }
        }
        for target in gone {
            target.tell(Order::End);
            if !self.told().any(|set| set.targets.contains_key(&target.url)) {
                metrics.forget((ALERTMANAGER, &target.url));
            }
        }
    }

    /// A target of the file before that no item with the same rules may still find.
    fn of_nobody(&mut self, url: &str) -> Option<Arc<Target>> {
        let sets = &self.sets;
        let is_awaited =
            |before: &Set| sets.iter().any(|set| !set.is_whole && set.has_rules_of(before));
        let mut free = self.before.iter_mut().filter(|(_, before)| !is_awaited(before));
        free.find_map(|(_, before)| before.targets.remove(url))
    }

    fn put(&mut self, index: usize, target: Arc<Target>) {
        let Some(set) = self.sets.get_mut(index) else { return };
        target.set_manner(Manner::new(&set.client, &set.config));
        set.targets.insert(target.url.clone(), target);
    }

    fn begin(&mut self, index: usize, url: String, settings: &Settings, metrics: &Metrics) {
        let Some(set) = self.sets.get_mut(index) else { return };
        let manner = Manner::new(&set.client, &set.config);
        let target = Arc::new(Target::new(url.clone(), manner, settings, metrics));
        self.starts.push(Arc::clone(&target));
        set.targets.insert(url, target);
    }
}

impl Set {
    /// Nobody is found yet.
    pub(crate) fn new(config: AlertmanagerConfig, client: Client, found: Found) -> Self {
        let (targets, dropped) = (BTreeMap::new(), Vec::new());
        Self { config, client, found, is_whole: false, targets, dropped }
    }

    /// Looks at what was found: lets those go that are not there any more, and answers with the URLs of those
    /// who are new.
    fn look(&mut self, gone: &mut Vec<Arc<Target>>) -> Vec<String> {
        // First: it is told after the targets of which it speaks.
        self.is_whole = *self.found.has_answered.borrow_and_update();
        let found = Arc::clone(&self.found.targets.borrow_and_update());
        let Endpoints { active, dropped } = Endpoints::of(&self.config, &found);
        self.dropped = dropped;
        let (stay, leave) = std::mem::take(&mut self.targets)
            .into_iter()
            .partition(|(url, _)| active.contains(url));
        self.targets = stay;
        gone.extend(BTreeMap::into_values(leave));
        active.into_iter().filter(|url| !self.targets.contains_key(url)).collect()
    }

    /// Whether alerts are the same for those of either item.
    fn has_rules_of(&self, other: &Self) -> bool {
        self.config.alert_relabel == other.config.alert_relabel
    }

    /// The alert as these Alertmanagers hear it.
    pub(crate) fn alert(&self, alert: &Arc<Alert>) -> Option<Arc<Alert>> {
        let rules = &self.config.alert_relabel;
        if rules.is_empty() {
            return Some(Arc::clone(alert));
        }
        let labels = relabel(&alert.labels, rules)?;
        Some(Arc::new(Alert { labels, ..Alert::clone(alert) }))
    }
}

impl Found {
    /// Returns when there is news; never, when there can be none.
    pub(crate) async fn changed(&mut self) {
        tokio::select! {
            Ok(()) = self.targets.changed() => {}
            Ok(()) = self.has_answered.changed() => {}
            else => std::future::pending().await,
        }
    }
}
