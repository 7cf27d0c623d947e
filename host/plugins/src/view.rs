//! What can be seen of plugins from outside: the API and the UI render this.

use std::time::Duration;

use camino::Utf8PathBuf;

use crate::answer::PluginKind;

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
    /// The file.
    pub file: Utf8PathBuf,
    /// How it is.
    pub state: PluginState,
    /// How often a version was loaded since the start; 0 when never.
    pub generation: u64,
    /// When the version was loaded, milliseconds since the Unix epoch.
    pub loaded_at_millis: Option<i64>,
    /// The interfaces it imports, with versions.
    pub imports: Vec<String>,
    /// What it may do, without what follows from the configuration of a single call.
    pub grants: Vec<GrantView>,
    /// What one call may spend.
    pub limits: LimitsView,
    /// What it did.
    pub calls: CallsView,
    /// The last failure of a call.
    pub last_error: Option<ErrorView>,
    /// The newest file, when it was refused.
    pub rejected: Option<RejectedView>,
}

/// How a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// It answers calls.
    Ready,
    /// It was killed again and again, and is left alone for a while.
    BackingOff,
    /// It was never loaded.
    Failed,
}

impl PluginState {
    /// The word in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::BackingOff => "backing-off",
            Self::Failed => "failed",
        }
    }
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

/// What one call may spend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitsView {
    /// Memory.
    pub memory_bytes: u64,
    /// Processor time.
    pub cpu: Duration,
    /// Wall time.
    pub wall: Duration,
    /// The answer.
    pub result_bytes: u64,
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
    /// How long the last one took.
    pub last_duration: Option<Duration>,
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

/// A file that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedView {
    /// Milliseconds since the Unix epoch.
    pub at_millis: i64,
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// Why.
    pub message: String,
}
