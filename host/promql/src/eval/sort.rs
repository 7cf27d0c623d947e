//! `sort` and its relatives.

use std::cmp::Ordering;

use narthex_model::Labels;

use crate::remarks::Remark;
use crate::result::QueryError;
use crate::span::Span;

use super::Rows;
use super::context::Context;
use super::grid::Grid;
use super::held::Held;
use super::map::without_empty;
use super::plan::{Order, Vector};
use super::row::Row;

pub(super) fn open<'q>(
    order: &'q Order,
    input: &'q Vector,
    span: Span,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    if grid.steps > 1 {
        cx.remark(span, Remark::SortInRange);
        let rows = super::open(input, cx)?;
        return Ok(if matches!(order, Order::Value { .. }) { floats_only(rows) } else { rows });
    }
    let mut held = Held::collect(super::open(input, cx)?, &cx.ledger)?;
    if matches!(order, Order::Value { .. }) {
        held.retain(|row| row.values.get(0).is_some());
    }
    held.rows.sort_by(|a, b| match order {
        Order::Value { descending } => {
            let value = |row: &Row| row.values.get(0).unwrap_or(f64::NAN);
            by_value(value(a), value(b), *descending)
        }
        Order::Labels { descending, labels } => {
            let ascending = by_labels(&a.labels, &b.labels, labels);
            if *descending { ascending.reverse() } else { ascending }
        }
    });
    Ok(held.into_rows())
}

/// Histograms have no order: they are left out.
fn floats_only(rows: Rows<'_>) -> Rows<'_> {
    without_empty(Box::new(rows.map(|row| {
        let mut row = row?;
        row.values.remove_histograms();
        Ok(row)
    })))
}

/// NaN comes last in either direction.
fn by_value(a: f64, b: f64, descending: bool) -> Ordering {
    let ascending = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    let by_number = if descending { ascending.reverse() } else { ascending };
    a.is_nan().cmp(&b.is_nan()).then(by_number)
}

fn by_labels(a: &Labels, b: &Labels, names: &[String]) -> Ordering {
    let value = |labels: &Labels, name: &str| labels.get(name).unwrap_or("").to_owned();
    let by_names = names.iter().map(|name| natural(&value(a, name), &value(b, name)));
    by_names.fold(Ordering::Equal, Ordering::then).then_with(|| a.cmp(b))
}

/// Compares runs of digits as numbers: `a2` before `a10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (part_a, next_a) = split_run(rest_a);
        let (part_b, next_b) = split_run(rest_b);
        if part_a.is_empty() || part_b.is_empty() {
            return part_a.len().cmp(&part_b.len());
        }
        let is_number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
        let by_part = if is_number(part_a) && is_number(part_b) {
            let (digits_a, digits_b) =
                (part_a.trim_start_matches('0'), part_b.trim_start_matches('0'));
            digits_a.len().cmp(&digits_b.len()).then_with(|| digits_a.cmp(digits_b))
        } else {
            part_a.cmp(part_b)
        };
        if by_part != Ordering::Equal {
            return by_part;
        }
        (rest_a, rest_b) = (next_a, next_b);
    }
}

/// The leading run of digits, or of anything else, and the rest.
fn split_run(text: &str) -> (&str, &str) {
    let is_digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}
