//! A new configuration: every room prepares it and may refuse; only when all agree does each
//! commit. A refused one changes nothing.

use std::sync::Arc;

use anyhow::Context;
use camino::Utf8PathBuf;
use narthex_alerting::Alerting;
use narthex_config::{Config, Inputs, ShownJobs, Source};
use narthex_consoles::Consoles;
use narthex_dashboards::Dashboards;
use narthex_discovery::{Discovery, Providers};
use narthex_model::Labels;
use narthex_notify::{Alertmanagers, Found};
use narthex_platform::Disk;
use narthex_plugins::Plugins;
use narthex_promql::{Engine, Features};
use narthex_remote::Federation;
use narthex_rules::{Reading, RuleFiles, Rules, RulesConfig};
use narthex_scrape::{Reload as ScrapeReload, Scraper};
use narthex_tsdb::{Settings, SyncPolicy, Tsdb};
use parking_lot::Mutex;

use crate::audience::Audience;
use crate::queries::{Journals, PreparedLog};

/// Where the configuration is, and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct ConfigFile {
    pub(crate) path: Utf8PathBuf,
    /// `--config.expand-env`
    pub(crate) expands_env: bool,
}

impl ConfigFile {
    /// Reads it with variables from the environment.
    ///
    /// # Errors
    /// Names file, line and key.
    pub(crate) fn load(&self, disk: &dyn Disk) -> anyhow::Result<Config> {
        Ok(narthex_config::load(&self.source(disk))?)
    }

    /// The same for a server that only scrapes and sends.
    ///
    /// # Errors
    /// Names file, line and key.
    pub(crate) fn load_for_agent(&self, disk: &dyn Disk) -> anyhow::Result<Config> {
        Ok(narthex_config::load_for_agent(&self.source(disk))?)
    }

    /// The files that would be read, as they are now.
    pub(crate) fn inputs(&self, disk: &dyn Disk) -> Inputs {
        Inputs::of(&self.source(disk))
    }

    fn source<'a>(&'a self, disk: &'a dyn Disk) -> Source<'a> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the composition root hands the environment down"
        )]
        let variable = &|name: &str| std::env::var(name).ok();
        Source { disk, path: &self.path, variable, expands_env: self.expands_env }
    }
}

/// Rule files, parsed.
///
/// # Errors
/// Names file, line and key of everything that is wrong.
pub(crate) fn read_rules(config: &Config, features: Features) -> anyhow::Result<RuleFiles> {
    let files = config.rule_files.iter().map(|file| (file.path.as_str(), file.text.as_str()));
    Ok(RuleFiles::read_with(files, Reading { features, ..Reading::default() })?)
}

/// Asks plugins about what the file says to them.
///
/// # Errors
/// Names the place in the file that a plugin refuses.
pub(crate) async fn check_plugins(config: &Config, plugins: &Plugins) -> anyhow::Result<()> {
    for part in &config.plugin_uses {
        let given = part.given(plugins.takes_http(part.kind, &part.plugin))?;
        let checked = plugins.validate(part.kind, &part.plugin, given).await;
        match checked {
            Ok(remarks) => {
                for remark in remarks {
                    tracing::info!(
                        plugin = part.plugin,
                        remark,
                        "a plugin remarks on its configuration"
                    );
                }
            }
            Err(error) => {
                return Err(part
                    .error(&error.pointer(), &narthex_settings::error_chain(&error))
                    .into());
            }
        }
    }
    Ok(())
}

/// The rooms that a configuration reaches.
pub(crate) struct Reloader {
    pub(crate) file: ConfigFile,
    /// What the last look at the file was at, taken or refused. Nothing else is locked meanwhile.
    pub(crate) read: Arc<Mutex<Inputs>>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) external_url: String,
    /// The plugin folder and the log's sync; they stay as they were at the start.
    pub(crate) fixed: (Utf8PathBuf, Option<SyncPolicy>),
    /// The store's settings by the command line.
    pub(crate) settings: Settings,
    pub(crate) store: Tsdb,
    pub(crate) plugins: Plugins,
    pub(crate) dashboards: Dashboards,
    pub(crate) discovery: Discovery,
    pub(crate) scraper: Scraper,
    pub(crate) engine: Engine,
    pub(crate) journals: Arc<Journals>,
    pub(crate) rules: Rules,
    /// What the command line says of rules.
    pub(crate) rules_by_flags: RulesConfig,
    pub(crate) federation: Federation,
    pub(crate) consoles: Consoles,
    pub(crate) alerting: Alerting,
    /// Finds other Alertmanagers.
    pub(crate) notify_discovery: Discovery,
    pub(crate) alertmanagers: Alertmanagers,
    pub(crate) audience: Audience,
}

/// A configuration as it may be shown.
pub(crate) struct ShownConfig {
    pub(crate) whole: String,
    /// The part that routes alerts, as a file of its own.
    pub(crate) alertmanager: String,
    /// Each job by itself.
    pub(crate) jobs: Arc<ShownJobs>,
}

