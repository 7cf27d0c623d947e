//! Aggregations that choose series: `topk`, `bottomk`, `limitk`, `limit_ratio`.

use std::cmp::Ordering;

use narthex_model::{Labels, Shortest};

use crate::ast::AggregateOp;
use crate::remarks::Remark;
use crate::result::QueryError;
use crate::span::Span;

use super::Rows;
use super::aggregate::{Groups, group_labels};
use super::context::Context;
use super::grid::Grid;
use super::held::Held;
use super::plan::AggregatePlan;
use super::planner::refuse;
use super::row::{Column, Item, Row};
use super::scalar::{self, Numbers};

pub(super) fn open<'q>(
    plan: &'q AggregatePlan,
    span: Span,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let param = match &plan.param {
        Some(param) => scalar::evaluate(param, grid, cx)?,
        None => Numbers::Same(f64::NAN),
    };
    let Held { rows, holding: _holding } =
        Held::collect(super::open(&plan.input, cx)?, &cx.ledger)?;
    let chosen = if plan.op == AggregateOp::LimitRatio {
        check_ratio(plan, &param, grid, cx)?;
        by_ratio(&rows, &param)
    } else if is_none(&param, grid)? {
        Vec::new()
    } else {
        by_count(&rows, plan, &param, (span, grid), cx)
    };
    Ok(Held::of(chosen, &cx.ledger)?.into_rows())
}

/// Whether `k` is below one at every step. A `k` that is no integer of 64 bits is refused.
fn is_none(param: &Numbers, grid: Grid) -> Result<bool, QueryError> {
    let all = || (0..grid.steps).map(|step| param.get(step));
    if all().any(f64::is_nan) {
        return refuse("Parameter value is NaN");
    }
    let max = all().fold(f64::NEG_INFINITY, f64::max);
    let min = all().fold(f64::INFINITY, f64::min);
    if max < 1.0 {
        return Ok(true);
    }
    if min <= -9_223_372_036_854_775_808.0 {
        return refuse(format!("Scalar value {} underflows int64", Shortest(min)));
    }
    if max >= 9_223_372_036_854_775_808.0 {
        return refuse(format!("Scalar value {} overflows int64", Shortest(max)));
    }
    Ok(false)
}

/// The best of a group at one step: values with their rows, the best first.
#[derive(Clone, Default)]
struct Best(Vec<(f64, usize)>);

impl Best {
    fn offer(&mut self, value: f64, row: usize, k: usize, op: AggregateOp) {
        if op == AggregateOp::Limitk {
            if self.0.len() < k {
                self.0.push((value, row));
            }
            return;
        }
        let is_better = |a: f64, b: f64| compare(a, b, op) == Ordering::Less;
        let is_full = self.0.len() >= k;
        if is_full && !self.0.last().is_some_and(|(worst, _)| is_better(value, *worst)) {
            return;
        }
        let at = self.0.partition_point(|(known, _)| !is_better(value, *known));
        self.0.insert(at, (value, row));
        self.0.truncate(k);
    }
}

/// The better one first; NaN last.
fn compare(a: f64, b: f64, op: AggregateOp) -> Ordering {
    let by_value = || {
        let ascending = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        if op == AggregateOp::Topk { ascending.reverse() } else { ascending }
    };
    a.is_nan().cmp(&b.is_nan()).then_with(by_value)
}

fn by_count(
    rows: &[Row],
    plan: &AggregatePlan,
    param: &Numbers,
    (span, grid): (Span, Grid),
    cx: &Context<'_>,
) -> Vec<Row> {
    let mut groups = Groups::default();
    let mut best: Vec<Vec<Best>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let group = groups.find(group_labels(&row.labels, &plan.grouping));
        if group == best.len() {
            best.push(vec![Best::default(); grid.steps]);
        }
        if plan.op != AggregateOp::Limitk && row.values.has_histograms() {
            cx.remark(span, Remark::HistogramIgnoredInAggregation { aggregation: plan.op.name() });
        }
        for (step, item) in row.values.items() {
            let value = match item {
                Item::Float(value) => value,
                // Only whether it is there counts.
                Item::Histogram(_) if plan.op == AggregateOp::Limitk => 0.0,
                Item::Histogram(_) => continue,
            };
            let k = count(param.get(step)).min(rows.len());
            if let Some(best) = best.get_mut(group).and_then(|steps| steps.get_mut(step)) {
                best.offer(value, index, k, plan.op);
            }
        }
    }
    // In the order of the first appearance: for one step that is the order of the values.
    let mut place: Vec<Option<usize>> = vec![None; rows.len()];
    let mut chosen: Vec<Row> = Vec::new();
    for steps in best {
        for (step, best) in steps.into_iter().enumerate() {
            for (_, index) in best.0 {
                let (Some(row), Some(place)) = (rows.get(index), place.get_mut(index)) else {
                    continue;
                };
                let place = *place.get_or_insert_with(|| {
                    let values = Column::absent(grid.steps);
                    chosen.push(Row { values, ..row.clone() });
                    chosen.len() - 1
                });
                if let (Some(chosen), Some(item)) = (chosen.get_mut(place), row.values.item(step)) {
                    chosen.values.put(step, item.to_value());
                }
            }
        }
    }
    chosen
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn count(k: f64) -> usize {
    k.max(0.0) as usize
}

fn check_ratio(
    plan: &AggregatePlan,
    param: &Numbers,
    grid: Grid,
    cx: &Context<'_>,
) -> Result<(), QueryError> {
    let all = || (0..grid.steps).map(|step| param.get(step));
    if all().all(|ratio| ratio == 0.0) {
        return Ok(());
    }
    if all().any(f64::is_nan) {
        return refuse("Ratio value is NaN");
    }
    let (max, min) = (all().fold(f64::NEG_INFINITY, f64::max), all().fold(f64::INFINITY, f64::min));
    if max > 1.0 {
        cx.remark(plan.param_span, Remark::InvalidRatio { ratio: max, cap: 1.0 });
    }
    if min < -1.0 {
        cx.remark(plan.param_span, Remark::InvalidRatio { ratio: min, cap: -1.0 });
    }
    Ok(())
}

/// Each series has a place between 0 and 1 by its labels; a ratio takes those below it, a negative
/// one the others.
fn by_ratio(rows: &[Row], param: &Numbers) -> Vec<Row> {
    let chosen = rows.iter().map(|row| {
        let place = hash(&row.labels) as f64 / u64::MAX as f64;
        let mut row = row.clone();
        let is_in = |step| {
            let ratio = param.get(step).clamp(-1.0, 1.0);
            if ratio >= 0.0 { place < ratio } else { place >= 1.0 + ratio }
        };
        row.values.keep(is_in);
        row
    });
    chosen.filter(|row| !row.values.is_empty()).collect()
}

/// The hash of Prometheus (xxHash64 over names and values, each behind its length), so that the
/// same series are taken here and there.
fn hash(labels: &Labels) -> u64 {
    let mut bytes = Vec::new();
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        let length = text.len().to_le_bytes();
        match u8::try_from(text.len()) {
            Ok(short) if short < u8::MAX => bytes.push(short),
            _ => {
                bytes.push(u8::MAX);
                bytes.extend(length.iter().take(3));
            }
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    xxhash_rust::xxh64::xxh64(&bytes, 0)
}
