//! Two vectors, series by series.
//!
//! Series of both sides fall into match groups by the labels that count. Within a group the side
//! of one (the right side, but for `group_right`) may have one series at each step.

use std::collections::HashMap;

use narthex_model::{Labels, METRIC_NAME};

use crate::ast::{Cardinality, Matching};
use crate::result::{QueryError, SampleValue};
use crate::span::Span;

use super::Rows;
use super::arithmetic::changes_meaning;
use super::combine::{Combined, Place};
use super::context::{Context, braced, without_metadata};
use super::grid::Grid;
use super::held::Held;
use super::merge::merge;
use super::plan::Join;
use super::row::{Column, Item, Row};

/// The labels that count for a match.
pub(super) fn signature(labels: &Labels, matching: &Matching) -> Labels {
    let is_listed = |name: &str| matching.labels.iter().any(|label| label == name);
    if matching.on {
        labels.filtered(is_listed)
    } else {
        labels.filtered(|name| name != METRIC_NAME && !is_listed(name))
    }
}

/// The series of a match group: indexes into both sides.
#[derive(Default)]
struct Group {
    many: Vec<usize>,
    one: Vec<usize>,
}

/// A row of the result: which series it comes from, if they are there.
struct Pair {
    many: Option<usize>,
    one: Option<usize>,
    row: Row,
}

struct Joiner<'q> {
    plan: &'q Join,
    place: Place<'q>,
    many: Vec<Row>,
    one: Vec<Row>,
    steps: usize,
    drops_name_now: bool,
}

pub(super) fn open<'q>(
    plan: &'q Join,
    span: Span,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let lhs = Held::collect(super::open(&plan.lhs, cx)?, &cx.ledger)?;
    let rhs = Held::collect(super::open(&plan.rhs, cx)?, &cx.ledger)?;
    let Held { rows: lhs, holding: _lhs_holding } = lhs;
    let Held { rows: rhs, holding: _rhs_holding } = rhs;
    let is_flipped = plan.matching.cardinality == Cardinality::OneToMany;
    let (many, one) = if is_flipped { (rhs, lhs) } else { (lhs, rhs) };
    let drops_name_now =
        changes_meaning(plan.op) || plan.return_bool && !cx.features.delayed_name_removal;
    let place = Place { op: plan.op, span, cx };
    let joiner = Joiner { plan, place, many, one, steps: grid.steps, drops_name_now };
    let rows = joiner.join(cx)?;
    Ok(merge(Held::of(rows, &cx.ledger)?)?.into_rows())
}

