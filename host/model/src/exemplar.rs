//! A single observation that stands for many, usually with the id of a trace.

use crate::{Labels, Timestamp};

/// The most characters that the labels of an exemplar may have together (OpenMetrics 1.0).
pub const EXEMPLAR_LABELS_CHARS_MAX: usize = 128;

/// An observation of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// What it is about, for example `trace_id`.
    pub labels: Labels,
    /// What was observed.
    pub value: f64,
    /// When.
    pub at: Timestamp,
}
