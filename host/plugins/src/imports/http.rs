//! `http`: requests to granted hosts, by the host's own client.
//!
//! Invariant: a request and each of its redirects is judged by host and port before a name is
//! resolved, and by address before a connection is opened.

mod client;
mod place;
mod probe;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use narthex_client::{REDIRECTS_MAX, RequestError, WhenLarger};
use narthex_settings::error_chain;
use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasSelf, Linker};
use url::Url;

use super::{CallContext, Error, ErrorKind, Label, clock, denied, error, tls};
use crate::bindings::imports::narthex::plugin::http;
use crate::grant::NetGrants;
use crate::secrets::CallSecrets;
use crate::spending::{Budgeted, Spending};
use crate::tape::{Ask, Content, Ear, HttpAsk};

pub(crate) use self::client::{Capability, OwnClient};
use self::place::{AUTHORIZATION, Place, parse_url, take_user};

/// The largest body of an answer.
const BODY_BYTES_MAX: u64 = 16 << 20;

/// Bodies of all answers that a guest waits for at one time.
const BODIES_BYTES_MAX: u64 = 32 << 20;

/// Requests that one call has on the way.
const IN_FLIGHT_MAX: usize = 16;

/// Requests of one `fetch-many`.
const REQUESTS_MAX: usize = 1_000;

/// Headers of one request.
const HEADERS_MAX: usize = 100;

/// The URL and the headers of one request.
const HEAD_BYTES_MAX: usize = 256 << 10;

/// What a header takes beside its name and its value.
const HEADER_BYTES: usize = ": \r\n".len();

/// Headers that the host sets, or that concern one connection only.
const HEADERS_REFUSED: [&str; 10] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The requests of one call.
#[derive(Debug)]
pub(crate) struct Instance {
    capability: Arc<Capability>,
    /// Of the item of the configuration that the call is about.
    own: Option<Arc<OwnClient>>,
    /// For requests that are watched.
    tls: tls::Bound,
    net: Arc<NetGrants>,
    secrets: CallSecrets,
    spending: Spending,
    clock: clock::Instance,
    ear: Ear,
}

pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    http::add_to_linker::<_, HasSelf<Instance>>(linker, |guest| &mut guest.host().http)
}

impl Instance {
    pub(crate) fn instantiate(
        (capability, own): (&Arc<Capability>, Option<Arc<OwnClient>>),
        tls: &tls::Bound,
        net: &Arc<NetGrants>,
        secrets: &CallSecrets,
        spending: &Spending,
        clock: &clock::Instance,
        ear: &Ear,
    ) -> Self {
        let (capability, tls, net) = (Arc::clone(capability), tls.clone(), Arc::clone(net));
        let (secrets, spending) = (secrets.clone(), spending.clone());
        let (clock, ear) = (clock.clone(), ear.clone());
        Self { capability, own, tls, net, secrets, spending, clock, ear }
    }

    async fn exchange(
        &self,
        request: http::Request,
        body_max: u64,
    ) -> Result<http::Response, Error> {
        if !self.ear.listens() {
            return self.exchange_live(request, body_max).await;
        }
        let asked = ask(&request);
        self.ear.ask(|| asked, self.exchange_live(request, body_max)).await
    }

