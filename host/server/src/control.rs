//! The program as the API and the operating system see it: ready, reload, quit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use narthex_api::{
    Notifications, QueryOrder, ReloadError, RunningQuery, ServerControl, TopQueries,
};
use narthex_model::Timestamp;
use narthex_platform::{Clock, Gauge, Metrics, Stop, Tasks};
use narthex_scrape::JobConfig;
use narthex_tsdb::Tsdb;
use parking_lot::Mutex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{error, info};

use crate::flags::{ServeFlags, retention_text};
use crate::queries::Journals;
use crate::reload::{Reloader, ShownConfig};

/// Reloads that may wait; whoever asks for one more is told to try again.
const RELOADS_MAX: usize = 8;

/// What is said about reloads.
const RELOAD: &str = "reload";

type Answer = Option<oneshot::Sender<Result<(), ReloadError>>>;

/// What is known of the program.
pub(crate) struct Control {
    flags: Vec<(String, String)>,
    lifecycle: bool,
    admin: bool,
    store: Tsdb,
    journals: Arc<Journals>,
    notifications: Notifications,
    started_at: Timestamp,
    clock: Clock,
    is_ready: AtomicBool,
    readiness: Gauge,
    quit: Notify,
    reloads: mpsc::Sender<Answer>,
    /// Guards what the last reload left.
    last: Mutex<LastReload>,
    successful: Gauge,
    successful_at: Gauge,
}

struct LastReload {
    shown: ShownConfig,
    at: Timestamp,
    taken: bool,
}

impl Control {
    /// Starts the task that reloads.
    pub(crate) fn start(
        flags: &ServeFlags,
        (store, journals, notifications): (Tsdb, Arc<Journals>, Notifications),
        clock: &Clock,
        metrics: &Metrics,
        shown: ShownConfig,
        (reloader, hang_ups): (Reloader, Signal),
        tasks: &mut Tasks,
    ) -> Arc<Self> {
        let (reloads, requests) = mpsc::channel(RELOADS_MAX);
        let now = Timestamp::from_millis(clock.now_millis());
        let control = Arc::new(Self {
            flags: flags.shown(),
            lifecycle: flags.web.lifecycle,
            admin: flags.web.admin,
            store,
            journals,
            notifications,
            started_at: now,
            clock: clock.clone(),
            is_ready: AtomicBool::new(false),
            readiness: metrics.gauge(
                "prometheus_ready",
                "Whether the server has started and takes requests.",
                &[],
            ),
            quit: Notify::new(),
            reloads,
            last: Mutex::new(LastReload { shown, at: now, taken: true }),
            successful: metrics.gauge(
                "prometheus_config_last_reload_successful",
                "Whether the last configuration reload attempt was successful.",
                &[],
            ),
            successful_at: metrics.gauge(
                "prometheus_config_last_reload_success_timestamp_seconds",
                "Timestamp of the last successful configuration reload.",
                &[],
            ),
        });
        control.successful.set(1.0);
        control.successful_at.set(now.seconds());
        let reloading = Arc::clone(&control);
        tasks.spawn("reload", |stop| {
            reloading.reload_on_request(reloader, requests, hang_ups, stop)
        });
        control
    }

    /// Says that requests are taken from now on.
    pub(crate) fn ready(&self) {
        self.say_ready(true);
    }

    fn say_ready(&self, is_ready: bool) {
        self.is_ready.store(is_ready, Ordering::Relaxed);
        self.readiness.set(f64::from(u8::from(is_ready)));
    }

    /// Returns when the program shall end: SIGTERM, SIGINT, or `/-/quit`.
    pub(crate) async fn told_to_stop(&self) {
        tokio::select! {
            () = signal_of(SignalKind::terminate()) => info!("SIGTERM: stopping"),
            () = signal_of(SignalKind::interrupt()) => info!("SIGINT: stopping"),
            () = self.quit.notified() => info!("/-/quit: stopping"),
        }
        self.say_ready(false);
        self.notifications.close("stop", "Narthex is stopping.");
    }

