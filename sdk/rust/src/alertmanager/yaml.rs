//! Texts that are read again as YAML, once their templates are expanded: Alertmanager does so in `payload` and `details`,
//! so that `{{ len .Alerts }}` is a number and `{{ .Alerts | toJson }}` a list.
//!
//! The rules are those of Go's yaml.v2 where it reads into an empty interface.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Deeper text stays text.
const DEPTH_MAX: usize = 64;

/// Every text in a value, at any depth, read as YAML; texts that mean themselves, or nothing, stay as they are.
pub fn read_again(value: Value) -> Value {
    match value {
        Value::String(text) => match read(&text) {
            None | Some(Value::String(_)) => Value::String(text),
            Some(read) => read,
        },
        Value::Array(items) => items.into_iter().map(read_again).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, read_again(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// The first document; none for what is no YAML, and for what few texts mean to be: anchors, aliases, tags, merges.
fn read(text: &str) -> Option<Value> {
    if !text.contains(|c: char| !c.is_whitespace()) {
        return Some(Value::Null);
    }
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let done = match event.ok()?.0 {
            Event::Scalar(text, style, 0, None) => scalar(&text, style),
            Event::SequenceStart(0, None) => {
                open.push(Open::Items(Vec::new()));
                continue;
            }
            Event::MappingStart(0, None) => {
                open.push(Open::Pairs(Map::new(), Key::Wanted));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop()?.closed(),
            Event::StreamEnd | Event::DocumentEnd => return Some(Value::Null),
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
            Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::MappingStart(..)
            | Event::Alias(_) => return None,
        };
        if open.len() > DEPTH_MAX {
            return None;
        }
        match open.last_mut() {
            Some(around) => around.take(done)?,
            // The document is whole; what follows it is not read.
            None => return Some(done),
        }
    }
    None
}

/// A list or a mapping that is being read.
enum Open {
    Items(Vec<Value>),
    Pairs(Map<String, Value>, Key),
}

enum Key {
    Wanted,
    /// A value follows.
    Is(String),
    /// A value follows that JSON has no key for.
    Odd,
}

impl Open {
    /// None where a key is a list or a mapping, which Go does not read either, or a merge.
    fn take(&mut self, value: Value) -> Option<()> {
        match self {
            Self::Items(items) => items.push(value),
            Self::Pairs(pairs, key) => {
                *key = match (std::mem::replace(key, Key::Wanted), value) {
                    (Key::Wanted, Value::String(key)) if key == "<<" => return None,
                    (Key::Wanted, Value::String(key)) => Key::Is(key),
                    (Key::Wanted, Value::Array(_) | Value::Object(_)) => return None,
                    (Key::Wanted, Value::Null | Value::Bool(_) | Value::Number(_)) => Key::Odd,
                    (Key::Is(key), value) => {
                        pairs.insert(key, value);
                        Key::Wanted
                    }
                    (Key::Odd, _) => Key::Wanted,
                };
            }
        }
        Some(())
    }

    fn closed(self) -> Value {
        match self {
            Self::Items(items) => Value::Array(items),
            Self::Pairs(pairs, _) => Value::Object(pairs),
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let meant = if style == ScalarStyle::Plain { plain(text) } else { None };
    meant.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// What a text without quotes means, if it does not mean itself.
fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Value::Bool(false));
        }
        _ => {}
    }
    let is_number =
        |text: &&str| text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let digits = Some(text).filter(is_number)?.replace('_', "");
    integer(&digits).or_else(|| decimal(&digits)).map(Value::Number)
}

/// `12`, `-0x1f`, `0b101`, `0o17` and `017`.
fn integer(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let based = [("0x", 16), ("0b", 2), ("0o", 8)].into_iter();
    let based = based.filter_map(|(prefix, base)| Some((lower.strip_prefix(prefix)?, base))).next();
    let octal = lower.strip_prefix('0').filter(|rest| !rest.is_empty()).map(|rest| (rest, 8));
    let (digits, base) = based.or(octal).unwrap_or((&lower, 10));
    // A sign here would be the second.
    let digits = Some(digits).filter(|digits| !digits.starts_with(['-', '+']))?;
    let size = u64::from_str_radix(digits, base).ok()?;
    if is_negative {
        return 0_i64.checked_sub_unsigned(size).map(Number::from);
    }
    Some(Number::from(size))
}

/// `1.5`, `.5`, `1.` and `1e3`; infinities and what is no number are text.
fn decimal(text: &str) -> Option<Number> {
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+');
    let value: f64 = Some(text).filter(|text| text.chars().all(is_digit))?.parse().ok()?;
    Number::from_f64(value)
}
