//! What an answer looks like, whatever it says.

use narthex_harness::http::Response;
use serde_json::Value;

/// An answer without its values: the code, the kind of text, and what JSON is made of.
pub(super) fn shape_of(answer: &Response) -> String {
    let kind = answer.header("content-type").unwrap_or("no content type");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let mut shape = format!("{} {kind}", answer.status);
    if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
        shape += "\n";
        draw(&body, 1, &mut shape);
    }
    shape
}

/// Members by name, elements that look alike once. The words that programs decide by are kept.
fn draw(value: &Value, depth: usize, shape: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            *shape += "{\n";
            // serde_json sorts them.
            for (name, member) in members {
                *shape += &format!("{indent}{name}: ");
                match member.as_str().filter(|_| DECIDING.contains(&name.as_str())) {
                    Some(word) => *shape += word,
                    None => draw(member, depth + 1, shape),
                }
                *shape += "\n";
            }
            *shape += &format!("{}}}", "  ".repeat(depth - 1));
        }
        Value::Array(elements) => {
            let mut kinds: Vec<String> = Vec::new();
            for element in elements {
                let mut kind = String::new();
                draw(element, depth, &mut kind);
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            kinds.sort();
            *shape += &format!("[{}]", kinds.join(", "));
        }
        Value::String(text) if is_time(text) => *shape += "time",
        Value::String(_) => *shape += "text",
        Value::Number(_) => *shape += "number",
        Value::Bool(_) => *shape += "bool",
        Value::Null => *shape += "null",
    }
}

/// Members whose texts programs decide by.
const DECIDING: &[&str] =
    &["status", "errorType", "resultType", "type", "health", "state", "scrapePool"];

/// As `2026-11-25T20:22:56.000Z`.
fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

#[test]
fn a_shape_keeps_what_programs_decide_by() {
    let body =
        br#"{"status":"error","data":{"b":[1,2,{"c":null}],"a":"2026-11-25T20:22:56Z","d":"x"}}"#;
    let answer = Response {
        status: 400,
        headers: vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())],
        body: body.to_vec(),
    };
    let expected = "400 application/json\n{\n  data: {\n    a: time\n    b: [number, {\n      c: null\n    }]\n    \
                    d: text\n  }\n  status: error\n}";
    assert_eq!(shape_of(&answer), expected);
}
