//! `tests/<name>.json` of a plugin: a call, what the world said to it, and the answer.
//!
//! docs/formats/recording.md draws it.

use std::time::Duration;

use camino::Utf8Path;
use narthex_alerting::{AlertGroup, AlertStatus, GroupAlert};
use narthex_model::{Labels, Timestamp};
use narthex_platform::{Disk, read_to_string, replace};
use narthex_plugins::{
    CallError, Change, CollectTarget, Content, Question, Recording, Refreshed, Reply,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A case is read by people too.
pub(crate) const CASE_BYTES_MAX: u64 = 32 << 20;

/// When alerts of cases began: the same in every run.
const STARTS_AT_MS: i64 = 1_767_225_600_000;

/// A recorded call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) config: Value,
    pub(crate) call: Call,
    pub(crate) recording: Recording,
    pub(crate) answer: Value,
}

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Call {
    /// Of an exporter.
    Collect {
        target: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<(String, String)>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        params: Vec<(String, String)>,
        timeout_ms: u64,
    },
    /// Of a discovery.
    Refresh {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        wait_ms: u64,
    },
    /// Of a notifier.
    Notify { alerts: Vec<CaseAlert> },
}

/// An alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseAlert {
    pub(crate) labels: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) annotations: Vec<(String, String)>,
    #[serde(default, rename = "resolved", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_resolved: bool,
}

/// Why a case is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaseError {
    #[error("read {file}")]
    Read { file: String, source: std::io::Error },
    #[error("{file} is no recording")]
    Shape { file: String, source: serde_json::Error },
    #[error("write {file}")]
    Write { file: String, source: std::io::Error },
}

impl Case {
    pub(crate) fn read(disk: &dyn Disk, file: &Utf8Path) -> Result<Self, CaseError> {
        let text = read_to_string(disk, file, CASE_BYTES_MAX)
            .map_err(|source| CaseError::Read { file: file.to_string(), source })?;
        serde_json::from_str(&text)
            .map_err(|source| CaseError::Shape { file: file.to_string(), source })
    }

    pub(crate) fn write(&self, disk: &dyn Disk, file: &Utf8Path) -> Result<(), CaseError> {
        let failed = |source| CaseError::Write { file: file.to_string(), source };
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other);
        let text = text.map_err(failed)? + "\n";
        let folder = file.parent().unwrap_or(Utf8Path::new("."));
        disk.create_folder(folder).map_err(failed)?;
        replace(disk, file, text.as_bytes()).map_err(failed)
    }
}

impl Call {
    pub(crate) fn question(&self) -> Question {
        match self {
            Self::Collect { target, labels, params, timeout_ms } => {
                Question::Collect(CollectTarget {
                    address: target.clone(),
                    labels: labels.clone(),
                    params: params.clone(),
                    timeout: Duration::from_millis(*timeout_ms),
                })
            }
            Self::Refresh { cursor, wait_ms } => {
                let (cursor, wait) = (cursor.clone(), Duration::from_millis(*wait_ms));
                Question::Refresh { cursor, wait }
            }
            Self::Notify { alerts } => Question::Notify(Box::new(group(alerts))),
        }
    }
}

fn group(alerts: &[CaseAlert]) -> AlertGroup {
    let alerts: Vec<GroupAlert> = alerts.iter().enumerate().map(alert).collect();
    let is_firing = alerts.iter().any(|alert| alert.status == AlertStatus::Firing);
    let shared = |pick: fn(&GroupAlert) -> &Labels| {
        let first = alerts.first().map(pick);
        let all = |(name, value): &(&str, &str)| {
            alerts.iter().all(|alert| pick(alert).get(name) == Some(*value))
        };
        Labels::from_pairs(first.into_iter().flat_map(Labels::iter).filter(all))
    };
    AlertGroup {
        group_key: "{}:{}".to_owned(),
        receiver: "test".to_owned(),
        status: if is_firing { AlertStatus::Firing } else { AlertStatus::Resolved },
        group_labels: Labels::from_pairs(std::iter::empty::<(&str, &str)>()),
        common_labels: shared(|alert| &alert.labels),
        common_annotations: shared(|alert| &alert.annotations),
        truncated_alerts: 0,
        external_url: "http://narthex.example:9090".to_owned(),
        attempt: 1,
        idempotency_key: "test".to_owned(),
        alerts,
    }
}

fn alert((index, alert): (usize, &CaseAlert)) -> GroupAlert {
    let labels = |pairs: &[(String, String)]| {
        Labels::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    };
    let at = Timestamp::from_millis;
    GroupAlert {
        status: if alert.is_resolved { AlertStatus::Resolved } else { AlertStatus::Firing },
        fingerprint: format!("{index:016x}"),
        labels: labels(&alert.labels),
        annotations: labels(&alert.annotations),
        starts_at: at(STARTS_AT_MS),
        ends_at: alert.is_resolved.then(|| at(STARTS_AT_MS + 300_000)),
        generator_url: "http://narthex.example:9090/graph".to_owned(),
        value: None,
    }
}

/// An answer as it stands in a case.
pub(crate) fn answer(reply: &Result<Reply, CallError>) -> Value {
    match reply {
        Ok(Reply::Collected(exposition)) => json!({
            "content_type": exposition.content_type,
            "body": Content(exposition.body.clone()),
        }),
        Ok(Reply::Refreshed(refreshed)) => refresh(refreshed),
        Ok(Reply::Delivered(receipt)) => {
            json!({ "remote_id": receipt.remote_id, "note": receipt.note })
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

fn refresh(refreshed: &Refreshed) -> Value {
    let pairs = |labels: &Labels| -> Value {
        labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
    };
    let groups = |groups: &[narthex_model::TargetGroup]| -> Value {
        let group = |group: &narthex_model::TargetGroup| {
            let address = |target: &Labels| target.get("__address__").map(str::to_owned);
            let targets: Vec<String> = group.targets.iter().filter_map(address).collect();
            json!({ "source": group.source, "targets": targets, "labels": pairs(&group.labels) })
        };
        groups.iter().map(group).collect()
    };
    let mut answer = match &refreshed.change {
        Change::Unchanged => json!({ "unchanged": true }),
        Change::Full(all) => json!({ "full": groups(all) }),
        Change::Delta { upsert, remove } => json!({ "upsert": groups(upsert), "remove": remove }),
    };
    let millis = refreshed.next_in.map(|next| next.as_millis().to_string());
    let facts = [
        ("cursor", refreshed.cursor.clone().map(Value::from)),
        ("next_in_ms", millis.map(Value::from)),
        ("more", refreshed.is_part.then_some(Value::Bool(true))),
        ("failing", refreshed.failing.clone().map(Value::from)),
    ];
    if let Value::Object(keys) = &mut answer {
        for (name, fact) in facts {
            keys.extend(fact.map(|fact| (name.to_owned(), fact)));
        }
    }
    answer
}
