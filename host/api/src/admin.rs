//! What deletes and copies data: only with `--web.enable-admin-api`.

use std::hash::{BuildHasher, RandomState};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use narthex_model::Timestamp;
use narthex_settings::error_chain;
use narthex_storage::TimeRange;
use narthex_tsdb::{AdminError, Tsdb};
use serde_json::json;

use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::routes::{Rooms, Shared};

fn check_allowed(rooms: &Rooms) -> Result<(), ApiError> {
    if rooms.server.admin_allowed() {
        Ok(())
    } else {
        Err(ApiError::unavailable("admin APIs disabled"))
    }
}

/// Does what waits for the disk beside the runtime's threads.
async fn work<T: Send + 'static>(
    rooms: &Rooms,
    work: impl FnOnce(&Tsdb) -> Result<T, AdminError> + Send + 'static,
) -> Result<T, ApiError> {
    let store = rooms.tsdb.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    let done = done.map_err(|panic| ApiError::internal(format!("the work failed: {panic}")))?;
    done.map_err(|error| ApiError::internal(error_chain(&error)))
}

/// `/api/v1/admin/tsdb/delete_series`
pub(crate) async fn delete_series(State(rooms): Shared, params: Params) -> Answer {
    check_allowed(&rooms)?;
    let sets = params.match_sets()?;
    if sets.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let start = params.time_or("start", Timestamp::MIN)?;
    let end = params.time_or("end", Timestamp::MAX)?;
    work(&rooms, move |store| {
        sets.iter().try_for_each(|matchers| store.delete_series(matchers, TimeRange { start, end }))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `/api/v1/admin/tsdb/clean_tombstones`
pub(crate) async fn clean_tombstones(State(rooms): Shared) -> Answer {
    check_allowed(&rooms)?;
    work(&rooms, Tsdb::clean_tombstones).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `/api/v1/admin/tsdb/snapshot`
pub(crate) async fn snapshot(State(rooms): Shared, params: Params) -> Answer {
    check_allowed(&rooms)?;
    let with_head = !params.flag("skip_head")?;
    let name = snapshot_name(rooms.clock.now_millis())?;
    let folder = name.clone();
    work(&rooms, move |store| store.snapshot(&folder, with_head)).await?;
    ok(&json!({"name": name}))
}

/// The time and a number that no other snapshot has.
fn snapshot_name(now_millis: i64) -> Result<String, ApiError> {
    let now = jiff::Timestamp::from_millisecond(now_millis)
        .map_err(|error| ApiError::internal(error.to_string()))?;
    let number = RandomState::new().hash_one(now_millis);
    Ok(format!("{}-{number:016x}", now.strftime("%Y%m%dT%H%M%SZ")))
}

/// `/api/v1/status/tsdb/blocks`
pub(crate) async fn blocks(State(rooms): Shared) -> Answer {
    ok(&json!({"blocks": rooms.tsdb.block_metas()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_named_by_its_time() {
        let name = snapshot_name(1_767_225_600_000).unwrap();
        assert!(name.starts_with("20260101T000000Z-") && name.len() == 33, "{name}");
    }
}
