//! Serde's view of a document: every error finds the position and the key where it arose.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::document::{Entry, Node, Position, Value};
use crate::error::SettingsError;

pub(crate) fn read<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, ReadError> {
    T::deserialize(Reader(node)).map_err(|error| error.at(node.at))
}

/// An error on its way up: the innermost place, and the keys from the inside out.
#[derive(Debug)]
pub(crate) struct ReadError {
    message: String,
    at: Option<Position>,
    path: Vec<String>,
}

impl ReadError {
    fn at(mut self, at: Position) -> Self {
        self.at.get_or_insert(at);
        self
    }

    fn below(mut self, segment: String) -> Self {
        self.path.push(segment);
        self
    }

    pub(crate) fn into_settings(self, file: &str, prefix: &str) -> SettingsError {
        let mut key = prefix.to_owned();
        for segment in self.path.iter().rev() {
            if !key.is_empty() && !segment.starts_with('[') {
                key.push('.');
            }
            key.push_str(segment);
        }
        SettingsError::new(file, self.at, &key, &self.message)
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), at: None, path: Vec::new() }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let near = expected.iter().find(|known| is_near(known, field));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        let known = expected.join(", ");
        Self::custom(format!("unknown key {field:?}{hint} (known here: {known})"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("key {field:?} is missing"))
    }
}

/// Whether two keys differ by at most two single-letter changes.
fn is_near(known: &str, written: &str) -> bool {
    let (known, written): (Vec<char>, Vec<char>) =
        (known.chars().collect(), written.chars().collect());
    if known.len().abs_diff(written.len()) > 2 || written.len() > 64 {
        return false;
    }
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (i, letter) in written.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (j, other) in known.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let cost = (diagonal + usize::from(letter != other)).min(left + 1).min(above + 1);
            diagonal = above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().is_some_and(|cost| *cost <= 2)
}

fn describe(node: &Node) -> String {
    match &node.value {
        Value::Null => "nothing".to_owned(),
        Value::Scalar { text, .. } => format!("{text:?}"),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

impl Node {
    fn mismatch(&self, expected: &str) -> ReadError {
        let found = describe(self);
        de::Error::custom(format!("expected {expected}, found {found}"))
    }

    /// The text of a number or a boolean. A key without a value is zero, as in Prometheus.
    fn plain_text(&self, expected: &str) -> Result<&str, ReadError> {
        match &self.value {
            Value::Scalar { text, plain: true } => Ok(text),
            Value::Null => Ok("0"),
            Value::Scalar { .. } | Value::List(_) | Value::Map(_) => Err(self.mismatch(expected)),
        }
    }

    fn integer<T: TryFrom<i128>>(&self, expected: &str) -> Result<T, ReadError> {
        let text = self.plain_text(expected)?.replace('_', "");
        let number = as_integer(&text).or_else(|| whole(text.parse().ok()?));
        number.and_then(|number| number.try_into().ok()).ok_or_else(|| self.mismatch(expected))
    }

    fn float(&self) -> Result<f64, ReadError> {
        let text = self.plain_text("a number")?.replace('_', "");
        if let Some(number) = as_integer(&text) {
            return Ok(number as f64);
        }
        let special = match text.to_ascii_lowercase().as_str() {
            ".inf" | "+.inf" => Some(f64::INFINITY),
            "-.inf" => Some(f64::NEG_INFINITY),
            ".nan" => Some(f64::NAN),
            _ => None,
        };
        special.or_else(|| text.parse().ok()).ok_or_else(|| self.mismatch("a number"))
    }
}

/// The words of YAML 1.2. Where a text may stand as well, the others of 1.1 are texts.
fn as_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// The words of YAML 1.1, which Prometheus reads where only a boolean can stand.
fn as_switch(text: &str) -> Option<bool> {
    as_bool(text).or(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    })
}

/// Whole numbers as Go reads them: of base 16, 8 and 2 by their prefix, of base 8 behind a zero.
fn as_integer(text: &str) -> Option<i128> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixes = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
    let of_base = |(prefix, base)| {
        let digits = lower.strip_prefix(prefix)?;
        (!digits.is_empty()).then(|| u64::from_str_radix(digits, base).ok())?
    };
    let number = prefixes.into_iter().find_map(of_base);
    let number = i128::from(number.or_else(|| lower.parse::<u64>().ok())?);
    Some(if is_negative { -number } else { number })
}

/// A number without a fraction, as `1e3`.
#[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is within bounds")]
fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() < 1e18).then_some(number as i128)
}

macro_rules! integers {
    ($($method:ident $visit:ident $kind:ty, $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            visitor.$visit(self.0.integer::<$kind>($expected)?)
        }
    )*};
}

