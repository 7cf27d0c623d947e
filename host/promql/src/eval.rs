//! Evaluation: a plan becomes a chain of operators through which rows are pulled.
//!
//! A row is one series at all steps. Selectors decode each series once and compute every step from
//! it; operators that look at one series at a time pass rows on, those that put series together
//! (aggregations, joins) take all their input when they are opened and hold what they need of it.

mod aggregate;
mod annotations;
mod arithmetic;
mod buckets;
mod choose;
mod combine;
mod context;
mod cost;
mod count_values;
mod counts;
mod distinct;
mod explain;
mod extended;
mod grid;
mod held;
mod holding;
mod info;
mod join;
mod map;
mod merge;
mod parallel;
mod plan;
mod planner;
mod relabel;
mod row;
mod scalar;
mod select;
mod set;
mod sort;
mod total;
mod track;
mod window;

pub(crate) use self::annotations::Annotations;
pub(crate) use self::context::{Context, Limits, METADATA_LABELS};
pub use self::cost::Cost;
pub(crate) use self::cost::{Counting, of_plan as cost_of};
pub(crate) use self::counts::Counts;
pub use self::explain::{Actual, PlanNode};
pub(crate) use self::explain::{Probes, explain};
pub(crate) use self::grid::Grid;
pub(crate) use self::holding::{HoldingLimits, Ledger};
pub(crate) use self::plan::Plan;
pub(crate) use self::planner::Planner;
pub(crate) use self::window::COUNTER_SUFFIXES;

use narthex_model::{Labels, Timestamp};

use crate::result::{MatrixSeries, QueryError, Value, VectorSample};

use self::held::Held;
use self::holding::Amount;
use self::plan::{Vector, VectorKind};
use self::row::{Column, Item, Row};

/// A stream of rows: no row without a value, no two rows of the same labels.
type Rows<'q> = Box<dyn Iterator<Item = Result<Row, QueryError>> + 'q>;

/// Opens the operator of a plan.
fn open<'q>(plan: &'q Vector, cx: &'q Context<'q>) -> Result<Rows<'q>, QueryError> {
    match &cx.probes {
        None => open_kind(plan, cx),
        Some(probes) => explain::watch(plan, probes, cx, || open_kind(plan, cx)),
    }
}

fn open_kind<'q>(plan: &'q Vector, cx: &'q Context<'q>) -> Result<Rows<'q>, QueryError> {
    let grid = plan.grid;
    match &plan.kind {
        _ if grid.steps == 0 => Ok(Box::new(std::iter::empty())),
        VectorKind::Select(select) => select::open(select, plan.span, grid, cx),
        VectorKind::Fixed(inner) => Ok(fixed(open(inner, cx)?, grid, cx)),
        VectorKind::Window(window) => window::open(window, cx),
        VectorKind::Absent { labels, input } => {
            let present = presence(open(input, cx)?, grid)?;
            Ok(absent(&present, labels, false))
        }
        VectorKind::AbsentOverTime { labels, input } => {
            Ok(absent(&window::presence(input, cx)?, labels, true))
        }
        VectorKind::Map { function, input, params } => {
            map::open(*function, input, params, grid, cx)
        }
        VectorKind::Negate(input) => map::negate(input, cx),
        VectorKind::OfHistograms { function, input } => map::of_histograms(*function, input, cx),
        VectorKind::OfScalar(value) => {
            let numbers = scalar::evaluate(value, grid, cx)?;
            let values = numbers.column(grid.steps);
            one_row(Row { labels: Labels::empty(), drops_name: false, values })
        }
        VectorKind::Arithmetic(arithmetic) => arithmetic::open(arithmetic, plan.span, grid, cx),
        VectorKind::Join(join) => join::open(join, plan.span, grid, cx),
        VectorKind::Set(join) => set::open(join, grid, cx),
        VectorKind::Aggregate(aggregate) => aggregate::open(aggregate, grid, cx),
        VectorKind::Choose(aggregate) => choose::open(aggregate, plan.span, grid, cx),
        VectorKind::CountValues { label, grouping, input } => {
            count_values::open(label, grouping, input, grid, cx)
        }
        VectorKind::Relabel { relabel, input } => relabel::open(relabel, input, cx),
        VectorKind::Sort { order, input } => sort::open(order, input, plan.span, grid, cx),
        VectorKind::Buckets(buckets) => buckets::open(buckets, grid, cx),
        VectorKind::Info(info) => info::open(info, grid, cx),
        VectorKind::Nothing(input) => {
            for row in open(input, cx)? {
                row?;
            }
            Ok(Box::new(std::iter::empty()))
        }
    }
}

