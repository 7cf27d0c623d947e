//! One match group, and the rows that come of it.
//!
//! Always holds: a series is gone through once, and looks its row of the answer up once for each
//! series that it meets; a row is on the query's account before it is made.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;

use narthex_model::Labels;

use crate::ast::Cardinality;
use crate::result::{QueryError, SampleValue};

use super::super::combine::Combined;
use super::super::context::{braced, without_metadata};
use super::super::held::{Filling, Held};
use super::super::holding::{Amount, Holding, Ledger};
use super::super::row::{Item, Row};
use super::Joiner;

/// The series of a match group: indexes into both sides.
#[derive(Default)]
pub(super) struct Group {
    pub(super) many: Vec<usize>,
    pub(super) one: Vec<usize>,
}

/// The series that a row came from first: of the side of many, and of the side of one.
type Place = (Option<usize>, Option<usize>);

/// The rows of all groups.
pub(super) struct Answer<'l> {
    rows: Filling<'l>,
    places: Vec<Place>,
}

impl<'l> Answer<'l> {
    pub(super) fn new(ledger: &'l Ledger) -> Self {
        Self { rows: Filling::new(ledger), places: Vec::new() }
    }

    /// The rows in the order of the side of many, as Prometheus answers; those of the side of one
    /// alone come last.
    pub(super) fn finish(self) -> Result<Held<'l>, QueryError> {
        let Held { rows, holding } = self.rows.finish()?;
        let mut rows: Vec<(Place, Row)> = self.places.into_iter().zip(rows).collect();
        rows.sort_by_key(|((many, one), _)| (many.is_none(), *many, *one));
        Ok(Held { rows: rows.into_iter().map(|(_, row)| row).collect(), holding })
    }
}

/// A group as it is gone through.
struct Walk<'a, 'q> {
    joiner: &'a Joiner<'q>,
    signature: &'a Labels,
    /// Which series of the side of one has a value at each step.
    ones: Vec<Option<usize>>,
    /// At which steps a pair was matched.
    is_matched: Vec<bool>,
    /// The rows of the answer by their labels.
    rows: Vec<GroupRow>,
    index: HashMap<Labels, usize>,
    /// Whether two series may come to the same labels.
    may_collide: bool,
    holding: Holding<'q>,
}

struct GroupRow {
    labels: Labels,
    /// At which steps it was matched, if that is asked: a filter may leave no value there.
    is_matched: Vec<bool>,
    /// Its place among the rows of the answer, once it has a value.
    place: Option<usize>,
}

/// The rows that a series of the side of many has come to, by the series that it met. All are the
/// same unless labels come from the side of one.
#[derive(Default)]
struct Known {
    last: Option<(Option<usize>, usize)>,
    rows: HashMap<Option<usize>, usize>,
}

/// The values of two series at a step.
struct Meeting<'a> {
    step: usize,
    many: Option<usize>,
    one: Option<usize>,
    values: (Item<'a>, Item<'a>),
}

/// Joins the series of one group.
pub(super) fn join<'q>(
    joiner: &Joiner<'q>,
    signature: &Labels,
    group: &Group,
    answer: &mut Answer<'q>,
) -> Result<(), QueryError> {
    let matching = &joiner.plan.matching;
    if group.many.is_empty() && group.one.len() < 2 && !matching.fills() {
        return Ok(());
    }
    // Duplicates on the side of one are an error even where they match nothing.
    let ones = one_at_each_step(joiner, signature, group)?;
    let mut walk = Walk {
        joiner,
        signature,
        ones,
        is_matched: vec![false; joiner.steps],
        rows: Vec::new(),
        index: HashMap::new(),
        may_collide: matching.cardinality != Cardinality::OneToOne && group.many.len() > 1,
        holding: joiner.place.cx.ledger.holding(),
    };
    for many in &group.many {
        joiner.place.cx.check()?;
        walk.series(*many, answer)?;
    }
    // As in Prometheus, `group_right` does not swap the fills: the left one is for the side of many
    // always.
    matching.fill_left.map_or(Ok(()), |fill| walk.fill(fill, answer))
}

fn one_at_each_step(
    joiner: &Joiner<'_>,
    signature: &Labels,
    group: &Group,
) -> Result<Vec<Option<usize>>, QueryError> {
    let mut ones: Vec<Option<usize>> = vec![None; joiner.steps];
    for index in &group.one {
        joiner.place.cx.check()?;
        let Some(row) = joiner.one.get(*index) else { continue };
        for (step, _) in row.values.items() {
            let Some(slot) = ones.get_mut(step) else { continue };
            match *slot {
                Some(other) if joiner.is_looked_at(step) => {
                    return Err(duplicates(joiner, signature, [*index, other]));
                }
                _ => *slot = Some(*index),
            }
        }
    }
    Ok(ones)
}

fn duplicates(joiner: &Joiner<'_>, signature: &Labels, pair: [usize; 2]) -> QueryError {
    let mut pair = pair.map(|index| joiner.one.get(index).map(|row| braced(&row.labels)));
    pair.sort();
    let side = if joiner.is_flipped() { "left" } else { "right" };
    QueryError::Execution(format!(
        "found duplicate series for the match group {} on the {side} hand-side of the operation: \
         [{}];many-to-many matching not allowed: matching labels must be unique on one side",
        braced(signature),
        pair.map(Option::unwrap_or_default).join(", "),
    ))
}

