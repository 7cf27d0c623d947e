//! Getting a target's bytes: over HTTP, or from an exporter plugin.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use narthex_client::{BodyMeter, Client, Request, RequestError};
use narthex_exposition::{Protocol, accept_header};

use crate::config::{ExporterSpec, JobConfig};
use crate::memory::BodyShare;
use crate::settings::ScrapeFeatures;
use crate::target::Target;

/// A body without `body_size_limit` is refused beyond this all the same: two million lines, and
/// still few enough bytes that several such targets do not exhaust the host.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// What a target answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// As HTTP or the plugin said.
    pub content_type: Option<String>,
    /// An exposition.
    pub bytes: Bytes,
}

/// Why a target gave no body.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// HTTP failed.
    #[error(transparent)]
    Request(RequestError),
    /// The plugin answered with an error, or was stopped.
    #[error("exporter plugin {plugin}: {message}")]
    Exporter {
        /// The plugin.
        plugin: String,
        /// Its reason, or the host's.
        message: String,
    },
    /// The body is larger than `body_size_limit`.
    #[error("body size limit of {limit} bytes exceeded")]
    BodyTooLarge {
        /// The limit.
        limit: u64,
    },
    /// The body is larger than any is without `body_size_limit`.
    #[error("the body is larger than {max} bytes; set body_size_limit to take it, or to refuse it")]
    BodyBeyondCap {
        /// The largest one.
        max: u64,
    },
    /// All bodies together are larger than they may be.
    #[error(
        "no memory is left for the body: all bodies together have {max} bytes, --scrape.max-body-memory"
    )]
    NoRoom {
        /// What there is.
        max: u64,
    },
    /// The answer was not complete in time.
    #[error("no complete answer within the scrape timeout of {after:?}")]
    Timeout {
        /// The timeout.
        after: Duration,
    },
}

/// The exporter plugins, as scraping needs them. The plugin behind a name may change between two
/// calls.
pub trait Exporters: fmt::Debug + Send + Sync {
    /// Whether there is such a plugin and it takes this configuration.
    ///
    /// # Errors
    /// The reason, for the one who wrote the configuration.
    fn check(&self, plugin: &str, config: &serde_json::Value) -> Result<(), String>;

    /// Asks the plugin about a target. The future may be dropped at any time.
    fn collect(
        &self,
        plugin: &str,
        config: &serde_json::Value,
        target: &Arc<Target>,
    ) -> BoxFuture<'static, Result<Body, FetchError>>;
}

/// Gets the body of a target of one job; behind it, HTTP and plugins are the same.
pub(crate) trait Fetch: fmt::Debug + Send + Sync {
    /// The body counts in `share`, which the caller drops after it.
    fn fetch(
        &self,
        target: &Arc<Target>,
        share: &Arc<BodyShare>,
    ) -> BoxFuture<'static, Result<Body, FetchError>>;
}

#[derive(Debug)]
pub(crate) struct HttpFetch {
    client: Client,
    accept: String,
    /// Of targets whose native histograms are taken.
    accept_native: String,
    accept_encoding: &'static str,
    body_limit: u64,
}

impl HttpFetch {
    pub(crate) fn new(client: Client, job: &JobConfig, features: ScrapeFeatures) -> Self {
        let accept = |has_protobuf: bool| {
            let default: &[Protocol] = match has_protobuf || features.start_times_as_zeros {
                true => &Protocol::DEFAULT_WITH_PROTOBUF,
                false => &Protocol::DEFAULT,
            };
            accept_header(job.protocols.as_deref().unwrap_or(default), job.escaping)
        };
        let (accept, accept_native) = (accept(false), accept(true));
        let accept_encoding = if job.enable_compression { "gzip" } else { "identity" };
        let body_limit = job.limits.body_size;
        Self { client, accept, accept_native, accept_encoding, body_limit }
    }
}

impl Fetch for HttpFetch {
    fn fetch(
        &self,
        target: &Arc<Target>,
        share: &Arc<BodyShare>,
    ) -> BoxFuture<'static, Result<Body, FetchError>> {
        let limit = self.body_limit;
        let body_max = if limit == 0 { BODY_BYTES_MAX } else { limit };
        let mut request = Request::get(target.url.clone(), target.timeout, body_max);
        let native = target.histograms.native;
        let accept = if native { &self.accept_native } else { &self.accept };
        request.unix_socket.clone_from(&target.unix_socket);
        request.headers = vec![
            ("Accept".to_owned(), accept.clone()),
            ("Accept-Encoding".to_owned(), self.accept_encoding.to_owned()),
            (
                "X-Prometheus-Scrape-Timeout-Seconds".to_owned(),
                target.timeout.as_secs_f64().to_string(),
            ),
        ];
        // A page of an error is no exposition, whatever its size and encoding.
        request.body_of = Some(200);
        request.meter = Some(Arc::clone(share) as Arc<dyn BodyMeter>);
        let (client, max) = (self.client.clone(), share.max());
        Box::pin(async move {
            let response =
                client.request(request).await.and_then(|response| match response.status {
                    200 => Ok(response),
                    _ => Err(RequestError::Status { status: response.status_text() }),
                });
            let response = response.map_err(|error| match error {
                RequestError::TooLarge { .. } => too_large(limit),
                RequestError::NoRoom => FetchError::NoRoom { max },
                RequestError::Timeout { after } => FetchError::Timeout { after },
                other @ (RequestError::Invalid { .. }
                | RequestError::Denied { .. }
                | RequestError::Connect { .. }
                | RequestError::Tls { .. }
                | RequestError::Broken { .. }
                | RequestError::Encoding { .. }
                | RequestError::SecretFile { .. }
                | RequestError::Redirect(_)
                | RequestError::Redirects { .. }
                | RequestError::Token { .. }
                | RequestError::Status { .. }) => FetchError::Request(other),
            })?;
            let content_type = response.header("content-type").map(str::to_owned);
            Ok(Body { content_type, bytes: response.body })
        })
    }
}

/// A body is too large for a job of this limit.
const fn too_large(limit: u64) -> FetchError {
    match limit {
        0 => FetchError::BodyBeyondCap { max: BODY_BYTES_MAX },
        limit => FetchError::BodyTooLarge { limit },
    }
}

#[derive(Debug)]
pub(crate) struct ExporterFetch {
    pub(crate) exporters: Arc<dyn Exporters>,
    pub(crate) exporter: ExporterSpec,
    pub(crate) body_limit: u64,
}

impl Fetch for ExporterFetch {
    fn fetch(
        &self,
        target: &Arc<Target>,
        share: &Arc<BodyShare>,
    ) -> BoxFuture<'static, Result<Body, FetchError>> {
        let (limit, share) = (self.body_limit, Arc::clone(share));
        let answer = self.exporters.collect(&self.exporter.plugin, &self.exporter.config, target);
        Box::pin(async move {
            let body = answer.await?;
            if limit > 0 && body.bytes.len() as u64 > limit {
                return Err(FetchError::BodyTooLarge { limit });
            }
            // The plugin's own memory bounds what it answers; here it counts beside the others.
            if !share.grow(body.bytes.len() as u64) {
                return Err(FetchError::NoRoom { max: share.max() });
            }
            Ok(body)
        })
    }
}

#[cfg(test)]
mod tests;
