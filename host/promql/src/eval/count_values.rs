//! `count_values`: how many series of a group have which value.

use crate::ast::Grouping;
use crate::result::QueryError;

use super::aggregate::{Groups, group_labels};
use super::context::Context;
use super::grid::Grid;
use super::holding::Amount;
use super::plan::Vector;
use super::row::{Column, Row};
use super::{Rows, from_vec, scalar};

pub(super) fn open<'q>(
    label: &str,
    grouping: &Grouping,
    input: &Vector,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let mut grouping = grouping.clone();
    if !grouping.without {
        grouping.labels.push(label.to_owned());
    }
    let mut groups = Groups::default();
    let mut counts: Vec<Column> = Vec::new();
    let mut holding = cx.ledger.holding();
    for row in super::open(input, cx)? {
        let row = row?;
        // Values often stay the same from step to step; then so does the group.
        let mut last: Option<(u64, usize)> = None;
        for (step, value) in row.values.iter() {
            let group = match last {
                Some((bits, group)) if bits == value.to_bits() => group,
                _ => {
                    let mut labels = row.labels.to_builder();
                    labels.set(label, scalar::plain(value));
                    groups.find(group_labels(&labels.finish(), &grouping))
                }
            };
            last = Some((value.to_bits(), group));
            if group == counts.len() {
                holding.add(Amount::of(grid.steps, size_of::<f64>()))?;
                counts.push(Column::absent(grid.steps));
            }
            if let Some(counts) = counts.get_mut(group) {
                counts.set(step, counts.get(step).unwrap_or(0.0) + 1.0);
            }
        }
        for (step, histogram) in row.values.iter_histograms() {
            let mut labels = row.labels.to_builder();
            labels.set(label, histogram.to_string());
            let group = groups.find(group_labels(&labels.finish(), &grouping));
            if group == counts.len() {
                holding.add(Amount::of(grid.steps, size_of::<f64>()))?;
                counts.push(Column::absent(grid.steps));
            }
            if let Some(counts) = counts.get_mut(group) {
                counts.set(step, counts.get(step).unwrap_or(0.0) + 1.0);
            }
        }
    }
    let rows = groups.labels.into_iter().zip(counts);
    let rows = rows.map(|(labels, values)| Row { labels, drops_name: false, values });
    Ok(from_vec(rows.collect()))
}
