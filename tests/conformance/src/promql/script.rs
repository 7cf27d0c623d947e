//! A script's lines to commands.

use std::fmt;

use narthex_model::parse_duration;
use narthex_promql::{SeriesNotation, parse_series_block, parse_series_notation};
use regex::Regex;

#[derive(Debug)]
pub(super) enum Command {
    Clear,
    Load(Load),
    Eval(Eval),
}

#[derive(Debug)]
pub(super) struct Load {
    /// Milliseconds.
    pub(super) step: i64,
    pub(super) series: Vec<SeriesNotation>,
    /// Whether classic histograms are loaded as native ones too.
    pub(super) with_nhcb: bool,
}

#[derive(Debug)]
pub(super) struct Eval {
    pub(super) line: usize,
    pub(super) query: String,
    pub(super) mode: Mode,
    pub(super) expects: Vec<Expect>,
    /// The times of an expected range vector: start, end, step.
    pub(super) range_vector: Option<(i64, i64, i64)>,
    pub(super) values: Expected,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    Instant { at: i64 },
    Range { start: i64, end: i64, step: i64 },
}

#[derive(Debug)]
pub(super) enum Expected {
    Series(Vec<SeriesNotation>),
    Scalar(f64),
    Text(String),
}

#[derive(Debug)]
pub(super) enum Expect {
    Ordered,
    Fail(Text),
    Warn(Text),
    Info(Text),
    NoWarn,
    NoInfo,
}

/// A text that is expected.
#[derive(Debug)]
pub(super) enum Text {
    Any,
    Exactly(String),
    Matching(Regex),
}

impl Text {
    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(expected) => expected == text,
            Self::Matching(regex) => regex.is_match(text),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("of any text"),
            Self::Exactly(text) => write!(f, "{text:?}"),
            Self::Matching(regex) => write!(f, "matching {:?}", regex.as_str()),
        }
    }
}

impl Eval {
    pub(super) fn expected_failure(&self) -> Option<&Text> {
        self.expects
            .iter()
            .find_map(|expect| if let Expect::Fail(text) = expect { Some(text) } else { None })
    }

    /// Whether the result is nothing that a range query could answer with.
    pub(super) fn is_instant_only(&self) -> bool {
        self.range_vector.is_some() || matches!(self.values, Expected::Text(_))
    }
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Lines<'a> {
    /// The next line of a block; an empty line ends it.
    fn in_block(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.next).copied().filter(|line| !line.is_empty())?;
        self.next += 1;
        Some(line)
    }
}

pub(super) fn parse(script: &str) -> Result<Vec<Command>, String> {
    let trimmed = script.lines().map(|line| {
        let line = line.trim();
        if line.starts_with('#') { "" } else { line }
    });
    let mut lines = Lines { lines: trimmed.collect(), next: 0 };
    let mut commands = Vec::new();
    while let Some(line) = lines.lines.get(lines.next).copied() {
        lines.next += 1;
        let number = lines.next;
        let word = line.split_whitespace().next().unwrap_or("").to_lowercase();
        let command = match word.as_str() {
            "" => continue,
            "clear" => Ok(Command::Clear),
            word if word.starts_with("load") => load(line, &mut lines).map(Command::Load),
            word if word.starts_with("eval") => eval(line, number, &mut lines).map(Command::Eval),
            _ => Err(format!("unknown command {line:?}")),
        };
        commands.push(command.map_err(|error| format!("line {number}: {error}"))?);
    }
    Ok(commands)
}

