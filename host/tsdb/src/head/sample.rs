//! A sample's value as the head holds it, and the rule of order that every sample passes.

use std::sync::Arc;

use narthex_model::{CounterReset, NativeHistogram};
use narthex_storage::{AppendError, Columns};

/// What a series has at a time.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// The bits of a float.
    Float(u64),
    Histogram(Arc<NativeHistogram>),
}

impl Value {
    /// Whether both are the same to the bit. What is said of a reset before does not count: it
    /// belongs to the order of samples, not to the sample.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Histogram(a), Self::Histogram(b)) => {
                if a.reset() == b.reset() {
                    return a.is_same(b);
                }
                let without_reset = |histogram: &NativeHistogram| {
                    let mut histogram = histogram.clone();
                    match &mut histogram {
                        NativeHistogram::Integer(one) => one.reset = CounterReset::Unknown,
                        NativeHistogram::Float(one) => one.reset = CounterReset::Unknown,
                    }
                    histogram
                };
                without_reset(a).is_same(&without_reset(b))
            }
            (Self::Float(_), Self::Histogram(_)) | (Self::Histogram(_), Self::Float(_)) => false,
        }
    }

    pub(crate) fn is_float(&self) -> bool {
        matches!(self, Self::Float(_))
    }

    pub(crate) fn push_to(&self, at: i64, out: &mut Columns) {
        match self {
            Self::Float(bits) => out.push(at, f64::from_bits(*bits)),
            Self::Histogram(histogram) => out.push_histogram(at, Arc::clone(histogram)),
        }
    }
}

/// Which times a head takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Samples in order must not be older: what is before may be in a block already.
    pub(crate) valid_from: i64,
    /// Samples out of order must not be older; `None`: none are taken.
    pub(crate) window_from: Option<i64>,
    /// Nor must those that only a block under way keeps from being in order.
    pub(crate) late_from: i64,
}

/// What becomes of a sample.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It follows the newest of its series.
    InOrder,
    /// It is older than the newest of its series, and taken.
    OutOfOrder,
    /// The newest of its series is the same.
    SameAgain,
    Refused(AppendError),
}

/// Prometheus' rule: newer than the newest is taken; the same again is silent; older ones are taken
/// within the window.
#[inline]
pub(crate) fn judge(
    bounds: Bounds,
    newest: Option<&(i64, Value)>,
    at: i64,
    value: &Value,
) -> Verdict {
    if at >= bounds.valid_from {
        match newest {
            Some((newest_at, newest)) if at == *newest_at => {
                return if newest.is_same(value) {
                    Verdict::SameAgain
                } else {
                    Verdict::Refused(AppendError::Duplicate)
                };
            }
            Some((newest_at, _)) if at < *newest_at => {}
            _ => return Verdict::InOrder,
        }
    }
    // All of the head may become blocks at any time, up to its newest sample. A scrape that is under way
    // then is late through no fault of its own: what would have been in order is kept, whatever the
    // window is.
    if at >= bounds.late_from && newest.is_none_or(|(newest_at, _)| at > *newest_at) {
        return Verdict::OutOfOrder;
    }
    match bounds.window_from {
        Some(window_from) if at >= window_from => Verdict::OutOfOrder,
        Some(_) => Verdict::Refused(AppendError::TooOld),
        None if at < bounds.valid_from => Verdict::Refused(AppendError::OutOfBounds),
        None => Verdict::Refused(AppendError::OutOfOrder),
    }
}
