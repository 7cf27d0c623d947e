//! JSON to the byte as Go's encoder writes it, which receivers may have come to rely on.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

use crate::Error;

/// A value as JSON, with the line feed at its end that Go's encoder writes. Maps are sorted if the value's are.
pub fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, Go))
        .map_err(|error| Error::internal(format!("write the message as JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

struct Go;

impl Formatter for Go {
    /// What could hurt in HTML is escaped.
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(at);
            let mut chars = from.chars();
            let escaped = chars.next().map_or(0, u32::from);
            write!(writer, "{before}\\u{escaped:04x}")?;
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    /// No `.0`; an exponent only where the number is very large or very small.
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let size = value.abs();
        if value == 0.0 || (1e-6..1e21).contains(&size) {
            return write!(writer, "{value}");
        }
        let text = format!("{value:e}");
        let text = if size < 1.0 { text } else { text.replace('e', "e+") };
        writer.write_all(text.as_bytes())
    }
}
