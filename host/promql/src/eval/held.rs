//! Rows that an operator keeps, together with the account of them.
//!
//! A row is on the ledger from when it is put in until it is handed on; whatever is left when the
//! rows are dropped, midway or not, is settled then.

use narthex_model::Labels;

use crate::result::{QueryError, SampleValue};

use super::Rows;
use super::holding::{Amount, Holding, Ledger};
use super::row::{Column, Row};

/// Rows and what they hold. Rows may lose values while they are in here, but not gain any unless
/// that is added to `holding` as well.
#[derive(Debug)]
pub(super) struct Held<'l> {
    pub(super) rows: Vec<Row>,
    pub(super) holding: Holding<'l>,
}

impl<'l> Held<'l> {
    /// No rows yet.
    pub(super) fn new(ledger: &'l Ledger) -> Self {
        Self { rows: Vec::new(), holding: ledger.holding() }
    }

    /// All rows of a stream.
    pub(super) fn collect(rows: Rows<'_>, ledger: &'l Ledger) -> Result<Self, QueryError> {
        let mut held = Self::new(ledger);
        for row in rows {
            held.push(row?)?;
        }
        Ok(held)
    }

    /// Takes in one more.
    pub(super) fn push(&mut self, row: Row) -> Result<(), QueryError> {
        self.holding.add(Amount::of_row(&row))?;
        self.rows.push(row);
        Ok(())
    }

    /// Keeps the rows that `is_kept` says.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&Row) -> bool) {
        let Self { rows, holding } = self;
        rows.retain(|row| {
            let is_kept = is_kept(row);
            if !is_kept {
                holding.remove(Amount::of_row(row));
            }
            is_kept
        });
    }

    /// The rows one after the other, each off the ledger from then on.
    pub(super) fn into_rows<'q>(self) -> Rows<'q>
    where
        'l: 'q,
    {
        let Self { rows, mut holding } = self;
        Box::new(rows.into_iter().map(move |row| {
            holding.remove(Amount::of_row(&row));
            Ok(row)
        }))
    }
}

/// Rows that are filled value by value.
#[derive(Debug)]
pub(super) struct Filling<'l> {
    held: Held<'l>,
}

impl<'l> Filling<'l> {
    /// No rows yet.
    pub(super) fn new(ledger: &'l Ledger) -> Self {
        Self { held: Held::new(ledger) }
    }

    /// Takes in a row that has its values.
    pub(super) fn push(&mut self, row: Row) -> Result<(), QueryError> {
        self.held.push(row)
    }

    /// Takes in a row without a value; says where it stands.
    pub(super) fn push_empty(
        &mut self,
        labels: Labels,
        drops_name: bool,
        steps: usize,
    ) -> Result<usize, QueryError> {
        self.held.holding.add(Amount::of_empty_row(&labels, steps))?;
        self.held.rows.push(Row { labels, drops_name, values: Column::absent(steps) });
        Ok(self.held.rows.len() - 1)
    }

    /// Puts a value where the row had none.
    pub(super) fn put(
        &mut self,
        row: usize,
        step: usize,
        value: SampleValue,
    ) -> Result<(), QueryError> {
        let mut more = Amount::of_value(&value);
        if let Some(Row { values, .. }) = self.held.rows.get_mut(row) {
            let slots = values.slot_bytes();
            values.put(step, value);
            more = more.plus(Amount::of_bytes(values.slot_bytes() - slots));
        }
        self.held.holding.add_little(more)
    }

    /// The rows, in the order in which they came.
    pub(super) fn finish(mut self) -> Result<Held<'l>, QueryError> {
        self.held.holding.book()?;
        Ok(self.held)
    }
}

#[cfg(test)]
mod tests;
