//! Range functions: a window slides over the samples of one series, step by step.

use narthex_model::{Labels, METRIC_NAME};
use narthex_storage::Columns;

use crate::ast::Extension;
use crate::functions::quantile::quantile;
use crate::functions::window::{Window, seconds};
use crate::functions::{FunctionId, over_time, rate, regression};
use crate::result::{MatrixSeries, QueryError};

use super::context::Context;
use super::extended;
use super::merge;
use super::plan::{RangePlan, RangeSource, WindowPlan};
use super::planner::refuse;
use super::row::{Column, Row};
use super::scalar::{self, Numbers};
use super::select::{read, time_range};
use super::{Rows, from_vec, mark, open as open_vector};

/// One series of a range vector, all samples that any window needs.
struct Samples {
    labels: Labels,
    drops_name: bool,
    columns: Columns,
}

type SampleStream<'q> = Box<dyn Iterator<Item = Result<Samples, QueryError>> + 'q>;

/// The series of a range vector without staleness markers.
fn samples<'q>(plan: &'q RangePlan, cx: &'q Context<'q>) -> Result<SampleStream<'q>, QueryError> {
    let grid = plan.grid;
    match &plan.source {
        RangeSource::Select(select) => {
            let (before, after) = margins(plan.extension(), cx.lookback);
            let start = plan.end(grid.start).saturating_sub(plan.range).saturating_sub(before);
            let end = plan.end(grid.last()).saturating_add(after);
            let range = time_range(start.saturating_add(1), end);
            let series = cx.querier.select(&select.matchers)?.into_iter();
            Ok(Box::new(series.map(move |series| {
                let mut columns = Columns::default();
                read(series.as_ref(), range, &mut columns, cx)?;
                extended::remove_stale(&mut columns);
                Ok(Samples { labels: series.labels().clone(), drops_name: false, columns })
            })))
        }
        RangeSource::Subquery { inner, .. } => {
            let inner_grid = inner.grid;
            Ok(Box::new(open_vector(inner, cx)?.map(move |row| {
                cx.check()?;
                let row = row?;
                let columns = row.values.points(inner_grid);
                Ok(Samples { labels: row.labels, drops_name: row.drops_name, columns })
            })))
        }
    }
}

/// How far an extended window reaches beyond its start and its end.
fn margins(extension: Extension, lookback: i64) -> (i64, i64) {
    match extension {
        Extension::None => (0, 0),
        Extension::Anchored => (lookback, 0),
        Extension::Smoothed => (lookback, lookback),
    }
}

/// Calls `visit` for the window of each step that holds a sample.
fn slide(
    plan: &RangePlan,
    lookback: i64,
    columns: &Columns,
    mut visit: impl FnMut(usize, &Window<'_>) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    let (before, after) = margins(plan.extension(), lookback);
    let (mut first, mut last) = (0, 0);
    let skip = |from: usize, until: i64| {
        let rest = columns.times.get(from..).unwrap_or(&[]);
        from + rest.iter().take_while(|at| **at <= until).count()
    };
    for (step, at) in plan.grid.times().enumerate() {
        let end = plan.end(at);
        let start = end.saturating_sub(plan.range);
        first = skip(first, start.saturating_sub(before));
        last = skip(last.max(first), end.saturating_add(after));
        let times = columns.times.get(first..last).unwrap_or(&[]);
        let values = columns.values.get(first..last).unwrap_or(&[]);
        if !times.is_empty() {
            visit(step, &Window { times, values, start, end, at })?;
        }
    }
    Ok(())
}

pub(super) fn open<'q>(plan: &'q WindowPlan, cx: &'q Context<'q>) -> Result<Rows<'q>, QueryError> {
    let grid = plan.input.grid;
    let params: Result<Vec<Numbers>, _> =
        plan.params.iter().map(|param| scalar::evaluate(param, grid, cx)).collect();
    let params = params?;
    let keeps_name = matches!(plan.function, FunctionId::LastOverTime | FunctionId::FirstOverTime);
    let rows = samples(&plan.input, cx)?.filter_map(move |series| {
        let row = series.and_then(|series| {
            let values = compute(plan, &series.columns, &params, cx)?;
            if !values.is_empty() {
                suspect_counter(plan, &series.labels, cx);
            }
            let drops_name = series.drops_name;
            let mut row = Row { labels: series.labels, drops_name, values };
            if !keeps_name {
                cx.drop_name(&mut row);
            }
            Ok(row)
        });
        (!row.as_ref().is_ok_and(|row| row.values.is_empty())).then_some(row)
    });
    let is_distinct =
        keeps_name || cx.features.delayed_name_removal || merge::is_range_distinct(&plan.input);
    if is_distinct {
        return Ok(Box::new(rows));
    }
    let rows = rows.collect::<Result<Vec<Row>, _>>()?;
    let mut labels: Vec<&Labels> = rows.iter().map(|row| &row.labels).collect();
    labels.sort_unstable();
    if labels.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(merge::same_labels());
    }
    Ok(from_vec(rows))
}

fn compute(
    plan: &WindowPlan,
    columns: &Columns,
    params: &[Numbers],
    cx: &Context<'_>,
) -> Result<Column, QueryError> {
    let mut values = Column::absent(plan.input.grid.steps);
    slide(&plan.input, cx.lookback, columns, |step, window| {
        let param = |index: usize| params.get(index).map_or(f64::NAN, |param| param.get(step));
        if let Some(value) = apply(plan, window, param, cx)? {
            values.set(step, value);
        }
        Ok(())
    })?;
    Ok(values)
}

