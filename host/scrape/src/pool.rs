//! One job: turns what discovery finds into targets and keeps a loop for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_client::Client;
use narthex_model::TargetSet;
use narthex_platform::Stop;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use crate::config::JobConfig;
use crate::fetch::Fetch;
use crate::target::{Built, Target, build_group};
use crate::target_loop::{Order, Room, Setup, TargetLoop};
use crate::telemetry::PoolTelemetry;
use crate::view::{PoolShared, PoolState, TargetState};

/// A job that is ready to run.
#[derive(Clone, Debug)]
pub(crate) struct PoolSetup {
    pub(crate) job: Arc<JobConfig>,
    pub(crate) fetch: Arc<dyn Fetch>,
    /// The client behind `fetch`, for jobs that can share it.
    pub(crate) client: Option<Client>,
    pub(crate) targets: watch::Receiver<Arc<TargetSet>>,
}

/// What the room tells a pool.
#[derive(Clone, Debug)]
pub(crate) enum PoolOrder {
    Run(PoolSetup),
    /// The job is gone; the pool ends when its last target is ended.
    Vanish,
}

impl PoolOrder {
    /// Makes the order one to run `setup`; `false`: it is that already.
    pub(crate) fn replace(&mut self, setup: &PoolSetup) -> bool {
        let is_same = matches!(self, Self::Run(current) if current.is_same(setup));
        if !is_same {
            *self = Self::Run(setup.clone());
        }
        !is_same
    }
}

impl PoolSetup {
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job) && self.targets.same_channel(&other.targets)
    }
}

#[derive(Debug)]
struct Running {
    orders: watch::Sender<Order>,
    state: Arc<TargetState>,
}

pub(crate) struct Pool {
    room: Arc<Room>,
    shared: Arc<PoolShared>,
    telemetry: PoolTelemetry,
    orders: watch::Receiver<PoolOrder>,
    stop: Stop,
    setup: PoolSetup,
    /// Loops by the target's hash; those of targets that are gone stay until they end.
    loops: BTreeMap<u64, Running>,
    tasks: JoinSet<()>,
    /// The job is gone, and so may be the one who gives orders.
    is_gone: bool,
}

enum Event {
    Stop,
    Order(Option<PoolOrder>),
    Targets,
    LoopEnded,
}

impl Pool {
    pub(crate) fn new(
        room: Arc<Room>,
        shared: Arc<PoolShared>,
        (orders, setup): (watch::Receiver<PoolOrder>, PoolSetup),
        stop: Stop,
    ) -> Self {
        let telemetry = room.telemetry.pool(&setup.job.name);
        let (loops, tasks) = (BTreeMap::new(), JoinSet::new());
        Self { room, shared, telemetry, orders, stop, setup, loops, tasks, is_gone: false }
    }

    /// Runs until the program stops, or until the job is gone and its targets are ended.
    pub(crate) async fn run(mut self) {
        self.sync();
        let mut is_discovered = true;
        loop {
            match self.next_event(is_discovered).await {
                Event::Stop | Event::Order(None) => return,
                Event::Order(Some(PoolOrder::Run(setup))) => {
                    let begin = self.room.clock.monotonic();
                    self.setup = setup;
                    is_discovered = true;
                    self.sync();
                    let length = self.room.clock.monotonic().saturating_sub(begin);
                    self.room.telemetry.reload(self.setup.job.interval).observe_duration(length);
                }
                Event::Order(Some(PoolOrder::Vanish)) => {
                    is_discovered = false;
                    self.is_gone = true;
                    self.apply(BTreeMap::new(), PoolState::default());
                    if self.tasks.is_empty() {
                        return;
                    }
                }
                // Discovery may stop earlier than scraping; the last targets stay.
                Event::Targets if self.setup.targets.has_changed().is_err() => {
                    is_discovered = false;
                }
                Event::Targets => self.sync(),
                Event::LoopEnded if self.is_gone && self.tasks.is_empty() => return,
                Event::LoopEnded => {}
            }
        }
    }

