//! One Alertmanager: what it has still to hear, and the loop that tells it.
//!
//! Invariant: one request is under way at a time. A request whose alerts are not taken is followed by a
//! pause, which grows until some are taken; nothing but the end of the server cuts a pause short.

use std::sync::Arc;
use std::time::Duration;

use narthex_client::{Client, Request, RequestError, Response, WhenLarger};
use narthex_model::{Alert, Timestamp};
use narthex_platform::{Clock, Metrics};
use parking_lot::Mutex;
use tokio::select;
use tokio::sync::{Notify, watch};
use tracing::{debug, warn};

use crate::answer::Verdict;
use crate::backlog::Backlog;
use crate::config::AlertmanagerConfig;
use crate::service::Settings;
use crate::telemetry::Counts;
use crate::trouble::Trouble;
use crate::wire;

/// Of the answer only the beginning is of interest.
const ANSWER_BYTES_MAX: u64 = 4096;

/// How an Alertmanager is spoken to.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) client: Client,
    pub(crate) timeout: Duration,
}

impl Manner {
    pub(crate) fn new(client: &Client, config: &AlertmanagerConfig) -> Self {
        Self { client: client.clone(), timeout: config.timeout }
    }
}

/// What the loop is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Send whatever comes.
    Run,
    /// Send what waits, every batch once, and end.
    Drain,
    /// End; what waits is nobody's business any more.
    End,
}

/// One Alertmanager.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    /// Guards how it is spoken to, which a reload may change.
    manner: Mutex<Manner>,
    /// Guards what it has still to hear.
    backlog: Mutex<Backlog>,
    /// Rung when something was added.
    added: Notify,
    order: watch::Sender<Order>,
    counts: Counts,
}

impl Target {
    pub(crate) fn new(url: String, manner: Manner, settings: &Settings, metrics: &Metrics) -> Self {
        let backlog = Backlog::new(settings.queue_capacity, settings.batch_max);
        let counts = Counts::of(&url, metrics);
        let (order, _) = watch::channel(Order::Run);
        Self {
            url,
            manner: Mutex::new(manner),
            backlog: Mutex::new(backlog),
            added: Notify::new(),
            order,
            counts,
        }
    }

    /// Takes news. Never waits.
    pub(crate) fn add(&self, news: &[Arc<Alert>], now: Timestamp) {
        let given_up = self.backlog.lock().add(news, now);
        if given_up > 0 {
            self.counts.given_up(given_up);
            warn!(alertmanager = self.url, given_up, "alerts were given up: too many wait");
        }
        self.added.notify_one();
    }

    /// Alerts that wait or are under way.
    pub(crate) fn waiting(&self) -> usize {
        self.backlog.lock().len()
    }

    pub(crate) fn set_manner(&self, manner: Manner) {
        *self.manner.lock() = manner;
    }

    pub(crate) fn tell(&self, order: Order) {
        self.order.send_replace(order);
    }

    /// The loop; ends by an order.
    pub(crate) async fn run(self: Arc<Self>, clock: Clock) {
        let mut orders = self.order.subscribe();
        let mut trouble = Trouble::default();
        loop {
            let order = *orders.borrow_and_update();
            match order {
                Order::Run => {}
                Order::Drain => self.backlog.lock().begin_last_round(),
                Order::End => return,
            }
            let batch = self.next(&clock);
            if batch.is_empty() {
                if order == Order::Drain {
                    return;
                }
                select! {
                    () = self.added.notified() => {}
                    () = other(&mut orders, order) => {}
                }
                continue;
            }
            let pause = select! {
                pause = self.attempt(&batch, &mut trouble, &clock) => pause,
                () = end(&mut orders) => return,
            };
            if let Some(pause) = pause.filter(|_| order == Order::Run) {
                select! {
                    () = clock.sleep(pause) => {}
                    () = other(&mut orders, order) => {}
                }
            }
        }
    }

    fn next(&self, clock: &Clock) -> Vec<Arc<Alert>> {
        let mut backlog = self.backlog.lock();
        let old = backlog.forget_old(now(clock));
        let batch = backlog.next();
        drop(backlog);
        if old > 0 {
            self.counts.given_up(old);
            warn!(alertmanager = self.url, old, "alerts were given up: over for a day");
        }
        batch
    }

    /// Sends a batch once. The pause that has to follow, if one has to.
    async fn attempt(
        &self,
        batch: &[Arc<Alert>],
        trouble: &mut Trouble,
        clock: &Clock,
    ) -> Option<Duration> {
        let began = clock.monotonic();
        let verdict = Verdict::of(self.post(batch).await, now(clock));
        match &verdict {
            Verdict::Taken => self.counts.sent(batch.len(), clock.monotonic() - began),
            Verdict::Refused(_) | Verdict::Failed { .. } => self.counts.failed(batch.len()),
        }
        let given_up = self.backlog.lock().ended(verdict.outcome(), now(clock));
        self.counts.given_up(given_up);
        let pause = match verdict {
            Verdict::Taken => {
                trouble.taken(batch.len());
                None
            }
            Verdict::Refused(reason) => {
                let alertmanager = &self.url;
                if let [alert] = batch {
                    let labels = &alert.labels;
                    warn!(alertmanager, %labels, %reason, "an alert was refused and is given up");
                } else {
                    debug!(alertmanager, %reason, "alerts are refused; they are halved");
                }
                Some(trouble.pause())
            }
            Verdict::Failed { reason, retry_after } => {
                if given_up > 0 {
                    warn!(alertmanager = self.url, given_up, "alerts were given up: too many wait");
                }
                trouble.failed(&self.url, &reason);
                Some(trouble.pause().max(retry_after.unwrap_or_default()))
            }
        };
        if self.waiting() == 0 {
            trouble.over(&self.url);
        }
        pause
    }

    async fn post(&self, batch: &[Arc<Alert>]) -> Result<Response, RequestError> {
        let Manner { client, timeout } = self.manner.lock().clone();
        let request = Request {
            method: "POST".to_owned(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: wire::body(batch),
            when_larger: WhenLarger::Truncate,
            may_become_get: false,
            ..Request::get(&self.url, timeout, ANSWER_BYTES_MAX)
        };
        client.request(request).await
    }
}

/// Returns when the order is another one. The sender lives in the target, and so do those who wait.
async fn other(orders: &mut watch::Receiver<Order>, than: Order) {
    orders.wait_for(|order| *order != than).await.ok();
}

async fn end(orders: &mut watch::Receiver<Order>) {
    orders.wait_for(|order| *order == Order::End).await.ok();
}

fn now(clock: &Clock) -> Timestamp {
    Timestamp::from_millis(clock.now_millis())
}
