//! Functions of native histograms: estimates from one, and changes over a range of them.
//!
//! Always holds: the steps and their order are Prometheus'. What is to be remarked on comes out as
//! [`Finding`]s, since the caller knows the metric and the place in the query.

pub(crate) mod estimate;
pub(crate) mod extended;
pub(crate) mod instant;
pub(crate) mod mixed;
pub(crate) mod rate;
pub(crate) mod starts;

use narthex_model::{FloatHistogram, Incompatible, Merged};

use crate::remarks::{Operation, Remark};

/// Something to remark on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    QuantileIsNan,
    QuantileIsSkewed,
    FractionLacksNan,
    MixedFloatsHistograms,
    MixedExponentialCustom,
    NotCounter,
    NotGauge,
    BoundsReconciled(Operation),
    StartTimeOverlap,
}

impl Finding {
    /// The remark, for the metric that it is about.
    pub(crate) const fn remark(self, metric: &str) -> Remark<'_> {
        match self {
            Self::QuantileIsNan => Remark::QuantileIsNan { metric },
            Self::QuantileIsSkewed => Remark::QuantileIsSkewed { metric },
            Self::FractionLacksNan => Remark::FractionLacksNan { metric },
            Self::MixedFloatsHistograms => Remark::MixedFloatsHistograms { metric },
            Self::MixedExponentialCustom => Remark::MixedExponentialCustom { metric },
            Self::NotCounter => Remark::NotCounter { metric },
            Self::NotGauge => Remark::NotGauge { metric },
            Self::BoundsReconciled(operation) => Remark::BoundsReconciled(operation),
            Self::StartTimeOverlap => Remark::StartTimeOverlap { metric, count: 1 },
        }
    }
}

/// What was found, each thing once. There are only so many kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Only this.
    pub(crate) fn only(finding: Finding) -> Self {
        Self(vec![finding])
    }

    pub(crate) fn note(&mut self, finding: Finding) {
        if !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Finding> + '_ {
        self.0.iter().copied()
    }

    /// Notes what had to give in a merge; `None` when there was none.
    fn merged(&mut self, merged: Result<Merged, Incompatible>, operation: Operation) -> Option<()> {
        let Ok(merged) = merged else {
            self.note(Finding::MixedExponentialCustom);
            return None;
        };
        if merged.bounds_reconciled {
            self.note(Finding::BoundsReconciled(operation));
        }
        Some(())
    }

    /// Adds to a histogram. Claims about counter resets may collide: the caller deals with resets.
    fn add(&mut self, sum: &mut FloatHistogram, other: &FloatHistogram) -> Option<()> {
        self.merged(sum.add(other), Operation::Addition)
    }

    /// Takes away from a histogram, likewise.
    fn sub(&mut self, from: &mut FloatHistogram, other: &FloatHistogram) -> Option<()> {
        self.merged(from.sub(other), Operation::Subtraction)
    }
}

#[cfg(test)]
mod testing;
