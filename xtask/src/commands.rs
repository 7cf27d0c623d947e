//! The command line: one table feeds the dispatch and the help.

use std::process::ExitCode;

use anyhow::bail;

use crate::workspace::Workspace;
use crate::{
    bench, bless, ci, deny, langs, peers, plugins, prune, run, steps, suite, tidy, ui, wit,
};

type Action = fn(&Workspace, &[String]) -> anyhow::Result<ExitCode>;

struct Command {
    name: &'static str,
    summary: &'static str,
    details: &'static str,
    action: Action,
}

/// In the order in which a newcomer needs them.
const COMMANDS: &[Command] = &[
    Command {
        name: "run",
        summary: "build what is missing, then start the host on 127.0.0.1:9090",
        details: "\
Usage: cargo xtask run [FLAGS OF narthex]

Installs the target wasm32-wasip2, builds plugins, UI and host as far as they are stale, and then becomes the host:
  narthex --config.file=config/narthex.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:9090
A flag given here takes the place of the flag of the same name above; every other flag is passed on.
Without Node.js the UI is left out, and the host serves a page that says how to get it.",
        action: run::run,
    },
    Command {
        name: "test",
        summary: "set up what tests need, then run every test",
        details: "\
Usage: cargo xtask test [-- FILTER...]

Fetches peers (`cargo xtask peers`), builds plugins, guests, UI and host, then runs the Rust tests (cargo-nextest where it
is installed, else cargo test), the doctests, and the type check and tests of the UI.
A filter selects Rust tests by name and leaves the rest out.
The last line is `N passed, N failed, N skipped`; a skipped test never counts as passed, and every reason is listed.",
        action: suite::run,
    },
    Command {
        name: "ci",
        summary: "everything that .ci/run checks: format, lints, documents, tidy, deny, tests",
        details: "\
Usage: cargo xtask ci

Cheap checks come first. A failed check does not stop the later ones; each counts as one failure in the last line.",
        action: ci::run,
    },
    Command {
        name: "plugins",
        summary: "build the plugins into plugins/dist/",
        details: "\
Usage: cargo xtask plugins [--guests]

Builds every crate under plugins/*/* for wasm32-wasip2 with the profile `guest`, and puts each component that changed
into plugins/dist/<folder>.wasm by an atomic rename, so that a running host sees whole files only.
Where rustup cannot add the target, Debian's web toolchain is unpacked into ~/.cache/narthex and builds components for
wasm32-unknown-unknown; NARTHEX_GUEST_TOOLCHAIN=debian asks for it.
  --guests   also build the hostile guests of tests/guests/ into <target folder>/guests/<name>.wasm",
        action: plugins::run,
    },
    Command {
        name: "langs",
        summary: "build and test the SDKs of JavaScript and Python with their examples",
        details: "\
Usage: cargo xtask langs

Fetches the tools of both languages into <target folder>/langs (`npm ci`, `pip install` in an environment of its own),
makes components of the examples under sdk/js and sdk/python there, and runs the native tests of both SDKs. What did not
change is not built again. Needs Node.js 20 or newer and Python 3.11 or newer; a language without is left out.",
        action: langs::run,
    },
    Command {
        name: "ui",
        summary: "build the browser UI into host/web/ui/dist/",
        details: "\
Usage: cargo xtask ui

`npm ci` when package-lock.json changed, `npm run build` when a source changed. Needs Node.js 20 or newer.",
        action: ui::run,
    },
    Command {
        name: "tidy",
        summary: "check the rules of the workspace that no compiler checks",
        details: "\
Usage: cargo xtask tidy

Layers point down, folders and packages are named alike, ARCHITECTURE.md tells the truth about the tree, links between
documents resolve, dependencies come from the workspace table. Also runs as a plain test.",
        action: tidy::run,
    },
    Command {
        name: "wit",
        summary: "write anew what is made of the plugin contract",
        details: "\
Usage: cargo xtask wit

Writes docs/guide/plugins/reference.md and host/plugins/src/contract.wasm from wit/narthex.wit. `tidy` says when they are
stale, and when a released text was edited.",
        action: wit::run,
    },
    Command {
        name: "deny",
        summary: "check licenses, sources and bans of all dependencies",
        details: "\
Usage: cargo xtask deny

Reads deny.toml and `cargo metadata`. Where cargo-deny is installed it runs too, with the advisory database if it can be
fetched.",
        action: deny::run,
    },
    Command {
        name: "bless",
        summary: "rewrite the expected output of data-driven tests, for review as a diff",
        details: "\
Usage: cargo xtask bless [-- FILTER...]

Runs the Rust tests with UPDATE_EXPECT=1.",
        action: bless::run,
    },
    Command {
        name: "peers",
        summary: "fetch the programs that tests run beside the host",
        details: "\
Usage: cargo xtask peers

Unpacks prometheus, promtool, node exporter and alertmanager from Debian's sid into ~/.cache/narthex-peers, beside the
system and without starting a service. As root it also installs chromium, dnsmasq-base and nginx where they are missing.
What cannot be had is named with the reason; the tests that need it report skipped.
  NARTHEX_PEERS   another folder for the unpacked programs",
        action: peers::run,
    },
    Command {
        name: "bench",
        summary: "measure beside current peers: processor time, memory, bytes, restarts, queries",
        details: "\
Usage: cargo xtask bench scrape  [--quick] [--targets N] [--series N] [--interval SECONDS] [--warm-up SECONDS]
                                 [--seconds SECONDS] [--peers prometheus,victoria-metrics] [--no-build]
       cargo xtask bench storage [--quick] [--targets N] [--series N] [--interval SECONDS] [--warm-up SECONDS]
                                 [--seconds SECONDS] [--peers prometheus,victoria-metrics] [--no-blocks] [--no-build]
       cargo xtask bench query   [--quick] [--targets N] [--series N] [--steps N] [--rounds N] [--seconds SECONDS]
                                 [--peers prometheus,victoria-metrics] [--no-build]
       cargo xtask bench plugins [--quick] [--no-build]

`scrape` reads bodies of every format on one core, then has one server after the other scrape 200 targets that answer in
one format, for the processor time of a million samples. The tables go to standard output, every figure to
<target folder>/bench/scrape.json.
  --quick    18 seconds a server and format instead of a minute: about five minutes in all

`storage` builds narthex and the generator in the release profile, fetches the peers of Debian's sid, and measures one server
after the other on the same load: scraping, a start after SIGKILL, and blocks of six hours.
The table goes to standard output, every figure to <target folder>/bench/storage.json.
  --quick    40 000 series for half a minute each: about three minutes in all
  --series   series of each target; --targets of them are scraped every --interval
  --peers    `none`, or which
  --no-blocks   leave the blocks out
  --no-build    measure what the last call built: linking takes minutes

`query` has all servers take six hours of samples by remote write and asks 27 queries of each in turn, then all of them
from one and from four clients. The tables go to standard output, every figure to <target folder>/bench/query.json.
  --quick    4 000 series instead of 20 000, and fewer rounds: about two minutes in all
  --steps    samples of each series, 15 s apart
  --rounds   how often each query is asked; --seconds is for how long the whole list is

`plugins` calls plugins in one process and in servers: instances, calls, answers of several lengths, memory, fifty plugins
at once, node beside prometheus-node-exporter, a thousand targets, new versions under load. The table goes to standard
output, every figure to <target folder>/bench/plugins.json.
  --quick    shorter windows: about three minutes in all",
        action: bench::run,
    },
    Command {
        name: "prune",
        summary: "keep the target folder below a size",
        details: "\
Usage: cargo xtask prune [GIB]

Removes old artefacts of the workspace's own crates until the target folder is below GIB (default 20); if the
dependencies alone are larger, removes everything.",
        action: prune::run,
    },
];

/// Finds the command and runs it; the exit code is its verdict.
pub(crate) fn dispatch(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let Some((name, rest)) = arguments.split_first() else {
        steps::answer(&overview());
        return Ok(ExitCode::FAILURE);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        let page = rest.first().and_then(|topic| find(topic)).map_or_else(overview, manual);
        steps::answer(&page);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(command) = find(name) else {
        bail!("no command `{name}`\n\n{}", overview());
    };
    // `run` passes flags on to the host, `--help` among them only after `--`.
    let own = rest.iter().take_while(|argument| *argument != "--");
    if own.clone().any(|argument| matches!(argument.as_str(), "--help" | "-h")) {
        steps::answer(&manual(command));
        return Ok(ExitCode::SUCCESS);
    }
    (command.action)(&Workspace::locate()?, rest)
}

fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

fn overview() -> String {
    let mut text = String::from("Usage: cargo xtask <command> [arguments]\n\nCommands:\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<8} {}\n", command.name, command.summary));
    }
    text.push_str(
        "\n`cargo xtask <command> --help` says more. CARGO_TARGET_DIR is respected everywhere.",
    );
    text
}

fn manual(command: &Command) -> String {
    format!("cargo xtask {}: {}\n\n{}", command.name, command.summary, command.details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manual_page_shows_its_usage() {
        for command in COMMANDS {
            assert!(
                command.details.starts_with(&format!("Usage: cargo xtask {}", command.name)),
                "{}",
                command.name
            );
        }
    }

    #[test]
    fn an_unknown_command_is_refused_with_the_list() {
        let error = dispatch(&["biuld".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no command `biuld`") && error.contains("plugins"), "{error}");
    }
}
