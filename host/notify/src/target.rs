//! One Alertmanager: what it has still to hear, and the loop that tells it.
//!
//! Invariant: one request is under way at a time. A request that fails is followed by a pause, which
//! grows while requests fail; nothing but the end of the server cuts a pause short.

use std::sync::Arc;
use std::time::Duration;

use narthex_client::{Client, Request, RequestError, Response, WhenLarger};
use narthex_model::{Alert, Timestamp};
use narthex_platform::{Clock, Metrics};
use narthex_settings::error_chain;
use parking_lot::Mutex;
use tokio::select;
use tokio::sync::{Notify, watch};
use tracing::{debug, info, warn};

use crate::backlog::{Backlog, Outcome};
use crate::config::AlertmanagerConfig;
use crate::service::Settings;
use crate::telemetry::Counts;
use crate::wire;

/// The pause after a first failure; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// An alert that fires counts as over unless it is sent again within four minutes: a few tries must fit.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Whatever the other side asks for, it is asked again after this time.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// Of the answer only the beginning is of interest, for the log.
const ANSWER_BYTES_MAX: u64 = 4096;
/// So much of it is logged.
const REASON_CHARS_MAX: usize = 300;

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
    /// Send what waits, and end when it is sent or a request fails.
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
            if order == Order::End {
                return;
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
            let Some(pause) = pause else { continue };
            if order == Order::Drain {
                return;
            }
            select! {
                () = clock.sleep(pause) => {}
                () = other(&mut orders, order) => {}
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

    /// Sends a batch once. The pause that has to follow, where it may be sent again.
    async fn attempt(
        &self,
        batch: &[Arc<Alert>],
        trouble: &mut Trouble,
        clock: &Clock,
    ) -> Option<Duration> {
        let began = clock.monotonic();
        let answer = self.post(batch).await;
        let verdict = Verdict::of(answer, now(clock));
        match &verdict {
            Verdict::Taken => self.counts.sent(batch.len(), clock.monotonic() - began),
            Verdict::Refused { .. } | Verdict::Failed { .. } => self.counts.failed(batch.len()),
        }
        let given_up = self.backlog.lock().ended(verdict.outcome(), now(clock));
        self.counts.given_up(given_up);
        match verdict {
            Verdict::Taken => {
                trouble.over(&self.url);
                None
            }
            Verdict::Refused { reason } => {
                trouble.over(&self.url);
                if let [alert] = batch {
                    let (alertmanager, labels) = (&self.url, &alert.labels);
                    warn!(alertmanager, %labels, reason, "an alert was refused and is given up");
                } else {
                    debug!(alertmanager = self.url, reason, "alerts are refused; they are halved");
                }
                None
            }
            Verdict::Failed { reason, retry_after } => {
                if given_up > 0 {
                    warn!(alertmanager = self.url, given_up, "alerts were given up: too many wait");
                }
                Some(trouble.failed(&self.url, reason).max(retry_after.unwrap_or_default()))
            }
        }
    }

    async fn post(&self, batch: &[Arc<Alert>]) -> Result<Response, RequestError> {
        let Manner { client, timeout } = self.manner.lock().clone();
        let request = Request {
            method: "POST".to_owned(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: wire::body(batch),
            when_larger: WhenLarger::Truncate,
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

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Taken,
    Refused { reason: String },
    Failed { reason: String, retry_after: Option<Duration> },
}

impl Verdict {
    /// What the other side says of the alerts themselves is final: that they are no alerts, or too many at
    /// once. Whatever else it answers (who are you, not here, not now) may be another answer tomorrow.
    fn of(answer: Result<Response, RequestError>, now: Timestamp) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Self::Failed { reason: error_chain(&error), retry_after: None },
        };
        match answer.status {
            200..300 => Self::Taken,
            400 | 413 | 422 => Self::Refused { reason: reason(&answer) },
            _ => {
                let asked = answer.header("retry-after").and_then(|text| retry_after(text, now));
                let retry_after = asked.map(|pause| pause.min(RETRY_AFTER_MAX));
                Self::Failed { reason: reason(&answer), retry_after }
            }
        }
    }

    const fn outcome(&self) -> Outcome {
        match self {
            Self::Taken => Outcome::Taken,
            Self::Refused { .. } => Outcome::Refused,
            Self::Failed { .. } => Outcome::Failed,
        }
    }
}

fn reason(answer: &Response) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let said: String = text.trim().chars().take(REASON_CHARS_MAX).collect();
    let colon = if said.is_empty() { "" } else { ": " };
    format!("server returned HTTP status {}{colon}{said}", answer.status_text())
}

/// `Retry-After`: seconds, or a date.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let millis = date.as_millisecond().saturating_sub(now.millis());
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

/// That requests fail, and how long the next pause is.
#[derive(Debug, Default)]
struct Trouble(Option<(String, Duration)>);

impl Trouble {
    /// A failure is logged when it begins and when its reason becomes another one.
    fn failed(&mut self, alertmanager: &str, reason: String) -> Duration {
        let pause = self.0.as_ref().map(|(_, pause)| pause.saturating_mul(2).min(PAUSE_MAX));
        let is_known = self.0.as_ref().is_some_and(|(known, _)| *known == reason);
        if is_known {
            debug!(alertmanager, reason, "alerts still cannot be sent");
        } else {
            warn!(alertmanager, reason, "alerts cannot be sent; they are kept and sent again");
        }
        let pause = pause.unwrap_or(PAUSE_FIRST);
        self.0 = Some((reason, pause));
        pause
    }

    fn over(&mut self, alertmanager: &str) {
        if self.0.take().is_some() {
            info!(alertmanager, "alerts are sent again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Verdict {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let headers = headers.collect();
        let response = Response { status, headers, body: body.into(), truncated: false };
        Verdict::of(Ok(response), Timestamp::from_millis(1_000_000))
    }

    #[test]
    fn only_what_is_said_of_the_alerts_themselves_is_final() {
        assert_eq!(answer(202, &[], ""), Verdict::Taken);
        for status in [400, 413, 422] {
            assert_eq!(answer(status, &[], "").outcome(), Outcome::Refused, "{status}");
        }
        for status in [302, 401, 403, 404, 408, 429, 500, 502, 503] {
            assert_eq!(answer(status, &[], "").outcome(), Outcome::Failed, "{status}");
        }
        let reason = "server returned HTTP status 400 Bad Request: no".to_owned();
        assert_eq!(answer(400, &[], " no\n"), Verdict::Refused { reason });
    }

    #[test]
    fn who_asks_for_a_pause_gets_it_within_bounds() {
        for (text, seconds) in [
            ("7", Some(7)),
            ("Thu, 01 Jan 1970 00:16:50 GMT", Some(10)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("86400", Some(120)),
            ("soon", None),
        ] {
            let Verdict::Failed { retry_after, .. } = answer(429, &[("retry-after", text)], "")
            else {
                panic!("{text}");
            };
            assert_eq!(retry_after.map(|pause| pause.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn pauses_grow_while_requests_fail() {
        let mut trouble = Trouble::default();
        let fail = |trouble: &mut Trouble| trouble.failed("am", "down".to_owned()).as_millis();
        let pauses: Vec<u128> = (0..9).map(|_| fail(&mut trouble)).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        trouble.over("am");
        assert_eq!(fail(&mut trouble), 500);
    }
}
