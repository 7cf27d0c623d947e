//! How a silence lies in the store: JSON, so that a person can read it at night.

use std::collections::BTreeMap;

use narthex_model::{MatchOp, Matcher, MatcherError, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Silence, SilenceTerms};
use crate::intervals::TimeInterval;

/// Version 1. A field may be added; none may change its meaning.
#[derive(Serialize, Deserialize)]
struct SilenceV1 {
    v: u8,
    id: String,
    matchers: Vec<MatcherV1>,
    starts_at_ms: i64,
    ends_at_ms: i64,
    updated_at_ms: i64,
    created_by: String,
    comment: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    time_intervals: Vec<TimeInterval>,
}

#[derive(Serialize, Deserialize)]
struct MatcherV1 {
    name: String,
    /// `=`, `!=`, `=~` or `!~`.
    op: String,
    value: String,
}

/// Why a silence on disk is unreadable.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("it is no JSON of a silence: {0}")]
    Json(#[from] serde_json::Error),
    #[error("there is no operator {0:?}")]
    Operator(String),
    #[error(transparent)]
    Matcher(#[from] MatcherError),
}

const OPS: [MatchOp; 4] = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];

pub(super) fn encode(silence: &Silence) -> Vec<u8> {
    let matcher = |matcher: &Matcher| MatcherV1 {
        name: matcher.name().to_owned(),
        op: matcher.op().symbol().to_owned(),
        value: matcher.value().to_owned(),
    };
    let terms = silence.terms.clone();
    let shape = SilenceV1 {
        v: 1,
        id: silence.id.clone(),
        matchers: terms.matchers.iter().map(matcher).collect(),
        starts_at_ms: terms.starts_at.millis(),
        ends_at_ms: terms.ends_at.millis(),
        updated_at_ms: silence.updated_at.millis(),
        created_by: terms.created_by,
        comment: terms.comment,
        annotations: terms.annotations,
        time_intervals: terms.time_intervals,
    };
    serde_json::to_vec(&shape).expect("texts and numbers always become JSON")
}

pub(super) fn decode(bytes: &[u8]) -> Result<Silence, DecodeError> {
    let shape: SilenceV1 = serde_json::from_slice(bytes)?;
    let matcher = |MatcherV1 { name, op, value }: MatcherV1| {
        let known = OPS.into_iter().find(|known| known.symbol() == op);
        Ok(Matcher::new(known.ok_or(DecodeError::Operator(op))?, name, value)?)
    };
    let terms = SilenceTerms {
        matchers: shape.matchers.into_iter().map(matcher).collect::<Result<_, DecodeError>>()?,
        starts_at: Timestamp::from_millis(shape.starts_at_ms),
        ends_at: Timestamp::from_millis(shape.ends_at_ms),
        created_by: shape.created_by,
        comment: shape.comment,
        annotations: shape.annotations,
        time_intervals: shape.time_intervals,
    };
    Ok(Silence { id: shape.id, updated_at: Timestamp::from_millis(shape.updated_at_ms), terms })
}
