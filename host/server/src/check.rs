//! `narthex check`: files are read as serving would read them; nothing is started or written.

use std::sync::Arc;

use narthex_platform::{Clock, Metrics, RealDisk};
use narthex_plugins::Plugins;
use narthex_promql::Features;
use narthex_state::StateStore;

use crate::features;
use crate::flags::{Check, CheckCommand};
use crate::reload::{ConfigFile, check_plugins, read_rules};

/// Does what the command line says.
///
/// # Errors
/// Of the first file that would be refused: file, line, key and what would be right.
pub(crate) fn run(command: &CheckCommand) -> anyhow::Result<()> {
    let Check::Config { files, expand_env } = &command.subject;
    let files =
        files.iter().map(|path| ConfigFile { path: path.clone(), expands_env: *expand_env });
    config(files, features::of_command(&command.features))
}

/// Checks configuration files, in order; says of each what it holds.
fn config(files: impl Iterator<Item = ConfigFile>, features: Features) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        for file in files {
            say(&check_one(&file, features).await?);
        }
        Ok(())
    });
    runtime.shutdown_background();
    outcome
}

async fn check_one(file: &ConfigFile, features: Features) -> anyhow::Result<String> {
    let disk = RealDisk::shared();
    let config = file.load(&*disk)?;
    if let Some(missing) = config.missing_files.first() {
        anyhow::bail!("{missing}");
    }
    for warning in &config.warnings {
        say(&format!("warning: {warning}"));
    }
    read_rules(&config, features)?;
    if !config.plugin_uses.is_empty() {
        let deps = narthex_plugins::Deps {
            clock: Clock::real(),
            disk: Arc::clone(&disk),
            metrics: Metrics::new(),
            state: StateStore::in_memory()?,
            client: crate::outbound::options(&disk),
            environment: crate::outbound::environment(),
            cache_folder: None,
        };
        let plugins = Plugins::load(config.plugins.clone(), deps).await?;
        check_plugins(&config, &plugins).await?;
    }
    let (jobs, rules, uses) =
        (config.jobs.len(), config.rule_files.len(), config.plugin_uses.len());
    let file = &file.path;
    Ok(format!("{file}: valid; {jobs} scrape jobs, {rules} rule files, {uses} uses of plugins"))
}

#[expect(clippy::print_stdout, reason = "the answer to a command")]
fn say(text: &str) {
    println!("{text}");
}