struct Reader<'de>(&'de Node);

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
            Value::Scalar { text, plain } => {
                if !plain {
                    return visitor.visit_borrowed_str(text);
                }
                if let Some(value) = as_bool(text) {
                    return visitor.visit_bool(value);
                }
                // A number only where it is written again as it was: `0123` may be a password.
                if let Some(value) = text.parse::<u64>().ok().filter(|it| it.to_string() == *text) {
                    return visitor.visit_u64(value);
                }
                if let Some(value) = text.parse::<i64>().ok().filter(|it| it.to_string() == *text) {
                    return visitor.visit_i64(value);
                }
                match text.parse::<f64>() {
                    Ok(value) if value.is_finite() && format!("{value:?}") == *text => {
                        visitor.visit_f64(value)
                    }
                    _ => visitor.visit_borrowed_str(text),
                }
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let text = self.0.plain_text("true or false")?;
        if matches!(self.0.value, Value::Null) {
            return visitor.visit_bool(false);
        }
        visitor.visit_bool(as_switch(text).ok_or_else(|| self.0.mismatch("true or false"))?)
    }

    integers! {
        deserialize_i8 visit_i8 i8, "a whole number";
        deserialize_i16 visit_i16 i16, "a whole number";
        deserialize_i32 visit_i32 i32, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number, 0 or more";
        deserialize_u64 visit_u64 u64, "a whole number, 0 or more";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_f64(self.0.float()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_f64(self.0.float()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Scalar { text, .. } => visitor.visit_borrowed_str(text),
            Value::Null => visitor.visit_borrowed_str(""),
            Value::List(_) | Value::Map(_) => Err(self.0.mismatch("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.value {
            Value::Null => visitor.visit_none(),
            Value::Scalar { .. } | Value::List(_) | Value::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let items = self.0.items().ok_or_else(|| self.0.mismatch("a list"))?;
        visitor.visit_seq(Items { items: items.iter().enumerate() })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let entries = self.0.entries().ok_or_else(|| self.0.mismatch("a mapping"))?;
        visitor.visit_map(Entries { entries: entries.iter(), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let text = self.0.text().ok_or_else(|| self.0.mismatch("a text"))?;
        visitor.visit_enum(IntoDeserializer::<ReadError>::into_deserializer(text))
    }

    forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any i128 u128
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        let read = seed.deserialize(Reader(node));
        read.map(Some).map_err(|error| error.at(node.at).below(format!("[{index}]")))
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        self.value = Some(entry);
        let key: StrDeserializer<'de, ReadError> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|error| error.at(entry.key_at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let entry = self.value.take().ok_or_else(|| de::Error::custom("a value without a key"))?;
        let read = seed.deserialize(Reader(&entry.node));
        read.map_err(|error: ReadError| error.at(entry.node.at).below(entry.key.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use crate::Document;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Sample {
        name: String,
        port: Option<u16>,
        list: Vec<Sample>,
        any: serde_json::Value,
    }

    #[track_caller]
    fn error(text: &str) -> String {
        let document = Document::parse("f.yml", text).expect("the text is YAML");
        document.read::<Sample>().expect_err("the text is wrong").to_string()
    }

    #[test]
    fn values_are_read_as_what_is_asked_for() {
        let text = "name: 123\nport: 80\nlist:\nany: {a: [1, -2, 1.5, 'x', true, null, 1m, 0123, 1.10, +5, inf]}\n";
        let read: Sample = Document::parse("f.yml", text).unwrap().read().unwrap();
        assert_eq!((read.name.as_str(), read.port), ("123", Some(80)));
        let expected = serde_json::json!({ "a": [
            1, -2, 1.5, "x", true, null, "1m", "0123", "1.10", "+5", "inf"
        ] });
        assert_eq!(read.any, expected);
    }

    #[test]
    fn words_and_numbers_are_those_of_prometheus() {
        #[derive(Debug, Default, PartialEq, Deserialize)]
        #[serde(default)]
        struct Shapes {
            on: bool,
            count: i64,
            ratio: f64,
            text: String,
        }
        let read = |text: &str| Document::parse("f.yml", text).unwrap().read::<Shapes>();
        for (text, on) in [("yes", true), ("Off", false), ("n", false), ("TRUE", true)] {
            let expected = Shapes { on, text: text.to_owned(), ..Shapes::default() };
            assert_eq!(read(&format!("on: {text}\ntext: {text}")).unwrap(), expected);
        }
        for (text, count) in
            [("0x1F", 31), ("0o17", 15), ("010", 8), ("0b11", 3), ("-1_000", -1000), ("1e3", 1000)]
        {
            assert_eq!(read(&format!("count: {text}")).unwrap().count, count, "{text}");
        }
        assert_eq!(read("ratio: .inf").unwrap().ratio, f64::INFINITY);
        assert_eq!(read("on:\ncount:\nratio: ~\ntext:\n").unwrap(), Shapes::default());
        assert!(read("count: 1.5").is_err() && read("on: maybe").is_err());
    }

    #[test]
    fn errors_name_place_key_and_what_would_be_right() {
        assert_eq!(
            error("list:\n  - name: a\n  - nmae: b\n"),
            "f.yml:3:5: list[1]: unknown key \"nmae\"; did you mean \"name\"? \
             (known here: name, port, list, any)"
        );
        assert_eq!(
            error("list: [{port: \"80\"}]"),
            "f.yml:1:15: list[0].port: expected a whole number from 0 to 65535, found \"80\""
        );
        assert_eq!(error("name: [a]"), "f.yml:1:7: name: expected a text, found a list");
        assert_eq!(error("list: 5"), "f.yml:1:7: list: expected a list, found \"5\"");
    }
}
