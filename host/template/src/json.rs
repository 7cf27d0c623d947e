//! Values as JSON, byte by byte as Go's `encoding/json` writes them.

use std::fmt::Write as _;

use crate::functions::FunctionError;
use crate::number::format_float;
use crate::value::Value;

/// A value as JSON.
pub(crate) fn encode(value: &Value) -> Result<String, FunctionError> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<(), FunctionError> {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&float(*number)?),
        Value::String(text) => quote(text, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Labels(labels) => object(labels.iter(), out),
        Value::Map(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                separate(index, out);
                quote(key, out);
                out.push(':');
                write(item, out)?;
            }
            out.push('}');
        }
        Value::Object(of) => match (of.json(), of.items()) {
            (Some(json), _) => out.push_str(&json),
            (None, Some(items)) => write(&items, out)?,
            (None, None) => return Err(FunctionError::new("json: unsupported type: object")),
        },
    }
    Ok(())
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

/// Texts by name.
pub(crate) fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, out: &mut String) {
    out.push('{');
    for (index, (key, text)) in pairs.enumerate() {
        separate(index, out);
        quote(key, out);
        out.push(':');
        quote(text, out);
    }
    out.push('}');
}

/// A text in quotes. What HTML or JavaScript would take for something else is written as a code.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Without an exponent between 1e-6 and 1e21, as in JavaScript.
fn float(number: f64) -> Result<String, FunctionError> {
    if !number.is_finite() {
        let number = format_float(number, 'g', None);
        return Err(FunctionError(format!("json: unsupported value: {number}")));
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return Ok(format_float(number, 'f', None));
    }
    let text = format_float(number, 'e', None);
    // At least two digits of exponent, of which a small one keeps no zero here.
    Ok(text.replace("e-0", "e-"))
}
