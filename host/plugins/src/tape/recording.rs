//! The shape of a recording; `docs/formats/recording.md` draws it.

use serde::{Deserialize, Serialize};

use super::content::Content;
use crate::imports::{self, ErrorKind, Label};

/// Readings of a clock that are kept; a guest that reads it more often gets the last again.
pub(super) const READINGS_MAX: usize = 256;

/// What a guest asked of the world in one call, and what it was told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recording {
    /// What its clocks showed.
    pub clock: Readings,
    /// In the order in which it asked.
    pub conversation: Vec<Event>,
}

/// What clocks showed, one reading after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Readings {
    /// `wall-ms`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wall_ms: Vec<i64>,
    /// `monotonic-ns`, from the first reading on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monotonic_ns: Vec<u64>,
    /// `deadline-ms`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deadline_ms: Vec<u32>,
}

/// A question and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The question.
    #[serde(flatten)]
    pub ask: Ask,
    /// What became of it.
    #[serde(flatten)]
    pub told: Told,
}

/// What a guest asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A request.
    Http(HttpAsk),
    /// A request that is watched.
    Probe {
        /// The request.
        request: HttpAsk,
        /// How it is made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<(String, String)>,
    },
    /// A connection.
    Tcp {
        /// `host:port`.
        connect: String,
        /// The TLS profile, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tls: Option<String>,
        /// How it is opened.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<(String, String)>,
    },
    /// A look-up.
    Dns {
        /// The name.
        name: String,
        /// The type of records.
        kind: String,
    },
    /// A question to one nameserver.
    DnsServer {
        /// `host:port`.
        server: String,
        /// The message behind its number.
        query: Content,
        /// How it is asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<(String, String)>,
    },
    /// A use of a file.
    File {
        /// `read`, `list`, `link`, `modified` or `usage`.
        call: String,
        /// The root's name.
        root: String,
        /// Beneath it.
        path: String,
    },
    /// What only the kernel knows of its clock.
    Clock {
        /// `discipline`.
        clock: String,
    },
    /// A use of a key.
    Kv {
        /// `get`, `set`, `delete`, `keys` or `compare-and-set`.
        call: String,
        /// The key, or the prefix of keys.
        key: String,
        /// What the guest gives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Content>,
        /// What it expects to be there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        old: Option<Content>,
    },
}

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpAsk {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// For the reader; a replay does not compare them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub body: Content,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// An answer.
    Answer(Answer),
    /// An error.
    Error(Failure),
    /// What went over a connection, in order.
    Exchange(Vec<Step>),
    /// The guest did not wait for it (`fetch-first`), or its call ended before.
    GivenUp(bool),
}

/// An answer. Told apart by its keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Of a request that was watched.
    Probed {
        /// The status.
        status: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// The body was longer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        truncated: bool,
        /// Its body.
        body: Content,
        /// What is known of the exchange.
        facts: Vec<(String, String)>,
        /// What the other side showed, in DER.
        certificates: Vec<Content>,
    },
    /// Of one nameserver.
    Exchanged {
        /// The message.
        message: Content,
        /// What is known of the exchange.
        facts: Vec<(String, String)>,
    },
    /// Of a request.
    Http {
        /// The status.
        status: u16,
        /// Its headers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Vec<(String, String)>,
        /// The body was longer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        truncated: bool,
        /// Its body.
        body: Content,
    },
    /// Of a look-up: data and time to live in seconds.
    Records {
        /// The records.
        records: Vec<(String, u32)>,
    },
    /// A file.
    Content {
        /// Its bytes.
        content: Content,
    },
    /// A folder: names and kinds.
    Entries {
        /// What is in it.
        entries: Vec<(String, String)>,
    },
    /// When a file changed.
    Modified {
        /// Nanoseconds since the Unix epoch.
        modified_ns: i64,
    },
    /// What is known, by name.
    Facts {
        /// The facts.
        facts: Vec<(String, String)>,
    },
    /// A symbolic link.
    Link {
        /// Where it points.
        link: String,
    },
    /// A file system: what `statvfs` says, in the order of the contract.
    Usage {
        /// The numbers.
        usage: [u64; 7],
    },
    /// Keys.
    Keys {
        /// Their names.
        keys: Vec<String>,
    },
    /// Of `compare-and-set`.
    Swapped {
        /// Whether the value was the expected one.
        swapped: bool,
    },
    /// A value, or none.
    Value {
        /// `null`: there is no such key.
        value: Option<Content>,
    },
}

/// What went over a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// From the guest.
    Write(Content),
    /// To the guest; nothing: the other side closed.
    Read(Content),
    /// From here on it is encrypted.
    StartTls(bool),
    /// What is known of it.
    Facts(Vec<(String, String)>),
    /// What the other side showed, in DER.
    Certificates(Vec<Content>),
    /// The last of a connection.
    Error(Failure),
}

