//! Metric families in the text format of protobuf, as bytes.
//!
//! `name: value`, `name { … }`, and `name: [1, 2]` for numbers packed into one field. Bare words are
//! the kinds of families.

use narthex_model::protobuf::{push_bytes, push_double, push_number, push_varint, to_zigzag_64};

use super::script::unescape;

/// The families one after the other, each behind its length.
pub(super) fn delimited(text: &str) -> Result<Vec<u8>, String> {
    let tokens = tokens(text)?;
    let mut rest = tokens.as_slice();
    let mut body = Vec::new();
    while let [Token::Word(word), Token::Open, tail @ ..] = rest {
        if word != "family" {
            return Err(format!("`family` is expected, not {word:?}"));
        }
        rest = tail;
        let family = message(FAMILY, &mut rest)?;
        push_varint(family.len() as u64, &mut body);
        body.extend_from_slice(&family);
    }
    if rest.is_empty() { Ok(body) } else { Err("a family is malformed".to_owned()) }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name, a number or a kind.
    Word(String),
    Quoted(Vec<u8>),
    Open,
    Close,
    Colon,
    ListOpen,
    ListClose,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let mark = match first {
            '{' => Some(Token::Open),
            '}' => Some(Token::Close),
            ':' => Some(Token::Colon),
            '[' => Some(Token::ListOpen),
            ']' => Some(Token::ListClose),
            _ => None,
        };
        let len = if let Some(mark) = mark {
            tokens.push(mark);
            1
        } else if first == '"' {
            let mut before = '"';
            let end = rest.char_indices().skip(1).find(|(_, part)| {
                let is_end = *part == '"' && before != '\\';
                before = if before == '\\' { ' ' } else { *part };
                is_end
            });
            let (end, _) = end.ok_or("a text has no closing quote")?;
            let mut quoted = Vec::new();
            rest.get(1..end)
                .and_then(|text| unescape(text, &mut quoted))
                .ok_or("a text is malformed")?;
            tokens.push(Token::Quoted(quoted));
            end + 1
        } else {
            let is_end = |part: char| part.is_whitespace() || "{}:[],\"".contains(part);
            let len = rest.find(is_end).unwrap_or(rest.len());
            tokens.push(Token::Word(rest.get(..len).unwrap_or("").to_owned()));
            len
        };
        let is_between = |part: char| part.is_whitespace() || part == ',';
        rest = rest.get(len..).unwrap_or("").trim_start_matches(is_between);
    }
    Ok(tokens)
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Zigzag,
    Double,
    FamilyType,
    Message(&'static [(&'static str, u64, Kind)]),
}

type Fields = &'static [(&'static str, u64, Kind)];

const LABEL: Fields = &[("name", 1, Kind::Text), ("value", 2, Kind::Text)];
const TIME: Fields = &[("seconds", 1, Kind::Number), ("nanos", 2, Kind::Number)];
const EXEMPLAR: Fields = &[
    ("label", 1, Kind::Message(LABEL)),
    ("value", 2, Kind::Double),
    ("timestamp", 3, Kind::Message(TIME)),
];
const PLAIN: Fields = &[("value", 1, Kind::Double)];
const COUNTER: Fields = &[
    ("value", 1, Kind::Double),
    ("exemplar", 2, Kind::Message(EXEMPLAR)),
    ("start_timestamp", 3, Kind::Message(TIME)),
];
const QUANTILE: Fields = &[("quantile", 1, Kind::Double), ("value", 2, Kind::Double)];
const SUMMARY: Fields = &[
    ("sample_count", 1, Kind::Number),
    ("sample_sum", 2, Kind::Double),
    ("quantile", 3, Kind::Message(QUANTILE)),
    ("start_timestamp", 4, Kind::Message(TIME)),
];
const BUCKET: Fields = &[
    ("cumulative_count", 1, Kind::Number),
    ("upper_bound", 2, Kind::Double),
    ("exemplar", 3, Kind::Message(EXEMPLAR)),
    ("cumulative_count_float", 4, Kind::Double),
];
const SPAN: Fields = &[("offset", 1, Kind::Zigzag), ("length", 2, Kind::Number)];
const HISTOGRAM: Fields = &[
    ("sample_count", 1, Kind::Number),
    ("sample_sum", 2, Kind::Double),
    ("bucket", 3, Kind::Message(BUCKET)),
    ("sample_count_float", 4, Kind::Double),
    ("schema", 5, Kind::Zigzag),
    ("zero_threshold", 6, Kind::Double),
    ("zero_count", 7, Kind::Number),
    ("zero_count_float", 8, Kind::Double),
    ("negative_span", 9, Kind::Message(SPAN)),
    ("negative_delta", 10, Kind::Zigzag),
    ("negative_count", 11, Kind::Double),
    ("positive_span", 12, Kind::Message(SPAN)),
    ("positive_delta", 13, Kind::Zigzag),
    ("positive_count", 14, Kind::Double),
    ("start_timestamp", 15, Kind::Message(TIME)),
    ("exemplars", 16, Kind::Message(EXEMPLAR)),
];
const METRIC: Fields = &[
    ("label", 1, Kind::Message(LABEL)),
    ("gauge", 2, Kind::Message(PLAIN)),
    ("counter", 3, Kind::Message(COUNTER)),
    ("summary", 4, Kind::Message(SUMMARY)),
    ("untyped", 5, Kind::Message(PLAIN)),
    ("timestamp_ms", 6, Kind::Number),
    ("histogram", 7, Kind::Message(HISTOGRAM)),
];
const FAMILY: Fields = &[
    ("name", 1, Kind::Text),
    ("help", 2, Kind::Text),
    ("type", 3, Kind::FamilyType),
    ("metric", 4, Kind::Message(METRIC)),
    ("unit", 5, Kind::Text),
];

