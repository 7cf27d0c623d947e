//! `and`, `or`, `unless`: series of one side kept or not for the sake of the other.

use std::collections::HashMap;

use narthex_model::Labels;

use crate::ast::BinaryOp;
use crate::result::QueryError;

use super::context::Context;
use super::grid::Grid;
use super::holding::Amount;
use super::join::signature;
use super::map::without_empty;
use super::merge::merge;
use super::plan::Join;
use super::row::Row;
use super::{Rows, collect, from_vec, mark};

/// At which steps a match group has a value.
type Presence = HashMap<Labels, Vec<bool>>;

fn note(presence: &mut Presence, row: &Row, plan: &Join, grid: Grid) {
    let key = signature(&row.labels, &plan.matching);
    let present = presence.entry(key).or_insert_with(|| vec![false; grid.steps]);
    mark(present, &row.values);
}

/// Keeps the values of steps at which the row's match group is, or is not, present.
fn keep(row: &mut Row, presence: &Presence, plan: &Join, wanted: bool) {
    let present = presence.get(&signature(&row.labels, &plan.matching));
    row.values.keep(|step| {
        let is_present = present.and_then(|steps| steps.get(step)).copied().unwrap_or(false);
        is_present == wanted
    });
}

pub(super) fn open<'q>(
    plan: &'q Join,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let mut presence = Presence::new();
    if plan.op == BinaryOp::Or {
        let (mut rows, mut holding) = collect(super::open(&plan.lhs, cx)?, cx)?;
        for row in &rows {
            note(&mut presence, row, plan, grid);
        }
        for row in super::open(&plan.rhs, cx)? {
            let mut row = row?;
            keep(&mut row, &presence, plan, false);
            if !row.values.is_empty() {
                holding.add(Amount::of_row(&row))?;
                rows.push(row);
            }
        }
        return Ok(from_vec(merge(rows)?));
    }
    for row in super::open(&plan.rhs, cx)? {
        cx.check()?;
        note(&mut presence, &row?, plan, grid);
    }
    let wanted = plan.op == BinaryOp::And;
    let rows = super::open(&plan.lhs, cx)?.map(move |row| {
        let mut row = row?;
        keep(&mut row, &presence, plan, wanted);
        Ok(row)
    });
    Ok(without_empty(Box::new(rows)))
}
