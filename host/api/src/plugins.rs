//! `/api/v1/plugins`: what is loaded, what it may do, what it did; and an operator's word for one.

use std::time::Duration;

use axum::extract::{Path, State};
use narthex_model::Timestamp;
use narthex_plugins::{Amounts, OperateError, PluginView};
use narthex_settings::error_chain;
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::routes::{Rooms, Shared};
use crate::status::rfc3339;

/// `/api/v1/plugins`
pub(crate) async fn plugins(State(rooms): Shared) -> Answer {
    let shown: Vec<Value> = rooms.plugins.view().iter().map(shape).collect();
    ok(&json!({"plugins": shown, "isOperable": rooms.server.lifecycle_allowed()}))
}

/// `/api/v1/plugins/<name>/disable`
pub(crate) async fn disable(State(rooms): Shared, Path(name): Path<String>) -> Answer {
    check_allowed(&rooms)?;
    rooms.plugins.disable(&name).await?;
    one(&rooms, &name)
}

/// `/api/v1/plugins/<name>/enable`
pub(crate) async fn enable(State(rooms): Shared, Path(name): Path<String>) -> Answer {
    check_allowed(&rooms)?;
    rooms.plugins.enable(&name).await?;
    one(&rooms, &name)
}

/// `/api/v1/plugins/<name>/reload`
pub(crate) async fn reload(
    State(rooms): Shared,
    Path(name): Path<String>,
    params: Params,
) -> Answer {
    check_allowed(&rooms)?;
    rooms.plugins.reload(&name, params.flag("force")?).await?;
    one(&rooms, &name)
}

fn check_allowed(rooms: &Rooms) -> Result<(), ApiError> {
    if rooms.server.lifecycle_allowed() {
        Ok(())
    } else {
        Err(ApiError::forbidden("lifecycle API is not enabled; start with --web.enable-lifecycle"))
    }
}

/// The plugin as it is now; it may have gone meanwhile.
fn one(rooms: &Rooms, name: &str) -> Answer {
    let found = rooms.plugins.view().into_iter().find(|plugin| plugin.name == name);
    ok(&found.as_ref().map(shape))
}

impl From<OperateError> for ApiError {
    fn from(error: OperateError) -> Self {
        let message = error_chain(&error);
        match error {
            OperateError::Unknown { .. } => Self::not_found(message),
            OperateError::DisabledByFile { .. } | OperateError::Refused { .. } => {
                Self::bad_data(message)
            }
            OperateError::State { .. } => Self::internal(message),
        }
    }
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
    let compiling = plugin
        .compiling
        .as_ref()
        .map(|file| json!({"since": time(file.since_millis), "digest": file.digest}));
    let last_error = plugin.last_error.as_ref().map(
        |error| json!({"at": time(error.at_millis), "kind": error.kind, "message": error.message}),
    );
    let rejected = plugin.rejected.as_ref().map(|rejected| {
        json!({
            "at": time(rejected.at_millis),
            "digest": rejected.digest,
            "kind": rejected.kind.word(),
            "message": rejected.message,
        })
    });
    let pauses: Vec<Value> = plugin
        .pauses
        .iter()
        .map(|pause| {
            json!({
                "target": pause.target,
                "kills": pause.kills,
                "leftSeconds": pause.left.as_secs_f64(),
                "message": pause.message,
            })
        })
        .collect();
    let exceeded: Vec<Value> = plugin
        .exceeded
        .iter()
        .map(|one| {
            json!({
                "budget": one.budget.word(),
                "total": one.total,
                "lastAt": time(one.last_at_millis),
            })
        })
        .collect();
    let logs: Vec<Value> = plugin
        .logs
        .iter()
        .map(|line| {
            json!({
                "at": time(line.at_millis),
                "level": line.level,
                "call": line.call,
                "message": line.message,
                "fields": line.fields,
            })
        })
        .collect();
    let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64());
    json!({
        "name": plugin.name,
        "kind": plugin.kind.map_or("", |kind| kind.word()),
        "version": plugin.version,
        "description": plugin.description,
        "digest": plugin.digest,
        "pinned": plugin.pinned,
        "file": plugin.file.as_str(),
        "state": plugin.state.word(),
        "compiling": compiling,
        "disabled": plugin.disabled,
        "generation": plugin.generation,
        "previous": plugin.previous,
        "loadedAt": plugin.loaded_at_millis.map(time),
        "imports": plugin.imports,
        "grants": grants,
        "limits": amounts(&plugin.limits),
        "peaks": amounts(&plugin.peaks),
        "exceeded": exceeded,
        "calls": {
            "total": plugin.calls.total,
            "errors": plugin.calls.errors,
            "killed": plugin.calls.killed,
            "failuresInRow": plugin.calls.failures_in_row,
            "lastDurationSeconds": seconds(plugin.calls.last_duration),
            "medianDurationSeconds": seconds(plugin.calls.median_duration),
            "slowDurationSeconds": seconds(plugin.calls.slow_duration),
            "cpuSecondsTotal": plugin.calls.cpu.as_secs_f64(),
        },
        "pauses": pauses,
        "lastError": last_error,
        "rejected": rejected,
        "logs": logs,
    })
}

fn amounts(amounts: &Amounts) -> Value {
    json!({
        "memoryBytes": amounts.memory_bytes,
        "cpuSeconds": amounts.cpu.as_secs_f64(),
        "wallSeconds": amounts.wall.as_secs_f64(),
        "resultBytes": amounts.result_bytes,
        "requests": amounts.requests,
        "bytesIn": amounts.bytes_in,
        "bytesOut": amounts.bytes_out,
        "logLines": amounts.log_lines,
        "samples": amounts.samples,
        "kvBytes": amounts.kv_bytes,
    })
}
