//! The arguments of `narthex plugin`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueEnum};
use narthex_model::parse_duration;

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArgument {
    Exporter,
    Discovery,
    Notifier,
}

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LangArgument {
    Rust,
    Js,
    Python,
}

/// Works on plugins: one's own, or a stranger's before it is let in.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Makes a folder with a plugin that builds and passes its test as it is.
    New {
        /// The plugin's name; asked for on a terminal.
        name: Option<String>,
        /// What it does; asked for on a terminal.
        #[arg(long)]
        kind: Option<KindArgument>,
        /// What it is written in; asked for on a terminal.
        #[arg(long)]
        lang: Option<LangArgument>,
        /// Its folder; its name where absent.
        #[arg(long)]
        dir: Option<Utf8PathBuf>,
    },
    /// Builds a plugin's folder by its `narthex-plugin.toml`.
    Build {
        /// The folder.
        #[arg(default_value = ".")]
        folder: Utf8PathBuf,
        /// Put the component into this folder of a server, by a rename.
        #[arg(long, value_name = "FOLDER")]
        into: Option<Utf8PathBuf>,
    },
    /// Builds and calls a plugin whenever one of its files is saved.
    Dev {
        /// The folder.
        #[arg(default_value = ".")]
        folder: Utf8PathBuf,
        /// Put each version into this folder of a server too.
        #[arg(long, value_name = "FOLDER")]
        into: Option<Utf8PathBuf>,
        /// Ask the server of that folder what became of each version, and show what it says of the plugin.
        #[arg(long, requires = "into", value_name = "URL")]
        server: Option<String>,
        /// How to talk to that server: a file with the keys of `http_config`.
        #[arg(long = "http.config.file", requires = "server", value_name = "FILE")]
        http_config: Option<Utf8PathBuf>,
        /// How often it is called while nothing changes.
        #[arg(long, default_value = "10s", value_parser = parse_duration, value_name = "DURATION")]
        interval: Duration,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Calls a plugin once and shows all that comes of it.
    Run {
        /// A component, or a plugin's folder, which is built first.
        #[arg(default_value = ".")]
        path: Utf8PathBuf,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Replays the recorded calls in the folder `tests`, or records one.
    Test {
        /// The plugin's folder, which is built first.
        #[arg(default_value = ".")]
        path: Utf8PathBuf,
        /// Call it once, and keep the conversation and the answer under this name.
        #[arg(long, value_name = "NAME", conflicts_with = "bless")]
        record: Option<String>,
        /// Keep secrets as they are: for a server that was made for the test.
        #[arg(long = "keep-secrets", requires = "record")]
        keep_secrets: bool,
        /// Take the answers of now for right.
        #[arg(long)]
        bless: bool,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Judges a component: what it imports, its schema, its metrics. 3: it works and should be different.
    Check {
        /// A component, or a plugin's folder, which is built first.
        #[arg(default_value = ".")]
        path: Utf8PathBuf,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Measures what calls cost.
    Bench {
        /// A component, or a plugin's folder, which is built first.
        #[arg(default_value = ".")]
        path: Utf8PathBuf,
        /// How many calls.
        #[arg(long, default_value_t = 200, value_name = "N")]
        calls: usize,
        /// How many at one time.
        #[arg(long, default_value_t = 1, value_name = "N")]
        concurrency: usize,
        /// A recording that answers in place of the world.
        #[arg(long, value_name = "FILE")]
        replay: Option<Utf8PathBuf>,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Shows what a component is, without calling it.
    Inspect {
        /// A component, or a plugin's folder as it was last built.
        #[arg(default_value = ".")]
        path: Utf8PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is asked of a plugin, and what it is granted. What is left out stands under `[try]` of its
/// `narthex-plugin.toml`.
#[derive(Debug, Default, Args)]
pub(crate) struct CallArguments {
    /// Its configuration as JSON, or `@` and a file of JSON or YAML.
    #[arg(long, value_name = "JSON")]
    pub(super) config: Option<String>,
    /// The target of an exporter.
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) target: Option<String>,
    /// A label of the target; may be repeated.
    #[arg(long = "label", value_parser = pair, value_name = "NAME=VALUE")]
    pub(super) labels: Vec<(String, String)>,
    /// A parameter of the scrape; may be repeated.
    #[arg(long = "param", value_parser = pair, value_name = "NAME=VALUE")]
    pub(super) params: Vec<(String, String)>,
    /// How long the scrape waits.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub(super) timeout: Option<Duration>,
    /// The cursor for a discovery.
    #[arg(long)]
    pub(super) cursor: Option<String>,
    /// An alert for a notifier, by its labels with commas between; may be repeated.
    #[arg(long = "alert", value_parser = pairs, value_name = "NAME=VALUE,…")]
    pub(super) alerts: Vec<Pairs>,
    /// The alerts are resolved.
    #[arg(long)]
    pub(super) resolved: bool,
    /// A server's configuration, whose section `plugins` grants.
    #[arg(long = "config.file", value_name = "FILE")]
    pub(super) config_file: Option<Utf8PathBuf>,
    /// Let it connect there; as under `plugins.allow.NAME.net`; may be repeated.
    #[arg(long = "allow-net", value_name = "HOST:PORT")]
    pub(super) allow_net: Vec<String>,
    /// Let it read a folder; as under `plugins.allow.NAME.files`; may be repeated.
    #[arg(long = "allow-file", value_parser = pair, value_name = "ROOT=/PATH")]
    pub(super) allow_files: Vec<(String, String)>,
    /// Take the component as it was last built.
    #[arg(long = "no-build")]
    pub(super) no_build: bool,
}

/// Names and values.
#[derive(Clone, Debug)]
pub(crate) struct Pairs(pub(super) Vec<(String, String)>);

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn pairs(text: &str) -> Result<Pairs, String> {
    text.split(',').map(pair).collect::<Result<_, _>>().map(Pairs)
}
