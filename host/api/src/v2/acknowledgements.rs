//! Acknowledgements, which Alertmanager does not have.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use narthex_alerting::{AcknowledgeError, Acknowledgement, AlertView};
use narthex_model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::matcher::{PostedMatcher, posted_matchers};
use super::{Answer, Fault, Moment, are_wanted, body, labels, matchers, ok, set, time};
use crate::params::Params;
use crate::routes::Shared;

/// `GET /api/v2/acknowledgements`: of alerts that fire, ascending by their labels.
pub(crate) async fn acknowledgements(State(rooms): Shared, params: Params) -> Answer {
    let filter = matchers(&params, "filter")?;
    let mut views = rooms.alerting.alerts();
    views.retain(|view| {
        !view.is_resolved && are_wanted(&filter, |name| view.alert.labels.get(name))
    });
    ok(&views.iter().filter_map(of_alert).collect::<Vec<_>>())
}

/// The acknowledgement of an alert, with the alert that it is of.
fn of_alert(view: &AlertView) -> Option<Value> {
    let mut shown = shape(view.acknowledgement.as_deref()?);
    set(&mut shown, "fingerprint", format!("{:016x}", view.alert.fingerprint()));
    set(&mut shown, "labels", labels(&view.alert.labels));
    Some(shown)
}

/// An acknowledgement by itself.
pub(super) fn shape(acknowledgement: &Acknowledgement) -> Value {
    let mut shown = json!({
        "createdBy": acknowledgement.created_by,
        "comment": acknowledgement.comment,
        "createdAt": time(acknowledgement.created_at),
    });
    if let Some(ends_at) = acknowledgement.ends_at {
        set(&mut shown, "endsAt", time(ends_at));
    }
    shown
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Posted {
    matchers: Option<Vec<PostedMatcher>>,
    created_by: Option<String>,
    comment: Option<String>,
    #[serde(default)]
    ends_at: Option<Moment>,
}

/// `POST /api/v2/acknowledgements`: of all alerts that fire and match. Answers as `GET` does.
pub(crate) async fn post(State(rooms): Shared, request: Request) -> Answer {
    let posted: Posted = body(request, "acknowledgement").await?;
    let required = |property: &str| Fault::required(&format!("acknowledgement.{property}"));
    let matchers = posted_matchers("acknowledgement", posted.matchers)?;
    let acknowledgement = Acknowledgement {
        created_by: posted.created_by.ok_or_else(|| required("createdBy"))?,
        comment: posted.comment.ok_or_else(|| required("comment"))?,
        created_at: Timestamp::from_millis(rooms.clock.now_millis()),
        ends_at: posted.ends_at.map(|at| at.0),
    };
    let held = rooms
        .alerting
        .acknowledge(&matchers, acknowledgement)
        .await
        .map_err(|error| fault(&error))?;
    ok(&held.iter().filter_map(of_alert).collect::<Vec<_>>())
}

/// `DELETE /api/v2/acknowledgement/<fingerprint of the alert>`
pub(crate) async fn delete(State(rooms): Shared, Path(fingerprint): Path<String>) -> Answer {
    rooms.alerting.unacknowledge(&fingerprint).await.map_err(|error| fault(&error))?;
    Ok(StatusCode::OK.into_response())
}

fn fault(error: &AcknowledgeError) -> Fault {
    match error {
        AcknowledgeError::NoAlert | AcknowledgeError::NotAcknowledged => {
            Fault::Plain(StatusCode::NOT_FOUND, error.to_string())
        }
        AcknowledgeError::State(_) => Fault::internal(error),
        AcknowledgeError::MatchesAll | AcknowledgeError::Over | AcknowledgeError::TooLong => {
            Fault::bad(error.to_string())
        }
    }
}
