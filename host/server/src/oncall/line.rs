//! The order of words on a command line.

use std::ffi::OsString;

use clap::Args as _;

use super::arguments::ServerArguments;

/// The commands that have these flags.
const COMMANDS: [&str; 4] = ["alert", "silence", "routes", "alertmanager"];

/// A command line whose flags about the server stand in front of the command, as amtool takes them: they are put
/// behind it. Any other stays what it is.
pub(crate) fn server_flags_last(mut line: Vec<OsString>) -> Vec<OsString> {
    let known = ServerArguments::augment_args(clap::Command::new("server"));
    let mut command = 1;
    while let Some(word) = line.get(command).and_then(|word| word.to_str()) {
        if COMMANDS.contains(&word) {
            let word = line.remove(command);
            line.insert(1, word);
            return line;
        }
        let (name, has_value) = match word.split_once('=') {
            Some((name, _)) => (name, true),
            None => (word, false),
        };
        let flag = known.get_arguments().find(|flag| {
            let short = flag.get_short().map(|short| format!("-{short}"));
            name.strip_prefix("--").is_some_and(|name| flag.get_long() == Some(name))
                || short.as_deref() == Some(name)
        });
        let Some(flag) = flag else { return line };
        command += if flag.get_action().takes_values() && !has_value { 2 } else { 1 };
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_server_may_stand_in_front_of_the_command() {
        let moved = |line: &str| {
            let line = line.split(' ').map(OsString::from).collect();
            let line = server_flags_last(line);
            line.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        for (line, expected) in [
            ("n --timeout=5s silence -q", "n silence --timeout=5s -q"),
            (
                "n --alertmanager.url http://a -o json alert add x",
                "n alert --alertmanager.url http://a -o json add x",
            ),
            ("n --no-version-check routes", "n routes --no-version-check"),
            ("n silence --timeout=5s", "n silence --timeout=5s"),
            // These are others' commands and flags.
            ("n --timeout=5s query", "n --timeout=5s query"),
            ("n --config.file=x silence", "n --config.file=x silence"),
            ("n -o silence", "n -o silence"),
            ("n", "n"),
        ] {
            assert_eq!(moved(line), expected);
        }
    }
}
