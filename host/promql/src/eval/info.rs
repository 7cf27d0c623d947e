//! `info`: series get the data labels of the info series that stand for the same target.
//!
//! An info series belongs to a series with the same identity, the labels `instance` and `job`. Of
//! several with one name and identity, the one with the newest sample counts at each step.

use std::collections::{BTreeMap, HashMap, HashSet};

use narthex_model::{Labels, LabelsBuilder, METRIC_NAME, MatchOp, Matcher, is_stale};
use narthex_storage::Columns;

use crate::result::QueryError;

use super::context::{Context, braced};
use super::grid::Grid;
use super::held::{Filling, Held};
use super::holding::{Amount, Holding};
use super::merge::merge;
use super::plan::InfoPlan;
use super::row::Row;
use super::select::{read, time_range};
use super::{Rows, mark};

/// The labels that tell what a series is about.
const IDENTITY: [&str; 2] = ["instance", "job"];

/// Up to here the store is asked for the wanted values of a label by one expression; with more, it
/// is asked for all series that have the label, since a longer expression costs more than it saves.
const VALUES_MAX: usize = 256;

pub(super) fn open<'q>(
    plan: &'q InfoPlan,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let base = Held::collect(super::open(&plan.input, cx)?, &cx.ledger)?;
    let is_info = |row: &Row| {
        let name = row.labels.metric_name().unwrap_or("");
        plan.names.iter().all(|matcher| matcher.matches(name))
    };
    let wanted = Wanted::by(base.rows.iter().filter(|row| !is_info(row)));
    let mut holding = cx.ledger.holding();
    let info = Info::read(plan, &wanted, &base.rows, grid, (&mut holding, cx))?;
    let mut out = Filling::new(&cx.ledger);
    for row in base.into_rows() {
        cx.check()?;
        let row = row?;
        if is_info(&row) {
            out.push(row)?;
        } else {
            info.enrich(row, plan, &mut out)?;
        }
    }
    Ok(merge(out.finish()?)?.into_rows())
}

fn identity(labels: &Labels) -> Labels {
    labels.filtered(|name| IDENTITY.contains(&name))
}

/// The values of the labels of identity for which info series are looked for.
struct Wanted<'r>([HashSet<&'r str>; IDENTITY.len()]);

impl<'r> Wanted<'r> {
    fn by(rows: impl Iterator<Item = &'r Row>) -> Self {
        let mut wanted = Self(IDENTITY.map(|_| HashSet::new()));
        for row in rows {
            for (name, values) in IDENTITY.into_iter().zip(&mut wanted.0) {
                values.extend(row.labels.get(name));
            }
        }
        wanted
    }

    /// Each label of identity that any series has.
    fn labels(&self) -> impl Iterator<Item = (&'static str, &HashSet<&'r str>)> {
        IDENTITY.into_iter().zip(&self.0).filter(|(_, values)| !values.is_empty())
    }

    /// What an info series must have of each of them.
    fn matchers(&self) -> impl Iterator<Item = Matcher> {
        self.labels().map(|(name, values)| {
            let not_empty = || Matcher::new(MatchOp::NotEqual, name, "");
            let mut values: Vec<String> =
                values.iter().take(VALUES_MAX + 1).map(|value| escape(value)).collect();
            values.sort_unstable();
            let matcher = if values.len() > VALUES_MAX {
                not_empty()
            } else {
                Matcher::new(MatchOp::Regex, name, values.join("|")).or_else(|_| not_empty())
            };
            matcher.expect("an inequality is no regular expression")
        })
    }

    fn has(&self, labels: &Labels) -> bool {
        self.labels().all(|(name, values)| labels.get(name).is_some_and(|v| values.contains(v)))
    }
}

/// A regular expression for this text only.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// An info series at a step, and when its sample was taken.
#[derive(Clone, Copy)]
struct Newest {
    series: usize,
    at: i64,
}

