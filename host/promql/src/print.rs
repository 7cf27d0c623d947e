//! A tree as text, in Prometheus' canonical form; it reads back as the same tree.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use narthex_model::{METRIC_NAME, MatchOp, Matcher, Shortest, format_duration, is_label_name};

use crate::ast::{
    Aggregate, AtTime, Binary, Cardinality, Expr, Extension, Length, LengthKind, LengthOp,
    Matching, Node, NodeKind, Selector, TimeShift, ValueType,
};
use crate::parse::is_reserved;
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
            NodeKind::String(text) => Quoted(text).fmt(f),
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
                write!(f, "{expr}{}", Window { range, step: step.as_ref(), time })
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

/// A subquery without what it evaluates.
pub(crate) struct Window<'a> {
    pub(crate) range: &'a Length,
    pub(crate) step: Option<&'a Length>,
    pub(crate) time: &'a TimeShift,
}

impl Display for Window<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[{}:", self.range)?;
        self.step.map_or(Ok(()), |step| step.fmt(f))?;
        f.write_str("]")?;
        at(f, self.time)?;
        offset(f, self.time)
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

/// A text in double quotes; bytes that are no text as the escapes that they were written as.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut rest = self.0;
        while let Some((at, byte)) =
            rest.char_indices().find_map(|(at, c)| Some((at, raw_bytes::byte_of(c)?)))
        {
            let (text, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            escaped(f, text)?;
            write!(f, "\\x{byte:02x}")?;
            let mut tail = tail.chars();
            tail.next();
            rest = tail.as_str();
        }
        escaped(f, rest)?;
        f.write_str("\"")
    }
}

fn escaped(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let quoted = narthex_model::Quoted(text).to_string();
    f.write_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or(""))
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
    if extension == Extension::None { Ok(()) } else { write!(f, " {}", extension.word()) }
}

impl Display for Length {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LengthKind::Literal { seconds, .. } => number(f, *seconds, true),
            LengthKind::Step => f.write_str("step()"),
            LengthKind::Range => f.write_str("range()"),
            LengthKind::Unary { negative, operand } => {
                write!(f, "{}{}", if *negative { "-" } else { "" }, Operand(operand))
            }
            // More than one pair of parentheses says no more than one.
            LengthKind::Paren(inner) if matches!(inner.kind, LengthKind::Paren(_)) => inner.fmt(f),
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
        write!(f, "{} {} {}", self.lhs, Operator(self), self.rhs)
    }
}

/// An operator with its modifiers.
pub(crate) struct Operator<'a>(pub(crate) &'a Binary);

impl Display for Operator<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bool_word = if self.0.return_bool { " bool" } else { "" };
        write!(f, "{}{bool_word}", self.0.op.symbol())?;
        let is_vector = |side: &Node| side.value_type() == ValueType::Vector;
        if is_vector(&self.0.lhs) && is_vector(&self.0.rhs) {
            self.0.matching.fmt(f)
        } else {
            // Only an empty one is allowed beside a scalar, and says nothing.
            Ok(())
        }
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
                write!(f, " fill ({})", Shortest(left))
            }
            (left, right) => {
                if let Some(left) = left {
                    write!(f, " fill_left ({})", Shortest(left))?;
                }
                right.map_or(Ok(()), |right| write!(f, " fill_right ({})", Shortest(right)))
            }
        }
    }
}

struct LabelList<'a>(&'a [String]);

impl Display for LabelList<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, label) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            if is_label_name(label) && !is_reserved(label) {
                f.write_str(label)?;
            } else {
                Quoted(label).fmt(f)?;
            }
        }
        Ok(())
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Aggregation(self).fmt(f)?;
        match &self.param {
            Some(param) => write!(f, "({param}, {})", self.expr),
            None => write!(f, "({})", self.expr),
        }
    }
}

/// An aggregation without its arguments.
pub(crate) struct Aggregation<'a>(pub(crate) &'a Aggregate);

impl Display for Aggregation<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Aggregate { op, grouping, .. } = self.0;
        f.write_str(op.name())?;
        let labels = LabelList(&grouping.labels);
        if grouping.without {
            write!(f, " without ({labels}) ")
        } else if grouping.labels.is_empty() {
            Ok(())
        } else {
            write!(f, " by ({labels}) ")
        }
    }
}
