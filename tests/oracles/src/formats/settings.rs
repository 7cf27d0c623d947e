//! Texts of configuration: YAML, durations, sizes.
//!
//! Oracles: a tree that was read is read again as the same when it was written by other means, and
//! as it is shown; what is shown lacks comments alone; what is hidden is not shown; a duration is
//! what a plain reading of its text makes it, for the host and for plugins alike.

use std::fmt::Write as _;
use std::time::Duration;

use narthex_model::{format_duration, parse_duration};
use narthex_settings::{Document, Node, Shown, SizeText, Value};

use crate::Chance;

const FILE: &str = "f.yml";

pub(super) fn check_yaml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let document = match Document::parse(FILE, text) {
        Ok(document) => document,
        Err(error) => {
            assert!(error.to_string().starts_with(FILE), "{error}");
            return;
        }
    };
    let lines = text.lines().count() + 1;
    visit(document.root(), &mut |node| {
        let at = node.at;
        assert!(
            at.line > 0
                && usize::try_from(at.line).is_ok_and(|line| line <= lines)
                && at.column > 0,
            "{at:?} of {lines} lines"
        );
    });
    let mut written = String::new();
    write(document.root(), &mut written);
    let again = read(&written, text);
    assert_same(document.root(), again.root(), &written);
    let shown = document.redacted(&|_, _| Shown::AsWritten);
    assert_same(document.root(), read(&shown, text).root(), &shown);
    // Nothing but comments is left out.
    assert!(text.contains('#') || shown == text, "{shown}");
    let hidden = document.redacted(&|_, _| Shown::Secret);
    visit(read(&hidden, text).root(), &mut |node| {
        assert!(matches!(node.text(), None | Some("<secret>")), "{hidden}");
    });
    let other = "x: \"y\"\\ #\n\t- é";
    let changed = document.redacted(&|_, _| Shown::As(other.to_owned()));
    visit(read(&changed, text).root(), &mut |node| {
        assert!(node.text().is_none_or(|text| text == other), "{changed}");
    });
}

fn read(written: &str, from: &str) -> Document {
    match Document::parse(FILE, written) {
        Ok(document) => document,
        Err(error) => panic!("{from}\nis written as\n{written}\n{error}"),
    }
}

fn visit(node: &Node, see: &mut dyn FnMut(&Node)) {
    see(node);
    match &node.value {
        Value::Null | Value::Scalar { .. } => {}
        Value::List(items) => items.iter().for_each(|item| visit(item, see)),
        Value::Map(entries) => entries.iter().for_each(|entry| visit(&entry.node, see)),
    }
}