    async fn reload_on_request(
        self: Arc<Self>,
        mut reloader: Reloader,
        mut requests: mpsc::Receiver<Answer>,
        mut hang_up_signal: Signal,
        mut stop: Stop,
    ) {
        let hang_up = self.clone();
        let mut hang_ups = Box::pin(async move {
            while hang_up_signal.recv().await.is_some() {
                hang_up.reloads.send(None).await.ok();
            }
            std::future::pending::<()>().await;
        });
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = &mut hang_ups => {}
                Some(answer) = requests.recv() => {
                    let outcome = self.reload_now(&mut reloader).await;
                    if let Some(answer) = answer {
                        // The one who asked may have gone.
                        answer.send(outcome).ok();
                    }
                }
            }
        }
    }

    async fn reload_now(&self, reloader: &mut Reloader) -> Result<(), ReloadError> {
        let outcome = reloader.reload().await;
        let now = Timestamp::from_millis(self.clock.now_millis());
        let mut last = self.last.lock();
        last.at = now;
        last.taken = outcome.is_ok();
        self.successful.set(if last.taken { 1.0 } else { 0.0 });
        match outcome {
            Ok(shown) => {
                last.shown = shown;
                self.successful_at.set(now.seconds());
                self.notifications.end(RELOAD);
                info!("configuration reloaded");
                Ok(())
            }
            Err(refusal) => {
                let message = format!("{refusal:#}");
                error!(error = message, "reload refused; nothing was changed");
                let told =
                    format!("Configuration reload has failed; the one before holds. {message}");
                self.notifications.raise(RELOAD, told);
                Err(ReloadError { message })
            }
        }
    }
}

async fn signal_of(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            error!(%error, "a signal cannot be listened to");
            std::future::pending::<()>().await;
        }
    }
}

impl ServerControl for Control {
    fn config_text(&self) -> String {
        self.last.lock().shown.whole.clone()
    }

    fn alertmanager_text(&self) -> String {
        self.last.lock().shown.alertmanager.clone()
    }

    fn pool_text(&self, job: &JobConfig) -> Option<String> {
        // Out of the lock: reading a long file takes its time.
        let jobs = Arc::clone(&self.last.lock().shown.jobs);
        jobs.of(job)
    }

    fn flags(&self) -> Vec<(String, String)> {
        self.flags.clone()
    }

    fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    fn lifecycle_allowed(&self) -> bool {
        self.lifecycle
    }

    fn admin_allowed(&self) -> bool {
        self.admin
    }

    fn reload(&self) -> BoxFuture<'static, Result<(), ReloadError>> {
        let reloads = self.reloads.clone();
        Box::pin(async move {
            let busy = || ReloadError { message: "earlier reloads are still running".to_owned() };
            let (answer, outcome) = oneshot::channel();
            reloads.try_send(Some(answer)).map_err(|_| busy())?;
            outcome.await.unwrap_or_else(|_| Err(busy()))
        })
    }

    fn quit(&self) {
        self.quit.notify_one();
    }

    fn started_at(&self) -> Timestamp {
        self.started_at
    }

    fn last_reload(&self) -> (Timestamp, bool) {
        let last = self.last.lock();
        (last.at, last.taken)
    }

    fn host_name(&self) -> String {
        crate::process::host_name()
    }

    fn working_directory(&self) -> String {
        std::env::current_dir().map_or_else(|_| String::new(), |path| path.display().to_string())
    }

    fn retention(&self) -> String {
        retention_text(self.store.settings().retention())
    }

    fn running_queries(&self) -> Vec<RunningQuery> {
        self.journals.active.list()
    }

    fn top_queries(&self, order: QueryOrder, limit: usize) -> TopQueries {
        self.journals.tally.top(order, limit)
    }
}
