//! The arguments of `narthex test`: those of `promtool test`.

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};

/// Unit tests.
#[derive(Debug, Args)]
pub(crate) struct TestCommand {
    /// Where the results go as JUnit XML.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) junit: Option<Utf8PathBuf>,
    /// Features of Prometheus that are off by default, separated by commas; may be repeated.
    #[arg(long = "enable-feature", global = true, value_delimiter = ',', value_name = "FEATURE")]
    pub(crate) features: Vec<String>,
    #[command(subcommand)]
    pub(crate) subject: Subject,
}

/// What is tested.
#[derive(Debug, Subcommand)]
pub(crate) enum Subject {
    /// Unit tests for rules.
    Rules(RulesArguments),
}

/// `rules`.
#[derive(Debug, Args)]
pub(crate) struct RulesArguments {
    /// Only groups of tests whose name matches this regular expression; may be repeated.
    #[arg(long, value_name = "REGEX")]
    pub(crate) run: Vec<String>,
    /// Says what is done, and at the end of each group of tests which series there are.
    #[arg(long)]
    pub(crate) debug: bool,
    /// Shows what was expected and what came line by line, in colors.
    #[arg(long)]
    pub(crate) diff: bool,
    /// Passes over keys that rule files do not have; a server would refuse them.
    #[arg(long)]
    pub(crate) ignore_unknown_fields: bool,
    /// The files with the tests.
    #[arg(required = true, value_name = "TEST-RULE-FILE")]
    pub(crate) files: Vec<Utf8PathBuf>,
}