/// The info series that were found.
#[derive(Default)]
struct Info {
    series: Vec<Labels>,
    /// Of each name and identity, which series counts at each step.
    groups: Vec<Vec<Option<Newest>>>,
    /// The groups of an identity by their names.
    by_identity: HashMap<Labels, BTreeMap<String, usize>>,
}

impl Info {
    fn read(
        plan: &InfoPlan,
        wanted: &Wanted<'_>,
        base: &[Row],
        grid: Grid,
        (holding, cx): (&mut Holding<'_>, &Context<'_>),
    ) -> Result<Self, QueryError> {
        let mut info = Self::default();
        if wanted.labels().next().is_none() {
            return Ok(info);
        }
        // Where nothing is to be enriched, info series may contradict each other.
        let mut looked_at = vec![false; grid.steps];
        for row in base {
            mark(&mut looked_at, &row.values);
        }
        let select = &plan.select;
        let mut matchers = select.matchers.clone();
        matchers.extend(wanted.matchers());
        let first = select.reference(grid.start).saturating_sub(cx.lookback).saturating_add(1);
        let range = time_range(first, select.reference(grid.last()));
        let mut samples = Columns::default();
        for series in &cx.series(&matchers)?.series {
            if wanted.has(series.labels()) {
                let _read = read(series.as_ref(), range, &mut samples, cx)?;
                info.take(series.labels(), &samples, plan, (grid, &looked_at), (holding, cx))?;
            }
        }
        Ok(info)
    }

    /// Takes in one info series.
    fn take(
        &mut self,
        labels: &Labels,
        samples: &Columns,
        plan: &InfoPlan,
        (grid, looked_at): (Grid, &[bool]),
        (holding, cx): (&mut Holding<'_>, &Context<'_>),
    ) -> Result<(), QueryError> {
        let references = grid.times().map(|at| plan.select.reference(at));
        let times = times_at(samples, references, cx.lookback).ok_or_else(|| {
            let labels = braced(labels);
            let message = format!("this should be an info metric, with float samples: {labels}");
            QueryError::Execution(message)
        })?;
        if times.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut tally = cx.counts.tally(plan.select.counted);
        for (step, at) in times.iter().enumerate() {
            tally.add(step, usize::from(at.is_some()));
        }
        drop(tally);
        let series = self.series.len();
        self.series.push(labels.clone());
        let names = self.by_identity.entry(identity(labels)).or_default();
        let name = labels.metric_name().unwrap_or("").to_owned();
        let group = *names.entry(name).or_insert(self.groups.len());
        if group == self.groups.len() {
            let bytes = grid.steps * size_of::<Option<Newest>>();
            holding.add(Amount::of_bytes(bytes))?;
            self.groups.push(vec![None; grid.steps]);
        }
        let Some(group) = self.groups.get_mut(group) else { return Ok(()) };
        for ((slot, at), is_looked_at) in group.iter_mut().zip(times).zip(looked_at) {
            let Some(at) = at else { continue };
            match *slot {
                Some(known) if known.at == at && *is_looked_at => {
                    let existing = self.series.get(known.series).map(braced).unwrap_or_default();
                    return Err(QueryError::Execution(format!(
                        "found duplicate series for info metric: existing {existing} @ {at}, new \
                         {} @ {at}",
                        braced(labels),
                    )));
                }
                Some(known) if known.at >= at => {}
                _ => *slot = Some(Newest { series, at }),
            }
        }
        Ok(())
    }