    async fn exchange_live(
        &self,
        request: http::Request,
        body_max: u64,
    ) -> Result<http::Response, Error> {
        self.check(&request)?;
        let deadline = self.clock.at_most_left(request.timeout_ms);
        let first = request.url.clone();
        let mut url = parse_url(&first)?;
        let mut outgoing = self.outgoing(request, &mut url, body_max);
        for _ in 0..=REDIRECTS_MAX {
            outgoing.timeout = deadline.min(self.clock.left());
            let place = Place::of(&url)?;
            (outgoing.url, outgoing.unix_socket) = place.request(&url);
            let own = self.own.as_deref().filter(|own| own.serves(&place));
            let mut sent = self.with_secrets(&outgoing, &url, &place);
            if let Some(signer) = own.and_then(|own| own.signer.as_ref()) {
                let signed = signer.sign(&mut sent, &url).await;
                signed.map_err(|failure| error(failure.kind(), error_chain(&failure)))?;
            }
            let response = self.without_secrets(self.send(own, &place, sent).await?);
            let is_last = own.is_some_and(|own| !own.follows_redirects);
            if is_last || matches!(place, Place::Socket(_)) {
                return Ok(answer(response));
            }
            let next = narthex_client::redirect(&url, &response);
            let next = next.map_err(|wrong| error(ErrorKind::Protocol, wrong.to_string()))?;
            let Some(next) = next else { return Ok(answer(response)) };
            outgoing.redirect_to(&url, &next, response.status);
            url = next;
        }
        let message = format!("{first}: more than {REDIRECTS_MAX} redirects");
        Err(error(ErrorKind::Protocol, message))
    }

    /// What the client sends, where the guest wants it and for as long as the call may take. The user and the password in
    /// `url` go into a header, unless the guest has set that itself.
    fn outgoing(
        &self,
        request: http::Request,
        url: &mut Url,
        body_max: u64,
    ) -> narthex_client::Request {
        let mut headers: Vec<(String, String)> =
            request.headers.into_iter().map(|label| (label.name, label.value)).collect();
        let is_set = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(AUTHORIZATION));
        headers.extend(take_user(url).filter(|_| !is_set));
        narthex_client::Request {
            method: request.method,
            url: request.url,
            unix_socket: None,
            headers,
            body: Bytes::from(request.body),
            timeout: self.clock.at_most_left(request.timeout_ms),
            body_max: request.max_body.map_or(body_max, |max| body_max.min(u64::from(max))),
            when_larger: WhenLarger::Truncate,
            body_of: None,
            meter: None,
            may_become_get: true,
        }
    }

    fn check(&self, request: &http::Request) -> Result<(), Error> {
        if let Some(profile) = &request.auth {
            let plugin = &self.capability.plugin;
            let message = format!("no credentials {profile:?} are bound to plugin {plugin:?}");
            return Err(error(ErrorKind::Config, message));
        }
        check_headers(request)
    }

    /// A request as it goes to a place: with the secrets, if they are for it.
    fn with_secrets(
        &self,
        request: &narthex_client::Request,
        url: &Url,
        place: &Place,
    ) -> narthex_client::Request {
        let mut sent = request.clone();
        let takes = match place {
            Place::Host { is_tls, host, port } => self.net.takes_secrets(host, *port, *is_tls),
            // Sockets are granted by their whole path.
            Place::Socket(_) => true,
        };
        if !takes || self.secrets.is_empty() {
            return sent;
        }
        (sent.url, sent.unix_socket) = place.request(&self.secrets.in_url(url));
        for (name, value) in &mut sent.headers {
            *value = self.secrets.in_header(name, value);
        }
        let is_type = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-type");
        let content_type = sent.headers.iter().find(is_type).map(|(_, value)| value.as_str());
        sent.body = self.secrets.in_body(content_type.unwrap_or_default(), &sent.body);
        sent
    }

    /// An answer without the secrets that the other side sends back.
    fn without_secrets(&self, mut response: narthex_client::Response) -> narthex_client::Response {
        if !self.secrets.is_empty() {
            for (_, value) in &mut response.headers {
                *value = self.secrets.hide(value);
            }
            if let Cow::Owned(hidden) = self.secrets.hide_in_bytes(&response.body) {
                response.body = hidden.into();
            }
        }
        response
    }

    /// One exchange with one host, without redirects.
    async fn send(
        &self,
        own: Option<&OwnClient>,
        place: &Place,
        request: narthex_client::Request,
    ) -> Result<narthex_client::Response, Error> {
        let capability = own.map_or(&*self.capability, |own| &own.capability);
        let (connections, _lease) = match place {
            Place::Host { host, port, .. } => {
                let admission = self.net.admit(&host.to_string(), *port).map_err(denied)?;
                let connections = capability.connections(&admission).map_err(|failure| {
                    error(ErrorKind::Internal, format!("make a client: {}", error_chain(&failure)))
                })?;
                (connections, Some(connections.guard.lease(host, *port, admission)))
            }
            Place::Socket(path) => {
                self.net.admit_socket(path).map_err(denied)?;
                (&capability.by_name, None)
            }
        };
        let (request, body_max) = self.charged(request)?;
        let sent = connections.client.request(request).await;
        let response = sent.map_err(|failure| {
            let told = request_error(&failure, place);
            Error { message: self.secrets.hide(&told.message), ..told }
        })?;
        self.received(&response, body_max)?;
        Ok(response)
    }

    /// A request that the call may still send, whose answer is cut at what it may still get; and where the guest
    /// would have it cut.
    fn charged(
        &self,
        mut request: narthex_client::Request,
    ) -> Result<(narthex_client::Request, u64), Error> {
        self.spending.request()?;
        let head = request.url.len() + bytes_of(pairs(&request.headers));
        self.spending.send(head + request.body.len())?;
        let body_max = request.body_max;
        request.body_max = body_max.min(self.spending.receivable());
        Ok((request, body_max))
    }

    /// Refuses an answer that is more than the call may get.
    fn received(&self, response: &narthex_client::Response, body_max: u64) -> Result<(), Error> {
        self.spending.receive(bytes_of(pairs(&response.headers)) + response.body.len())?;
        let is_cut_by_guest = u64::try_from(response.body.len()).is_ok_and(|len| len >= body_max);
        if response.truncated && !is_cut_by_guest {
            return Err(self.spending.exhausted(Budgeted::BytesIn));
        }
        Ok(())
    }
}

