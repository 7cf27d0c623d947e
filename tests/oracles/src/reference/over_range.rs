//! Functions of range vectors.

use narthex_promql::{Node, NodeKind};

use super::aggregate::{mean, sum, variance};
use super::{Element, Out, Query, Result, Row, Sample, natives, refuse};

/// A float and when it was.
type Point = (i64, f64);

/// Ascending; NaN comes first.
pub(super) fn ascending(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| {
        let nan_first = b.is_nan().cmp(&a.is_nan());
        nan_first.then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
    });
    values
}

/// The quantile of values that ascend, between two of them by their distance.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "ranks of few values"
)]
pub(super) fn quantile(q: f64, ascending: &[f64]) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    if q.is_nan() {
        f64::NAN
    } else if q < 0.0 {
        f64::NEG_INFINITY
    } else if q > 1.0 {
        f64::INFINITY
    } else {
        let rank = q * last as f64;
        let lower = rank.floor();
        let value = |at: usize| ascending.get(at.min(last)).copied().unwrap_or(f64::NAN);
        let weight = rank - lower;
        value(lower as usize) * (1.0 - weight) + value(lower as usize + 1) * weight
    }
}

#[expect(clippy::cast_precision_loss, reason = "times in milliseconds are far below 2^53")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// The window of a step and what it was asked of.
#[derive(Clone, Copy)]
struct Window {
    start: i64,
    end: i64,
    /// The step.
    at: i64,
    /// Seconds.
    range: f64,
}

impl Query<'_> {
    /// A function that makes at most one sample of each series of a range.
    pub(super) fn over_range(&self, name: &str, args: &[Node], at: i64) -> Result<Out> {
        let mut rows = None;
        let mut numbers = Vec::new();
        for arg in args {
            match self.node(arg, at)? {
                Out::Matrix(found) => rows = Some((arg, found)),
                Out::Scalar(number) => numbers.push(number),
                Out::Vector(_) | Out::Text(_) => return refuse("arguments of these types"),
            }
        }
        let Some((arg, rows)) = rows else { return refuse("a range was expected") };
        let window = self.window_of(arg, at)?;
        let mut out = Vec::new();
        for row in rows {
            let Some(value) = one(name, &row, &numbers, window)? else { continue };
            let is_kept = matches!(name, "last_over_time" | "first_over_time");
            let Row { labels, is_nameless, .. } = row;
            let element = Element { labels, value: value.clone(), is_nameless };
            out.push(if is_kept && !is_nameless {
                element
            } else {
                self.dropping_name(element, value)
            });
        }
        let is_late = self.reference.is_name_removal_delayed;
        Ok(Out::Vector(if is_late { out } else { self.unique(out)? }))
    }

    fn window_of(&self, arg: &Node, at: i64) -> Result<Window> {
        let (range, time) = if let NodeKind::Paren(inner) = &arg.kind {
            return self.window_of(inner, at);
        } else if let NodeKind::Matrix { selector, range } = &arg.kind {
            (range, &selector.time)
        } else if let NodeKind::Subquery { range, time, .. } = &arg.kind {
            (range, time)
        } else {
            return refuse("a range was expected");
        };
        let (end, range) = (self.shifted(time, at)?, self.millis(range)?);
        Ok(Window { start: end - range, end, at, range: seconds(range) })
    }
}

/// What a function makes of one series.
fn one(name: &str, row: &Row, numbers: &[f64], window: Window) -> Result<Option<Sample>> {
    let floats: Vec<Point> =
        row.points.iter().filter_map(|(at, value)| Some((*at, value.float()?))).collect();
    let is_mixed = floats.len() < row.points.len();
    let number = |index: usize| numbers.get(index).copied().unwrap_or(f64::NAN);
    let values: Vec<f64> = floats.iter().map(|(_, value)| *value).collect();
    let whole = match name {
        "last_over_time" => return Ok(row.points.last().map(|(_, value)| value.clone())),
        "first_over_time" => return Ok(row.points.first().map(|(_, value)| value.clone())),
        #[expect(clippy::cast_precision_loss, reason = "few samples")]
        "count_over_time" => Some(row.points.len() as f64),
        "present_over_time" => Some(1.0),
        "ts_of_first_over_time" => row.points.first().map(|(at, _)| seconds(*at)),
        "ts_of_last_over_time" => row.points.last().map(|(at, _)| seconds(*at)),
        "changes" => Some(pairs(row, natives::is_changed)),
        "resets" => Some(pairs(row, natives::is_reset)),
        _ => None,
    };
    if let Some(whole) = whole {
        return Ok(Some(Sample::Float(whole)));
    }
    if is_mixed && is_about_both_kinds(name) {
        // The last two samples may be of one kind in a range of both.
        let last = row.points.iter().rev().take(2);
        let kinds = last.filter(|(_, value)| value.float().is_some()).count();
        let is_last_two = matches!(name, "irate" | "idelta");
        if !floats.is_empty() && (!is_last_two || kinds == 1) {
            return Ok(None);
        }
        if floats.is_empty() || kinds == 0 {
            let histograms = natives::histograms(row);
            let value = natives::over_range(name, &histograms, (window.start, window.end));
            return Ok(value);
        }
    }
    if floats.is_empty() {
        return Ok(None);
    }
    let value = match name {
        "rate" | "increase" | "delta" => extrapolated(name, &floats, window),
        "irate" | "idelta" => last_two(name == "irate", &floats),
        "deriv" => {
            regression(&floats, floats.first().map_or(0, |(at, _)| *at)).map(|(slope, _)| slope)
        }
        "predict_linear" => {
            regression(&floats, window.at).map(|(slope, now)| slope * number(0) + now)
        }
        "sum_over_time" => Some(sum(&values)),
        "avg_over_time" => Some(mean(&values)),
        "stddev_over_time" | "stdvar_over_time" => {
            let variance = variance(&values);
            Some(if name == "stddev_over_time" { variance.sqrt() } else { variance })
        }
        "max_over_time" => best(&floats, |value, best| value > best).map(|(_, value)| value),
        "min_over_time" => best(&floats, |value, best| value < best).map(|(_, value)| value),
        "ts_of_max_over_time" => {
            best(&floats, |value, best| value >= best).map(|(at, _)| seconds(at))
        }
        "ts_of_min_over_time" => {
            best(&floats, |value, best| value <= best).map(|(at, _)| seconds(at))
        }
        "quantile_over_time" => Some(quantile(number(0), &ascending(&values))),
        "mad_over_time" if values.iter().any(|value| value.is_nan()) => Some(f64::NAN),
        "mad_over_time" => {
            let median = quantile(0.5, &ascending(&values));
            let far: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
            Some(quantile(0.5, &ascending(&far)))
        }
        "double_exponential_smoothing" => smoothed(&values, number(0), number(1)),
        _ => return refuse("no such function"),
    };
    Ok(value.map(Sample::Float))
}