/// The message through its closing brace.
fn message(fields: Fields, rest: &mut &[Token]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    loop {
        let (name, tail) = match rest {
            [Token::Close, tail @ ..] => {
                *rest = tail;
                return Ok(out);
            }
            [Token::Word(name), tail @ ..] => (name, tail),
            _ => return Err("a field or a closing brace is expected".to_owned()),
        };
        let found = fields.iter().find(|(candidate, ..)| candidate == name);
        let (_, field, kind) = *found.ok_or_else(|| format!("{name:?} is no field here"))?;
        match (kind, tail) {
            (Kind::Message(fields), [Token::Open, tail @ ..]) => {
                *rest = tail;
                push_bytes(field, &message(fields, rest)?, &mut out);
            }
            (_, [Token::Colon, Token::ListOpen, tail @ ..]) => {
                *rest = tail;
                push_bytes(field, &list(kind, rest)?, &mut out);
            }
            (Kind::Text, [Token::Colon, Token::Quoted(text), tail @ ..]) => {
                *rest = tail;
                push_bytes(field, text, &mut out);
            }
            (_, [Token::Colon, Token::Word(word), tail @ ..]) => {
                *rest = tail;
                match number(kind, word)? {
                    Number::Varint(value) => push_number(field, value, &mut out),
                    Number::Double(value) => push_double(field, value, &mut out),
                }
            }
            _ => return Err(format!("{name:?} has no value that fits")),
        }
    }
}

fn list(kind: Kind, rest: &mut &[Token]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    loop {
        match rest {
            [Token::ListClose, tail @ ..] => {
                *rest = tail;
                return Ok(out);
            }
            [Token::Word(word), tail @ ..] => {
                *rest = tail;
                match number(kind, word)? {
                    Number::Varint(value) => push_varint(value, &mut out),
                    Number::Double(value) => out.extend_from_slice(&value.to_le_bytes()),
                }
            }
            _ => return Err("a list has no end".to_owned()),
        }
    }
}

enum Number {
    Varint(u64),
    Double(f64),
}

fn number(kind: Kind, word: &str) -> Result<Number, String> {
    let number = match kind {
        Kind::Text | Kind::Message(_) => None,
        Kind::Double => word.parse().ok().map(Number::Double),
        Kind::Number => word.parse().ok().map(|number: i64| Number::Varint(number.cast_unsigned())),
        Kind::Zigzag => word.parse().ok().map(|number| Number::Varint(to_zigzag_64(number))),
        Kind::FamilyType => {
            const TYPES: [&str; 6] =
                ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"];
            let place = TYPES.iter().position(|name| *name == word);
            place.map(|place| place as u64).or_else(|| word.parse().ok()).map(Number::Varint)
        }
    };
    number.ok_or_else(|| format!("{word:?} does not fit its field"))
}
