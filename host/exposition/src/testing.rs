//! A body as text: what tests compare.

use crate::entry::{Entry, Reading, Sample};
use crate::{Format, Options, Parser};

/// One entry a line, and the error at the end.
pub(crate) fn show_with(body: &[u8], format: Format, options: Options) -> String {
    let mut parser = Parser::with_options(body, format, options);
    let mut lines = Vec::new();
    loop {
        lines.push(match parser.next_entry() {
            Ok(None) => return lines.join("\n"),
            Err(error) => {
                lines.push(error.to_string());
                return lines.join("\n");
            }
            Ok(Some(Entry::Help { family, help })) => format!("help {family}: {help}"),
            Ok(Some(Entry::Type { family, metric_type })) => {
                format!("type {family}: {metric_type}")
            }
            Ok(Some(Entry::Unit { family, unit })) => format!("unit {family}: {unit}"),
            Ok(Some(Entry::Sample(sample))) => said(sample, f64::to_string),
            Ok(Some(Entry::Histogram(sample))) => said(sample, |it| it.to_float().to_string()),
        });
    }
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
        line += &format!(" # {} {}", exemplar.labels().unwrap(), exemplar.value);
        if let Some(at) = exemplar.at {
            line += &format!(" @{at}");
        }
    }
    line
}
