//! Two vectors, series by series.
//!
//! Series of both sides fall into match groups by the labels that count. Within a group the side
//! of one (the right side, but for `group_right`) may have one series at each step.

mod group;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use narthex_model::{Labels, METRIC_NAME};

use crate::ast::{Cardinality, Matching};
use crate::result::QueryError;
use crate::span::Span;

use self::group::{Answer, Group};
use super::aggregate::Groups;
use super::arithmetic::changes_meaning;
use super::combine::Place;
use super::context::Context;
use super::grid::Grid;
use super::held::Held;
use super::holding::{Amount, Holding};
use super::merge::merge;
use super::plan::Join;
use super::row::Row;
use super::{Rows, mark};

/// The labels that count for a match.
pub(super) fn signature(labels: &Labels, matching: &Matching) -> Labels {
    let is_listed = |name: &str| matching.labels.iter().any(|label| label == name);
    if matching.on {
        labels.filtered(is_listed)
    } else {
        labels.filtered(|name| name != METRIC_NAME && !is_listed(name))
    }
}

struct Joiner<'q> {
    plan: &'q Join,
    place: Place<'q>,
    many: Vec<Row>,
    one: Vec<Row>,
    steps: usize,
    drops_name_now: bool,
    /// At which steps any series of the side of many has a value; found out when it is asked for.
    many_present: OnceCell<Vec<bool>>,
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
    let joiner = Joiner {
        plan,
        place: Place { op: plan.op, span, cx },
        many,
        one,
        steps: grid.steps,
        drops_name_now: changes_meaning(plan.op)
            || plan.return_bool && !cx.features.delayed_name_removal,
        many_present: OnceCell::new(),
    };
    let mut answer = Answer::new(&cx.ledger);
    let mut holding = cx.ledger.holding();
    for (signature, group) in &joiner.groups(&mut holding)? {
        cx.check()?;
        group::join(&joiner, signature, group, &mut answer)?;
    }
    Ok(merge(answer.finish()?)?.into_rows())
}

impl Joiner<'_> {
    /// Whether the left side is the side of one.
    fn is_flipped(&self) -> bool {
        self.plan.matching.cardinality == Cardinality::OneToMany
    }

    /// The match groups with the labels that all series of each share, in the order of their first
    /// series.
    fn groups(&self, holding: &mut Holding<'_>) -> Result<Vec<(Labels, Group)>, QueryError> {
        let mut index: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<(Labels, Group)> = Vec::new();
        for (rows, is_many) in [(&self.many, true), (&self.one, false)] {
            for (place, row) in rows.iter().enumerate() {
                self.place.cx.check()?;
                let signature = signature(&row.labels, &self.plan.matching);
                let group = match index.entry(signature) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        let bytes = Groups::bytes(new.key()) + size_of::<Group>();
                        holding.add(Amount::of_bytes(bytes))?;
                        groups.push((new.key().clone(), Group::default()));
                        *new.insert(groups.len() - 1)
                    }
                };
                if let Some((_, group)) = groups.get_mut(group) {
                    if is_many { group.many.push(place) } else { group.one.push(place) }
                }
            }
        }
        Ok(groups)
    }

    /// Whether duplicates on the side of one are looked for at this step: nothing is where the
    /// other side is empty altogether and nothing fills it.
    fn is_looked_at(&self, step: usize) -> bool {
        let present = self.many_present.get_or_init(|| {
            let mut present = vec![false; self.steps];
            for row in &self.many {
                mark(&mut present, &row.values);
            }
            present
        });
        self.plan.matching.fills() || present.get(step).is_some_and(|present| *present)
    }
}
