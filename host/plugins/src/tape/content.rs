//! Bytes in a recording, readable where they are text.
//!
//! A text is a JSON string; one of several lines is an array of its lines, so that a difference
//! shows the line; what is no text is `{"base64": "…"}` (RFC 4648, part 4).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base64;

/// Bytes of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Shape {
    Line(String),
    Lines(Vec<String>),
    Binary { base64: String },
}

impl Content {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_text = |text: &&str| {
            !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
        };
        let shape = match std::str::from_utf8(&self.0).ok().filter(is_text) {
            Some(text) if text.trim_end_matches('\n').contains('\n') => {
                Shape::Lines(text.split('\n').map(str::to_owned).collect())
            }
            Some(text) => Shape::Line(text.to_owned()),
            None => Shape::Binary { base64: base64::encoded(&self.0) },
        };
        shape.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Shape::deserialize(deserializer)? {
            Shape::Line(text) => text.into_bytes(),
            Shape::Lines(lines) => lines.join("\n").into_bytes(),
            Shape::Binary { base64: text } => {
                base64::decoded(&text).ok_or_else(|| D::Error::custom("no base64"))?
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], json: &str) {
        let content = Content(bytes.to_vec());
        assert_eq!(serde_json::to_string(&content).unwrap(), json);
        assert_eq!(serde_json::from_str::<Content>(json).unwrap(), content);
    }

    #[test]
    fn text_is_readable_and_everything_comes_back() {
        check(b"", r#""""#);
        check("up 1 ä\n".as_bytes(), r#""up 1 ä\n""#);
        check(b"a\nb\n", r#"["a","b",""]"#);
        check(b"\n\n", r#""\n\n""#);
        check(&[0], r#"{"base64":"AA=="}"#);
        check(&[0xff, 0xfe], r#"{"base64":"//4="}"#);
        check(&[0, 1, 2, 250], r#"{"base64":"AAEC+g=="}"#);
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        assert!(serde_json::from_str::<Content>(r#"{"base64":"a?"}"#).is_err());
    }
}
