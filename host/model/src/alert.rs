//! What rules hand to alerting.

use crate::{Labels, Timestamp};

/// One alert, firing or resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Identity, `alertname` included.
    pub labels: Labels,
    /// Text for people, not part of the identity.
    pub annotations: Labels,
    /// When it began to be true.
    pub starts_at: Timestamp,
    /// When it ended, or, while it fires, when it counts as ended unless it is sent again.
    pub ends_at: Timestamp,
    /// Whether nobody said when it ends, so that [`Alert::ends_at`] is a guess.
    pub is_end_guessed: bool,
    /// When this was said of it.
    pub updated_at: Timestamp,
    /// Where a person can look at the expression.
    pub generator_url: String,
    /// The value of the expression when it last was true.
    pub value: Option<f64>,
}

impl Alert {
    /// Whether the alert is over at `now`.
    #[must_use]
    pub fn is_resolved_at(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// The identity as 64 bits.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        fingerprint(&self.labels)
    }
}

/// Labels as 64 bits, the same as Alertmanager computes: FNV-1a over names and values, each followed
/// by the byte 255 (prometheus/common, `model/signature.go`).
#[must_use]
pub fn fingerprint(labels: &Labels) -> u64 {
    const OFFSET: u64 = 14_695_981_039_346_656_037;
    const PRIME: u64 = 1_099_511_628_211;
    let parts = labels.iter().flat_map(|(name, value)| [name, value]);
    parts
        .flat_map(|part| part.bytes().chain([255]))
        .fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// Alerts that one evaluation produced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertBatch {
    /// The alerts, firing and newly resolved.
    pub alerts: Vec<Alert>,
}
