//! `/api/v1/write`: remote write. Errors are plain text, as in Prometheus.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use narthex_remote::{BODY_BYTES_MAX, Fault, Receiver, WriteError, check_headers};
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
    let supported = check_headers(value(header::CONTENT_TYPE), value(header::CONTENT_ENCODING));
    if let Err(error) = supported {
        return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("{error}\n"));
    }
    let length = value(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    match take(receiver, length, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(&error),
    }
}

/// A header's value; one that is no text is none that is served.
fn value_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

async fn take(receiver: &Receiver, length: Option<u64>, body: Body) -> Result<(), WriteError> {
    let place = receiver.place(length).await?;
    let body = receiver.body(read(body)).await?;
    receiver.write(place, body).await?;
    Ok(())
}

/// The whole body; `None` when it is too long.
async fn read(body: Body) -> Result<Option<Bytes>, String> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn refusal(error: &WriteError) -> Response {
    let status = match error.fault() {
        Fault::Size => StatusCode::PAYLOAD_TOO_LARGE,
        Fault::Request => StatusCode::BAD_REQUEST,
        Fault::Load => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Store => StatusCode::INTERNAL_SERVER_ERROR,
    };
    text(status, format!("{}\n", error_chain(error)))
}