/// What headers take.
fn bytes_of<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>) -> usize {
    headers.map(|(name, value)| name.len() + value.len() + HEADER_BYTES).sum()
}

fn pairs(headers: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Refuses headers that are the host's to set, and too many or too long ones of the others.
fn check_headers(request: &http::Request) -> Result<(), Error> {
    let headers = request.headers.iter();
    let headers = headers.map(|header| (header.name.as_str(), header.value.as_str()));
    let head = request.url.len() + bytes_of(headers);
    if head > HEAD_BYTES_MAX {
        let message = format!("a URL and headers of {head} bytes; {HEAD_BYTES_MAX} are allowed");
        return Err(error(ErrorKind::Config, message));
    }
    if request.headers.len() > HEADERS_MAX {
        let message = format!("{} headers; {HEADERS_MAX} are allowed", request.headers.len());
        return Err(error(ErrorKind::Config, message));
    }
    let refused = request.headers.iter().find(|header| {
        HEADERS_REFUSED.iter().any(|refused| header.name.eq_ignore_ascii_case(refused))
    });
    match refused {
        Some(header) => {
            let message = format!("the header {:?} is set by the host", header.name);
            Err(error(ErrorKind::Config, message))
        }
        None => Ok(()),
    }
}

impl http::Host for Instance {
    async fn fetch(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, Error>> {
        Ok(self.exchange(request, BODY_BYTES_MAX).await)
    }

    async fn fetch_many(
        &mut self,
        requests: Vec<http::Request>,
        max_in_flight: u32,
    ) -> wasmtime::Result<Vec<Result<http::Response, Error>>> {
        if requests.len() > REQUESTS_MAX {
            let message = format!("{} requests; {REQUESTS_MAX} are allowed", requests.len());
            let refusal = || Err(error(ErrorKind::Exhausted, message.clone()));
            return Ok(requests.iter().map(|_| refusal()).collect());
        }
        let in_flight = usize::try_from(max_in_flight).unwrap_or(IN_FLIGHT_MAX);
        let in_flight = in_flight.clamp(1, IN_FLIGHT_MAX);
        let body_max = share_of_bodies(requests.len());
        let this = &*self;
        let exchanges = requests.into_iter().map(|request| this.exchange(request, body_max));
        Ok(futures_util::stream::iter(exchanges).buffered(in_flight).collect().await)
    }

    async fn fetch_first(
        &mut self,
        requests: Vec<http::Request>,
    ) -> wasmtime::Result<Vec<Option<Result<http::Response, Error>>>> {
        if requests.len() > IN_FLIGHT_MAX {
            let message = format!("{} requests; {IN_FLIGHT_MAX} are allowed", requests.len());
            let refusal = || Some(Err(error(ErrorKind::Exhausted, message.clone())));
            return Ok(requests.iter().map(|_| refusal()).collect());
        }
        if let Some(played) = self.ear.ask_first(requests.iter().map(ask)) {
            return Ok(played);
        }
        let body_max = share_of_bodies(requests.len());
        let this = &*self;
        let exchanges = requests.into_iter().map(|request| this.exchange(request, body_max));
        Ok(first_of(exchanges.collect()).await)
    }

    async fn probe(
        &mut self,
        request: http::Request,
        options: Vec<Label>,
    ) -> wasmtime::Result<Result<http::Probed, Error>> {
        if !self.ear.listens() {
            return Ok(self.watched(request, options).await);
        }
        let pair = |option: &Label| (option.name.clone(), option.value.clone());
        let ask =
            Ask::Probe { request: asked(&request), options: options.iter().map(pair).collect() };
        Ok(self.ear.ask(|| ask, self.watched(request, options)).await)
    }
}

/// A request as it stands on a tape.
fn ask(request: &http::Request) -> Ask {
    Ask::Http(asked(request))
}

fn asked(request: &http::Request) -> HttpAsk {
    let pair = |label: &Label| (label.name.clone(), label.value.clone());
    HttpAsk {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.iter().map(pair).collect(),
        body: Content(request.body.clone()),
    }
}

/// Answers are held until all are there; together they stay below one bound.
fn share_of_bodies(requests: usize) -> u64 {
    let share = u64::try_from(requests.max(2)).unwrap_or(u64::MAX);
    (BODIES_BYTES_MAX / share).clamp(64 * 1024, BODY_BYTES_MAX)
}

/// Waits for the first; what the others have by then stands in its place. Those that have nothing end here.
async fn first_of<T>(futures: Vec<impl Future<Output = T>>) -> Vec<Option<T>> {
    let mut found: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let placed = futures.into_iter().enumerate();
    let mut waiting: FuturesUnordered<_> =
        placed.map(|(place, future)| future.map(move |answer| (place, answer))).collect();
    let mut next = waiting.next().await;
    while let Some((place, answer)) = next {
        if let Some(own) = found.get_mut(place) {
            *own = Some(answer);
        }
        next = waiting.next().now_or_never().flatten();
    }
    found
}

fn answer(response: narthex_client::Response) -> http::Response {
    let label = |(name, value)| Label { name, value };
    http::Response {
        status: response.status,
        headers: response.headers.into_iter().map(label).collect(),
        body: response.body.into(),
        truncated: response.truncated,
    }
}

fn request_error(failure: &RequestError, place: &Place) -> Error {
    let kind = match failure {
        RequestError::Denied { reason, .. } => return error(ErrorKind::Denied, reason.clone()),
        RequestError::Invalid { .. } | RequestError::SecretFile { .. } => ErrorKind::Config,
        RequestError::Connect { .. } | RequestError::Token { .. } => ErrorKind::Unreachable,
        RequestError::Timeout { .. } => ErrorKind::Timeout,
        RequestError::Tls { .. }
        | RequestError::Broken { .. }
        | RequestError::Encoding { .. }
        | RequestError::Redirect(_)
        | RequestError::Redirects { .. }
        | RequestError::Status { .. } => ErrorKind::Protocol,
        RequestError::TooLarge { .. } | RequestError::NoRoom => ErrorKind::Exhausted,
    };
    error(kind, format!("{place}: {}", error_chain(failure)))
}

/// So that a bound of the host is not mistaken for the guest's.
const _: () = assert!(BODY_BYTES_MAX <= BODIES_BYTES_MAX, "one answer fits");

#[cfg(test)]
mod tests;
