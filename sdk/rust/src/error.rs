//! Errors: short ways to make one whose kind fits.

use crate::{Error, ErrorKind, Label};

impl Error {
    /// An error that is not retryable and has no details.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retryable: false,
            retry_after_ms: None,
            details: Vec::new(),
        }
    }

    /// The configuration is wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// A key of the configuration is wrong: `url: must begin with https://`. Keys of nested objects have dots between them.
    pub fn key(key: &str, reason: impl AsRef<str>) -> Self {
        Self::config(format!("{key}: {}", reason.as_ref())).detail("key", key)
    }

    /// The operator did not grant it.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message)
    }

    /// The other side cannot be reached. Retryable.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unreachable, message).retryable(true)
    }

    /// No answer in time. Retryable.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, message).retryable(true)
    }

    /// The other side answered what cannot be understood.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, message)
    }

    /// A bound was reached.
    pub fn exhausted(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Exhausted, message)
    }

    /// A defect of the plugin.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Says whether a retry may help.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// The shortest pause before a retry.
    #[must_use]
    pub fn retry_after_ms(mut self, pause: u32) -> Self {
        self.retry_after_ms = Some(pause);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.push(Label::new(name, value));
        self
    }

    /// Says which step failed; the former message follows.
    #[must_use]
    pub fn context(mut self, step: impl AsRef<str>) -> Self {
        self.message = format!("{}: {}", step.as_ref(), self.message);
        self
    }

    /// Says that others failed as well, of which this is the first.
    #[must_use]
    pub fn and_others(mut self, count: usize) -> Self {
        if count > 0 {
            self.message = format!("{} (and {count} more)", self.message);
        }
        self
    }

    /// The system's name of the failure (`ENOENT`), if it was one of the system.
    pub fn errno(&self) -> Option<&str> {
        self.details.iter().find(|label| label.name == "errno").map(|label| label.value.as_str())
    }

    /// Whether a file does not exist.
    pub fn is_not_found(&self) -> bool {
        self.errno() == Some("ENOENT")
    }

    /// Whether the operator did not grant what was asked for.
    pub fn is_denied(&self) -> bool {
        self.kind == ErrorKind::Denied
    }
    /// Whether the failure is on this side: the configuration, a grant, the plugin, the host. The call then fails, for the
    /// operator to mend it. Any other failure says how the other side is, which an exporter may answer as a metric: `up 0`.
    pub fn is_ours(&self) -> bool {
        match self.kind {
            ErrorKind::Config | ErrorKind::Denied | ErrorKind::Cancelled | ErrorKind::Internal => {
                true
            }
            ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Protocol
            | ErrorKind::RateLimited
            | ErrorKind::Exhausted => false,
        }
    }
}