    /// Puts a series with its data labels at each step into `out`, a row for each set of labels.
    fn enrich(&self, row: Row, plan: &InfoPlan, out: &mut Filling<'_>) -> Result<(), QueryError> {
        let names = self.by_identity.get(&identity(&row.labels));
        let groups: Vec<&Vec<Option<Newest>>> = names
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter_map(|group| self.groups.get(*group))
            .collect();
        if groups.is_empty() {
            if plan.keeps_unmatched() {
                out.push(row)?;
            }
            return Ok(());
        }
        // Which info series stand together, and where the row for them is, if they have one.
        let mut known: HashMap<Vec<Option<usize>>, Option<usize>> = HashMap::new();
        let mut last: Option<(Vec<Option<usize>>, Option<usize>)> = None;
        for (step, value) in row.values.items() {
            let at_step = |group: &&Vec<Option<Newest>>| group.get(step).copied().flatten();
            let found = groups.iter().map(|group| at_step(group).map(|newest| newest.series));
            let place = match &last {
                Some((series, place)) if found.clone().eq(series.iter().copied()) => *place,
                _ => {
                    let found: Vec<Option<usize>> = found.collect();
                    let place = match known.get(&found) {
                        Some(place) => *place,
                        None => self.place(&row, &found, plan, out)?,
                    };
                    known.insert(found.clone(), place);
                    last = Some((found, place));
                    place
                }
            };
            if let Some(place) = place {
                out.put(place, step, value.to_value())?;
            }
        }
        Ok(())
    }

    /// Makes an empty row for a series together with info series; nothing when it is left out.
    fn place(
        &self,
        row: &Row,
        found: &[Option<usize>],
        plan: &InfoPlan,
        out: &mut Filling<'_>,
    ) -> Result<Option<usize>, QueryError> {
        let Some(labels) = self.labels(&row.labels, found, plan)? else { return Ok(None) };
        out.push_empty(labels, row.drops_name, row.values.steps()).map(Some)
    }

    /// The labels of a series together with those of info series; nothing when it is left out.
    fn labels(
        &self,
        labels: &Labels,
        found: &[Option<usize>],
        plan: &InfoPlan,
    ) -> Result<Option<Labels>, QueryError> {
        if found.iter().all(Option::is_none) {
            return Ok(plan.keeps_unmatched().then(|| labels.clone()));
        }
        let mut data = LabelsBuilder::default();
        let series = found.iter().flatten().filter_map(|series| self.series.get(*series));
        for (name, value) in series.flat_map(Labels::iter) {
            if name == METRIC_NAME || !plan.takes(name) || labels.get(name).is_some() {
                continue;
            }
            if data.get(name).is_some_and(|known| known != value) {
                return Err(QueryError::Execution(format!("conflicting label: {name}")));
            }
            data.set(name, value);
        }
        let mut builder = labels.to_builder();
        for (name, value) in data.iter() {
            builder.set(name, value);
        }
        Ok(Some(builder.finish()))
    }
}

/// When the newest sample at each of these times was taken, unless it is too old or a staleness
/// marker. Nothing at all when one of them is a native histogram.
fn times_at(
    samples: &Columns,
    references: impl Iterator<Item = i64>,
    lookback: i64,
) -> Option<Vec<Option<i64>>> {
    let (mut floats, mut histograms) = (0, 0);
    let mut times = Vec::new();
    for reference in references {
        let rest = samples.times.get(floats..).unwrap_or(&[]);
        floats += rest.iter().take_while(|at| **at <= reference).count();
        let rest = samples.histograms.get(histograms..).unwrap_or(&[]);
        histograms += rest.iter().take_while(|point| point.at <= reference).count();
        let float = floats.checked_sub(1).and_then(|index| {
            Some((*samples.times.get(index)?, is_stale(*samples.values.get(index)?)))
        });
        let histogram = histograms.checked_sub(1).and_then(|index| samples.histograms.get(index));
        let is_recent = |at: i64| at.saturating_add(lookback) > reference;
        let float = float.filter(|(at, _)| histogram.is_none_or(|point| point.at < *at));
        times.push(match (float, histogram) {
            (Some((at, is_stale)), _) => (is_recent(at) && !is_stale).then_some(at),
            (None, Some(point)) if is_recent(point.at) && !point.histogram.is_stale() => {
                return None;
            }
            (None, _) => None,
        });
    }
    Some(times)
}

#[cfg(test)]
mod tests;
