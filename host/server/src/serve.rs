//! Wires the rooms in the order of a sample's life, and runs until the program is told to stop.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use narthex_alerting::Alerting;
use narthex_api::{Notifications, Rooms};
use narthex_consoles::Consoles;
use narthex_dashboards::Dashboards;
use narthex_discovery::{Discovery, DiscoveryParts};
use narthex_notify::Alertmanagers;
use narthex_platform::{Clock, Metrics, RealDisk, Tasks};
use narthex_plugins::Plugins;
use narthex_promql::{Engine, EngineConfig};
use narthex_remote::{Federation, Receiver};
use narthex_rules::{Rules, alert_queue};
use narthex_scrape::{ScrapeParts, Scraper};
use narthex_state::StateStore;
use narthex_tsdb::Tsdb;
use narthex_web::ListenConfig;
use parking_lot::Mutex;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

use crate::audience::Audience;
use crate::auto_reload::AutoReload;
use crate::control::Control;
use crate::features;
use crate::flags::ServeFlags;
use crate::process::{self, ProcessMetrics};
use crate::queries::{ActiveQueries, Journals, QueryLog, Tally};
use crate::reload::{ConfigFile, Reloader};

/// Batches of alerts between rules and alerting: an hour of a busy server's rounds.
const ALERT_BATCHES_MAX: usize = 1_000;

/// Serves until the program is told to stop.
///
/// # Errors
/// When a room cannot start, or ends by itself.
pub(crate) fn serve(flags: ServeFlags) -> anyhow::Result<()> {
    // An error means that another part of the process has set the same provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("narthex")
        .build()
        .context("start the runtime")?;
    let outcome = runtime.block_on(run(flags));
    // Queries that still run are not waited for.
    runtime.shutdown_background();
    outcome
}