/// As JSON, which is YAML too.
fn write(node: &Node, out: &mut String) {
    match &node.value {
        Value::Null => out.push('~'),
        Value::Scalar { text, .. } => quote(text, out),
        Value::List(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push_str(", ");
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for entry in entries {
                quote(&entry.key, out);
                out.push_str(": ");
                write(&entry.node, out);
                out.push_str(", ");
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            ' '..='~' => out.push(letter),
            letter => write!(out, "\\U{:08x}", u32::from(letter)).expect("a string takes all"),
        }
    }
    out.push('"');
}

/// But for places and quotes.
#[track_caller]
fn assert_same(a: &Node, b: &Node, written: &str) {
    match (&a.value, &b.value) {
        (Value::Null, Value::Null) => {}
        (Value::Scalar { text: a, .. }, Value::Scalar { text: b, .. }) => {
            assert_eq!(a, b, "{written}");
        }
        (Value::List(a), Value::List(b)) => {
            assert_eq!(a.len(), b.len(), "{written}");
            a.iter().zip(b).for_each(|(a, b)| assert_same(a, b, written));
        }
        (Value::Map(a), Value::Map(b)) => {
            assert_eq!(a.len(), b.len(), "{written}");
            for (a, b) in a.iter().zip(b) {
                assert_eq!(a.key, b.key, "{written}");
                assert_same(&a.node, &b.node, written);
            }
        }
        (Value::Null | Value::Scalar { .. } | Value::List(_) | Value::Map(_), _) => {
            panic!("{a:?} became {b:?} by {written}");
        }
    }
}

/// A file of a few levels, in all styles.
pub(super) fn yaml(chance: &mut Chance) -> Vec<u8> {
    let mut out = String::new();
    if chance.once_in(4) {
        out.push_str("# Says what follows.\n---\n");
    }
    block(chance, 0, &mut out);
    out.into_bytes()
}

const KEYS: [&str; 8] =
    ["scrape_configs", "job_name", "\"quoted key\"", "labels", "basic_auth", "'a: b'", "<<", "é"];

const SCALARS: [&str; 16] = [
    "plain",
    "1h30m",
    "-0.5",
    "~",
    "",
    "\"double \\\"quoted\\\" \\u00e9\\n\"",
    "'single ''quoted'''",
    "|\n{}  literal\n{}  lines\n",
    ">-\n{}  folded\n\n{}  text\n",
    "several words # and a remark",
    "[a, \"b\", {c: d}]",
    "{a: 1, b: [], c: }",
    "&anchor x",
    "*anchor",
    "!!str 5",
    "http://u:p@h:1/?q=#f",
];

fn block(chance: &mut Chance, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let is_list = chance.once_in(3);
    for _ in 0..1 + chance.index(4) {
        let head = if is_list { "-".to_owned() } else { format!("{}:", chance.pick(&KEYS)) };
        write!(out, "{indent}{head}").expect("a string takes all");
        if depth < 4 && chance.once_in(3) {
            if chance.once_in(5) {
                out.push_str(" &anchor");
            }
            out.push('\n');
            block(chance, depth + 1, out);
        } else {
            let scalar = chance.pick(&SCALARS).replace("{}", &indent);
            write!(out, " {scalar}").expect("a string takes all");
            out.push_str(if scalar.ends_with('\n') { "" } else { "\n" });
        }
    }
}

/// One duration, and what is no part of it, behind a line end: a size.
pub(super) fn check_durations(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (duration, size) = text.split_once('\n').unwrap_or((text, ""));
    let read = parse_duration(duration).ok();
    let wanted = milliseconds(duration);
    let in_range = wanted.filter(|wanted| i64::try_from(*wanted).is_ok());
    assert_eq!(read.map(|read| read.as_millis()), in_range, "{duration:?}");
    let guest = narthex_sdk::duration::parse(duration);
    let in_range = wanted.and_then(|wanted| u64::try_from(wanted).ok());
    assert_eq!(guest, in_range.map(Duration::from_millis), "{duration:?} of a plugin");
    if let Some(read) = read {
        let written = format_duration(read);
        assert_eq!(parse_duration(&written), Ok(read), "{duration:?} is written {written:?}");
    }
    let read = SizeText::try_from(size.to_owned()).ok().map(|size| u128::from(size.0));
    assert_eq!(read, bytes_of(size).filter(|wanted| u64::try_from(*wanted).is_ok()), "{size:?}");
}

/// A number and its unit, and what follows.
fn part(text: &str) -> Option<(u128, &str, &str)> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, rest) = text.split_at_checked(digits).filter(|(number, _)| !number.is_empty())?;
    let letters = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(letters)?;
    // What is longer than this is out of any range.
    let number = match number.trim_start_matches('0') {
        "" => 0,
        short if short.len() <= 20 => short.parse().ok()?,
        _ => 10_u128.pow(20),
    };
    Some((number, unit, rest))
}

fn milliseconds(text: &str) -> Option<u128> {
    const UNITS: [(&str, u128); 7] = [
        ("ms", 1),
        ("s", 1000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
        ("w", 604_800_000),
        ("y", 31_536_000_000),
    ];
    if text == "0" {
        return Some(0);
    }
    let (mut rest, mut sum, mut unit_max) = (text, 0, UNITS.len());
    while !rest.is_empty() {
        let (number, unit, tail) = part(rest)?;
        let place = UNITS.iter().position(|(name, _)| *name == unit)?;
        let (_, factor) = UNITS.get(place).filter(|_| place < unit_max)?;
        (rest, sum, unit_max) = (tail, sum + number * factor, place);
    }
    (!text.is_empty()).then_some(sum)
}

fn bytes_of(text: &str) -> Option<u128> {
    if text == "0" {
        return Some(0);
    }
    let (number, unit, "") = part(text)? else { return None };
    let power = ["B", "KB", "MB", "GB", "TB", "PB", "EB"]
        .iter()
        .position(|known| *known == unit || known.replace('B', "iB") == unit)?;
    Some(number * 1024_u128.pow(u32::try_from(power).ok()?))
}

pub(super) fn durations(chance: &mut Chance) -> Vec<u8> {
    let mut text = String::new();
    for unit in ["y", "w", "d", "h", "m", "s", "ms"] {
        if chance.once_in(3) {
            write!(text, "{}{unit}", chance.any() >> chance.index(64)).expect("a string");
        }
    }
    let unit = *chance.pick(&["B", "KB", "MiB", "GB", "EB", ""]);
    write!(text, "\n{}{unit}", chance.any() >> chance.index(64)).expect("a string takes all");
    text.into_bytes()
}
