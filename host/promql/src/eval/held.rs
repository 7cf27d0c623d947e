//! Rows that an operator keeps, together with the account of them.
//!
//! A row is on the ledger from when it is put in until it is handed on; whatever is left when the
//! rows are dropped, midway or not, is settled then.

use crate::result::QueryError;

use super::Rows;
use super::holding::{Amount, Holding, Ledger};
use super::row::Row;

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

    /// Rows that were just made.
    pub(super) fn of(rows: Vec<Row>, ledger: &'l Ledger) -> Result<Self, QueryError> {
        let mut holding = ledger.holding();
        for row in &rows {
            holding.add(Amount::of_row(row))?;
        }
        Ok(Self { rows, holding })
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

#[cfg(test)]
mod tests;
