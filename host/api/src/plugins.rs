//! `/api/v1/plugins`: what is loaded, what it may do, what it did.

use axum::extract::State;
use narthex_model::Timestamp;
use narthex_plugins::PluginView;
use serde_json::{Value, json};

use crate::envelope::{Answer, ok};
use crate::routes::Shared;
use crate::status::rfc3339;

/// `/api/v1/plugins`
pub(crate) async fn plugins(State(rooms): Shared) -> Answer {
    let shown: Vec<Value> = rooms.plugins.view().iter().map(shape).collect();
    ok(&json!({"plugins": shown}))
}

fn time(millis: i64) -> String {
    rfc3339(Timestamp::from_millis(millis))
}

fn shape(plugin: &PluginView) -> Value {
    let grants: Vec<Value> = plugin
        .grants
        .iter()
        .map(|grant| {
            json!({"capability": grant.capability, "detail": grant.detail, "source": grant.source})
        })
        .collect();
    let last_error = plugin.last_error.as_ref().map(
        |error| json!({"at": time(error.at_millis), "kind": error.kind, "message": error.message}),
    );
    let rejected = plugin.rejected.as_ref().map(|rejected| {
        json!({
            "at": time(rejected.at_millis),
            "digest": rejected.digest,
            "message": rejected.message,
        })
    });
    json!({
        "name": plugin.name,
        "kind": plugin.kind.map_or("", |kind| kind.word()),
        "version": plugin.version,
        "description": plugin.description,
        "digest": plugin.digest,
        "file": plugin.file.as_str(),
        "state": plugin.state.word(),
        "generation": plugin.generation,
        "loadedAt": plugin.loaded_at_millis.map(time),
        "imports": plugin.imports,
        "grants": grants,
        "limits": {
            "memoryBytes": plugin.limits.memory_bytes,
            "cpuSeconds": plugin.limits.cpu.as_secs_f64(),
            "wallSeconds": plugin.limits.wall.as_secs_f64(),
            "resultBytes": plugin.limits.result_bytes,
        },
        "calls": {
            "total": plugin.calls.total,
            "errors": plugin.calls.errors,
            "killed": plugin.calls.killed,
            "lastDurationSeconds": plugin.calls.last_duration.map(|d| d.as_secs_f64()),
        },
        "lastError": last_error,
        "rejected": rejected,
    })
}
