//! Silences.

use std::collections::BTreeMap;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use narthex_alerting::{Silence, SilenceError, SilenceState, SilenceTerms, TimeInterval};
use narthex_model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::matcher::{PostedMatcher, matcher, posted_matchers};
use super::{Answer, Fault, Moment, body, is_on, matchers, ok, set, time};
use crate::params::Params;
use crate::routes::Shared;

/// `GET /api/v2/silences`
pub(crate) async fn silences(State(rooms): Shared, params: Params) -> Answer {
    let filter = matchers(&params, "filter")?;
    let (active, expired) = (is_on(&params, "active"), is_on(&params, "expired"));
    let pending = is_on(&params, "pending");
    let now = Timestamp::from_millis(rooms.clock.now_millis());
    let is_wanted = |silence: &Silence| {
        let is_asked_for = match silence.state(now) {
            SilenceState::Active => active,
            SilenceState::Pending => pending,
            SilenceState::Expired => expired,
        };
        // A silence is asked for by its own matchers.
        is_asked_for && filter.iter().all(|wanted| silence.terms.matchers.contains(wanted))
    };
    let mut found = rooms.alerting.silences().all();
    found.retain(|silence| is_wanted(silence));
    // What ends next, what begins next, what ended last comes first.
    found.sort_by_cached_key(|silence| {
        let state = silence.state(now);
        let terms = &silence.terms;
        let at = match state {
            SilenceState::Active => terms.ends_at.millis(),
            SilenceState::Pending => terms.starts_at.millis(),
            SilenceState::Expired => terms.ends_at.millis().saturating_neg(),
        };
        (state, at, silence.id.clone())
    });
    let shown: Vec<Value> = found.iter().map(|silence| shape(silence, now)).collect();
    ok(&shown)
}

/// `GET /api/v2/silence/<id>`
pub(crate) async fn one(State(rooms): Shared, Path(id): Path<String>) -> Answer {
    check_id(&id)?;
    let now = Timestamp::from_millis(rooms.clock.now_millis());
    match rooms.alerting.silences().get(&id) {
        Some(silence) => ok(&shape(&silence, now)),
        None => Ok(not_found()),
    }
}

/// `DELETE /api/v2/silence/<id>`
pub(crate) async fn delete(State(rooms): Shared, Path(id): Path<String>) -> Answer {
    check_id(&id)?;
    match rooms.alerting.expire_silence(&id).await {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(SilenceError::NotFound) => Ok(not_found()),
        Err(error) => Err(Fault::internal(&error)),
    }
}

fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

fn check_id(id: &str) -> Result<(), Fault> {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    if lengths == [8, 4, 4, 4, 12] && id.split('-').all(is_hex) {
        return Ok(());
    }
    Err(Fault::kind(format!("silenceID in path must be of type uuid: {id:?}")))
}

fn shape(silence: &Silence, now: Timestamp) -> Value {
    let terms = &silence.terms;
    let mut shown = json!({
        "id": silence.id,
        "status": { "state": silence.state(now).name() },
        "updatedAt": time(silence.updated_at),
        "matchers": terms.matchers.iter().map(matcher).collect::<Vec<_>>(),
        "startsAt": time(terms.starts_at),
        "endsAt": time(terms.ends_at),
        "createdBy": terms.created_by,
        "comment": terms.comment,
        "annotations": terms.annotations,
    });
    if !terms.time_intervals.is_empty() {
        set(&mut shown, "timeIntervals", json!(terms.time_intervals));
    }
    shown
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    #[serde(default)]
    id: String,
    matchers: Option<Vec<PostedMatcher>>,
    starts_at: Option<Moment>,
    ends_at: Option<Moment>,
    created_by: Option<String>,
    comment: Option<String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    /// Ours: it holds in these alone.
    #[serde(default)]
    time_intervals: Vec<TimeInterval>,
}

/// `POST /api/v2/silences`
pub(crate) async fn post(State(rooms): Shared, request: Request) -> Answer {
    let posted: Posted = body(request, "silence").await?;
    let (id, terms) = posted.terms()?;
    match rooms.alerting.set_silence(&id, terms).await {
        Ok(id) => ok(&json!({ "silenceID": id })),
        Err(error @ SilenceError::NotFound) => {
            Err(Fault::Plain(StatusCode::NOT_FOUND, error.to_string()))
        }
        Err(error @ SilenceError::State(_)) => Err(Fault::internal(&error)),
        Err(error) => Err(Fault::bad(error.to_string())),
    }
}

impl Posted {
    fn terms(self) -> Result<(String, SilenceTerms), Fault> {
        let required = |property: &str| Fault::required(&format!("silence.{property}"));
        let terms = SilenceTerms {
            matchers: posted_matchers("silence", self.matchers)?,
            starts_at: self.starts_at.ok_or_else(|| required("startsAt"))?.0,
            ends_at: self.ends_at.ok_or_else(|| required("endsAt"))?.0,
            created_by: self.created_by.ok_or_else(|| required("createdBy"))?,
            comment: self.comment.ok_or_else(|| required("comment"))?,
            annotations: self.annotations.unwrap_or_default(),
            time_intervals: self.time_intervals,
        };
        Ok((self.id, terms))
    }
}
