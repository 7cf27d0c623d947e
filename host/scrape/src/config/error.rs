//! Why what the file says of scraping is refused although each of its keys can be read.

use narthex_client::HttpConfigError;
use narthex_exposition::Protocol;
use narthex_model::RelabelError;

/// What is wrong, and at which key.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{pointer}")]
pub struct InvalidScrape {
    /// The key, as a JSON pointer (RFC 6901) below the job or `global`.
    pub pointer: String,
    /// What is wrong with it.
    #[source]
    pub error: ScrapeKeyError,
}

impl InvalidScrape {
    pub(super) fn new(key: &str, error: impl Into<ScrapeKeyError>) -> Self {
        Self { pointer: format!("/{key}"), error: error.into() }
    }
}

impl From<HttpConfigError> for InvalidScrape {
    fn from(error: HttpConfigError) -> Self {
        Self { pointer: error.pointer(), error: ScrapeKeyError::Http(error) }
    }
}

/// What is wrong with a key.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ScrapeKeyError {
    /// A job without name.
    #[error("job_name is empty")]
    EmptyName,
    /// A scrape would still run when the next begins.
    #[error("scrape timeout greater than scrape interval for scrape config with job name {job:?}")]
    Timeout {
        /// The job.
        job: String,
    },
    /// The same in `global`.
    #[error("global scrape timeout greater than scrape interval")]
    GlobalTimeout,
    /// A scheme that is not spoken.
    #[error("scheme {0:?} is not spoken; write http or https")]
    Scheme(String),
    /// A list without a protocol.
    #[error("scrape_protocols is empty; leave it out for the default")]
    NoProtocols,
    /// A protocol stands twice.
    #[error("scrape_protocols names {0} twice")]
    RepeatedProtocol(Protocol),
    /// Names that the job does not take are asked for.
    #[error(
        "utf8 metric names requested but validation scheme is not set to UTF8; write \
         metric_name_escaping_scheme: underscores, or metric_name_validation_scheme: utf8"
    )]
    Utf8NamesOfLegacy,
    /// A rule names a label that it cannot have.
    #[error(transparent)]
    Relabel(#[from] RelabelError),
    /// The HTTP keys contradict one another.
    #[error(transparent)]
    Http(#[from] HttpConfigError),
    /// A key of HTTP beside `exporter`.
    #[error("{0} has no meaning beside exporter: a plugin is asked, not an HTTP server")]
    HttpBesideExporter(&'static str),
}
