//! `narthex check alertmanager`: the lines and exit codes of `amtool check-config`.

use std::sync::Arc;

use camino::Utf8Path;
use narthex_config::{Config, Source};
use narthex_platform::{Disk, RealDisk};
use serde_json::json;

use super::arguments::AlertmanagerArguments;
use super::config::plugins;
use super::{Verdict, complain, say};
use crate::reload::check_plugins;

/// Where the system shows standard input.
const INPUT: &str = "/dev/stdin";

pub(super) fn check(arguments: &AlertmanagerArguments) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // An error means that another part of the process has set the same provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let disk = RealDisk::shared();
    let input = [INPUT.into()];
    let files = if arguments.files.is_empty() { &input } else { arguments.files.as_slice() };
    let mut failed = 0_u32;
    for file in files {
        let checked = runtime.block_on(one(&disk, file, arguments.plugins.as_deref()));
        match checked {
            Ok(found) => say(&format!("Checking '{file}'  SUCCESS\n{found}")),
            Err(error) => {
                say(&format!("Checking '{file}'  FAILED: {error:#}\n"));
                failed += 1;
            }
        }
    }
    runtime.shutdown_background();
    if failed == 0 {
        return Ok(Verdict::Good);
    }
    complain(&format!("failed to validate {failed} file(s)"));
    Ok(Verdict::Bad)
}

/// Reads one file as the server would that names it; what was found in it.
async fn one(
    disk: &Arc<dyn Disk>,
    file: &Utf8Path,
    plugins_folder: Option<&Utf8Path>,
) -> anyhow::Result<String> {
    let mut naming = json!({ "alertmanager_config_file": file.as_str() });
    if let (Some(folder), Some(naming)) = (plugins_folder, naming.as_object_mut()) {
        naming.insert("plugins".to_owned(), json!({ "dir": folder.as_str() }));
    }
    // Its name has no folder, so that paths count from where the command runs.
    let path = Utf8Path::new("the command line");
    let source = Source { disk: &**disk, path, variable: &|_| None, expands_env: false };
    let config = narthex_config::load_text(&source, &naming.to_string())?;
    if plugins_folder.is_some() && !config.plugin_uses.is_empty() {
        check_plugins(&config, &plugins(&config, disk).await?).await?;
    }
    Ok(found(&config))
}

fn found(config: &Config) -> String {
    let Some(alerting) = &config.alerting else { return String::new() };
    let (rules, receivers) = (alerting.inhibit_rules().len(), alerting.receivers().len());
    let templates = alerting.template_patterns().len();
    let read = if templates > 0 { "  SUCCESS\n" } else { "" };
    format!(
        "Found:\n - global config\n - route\n - {rules} inhibit rules\n - {receivers} receivers\n - \
         {templates} templates\n{read}"
    )
}
