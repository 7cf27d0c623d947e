//! Who answers, by which configuration, and who may be notified.

use axum::extract::State;
use serde_json::{Value, json};

use super::{Answer, Fault, are_wanted, matchers, ok, time};
use crate::params::Params;
use crate::routes::Shared;
use crate::status::build;

/// `GET /api/v2/status`
pub(crate) async fn status(State(rooms): Shared) -> Answer {
    ok(&json!({
        "cluster": { "status": "disabled", "peers": [] },
        "config": { "original": rooms.server.alertmanager_text() },
        "uptime": time(rooms.server.started_at()),
        "versionInfo": build(),
    }))
}

/// `GET /api/v2/receivers`
pub(crate) async fn receivers(State(rooms): Shared, params: Params) -> Answer {
    let wanted = matchers(&params, "receiver_matchers").map_err(|fault| match fault {
        Fault::Plain(status, message) => {
            let message = format!("failed to parse receiver_matchers param: {message}");
            Fault::Plain(status, message)
        }
        shape @ Fault::Shape { .. } => shape,
    })?;
    let shown: Vec<Value> = rooms
        .alerting
        .receivers()
        .iter()
        .filter(|receiver| {
            are_wanted(&wanted, |name| receiver.labels.get(name).map(String::as_str))
        })
        .map(|receiver| json!({ "name": receiver.name, "labels": receiver.labels }))
        .collect();
    ok(&shown)
}
