//! `/api/v1/write`: remote write. Errors are plain text, as in Prometheus.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use narthex_remote::{Fault, Headers, Incoming, WriteError};
use narthex_settings::error_chain;

use crate::routes::{Shared, text};

/// `/api/v1/write`
pub(crate) async fn write(State(rooms): Shared, request: Request) -> Response {
    let Some(receiver) = &rooms.remote else {
        let off =
            "remote write receiver needs to be enabled with --web.enable-remote-write-receiver";
        return text(StatusCode::NOT_FOUND, format!("{off}\n"));
    };
    let (head, body) = request.into_parts();
    let value = |name: HeaderName| value_of(&head.headers, &name);
    let headers = Headers {
        content_type: value(header::CONTENT_TYPE),
        content_encoding: value(header::CONTENT_ENCODING),
        length: value(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
    };
    match receiver.receive(headers, Pieces(body)).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(&error),
    }
}

/// A header's value; one that is no text is none that is served.
fn value_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// The body as the receiver takes it.
struct Pieces(Body);

impl Incoming for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        while let Some(frame) = self.0.frame().await {
            // Trailers say nothing that is asked for.
            if let Ok(piece) = frame.map_err(|error| error.to_string())?.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

fn refusal(error: &WriteError) -> Response {
    let status = match error.fault() {
        Fault::Size => StatusCode::PAYLOAD_TOO_LARGE,
        Fault::Kind => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Fault::Request => StatusCode::BAD_REQUEST,
        Fault::Load => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Store => StatusCode::INTERNAL_SERVER_ERROR,
    };
    text(status, format!("{}\n", error_chain(error)))
}
