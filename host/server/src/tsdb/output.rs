//! Where the commands print: one buffered standard output.

use std::io::{self, BufWriter, Stdout, Write};

use anyhow::Context as _;

/// Nobody reads standard output any more (`| head`): an end, not a failure.
#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
pub(crate) struct ClosedPipe;

/// Lines for standard output; [`ClosedPipe`] when nobody reads them any more.
pub(crate) struct Output(BufWriter<Stdout>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(BufWriter::with_capacity(1 << 16, io::stdout()))
    }

    pub(crate) fn text(&mut self, text: &str) -> anyhow::Result<()> {
        check(self.0.write_all(text.as_bytes()))
    }

    pub(crate) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        self.text(text)?;
        self.text("\n")
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        check(self.0.flush())
    }
}

fn check(outcome: io::Result<()>) -> anyhow::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ClosedPipe.into()),
        outcome => outcome.context("write to standard output"),
    }
}

/// Progress of long work, on standard error so that output can be piped.
#[expect(clippy::print_stderr, reason = "progress is for people, not for pipes")]
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}

/// An error with its causes, one behind the other.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
