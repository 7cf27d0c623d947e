//! A tree as text, in Prometheus' canonical form; it reads back as the same tree.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use narthex_model::{METRIC_NAME, MatchOp, Matcher, format_duration, is_label_name};

use crate::ast::{
    Aggregate, AtTime, Binary, Cardinality, Expr, Extension, Length, LengthKind, LengthOp,
    Matching, Node, NodeKind, Selector, TimeShift,
};
use crate::raw_bytes;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NodeKind::Number { value, is_duration } => number(f, *value, *is_duration),
            NodeKind::String(text) => quoted(f, text),
            NodeKind::Selector(selector) => {
                selection(f, selector)?;
                at(f, &selector.time)?;
                extension(f, selector.extension)?;
                offset(f, &selector.time)
            }
            NodeKind::Matrix { selector, range } => {
                selection(f, selector)?;
                write!(f, "[{range}]")?;
                extension(f, selector.extension)?;
                at(f, &selector.time)?;
                offset(f, &selector.time)
            }
            NodeKind::Subquery { expr, range, step, time } => {
                write!(f, "{expr}[{range}:")?;
                if let Some(step) = step {
                    step.fmt(f)?;
                }
                f.write_str("]")?;
                at(f, time)?;
                offset(f, time)
            }
            NodeKind::Paren(expr) => write!(f, "({expr})"),
            NodeKind::Unary { negative, expr } => {
                f.write_str(if *negative { "-" } else { "+" })?;
                expr.fmt(f)
            }
            NodeKind::Binary(binary) => binary.fmt(f),
            NodeKind::Aggregate(aggregate) => aggregate.fmt(f),
            NodeKind::Call { function, args } => {
                write!(f, "{}(", function.name)?;
                for (index, arg) in args.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    arg.fmt(f)?;
                }
                f.write_str(")")
            }
        }
    }
}

/// Numbers without an exponent, durations with their units.
fn number(f: &mut Formatter<'_>, value: f64, is_duration: bool) -> fmt::Result {
    if is_duration && let Ok(duration) = Duration::try_from_secs_f64(value.abs()) {
        let sign = if value < 0.0 { "-" } else { "" };
        // Beyond whole milliseconds a float would not come back as it was.
        let nearest = Duration::from_millis(millis(duration));
        if nearest.as_secs_f64() == value.abs() {
            return write!(f, "{sign}{}", format_duration(nearest));
        }
    }
    match value {
        f64::INFINITY => f.write_str("+Inf"),
        f64::NEG_INFINITY => f.write_str("-Inf"),
        _ => value.fmt(f),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from((duration.as_nanos() + 500_000) / 1_000_000).unwrap_or(u64::MAX)
}

/// A string literal in double quotes.
fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => match raw_bytes::byte_of(c) {
                Some(byte) => write!(f, "\\x{byte:02x}")?,
                None => write!(f, "{c}")?,
            },
        }
    }
    f.write_str("\"")
}

/// A text in double quotes.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quoted(f, self.0)
    }
}

/// The name and the matchers, these in the order of their text.
fn selection(f: &mut Formatter<'_>, selector: &Selector) -> fmt::Result {
    let name = selector.name.as_deref().unwrap_or("");
    let is_name = |matcher: &&Matcher| {
        matcher.name() == METRIC_NAME
            && matcher.op() == MatchOp::Equal
            && matcher.value() == name
            && !name.is_empty()
    };
    let others = selector.matchers.iter().filter(|matcher| !is_name(matcher));
    let mut texts: Vec<String> = others.map(matcher).collect();
    texts.sort();
    f.write_str(name)?;
    if texts.is_empty() && !name.is_empty() {
        return Ok(());
    }
    write!(f, "{{{}}}", texts.join(","))
}

fn matcher(matcher: &Matcher) -> String {
    let (name, op, value) = (matcher.name(), matcher.op().symbol(), Quoted(matcher.value()));
    if is_label_name(name) {
        format!("{name}{op}{value}")
    } else {
        format!("{}{op}{value}", Quoted(name))
    }
}

