//! How the state of rules lies in the store: an alert is JSON, so that a person can read it; how far a
//! group has come is a number. docs/formats/rules.md shows both.

use std::collections::BTreeMap;

use narthex_model::{Labels, Timestamp};
use serde::{Deserialize, Serialize};

use crate::active::{ActiveAlert, AlertState, Recorded};

/// The one version there is, of alerts and of slots.
const VERSION: u8 = 1;

/// Version 1. A field may be added; none may change its meaning.
#[derive(Serialize, Deserialize)]
struct AlertV1 {
    v: u8,
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    /// As text: JSON has no words for some numbers.
    value: String,
    active_at_ms: i64,
    fired_at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep_firing_since_ms: Option<i64>,
}

/// Why a record is unreadable.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("it is no JSON of an alert")]
    Json(#[from] serde_json::Error),
    #[error("it is of version {0}, and this program knows {VERSION}")]
    Version(u8),
    #[error("its value is {0:?}, which is no number")]
    Value(String),
    #[error("it has {0} bytes in place of nine")]
    Slot(usize),
}

pub(super) fn encode(labels: &Labels, alert: &ActiveAlert) -> Vec<u8> {
    let texts = |labels: &Labels| {
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let shape = AlertV1 {
        v: VERSION,
        labels: texts(labels),
        annotations: texts(&alert.annotations),
        value: alert.value.to_string(),
        active_at_ms: alert.active_at.millis(),
        fired_at_ms: alert.fired_at.unwrap_or(alert.active_at).millis(),
        keep_firing_since_ms: alert.keep_firing_since.map(Timestamp::millis),
    };
    serde_json::to_vec(&shape).expect("texts and whole numbers are JSON")
}

/// The alert as it goes on in another process.
pub(super) fn decode(bytes: &[u8]) -> Result<(Labels, ActiveAlert), DecodeError> {
    let shape: AlertV1 = serde_json::from_slice(bytes)?;
    if shape.v != VERSION {
        return Err(DecodeError::Version(shape.v));
    }
    let keep_firing_since = shape.keep_firing_since_ms.map(Timestamp::from_millis);
    let alert = ActiveAlert {
        annotations: Labels::from_pairs(shape.annotations),
        value: shape.value.parse().map_err(|_| DecodeError::Value(shape.value))?,
        state: AlertState::Firing,
        active_at: Timestamp::from_millis(shape.active_at_ms),
        fired_at: Some(Timestamp::from_millis(shape.fired_at_ms)),
        resolved_at: None,
        last_sent: None,
        keep_firing_since,
        recorded: Recorded::Firing { keep_firing_since },
        is_recalled: true,
        awaits_data: keep_firing_since.is_none(),
    };
    Ok((Labels::from_pairs(shape.labels), alert))
}

pub(super) fn encode_slot(at: Timestamp) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&at.millis().to_be_bytes());
    bytes
}

pub(super) fn decode_slot(bytes: &[u8]) -> Result<Timestamp, DecodeError> {
    let (version, millis) = bytes.split_first().ok_or(DecodeError::Slot(0))?;
    if *version != VERSION {
        return Err(DecodeError::Version(*version));
    }
    let millis = millis.try_into().map_err(|_| DecodeError::Slot(bytes.len()))?;
    Ok(Timestamp::from_millis(i64::from_be_bytes(millis)))
}