/// The function at one step; the window is not empty.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others take no range vector")]
fn apply(
    plan: &WindowPlan,
    window: &Window<'_>,
    param: impl Fn(usize) -> f64,
    cx: &Context<'_>,
) -> Result<Option<f64>, QueryError> {
    let extension = plan.input.extension();
    let rate = |kind| match extension {
        Extension::None => rate::extrapolated(window, kind),
        Extension::Anchored | Extension::Smoothed => extended::rate(window, extension, kind),
    };
    let compared = || match extension {
        Extension::None => Some(window.values),
        Extension::Anchored | Extension::Smoothed => extended::anchored(window),
    };
    let values = window.values;
    Ok(match plan.function {
        FunctionId::Rate => rate(rate::RATE),
        FunctionId::Increase => rate(rate::INCREASE),
        FunctionId::Delta => rate(rate::DELTA),
        FunctionId::Irate => rate::instant(window, true),
        FunctionId::Idelta => rate::instant(window, false),
        FunctionId::Resets => compared().map(rate::resets),
        FunctionId::Changes => compared().map(rate::changes),
        FunctionId::Deriv => regression::deriv(window),
        FunctionId::PredictLinear => regression::predict_linear(window, param(0)),
        FunctionId::DoubleExponentialSmoothing => smoothing(values, param(0), param(1))?,
        FunctionId::AvgOverTime => over_time::avg(values),
        FunctionId::SumOverTime => Some(over_time::sum(values)),
        FunctionId::MinOverTime => over_time::min(window),
        FunctionId::MaxOverTime => over_time::max(window),
        FunctionId::CountOverTime => Some(values.len() as f64),
        FunctionId::StddevOverTime => Some(over_time::variance(values).sqrt()),
        FunctionId::StdvarOverTime => Some(over_time::variance(values)),
        FunctionId::QuantileOverTime => {
            let q = param(0);
            check_quantile(q, plan.first_span, cx);
            Some(quantile(q, &mut values.to_vec()))
        }
        FunctionId::LastOverTime => values.last().copied(),
        FunctionId::FirstOverTime => values.first().copied(),
        FunctionId::PresentOverTime => Some(1.0),
        FunctionId::MadOverTime => Some(over_time::median_deviation(values)),
        FunctionId::TsOfMinOverTime => over_time::ts_of_min(window),
        FunctionId::TsOfMaxOverTime => over_time::ts_of_max(window),
        FunctionId::TsOfFirstOverTime => window.times.first().map(|at| seconds(*at)),
        FunctionId::TsOfLastOverTime => window.times.last().map(|at| seconds(*at)),
        _ => None,
    })
}

/// Warns of a quantile that is none.
pub(super) fn check_quantile(q: f64, span: crate::span::Span, cx: &Context<'_>) {
    if !(0.0..=1.0).contains(&q) {
        let q = super::scalar::short(q);
        cx.warn(span, format_args!("quantile value should be between 0 and 1, got {q}"));
    }
}

fn smoothing(values: &[f64], factor: f64, trend: f64) -> Result<Option<f64>, QueryError> {
    for (name, short, value) in [("smoothing", "sf", factor), ("trend", "tf", trend)] {
        if value <= 0.0 || value >= 1.0 {
            return refuse(format!(
                "invalid {name} factor. Expected: 0 < {short} < 1, got: {value:.6}"
            ));
        }
    }
    Ok(regression::double_exponential_smoothing(values, factor, trend))
}

/// Remarks on a `rate` of what does not look like a counter.
fn suspect_counter(plan: &WindowPlan, labels: &Labels, cx: &Context<'_>) {
    if !matches!(plan.function, FunctionId::Rate | FunctionId::Increase) {
        return;
    }
    let Some(name) = labels.get(METRIC_NAME) else { return };
    if !["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| name.ends_with(suffix)) {
        let message = format_args!(
            "metric might not be a counter, name does not end in \
             _total/_sum/_count/_bucket: {name:?}"
        );
        cx.inform(plan.first_span, message);
    }
}

/// At which steps any series has a sample in its window.
pub(super) fn presence(plan: &RangePlan, cx: &Context<'_>) -> Result<Vec<bool>, QueryError> {
    let mut present = vec![false; plan.grid.steps];
    for series in samples(plan, cx)? {
        let mut values = Column::absent(plan.grid.steps);
        slide(plan, cx.lookback, &series?.columns, |step, _| {
            values.set(step, 1.0);
            Ok(())
        })?;
        mark(&mut present, &values);
    }
    Ok(present)
}

/// The samples themselves, of a range vector at a single time.
pub(super) fn raw(plan: &RangePlan, cx: &Context<'_>) -> Result<Vec<MatrixSeries>, QueryError> {
    let mut all = Vec::new();
    for series in samples(plan, cx)? {
        let series = series?;
        let mut points = Columns::default();
        slide(plan, cx.lookback, &series.columns, |_, window| {
            points = match plan.extension() {
                Extension::None => {
                    Columns::from_floats(window.times.to_vec(), window.values.to_vec())
                }
                extension @ (Extension::Anchored | Extension::Smoothed) => {
                    extended::extend(window, extension)
                }
            };
            Ok(())
        })?;
        cx.hold(points.len())?;
        if !points.is_empty() {
            let labels = if series.drops_name {
                super::context::without_metadata(&series.labels)
            } else {
                series.labels
            };
            all.push(MatrixSeries { labels, points });
        }
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(all)
}
