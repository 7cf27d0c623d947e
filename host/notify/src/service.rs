//! The room's handle: who is told, and the task that keeps their loops.
//!
//! A reload has two phases: `prepare` makes clients and may refuse; `commit` changes to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::select_all;
use narthex_client::{Client, ClientOptions, SetupError};
use narthex_model::{Alert, AlertBatch, RelabelRule, Timestamp, relabel};
use narthex_platform::{
    Clock, Family, FamilyKind, Metrics, MetricsSource, Point, PointValue, Stop, Tasks,
};
use parking_lot::Mutex;
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::config::{AlertmanagerConfig, Config};
use crate::plan::{Found, Plan, Set};
use crate::target::{Order, Target};
use crate::telemetry::ALERTMANAGER;

/// How long the last requests may take at shutdown. A task is cut off after 20 s.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// What the command line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Alerts that wait for one Alertmanager: `--alertmanager.notification-queue-capacity`.
    pub queue_capacity: usize,
    /// Alerts in one request: `--alertmanager.notification-batch-size`.
    pub batch_max: usize,
    /// Whether what waits is sent at shutdown: `--alertmanager.drain-notification-queue-on-shutdown`.
    pub drains: bool,
}

impl Default for Settings {
    /// Prometheus' defaults.
    fn default() -> Self {
        Self { queue_capacity: 10_000, batch_max: 256, drains: true }
    }
}

/// What the room needs.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The time.
    pub clock: Clock,
    /// Where to count.
    pub metrics: Metrics,
    /// For the clients: the disk, and the folder from which relative paths count.
    pub client: ClientOptions,
    /// What the command line says.
    pub settings: Settings,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("alerting.alertmanagers[{index}]")]
pub struct PrepareError {
    /// Which item.
    pub index: usize,
    /// Why there is no client.
    pub source: SetupError,
}

/// What is said to other Alertmanagers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Alertmanagers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    parts: Parts,
    /// Guards who is told. Order: this one before those of a target.
    plan: Mutex<Plan>,
    /// Rung when loops have to be started.
    changed: Notify,
}

/// A configuration that was found good and waits for [`Alertmanagers::commit`].
#[derive(Debug)]
pub struct Prepared {
    alert_relabel: Vec<RelabelRule>,
    sets: Vec<Set>,
}

/// Who is told, and who is not because rules dropped it: URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertmanagersView {
    /// Those that are told.
    pub active: Vec<String>,
    /// Those that were discovered and dropped.
    pub dropped: Vec<String>,
}

