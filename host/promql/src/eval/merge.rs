//! Rows that end up with the same labels.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use narthex_model::Labels;
use narthex_storage::Columns;

use crate::result::{MatrixSeries, QueryError};

use super::Rows;
use super::context::Context;
use super::distinct::is_of_one_metric;
use super::held::Held;
use super::holding::Amount;
use super::plan::Vector;
use super::row::Row;

pub(super) fn same_labels() -> QueryError {
    QueryError::Execution("vector cannot contain metrics with the same labelset".to_owned())
}

/// Joins rows of the same labels, in the order of the first of each.
pub(super) fn merge(held: Held<'_>) -> Result<Held<'_>, QueryError> {
    let Held { rows, mut holding } = held;
    let mut index: HashMap<Labels, usize> = HashMap::with_capacity(rows.len());
    let mut merged: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        match index.entry(row.labels.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(merged.len());
                merged.push(row);
            }
            Entry::Occupied(entry) => {
                let Some(known) = merged.get_mut(*entry.get()) else { return Err(same_labels()) };
                let apart = Amount::of_row(known).plus(Amount::of_row(&row));
                if !known.values.merge(&row.values) {
                    return Err(same_labels());
                }
                holding.remove(apart.minus(Amount::of_row(known)));
            }
        }
    }
    Ok(Held { rows: merged, holding })
}

/// Makes sure that rows whose names were dropped are distinct. Streams when they must be, because
/// all were of one metric before.
pub(super) fn after_drop<'q>(
    rows: Rows<'q>,
    input: &Vector,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    if cx.features.delayed_name_removal || is_of_one_metric(input, cx)? {
        return Ok(rows);
    }
    Ok(merge(Held::collect(rows, &cx.ledger)?)?.into_rows())
}

/// Joins series of the same labels that stand side by side.
pub(super) fn of_same_labels(sorted: Vec<MatrixSeries>) -> Result<Vec<MatrixSeries>, QueryError> {
    let mut merged: Vec<MatrixSeries> = Vec::with_capacity(sorted.len());
    let mut sorted = sorted.into_iter().peekable();
    while let Some(MatrixSeries { labels, points }) = sorted.next() {
        let mut parts = vec![points];
        while let Some(same) = sorted.next_if(|next| next.labels == labels) {
            parts.push(same.points);
        }
        merged.push(MatrixSeries { labels, points: all(parts)? });
    }
    Ok(merged)
}

/// The samples of all parts by time. At one time may be a float and a histogram, as in Prometheus,
/// but no two of a kind.
fn all(mut parts: Vec<Columns>) -> Result<Columns, QueryError> {
    if parts.len() == 1 {
        return Ok(parts.pop().unwrap_or_default());
    }
    let (mut floats, mut histograms) = (Vec::new(), Vec::new());
    for Columns { times, values, histograms: more, .. } in parts {
        floats.extend(times.into_iter().zip(values));
        histograms.extend(more);
    }
    floats.sort_by_key(|(at, _)| *at);
    histograms.sort_by_key(|point| point.at);
    let is_twice = floats.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        || histograms.windows(2).any(|pair| matches!(pair, [a, b] if a.at == b.at));
    if is_twice {
        return Err(same_labels());
    }
    let (times, values) = floats.into_iter().unzip();
    let mut points = Columns::from_floats(times, values);
    points.histograms = histograms;
    Ok(points)
}

#[cfg(test)]
mod tests;
