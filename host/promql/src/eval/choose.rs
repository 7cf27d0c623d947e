//! Aggregations that choose series: `topk`, `bottomk`, `limitk`, `limit_ratio`.

mod best;

use narthex_model::{Labels, Shortest};

use crate::ast::AggregateOp;
use crate::remarks::Remark;
use crate::result::QueryError;
use crate::span::Span;

use self::best::Best;
use super::Rows;
use super::aggregate::{Groups, group_labels};
use super::context::Context;
use super::grid::Grid;
use super::held::{Filling, Held};
use super::holding::Amount;
use super::plan::AggregatePlan;
use super::planner::refuse;
use super::row::{Item, Row};
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
    let input = Held::collect(super::open(&plan.input, cx)?, &cx.ledger)?;
    let chosen = if plan.op == AggregateOp::LimitRatio {
        check_ratio(plan, &param, grid, cx)?;
        by_ratio(input, &param)
    } else if is_none(&param, grid)? {
        Held::new(&cx.ledger)
    } else {
        by_count(&input.rows, plan, &param, (span, grid), cx)?
    };
    Ok(chosen.into_rows())
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

fn by_count<'q>(
    rows: &[Row],
    plan: &AggregatePlan,
    param: &Numbers,
    (span, grid): (Span, Grid),
    cx: &'q Context<'q>,
) -> Result<Held<'q>, QueryError> {
    let mut scratch = cx.ledger.holding();
    let mut groups = Groups::default();
    let mut best: Vec<Vec<Best>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        cx.check()?;
        let labels = group_labels(&row.labels, &plan.grouping);
        let group_bytes = Groups::bytes(&labels) + grid.steps * size_of::<Best>();
        let group = groups.find(labels);
        if group == best.len() {
            scratch.add(Amount::of_bytes(group_bytes))?;
            best.push(vec![Best::default(); grid.steps]);
        }
        if plan.op != AggregateOp::Limitk && row.values.has_histograms() {
            cx.remark(span, Remark::HistogramIgnoredInAggregation { aggregation: plan.op.name() });
        }
        let mut taken = 0;
        for (step, item) in row.values.items() {
            let value = match item {
                Item::Float(value) => value,
                // Only whether it is there counts.
                Item::Histogram(_) if plan.op == AggregateOp::Limitk => 0.0,
                Item::Histogram(_) => continue,
            };
            let k = count(param.get(step)).min(rows.len());
            if let Some(best) = best.get_mut(group).and_then(|steps| steps.get_mut(step)) {
                taken += best.offer(value, index, k, plan.op);
            }
        }
        scratch.add(Amount::of_bytes(taken))?;
    }
    // In the order of the first appearance: for one step that is the order of the values.
    let mut place: Vec<Option<usize>> = vec![None; rows.len()];
    let mut chosen = Filling::new(&cx.ledger);
    for (step, mut best) in best.into_iter().flat_map(|steps| steps.into_iter().enumerate()) {
        if grid.steps == 1 {
            best.order(plan.op);
        }
        for index in best.rows() {
            let (Some(row), Some(place)) = (rows.get(index), place.get_mut(index)) else {
                continue;
            };
            let place = match *place {
                Some(place) => place,
                None => *place.insert(chosen.push_empty(
                    row.labels.clone(),
                    row.drops_name,
                    grid.steps,
                )?),
            };
            if let Some(item) = row.values.item(step) {
                chosen.put(place, step, item.to_value())?;
            }
        }
    }
    chosen.finish()
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
fn by_ratio<'l>(mut held: Held<'l>, param: &Numbers) -> Held<'l> {
    for row in &mut held.rows {
        let place = hash(&row.labels) as f64 / u64::MAX as f64;
        row.values.keep(|step| {
            let ratio = param.get(step).clamp(-1.0, 1.0);
            if ratio >= 0.0 { place < ratio } else { place >= 1.0 + ratio }
        });
    }
    held.retain(|row| !row.values.is_empty());
    held
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
