//! Running other programs: their output goes through, and a failure names the whole command line.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::steps;
use crate::workspace::Workspace;

/// A command line in the making.
#[derive(Debug)]
pub(crate) struct Tool {
    command: Command,
}

impl Tool {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self { command: Command::new(program) }
    }

    /// Cargo, in the root of the workspace and with its target folder.
    pub(crate) fn cargo(workspace: &Workspace) -> Self {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut tool = Self::new(program).within(&workspace.root);
        tool.command.env("CARGO_TARGET_DIR", &workspace.target);
        // Set by `cargo run` for this program; a build must not depend on who started it.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME"] {
            tool.command.env_remove(name);
        }
        tool
    }

    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it with our own input and output.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let status = self.command.status().with_context(|| self.cannot_start())?;
        if !status.success() {
            bail!("{} ended with {status}", self.shown());
        }
        Ok(())
    }

    /// Runs it and returns its standard output; its standard error goes through.
    pub(crate) fn capture(mut self) -> anyhow::Result<String> {
        self.command.stderr(Stdio::inherit()).stdin(Stdio::null());
        let output = self.command.output().with_context(|| self.cannot_start())?;
        if !output.status.success() {
            bail!("{} ended with {}", self.shown(), output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("output of {}", self.shown()))
    }

    /// Runs it, hands every line of both outputs to `see` and passes it on. Answers whether it succeeded.
    pub(crate) fn watch(mut self, mut see: impl FnMut(&str)) -> anyhow::Result<bool> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| self.cannot_start())?;
        let (sender, lines) = std::sync::mpsc::sync_channel::<String>(256);
        let mut readers = Vec::new();
        if let Some(out) = child.stdout.take() {
            readers.push(forward(out, sender.clone()));
        }
        if let Some(err) = child.stderr.take() {
            readers.push(forward(err, sender.clone()));
        }
        drop(sender);
        for line in lines {
            see(&line);
            steps::pass_on(&line);
        }
        for reader in readers {
            drop(reader.join());
        }
        let status = child.wait().with_context(|| format!("wait for {}", self.shown()))?;
        Ok(status.success())
    }

    /// Becomes the program; returns only if that fails.
    #[cfg(unix)]
    pub(crate) fn become_it(mut self) -> anyhow::Error {
        use std::os::unix::process::CommandExt as _;
        let error = self.command.exec();
        anyhow::Error::new(error).context(self.cannot_start())
    }

    fn cannot_start(&self) -> String {
        format!("start {}", self.shown())
    }

    fn shown(&self) -> String {
        let mut line = self.command.get_program().to_string_lossy().into_owned();
        for argument in self.command.get_args() {
            line.push(' ');
            line.push_str(&argument.to_string_lossy());
        }
        format!("`{line}`")
    }
}

fn forward(
    pipe: impl std::io::Read + Send + 'static,
    lines: std::sync::mpsc::SyncSender<String>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut buffer = Vec::new();
        // A line that is not UTF-8 is shown as well as it can be; a failed read ends the output.
        while reader.read_until(b'\n', &mut buffer).is_ok_and(|read| read > 0) {
            let line = String::from_utf8_lossy(&buffer).trim_end().to_owned();
            if lines.send(line).is_err() {
                break;
            }
            buffer.clear();
        }
    })
}

/// Looks a program up in `PATH`, as a shell would.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
