//! Dashboards, as they are stored.

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use narthex_dashboards::{Dashboards, Source, Summary, WriteError};
use narthex_settings::error_chain;
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::origin::OwnSite;
use crate::params::Params;
use crate::routes::{Rooms, Shared};

/// `GET /api/v1/dashboards`
pub(crate) async fn list(State(rooms): Shared) -> Answer {
    let is_writable = rooms.dashboards.is_writable();
    let all = on_disk(&rooms, Dashboards::list).await?;
    let all: Vec<Value> = all.iter().map(shape).collect();
    ok(&json!({"isWritable": is_writable, "dashboards": all}))
}

fn shape(summary: &Summary) -> Value {
    json!({
        "uid": summary.uid,
        "title": summary.title,
        "tags": summary.tags,
        "source": match summary.source {
            Source::Bundled => "bundled",
            Source::Folder => "folder",
        },
        "file": summary.file,
        "error": summary.error,
    })
}

/// `GET /api/v1/dashboards/<uid>`: `data` is the text of the file, every letter of it.
pub(crate) async fn read(State(rooms): Shared, Path(uid): Path<String>) -> Answer {
    let wanted = uid.clone();
    let text = on_disk(&rooms, move |dashboards| dashboards.read(&wanted)).await?;
    let text =
        text.ok_or_else(|| ApiError::not_found(format!("no dashboard has the uid {uid:?}")))?;
    let body = format!(r#"{{"status":"success","data":{text}}}"#);
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response())
}

/// `POST /api/v1/dashboards`, with `overwrite=true` also in the place of another.
pub(crate) async fn write(
    _: OwnSite,
    State(rooms): Shared,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Answer {
    let replaces = Params::of(&query.unwrap_or_default()).flag("overwrite")?;
    let body = String::from_utf8(body.into());
    let body = body.map_err(|error| ApiError::bad_data(format!("no dashboard: {error}")))?;
    let written = on_disk(&rooms, move |dashboards| dashboards.write(&body, replaces)).await?;
    ok(&json!({"uid": written}))
}

/// `DELETE /api/v1/dashboards/<uid>`
pub(crate) async fn remove(
    _: OwnSite,
    State(rooms): Shared,
    Path(uid): Path<String>,
) -> Result<Response, ApiError> {
    on_disk(&rooms, move |dashboards| dashboards.remove(&uid)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Asks the disk where that keeps nobody waiting.
async fn on_disk<T: Send + 'static>(
    rooms: &Rooms,
    work: impl FnOnce(&Dashboards) -> Result<T, WriteError> + Send + 'static,
) -> Result<T, ApiError> {
    let dashboards = rooms.dashboards.clone();
    let done = tokio::task::spawn_blocking(move || work(&dashboards)).await;
    let done = done.map_err(|error| ApiError::internal(format!("dashboards: {error}")))?;
    done.map_err(|error| match &error {
        WriteError::NoFolder => ApiError::forbidden(error.to_string()),
        WriteError::Exists(_) => ApiError::conflict(format!("{error}; overwrite=true replaces it")),
        WriteError::NotThere(_) => ApiError::not_found(error.to_string()),
        WriteError::Invalid(_) | WriteError::Full => ApiError::bad_data(error.to_string()),
        WriteError::Disk { .. } => ApiError::internal(error_chain(&error)),
    })
}
