//! `narthex check`: files are read as serving would read them, servers are asked how they are;
//! nothing is started or written. Arguments, lines and exit codes are those of `promtool check`, and
//! for Alertmanager's files those of `amtool check-config`.

mod alertmanager;
mod arguments;
mod config;
mod lint;
mod metrics;
mod rules;
mod server;
mod service_discovery;
mod web_config;

use std::process::ExitCode;

pub(crate) use self::arguments::CheckCommand;
use self::arguments::Subject;
use crate::features;

/// How a check ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Nothing is wrong, or it was not asked to matter.
    #[default]
    Good,
    /// It works, and should be different.
    Lint,
    /// It does not work.
    Bad,
}

impl Verdict {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Good => ExitCode::SUCCESS,
            Self::Lint => ExitCode::from(3),
            Self::Bad => ExitCode::FAILURE,
        }
    }
}

/// Does what the command line says.
///
/// # Errors
/// When the arguments make no sense.
pub(crate) fn run(command: &CheckCommand) -> anyhow::Result<Verdict> {
    let features = features::of_command(&command.features);
    match &command.subject {
        Subject::Config(arguments) => config::check(arguments, features, command.lookback),
        Subject::Rules(arguments) => Ok(rules::check(arguments, features)),
        Subject::Metrics { extended, lint } => metrics::check(*extended, lint),
        Subject::WebConfig { files } => Ok(web_config::check(files)),
        Subject::ServiceDiscovery(arguments) => service_discovery::check(arguments),
        Subject::Alertmanager(arguments) => alertmanager::check(arguments),
        Subject::Healthy(server) => server::check(server, "/-/healthy"),
        Subject::Ready(server) => server::check(server, "/-/ready"),
    }
}

/// A line on standard output.
#[expect(clippy::print_stdout, reason = "the answer to a command")]
fn say(text: &str) {
    println!("{text}");
}

/// A line on standard error.
#[expect(clippy::print_stderr, reason = "what is wrong, beside the answer")]
fn complain(text: &str) {
    eprintln!("{text}");
}
