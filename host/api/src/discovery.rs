//! Where targets come from, and how these sources are.

use axum::extract::State;
use narthex_discovery::{JobView, SourceView};
use narthex_model::Timestamp;
use serde_json::{Value, json};

use crate::envelope::{Answer, ok};
use crate::params::Params;
use crate::routes::Shared;
use crate::status::rfc3339;

/// `/api/v1/status/discovery`: every job with its sources; `job` asks for one.
pub(crate) async fn discovery(State(rooms): Shared, params: Params) -> Answer {
    let wanted = params.get("job");
    let jobs = rooms.discovery.view();
    let jobs = jobs.iter().filter(|job| wanted.is_none_or(|name| name == job.job));
    let jobs: Vec<Value> = jobs.map(job).collect();
    ok(&json!({"jobs": jobs}))
}

fn job(job: &JobView) -> Value {
    json!({
        "job": job.job,
        "targets": job.targets,
        "lastUpdate": time(job.updated_at),
        "sources": job.sources.iter().map(source).collect::<Vec<_>>(),
    })
}

fn source(source: &SourceView) -> Value {
    json!({
        "mechanism": source.mechanism,
        "index": source.index,
        "health": source.health(),
        "targets": source.targets,
        "groups": source.groups,
        "lastSuccess": time(source.succeeded_at),
        "failingSince": time(source.failing_since),
        "lastError": source.reason,
        "failures": source.failures,
    })
}

/// A time, or null for what has not happened.
fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(rfc3339)
}
