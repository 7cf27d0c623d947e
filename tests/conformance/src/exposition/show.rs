//! Entries as lines.

use narthex_exposition::{Entry, Format, Options, Parser, Reading, Sample};
use narthex_model::NativeHistogram;

/// One entry a line, and the error at the end.
pub(super) fn show(body: &[u8], format: Format, options: Options) -> Vec<String> {
    let mut parser = Parser::with_options(body, format, options);
    let mut lines = Vec::new();
    loop {
        lines.push(match parser.next_entry() {
            Ok(None) => return lines,
            Err(error) => {
                lines.push(format!("error {error}"));
                return lines;
            }
            Ok(Some(Entry::Help { family, help })) => {
                format!("help {}: {}", family.escape_debug(), help.escape_debug())
            }
            Ok(Some(Entry::Type { family, metric_type })) => {
                format!("type {}: {metric_type}", family.escape_debug())
            }
            Ok(Some(Entry::Unit { family, unit })) => {
                format!("unit {}: {unit}", family.escape_debug())
            }
            Ok(Some(Entry::Sample(sample))) => said(sample, f64::to_string),
            Ok(Some(Entry::Histogram(sample))) => said(sample, |it| histogram(it)),
        });
    }
}

/// As test files of PromQL write them; one of fractions says so.
fn histogram(value: &NativeHistogram) -> String {
    let kind = match value {
        NativeHistogram::Integer(_) => "",
        NativeHistogram::Float(_) => "fractional ",
    };
    format!("{kind}{}", value.to_float().notation())
}

fn said<V>(sample: Sample<'_, V>, show: impl Fn(&V) -> String) -> String {
    let labels = match sample.series.labels() {
        Ok(labels) => labels.to_string(),
        Err(error) => error.to_string(),
    };
    let Reading { value, at, start, exemplars } = sample.reading;
    let mut line = format!("{labels} {}", show(&value));
    if let Some(at) = at {
        line += &format!(" @{at}");
    }
    if let Some(start) = start {
        line += &format!(" from {start}");
    }
    for exemplar in exemplars {
        let labels = match exemplar.labels() {
            Ok(labels) => labels.to_string(),
            Err(error) => error.to_string(),
        };
        line += &format!(" # {labels} {}", exemplar.value);
        if let Some(at) = exemplar.at {
            line += &format!(" @{at}");
        }
    }
    // What a line of a script cannot hold.
    line.replace('\0', "\\0").replace('\n', "\\n")
}
