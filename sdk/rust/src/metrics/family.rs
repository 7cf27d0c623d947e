//! One family: its header, and its samples as finished lines.

use std::{borrow::Cow, fmt::Write as _};

use super::Histogram;

/// What OpenMetrics and Prometheus call the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Untyped,
    Histogram,
    Summary,
}

/// What a line of a histogram or of a summary is about: a number under a label's name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    None,
    Of(&'static str, f64),
}

/// Metrics of one name. Samples are added in any order; each set of labels once.
#[derive(Clone, Debug)]
pub struct Family {
    name: String,
    help: String,
    kind: Kind,
    unit: Option<String>,
    /// The samples, rendered: both formats write them alike.
    lines: String,
}

/// A part of a histogram or summary, told by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A bucket of a histogram, with its upper bound in the label `le`.
    Bucket,
    /// The sum of what was observed.
    Sum,
    /// How many were observed.
    Count,
}

/// Numbers that a sample can have.
pub trait Value {
    /// The number, rounded where 53 bits do not hold it.
    fn number(self) -> f64;
}

macro_rules! value {
    ($($from:ty => $convert:expr),*) => { $(
        impl Value for $from {
            fn number(self) -> f64 {
                let convert: fn($from) -> f64 = $convert;
                convert(self)
            }
        }
    )* };
}
value!(
    f64 => |number| number,
    f32 => f64::from,
    u64 => |number| number as f64,
    i64 => |number| number as f64,
    usize => |number| number as f64,
    u32 => f64::from,
    i32 => f64::from,
    u16 => f64::from,
    u8 => f64::from,
    bool => f64::from
);

impl Family {
    pub(super) fn new(name: String, help: &str, kind: Kind) -> Self {
        Self { name, help: help.into(), kind, unit: None, lines: String::new() }
    }

    /// The unit, for OpenMetrics. Ignored unless the name ends in it, which OpenMetrics demands.
    pub fn unit(&mut self, unit: &str) -> &mut Self {
        self.unit = Some(unit.into());
        self
    }

    /// Adds the sample without labels.
    pub fn set(&mut self, value: impl Value) -> &mut Self {
        self.sample(&[], value)
    }

