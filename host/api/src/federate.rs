//! `/federate`: the newest samples, for another server to collect. Errors are plain text, as in
//! Prometheus.

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use narthex_promql::parse_any_selector;
use narthex_remote::Federated;
use narthex_settings::error_chain;
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::params::Params;
use crate::replay;
use crate::routes::{Shared, text};

/// `/federate`
pub(crate) async fn federate(State(rooms): Shared, headers: HeaderMap, params: Params) -> Response {
    // Series whose newest samples are not read yet would look as if they had ended.
    if !rooms.server.is_ready() || replay::is_under_way(&rooms.tsdb) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n");
    }
    let selectors: Result<Vec<_>, _> = params.all("match[]").map(parse_any_selector).collect();
    let selectors = match selectors {
        Ok(selectors) => selectors,
        Err(error) => return text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let accept = accept.unwrap_or("").to_owned();
    let federation = rooms.federation.clone();
    let why = match spawn_blocking(move || federation.find(&selectors, &accept)).await {
        Ok(Ok(found)) => {
            let kind = [(header::CONTENT_TYPE, found.content_type())];
            return (StatusCode::OK, kind, body(found)).into_response();
        }
        Ok(Err(error)) => error_chain(&error),
        Err(panic) => panic.to_string(),
    };
    text(StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n"))
}

/// Reads a piece when the client has room for it, so that a slow one holds no thread. An error breaks the
/// connection: the body must not look whole.
fn body(federated: Federated) -> Body {
    Body::from_stream(stream::try_unfold(federated, async |mut federated| {
        let read = spawn_blocking(move || federated.next_piece().map(|piece| (piece, federated)));
        let (piece, federated) = read.await?.inspect_err(|error| {
            warn!(error = %error_chain(error), "a federation ended early");
        })?;
        Ok::<_, BoxError>(piece.map(|piece| (Bytes::from(piece), federated)))
    }))
}