fn one_row<'q>(row: Row) -> Result<Rows<'q>, QueryError> {
    Ok(Box::new((!row.values.is_empty()).then_some(Ok(row)).into_iter()))
}

/// Repeats the only value of each row at every step.
fn fixed<'q>(rows: Rows<'q>, grid: Grid, cx: &'q Context<'q>) -> Rows<'q> {
    Box::new(rows.map(move |row| {
        cx.check()?;
        let row = row?;
        let values = match row.values.item(0) {
            Some(Item::Float(value)) => Column::constant(value, grid.steps),
            Some(item @ Item::Histogram(_)) => {
                let mut values = Column::absent(grid.steps);
                for step in 0..grid.steps {
                    values.put(step, item.to_value());
                }
                values
            }
            None => Column::absent(grid.steps),
        };
        Ok(Row { values, ..row })
    }))
}

/// At which steps any row has a value.
fn presence(rows: Rows<'_>, grid: Grid) -> Result<Vec<bool>, QueryError> {
    let mut present = vec![false; grid.steps];
    for row in rows {
        mark(&mut present, &row?.values);
    }
    Ok(present)
}

fn mark(present: &mut [bool], values: &Column) {
    for (step, _) in values.items() {
        if let Some(slot) = present.get_mut(step) {
            *slot = true;
        }
    }
}

/// 1 wherever nothing is present.
fn absent<'q>(present: &[bool], labels: &Labels, drops_name: bool) -> Rows<'q> {
    let mut values = Column::absent(present.len());
    for (step, is_present) in present.iter().enumerate() {
        if !is_present {
            values.set(step, 1.0);
        }
    }
    let row = Row { labels: labels.clone(), drops_name, values };
    Box::new((!row.values.is_empty()).then_some(Ok(row)).into_iter())
}

/// The answer of an instant query.
pub(crate) fn instant(plan: &Plan, at: i64, cx: &Context<'_>) -> Result<Value, QueryError> {
    let (grid, time) = (Grid::single(at), Timestamp::from_millis(at));
    Ok(match plan {
        Plan::Text(text) => Value::String { at: time, value: text.clone() },
        Plan::Scalar(scalar) => {
            let value = scalar::evaluate(scalar, grid, cx)?.get(0);
            Value::Scalar { at: time, value }
        }
        Plan::Vector(vector) => {
            let (mut samples, mut holding) = (Vec::new(), cx.ledger.holding());
            for row in final_rows(open(vector, cx)?, cx)? {
                let Row { labels, values, .. } = row?;
                let Some(value) = values.into_value() else { continue };
                let sample = VectorSample { labels, at: time, value };
                holding.add(Amount::of_sample(&sample))?;
                samples.push(sample);
            }
            Value::Vector(samples)
        }
        Plan::Range(range) => Value::Matrix(window::raw(range, cx)?),
    })
}

/// The answer of a range query.
pub(crate) fn range(plan: &Plan, grid: Grid, cx: &Context<'_>) -> Result<Value, QueryError> {
    let rows: Rows<'_> = match plan {
        Plan::Scalar(scalar) => {
            let values = scalar::evaluate(scalar, grid, cx)?.column(grid.steps);
            let row = Row { labels: Labels::empty(), drops_name: false, values };
            Box::new(std::iter::once(Ok(row)))
        }
        Plan::Vector(vector) => final_rows(open(vector, cx)?, cx)?,
        Plan::Range(_) | Plan::Text(_) => Box::new(std::iter::empty()),
    };
    let (mut series, mut holding) = (Vec::new(), cx.ledger.holding());
    for row in rows {
        let row = row?;
        let points = row.values.into_points(grid);
        if !points.is_empty() {
            let one = MatrixSeries { points, labels: row.labels };
            holding.add(Amount::of_series(&one))?;
            series.push(one);
        }
    }
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(Value::Matrix(series))
}

/// All rows, without the names that were to be dropped at the end.
fn final_rows<'q>(rows: Rows<'q>, cx: &'q Context<'q>) -> Result<Rows<'q>, QueryError> {
    if !cx.features.delayed_name_removal {
        return Ok(rows);
    }
    let mut held = Held::collect(rows, &cx.ledger)?;
    for row in held.rows.iter_mut().filter(|row| row.drops_name) {
        row.labels = context::without_metadata(&row.labels);
    }
    Ok(merge::merge(held)?.into_rows())
}
