//! How an alert lies in the store: JSON, so that a person can read it at night.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use narthex_model::{Alert, Labels, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Acknowledgement, Kept, Record};

/// Version 1. A field may be added; none may change its meaning.
#[derive(Serialize, Deserialize)]
struct AlertV1 {
    v: u8,
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    starts_at_ms: i64,
    ends_at_ms: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    end_guessed: bool,
    updated_at_ms: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    generator_url: String,
    /// Infinities and what is no number are left out, as JSON has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(default, skip_serializing_if = "is_false")]
    repeated: bool,
    lifetime_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acknowledgement: Option<AcknowledgementV1>,
}

#[derive(Serialize, Deserialize)]
struct AcknowledgementV1 {
    created_by: String,
    comment: String,
    created_at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_at_ms: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(it: &bool) -> bool {
    !it
}

pub(super) fn encode(kept: &Kept) -> Vec<u8> {
    let texts = |labels: &Labels| {
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let alert = &kept.alert;
    let is_over = kept.is_end_noted.load(Ordering::Acquire);
    let lifetime = if is_over { Duration::ZERO } else { kept.lifetime };
    let shape = AlertV1 {
        v: 1,
        labels: texts(&alert.labels),
        annotations: texts(&alert.annotations),
        starts_at_ms: alert.starts_at.millis(),
        ends_at_ms: alert.ends_at.millis(),
        end_guessed: alert.is_end_guessed,
        updated_at_ms: alert.updated_at.millis(),
        generator_url: alert.generator_url.clone(),
        value: alert.value.filter(|value| value.is_finite()),
        repeated: kept.is_repeated,
        lifetime_ms: u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX),
        acknowledgement: kept.acknowledgement.as_deref().map(|it| AcknowledgementV1 {
            created_by: it.created_by.clone(),
            comment: it.comment.clone(),
            created_at_ms: it.created_at.millis(),
            ends_at_ms: it.ends_at.map(Timestamp::millis),
        }),
    };
    serde_json::to_vec(&shape).expect("texts and finite numbers always become JSON")
}

/// Why an alert on disk is unreadable.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("it is no JSON of an alert: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is of version {0}, and this program knows 1")]
    Version(u8),
}

pub(super) fn decode(bytes: &[u8]) -> Result<Record, DecodeError> {
    let shape: AlertV1 = serde_json::from_slice(bytes)?;
    if shape.v != 1 {
        return Err(DecodeError::Version(shape.v));
    }
    let alert = Alert {
        labels: Labels::from_pairs(shape.labels),
        annotations: Labels::from_pairs(shape.annotations),
        starts_at: Timestamp::from_millis(shape.starts_at_ms),
        ends_at: Timestamp::from_millis(shape.ends_at_ms),
        is_end_guessed: shape.end_guessed,
        updated_at: Timestamp::from_millis(shape.updated_at_ms),
        generator_url: shape.generator_url,
        value: shape.value,
    };
    let acknowledgement = shape.acknowledgement.map(|it| Acknowledgement {
        created_by: it.created_by,
        comment: it.comment,
        created_at: Timestamp::from_millis(it.created_at_ms),
        ends_at: it.ends_at_ms.map(Timestamp::from_millis),
    });
    let lifetime = Duration::from_millis(shape.lifetime_ms);
    Ok(Record { alert, acknowledgement, is_repeated: shape.repeated, lifetime })
}