impl Alertmanagers {
    /// Nobody is told yet: [`Alertmanagers::commit`] brings them.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let capacity = "prometheus_notifications_queue_capacity";
        let help = "Alerts that may wait for one Alertmanager.";
        parts.metrics.gauge(capacity, help, &[]).set(number(parts.settings.queue_capacity));
        let metrics = parts.metrics.clone();
        let shared = Arc::new(Shared { parts, plan: Mutex::default(), changed: Notify::new() });
        metrics.add_source(Arc::new(Numbers(Arc::downgrade(&shared))));
        Self(shared)
    }

    /// Makes clients for what is new or changed; nothing changes. `found` has the targets of each item,
    /// in their order.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub fn prepare(&self, config: Config, found: Vec<Found>) -> Result<Prepared, PrepareError> {
        let known: Vec<(AlertmanagerConfig, Client)> = {
            let plan = self.0.plan.lock();
            plan.told().map(|set| (set.config.clone(), set.client.clone())).collect()
        };
        let mut sets = Vec::new();
        for (index, (config, found)) in config.alertmanagers.into_iter().zip(found).enumerate() {
            let same = known.iter().find(|(known, _)| known.http == config.http);
            let client = match same {
                Some((_, client)) => client.clone(),
                None => Client::new(config.http.clone(), self.0.parts.client.clone())
                    .map_err(|source| PrepareError { index, source })?,
            };
            sets.push(Set::new(config, client, found));
        }
        Ok(Prepared { alert_relabel: config.alert_relabel, sets })
    }

    /// Tells these from now on, and no others but those that their discovery may still find.
    pub fn commit(&self, prepared: Prepared) {
        let mut plan = self.0.plan.lock();
        plan.replace(prepared.alert_relabel, prepared.sets, self.0.parts.clock.monotonic());
        self.settle(&mut plan);
    }

    /// The alerts as everybody hears them: `alert_relabel_configs` of the section.
    #[must_use]
    pub fn relabel(&self, batch: AlertBatch) -> AlertBatch {
        let plan = self.0.plan.lock();
        let rules = &plan.alert_relabel;
        if rules.is_empty() {
            return batch;
        }
        let relabeled = batch.alerts.into_iter().filter_map(|alert| {
            let labels = relabel(&alert.labels, rules)?;
            Some(Alert { labels, ..alert })
        });
        AlertBatch { alerts: relabeled.collect() }
    }

    /// Takes alerts for all of them, as [`Alertmanagers::relabel`] leaves them. Never waits.
    pub fn submit(&self, batch: AlertBatch) {
        let now = Timestamp::from_millis(self.0.parts.clock.now_millis());
        let alerts: Vec<Arc<Alert>> = batch.alerts.into_iter().map(Arc::new).collect();
        let plan = self.0.plan.lock();
        for set in plan.told().filter(|set| !set.targets.is_empty()) {
            let alerts: Vec<Arc<Alert>> =
                alerts.iter().filter_map(|alert| set.alert(alert)).collect();
            for target in set.targets.values().filter(|_| !alerts.is_empty()) {
                target.add(&alerts, now);
            }
        }
    }

    /// Who is told.
    #[must_use]
    pub fn view(&self) -> AlertmanagersView {
        let plan = self.0.plan.lock();
        let active = plan.told().flat_map(|set| set.targets.keys().cloned());
        let dropped = plan.told().flat_map(|set| set.dropped.iter().cloned());
        AlertmanagersView { active: active.collect(), dropped: dropped.collect() }
    }

    /// Starts the task.
    pub fn spawn(&self, tasks: &mut Tasks) {
        let room = self.clone();
        tasks.spawn("notify", |stop| room.run(stop));
    }

    /// Keeps the loops, one for each Alertmanager; ends after `stop`, when what waits was sent.
    pub async fn run(self, mut stop: Stop) {
        let mut loops: JoinSet<()> = JoinSet::new();
        loop {
            let (starts, mut found, end) = {
                let mut plan = self.0.plan.lock();
                (std::mem::take(&mut plan.starts), plan.found(), plan.next_end())
            };
            for target in starts {
                loops.spawn(target.run(self.0.parts.clock.clone()));
            }
            select! {
                () = stop.stopped() => break,
                () = self.0.changed.notified() => {}
                () = any_changed(&mut found) => self.settle(&mut self.0.plan.lock()),
                () = self.reached(end) => self.settle(&mut self.0.plan.lock()),
                Some(ended) = loops.join_next() => {
                    if let Err(panic) = ended {
                        error!(error = %panic, "sending alerts to an Alertmanager panicked; nothing more is sent there until a restart");
                    }
                }
            }
        }
        self.end(loops).await;
    }

    /// Returns at a time of the clock that runs evenly; never, where there is none.
    async fn reached(&self, end: Option<Duration>) {
        let clock = &self.0.parts.clock;
        match end {
            Some(end) => clock.sleep(end.saturating_sub(clock.monotonic())).await,
            None => std::future::pending().await,
        }
    }

    async fn end(&self, mut loops: JoinSet<()>) {
        let targets: Vec<Arc<Target>> = {
            let plan = self.0.plan.lock();
            plan.told().flat_map(|set| set.targets.values().cloned()).collect()
        };
        let waiting = || targets.iter().map(|target| target.waiting()).sum::<usize>();
        let order = if self.0.parts.settings.drains { Order::Drain } else { Order::End };
        if order == Order::Drain && waiting() > 0 {
            info!(alerts = waiting(), "sending the last alerts");
        }
        targets.iter().for_each(|target| target.tell(order));
        let ended = async { while loops.join_next().await.is_some() {} };
        select! {
            () = ended => {}
            () = self.0.parts.clock.sleep(DRAIN_MAX) => {}
        }
        loops.shutdown().await;
        for target in &targets {
            let (alertmanager, alerts) = (&target.url, target.waiting());
            if alerts > 0 {
                warn!(alertmanager, alerts, "alerts were not sent before the end");
            }
        }
    }

    fn settle(&self, plan: &mut Plan) {
        let Parts { settings, metrics, clock, .. } = &self.0.parts;
        plan.settle(settings, metrics, clock.monotonic());
        self.0.changed.notify_one();
    }
}

/// Returns when there is news of one of them; never, when there can be none.
async fn any_changed(found: &mut [Found]) {
    if found.is_empty() {
        std::future::pending::<()>().await;
    }
    select_all(found.iter_mut().map(|found| Box::pin(found.changed()))).await;
}

/// What is only known when it is asked for.
#[derive(Debug)]
struct Numbers(Weak<Shared>);

impl MetricsSource for Numbers {
    fn families(&self) -> Vec<Family> {
        let Some(shared) = self.0.upgrade() else { return Vec::new() };
        let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
        let mut discovered = 0;
        for (url, target) in shared.plan.lock().told().flat_map(|set| &set.targets) {
            *waiting.entry(url.clone()).or_default() += target.waiting();
            discovered += 1;
        }
        let waiting = waiting.into_iter().map(|(url, waiting)| Point {
            labels: vec![(ALERTMANAGER.to_owned(), url)],
            value: PointValue::Number(number(waiting)),
        });
        let gauge = |name: &str, help: &str, points| Family {
            name: format!("prometheus_notifications_{name}"),
            help: help.to_owned(),
            kind: FamilyKind::Gauge,
            points,
        };
        let value = PointValue::Number(number(discovered));
        let discovered = vec![Point { labels: Vec::new(), value }];
        vec![
            gauge(
                "queue_length",
                "Alerts that an Alertmanager has still to hear.",
                waiting.collect(),
            ),
            gauge("alertmanagers_discovered", "Alertmanagers that are told.", discovered),
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "alerts in memory are fewer than 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
