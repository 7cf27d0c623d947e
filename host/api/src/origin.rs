//! Who sent a request, for the journals of queries.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use narthex_promql::QueryOrigin;

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
