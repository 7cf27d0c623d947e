//! The arguments of `narthex check`: those of `promtool check`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};
use narthex_model::parse_duration;

use super::lint::{ConfigLints, RuleLints};

/// Checks.
#[derive(Debug, Args)]
pub(crate) struct CheckCommand {
    /// The features that the server will have, separated by commas; may be repeated.
    #[arg(long = "enable-feature", global = true, value_delimiter = ',', value_name = "FEATURE")]
    pub(super) features: Vec<String>,
    /// How far the server's queries will look back; a scrape interval should be shorter.
    #[arg(
        long = "query.lookback-delta",
        global = true,
        default_value = "5m",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    pub(super) lookback: Duration,
    #[command(subcommand)]
    pub(super) subject: Subject,
}

/// What can be checked.
#[derive(Debug, Subcommand)]
pub(super) enum Subject {
    /// Checks configuration files, with their rule files, secrets, and what they say to plugins.
    Config(ConfigArguments),
    /// Checks rule files, or standard input.
    Rules(RulesArguments),
    /// Judges the metrics on standard input: their names, types and help.
    Metrics {
        /// Show how many series each family has.
        #[arg(long)]
        extended: bool,
        /// What is judged: all or none.
        #[arg(long, default_value = "all", value_name = "LINT")]
        lint: String,
    },
    /// Checks files for `--web.config.file` of Prometheus, and the certificates in them.
    WebConfig {
        /// The files.
        #[arg(required = true)]
        files: Vec<Utf8PathBuf>,
    },
    /// Shows what the discovery of a job finds, and what becomes of it.
    ServiceDiscovery(DiscoveryArguments),
    /// Checks files for Alertmanager, with their templates and what they say to notifiers.
    #[command(visible_alias = "alertmanager-config")]
    Alertmanager(AlertmanagerArguments),
    /// Asks a server whether it is healthy.
    Healthy(ServerArguments),
    /// Asks a server whether it takes requests.
    Ready(ServerArguments),
}

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// The files.
    #[arg(required = true)]
    pub(super) files: Vec<Utf8PathBuf>,
    /// Do not look at the files that these name, nor at plugins.
    #[arg(long = "syntax-only")]
    pub(super) syntax_only: bool,
    /// What should be different, separated by commas: all, duplicate-rules,
    /// too-long-scrape-interval, none.
    #[arg(long, default_value = "duplicate-rules", value_name = "LINT")]
    pub(super) lint: ConfigLints,
    /// Exit with 3 when something should be different.
    #[arg(long = "lint-fatal")]
    pub(super) lint_fatal: bool,
    /// Pass over keys that rule files do not have.
    #[arg(long = "ignore-unknown-fields")]
    pub(super) ignore_unknown: bool,
    /// Judge the files as those of a Prometheus that runs as an agent.
    #[arg(long)]
    pub(super) agent: bool,
    /// Read `${NAME}` as the server with this flag does.
    #[arg(long = "config.expand-env")]
    pub(super) expand_env: bool,
}

#[derive(Debug, Args)]
pub(super) struct AlertmanagerArguments {
    /// The files; without any, standard input.
    pub(super) files: Vec<Utf8PathBuf>,
    /// Have what receivers say judged by the notifiers in this folder.
    #[arg(long = "plugins.dir", value_name = "FOLDER")]
    pub(super) plugins: Option<Utf8PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    /// The files; without any, standard input.
    pub(super) files: Vec<Utf8PathBuf>,
    /// What should be different, separated by commas: all, duplicate-rules, none.
    #[arg(long, default_value = "duplicate-rules", value_name = "LINT")]
    pub(super) lint: RuleLints,
    /// Exit with 3 when something should be different.
    #[arg(long = "lint-fatal")]
    pub(super) lint_fatal: bool,
    /// Pass over keys that rule files do not have.
    #[arg(long = "ignore-unknown-fields")]
    pub(super) ignore_unknown: bool,
}

#[derive(Debug, Args)]
pub(super) struct DiscoveryArguments {
    /// The configuration file.
    pub(super) file: Utf8PathBuf,
    /// The name of the job.
    pub(super) job: String,
    /// How long targets are waited for.
    #[arg(long, default_value = "30s", value_parser = parse_duration, value_name = "DURATION")]
    pub(super) timeout: Duration,
    /// Read `${NAME}` as the server with this flag does.
    #[arg(long = "config.expand-env")]
    pub(super) expand_env: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServerArguments {
    /// The server.
    #[arg(long, default_value = "http://localhost:9090")]
    pub(super) url: String,
    /// How to talk to it: a file with the keys of `http_config`.
    #[arg(long = "http.config.file", value_name = "FILE")]
    pub(super) http_config: Option<Utf8PathBuf>,
}