fn ambiguous(reason: &str) -> QueryError {
    QueryError::Execution(format!("multiple matches for labels: {reason}"))
}

impl<'q> Walk<'_, 'q> {
    /// One series of the side of many.
    fn series(&mut self, many: usize, answer: &mut Answer<'q>) -> Result<(), QueryError> {
        let joiner = self.joiner;
        let Some(row) = joiner.many.get(many) else { return Ok(()) };
        let mut known = Known::default();
        for (step, value) in row.values.items() {
            let one = self.ones.get(step).copied().flatten();
            let of_one = match one {
                Some(one) => joiner.one.get(one).and_then(|row| row.values.item(step)),
                None => joiner.plan.matching.fill_right.map(Item::Float),
            };
            if let Some(of_one) = of_one {
                let values = (value, of_one);
                self.meet(&Meeting { step, many: Some(many), one, values }, &mut known, answer)?;
            }
        }
        Ok(())
    }

    /// Where the side of many has matched nothing, `fill` stands for it.
    fn fill(&mut self, fill: f64, answer: &mut Answer<'q>) -> Result<(), QueryError> {
        let mut known = Known::default();
        for step in 0..self.joiner.steps {
            let is_matched = self.is_matched.get(step).is_some_and(|is_matched| *is_matched);
            let one = self.ones.get(step).copied().flatten().filter(|_| !is_matched);
            let row = one.and_then(|one| self.joiner.one.get(one));
            if let Some(value) = row.and_then(|row| row.values.item(step)) {
                let values = (Item::Float(fill), value);
                self.meet(&Meeting { step, many: None, one, values }, &mut known, answer)?;
            }
        }
        Ok(())
    }

    fn meet(
        &mut self,
        meeting: &Meeting<'_>,
        known: &mut Known,
        answer: &mut Answer<'q>,
    ) -> Result<(), QueryError> {
        let Joiner { plan, place, .. } = self.joiner;
        let (many, one) = meeting.values;
        let (lhs, rhs) = if self.joiner.is_flipped() { (one, many) } else { (many, one) };
        let value = match place.combine(lhs, rhs) {
            Combined::Value(value) => Some(value),
            Combined::Claim(holds) if plan.return_bool => {
                Some(SampleValue::Float(f64::from(u8::from(holds))))
            }
            Combined::Claim(holds) => holds.then(|| lhs.to_value()),
            // What cannot be computed does not even count as matched.
            Combined::Nothing => return Ok(()),
        };
        let row = self.row(meeting, known)?;
        self.mark(row, meeting.step)?;
        let (Some(value), Some(row)) = (value, self.rows.get_mut(row)) else { return Ok(()) };
        let place = match row.place {
            Some(place) => place,
            None => {
                let (labels, steps) = (row.labels.clone(), self.joiner.steps);
                answer.places.push((meeting.many, meeting.one));
                *row.place.insert(answer.rows.push_empty(labels, plan.return_bool, steps)?)
            }
        };
        answer.rows.put(place, meeting.step, value)
    }

    /// The row of the group that two series come to.
    fn row(&mut self, meeting: &Meeting<'_>, known: &mut Known) -> Result<usize, QueryError> {
        let source = meeting.one.filter(|_| !self.joiner.plan.matching.include.is_empty());
        if let Some((last, row)) = known.last
            && last == source
        {
            return Ok(row);
        }
        let row = match known.rows.entry(source) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let labels = self.joiner.result_labels(self.signature, meeting.many, meeting.one);
                *entry.insert(match self.index.entry(labels) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) => {
                        let is_matched =
                            vec![false; usize::from(self.may_collide) * self.joiner.steps];
                        let bytes =
                            size_of::<GroupRow>() + is_matched.len() + entry.key().as_bytes().len();
                        self.holding.add(Amount::of_bytes(bytes))?;
                        let labels = entry.key().clone();
                        self.rows.push(GroupRow { labels, is_matched, place: None });
                        *entry.insert(self.rows.len() - 1)
                    }
                })
            }
        };
        known.last = Some((source, row));
        Ok(row)
    }

    /// Notes that a row has a match at a step, where it may have but one.
    fn mark(&mut self, row: usize, step: usize) -> Result<(), QueryError> {
        let was_matched =
            self.is_matched.get_mut(step).is_some_and(|slot| mem::replace(slot, true));
        if self.joiner.plan.matching.cardinality == Cardinality::OneToOne {
            if was_matched {
                return Err(ambiguous(
                    "many-to-one matching must be explicit (group_left/group_right)",
                ));
            }
            return Ok(());
        }
        let row = self.rows.get_mut(row).and_then(|row| row.is_matched.get_mut(step));
        if row.is_some_and(|slot| mem::replace(slot, true)) {
            return Err(ambiguous("grouping labels must ensure unique matches"));
        }
        Ok(())
    }
}

impl Joiner<'_> {
    /// The labels of the row that two series come to. The match group's stand for one that is not
    /// there.
    fn result_labels(&self, signature: &Labels, many: Option<usize>, one: Option<usize>) -> Labels {
        let many = many.and_then(|many| self.many.get(many)).map_or(signature, |row| &row.labels);
        let one = one.and_then(|one| self.one.get(one)).map_or(signature, |row| &row.labels);
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