/// Whether a function of floats is also one of native histograms, but not of both together.
fn is_about_both_kinds(name: &str) -> bool {
    matches!(
        name,
        "rate" | "increase" | "delta" | "irate" | "idelta" | "sum_over_time" | "avg_over_time"
    )
}

/// How often something is so of a sample and the one before.
fn pairs(row: &Row, is_so: impl Fn(&Sample, &Sample) -> bool) -> f64 {
    let pairs = row.points.iter().zip(row.points.iter().skip(1));
    #[expect(clippy::cast_precision_loss, reason = "few samples")]
    let count = pairs.filter(|((_, before), (_, after))| is_so(before, after)).count() as f64;
    count
}

fn best(floats: &[Point], is_better: fn(f64, f64) -> bool) -> Option<Point> {
    floats.iter().copied().reduce(|best, point| {
        if best.1.is_nan() || is_better(point.1, best.1) { point } else { best }
    })
}

/// `rate`, `increase` and `delta`: the difference of last and first, resets added, stretched to the
/// window's ends when the samples come near them, else by half the distance between samples.
fn extrapolated(name: &str, floats: &[Point], window: Window) -> Option<f64> {
    let is_counter = name != "delta";
    let ((first_at, first), (last_at, last)) = (*floats.first()?, *floats.last()?);
    if floats.len() < 2 {
        return None;
    }
    let mut rise = last - first;
    if is_counter {
        for ((_, before), (_, after)) in floats.iter().zip(floats.iter().skip(1)) {
            if after < before {
                rise += before;
            }
        }
    }
    let covered = seconds(last_at - first_at);
    #[expect(clippy::cast_precision_loss, reason = "few samples")]
    let between = covered / (floats.len() - 1) as f64;
    let stretch = |gap: f64| if gap >= between * 1.1 { between / 2.0 } else { gap };
    let mut before = stretch(seconds(first_at - window.start));
    // A counter was never below zero.
    if is_counter && rise > 0.0 && first >= 0.0 {
        before = before.min(covered * (first / rise));
    }
    let after = stretch(seconds(window.end - last_at));
    let total = rise * ((covered + before + after) / covered);
    Some(if name == "rate" { total / window.range } else { total })
}

fn last_two(is_rate: bool, floats: &[Point]) -> Option<f64> {
    let mut backwards = floats.iter().rev();
    let (last_at, last) = *backwards.next()?;
    let (before_at, before) = *backwards.next()?;
    // After a reset all of the counter is new.
    let rise = if is_rate && last < before { last } else { last - before };
    Some(if is_rate { rise / seconds(last_at - before_at) } else { rise })
}

/// Slope of the least squares' line, and its height at a time.
fn regression(floats: &[Point], at: i64) -> Option<(f64, f64)> {
    let (_, first) = *floats.first()?;
    if floats.len() < 2 {
        return None;
    }
    if floats.iter().all(|(_, value)| *value == first) {
        return Some(if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) });
    }
    let xs: Vec<f64> = floats.iter().map(|(other, _)| seconds(other - at)).collect();
    let ys: Vec<f64> = floats.iter().map(|(_, value)| *value).collect();
    // By sums, not by distances from the means: of infinite values the two make different things.
    let products: Vec<f64> = xs.iter().zip(&ys).map(|(x, y)| x * y).collect();
    let squares: Vec<f64> = xs.iter().map(|x| x * x).collect();
    #[expect(clippy::cast_precision_loss, reason = "few samples")]
    let count = floats.len() as f64;
    let (x, y) = (sum(&xs), sum(&ys));
    let slope = (sum(&products) - x * y / count) / (sum(&squares) - x * x / count);
    Some((slope, y / count - slope * x / count))
}

fn smoothed(values: &[f64], smoothing: f64, trending: f64) -> Option<f64> {
    let mut values = values.iter().copied();
    let (first, second) = (values.next()?, values.next()?);
    let (mut level, mut trend) = (first, second - first);
    for value in std::iter::once(second).chain(values) {
        let before = level;
        level = smoothing * value + (1.0 - smoothing) * (level + trend);
        trend = trending * (level - before) + (1.0 - trending) * trend;
    }
    Some(level)
}
