//! A part of the file as JSON, for plugins.
//!
//! Invariant: a scalar becomes a number or a boolean only when that is written again as it was;
//! else it stays a text. Whether `0123` is a number is for the schema to say.

use narthex_settings::{Node, Value};
use serde_json::{Map, Number};

/// The node as JSON.
pub(crate) fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Scalar { text, plain } => scalar(text, *plain),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.to_string(), json(&entry.node)));
            serde_json::Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn scalar(text: &str, plain: bool) -> serde_json::Value {
    let as_text = || serde_json::Value::String(text.to_owned());
    match text {
        _ if !plain => as_text(),
        "true" => true.into(),
        "false" => false.into(),
        _ => {
            let number = text.parse::<Number>().ok();
            let same = number.filter(|number| number.to_string() == text);
            same.map_or_else(as_text, serde_json::Value::Number)
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_settings::Document;
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_lose_no_letter() {
        let text =
            "a: [80, -1, 1.5, true, False, 0123, 1.10, 1e3, 12345678901234567890123, \"7\", x, ~]";
        let document = Document::parse("f.yml", text).unwrap();
        let expected = json!({ "a": [
            80, -1, 1.5, true, "False", "0123", "1.10", "1e3", "12345678901234567890123", "7", "x",
            null,
        ] });
        assert_eq!(json(document.root()), expected);
    }
}
