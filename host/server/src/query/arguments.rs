//! The arguments of `narthex query`: those of `promtool query`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueEnum};
use narthex_model::parse_duration;

/// Asks a server.
#[derive(Debug, Args)]
pub(crate) struct QueryCommand {
    /// How answers are shown.
    #[arg(short = 'o', long, global = true, default_value = "promql")]
    pub(crate) format: Format,
    /// A file with settings of the HTTP client: TLS, authorization and the like.
    #[arg(long = "http.config.file", global = true, value_name = "FILE")]
    pub(crate) http_config: Option<Utf8PathBuf>,
    #[command(subcommand)]
    pub(crate) ask: Ask,
}

/// How answers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Promql,
    /// For programs.
    Json,
}

/// What is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// A query at one time.
    Instant {
        /// The URL of the server.
        server: String,
        /// The query.
        #[arg(allow_hyphen_values = true)]
        expr: String,
        /// The time, as RFC 3339 or in seconds since the epoch; now when it is not given.
        #[arg(long)]
        time: Option<String>,
        /// Headers to send besides, as NAME=VALUE; may be repeated.
        #[arg(long = "header", value_parser = parse_header, value_name = "NAME=VALUE")]
        headers: Vec<(String, String)>,
    },
    /// A query over a range of time.
    Range(Range),
    /// Series.
    Series {
        /// The URL of the server.
        server: String,
        /// Chooses series; may be repeated.
        #[arg(long = "match", required = true, value_name = "SELECTOR")]
        selectors: Vec<String>,
        /// First time, as RFC 3339 or in seconds since the epoch.
        #[arg(long)]
        start: Option<String>,
        /// Last time.
        #[arg(long)]
        end: Option<String>,
    },
    /// The values of a label.
    Labels {
        /// The URL of the server.
        server: String,
        /// The label.
        name: String,
        /// Only of series that this chooses; may be repeated.
        #[arg(long = "match", value_name = "SELECTOR")]
        selectors: Vec<String>,
        /// First time, as RFC 3339 or in seconds since the epoch.
        #[arg(long)]
        start: Option<String>,
        /// Last time.
        #[arg(long)]
        end: Option<String>,
    },
    /// How the buckets of histograms are filled.
    Analyze(Analyze),
}

/// `range`.
#[derive(Debug, Args)]
pub(crate) struct Range {
    /// The URL of the server.
    pub(crate) server: String,
    /// The query.
    #[arg(allow_hyphen_values = true)]
    pub(crate) expr: String,
    /// Headers to send besides, as NAME=VALUE; may be repeated.
    #[arg(long = "header", value_parser = parse_header, value_name = "NAME=VALUE")]
    pub(crate) headers: Vec<(String, String)>,
    /// First time, as RFC 3339 or in seconds since the epoch; five minutes before the last one when
    /// it is not given.
    #[arg(long)]
    pub(crate) start: Option<String>,
    /// Last time; now when it is not given.
    #[arg(long)]
    pub(crate) end: Option<String>,
    /// The time between two evaluations.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub(crate) step: Option<Duration>,
}

/// `analyze`.
#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// The URL of the server.
    #[arg(long)]
    pub(crate) server: String,
    /// What kind of metric.
    #[arg(long = "type")]
    pub(crate) kind: Kind,
    /// How far back.
    #[arg(long, default_value = "1h", value_parser = parse_duration, value_name = "DURATION")]
    pub(crate) duration: Duration,
    /// Where the time ends, as RFC 3339 or in seconds since the epoch; now when it is not given.
    #[arg(long)]
    pub(crate) time: Option<String>,
    /// Chooses series; may be repeated.
    #[arg(long = "match", required = true, value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
}

/// What can be analyzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Native histograms, and classic ones by their buckets.
    Histogram,
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not NAME=VALUE")),
    }
}