    /// Adds a sample.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Value) -> &mut Self {
        self.line("", labels, Bound::None, value.number());
        self
    }

    /// Adds a summary: values by quantile (0.99), the sum and the number of what was observed.
    pub fn summary(
        &mut self,
        labels: &[(&str, &str)],
        quantiles: &[(f64, f64)],
        sum: f64,
        count: u64,
    ) -> &mut Self {
        for (quantile, value) in quantiles {
            self.line("", labels, Bound::Of("quantile", *quantile), *value);
        }
        self.line("_sum", labels, Bound::None, sum);
        self.line("_count", labels, Bound::None, count.number());
        self
    }

    /// Adds a part of a histogram or summary that was counted elsewhere.
    pub fn part(&mut self, part: Part, labels: &[(&str, &str)], value: impl Value) -> &mut Self {
        let suffix = match part {
            Part::Bucket => "_bucket",
            Part::Sum => "_sum",
            Part::Count => "_count",
        };
        self.line(suffix, labels, Bound::None, value.number());
        self
    }

    /// Adds a histogram: its buckets, sum and count.
    pub fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) -> &mut Self {
        for (bound, count) in histogram.cumulative() {
            self.line("_bucket", labels, Bound::Of("le", bound), count.number());
        }
        self.line("_sum", labels, Bound::None, histogram.sum());
        self.line("_count", labels, Bound::None, histogram.count().number());
        self
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], bound: Bound, value: f64) {
        let lines = &mut self.lines;
        lines.push_str(&self.name);
        lines.push_str(suffix);
        if !labels.is_empty() || bound != Bound::None {
            let mut separator = '{';
            for (name, value) in labels {
                lines.push(separator);
                lines.push_str(&sanitized(name, false));
                lines.push_str("=\"");
                push_escaped(lines, value, true);
                lines.push('"');
                separator = ',';
            }
            if let Bound::Of(name, bound) = bound {
                lines.push(separator);
                lines.push_str(name);
                lines.push_str("=\"");
                push_number(lines, bound, true);
                lines.push('"');
            }
            lines.push('}');
        }
        lines.push(' ');
        push_number(lines, value, false);
        lines.push('\n');
    }

    pub(super) fn write_text(&self, out: &mut String) {
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Untyped => "untyped",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
        };
        self.write(out, &self.name, kind, false);
    }

    pub(super) fn write_open_metrics(&self, out: &mut String) {
        let (name, kind) = match (self.kind, self.name.strip_suffix("_total")) {
            (Kind::Counter, Some(base)) => (base, "counter"),
            (Kind::Counter, None) | (Kind::Untyped, _) => (self.name.as_str(), "unknown"),
            (Kind::Gauge, _) => (self.name.as_str(), "gauge"),
            (Kind::Histogram, _) => (self.name.as_str(), "histogram"),
            (Kind::Summary, _) => (self.name.as_str(), "summary"),
        };
        self.write(out, name, kind, true);
    }

    fn write(&self, out: &mut String, name: &str, kind: &str, open_metrics: bool) {
        // A family without samples says nothing.
        if self.lines.is_empty() {
            return;
        }
        out.push_str("# HELP ");
        out.push_str(name);
        out.push(' ');
        push_escaped(out, &self.help, open_metrics);
        out.push('\n');
        for (keyword, text) in [("TYPE", Some(kind)), ("UNIT", self.unit.as_deref())] {
            let Some(text) = text else { continue };
            let unit_fits =
                open_metrics && name.strip_suffix(text).is_some_and(|rest| rest.ends_with('_'));
            if keyword == "TYPE" || unit_fits {
                // Writing to a String cannot fail.
                let _infallible = writeln!(out, "# {keyword} {name} {text}");
            }
        }
        out.push_str(&self.lines);
    }
}

/// Keeps what a name may contain: letters, digits, `_`, and `:` in names of metrics; no digit in front. Nearly every name
/// is clean already.
pub(super) fn sanitized(name: &str, is_metric: bool) -> Cow<'_, str> {
    let allowed = |character: char| {
        character.is_ascii_alphanumeric() || character == '_' || (is_metric && character == ':')
    };
    let starts_well = name.chars().next().is_some_and(|first| !first.is_ascii_digit());
    if starts_well && name.chars().all(allowed) {
        return Cow::Borrowed(name);
    }
    let mut clean = String::with_capacity(name.len() + 1);
    if !starts_well {
        clean.push('_');
    }
    clean.extend(name.chars().map(|character| if allowed(character) { character } else { '_' }));
    Cow::Owned(clean)
}

/// What needs no escape is copied in one piece.
fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    let needs_escape =
        |character: char| character == '\\' || character == '\n' || (quotes && character == '"');
    let mut rest = text;
    while let Some((plain, special)) =
        rest.find(needs_escape).and_then(|place| rest.split_at_checked(place))
    {
        out.push_str(plain);
        let mut characters = special.chars();
        out.push_str(match characters.next() {
            Some('\\') => "\\\\",
            Some('\n') => "\\n",
            _ => "\\\"",
        });
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// Both formats: `+Inf`, `-Inf`, `NaN`, else the shortest digits. Bounds of buckets are floats by their look.
fn push_number(out: &mut String, number: f64, is_bound: bool) {
    /// Whole numbers below this are written by their digits, without an exponent.
    const WHOLE_MAX: f64 = (1_u64 << 62) as f64;
    if number.is_nan() {
        out.push_str("NaN");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "+Inf" } else { "-Inf" });
    } else if !is_bound && number.trunc() == number && number.abs() < WHOLE_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within the bound")]
        out.push_str(itoa::Buffer::new().format(number as i64));
    } else {
        out.push_str(zmij::Buffer::new().format_finite(number));
    }
}
