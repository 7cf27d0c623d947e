//! Where targets come from, and how these sources are.

use axum::extract::State;
use narthex_discovery::{JobView, SourceView};
use narthex_model::Timestamp;
use serde_json::{Value, json};

use crate::envelope::{Answer, ok};
use crate::params::Params;
use crate::routes::Shared;
use crate::status::rfc3339;

/// `/api/v1/status/discovery`: every job with its sources, and every item of `alertmanagers`; `job` asks for
/// one job.
pub(crate) async fn discovery(State(rooms): Shared, params: Params) -> Answer {
    let wanted = params.get("job");
    let jobs = rooms.discovery.view();
    let jobs = jobs.iter().filter(|job| wanted.is_none_or(|name| name == job.job));
    let jobs: Vec<Value> = jobs.map(job).collect();
    let receivers = rooms.notify_discovery.view();
    let receivers: Vec<Value> = receivers.iter().map(job).collect();
    ok(&json!({"jobs": jobs, "alertmanagers": receivers}))
}

/// `/api/v1/alertmanagers`: whom alerts are sent to.
pub(crate) async fn alertmanagers(State(rooms): Shared) -> Answer {
    let view = rooms.alertmanagers.view();
    let shown = |urls: Vec<String>| -> Vec<Value> {
        urls.into_iter().map(|url| json!({"url": url})).collect()
    };
    ok(&json!({
        "activeAlertmanagers": shown(view.active),
        "droppedAlertmanagers": shown(view.dropped),
    }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_tells_since_when_it_fails_and_why() {
        let at = |millis| Some(Timestamp::from_millis(millis));
        let view = JobView {
            job: "j".to_owned(),
            targets: 3,
            updated_at: None,
            sources: vec![SourceView {
                mechanism: "consul".to_owned(),
                index: 1,
                targets: 2,
                groups: 2,
                succeeded_at: at(0),
                failing_since: at(1_000),
                reason: "connection refused".to_owned(),
                failures: 4,
            }],
        };
        let expected = json!({
            "job": "j", "targets": 3, "lastUpdate": null,
            "sources": [{
                "mechanism": "consul", "index": 1, "health": "failing", "targets": 2, "groups": 2,
                "lastSuccess": "1970-01-01T00:00:00Z", "failingSince": "1970-01-01T00:00:01Z",
                "lastError": "connection refused", "failures": 4,
            }],
        });
        assert_eq!(job(&view), expected);
    }
}
