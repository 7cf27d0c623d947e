//! One request over a connection of its own, with what each step took: for those who watch a server.
//!
//! Invariant: nothing of it is left when it ends, however it ends: the connection's own work is done beside
//! the request and dropped with it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderName, HeaderValue};
use hyper::rt::Executor;
use hyper::{Uri, Version};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use reqwest::Url;
use tokio::time::Instant;

use crate::body::{Collector, More};
use crate::dial::{Dial, IpVersion, Steps};
use crate::error::{RequestError, invalid};
use crate::guard::AddressGuard;
use crate::request::{Request, Response};
use crate::secret::{header_name, header_value};
use crate::stream::{Encryption, EncryptionError, Stream};

/// How a request is sent that is watched. Redirects are not followed, and nothing is added to its headers but
/// `host`, `content-length` and, where it is HTTP/1.1, `connection: close`.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// As in [`Dial`].
    pub versions: &'a [IpVersion],
    /// Which addresses may be connected to.
    pub guard: &'a dyn AddressGuard,
    /// For `https`.
    pub encryption: &'a Encryption,
    /// Who must show a certificate; `None`: the URL's host, or who the configuration of TLS names.
    pub server_name: Option<&'a str>,
    /// The header `host`; `None`: as the URL says.
    pub host: Option<&'a str>,
    /// Whether HTTP/2 is spoken where the server does.
    pub speaks_http2: bool,
}

/// What is known of an exchange, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Of the connection.
    pub steps: Steps,
    /// From the connection to the headers of the answer.
    pub processing: Option<Duration>,
    /// From the headers of the answer to the end of its body.
    pub transfer: Option<Duration>,
    /// `1.0`, `1.1` or `2`.
    pub http_version: Option<&'static str>,
    /// The version of TLS and the cipher.
    pub encryption: Option<(&'static str, &'static str)>,
    /// The certificates that the peer showed, in DER, its own first.
    pub certificates: Vec<Vec<u8>>,
    /// Bytes of the body as they came.
    pub body_bytes: u64,
}

impl Probe<'_> {
    /// Sends a request and waits for the whole answer; `course` tells how far that came. Any status is an answer.
    ///
    /// # Errors
    /// When there is no answer, or none within time and cap.
    pub async fn send(
        &self,
        request: &Request,
        course: &mut Course,
    ) -> Result<Response, RequestError> {
        match tokio::time::timeout(request.timeout, self.exchange(request, course)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(RequestError::Timeout { after: request.timeout }),
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        course: &mut Course,
    ) -> Result<Response, RequestError> {
        let url = Url::parse(&request.url).map_err(|error| invalid("URL", error))?;
        let no_host = || invalid("URL", "it needs the scheme http or https and a host");
        let host = url.host_str().ok_or_else(no_host)?;
        let port = url.port_or_known_default().ok_or_else(no_host)?;
        let dial = Dial { host, port, versions: self.versions, guard: self.guard };
        let mut stream = Stream::Plain(dial.open(&mut course.steps).await?);
        let mut speaks_http2 = false;
        if url.scheme() == "https" {
            let began = Instant::now();
            let protocols: &[&str] =
                if self.speaks_http2 { &["h2", "http/1.1"] } else { &["http/1.1"] };
            let name = self.server_name.unwrap_or(host);
            let encrypted = self.encryption.start_speaking(name, stream, protocols).await;
            stream = encrypted.map_err(|error| tls_error(error, &format!("{host}:{port}")))?;
            course.steps.tls = Some(began.elapsed());
            course.encryption = stream.encryption();
            course.certificates = stream.certificates();
            speaks_http2 = stream.protocol() == Some(b"h2");
        }
        let outgoing = self.outgoing(request, &url, speaks_http2)?;
        let beside = Beside::default();
        let began = Instant::now();
        let io = TokioIo::new(stream);
        let answered = async {
            let incoming = if speaks_http2 {
                let (mut sender, connection) =
                    http2::handshake(beside.clone(), io).await.map_err(broken)?;
                beside.execute(async { connection.await.unwrap_or_default() });
                sender.send_request(outgoing).await.map_err(broken)?
            } else {
                let (mut sender, connection) = http1::handshake(io).await.map_err(broken)?;
                beside.execute(async { connection.await.unwrap_or_default() });
                sender.send_request(outgoing).await.map_err(broken)?
            };
            course.processing = Some(began.elapsed());
            answer(incoming, request, course).await
        };
        beside.run_while(answered).await
    }

    fn outgoing(
        &self,
        request: &Request,
        url: &Url,
        speaks_http2: bool,
    ) -> Result<hyper::Request<Full<Bytes>>, RequestError> {
        let host = match (self.host, url.port()) {
            (Some(host), _) => host.to_owned(),
            (None, Some(port)) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            (None, None) => url.host_str().unwrap_or_default().to_owned(),
        };
        let path = url.query().map(|query| format!("{}?{query}", url.path()));
        let path = path.as_deref().unwrap_or(url.path());
        let target = if speaks_http2 { format!("https://{host}{path}") } else { path.to_owned() };
        let target = Uri::try_from(target).map_err(|error| invalid("URL", error))?;
        let mut outgoing = hyper::Request::new(Full::new(request.body.clone()));
        *outgoing.uri_mut() = target;
        *outgoing.method_mut() = hyper::Method::from_bytes(request.method.as_bytes())
            .map_err(|error| invalid("method", error))?;
        let headers = outgoing.headers_mut();
        for (name, value) in &request.headers {
            headers.append(header_name(name)?, header_value(value)?);
        }
        if !request.body.is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        }
        if !speaks_http2 {
            headers.insert(HOST, header_value(&host)?);
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(outgoing)
    }
}

