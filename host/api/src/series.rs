//! Series, labels and metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use narthex_exposition::Escaping;
use narthex_model::{Labels, Matcher, Metadata, Timestamp};
use narthex_storage::{Querier, Queryable, ReadError, TimeRange};
use serde_json::json;

use crate::envelope::{Answer, ApiError, ok, ok_with_notes};
use crate::params::Params;
use crate::query::LabelMap;
use crate::replay;
use crate::routes::{Rooms, Shared};

const TRUNCATED: &str = "results truncated due to limit";

/// Nothing is found in a range that ends before it starts: as in Prometheus that is no error.
fn range(params: &Params) -> Result<TimeRange, ApiError> {
    let start = params.time_or("start", Timestamp::MIN)?;
    let end = params.time_or("end", Timestamp::MAX)?;
    Ok(TimeRange { start, end })
}

/// Runs a read on the blocking pool.
async fn read<T: Send + 'static>(
    store: &Arc<dyn Queryable>,
    range: TimeRange,
    read: impl FnOnce(&dyn Querier) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ApiError> {
    let store = Arc::clone(store);
    let joined = tokio::task::spawn_blocking(move || read(&*store.querier(range)?)).await;
    let result = joined.map_err(|panic| ApiError::internal(format!("read failed: {panic}")))?;
    Ok(result?)
}

/// `/api/v1/series`
pub(crate) async fn series(State(rooms): Shared, params: Params) -> Answer {
    let limit = params.limit("limit")?;
    let range = range(&params)?;
    let sets = params.match_sets()?;
    if sets.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let replaying = replay::warning(&rooms.tsdb);
    let found = read(&rooms.store, range, move |querier| {
        let mut found: BTreeSet<Labels> = BTreeSet::new();
        for matchers in &sets {
            found.extend(querier.select(matchers)?.iter().map(|series| series.labels().clone()));
        }
        Ok(found)
    })
    .await?;
    let truncated = found.len() > limit;
    let shown: Vec<LabelMap<'_>> = found.iter().take(limit).map(LabelMap).collect();
    ok_with_notes(&shown, &notes(truncated, replaying), &[])
}

/// `/api/v1/labels`
pub(crate) async fn names(State(rooms): Shared, params: Params) -> Answer {
    texts(&rooms, &params, |querier, matchers| querier.label_names(matchers)).await
}

/// `/api/v1/label/<name>/values`. A name that begins with `U__` is written as [`Escaping::Values`] writes names,
/// since a path holds no slash.
pub(crate) async fn values(
    State(rooms): Shared,
    Path(name): Path<String>,
    params: Params,
) -> Answer {
    if name.is_empty() {
        return Err(ApiError::bad_data("invalid label name: \"\""));
    }
    let name =
        if name.starts_with("U__") { Escaping::Values.unescape(&name).into_owned() } else { name };
    let read =
        move |querier: &dyn Querier, matchers: &[Matcher]| querier.label_values(&name, matchers);
    texts(&rooms, &params, read).await
}

/// The union of what `ask` answers for each selector of `match[]`; all series without one.
async fn texts(
    rooms: &Rooms,
    params: &Params,
    ask: impl Fn(&dyn Querier, &[Matcher]) -> Result<Vec<String>, ReadError> + Send + 'static,
) -> Answer {
    let limit = params.limit("limit")?;
    let range = range(params)?;
    let mut sets = params.match_sets()?;
    if sets.is_empty() {
        sets.push(Vec::new());
    }
    let replaying = replay::warning(&rooms.tsdb);
    let found = read(&rooms.store, range, move |querier| {
        let mut found = BTreeSet::new();
        for matchers in &sets {
            found.extend(ask(querier, matchers)?);
        }
        Ok(found)
    })
    .await?;
    let truncated = found.len() > limit;
    let shown: Vec<String> = found.into_iter().take(limit).collect();
    ok_with_notes(&shown, &notes(truncated, replaying), &[])
}

fn notes(truncated: bool, replaying: Option<String>) -> Vec<String> {
    truncated.then(|| TRUNCATED.to_owned()).into_iter().chain(replaying).collect()
}

/// `/api/v1/metadata`. Of each metric one type, help and unit is kept: the last that was scraped.
pub(crate) async fn metadata(State(rooms): Shared, params: Params) -> Answer {
    let limit = params.count("limit")?;
    params.count("limit_per_metric")?;
    let known = rooms.store.metadata(params.get("metric"));
    let shape = |metadata: &Metadata| {
        json!([{
            "type": metadata.metric_type.name(),
            "help": metadata.help,
            "unit": metadata.unit,
        }])
    };
    let shown: BTreeMap<String, serde_json::Value> =
        known.iter().take(limit).map(|(name, metadata)| (name.clone(), shape(metadata))).collect();
    ok(&shown)
}