#[expect(clippy::too_many_lines, reason = "the wiring is told once, in order")]
async fn run(flags: ServeFlags) -> anyhow::Result<()> {
    // Listened to from the start: a hang-up before the program is ready is a reload, not the end.
    let hang_ups = signal(SignalKind::hangup()).context("listen to SIGHUP")?;
    let clock = Clock::real();
    let disk = RealDisk::shared();
    let metrics = Metrics::new();
    metrics.add_source(Arc::new(ProcessMetrics::new(clock.now_millis())));
    announce(&metrics);

    let file = ConfigFile { path: flags.config_file.clone(), expands_env: flags.expand_env };
    let read = Arc::new(Mutex::new(file.inputs(&*disk)));
    let config = file.load(&*disk)?;
    let listening = narthex_web::bind(&ListenConfig {
        addresses: flags.web.listen_addresses.clone(),
        connections_max: flags.web.connections_max,
    })
    .await?;
    let site = flags.web.site().context("--web.external-url; give --web.route-prefix beside it")?;
    let external_url = flags.web.external_url(|| own_url(&listening));

    let mut tasks = Tasks::new();
    // First of all: its log is replayed while plugins are loaded and targets are found.
    let defaults = flags.storage.settings(&flags.features).context("--storage.tsdb.retention")?;
    let settings = config.store_settings(&defaults).context("storage")?;
    let mut store_config = flags.storage.config(settings)?;
    if let Some(sync) = config.storage.sync() {
        store_config = store_config.with_sync(sync)?;
    }
    let store = Tsdb::open(store_config, Arc::clone(&disk), clock.clone(), &metrics)?;
    store.spawn_replay(&mut tasks);
    let state = StateStore::open(flags.storage.path.join("state"), Arc::clone(&disk))?;
    let wanted: BTreeSet<&str> = config.plugin_uses.iter().map(|it| it.plugin.as_str()).collect();
    let plugins = Plugins::load_wanted(
        config.plugins.clone(),
        narthex_plugins::Deps {
            clock: clock.clone(),
            disk: Arc::clone(&disk),
            metrics: metrics.clone(),
            state: state.clone(),
            client: crate::outbound::options(&disk),
            environment: crate::outbound::environment(),
            cache_folder: Some(flags.storage.path.join("plugin-cache")),
        },
        // What the file names has to be there to judge it; the rest may come later.
        |plugin| wanted.contains(plugin),
    )
    .await?;

    let dashboards = Dashboards::new(Arc::clone(&disk), &config.dashboards);

    let discovery = Discovery::spawn(
        DiscoveryParts {
            disk: Arc::clone(&disk),
            clock: clock.clone(),
            metrics: metrics.clone(),
            reload_interval: flags.scrape.discovery_reload_interval,
            whom: "scrape",
        },
        &mut tasks,
    );
    let scraper = Scraper::new(ScrapeParts {
        store: Arc::new(store.clone()),
        exporters: Arc::new(plugins.clone()),
        clock: clock.clone(),
        metrics: metrics.clone(),
        client: crate::outbound::options(&disk),
        settings: flags.scrape.settings(&flags.features),
        external_host: Some(process::host_name()),
    });
    scraper.spawn(&mut tasks);

    let active = ActiveQueries::open(&flags.storage.path, Arc::clone(&disk), clock.clone());
    let (query_log, query_log_writer) = QueryLog::new(clock.clone(), &metrics);
    let tally = Tally::new(clock.clone());
    let journals = Arc::new(Journals { active, log: query_log, tally });
    let engine = Engine::new(
        engine_config(&flags, Arc::clone(&journals)),
        Arc::new(store.clone()),
        clock.clone(),
        &metrics,
    );
    let (alerts, firing) = alert_queue(ALERT_BATCHES_MAX);
    metrics.add_source(Arc::new(alerts.clone()));
    let alertmanagers = Alertmanagers::new(narthex_notify::Parts {
        clock: clock.clone(),
        metrics: metrics.clone(),
        client: crate::outbound::options(&disk),
        settings: flags.alerting.settings(),
    });
    let audience = Audience::new(alerts, alertmanagers.clone());
    let rules = Rules::new(narthex_rules::Parts {
        engine: engine.clone(),
        read: Arc::new(store.clone()),
        write: Arc::new(store.clone()),
        alerts: Arc::new(audience.clone()),
        clock: clock.clone(),
        metrics: metrics.clone(),
        state: Some(state.clone()),
        concurrent_rules_max: flags.rules.concurrent_rules_max,
    });
    rules.spawn(store.replay_ended(), &mut tasks);
    let alerting = Alerting::new(
        config.alerting.clone().unwrap_or_default(),
        narthex_alerting::Parts {
            notifiers: Arc::new(plugins.clone()),
            state,
            clock: clock.clone(),
            metrics: metrics.clone(),
            external_url: external_url.clone(),
        },
    )?;
    alerting.spawn(firing, &mut tasks);
    let notify_discovery = Discovery::spawn(
        DiscoveryParts {
            disk: Arc::clone(&disk),
            clock: clock.clone(),
            metrics: metrics.clone(),
            reload_interval: flags.scrape.discovery_reload_interval,
            whom: "notify",
        },
        &mut tasks,
    );
    alertmanagers.spawn(&mut tasks);
    plugins.spawn(&mut tasks);

    let consoles = Consoles::new(
        flags.consoles.config(&external_url),
        Arc::clone(&disk),
        engine.clone(),
        clock.clone(),
    );
    let federation =
        Federation::new(Arc::new(store.clone()), clock.clone(), flags.lookback, &metrics);
    let auto_reload = AutoReload {
        file: file.clone(),
        disk: Arc::clone(&disk),
        clock: clock.clone(),
        interval: flags.auto_reload_interval,
        read: Arc::clone(&read),
    };
    let mut reloader = Reloader {
        file,
        read,
        disk,
        external_url: external_url.clone(),
        fixed: (config.plugins.dir.clone(), config.storage.sync()),
        settings: defaults,
        store: store.clone(),
        plugins: plugins.clone(),
        dashboards: dashboards.clone(),
        discovery: discovery.clone(),
        scraper: scraper.clone(),
        engine: engine.clone(),
        journals: Arc::clone(&journals),
        rules: rules.clone(),
        rules_by_flags: flags.rules.config(),
        federation: federation.clone(),
        consoles: consoles.clone(),
        alerting: alerting.clone(),
        notify_discovery: notify_discovery.clone(),
        alertmanagers: alertmanagers.clone(),
        audience,
    };
    let shown = reloader.apply(config).await?;
    let notifications = Notifications::new(clock.clone(), flags.web.notification_followers_max);
    metrics.add_source(Arc::new(notifications.clone()));
    let control = Control::start(
        &flags,
        (store.clone(), Arc::clone(&journals), notifications.clone()),
        &clock,
        &metrics,
        shown,
        (reloader, hang_ups),
        &mut tasks,
    );
    if flags.auto_reload || features::reloads_by_itself(&flags.features) {
        let control = Arc::clone(&control);
        tasks.spawn("auto-reload", |stop| auto_reload.run(control, stop));
    }
    let remote = flags
        .web
        .remote_write
        .then(|| Receiver::new(Arc::new(store.clone()), clock.clone(), &metrics));
    let rooms = Rooms {
        engine,
        store: Arc::new(store.clone()),
        discovery,
        scraper,
        remote,
        federation,
        rules,
        alerting,
        notify_discovery,
        alertmanagers,
        plugins,
        notifications,
        consoles,
        dashboards,
        metrics,
        search_results_max: flags.web.search_results_max,
        external_url,
        clock,
        server: Arc::clone(&control) as _,
        tsdb: store.clone(),
    };
    let router = narthex_web::site(narthex_api::router(Arc::new(rooms)), site);
    listening.serve(router, &mut tasks);
    // After all that asks queries.
    query_log_writer.spawn(&mut tasks);
    store.spawn(&mut tasks);
    control.ready();
    info!("ready");
    let stopped = Arc::clone(&control);
    let outcome = tasks.run_until(async move { stopped.told_to_stop().await }).await;
    journals.active.close();
    info!("stopped");
    Ok(outcome?)
}

fn engine_config(flags: &ServeFlags, journals: Arc<Journals>) -> EngineConfig {
    EngineConfig {
        lookback: flags.lookback,
        timeout: flags.query_timeout,
        samples_max: flags.query_samples_max,
        memory_max: usize::try_from(flags.query_memory_max).unwrap_or(usize::MAX),
        concurrency: flags.query_concurrency,
        features: features::of_server(&flags.features),
        observer: Some(journals),
        ..EngineConfig::default()
    }
}

/// The first address that is listened on, as others can reach it.
fn own_url(listening: &narthex_web::Bound) -> String {
    match listening.addresses().first() {
        Some(address) if address.ip().is_unspecified() => {
            format!("http://{}:{}", process::host_name(), address.port())
        }
        Some(address) => format!("http://{address}"),
        None => format!("http://{}", process::host_name()),
    }
}

fn announce(metrics: &Metrics) {
    let version = env!("CARGO_PKG_VERSION");
    let help = "A metric with a constant '1' value labeled by the version of the program.";
    metrics.gauge("narthex_build_info", help, &[("version", version)]).set(1.0);
    // Dashboards and Grafana look for it.
    let help = "A metric with a constant '1' value labeled by the version whose API this is.";
    let of_prometheus = &[("version", narthex_api::PROMETHEUS), ("narthex_version", version)];
    metrics.gauge("prometheus_build_info", help, of_prometheus).set(1.0);
    info!(version, "narthex starts");
}