/// An error as the guest got it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The contract's word.
    pub kind: String,
    /// The words.
    pub message: String,
    /// Whether it may succeed later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retryable: bool,
    /// Facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, String)>,
}

/// The kinds of errors and the contract's words for them.
const KINDS: [(ErrorKind, &str); 9] = [
    (ErrorKind::Config, "config"),
    (ErrorKind::Denied, "denied"),
    (ErrorKind::Unreachable, "unreachable"),
    (ErrorKind::Timeout, "timeout"),
    (ErrorKind::Protocol, "protocol"),
    (ErrorKind::RateLimited, "rate-limited"),
    (ErrorKind::Exhausted, "exhausted"),
    (ErrorKind::Cancelled, "cancelled"),
    (ErrorKind::Internal, "internal"),
];

impl Failure {
    pub(super) fn of(error: &imports::Error, hide: &dyn Fn(&str) -> String) -> Self {
        let kind = KINDS.iter().find(|(kind, _)| *kind == error.kind).map_or("internal", |k| k.1);
        let details = error.details.iter().map(|fact| (fact.name.clone(), hide(&fact.value)));
        Self {
            kind: kind.to_owned(),
            message: hide(&error.message),
            retryable: error.retryable,
            details: details.collect(),
        }
    }

    pub(super) fn error(&self) -> imports::Error {
        let kind = KINDS.iter().find(|(_, word)| *word == self.kind);
        let label =
            |(name, value): &(String, String)| Label { name: name.clone(), value: value.clone() };
        imports::Error {
            kind: kind.map_or(ErrorKind::Internal, |(kind, _)| *kind),
            message: self.message.clone(),
            retryable: self.retryable,
            retry_after_ms: None,
            details: self.details.iter().map(label).collect(),
        }
    }
}

/// About what pairs of texts take.
pub(super) fn bytes_of(pairs: &[(String, String)]) -> usize {
    pairs.iter().map(|(name, value)| name.len() + value.len()).sum()
}

impl HttpAsk {
    fn bytes(&self) -> usize {
        self.method.len() + self.url.len() + bytes_of(&self.headers) + self.body.0.len()
    }
}

impl Failure {
    /// About what an error takes on a tape.
    pub(super) fn bytes_of(error: &imports::Error) -> usize {
        let details = error.details.iter().map(|fact| fact.name.len() + fact.value.len());
        error.message.len() + details.sum::<usize>()
    }

    pub(super) fn bytes(&self) -> usize {
        self.message.len() + bytes_of(&self.details)
    }
}

impl Ask {
    /// About what it takes: all texts in it.
    pub(super) fn bytes(&self) -> usize {
        let content = |content: &Option<Content>| content.as_ref().map_or(0, |it| it.0.len());
        match self {
            Self::Http(request) => request.bytes(),
            Self::Probe { request, options } => request.bytes() + bytes_of(options),
            Self::Tcp { connect, tls, options } => {
                connect.len() + tls.as_ref().map_or(0, String::len) + bytes_of(options)
            }
            Self::Dns { name, kind } => name.len() + kind.len(),
            Self::DnsServer { server, query, options } => {
                server.len() + query.0.len() + bytes_of(options)
            }
            Self::File { call, root, path } => call.len() + root.len() + path.len(),
            Self::Clock { clock } => clock.len(),
            Self::Kv { call, key, value, old } => {
                call.len() + key.len() + content(value) + content(old)
            }
        }
    }

    /// Whether somebody else hears it.
    pub(crate) fn leaves_the_host(&self) -> bool {
        match self {
            Self::Http(_) | Self::Probe { .. } | Self::Tcp { .. } => true,
            Self::Dns { .. }
            | Self::DnsServer { .. }
            | Self::File { .. }
            | Self::Clock { .. }
            | Self::Kv { .. } => false,
        }
    }
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http(ask) | Self::Probe { request: ask, .. } => {
                write!(f, "{} {}", ask.method, ask.url)?;
                match ask.body.0.len() {
                    0 => Ok(()),
                    bytes => write!(f, " with {bytes} bytes"),
                }
            }
            Self::Tcp { connect, .. } => write!(f, "connect to {connect}"),
            Self::DnsServer { server, .. } => write!(f, "ask the nameserver {server}"),
            Self::Dns { name, kind } => write!(f, "look up {kind} of {name}"),
            Self::File { call, root, path } => write!(f, "{call} {root}:{path}"),
            Self::Clock { clock } => write!(f, "ask the clock for its {clock}"),
            Self::Kv { call, key, .. } => write!(f, "{call} the key {key:?}"),
        }
    }
}
