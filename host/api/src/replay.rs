//! What the API says while the log of the store is still being replayed.

use axum::extract::State;
use narthex_tsdb::{ReplayState, Tsdb};
use serde_json::json;

use crate::envelope::{Answer, ok};
use crate::routes::Shared;

/// `/api/v1/status/walreplay`: segments as Prometheus counts them; bytes and samples are ours.
pub(crate) async fn status(State(rooms): Shared) -> Answer {
    let progress = rooms.tsdb.replay_progress();
    let state = match progress.state {
        ReplayState::Waiting => "waiting",
        ReplayState::InProgress => "in progress",
        ReplayState::Done => "done",
        ReplayState::Failed => "failed",
    };
    ok(&json!({
        "min": progress.segment_min,
        "max": progress.segment_max,
        "current": progress.segment,
        "state": state,
        "bytes": progress.bytes_done,
        "bytesTotal": progress.bytes_total,
        "samples": progress.samples,
        "percent": progress.percent(),
    }))
}

/// Whether samples are still to come from the log.
pub(crate) fn is_under_way(store: &Tsdb) -> bool {
    match store.replay_progress().state {
        ReplayState::Waiting | ReplayState::InProgress => true,
        ReplayState::Done | ReplayState::Failed => false,
    }
}

/// A warning when answers may lack older samples. To be asked for before the store is read.
pub(crate) fn warning(store: &Tsdb) -> Option<String> {
    let progress = store.replay_progress();
    match progress.state {
        ReplayState::Done => None,
        ReplayState::Waiting | ReplayState::InProgress => {
            let percent = progress.percent();
            Some(format!(
                "the log is still being replayed ({percent} %): older samples may be missing"
            ))
        }
        ReplayState::Failed => {
            Some("the log could not be replayed to its end: older samples may be missing".into())
        }
    }
}
