//! A vector and a scalar.

use crate::ast::BinaryOp;
use crate::result::QueryError;
use crate::span::Span;

use super::Rows;
use super::combine::{Combined, Place};
use super::context::Context;
use super::grid::Grid;
use super::map::without_empty;
use super::merge::after_drop;
use super::plan::Arithmetic;
use super::row::Item;
use super::scalar::{self, Outcome, compute};

pub(super) fn open<'q>(
    plan: &'q Arithmetic,
    span: Span,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let numbers = scalar::evaluate(&plan.scalar, grid, cx)?;
    let place = Place { op: plan.op, span, cx };
    let drops_name = plan.return_bool || changes_meaning(plan.op);
    let rows = super::open(&plan.vector, cx)?.map(move |row| {
        let mut row = row?;
        row.values.change(|step, value| {
            let number = numbers.get(step);
            let (a, b) = if plan.scalar_is_left { (number, value) } else { (value, number) };
            match compute(plan.op, a, b) {
                Outcome::Value(value) => Some(value),
                Outcome::Claim(holds) if plan.return_bool => Some(f64::from(u8::from(holds))),
                Outcome::Claim(holds) => holds.then_some(value),
                Outcome::Neither => {
                    place.combine(Item::Float(a), Item::Float(b));
                    None
                }
            }
        });
        row.values.change_histograms(cx, |step, histogram| {
            let (number, value) = (Item::Float(numbers.get(step)), Item::Histogram(histogram));
            let (a, b) = if plan.scalar_is_left { (number, value) } else { (value, number) };
            match place.combine(a, b) {
                Combined::Value(value) => Some(value),
                // A histogram is compared with histograms only.
                Combined::Claim(_) | Combined::Nothing => None,
            }
        })?;
        if drops_name {
            cx.drop_name(&mut row);
        }
        Ok(row)
    });
    let rows = without_empty(Box::new(rows));
    if drops_name { after_drop(rows, &plan.vector, cx) } else { Ok(rows) }
}

/// Whether the result is no more what the metric's name says.
pub(super) const fn changes_meaning(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::Mod
            | BinaryOp::Pow
            | BinaryOp::Atan2
    )
}
