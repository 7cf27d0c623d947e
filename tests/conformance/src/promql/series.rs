//! Series descriptions: `name{label="value"} 1 2+3x4 _ stale`.

use narthex_model::{Labels, LabelsBuilder, stale_nan};
use narthex_promql::{Features, NodeKind};

/// One place in a sequence of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Point {
    Omitted,
    Value(f64),
    /// A native histogram.
    Histogram,
}

/// The labels and the values of a line.
pub(super) fn parse(line: &str) -> Result<(Labels, Vec<Point>), String> {
    let end = metric_end(line);
    let (metric, values) = line.split_at_checked(end).unwrap_or((line, ""));
    let labels = parse_labels(metric.trim())?;
    let mut points = Vec::new();
    let mut rest = values.trim();
    while !rest.is_empty() {
        let (item, tail) = split_item(rest);
        parse_item(item, &mut points)?;
        rest = tail.trim_start();
    }
    Ok((labels, points))
}

/// Where the labels end: behind the closing brace, or at the first blank.
fn metric_end(line: &str) -> usize {
    let mut quote = None;
    let mut in_braces = false;
    let mut is_escaped = false;
    for (index, c) in line.char_indices() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if c == '\\' => is_escaped = true,
            Some(open) => {
                if c == open {
                    quote = None;
                }
            }
            None => match c {
                '"' | '\'' | '`' => quote = Some(c),
                '{' => in_braces = true,
                '}' => return index + 1,
                ' ' | '\t' if !in_braces => return index,
                _ => {}
            },
        }
    }
    line.len()
}

fn parse_labels(metric: &str) -> Result<Labels, String> {
    if metric == "{}" {
        return Ok(Labels::empty());
    }
    let expr = narthex_promql::parse_with(metric, Features::ALL)
        .map_err(|error| format!("series {metric:?}: {error}"))?;
    let NodeKind::Selector(selector) = &expr.root().kind else {
        return Err(format!("{metric:?} is no series"));
    };
    let mut labels = LabelsBuilder::default();
    for matcher in &selector.matchers {
        labels.set(matcher.name(), matcher.value());
    }
    Ok(labels.finish())
}

/// The first item: up to a blank outside of `{{…}}`.
fn split_item(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ' ' | '\t' if depth == 0 => {
                return text.split_at_checked(index).unwrap_or((text, ""));
            }
            _ => {}
        }
    }
    (text, "")
}

fn parse_item(item: &str, points: &mut Vec<Point>) -> Result<(), String> {
    let malformed = || format!("malformed value {item:?}");
    let repeats = |text: &str| text.parse::<usize>().map_err(|_| malformed());
    if item.starts_with("{{") {
        let count = item.rsplit_once("}}x").map_or(Ok(0), |(_, count)| repeats(count))?;
        points.extend(std::iter::repeat_n(Point::Histogram, count + 1));
        return Ok(());
    }
    if let Some(count) = item.strip_prefix("_x") {
        points.extend(std::iter::repeat_n(Point::Omitted, repeats(count)?));
        return Ok(());
    }
    let (values, count) = match item.split_once('x') {
        Some((values, count)) => (values, repeats(count)?),
        None => (item, 0),
    };
    match values {
        "_" => points.push(Point::Omitted),
        "stale" => points.extend(std::iter::repeat_n(Point::Value(stale_nan()), count + 1)),
        _ => {
            let (first, change) = split_change(values).ok_or_else(malformed)?;
            let mut value = first;
            for _ in 0..=count {
                points.push(Point::Value(value));
                value += change;
            }
        }
    }
    Ok(())
}

/// `5+2` as 5 and 2, `5-2` as 5 and -2, `5` as 5 and 0.
fn split_change(text: &str) -> Option<(f64, f64)> {
    if let Ok(value) = text.parse() {
        return Some((value, 0.0));
    }
    // The sign of the change is the last one that is not that of an exponent.
    let signs = text.char_indices().rev().filter(|(_, c)| matches!(c, '+' | '-'));
    for (index, _) in signs {
        let (first, change) = text.split_at_checked(index)?;
        if let (Ok(first), Ok(change)) = (first.parse(), change.parse()) {
            return Some((first, change));
        }
    }
    None
}