impl Joiner<'_> {
    fn join(&self, cx: &Context<'_>) -> Result<Vec<Row>, QueryError> {
        let mut index: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<(Labels, Group)> = Vec::new();
        let mut group_of = |row: &Row| {
            let signature = signature(&row.labels, &self.plan.matching);
            *index.entry(signature).or_insert_with_key(|signature| {
                groups.push((signature.clone(), Group::default()));
                groups.len() - 1
            })
        };
        let many: Vec<usize> = self.many.iter().map(&mut group_of).collect();
        let one: Vec<usize> = self.one.iter().map(&mut group_of).collect();
        for (row, group) in many.into_iter().enumerate() {
            if let Some((_, group)) = groups.get_mut(group) {
                group.many.push(row);
            }
        }
        for (row, group) in one.into_iter().enumerate() {
            if let Some((_, group)) = groups.get_mut(group) {
                group.one.push(row);
            }
        }
        let mut rows = Vec::new();
        for (signature, group) in &groups {
            cx.check()?;
            self.group(signature, group, &mut rows)?;
        }
        // In the order of the side of many, as Prometheus answers.
        rows.sort_by_key(|pair| pair.many.unwrap_or(usize::MAX));
        let rows = rows.into_iter().map(|pair| pair.row);
        Ok(rows.filter(|row| !row.values.is_empty()).collect())
    }

    fn group(
        &self,
        signature: &Labels,
        group: &Group,
        out: &mut Vec<Pair>,
    ) -> Result<(), QueryError> {
        let matching = &self.plan.matching;
        let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
        if !fills && (group.many.is_empty() || group.one.is_empty()) {
            // Duplicates on the side of one are an error even where they match nothing.
            return self.check_one(signature, group);
        }
        let first = out.len();
        for step in 0..self.steps {
            let one = self.one_at(signature, group, step)?;
            self.step(signature, group, one, step, out.get(..first).map_or(0, <[_]>::len), out)?;
        }
        Ok(())
    }

    fn check_one(&self, signature: &Labels, group: &Group) -> Result<(), QueryError> {
        if group.one.len() < 2 {
            return Ok(());
        }
        for step in 0..self.steps {
            // Nothing is looked at where the other side is empty altogether.
            if self.many.iter().any(|row| row.values.item(step).is_some()) {
                self.one_at(signature, group, step)?;
            }
        }
        Ok(())
    }

    /// The series of the side of one that has a value at this step.
    fn one_at(
        &self,
        signature: &Labels,
        group: &Group,
        step: usize,
    ) -> Result<Option<(usize, Item<'_>)>, QueryError> {
        let mut found: Option<(usize, Item<'_>)> = None;
        for index in &group.one {
            let Some(row) = self.one.get(*index) else { continue };
            let Some(value) = row.values.item(step) else { continue };
            if let Some((other, _)) = found {
                let other = self.one.get(other).map(|row| braced(&row.labels));
                let mut pair = [braced(&row.labels), other.unwrap_or_default()];
                pair.sort();
                let flipped = self.plan.matching.cardinality == Cardinality::OneToMany;
                let side = if flipped { "left" } else { "right" };
                return Err(QueryError::Execution(format!(
                    "found duplicate series for the match group {} on the {side} hand-side of \
                     the operation: [{}];many-to-many matching not allowed: matching labels must \
                     be unique on one side",
                    braced(signature),
                    pair.join(", "),
                )));
            }
            found = Some((*index, value));
        }
        Ok(found)
    }

    /// One step of one group; the group's pairs stand in `out` from `first` on.
    fn step(
        &self,
        signature: &Labels,
        group: &Group,
        one: Option<(usize, Item<'_>)>,
        step: usize,
        first: usize,
        out: &mut Vec<Pair>,
    ) -> Result<(), QueryError> {
        let matching = &self.plan.matching;
        // As in Prometheus, `group_right` does not swap the fills: the left one is for the side of
        // many always.
        let (fill_many, fill_one) = (matching.fill_left, matching.fill_right);
        let mut matched: Vec<usize> = Vec::new();
        for many in &group.many {
            let value = self.many.get(*many).and_then(|row| row.values.item(step));
            let Some(value) = value else { continue };
            let (one, one_value) = match (one, fill_one) {
                (Some((one, value)), _) => (Some(one), value),
                (None, Some(fill)) => (None, Item::Float(fill)),
                (None, None) => continue,
            };
            let pair = self.pair(signature, Some(*many), one, first, out);
            self.set(pair, step, value, one_value, &mut matched, out)?;
        }
        if let (Some((one, value)), Some(fill)) = (one, fill_many)
            && matched.is_empty()
        {
            let pair = self.pair(signature, None, Some(one), first, out);
            self.set(pair, step, Item::Float(fill), value, &mut matched, out)?;
        }
        Ok(())
    }

    fn set(
        &self,
        pair: usize,
        step: usize,
        many: Item<'_>,
        one: Item<'_>,
        matched: &mut Vec<usize>,
        out: &mut [Pair],
    ) -> Result<(), QueryError> {
        let flipped = self.plan.matching.cardinality == Cardinality::OneToMany;
        let (a, b) = if flipped { (one, many) } else { (many, one) };
        let value = match self.place.combine(a, b) {
            Combined::Value(value) => Some(value),
            Combined::Claim(holds) if self.plan.return_bool => {
                Some(SampleValue::Float(f64::from(u8::from(holds))))
            }
            Combined::Claim(true) => Some(a.to_value()),
            Combined::Claim(false) => None,
            // What cannot be computed does not even count as matched.
            Combined::Nothing => return Ok(()),
        };
        let labels_at = |index: usize| out.get(index).map(|pair| &pair.row.labels);
        if self.plan.matching.cardinality == Cardinality::OneToOne {
            if !matched.is_empty() {
                return ambiguous("many-to-one matching must be explicit (group_left/group_right)");
            }
        } else if matched.iter().any(|known| labels_at(*known) == labels_at(pair)) {
            return ambiguous("grouping labels must ensure unique matches");
        }
        matched.push(pair);
        if let (Some(pair), Some(value)) = (out.get_mut(pair), value) {
            pair.row.values.put(step, value);
        }
        Ok(())
    }

    /// The row of the result for two series, made when it is not there yet.
    fn pair(
        &self,
        signature: &Labels,
        many: Option<usize>,
        one: Option<usize>,
        first: usize,
        out: &mut Vec<Pair>,
    ) -> usize {
        let known = out.iter().skip(first).position(|pair| pair.many == many && pair.one == one);
        if let Some(known) = known {
            return first + known;
        }
        let labels_of = |side: &[Row], index: Option<usize>| {
            index.and_then(|index| side.get(index)).map(|row| row.labels.clone())
        };
        let many_labels = labels_of(&self.many, many).unwrap_or_else(|| signature.clone());
        let one_labels = labels_of(&self.one, one).unwrap_or_else(|| signature.clone());
        let labels = self.result_labels(&many_labels, &one_labels);
        let values = Column::absent(self.steps);
        let row = Row { labels, drops_name: self.plan.return_bool, values };
        out.push(Pair { many, one, row });
        out.len() - 1
    }

    fn result_labels(&self, many: &Labels, one: &Labels) -> Labels {
        let matching = &self.plan.matching;
        let mut labels = if self.drops_name_now { without_metadata(many) } else { many.clone() };
        if matching.cardinality == Cardinality::OneToOne {
            let is_listed = |name: &str| matching.labels.iter().any(|label| label == name);
            labels = labels.filtered(|name| is_listed(name) == matching.on);
        }
        if matching.include.is_empty() {
            return labels;
        }
        let mut builder = labels.to_builder();
        for name in &matching.include {
            builder.set(name.as_str(), one.get(name).unwrap_or(""));
        }
        builder.finish()
    }
}

fn ambiguous(reason: &str) -> Result<(), QueryError> {
    Err(QueryError::Execution(format!("multiple matches for labels: {reason}")))
}
