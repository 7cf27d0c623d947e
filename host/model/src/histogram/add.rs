//! Adding and subtracting histograms.
//!
//! Always holds: the result has the coarser of two schemas, the least zero bucket that both can
//! have, or the custom bounds that both share; the other histogram is not touched.

use crate::CompensatedSum;

use super::body::Body;
use super::count::Count;
use super::side::Side;
use super::{CounterReset, FloatHistogram, Span, exponential_bound};

/// What had to give when two histograms were put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// One claims a counter reset, and the other that there was none.
    pub reset_collision: bool,
    /// Their custom bounds differ; only those of both are left.
    pub bounds_reconciled: bool,
}

/// One histogram has exponential buckets, the other custom ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("histograms with exponential and with custom buckets cannot be combined")]
pub struct Incompatible;

impl FloatHistogram {
    /// Adds `other`. Empty buckets may be left: see [`FloatHistogram::compact`].
    ///
    /// # Errors
    /// When one has custom buckets and the other has not; then nothing is changed.
    pub fn add(&mut self, other: &Self) -> Result<Merged, Incompatible> {
        self.merge(other, Sign::Plus)
    }

    /// Subtracts `other`, likewise. The hint follows the rules of addition; that the difference is
    /// a gauge is for the caller to say.
    ///
    /// # Errors
    /// When one has custom buckets and the other has not; then nothing is changed.
    pub fn sub(&mut self, other: &Self) -> Result<Merged, Incompatible> {
        self.merge(other, Sign::Minus)
    }

    fn merge(&mut self, other: &Self, sign: Sign) -> Result<Merged, Incompatible> {
        let mut body = self.take_body();
        let merged = body.merge(other, sign);
        *self = body.into();
        merged
    }
}

/// Whether the other histogram is added or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

impl Sign {
    pub(super) fn of(self, number: f64) -> f64 {
        match self {
            Self::Plus => number,
            Self::Minus => -number,
        }
    }
}

impl<C: Count> Body<C> {
    pub(super) fn merge(
        &mut self,
        other: &FloatHistogram,
        sign: Sign,
    ) -> Result<Merged, Incompatible> {
        if self.is_custom() != other.layout.is_custom() {
            return Err(Incompatible);
        }
        let (reset, reset_collision) = merge_resets(self.reset, other.reset);
        self.reset = reset;
        let signed = |count: CompensatedSum| C::of(count.each(|number| sign.of(number)));
        if !self.is_custom() {
            let zero_count = self.reconcile_zero(other);
            self.zero_count = self.zero_count.plus(signed(zero_count));
        }
        self.count = self.count.plus(signed(CompensatedSum::starting_at(other.count)));
        self.sum = self.sum.plus(signed(CompensatedSum::starting_at(other.sum)));
        let bounds_reconciled =
            self.is_custom() && self.custom_bounds != other.layout.custom_bounds;
        if bounds_reconciled {
            self.merge_custom(other, sign);
        } else if self.is_custom() {
            let counts = other
                .positive_counts
                .iter()
                .map(|count| signed(CompensatedSum::starting_at(*count)));
            self.positive.add(&other.layout.positive_spans, counts, |_| false);
        } else {
            self.reduce(other.layout.schema);
            self.merge_sides(other, sign);
        }
        Ok(Merged { reset_collision, bounds_reconciled })
    }

    /// Exponential buckets, of this schema or a finer one.
    fn merge_sides(&mut self, other: &FloatHistogram, sign: Sign) {
        let (schema, threshold) = (self.schema, self.zero_threshold);
        // What lies in the zero bucket is counted there already.
        let is_hidden = |index: i32| exponential_bound(index, schema) <= threshold;
        let steps = u32::try_from(other.layout.schema.saturating_sub(schema)).unwrap_or(0);
        let sides = [
            (&mut self.positive, &other.layout.positive_spans, &other.positive_counts),
            (&mut self.negative, &other.layout.negative_spans, &other.negative_counts),
        ];
        for (mine, spans, counts) in sides {
            if steps == 0 {
                add_signed(mine, spans, counts, sign, is_hidden);
            } else {
                let counts =
                    counts.iter().map(|count| C::of(CompensatedSum::starting_at(*count))).collect();
                let reduced = Side { spans: spans.clone(), counts }.reduced(steps);
                let signed = reduced.counts.iter().map(|count| count.each(|n| sign.of(n)));
                mine.add(&reduced.spans, signed, is_hidden);
            }
        }
    }
}

fn add_signed<C: Count>(
    mine: &mut Side<C>,
    spans: &[Span],
    counts: &[f64],
    sign: Sign,
    is_hidden: impl Fn(i32) -> bool,
) {
    let signed = counts.iter().map(|count| C::of(CompensatedSum::starting_at(sign.of(*count))));
    mine.add(spans, signed, is_hidden);
}

/// What is known of a reset once two histograms are one, and whether they contradict each other.
fn merge_resets(mine: CounterReset, other: CounterReset) -> (CounterReset, bool) {
    match (mine, other) {
        _ if mine == other => (mine, false),
        (CounterReset::Gauge, _) | (_, CounterReset::Gauge) => (CounterReset::Gauge, false),
        (CounterReset::Unknown, _) | (_, CounterReset::Unknown) => (CounterReset::Unknown, false),
        (CounterReset::Reset | CounterReset::NotReset, _) => (CounterReset::Unknown, true),
    }
}

#[cfg(test)]
mod tests;
