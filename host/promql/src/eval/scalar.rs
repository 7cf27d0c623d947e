//! Scalars: a number at each step, one number when it is the same at all.

use narthex_model::Shortest;

use crate::ast::BinaryOp;
use crate::functions::math::{greater, lesser};
use crate::functions::window::seconds;
use crate::result::QueryError;

use super::context::Context;
use super::grid::Grid;
use super::plan::Scalar;
use super::row::Column;

/// A number at each step.
pub(crate) enum Numbers {
    Same(f64),
    Each(Vec<f64>),
}

impl Numbers {
    pub(crate) fn get(&self, step: usize) -> f64 {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values.get(step).copied().unwrap_or(f64::NAN),
        }
    }

    pub(crate) fn column(&self, steps: usize) -> Column {
        let mut column = Column::constant(0.0, steps);
        column.change(|step, _| Some(self.get(step)));
        column
    }

    fn zip(self, other: &Self, steps: usize, compute: impl Fn(f64, f64) -> f64) -> Self {
        match (&self, other) {
            (Self::Same(a), Self::Same(b)) => Self::Same(compute(*a, *b)),
            _ => Self::Each(
                (0..steps).map(|step| compute(self.get(step), other.get(step))).collect(),
            ),
        }
    }
}

/// The numbers are of use to the operator that asked for as long as the query runs, about.
pub(super) fn evaluate(plan: &Scalar, grid: Grid, cx: &Context<'_>) -> Result<Numbers, QueryError> {
    let numbers = numbers(plan, grid, cx)?;
    if let Numbers::Each(values) = &numbers {
        cx.ledger.keep(values.len() * size_of::<f64>())?;
    }
    Ok(numbers)
}

fn numbers(plan: &Scalar, grid: Grid, cx: &Context<'_>) -> Result<Numbers, QueryError> {
    Ok(match plan {
        Scalar::Number(value) => Numbers::Same(*value),
        Scalar::Time => Numbers::Each(grid.times().map(seconds).collect()),
        Scalar::Negate(inner) => match numbers(inner, grid, cx)? {
            Numbers::Same(value) => Numbers::Same(-value),
            Numbers::Each(values) => Numbers::Each(values.into_iter().map(|v| -v).collect()),
        },
        Scalar::Binary { op, lhs, rhs } => {
            let (lhs, rhs) = (numbers(lhs, grid, cx)?, numbers(rhs, grid, cx)?);
            lhs.zip(&rhs, grid.steps, |a, b| binary(*op, a, b))
        }
        Scalar::Extreme { is_max, lhs, rhs } => {
            let (lhs, rhs) = (numbers(lhs, grid, cx)?, numbers(rhs, grid, cx)?);
            lhs.zip(&rhs, grid.steps, if *is_max { greater } else { lesser })
        }
        Scalar::OfVector(vector) => {
            let mut found = vec![None; grid.steps];
            for row in super::open(vector, cx)? {
                for (step, value) in row?.values.iter() {
                    if let Some(slot) = found.get_mut(step) {
                        // A second series leaves no value.
                        *slot = Some(if slot.is_none() { value } else { f64::NAN });
                    }
                }
            }
            Numbers::Each(found.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
        }
    })
}

fn binary(op: BinaryOp, a: f64, b: f64) -> f64 {
    match compute(op, a, b) {
        Outcome::Value(value) => value,
        Outcome::Claim(holds) => f64::from(u8::from(holds)),
        Outcome::Neither => f64::NAN,
    }
}

/// What an operator makes of two numbers.
pub(super) enum Outcome {
    Value(f64),
    /// A comparison: whether it holds.
    Claim(bool),
    /// The operator is not for numbers.
    Neither,
}

pub(super) fn compute(op: BinaryOp, a: f64, b: f64) -> Outcome {
    match op {
        BinaryOp::Add => Outcome::Value(a + b),
        BinaryOp::Sub => Outcome::Value(a - b),
        BinaryOp::Mul => Outcome::Value(a * b),
        BinaryOp::Div => Outcome::Value(a / b),
        BinaryOp::Mod => Outcome::Value(a % b),
        BinaryOp::Pow => Outcome::Value(a.powf(b)),
        BinaryOp::Atan2 => Outcome::Value(a.atan2(b)),
        BinaryOp::Equal => Outcome::Claim(a == b),
        BinaryOp::NotEqual => Outcome::Claim(a != b),
        BinaryOp::Greater => Outcome::Claim(a > b),
        BinaryOp::Less => Outcome::Claim(a < b),
        BinaryOp::GreaterEqual => Outcome::Claim(a >= b),
        BinaryOp::LessEqual => Outcome::Claim(a <= b),
        BinaryOp::TrimUpper
        | BinaryOp::TrimLower
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Unless => Outcome::Neither,
    }
}

/// A number as a label value: all digits, no exponent.
pub(super) fn plain(value: f64) -> String {
    if value.is_infinite() { Shortest(value).to_string() } else { value.to_string() }
}
