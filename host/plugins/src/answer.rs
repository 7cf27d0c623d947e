//! What plugins answer, and how a call fails: plain values, free of generated types.

use std::fmt;
use std::time::Duration;

use narthex_model::TargetGroup;
use narthex_wasm::KillReason;

/// What a plugin does; decided by what it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PluginKind {
    /// Answers scrapes.
    Exporter,
    /// Finds targets.
    Discovery,
    /// Delivers notifications.
    Notifier,
}

impl PluginKind {
    /// The word in configuration and API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exporter => "exporter",
            Self::Discovery => "discovery",
            Self::Notifier => "notifier",
        }
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The target of one scrape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectTarget {
    /// `__address__`; the one host that the exporter may connect to.
    pub address: String,
    /// The target's labels, those with `__` included.
    pub labels: Vec<(String, String)>,
    /// The job's parameters; a name may stand more than once.
    pub params: Vec<(String, String)>,
    /// The scrape's timeout; the call may not take longer.
    pub timeout: Duration,
}

/// What an exporter answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposition {
    /// The media type, as in an HTTP answer.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What a discovery answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// What changed.
    pub change: Change,
    /// To be handed back at the next refresh.
    pub cursor: Option<String>,
    /// When to ask next; the host's choice when absent.
    pub next_in: Option<Duration>,
    /// The next answers belong to it: only together they are whole.
    pub is_part: bool,
    /// Why a part of the source fails, although there is an answer.
    pub failing: Option<String>,
}

/// What changed since the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// All groups; what is not among them is gone.
    Full(Vec<TargetGroup>),
    /// Differences.
    Delta {
        /// New and changed groups, complete.
        upsert: Vec<TargetGroup>,
        /// Sources of groups that are gone.
        remove: Vec<String>,
    },
}

/// Why a guest said no; the contract's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestErrorKind {
    /// The configuration is wrong.
    Config,
    /// The operator did not grant what was asked for.
    Denied,
    /// The other side could not be reached.
    Unreachable,
    /// The other side did not answer in time.
    Timeout,
    /// The other side answered nonsense.
    Protocol,
    /// The other side asks for fewer requests.
    RateLimited,
    /// A bound was reached.
    Exhausted,
    /// The host is shutting down or reloading.
    Cancelled,
    /// A defect.
    Internal,
}

/// An error that the guest itself answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GuestError {
    /// What kind of failure it is.
    pub kind: GuestErrorKind,
    /// One line for the operator.
    pub message: String,
    /// Whether the same call may succeed later.
    pub is_retryable: bool,
    /// The shortest pause before a retry.
    pub retry_after: Option<Duration>,
    /// Further facts.
    pub details: Vec<(String, String)>,
}

/// A key as in `filters[0].name`, as a JSON pointer.
fn pointer(key: &str) -> String {
    let parts = key.split(['.', '[']).map(|part| part.trim_end_matches(']'));
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
}

impl CallError {
    /// Where in the configuration the reason stands, as a JSON pointer (RFC 6901); empty: nobody says.
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::Config { key, .. } => pointer(key),
            Self::Refused(error) => {
                let key = error.details.iter().find(|(name, _)| name == "key");
                key.map(|(_, key)| pointer(key)).unwrap_or_default()
            }
            Self::Unavailable(_)
            | Self::Disabled { .. }
            | Self::Killed { .. }
            | Self::BackingOff { .. }
            | Self::Crowded { .. }
            | Self::Busy { .. } => String::new(),
        }
    }
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no such plugin, or it never loaded, or it does something else.
    #[error("{0}")]
    Unavailable(String),
    /// An operator switched it off.
    #[error("plugin {plugin:?} is disabled {how}")]
    Disabled {
        /// The plugin.
        plugin: String,
        /// By what, and how it is enabled again.
        how: String,
    },
    /// The configuration does not fit the plugin's schema.
    #[error("configuration of plugin {plugin:?}: {message}")]
    Config {
        /// The plugin.
        plugin: String,
        /// The key, as in `filters[0].name`; empty: the whole.
        key: String,
        /// Key and reason.
        message: String,
    },
    /// The guest answered with an error of its own.
    #[error("{0}")]
    Refused(GuestError),
    /// Trap, spent budget, oversized answer: the instance is gone.
    #[error("plugin {plugin:?} was stopped: {reason}")]
    Killed {
        /// The plugin.
        plugin: String,
        /// Why.
        reason: KillReason,
    },
    /// It was killed too often.
    #[error(
        "plugin {plugin:?} is left alone for another {} s after {kills} failures in a row; the last: \
         {last}",
        left.as_secs().max(1)
    )]
    BackingOff {
        /// The plugin.
        plugin: String,
        /// Kills in a row.
        kills: u32,
        /// Time until the next attempt.
        left: Duration,
        /// The last kill.
        last: String,
    },
    /// Other calls held the memory that it needed. It is not to blame.
    #[error("plugin {plugin:?} was given up: {reason}; raise plugins.memory_total")]
    Crowded {
        /// The plugin.
        plugin: String,
        /// What it waited for.
        reason: KillReason,
    },
    /// All slots were taken for as long as the call may take.
    #[error("no plugin could be started within {waited:?}: too many calls are running")]
    Busy {
        /// How long the call waited.
        waited: Duration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_places_in_the_configuration() {
        assert_eq!(pointer("filters[0].name"), "/filters/0/name");
        assert_eq!((pointer(""), pointer("a/b")), (String::new(), "/a~1b".to_owned()));
    }
}
