//! The arguments of `narthex alert`, `silence`, `routes` and `template`: those of amtool, and ours.
//!
//! What amtool's configuration files may say stays a text here, so that it is known what was given.

use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueEnum};
use narthex_alerting::TimeInterval;
use narthex_oncall::parse_recurring;

/// Which server is asked, and how answers look.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// The server, ours or an Alertmanager [default: http://127.0.0.1:9090].
    #[arg(long = "alertmanager.url", global = true, value_name = "URL")]
    pub(super) url: Option<String>,
    /// How to talk to it: a file with the keys of `http_config`.
    #[arg(long = "http.config.file", global = true, value_name = "FILE")]
    pub(super) http_config: Option<String>,
    /// How long it may take to answer [default: 30s].
    #[arg(long, global = true, value_name = "DURATION")]
    pub(super) timeout: Option<String>,
    /// How much is shown: simple, extended, or json [default: simple].
    #[arg(short = 'o', long, global = true, value_name = "FORM")]
    pub(super) output: Option<String>,
    /// How times are shown, as a layout of Go [default: 2006-01-02 15:04:05 MST].
    #[arg(long = "date.format", global = true, value_name = "LAYOUT")]
    pub(super) date_format: Option<String>,
    /// Of amtool, which warns of servers that are not of its version. Ours has none to warn of.
    #[arg(long = "no-version-check", global = true, hide = true)]
    no_version_check: bool,
}

/// Asks for alerts, or makes one.
#[derive(Debug, Args)]
pub(crate) struct AlertCommand {
    #[command(flatten)]
    pub(super) server: ServerArguments,
    #[command(flatten)]
    pub(super) query: AlertQuery,
    #[command(subcommand)]
    pub(super) ask: Option<AlertAsk>,
}

#[derive(Debug, Subcommand)]
pub(super) enum AlertAsk {
    /// Shows alerts; what `narthex alert` does by itself.
    Query(AlertQuery),
    /// Sends an alert.
    Add(AlertAdd),
    /// Says that somebody cares for alerts that fire: nobody is reminded of them until they are over. An
    /// Alertmanager does not know it.
    #[command(visible_alias = "ack")]
    Acknowledge(Acknowledge),
    /// Shows alerts that are acknowledged, and by whom.
    #[command(visible_alias = "acks")]
    Acknowledgements {
        /// Matchers such as severity=page; the first may be the name of an alert.
        #[arg(value_name = "MATCHER")]
        matchers: Vec<String>,
    },
    /// Takes acknowledgements back.
    #[command(visible_alias = "unack")]
    Unacknowledge {
        /// The fingerprints of the alerts, as `acknowledgements` shows them.
        #[arg(value_name = "FINGERPRINT")]
        fingerprints: Vec<String>,
    },
}

