//! The command line: the flags of `prometheus`, and our commands.

mod alerting;
mod consoles;
mod rules;
mod scrape;
mod storage;
mod web;

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};
use narthex_model::parse_duration;

use self::alerting::AlertingFlags;
use self::consoles::ConsoleFlags;
use self::rules::RulesFlags;
use self::scrape::ScrapeFlags;
use self::storage::parse_size;
pub(crate) use self::storage::{StorageFlags, retention_text};
use self::web::WebFlags;
use crate::check::CheckCommand;
use crate::oncall::{
    AlertCommand, AlertmanagerCommand, RoutesCommand, SilenceCommand, TemplateCommand,
};
use crate::plugin::PluginCommand;
use crate::promql::PromqlCommand;
use crate::query::QueryCommand;
use crate::tsdb::TsdbCommand;
use crate::unit_test::TestCommand;

/// A monitoring server: scrapes, stores, queries, alerts.
#[derive(Debug, Parser)]
#[command(name = "narthex", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeFlags,
}

/// Commands beside serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks files without starting anything.
    Check(CheckCommand),
    /// Works on a data folder, ours or Prometheus', without a server.
    #[command(subcommand)]
    Tsdb(TsdbCommand),
    /// Formats and edits queries.
    Promql(PromqlCommand),
    /// Asks a server, ours or Prometheus'.
    Query(QueryCommand),
    /// Makes, builds, calls, tests and judges plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Asks a server, ours or an Alertmanager, for alerts, acknowledges them, or sends it one.
    Alert(AlertCommand),
    /// Shows how an Alertmanager runs, or our server in the place of one.
    Alertmanager(AlertmanagerCommand),
    /// Asks a server, ours or an Alertmanager, for silences, makes, changes and ends them.
    Silence(SilenceCommand),
    /// Shows how alerts are routed, and tries it.
    Routes(RoutesCommand),
    /// Renders templates of notifications.
    Template(TemplateCommand),
    /// Runs unit tests.
    Test(TestCommand),
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Logfmt,
    /// For machines.
    Json,
}

/// The flags of `prometheus` that are served.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeFlags {
    /// The configuration file.
    #[arg(long = "config.file", default_value = "prometheus.yml", value_name = "FILE")]
    pub(crate) config_file: Utf8PathBuf,

    /// Put variables of the environment in place of `${NAME}` and `${NAME:-default}` in every value.
    #[arg(long = "config.expand-env")]
    pub(crate) expand_env: bool,

    /// Reload the configuration when its file or a file that it names changes.
    #[arg(long = "config.auto-reload")]
    pub(crate) auto_reload: bool,

    /// How often these files are looked at, beside what the system tells of them; at least 1s.
    #[arg(
        long = "config.auto-reload-interval",
        default_value = "30s",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    pub(crate) auto_reload_interval: Duration,

    #[command(flatten)]
    pub(crate) web: WebFlags,

    #[command(flatten)]
    pub(crate) consoles: ConsoleFlags,

    #[command(flatten)]
    pub(crate) storage: StorageFlags,

    #[command(flatten)]
    pub(crate) scrape: ScrapeFlags,

    #[command(flatten)]
    pub(crate) alerting: AlertingFlags,

    #[command(flatten)]
    pub(crate) rules: RulesFlags,

    /// How far an instant query looks back for a sample.
    #[arg(
        long = "query.lookback-delta",
        default_value = "5m",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    pub(crate) lookback: Duration,

    /// How long a query may take.
    #[arg(
        long = "query.timeout",
        default_value = "2m",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    pub(crate) query_timeout: Duration,

    /// Queries at the same time; others wait.
    #[arg(long = "query.max-concurrency", default_value_t = 20, value_name = "N")]
    pub(crate) query_concurrency: usize,

    /// Samples that one query may hold in memory.
    #[arg(long = "query.max-samples", default_value_t = 50_000_000, value_name = "N")]
    pub(crate) query_samples_max: usize,

    /// Memory that one query may take for samples and results, as in 512MiB.
    #[arg(
        long = "query.max-memory",
        default_value = "1GiB",
        value_parser = parse_size,
        value_name = "SIZE"
    )]
    pub(crate) query_memory_max: u64,

    /// Features of Prometheus that are off by default, separated by commas; may be repeated.
    #[arg(long = "enable-feature", value_delimiter = ',', value_name = "FEATURE")]
    pub(crate) features: Vec<String>,

    /// Which log lines are shown: error, warn, info, debug, or a filter by module.
    #[arg(long = "log.level", default_value = "info", value_name = "LEVEL")]
    pub(crate) log_level: String,

    /// How log lines look.
    #[arg(long = "log.format", default_value = "logfmt", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl ServeFlags {
    /// Names and values, for /api/v1/status/flags.
    pub(crate) fn shown(&self) -> Vec<(String, String)> {
        let duration = |duration| narthex_model::format_duration(duration);
        let mut flags = vec![
            ("config.file", self.config_file.to_string()),
            ("config.expand-env", self.expand_env.to_string()),
            ("config.auto-reload", self.auto_reload.to_string()),
            ("config.auto-reload-interval", duration(self.auto_reload_interval)),
            ("query.lookback-delta", duration(self.lookback)),
            ("query.timeout", duration(self.query_timeout)),
            ("query.max-concurrency", self.query_concurrency.to_string()),
            ("query.max-samples", self.query_samples_max.to_string()),
            ("query.max-memory", self.query_memory_max.to_string()),
            ("enable-feature", self.features.join(",")),
            ("log.level", self.log_level.clone()),
            (
                "log.format",
                if self.log_format == LogFormat::Json { "json" } else { "logfmt" }.to_owned(),
            ),
        ];
        flags.extend(self.web.shown());
        flags.extend(self.consoles.shown());
        flags.extend(self.storage.shown());
        flags.extend(self.scrape.shown());
        flags.extend(self.alerting.shown());
        flags.extend(self.rules.shown());
        flags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_flag_is_shown() {
        let command = Cli::command();
        let flags = Cli::parse_from(["narthex"]).serve.shown();
        let known: Vec<&str> = command.get_arguments().filter_map(|arg| arg.get_long()).collect();
        let shown: Vec<&str> = flags.iter().map(|(name, _)| name.as_str()).collect();
        let is_switch =
            |name: &&&str| ["help", "version"].contains(name) || name.starts_with("no-");
        for name in known.iter().filter(|name| !is_switch(name)) {
            assert!(shown.contains(name), "{name} is not shown");
        }
    }
}
