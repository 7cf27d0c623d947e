//! `cargo xtask run`: everything a fresh machine needs, then the host takes this process over.

use std::process::ExitCode;

use crate::process::Tool;
use crate::workspace::Workspace;
use crate::{host, plugins, ui};

/// What the host is told unless the caller says otherwise. Paths are relative to the root of the workspace.
const DEFAULT_FLAGS: &[(&str, &str)] = &[
    ("--config.file", "config/narthex.yml"),
    ("--storage.tsdb.path", "data"),
    ("--web.listen-address", "127.0.0.1:9090"),
];

/// Builds what is stale and becomes the host.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    plugins::ensure(workspace)?;
    ui::ensure(workspace)?;
    let binary = host::ensure(workspace)?;
    let flags = flags(arguments);
    workspace.steps.say("run", format_args!("narthex {}", flags.join(" ")));
    Err(Tool::new(binary).args(flags).within(&workspace.root).become_it())
}

/// The defaults that the caller did not replace, then the caller's own flags.
fn flags(arguments: &[String]) -> Vec<String> {
    let own: Vec<String> = arguments.iter().filter(|argument| *argument != "--").cloned().collect();
    let given = |name: &str| {
        own.iter().any(|argument| {
            argument == name
                || argument.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
        })
    };
    let defaults = DEFAULT_FLAGS.iter().filter(|(name, _)| !given(name));
    defaults.map(|(name, value)| format!("{name}={value}")).chain(own.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: &str) {
        let arguments: Vec<String> =
            arguments.iter().map(|&argument| argument.to_owned()).collect();
        assert_eq!(flags(&arguments).join(" "), expected);
    }

    #[test]
    fn the_callers_flags_replace_the_defaults() {
        check(
            &[],
            "--config.file=config/narthex.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:9090",
        );
        check(
            &["--", "--config.file", "my.yml", "--web.listen-address=:1"],
            "--storage.tsdb.path=data --config.file my.yml --web.listen-address=:1",
        );
        check(
            &["--config.file.watch"],
            "--config.file=config/narthex.yml --storage.tsdb.path=data \
             --web.listen-address=127.0.0.1:9090 --config.file.watch",
        );
    }
}
