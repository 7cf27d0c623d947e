//! Exemplars of the series that a query asks for.

use std::sync::Arc;

use axum::extract::State;
use narthex_model::{Exemplar, Matcher, Timestamp};
use narthex_promql::QueryError;
use narthex_storage::TimeRange;
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::query::{LabelMap, number_text};
use crate::routes::Shared;

/// `/api/v1/query_exemplars`
pub(crate) async fn exemplars(State(rooms): Shared, params: Params) -> Answer {
    let start = params.time_or("start", Timestamp::MIN)?;
    let end = params.time_or("end", Timestamp::MAX)?;
    if end < start {
        return Err(ApiError::bad_data("end timestamp must not be before start timestamp"));
    }
    let expr = rooms.engine.parse(params.query()).map_err(QueryError::from)?;
    let selectors: Vec<Vec<Matcher>> =
        expr.selectors().into_iter().map(|selector| selector.matchers.clone()).collect();
    let (store, range) = (Arc::clone(&rooms.store), TimeRange { start, end });
    let found = tokio::task::spawn_blocking(move || store.exemplars(range, &selectors)).await;
    let found = found.map_err(|panic| ApiError::internal(format!("read failed: {panic}")))??;
    let shown: Vec<Value> = found
        .iter()
        .map(|series| {
            let exemplars: Vec<Value> = series.exemplars.iter().map(shown).collect();
            json!({"seriesLabels": LabelMap(&series.labels), "exemplars": exemplars})
        })
        .collect();
    ok(&shown)
}

fn shown(exemplar: &Exemplar) -> Value {
    json!({
        "labels": LabelMap(&exemplar.labels),
        "value": number_text(exemplar.value),
        "timestamp": exemplar.at.seconds(),
    })
}
