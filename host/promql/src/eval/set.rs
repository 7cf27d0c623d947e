//! `and`, `or`, `unless`: series of one side kept or not for the sake of the other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use narthex_model::Labels;

use crate::ast::BinaryOp;
use crate::result::QueryError;

use super::context::Context;
use super::grid::Grid;
use super::held::Held;
use super::holding::{Amount, Holding};
use super::join::signature;
use super::map::without_empty;
use super::merge::merge;
use super::plan::Join;
use super::row::Row;
use super::{Rows, mark};

/// An entry of a map from labels to steps, beside what both point to.
const GROUP_BYTES: usize = size_of::<(Labels, Vec<bool>)>();

/// At which steps each match group has a value.
struct Presence<'q> {
    groups: HashMap<Labels, Vec<bool>>,
    holding: Holding<'q>,
    plan: &'q Join,
}

impl<'q> Presence<'q> {
    fn new(plan: &'q Join, cx: &'q Context<'q>) -> Self {
        Self { groups: HashMap::new(), holding: cx.ledger.holding(), plan }
    }

    fn note(&mut self, row: &Row, grid: Grid) -> Result<(), QueryError> {
        let present = match self.groups.entry(signature(&row.labels, &self.plan.matching)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let bytes = new.key().as_bytes().len() + GROUP_BYTES + grid.steps;
                self.holding.add(Amount::of_bytes(bytes))?;
                new.insert(vec![false; grid.steps])
            }
        };
        mark(present, &row.values);
        Ok(())
    }

    /// Keeps the values of steps at which the row's match group is, or is not, present.
    fn keep(&self, row: &mut Row, wanted: bool) {
        let present = self.groups.get(&signature(&row.labels, &self.plan.matching));
        row.values.keep(|step| {
            let is_present = present.and_then(|steps| steps.get(step)).copied().unwrap_or(false);
            is_present == wanted
        });
    }
}

pub(super) fn open<'q>(
    plan: &'q Join,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let mut presence = Presence::new(plan, cx);
    if plan.op == BinaryOp::Or {
        let mut held = Held::collect(super::open(&plan.lhs, cx)?, &cx.ledger)?;
        for row in &held.rows {
            presence.note(row, grid)?;
        }
        for row in super::open(&plan.rhs, cx)? {
            let mut row = row?;
            presence.keep(&mut row, false);
            if !row.values.is_empty() {
                held.push(row)?;
            }
        }
        return Ok(merge(held)?.into_rows());
    }
    for row in super::open(&plan.rhs, cx)? {
        cx.check()?;
        presence.note(&row?, grid)?;
    }
    let wanted = plan.op == BinaryOp::And;
    let rows = super::open(&plan.lhs, cx)?.map(move |row| {
        let mut row = row?;
        presence.keep(&mut row, wanted);
        Ok(row)
    });
    Ok(without_empty(Box::new(rows)))
}