impl Reloader {
    /// Reads the file again and takes it on; answers with what of it may be shown.
    ///
    /// # Errors
    /// Names what is refused; nothing was changed.
    pub(crate) async fn reload(&mut self) -> anyhow::Result<ShownConfig> {
        // First, so that what changes while the file is read is found afterwards.
        let inputs = self.file.inputs(&*self.disk);
        *self.read.lock() = inputs;
        let config = self.file.load(&*self.disk)?;
        let (dir, sync) = &self.fixed;
        anyhow::ensure!(config.plugins.dir == *dir, "plugins.dir: a change needs a restart");
        anyhow::ensure!(
            config.storage.sync() == *sync,
            "storage.wal.sync: a change needs a restart"
        );
        self.apply(config).await
    }

    /// Takes a configuration on in all rooms, or in none.
    ///
    /// # Errors
    /// Names what is refused; nothing was changed.
    pub(crate) async fn apply(&mut self, config: Config) -> anyhow::Result<ShownConfig> {
        for told in config.missing_files.iter().chain(&config.warnings) {
            tracing::warn!("{told}");
        }
        let is_routed_here = Audience::is_routed_here(&config);
        let plugins = self.plugins.prepare(config.plugins.clone()).await?;
        let asked = plugins.plugins();
        check_plugins(&config, asked).await?;
        let is_secret = |kind, plugin: &str, keys: &[&str]| asked.is_secret(kind, plugin, keys);
        let shown = ShownConfig {
            whole: config.shown(&is_secret),
            alertmanager: config.alertmanager_shown(&is_secret),
            jobs: Arc::new(config.shown_jobs(&is_secret)),
        };
        let rule_files = read_rules(&config, self.engine.config().features)?;
        let settings = config.store_settings(&self.settings).context("storage")?;
        let settings = self.store.prepare(settings)?;
        let jobs = config.jobs.iter().map(|job| (job.name.clone(), job.discovery.clone()));
        let discovery = self.discovery.prepare(jobs, &plugins)?;
        let longest_interval = config.jobs.iter().map(|job| job.scrape.interval).max();
        let jobs = config
            .jobs
            .into_iter()
            .map(|job| {
                let targets = discovery.targets(&job.name).context("every job has targets")?;
                Ok((job.scrape, targets))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let offset_seed = Labels::from_pairs(config.external_labels.iter()).stable_hash();
        let scrape = self.scraper.prepare(ScrapeReload { jobs, exporters: asked, offset_seed })?;
        let rules_config = RulesConfig {
            evaluation_interval: config.evaluation_interval,
            query_offset: config.rule_query_offset,
            external_labels: config.external_labels.clone(),
            external_url: self.external_url.clone(),
            // One scrape may fail.
            settle: longest_interval.unwrap_or_default().saturating_mul(2),
            ..self.rules_by_flags.clone()
        };
        let rules = self.rules.prepare(rules_config, rule_files);
        let (notify_discovery, alertmanagers) =
            self.prepare_alertmanagers(config.alertmanagers, &plugins)?;
        let alerting = self.alerting.prepare(config.alerting.unwrap_or_default(), asked)?;
        let query_log = PreparedLog::open(&self.disk, config.query_log_file.as_deref())?;

        // What others call comes first.
        self.plugins.commit(plugins);
        self.store.commit(settings);
        self.discovery.commit(discovery);
        self.scraper.commit(scrape);
        self.engine.set_subquery_step(config.evaluation_interval);
        self.journals.log.commit(query_log);
        self.notify_discovery.commit(notify_discovery);
        self.audience.commit(is_routed_here, alertmanagers);
        self.rules.commit(rules);
        self.federation.set_external_labels(&config.external_labels);
        self.consoles.set_external_labels(&config.external_labels);
        self.alerting.commit(alerting);
        self.dashboards.commit(&config.dashboards);
        Ok(shown)
    }

    /// Those whom alerts are sent to, and where they are found.
    fn prepare_alertmanagers(
        &self,
        config: narthex_config::Alertmanagers,
        providers: &dyn Providers,
    ) -> anyhow::Result<(narthex_discovery::Prepared, narthex_notify::Prepared)> {
        let names: Vec<String> =
            (0..config.discovery.len()).map(narthex_config::Alertmanagers::name).collect();
        let jobs = names.iter().cloned().zip(config.discovery);
        let found = self.notify_discovery.prepare(jobs, providers).context("alerting")?;
        let of_item = |name: &String| {
            Some(Found { targets: found.targets(name)?, has_answered: found.has_answered(name)? })
        };
        let targets = names.iter().map(|name| of_item(name).context("each has targets"));
        let targets = targets.collect::<anyhow::Result<Vec<_>>>()?;
        Ok((found, self.alertmanagers.prepare(config.notify, targets)?))
    }
}
