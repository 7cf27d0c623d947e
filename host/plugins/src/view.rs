//! What can be seen of plugins from outside: the API and the UI render this.

use std::time::Duration;

use camino::Utf8PathBuf;

use crate::answer::PluginKind;
use crate::spending::{Amounts, Budgeted};

/// One plugin, as of now.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginView {
    /// Its name: the file's name without `.wasm`.
    pub name: String,
    /// What it does; unknown while it was never loaded.
    pub kind: Option<PluginKind>,
    /// Its own version; empty while it was never loaded.
    pub version: String,
    /// One line for people.
    pub description: String,
    /// `sha256:` and hexadecimal digits of what is loaded, or of what was refused.
    pub digest: String,
    /// The digest of the one file that the configuration lets serve, in the same form.
    pub pinned: Option<String>,
    /// The file.
    pub file: Utf8PathBuf,
    /// How it is.
    pub state: PluginState,
    /// The file that is being compiled, or waits for that.
    pub compiling: Option<CompilingView>,
    /// Why it is not called, when somebody switched it off.
    pub disabled: Option<String>,
    /// Which of the versions since the start serves, counted from 1; 0 when none was ever loaded.
    pub generation: u64,
    /// The version that takes over when the one that serves is killed again and again.
    pub previous: Option<String>,
    /// When the version was loaded, milliseconds since the Unix epoch.
    pub loaded_at_millis: Option<i64>,
    /// The interfaces it imports, with versions.
    pub imports: Vec<String>,
    /// What it may do, without what follows from the configuration of a single call.
    pub grants: Vec<GrantView>,
    /// What one call may spend.
    pub limits: Amounts,
    /// The most that one call spent since the start, and what the plugin keeps now.
    pub peaks: Amounts,
    /// Budgets that were not enough.
    pub exceeded: Vec<ExceededView>,
    /// What it did.
    pub calls: CallsView,
    /// What of it is left alone.
    pub pauses: Vec<PauseView>,
    /// The last failure of a call.
    pub last_error: Option<ErrorView>,
    /// The newest file, when it was refused.
    pub rejected: Option<RejectedView>,
    /// The last lines that it wrote, the newest last.
    pub logs: Vec<LogView>,
}

/// How a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// It answers calls.
    Ready,
    /// Its last calls all failed.
    Failing,
    /// It was killed again and again, and is left alone for a while.
    BackingOff,
    /// Somebody switched it off.
    Disabled,
    /// It serves for the first time when its file is compiled.
    Compiling,
    /// It was never loaded.
    Failed,
}

impl PluginState {
    /// The word in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
            Self::BackingOff => "backing-off",
            Self::Compiling => "compiling",
            Self::Failed => "failed",
        }
    }
}

/// A file that is being compiled, or waits for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompilingView {
    /// Milliseconds since the Unix epoch.
    pub since_millis: i64,
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
}

/// One thing a plugin may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// The interface: `files`, `net`, `dns`, `kv`; or `profile`.
    pub capability: &'static str,
    /// What exactly.
    pub detail: String,
    /// `default`, the key in the configuration, or what follows from its item.
    pub source: String,
}

/// A budget that was not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceededView {
    /// Of what.
    pub budget: Budgeted,
    /// Calls in which it was not.
    pub total: u64,
    /// The last of them, milliseconds since the Unix epoch.
    pub last_at_millis: i64,
}

/// A line that a plugin wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogView {
    /// Milliseconds since the Unix epoch.
    pub at_millis: i64,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
    /// The call in which it was written.
    pub call: &'static str,
    /// Its text.
    pub message: String,
    /// Its fields, `name="value"` with spaces between.
    pub fields: String,
}

/// What a plugin did since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsView {
    /// Calls, however they ended.
    pub total: u64,
    /// Calls that the plugin answered with an error.
    pub errors: u64,
    /// Calls in which the plugin was killed.
    pub killed: u64,
    /// Failures in a row, kills among them; 0 when the last call went well.
    pub failures_in_row: u32,
    /// How long the last one took.
    pub last_duration: Option<Duration>,
    /// How long half of the last hundred or so took at most.
    pub median_duration: Option<Duration>,
    /// How long 95 of 100 of them took at most.
    pub slow_duration: Option<Duration>,
    /// Processor time of all of them.
    pub cpu: Duration,
}

/// What is left alone after repeated kills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseView {
    /// The target; empty: the whole plugin, or one configuration of it.
    pub target: String,
    /// Kills in a row.
    pub kills: u32,
    /// Time until the next attempt.
    pub left: Duration,
    /// The last kill.
    pub message: String,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorView {
    /// Milliseconds since the Unix epoch.
    pub at_millis: i64,
    /// `refused`, `killed` or `denied`.
    pub kind: &'static str,
    /// What happened.
    pub message: String,
}

/// A file that was refused, or a version that gave way to the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedView {
    /// Milliseconds since the Unix epoch.
    pub at_millis: i64,
    /// `sha256:` and hexadecimal digits; empty where it could not be read.
    pub digest: String,
    /// What it failed at.
    pub kind: RejectedKind,
    /// Why.
    pub message: String,
}

/// What a version failed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectedKind {
    /// It is no plugin for this host.
    Refused,
    /// Another file is pinned.
    Pinned,
    /// It does worse than the version that serves.
    Probation,
    /// It was killed again and again.
    RolledBack,
}

impl RejectedKind {
    /// The word in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Pinned => "pinned",
            Self::Probation => "probation",
            Self::RolledBack => "rolled-back",
        }
    }

    /// The word in the metric.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Refused => "rejected",
            Self::Pinned => "pinned",
            Self::Probation => "probation",
            Self::RolledBack => "rolled_back",
        }
    }
}