fn millis(text: &str) -> Result<i64, String> {
    let duration = parse_duration(text).map_err(|error| error.to_string())?;
    Ok(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

fn load(line: &str, lines: &mut Lines<'_>) -> Result<Load, String> {
    let step = line.split_whitespace().nth(1).ok_or("a load needs a step")?;
    let with_nhcb = line.starts_with("load_with_nhcb");
    let block = std::iter::from_fn(|| lines.in_block());
    let series = parse_series_block(block).map_err(|error| error.to_string())?;
    Ok(Load { step: millis(step)?, series, with_nhcb })
}

fn eval(line: &str, number: usize, lines: &mut Lines<'_>) -> Result<Eval, String> {
    let regex = |text: &str| Regex::new(text).map_err(|error| error.to_string());
    let instant = regex(r"^eval(?:_(\w+))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$")?;
    let range =
        regex(r"^eval(?:_(\w+))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$")?;
    let (suffix, mode, query) = if let Some(parts) = instant.captures(line) {
        let part = |index| parts.get(index).map_or("", |part| part.as_str());
        (part(1).to_owned(), Mode::Instant { at: millis(part(2))? }, part(3).to_owned())
    } else if let Some(parts) = range.captures(line) {
        let part = |index| parts.get(index).map_or("", |part| part.as_str());
        let (start, end) = (millis(part(2))?, millis(part(3))?);
        let mode = Mode::Range { start, end, step: millis(part(4))? };
        (part(1).to_owned(), mode, part(5).to_owned())
    } else {
        return Err(format!("malformed evaluation {line:?}"));
    };
    let values = Expected::Series(Vec::new());
    let mut eval =
        Eval { line: number, query, mode, expects: Vec::new(), range_vector: None, values };
    match suffix.as_str() {
        "fail" => eval.expects.push(Expect::Fail(Text::Any)),
        "warn" => eval.expects.push(Expect::Warn(Text::Any)),
        "info" => eval.expects.push(Expect::Info(Text::Any)),
        "ordered" => eval.expects.push(Expect::Ordered),
        _ => {}
    }
    while let Some(line) = lines.in_block() {
        expectation(&mut eval, line)?;
    }
    Ok(eval)
}

fn expectation(eval: &mut Eval, line: &str) -> Result<(), String> {
    if let Some(times) = line.strip_prefix("expect range vector from ") {
        let parts: Vec<&str> = times.split_whitespace().collect();
        let [start, "to", end, "step", step] = parts.as_slice() else {
            return Err(format!("malformed expectation {line:?}"));
        };
        eval.range_vector = Some((millis(start)?, millis(end)?, millis(step)?));
        return Ok(());
    }
    if let Some(text) = line.strip_prefix("expect string ") {
        let literal = narthex_promql::parse(text.trim()).map_err(|error| error.to_string())?;
        let narthex_promql::NodeKind::String(text) = &literal.root().kind else {
            return Err(format!("{text:?} is no string"));
        };
        eval.values = Expected::Text(text.clone());
        return Ok(());
    }
    for (prefix, is_regex) in [("expected_fail_message", false), ("expected_fail_regexp", true)] {
        if let Some(text) = line.strip_prefix(prefix) {
            eval.expects.retain(|expect| !matches!(expect, Expect::Fail(_)));
            eval.expects.push(Expect::Fail(expected_text(text.trim(), is_regex)?));
            return Ok(());
        }
    }
    if let Some(rest) = line.strip_prefix("expect ") {
        eval.expects.push(parse_expect(rest.trim())?);
        return Ok(());
    }
    if let Some(value) = parse_scalar(line) {
        eval.values = Expected::Scalar(value);
        return Ok(());
    }
    let series = parse_series_notation(line).map_err(|error| error.to_string())?;
    if let Expected::Series(all) = &mut eval.values {
        all.push(series);
    }
    Ok(())
}

fn parse_scalar(line: &str) -> Option<f64> {
    line.parse().ok()
}

fn expected_text(text: &str, is_regex: bool) -> Result<Text, String> {
    if is_regex {
        Regex::new(text).map(Text::Matching).map_err(|error| error.to_string())
    } else {
        Ok(Text::Exactly(text.to_owned()))
    }
}

fn parse_expect(text: &str) -> Result<Expect, String> {
    let (kind, text) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let text = text.trim();
    let text = if let Some(message) = text.strip_prefix("msg:") {
        expected_text(message.trim(), false)?
    } else if let Some(pattern) = text.strip_prefix("regex:") {
        expected_text(pattern.trim(), true)?
    } else {
        Text::Any
    };
    Ok(match kind {
        "ordered" => Expect::Ordered,
        "fail" => Expect::Fail(text),
        "warn" => Expect::Warn(text),
        "info" => Expect::Info(text),
        "no_warn" => Expect::NoWarn,
        "no_info" => Expect::NoInfo,
        _ => return Err(format!("unknown expectation {kind:?}")),
    })
}
