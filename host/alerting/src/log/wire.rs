//! How an entry lies in the store: JSON, so that a person can read it at night.

use std::collections::BTreeSet;

use narthex_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::Entry;
use crate::dedup::Told;

/// Version 1. A field may be added; none may change its meaning.
#[derive(Serialize, Deserialize)]
struct EntryV1 {
    v: u8,
    #[serde(default)]
    told: Option<ToldV1>,
    /// How many notifications were taken.
    acknowledged: u64,
    pending: bool,
    expires_at_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct ToldV1 {
    at_ms: i64,
    firing: BTreeSet<u64>,
    resolved: BTreeSet<u64>,
}

pub(super) fn encode(entry: &Entry) -> Vec<u8> {
    let told = entry.told.clone().map(|told| ToldV1 {
        at_ms: told.at.millis(),
        firing: told.firing,
        resolved: told.resolved,
    });
    let shape = EntryV1 {
        v: 1,
        told,
        acknowledged: entry.taken,
        pending: entry.is_pending,
        expires_at_ms: entry.expires_at.millis(),
    };
    serde_json::to_vec(&shape).expect("numbers and sets of numbers always become JSON")
}

pub(super) fn decode(bytes: &[u8]) -> Result<Entry, serde_json::Error> {
    let shape: EntryV1 = serde_json::from_slice(bytes)?;
    let told = shape.told.map(|told| Told {
        at: Timestamp::from_millis(told.at_ms),
        firing: told.firing,
        resolved: told.resolved,
    });
    Ok(Entry {
        told,
        taken: shape.acknowledged,
        is_pending: shape.pending,
        expires_at: Timestamp::from_millis(shape.expires_at_ms),
    })
}