fn at(f: &mut Formatter<'_>, time: &TimeShift) -> fmt::Result {
    match time.at {
        None => Ok(()),
        Some(AtTime::Start) => f.write_str(" @ start()"),
        Some(AtTime::End) => f.write_str(" @ end()"),
        Some(AtTime::Fixed(at)) => {
            let sign = if at.millis() < 0 { "-" } else { "" };
            let millis = at.millis().unsigned_abs();
            write!(f, " @ {sign}{}.{:03}", millis / 1000, millis % 1000)
        }
    }
}

fn offset(f: &mut Formatter<'_>, time: &TimeShift) -> fmt::Result {
    time.offset.as_ref().map_or(Ok(()), |offset| write!(f, " offset {offset}"))
}

fn extension(f: &mut Formatter<'_>, extension: Extension) -> fmt::Result {
    f.write_str(match extension {
        Extension::None => "",
        Extension::Anchored => " anchored",
        Extension::Smoothed => " smoothed",
    })
}

impl Display for Length {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LengthKind::Literal { seconds, .. } => number(f, *seconds, true),
            LengthKind::Step => f.write_str("step()"),
            LengthKind::Range => f.write_str("range()"),
            LengthKind::Unary { negative, operand } => {
                write!(f, "{}{}", if *negative { "-" } else { "+" }, Operand(operand))
            }
            LengthKind::Paren(inner) => write!(f, "({})", Operand(inner)),
            LengthKind::Binary { op, lhs, rhs } => {
                let (lhs, rhs) = (Operand(lhs), Operand(rhs));
                let symbol = match op {
                    LengthOp::Add => "+",
                    LengthOp::Sub => "-",
                    LengthOp::Mul => "*",
                    LengthOp::Div => "/",
                    LengthOp::Mod => "%",
                    LengthOp::Pow => "^",
                    LengthOp::MinOf => return write!(f, "min_of({lhs}, {rhs})"),
                    LengthOp::MaxOf => return write!(f, "max_of({lhs}, {rhs})"),
                };
                write!(f, "{lhs} {symbol} {rhs}")
            }
        }
    }
}

/// Within an expression a plain number stays one; alone it is shown as the duration that it is.
struct Operand<'a>(&'a Length);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            LengthKind::Literal { seconds, is_duration } => number(f, seconds, is_duration),
            LengthKind::Step
            | LengthKind::Range
            | LengthKind::Unary { .. }
            | LengthKind::Paren(_)
            | LengthKind::Binary { .. } => self.0.fmt(f),
        }
    }
}

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bool_word = if self.return_bool { " bool" } else { "" };
        let Self { op, matching, lhs, rhs, .. } = self;
        write!(f, "{lhs} {}{bool_word}{matching} {rhs}", op.symbol())
    }
}

impl Display for Matching {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let group = match self.cardinality {
            Cardinality::OneToOne => None,
            Cardinality::ManyToOne => Some("left"),
            Cardinality::OneToMany => Some("right"),
        };
        if self.on || !self.labels.is_empty() || group.is_some() {
            let word = if self.on { "on" } else { "ignoring" };
            write!(f, " {word} ({})", LabelList(&self.labels))?;
        }
        if let Some(side) = group {
            write!(f, " group_{side} ({})", LabelList(&self.include))?;
        }
        match (self.fill_left, self.fill_right) {
            (Some(left), Some(right)) if left.to_bits() == right.to_bits() => {
                write!(f, " fill ({})", Fill(left))
            }
            (left, right) => {
                if let Some(left) = left {
                    write!(f, " fill_left ({})", Fill(left))?;
                }
                right.map_or(Ok(()), |right| write!(f, " fill_right ({})", Fill(right)))
            }
        }
    }
}

struct Fill(f64);

impl Display for Fill {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        number(f, self.0, false)
    }
}

struct LabelList<'a>(&'a [String]);

impl Display for LabelList<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, label) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            if is_label_name(label) { f.write_str(label)? } else { quoted(f, label)? }
        }
        Ok(())
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.name())?;
        let labels = LabelList(&self.grouping.labels);
        if self.grouping.without {
            write!(f, " without ({labels}) ")?;
        } else if !self.grouping.labels.is_empty() {
            write!(f, " by ({labels}) ")?;
        }
        match &self.param {
            Some(param) => write!(f, "({param}, {})", self.expr),
            None => write!(f, "({})", self.expr),
        }
    }
}
