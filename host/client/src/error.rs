//! Why a request got no answer.

use std::error::Error;
use std::io;
use std::time::Duration;

use camino::Utf8PathBuf;

use crate::guard::Denied;
use crate::redirect::RedirectError;

/// Why a request got no answer, or none that could be taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The URL, the method or a header cannot be sent.
    #[error("invalid {what}")]
    Invalid {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The guard refused every address of the host.
    #[error("connecting to {host} is not allowed: {reason}")]
    Denied {
        /// The host.
        host: String,
        /// The guard's reason.
        reason: String,
    },
    /// No connection came about.
    #[error("connect to {host}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the network said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The peers agreed on no encryption, or a certificate was refused.
    #[error("TLS with {host}")]
    Tls {
        /// Host and port.
        host: String,
        /// What was refused.
        source: rustls::Error,
    },
    /// The answer was not complete in time.
    #[error("no complete answer within {after:?}")]
    Timeout {
        /// The time given.
        after: Duration,
    },
    /// The answer was broken off or is no HTTP.
    #[error("read the answer")]
    Broken {
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The body is larger than allowed.
    #[error("the body is larger than {max} bytes{}", if *.decompressed { " when decompressed" } else { "" })]
    TooLarge {
        /// The cap.
        max: u64,
        /// Whether it was the decompressed body.
        decompressed: bool,
    },
    /// All bodies together are larger than they may be.
    #[error("no memory is left for the body")]
    NoRoom,
    /// The body's `Content-Encoding` cannot be undone.
    #[error("undo Content-Encoding {encoding:?}")]
    Encoding {
        /// The header.
        encoding: String,
        /// What is wrong with the body.
        source: io::Error,
    },
    /// A file with a secret cannot be read.
    #[error("read {path}")]
    SecretFile {
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The answer sends the request to a place that is none.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// One redirect led to the next.
    #[error("stopped after {max} redirects")]
    Redirects {
        /// As many were followed.
        max: usize,
    },
    /// No token that says who asks.
    #[error("get an OAuth2 token from {url}")]
    Token {
        /// Where tokens are given.
        url: String,
        /// Why there is none.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer's status is no success.
    #[error("server returned HTTP status {status}")]
    Status {
        /// The status, with its usual name.
        status: String,
    },
}

impl RequestError {
    /// Sorts what the HTTP library said.
    pub(crate) fn sort(error: reqwest::Error, host: &str, after: Duration) -> Self {
        let host = host.to_owned();
        if error.is_timeout() {
            return Self::Timeout { after };
        }
        let is_connect = error.is_connect();
        let error = error.without_url();
        if let Some(Denied(reason)) = find::<Denied>(&error) {
            return Self::Denied { host, reason: reason.clone() };
        }
        if let Some(source) = find::<rustls::Error>(&error) {
            return Self::Tls { host, source: source.clone() };
        }
        // The library's own layers ("error sending request", "client error") say nothing new.
        let source = innermost(&error);
        if is_connect { Self::Connect { host, source } } else { Self::Broken { source } }
    }
}

/// A part of a request that cannot be sent.
pub(crate) fn invalid(
    what: &'static str,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> RequestError {
    RequestError::Invalid { what, source: source.into() }
}

/// The first cause of a certain type; errors inside an `io::Error` are found too.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn innermost(error: &(dyn Error + 'static)) -> Box<dyn Error + Send + Sync> {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string().into()
}
