//! `count_values`: how many series of a group have which value.

use narthex_model::Labels;

use crate::ast::Grouping;
use crate::result::QueryError;

use super::aggregate::{Groups, group_labels};
use super::context::Context;
use super::grid::Grid;
use super::held::Held;
use super::holding::Amount;
use super::plan::Vector;
use super::row::{Column, Item, Row};
use super::{Rows, scalar};

/// The counts of each group and value, in the order in which they come up.
struct Counts<'q> {
    label: &'q str,
    grouping: Grouping,
    groups: Groups,
    /// A row a group.
    held: Held<'q>,
    steps: usize,
}

impl Counts<'_> {
    /// The group of a series with this value.
    fn group(&mut self, labels: &Labels, value: String) -> Result<usize, QueryError> {
        let mut labels = labels.to_builder();
        labels.set(self.label, value);
        let group = self.groups.find(group_labels(&labels.finish(), &self.grouping));
        if let (true, Some(labels)) = (group == self.held.rows.len(), self.groups.labels.last()) {
            let (labels, values) = (labels.clone(), Column::absent(self.steps));
            self.held.push(Row { labels, drops_name: false, values })?;
        }
        Ok(group)
    }

    fn take(&mut self, row: &Row) -> Result<(), QueryError> {
        // Values often stay the same from step to step; then so does the group.
        let mut last: Option<(u64, usize)> = None;
        let mut more = Amount::default();
        for (step, item) in row.values.items() {
            let group = match (item, last) {
                (Item::Float(value), Some((bits, group))) if bits == value.to_bits() => group,
                (Item::Float(value), _) => {
                    let group = self.group(&row.labels, scalar::plain(value))?;
                    last = Some((value.to_bits(), group));
                    group
                }
                (Item::Histogram(histogram), _) => {
                    self.group(&row.labels, histogram.to_string())?
                }
            };
            if let Some(Row { values, .. }) = self.held.rows.get_mut(group) {
                let count = values.get(step).unwrap_or_else(|| {
                    more.samples += 1;
                    0.0
                });
                values.set(step, count + 1.0);
            }
        }
        self.held.holding.add(more)
    }
}

pub(super) fn open<'q>(
    label: &'q str,
    grouping: &Grouping,
    input: &Vector,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let mut grouping = grouping.clone();
    if !grouping.without {
        grouping.labels.push(label.to_owned());
    }
    let (groups, held) = (Groups::default(), Held::new(&cx.ledger));
    let mut counts = Counts { label, grouping, groups, held, steps: grid.steps };
    for row in super::open(input, cx)? {
        counts.take(&row?)?;
    }
    Ok(counts.held.into_rows())
}
