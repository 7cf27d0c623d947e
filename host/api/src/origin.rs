//! Who sent a request: for the journals of queries, and whether a page of another site did.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use narthex_promql::QueryOrigin;

use crate::envelope::ApiError;

/// The request as a journal names it. The listener puts the other end's [`SocketAddr`] among the
/// request's extensions.
pub(crate) struct Origin(pub(crate) Arc<QueryOrigin>);

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // The URI itself has lost what the routes are nested in.
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        let peer = parts.extensions.get::<SocketAddr>();
        Ok(Self(Arc::new(QueryOrigin::Http {
            client_ip: peer.map(|peer| peer.ip().to_string()).unwrap_or_default(),
            method: parts.method.to_string(),
            path: path.unwrap_or(parts.uri.path()).to_owned(),
        })))
    }
}

/// A request that no page of another site sent: what changes files takes no other. Other sites may read, as with
/// Prometheus.
pub(crate) struct OwnSite;

/// Told by browsers over TLS and on loopback: <https://www.w3.org/TR/fetch-metadata/>.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The host that a proxy was asked for.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

impl<S: Send + Sync> FromRequestParts<S> for OwnSite {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let refusal = || ApiError::forbidden("pages of other sites may not change anything here");
        if is_of_own_site(&parts.headers) { Ok(Self) } else { Err(refusal()) }
    }
}

fn is_of_own_site(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    // No browser leaves it out of what changes something.
    let Some(origin) = text(ORIGIN) else { return true };
    let asked = origin.split_once("://").map(|(_, host)| host);
    asked.is_some() && [HOST, FORWARDED_HOST].into_iter().any(|name| text(name) == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&str, &str)], expected: bool) {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()));
        assert_eq!(is_of_own_site(&headers.collect()), expected);
    }

    #[test]
    fn pages_of_other_sites_are_told_apart() {
        check(&[("host", "a:9090")], true);
        check(&[("host", "a:9090"), ("origin", "http://a:9090")], true);
        check(&[("host", "a:9090"), ("origin", "http://b:9090")], false);
        check(&[("host", "a:9090"), ("origin", "null")], false);
        check(&[("host", "in:9090"), ("x-forwarded-host", "a"), ("origin", "https://a")], true);
        check(&[("host", "a"), ("origin", "http://a"), ("sec-fetch-site", "cross-site")], false);
        check(&[("host", "in"), ("origin", "http://a"), ("sec-fetch-site", "same-origin")], true);
    }
}
