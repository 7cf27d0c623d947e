//! What a binary operator makes of two values, floats and native histograms alike.

use std::sync::Arc;

use narthex_model::{CounterReset, FloatHistogram};

use crate::ast::BinaryOp;
use crate::remarks::{Operand, Operation, Remark};
use crate::result::SampleValue;
use crate::span::Span;

use super::context::Context;
use super::row::Item;
use super::scalar::{self, compute};

/// What came of it.
#[derive(Debug)]
pub(super) enum Combined {
    Value(SampleValue),
    /// A comparison: whether it holds.
    Claim(bool),
    /// Nothing: the operator is not for these kinds of values.
    Nothing,
}

/// Where an operator stands, for remarks.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) op: BinaryOp,
    pub(super) span: Span,
    pub(super) cx: &'a Context<'a>,
}

impl Place<'_> {
    fn remark(&self, remark: Remark<'_>) {
        self.cx.remark(self.span, remark);
    }

    pub(super) fn combine(&self, lhs: Item<'_>, rhs: Item<'_>) -> Combined {
        match (lhs, rhs) {
            (Item::Float(a), Item::Float(b)) => match compute(self.op, a, b) {
                scalar::Outcome::Value(value) => Combined::Value(SampleValue::Float(value)),
                scalar::Outcome::Claim(holds) => Combined::Claim(holds),
                scalar::Outcome::Neither => self.mismatch(Operand::Float, Operand::Float),
            },
            (Item::Float(factor), Item::Histogram(histogram)) => {
                if self.op == BinaryOp::Mul {
                    scaled(histogram, factor)
                } else {
                    self.mismatch(Operand::Float, Operand::Histogram)
                }
            }
            (Item::Histogram(histogram), Item::Float(number)) => {
                self.with_number(histogram, number)
            }
            (Item::Histogram(a), Item::Histogram(b)) => self.histograms(a, b),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are not for these kinds")]
    fn with_number(&self, histogram: &Arc<FloatHistogram>, number: f64) -> Combined {
        let mut result = FloatHistogram::clone(histogram);
        match self.op {
            BinaryOp::Mul => return scaled(histogram, number),
            BinaryOp::Div => {
                result.divide(number);
                result.compact(0);
            }
            BinaryOp::TrimUpper => result.trim_upper(number),
            BinaryOp::TrimLower => result.trim_lower(number),
            _ => return self.mismatch(Operand::Histogram, Operand::Float),
        }
        value(result)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are not for these kinds")]
    fn histograms(&self, a: &Arc<FloatHistogram>, b: &Arc<FloatHistogram>) -> Combined {
        let (is_sum, operation) = match self.op {
            BinaryOp::Equal => return Combined::Claim(a.equals(b)),
            BinaryOp::NotEqual => return Combined::Claim(!a.equals(b)),
            BinaryOp::Add => (true, Operation::Addition),
            BinaryOp::Sub => (false, Operation::Subtraction),
            _ => return self.mismatch(Operand::Histogram, Operand::Histogram),
        };
        let mut result = FloatHistogram::clone(a);
        let merged = if is_sum { result.add(b) } else { result.sub(b) };
        let Ok(merged) = merged else {
            self.remark(Remark::IncompatibleLayouts { operator: self.op.symbol() });
            return Combined::Nothing;
        };
        if merged.bounds_reconciled {
            self.remark(Remark::BoundsReconciled(operation));
        }
        if merged.reset_collision {
            // The counts cannot be trusted, so that there is no result.
            self.remark(Remark::ResetCollision(operation));
            return Combined::Nothing;
        }
        if !is_sum {
            result.reset = CounterReset::Gauge;
        }
        result.compact(0);
        value(result)
    }

    fn mismatch(&self, lhs: Operand, rhs: Operand) -> Combined {
        self.remark(Remark::IncompatibleTypes { lhs, operator: self.op.symbol(), rhs });
        Combined::Nothing
    }
}

fn scaled(histogram: &FloatHistogram, factor: f64) -> Combined {
    let mut result = histogram.clone();
    result.scale(factor);
    result.compact(0);
    value(result)
}

fn value(histogram: FloatHistogram) -> Combined {
    Combined::Value(SampleValue::Histogram(Arc::new(histogram)))
}