/// Reads the body of an answer.
async fn answer(
    incoming: hyper::Response<Incoming>,
    request: &Request,
    course: &mut Course,
) -> Result<Response, RequestError> {
    let began = Instant::now();
    let (head, mut incoming) = incoming.into_parts();
    course.http_version = Some(match head.version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    });
    let encoding = head.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let encoding = encoding.unwrap_or("").trim().to_ascii_lowercase();
    let (max, when_larger) = (request.body_max, request.when_larger);
    let mut body = Collector::new(&encoding, max, when_larger, request.meter.clone())?;
    let mut more = More::Wanted;
    while more == More::Wanted {
        let Some(frame) = incoming.frame().await else { break };
        // Trailers say nothing that anybody asks for.
        let Ok(chunk) = frame.map_err(broken)?.into_data() else { continue };
        course.body_bytes = course.body_bytes.saturating_add(chunk.len() as u64);
        more = body.add(&chunk)?;
    }
    course.transfer = Some(began.elapsed());
    let readable = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let (body, truncated) = body.finish(more)?;
    Ok(Response {
        status: head.status.as_u16(),
        headers: head.headers.iter().map(readable).collect(),
        body,
        truncated,
    })
}

fn broken(error: hyper::Error) -> RequestError {
    RequestError::Broken { source: error.into() }
}

fn tls_error(error: EncryptionError, host: &str) -> RequestError {
    match error {
        EncryptionError::Handshake { source, .. } => {
            let refused = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match refused {
                Some(refused) => {
                    RequestError::Tls { host: host.to_owned(), source: refused.clone() }
                }
                None => RequestError::Broken { source: source.into() },
            }
        }
        EncryptionError::Name(_) | EncryptionError::Already => invalid("server name", error),
    }
}

/// Work of a connection.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The work of one connection, which is done beside its request and ends with it.
#[derive(Clone, Default)]
struct Beside {
    /// What is new since it was looked at last.
    new: Arc<Mutex<Vec<Work>>>,
}

impl<F: Future + Send + 'static> Executor<F> for Beside {
    fn execute(&self, work: F) {
        self.new.lock().push(Box::pin(async {
            work.await;
        }));
    }
}

impl Beside {
    /// Runs the request, and the work of its connection for so long.
    async fn run_while<T>(&self, request: impl Future<Output = T>) -> T {
        let mut request = std::pin::pin!(request);
        let mut running = FuturesUnordered::new();
        poll_fn(|context| {
            if let Poll::Ready(outcome) = request.as_mut().poll(context) {
                return Poll::Ready(outcome);
            }
            self.work_on(&mut running, context);
            Poll::Pending
        })
        .await
    }

    /// Work may make work; all of it is looked at.
    fn work_on(&self, running: &mut FuturesUnordered<Work>, context: &mut Context<'_>) {
        loop {
            let new = std::mem::take(&mut *self.new.lock());
            let has_new = !new.is_empty();
            running.extend(new);
            while let Poll::Ready(Some(())) = running.poll_next_unpin(context) {}
            if !has_new {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
