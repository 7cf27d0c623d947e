//! `narthex check config`.

use std::sync::Arc;
use std::time::Duration;

use narthex_client::Client;
use narthex_config::Config;
use narthex_model::format_duration;
use narthex_platform::{Clock, Disk, Metrics, RealDisk};
use narthex_plugins::Plugins;
use narthex_promql::Features;
use narthex_rules::Reading;
use narthex_scrape::Source;
use narthex_state::StateStore;

use super::arguments::ConfigArguments;
use super::rules::Judge;
use super::{Verdict, complain, say};
use crate::outbound;
use crate::reload::{ConfigFile, check_plugins};

pub(super) fn check(
    arguments: &ConfigArguments,
    features: Features,
    lookback: Duration,
) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // An error means that another part of the process has set the same provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let disk = RealDisk::shared();
    let mut verdict = Verdict::Good;
    for path in &arguments.files {
        say(&format!("Checking {path}"));
        let file = ConfigFile { path: path.clone(), expands_env: arguments.expand_env };
        let checked = runtime.block_on(one(&file, &disk, arguments));
        let config = match checked {
            Ok(config) => config,
            Err(error) => {
                complain(&format!("  FAILED: {error:#}"));
                say("");
                verdict = Verdict::Bad;
                continue;
            }
        };
        if !config.rule_files.is_empty() && !arguments.syntax_only {
            say(&format!("  SUCCESS: {} rule files found", config.rule_files.len()));
        }
        say(&format!(" SUCCESS: {path} is valid prometheus config file syntax"));
        say("");
        if !arguments.syntax_only {
            verdict = verdict.max(lint(&config, arguments, features, lookback));
        }
    }
    runtime.shutdown_background();
    Ok(verdict)
}

/// Reads one file and what it names.
async fn one(
    file: &ConfigFile,
    disk: &Arc<dyn Disk>,
    arguments: &ConfigArguments,
) -> anyhow::Result<Config> {
    let config = if arguments.agent { file.load_for_agent(&**disk)? } else { file.load(&**disk)? };
    for warning in &config.warnings {
        complain(&format!("  WARNING: {warning}"));
    }
    if arguments.syntax_only {
        return Ok(config);
    }
    if let Some(missing) = config.missing_files.first() {
        anyhow::bail!("{missing}");
    }
    for job in &config.jobs {
        let Source::Http(http) = &job.scrape.source else { continue };
        let about = |error: &dyn std::error::Error| {
            anyhow::anyhow!("job {:?}: {}", job.name, narthex_settings::error_chain(error))
        };
        let client = Client::new((**http).clone(), outbound::options(disk));
        client.map_err(|error| about(&error))?.check_secrets().map_err(|error| about(&error))?;
    }
    for (index, alertmanager) in config.alertmanagers.notify.alertmanagers.iter().enumerate() {
        let about = |error: &dyn std::error::Error| {
            let error = narthex_settings::error_chain(error);
            anyhow::anyhow!("alerting.alertmanagers[{index}]: {error}")
        };
        let client = Client::new(alertmanager.http.clone(), outbound::options(disk));
        client.map_err(|error| about(&error))?.check_secrets().map_err(|error| about(&error))?;
    }
    if !config.plugin_uses.is_empty() {
        check_plugins(&config, &plugins(&config, disk).await?).await?;
    }
    Ok(config)
}

/// The plugins that the file can use, with nothing kept from one check to the next.
pub(super) async fn plugins(config: &Config, disk: &Arc<dyn Disk>) -> anyhow::Result<Plugins> {
    let deps = narthex_plugins::Deps {
        clock: Clock::real(),
        disk: Arc::clone(disk),
        metrics: Metrics::new(),
        state: StateStore::in_memory()?,
        client: outbound::options(disk),
        environment: outbound::environment(),
        cache_folder: None,
    };
    Ok(Plugins::load(config.plugins.clone(), deps).await?)
}

/// Judges the rule files, and what works but should be different.
fn lint(
    config: &Config,
    arguments: &ConfigArguments,
    features: Features,
    lookback: Duration,
) -> Verdict {
    let judge = Judge {
        reading: Reading { features, ignores_unknown_keys: arguments.ignore_unknown },
        lints: arguments.lint.rules,
        lint_is_fatal: arguments.lint_fatal,
    };
    let mut verdict = Verdict::Good;
    if arguments.lint.long_intervals {
        for job in config.jobs.iter().filter(|job| job.scrape.interval >= lookback) {
            complain(&format!(
                "  FAILED: too long scrape interval found, data point will be marked as stale - job: {}, interval: {}",
                job.name,
                format_duration(job.scrape.interval),
            ));
            if arguments.lint_fatal {
                verdict = Verdict::Lint;
            }
        }
    }
    for file in &config.rule_files {
        say(&format!("Checking {}", file.path));
        verdict = verdict.max(judge.text(file.path.as_str(), &file.text));
    }
    verdict
}