    async fn next_event(&mut self, is_discovered: bool) -> Event {
        tokio::select! {
            biased;
            () = self.stop.stopped() => Event::Stop,
            changed = self.orders.changed(), if !self.is_gone => Event::Order(
                changed.ok().map(|()| self.orders.borrow_and_update().clone()),
            ),
            _ = self.setup.targets.changed(), if is_discovered => Event::Targets,
            Some(joined) = self.tasks.join_next() => {
                if let Err(error) = joined && error.is_panic() {
                    std::panic::resume_unwind(error.into_panic());
                }
                Event::LoopEnded
            }
        }
    }

    fn sync(&mut self) {
        let begin = self.room.clock.monotonic();
        let set = Arc::clone(&self.setup.targets.borrow_and_update());
        let job = Arc::clone(&self.setup.job);
        let kept_max = usize::try_from(job.limits.kept_dropped_targets).unwrap_or(usize::MAX);
        let kept_max = if kept_max == 0 { usize::MAX } else { kept_max };
        let mut targets: BTreeMap<u64, Arc<Target>> = BTreeMap::new();
        let mut state = PoolState::default();
        for group in &set.groups {
            for (index, built) in build_group(&job, group).enumerate() {
                match built {
                    Ok(Built::Target(target)) => {
                        targets.entry(target.hash).or_insert_with(|| Arc::new(*target));
                    }
                    Ok(Built::Dropped(labels)) => {
                        state.dropped_count += 1;
                        if state.dropped.len() < kept_max {
                            state.dropped.push(labels);
                        }
                    }
                    Err(error) => {
                        self.telemetry.failed.increment();
                        let (job, source) = (&job.name, &group.source);
                        warn!(job, source, index, %error, "what was discovered is no target");
                    }
                }
            }
        }
        self.apply(targets, state);
        self.telemetry.synced(self.room.clock.monotonic().saturating_sub(begin));
    }

    /// Starts, changes and ends loops so that there is one for each target.
    fn apply(&mut self, targets: BTreeMap<u64, Arc<Target>>, mut state: PoolState) {
        self.loops.retain(|_, running| !running.orders.is_closed());
        for (hash, running) in &self.loops {
            if !targets.contains_key(hash) {
                running.orders.send(Order::Vanish).ok();
            }
        }
        let refusal = self.refusal(targets.len());
        for (hash, target) in targets {
            let setup = Setup {
                job: Arc::clone(&self.setup.job),
                target,
                fetch: Arc::clone(&self.setup.fetch),
                refusal: refusal.clone(),
            };
            state.active.push(self.keep(hash, setup));
        }
        *self.shared.state.lock() = state;
    }

    fn keep(&mut self, hash: u64, setup: Setup) -> Arc<TargetState> {
        if let Some(running) = self.loops.get(&hash) {
            // A loop that is what it should be is left alone; one that ends just now is replaced.
            running.orders.send_if_modified(|order| {
                let same = matches!(order, Order::Scrape(current) if current.is_same(&setup));
                if !same {
                    *order = Order::Scrape(setup.clone());
                }
                !same
            });
            if !running.orders.is_closed() {
                return Arc::clone(&running.state);
            }
        }
        let state = Arc::new(TargetState::new(Arc::clone(&setup.target), setup.job.limits));
        let (orders, receiver) = watch::channel(Order::Scrape(setup.clone()));
        let (room, stop) = (Arc::clone(&self.room), self.stop.clone());
        let target = TargetLoop::new(room, Arc::clone(&state), (receiver, setup), stop);
        self.tasks.spawn(target.run());
        self.loops.insert(hash, Running { orders, state: Arc::clone(&state) });
        state
    }

    /// Too many targets are not scraped at all, so that the limit cannot be overlooked.
    fn refusal(&self, count: usize) -> Option<String> {
        self.telemetry.targets.set(to_float(count as u64));
        let limit = self.setup.job.limits.targets;
        self.telemetry.target_limit.set(to_float(limit));
        if limit == 0 || count as u64 <= limit {
            return None;
        }
        self.room.telemetry.exceeded_target_limit.increment();
        Some(format!("target_limit exceeded (number of targets: {count}, limit: {limit})"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53 targets")]
fn to_float(count: u64) -> f64 {
    count as f64
}
