//! `/api/v1/search/…`: names and values by parts of them, for who completes what a person types.
//!
//! The answer is a stream of lines of JSON: batches of results, the first even without any, and a
//! trailer that says whether there are more. Whatever fails does so before the first line, and is told as
//! elsewhere. A batch is rendered when its client takes it; who goes away ends the search.

mod filter;
mod params;
mod score;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use narthex_model::Matcher;
use narthex_storage::{Querier, ReadError};
use serde::Serialize;
use serde_json::json;
use tokio::sync::oneshot;

use self::filter::Found;
use self::params::SearchParams;
use crate::envelope::{Answer, ApiError};
use crate::params::Params;
use crate::replay;
use crate::routes::{Rooms, Shared};

/// The label that holds the names of metrics.
const METRIC_NAME: &str = "__name__";

/// The names of the ways in which terms may differ.
pub(crate) fn fuzz_names() -> impl Iterator<Item = &'static str> {
    filter::Fuzz::ALL.iter().map(|(name, _)| *name)
}

/// `/api/v1/search/metric_names`
pub(crate) async fn metric_names(State(rooms): Shared, params: Params) -> Answer {
    let asked = SearchParams::new(&params, &rooms)?;
    let with_metadata = params.flag("include_metadata")?;
    let store = Arc::clone(&rooms.store);
    let show = move |mut row: Row| {
        if with_metadata
            && let Some(name) = &row.name
            && let Some((_, known)) = store.metadata(Some(name)).pop()
        {
            row.metric_type = Some(known.metric_type.name());
            row.help = Some(known.help).filter(|help| !help.is_empty());
            row.unit = Some(known.unit).filter(|unit| !unit.is_empty());
        }
        row
    };
    let read = |querier: &dyn Querier, set: &[Matcher]| querier.label_values(METRIC_NAME, set);
    let found = search(&rooms, &asked, read).await?;
    Ok(answer(&rooms, &asked, found, move |found, score| {
        show(Row { name: Some(found), score, ..Row::default() })
    }))
}

/// `/api/v1/search/label_names`
pub(crate) async fn label_names(State(rooms): Shared, params: Params) -> Answer {
    let asked = SearchParams::new(&params, &rooms)?;
    let found = search(&rooms, &asked, |querier, set| querier.label_names(set)).await?;
    Ok(answer(&rooms, &asked, found, |name, score| Row {
        name: Some(name),
        score,
        ..Row::default()
    }))
}

/// `/api/v1/search/label_values`
pub(crate) async fn label_values(State(rooms): Shared, params: Params) -> Answer {
    let asked = SearchParams::new(&params, &rooms)?;
    let missing = || ApiError::bad_data("missing required parameter \"label\"");
    let label = params.get("label").ok_or_else(missing)?.to_owned();
    let read = move |querier: &dyn Querier, set: &[Matcher]| querier.label_values(&label, set);
    let found = search(&rooms, &asked, read).await?;
    Ok(answer(&rooms, &asked, found, |value, score| Row {
        value: Some(value),
        score,
        ..Row::default()
    }))
}

/// One result.
#[derive(Debug, Default, Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    metric_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

/// What fits, and one more if there is one. Stops when nobody waits for it any more.
async fn search(
    rooms: &Rooms,
    asked: &SearchParams,
    read: impl Fn(&dyn Querier, &[Matcher]) -> Result<Vec<String>, ReadError> + Send + 'static,
) -> Result<Vec<Found>, ApiError> {
    let store = Arc::clone(&rooms.store);
    let asked = asked.clone();
    // Dropped with the request.
    let (awaited, _waits) = oneshot::channel::<Infallible>();
    let find = move || {
        let querier = store.querier(asked.range)?;
        let names = match asked.sets.as_slice() {
            [] => read(&*querier, &[])?,
            [only] => read(&*querier, only)?,
            sets => {
                let mut all = BTreeSet::new();
                for set in sets {
                    all.extend(read(&*querier, set)?);
                }
                all.into_iter().collect()
            }
        };
        let most = asked.limit.saturating_add(1);
        Ok::<_, ReadError>(asked.filter.find(names, asked.order, most, || !awaited.is_closed()))
    };
    let joined = tokio::task::spawn_blocking(find).await;
    let found = joined.map_err(|panic| ApiError::internal(format!("search failed: {panic}")))?;
    Ok(found?)
}

/// The lines that are still to be sent.
enum Rest {
    First,
    Batches,
    Nothing,
}

fn answer(
    rooms: &Rooms,
    asked: &SearchParams,
    found: Vec<Found>,
    row: impl Fn(String, Option<f64>) -> Row + Send + 'static,
) -> Response {
    let warnings: Vec<String> = replay::warning(&rooms.tsdb).into_iter().collect();
    let has_more = found.len() > asked.limit;
    let (batch_size, with_score) = (asked.batch_size, asked.with_score);
    let mut found = found.into_iter().take(asked.limit);
    let mut next = move || {
        let batch = found.by_ref().take(batch_size);
        batch.map(|one| row(one.name, with_score.then_some(one.score))).collect::<Vec<_>>()
    };
    let lines = stream::unfold(Rest::First, move |rest| {
        let line = match rest {
            Rest::Nothing => None,
            Rest::First => {
                let mut line = json!({"results": next()});
                if !warnings.is_empty()
                    && let Some(line) = line.as_object_mut()
                {
                    line.insert("warnings".to_owned(), warnings.clone().into());
                }
                Some((line, Rest::Batches))
            }
            Rest::Batches => Some(match next() {
                batch if batch.is_empty() => {
                    (json!({"status": "success", "has_more": has_more}), Rest::Nothing)
                }
                batch => (json!({"results": batch}), Rest::Batches),
            }),
        };
        let line =
            line.map(|(line, rest)| (Ok::<_, Infallible>(Bytes::from(format!("{line}\n"))), rest));
        std::future::ready(line)
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8")];
    // What compresses it asks once more at its end.
    (StatusCode::OK, kind, Body::from_stream(lines.fuse())).into_response()
}