#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct AlertQuery {
    /// Show alerts that another one keeps quiet.
    #[arg(short = 'i', long)]
    pub(super) inhibited: bool,
    /// Show alerts that a silence keeps quiet.
    #[arg(short = 's', long)]
    pub(super) silenced: bool,
    /// Show alerts that are notified of; nothing else is shown where no kind is named.
    #[arg(short = 'a', long)]
    pub(super) active: bool,
    /// Show alerts that the server has not looked at.
    #[arg(short = 'u', long)]
    pub(super) unprocessed: bool,
    /// Show alerts that go to such receivers.
    #[arg(short = 'r', long, value_name = "REGEX")]
    pub(super) receiver: Option<String>,
    /// Matchers such as severity=page; the first may be the name of an alert.
    #[arg(value_name = "MATCHER")]
    pub(super) matchers: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct AlertAdd {
    /// Where the alert comes from.
    #[arg(long = "generator-url", value_name = "URL")]
    pub(super) generator_url: Option<String>,
    /// When it began, as RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub(super) start: Option<String>,
    /// When it ends, as RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub(super) end: Option<String>,
    /// A text for people, as NAME=VALUE; may be repeated.
    #[arg(long = "annotation", value_name = "NAME=VALUE")]
    pub(super) annotations: Vec<String>,
    /// Labels, as NAME=VALUE; the first may be the alert's name alone.
    #[arg(value_name = "LABEL")]
    pub(super) labels: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Acknowledge {
    /// Who cares; you where nothing is said.
    #[arg(short = 'a', long, value_name = "NAME")]
    pub(super) author: Option<String>,
    /// What is done.
    #[arg(short = 'c', long, value_name = "TEXT")]
    pub(super) comment: Option<String>,
    /// How long it counts; until the alerts are over where nothing is said.
    #[arg(short = 'd', long, value_name = "DURATION")]
    pub(super) duration: Option<String>,
    /// When it ends, as RFC 3339; stands above --duration.
    #[arg(long, value_name = "TIME")]
    pub(super) end: Option<String>,
    /// Matchers such as severity=page; the first may be the name of an alert.
    #[arg(value_name = "MATCHER")]
    pub(super) matchers: Vec<String>,
}

/// Asks for silences, makes, changes and ends them.
#[derive(Debug, Args)]
pub(crate) struct SilenceCommand {
    #[command(flatten)]
    pub(super) server: ServerArguments,
    #[command(flatten)]
    pub(super) query: SilenceQuery,
    #[command(subcommand)]
    pub(super) ask: Option<SilenceAsk>,
}

#[derive(Debug, Subcommand)]
pub(super) enum SilenceAsk {
    /// Shows silences; what `narthex silence` does by itself.
    Query(SilenceQuery),
    /// Makes a silence, and says beside its id which alerts it is about.
    Add(SilenceAdd),
    /// Ends silences.
    Expire {
        /// Their ids.
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// Changes silences.
    Update(SilenceUpdate),
    /// Sends silences of a file that `export`, or `query -o json`, wrote.
    Import {
        /// Make each a new one, even where the server has it.
        #[arg(short = 'f', long)]
        force: bool,
        /// How many are sent at the same time [default: 8].
        #[arg(short = 'w', long = "worker", value_name = "N")]
        workers: Option<usize>,
        /// The file; without it, standard input.
        file: Option<Utf8PathBuf>,
    },
    /// Writes silences as `import` takes them.
    Export(SilenceQuery),
}

#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct SilenceQuery {
    /// Show silences that are over instead of those that are not.
    #[arg(long)]
    pub(super) expired: bool,
    /// Show nothing but ids.
    #[arg(short = 'q', long)]
    pub(super) quiet: bool,
    /// Show silences of somebody.
    #[arg(long = "created-by", value_name = "NAME")]
    pub(super) created_by: Option<String>,
    /// Show one silence.
    #[arg(long)]
    pub(super) id: Option<String>,
    /// Show silences that end, or ended, within so long.
    #[arg(long, value_name = "DURATION")]
    pub(super) within: Option<String>,
    /// Matchers that the silences have; the first may be the name of an alert.
    #[arg(value_name = "MATCHER")]
    pub(super) matchers: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct SilenceAdd {
    /// Whose it is; yours where nothing is said.
    #[arg(short = 'a', long, value_name = "NAME")]
    pub(super) author: Option<String>,
    /// Refuse a silence without a comment, which is the default.
    #[arg(long = "require-comment", hide = true, overrides_with = "no_require_comment")]
    require_comment: bool,
    /// Take a silence without a comment.
    #[arg(long = "no-require-comment", hide = true)]
    no_require_comment: bool,
    /// How long it is [default: 1h].
    #[arg(short = 'd', long, value_name = "DURATION")]
    pub(super) duration: Option<String>,
    /// When it begins, as RFC 3339; now where nothing is said.
    #[arg(long, value_name = "TIME")]
    pub(super) start: Option<String>,
    /// When it ends, as RFC 3339; stands above --duration.
    #[arg(long, value_name = "TIME")]
    pub(super) end: Option<String>,
    /// Why.
    #[arg(short = 'c', long, value_name = "TEXT")]
    pub(super) comment: Option<String>,
    /// A note for programs, as NAME=VALUE; may be repeated.
    #[arg(long = "annotation", value_name = "NAME=VALUE")]
    pub(super) annotations: Vec<String>,
    /// Hold, between beginning and end, at these times alone, as in "times=02:00-04:00
    /// weekdays=monday:friday location=Europe/Berlin"; may be repeated. Servers other than ours do not
    /// know it.
    #[arg(long, value_parser = parse_recurring, value_name = "TIMES")]
    pub(super) recurring: Vec<TimeInterval>,
    /// Show which alerts it would be about, and make nothing.
    #[arg(long = "dry-run")]
    pub(super) dry_run: bool,
    /// Matchers such as severity=page; the first may be the name of an alert.
    #[arg(value_name = "MATCHER")]
    pub(super) matchers: Vec<String>,
}

impl SilenceAdd {
    /// What the command line says about it.
    pub(super) fn comment_is_required(&self) -> Option<bool> {
        match (self.require_comment, self.no_require_comment) {
            (_, true) => Some(false),
            (true, false) => Some(true),
            (false, false) => None,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct SilenceUpdate {
    /// Show nothing but ids.
    #[arg(short = 'q', long)]
    pub(super) quiet: bool,
    /// How long it is, from its beginning.
    #[arg(short = 'd', long, value_name = "DURATION")]
    pub(super) duration: Option<String>,
    /// When it begins, as RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub(super) start: Option<String>,
    /// When it ends, as RFC 3339; stands above --duration.
    #[arg(long, value_name = "TIME")]
    pub(super) end: Option<String>,
    /// Why.
    #[arg(short = 'c', long, value_name = "TEXT")]
    pub(super) comment: Option<String>,
    /// Their ids.
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<String>,
}

/// Shows how an Alertmanager runs, or our server in the place of one.
#[derive(Debug, Args)]
pub(crate) struct AlertmanagerCommand {
    #[command(flatten)]
    pub(super) server: ServerArguments,
    #[command(subcommand)]
    pub(super) ask: AlertmanagerAsk,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum AlertmanagerAsk {
    /// Shows the alertmanager.yml that it runs by, without secrets.
    Config,
    /// Shows its cluster.
    Cluster,
}

/// Shows the routing tree, or tries an alert on it.
#[derive(Debug, Args)]
pub(crate) struct RoutesCommand {
    #[command(flatten)]
    pub(super) server: ServerArguments,
    /// An alertmanager.yml, or a file of ours, instead of what the server routes by.
    #[arg(long = "config.file", global = true, value_name = "FILE")]
    pub(super) routing_file: Option<String>,
    #[command(subcommand)]
    pub(super) ask: Option<RoutesAsk>,
}

#[derive(Debug, Subcommand)]
pub(super) enum RoutesAsk {
    /// Shows the tree; what `narthex routes` does by itself.
    Show,
    /// Says which receivers an alert goes to.
    Test {
        /// The receivers that are expected, with commas between; others end with exit code 1.
        #[arg(long = "verify.receivers", value_name = "NAMES")]
        expected: Option<String>,
        /// Show the routes that match, as a tree.
        #[arg(long)]
        tree: bool,
        /// Show for every route that is asked why it does or does not match.
        #[arg(long)]
        explain: bool,
        /// The alert's labels, as NAME=VALUE.
        #[arg(value_name = "LABEL")]
        labels: Vec<String>,
    },
}

/// Renders templates of notifications.
#[derive(Debug, Args)]
pub(crate) struct TemplateCommand {
    #[command(subcommand)]
    pub(super) ask: TemplateAsk,
}

#[derive(Debug, Subcommand)]
pub(super) enum TemplateAsk {
    /// Renders a text with templates of files.
    Render {
        /// Files with templates; may be repeated.
        #[arg(long = "template.glob", required = true, value_name = "PATTERN")]
        globs: Vec<Utf8PathBuf>,
        /// The text.
        #[arg(long = "template.text", value_name = "TEXT")]
        text: String,
        /// What the text is.
        #[arg(long = "template.type", default_value = "text")]
        kind: TextKind,
        /// JSON about the alerts, with the keys of a webhook's notification; two alerts are made up
        /// without it.
        #[arg(long = "template.data", value_name = "FILE")]
        data: Option<Utf8PathBuf>,
    },
}

/// What a rendered text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TextKind {
    Text,
    Html,
}
