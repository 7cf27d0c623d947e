//! Whether JSON is what a schema says: as much of JSON Schema as the document uses.
//!
//! Always holds: a keyword that is not known fails the test, so that none is overlooked.

use std::collections::BTreeSet;

use serde_json::Value;

/// What only tells people something.
const TOLD: [&str; 3] = ["description", "contentMediaType", "contentSchema"];

/// What of `value` is not as `schema` has it, each with its place. The names of schemas that it fits are
/// put with `met`.
pub(super) fn problems(
    document: &Value,
    schema: &Value,
    value: &Value,
    met: &mut BTreeSet<String>,
) -> Vec<String> {
    let mut check = Check { document, found: Vec::new(), met: BTreeSet::new() };
    check.value(schema, value, "");
    met.append(&mut check.met);
    check.found
}

struct Check<'a> {
    document: &'a Value,
    found: Vec<String>,
    met: BTreeSet<String>,
}

impl Check<'_> {
    /// One that has found nothing yet.
    fn anew(&self) -> Self {
        Self { document: self.document, found: Vec::new(), met: BTreeSet::new() }
    }

    fn say(&mut self, at: &str, what: impl std::fmt::Display) {
        self.found.push(format!("{at}: {what}"));
    }

    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        let rules = schema.as_object().expect("a schema is an object");
        for (keyword, rule) in rules {
            match keyword.as_str() {
                "$ref" => {
                    let pointer = rule.as_str().and_then(|text| text.strip_prefix('#'));
                    let pointer = pointer.expect("a reference is to this document");
                    let named = self.document.pointer(pointer).expect("what is named is there");
                    self.value(named, value, at);
                    self.met.extend(pointer.rsplit('/').next().map(str::to_owned));
                }
                "type" if !is_of_type(rule, value) => {
                    self.say(at, format_args!("{value} is no {rule}"));
                }
                "format" => self.format(rule, value, at),
                "enum" if !rule.as_array().expect("a list").contains(value) => {
                    self.say(at, format_args!("{value} is none of {rule}"));
                }
                "oneOf" => self.one_of(rule.as_array().expect("a list"), value, at),
                "required" if value.is_object() => {
                    let names = rule.as_array().expect("a list").iter().filter_map(Value::as_str);
                    for name in names.filter(|name| value.get(name).is_none()) {
                        self.say(at, format_args!("{name} is missing"));
                    }
                }
                "properties" => self.properties(rules, value, at),
                "additionalProperties" if rules.get("properties").is_none() => {
                    self.properties(rules, value, at);
                }
                "items" => {
                    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(rule, item, &format!("{at}[{place}]"));
                    }
                }
                "prefixItems" => {
                    let places = rule.as_array().expect("a list").iter();
                    let items = value.as_array().into_iter().flatten();
                    for (place, (rule, item)) in places.zip(items).enumerate() {
                        self.value(rule, item, &format!("{at}[{place}]"));
                    }
                }
                "minItems" | "maxItems" => {
                    let length = value.as_array().map(Vec::len);
                    if length.is_some_and(|length| Some(length as u64) != rule.as_u64()) {
                        self.say(at, format_args!("{value} has not {rule} items"));
                    }
                }
                "type" | "enum" | "required" | "additionalProperties" => {}
                told if TOLD.contains(&told) => {}
                other => panic!("this test does not know {other}"),
            }
        }
    }

    fn properties(&mut self, rules: &serde_json::Map<String, Value>, value: &Value, at: &str) {
        let none = Value::Object(serde_json::Map::new());
        let known = rules.get("properties").unwrap_or(&none);
        for (name, inner) in value.as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            match (known.get(name), rules.get("additionalProperties")) {
                (Some(rule), _) => self.value(rule, inner, &at),
                (None, Some(Value::Bool(false))) => self.say(&at, "is not known"),
                (None, None | Some(Value::Bool(true))) => {}
                (None, Some(rule)) => self.value(rule, inner, &at),
            }
        }
    }

    fn format(&mut self, rule: &Value, value: &Value, at: &str) {
        assert_eq!(rule, "date-time", "this test knows no other format");
        let Some(text) = value.as_str() else { return };
        if text.parse::<jiff::Timestamp>().is_err() {
            self.say(at, format_args!("{text:?} is no time"));
        }
    }

    /// Where none fits, what is wrong with the one that fits best is told.
    fn one_of(&mut self, schemas: &[Value], value: &Value, at: &str) {
        let tried = schemas.iter().map(|schema| {
            let mut check = self.anew();
            check.value(schema, value, at);
            check
        });
        let mut tried: Vec<Check<'_>> = tried.collect();
        tried.sort_by_key(|check| check.found.len());
        let fitting = tried.iter().filter(|check| check.found.is_empty()).count();
        if fitting > 1 {
            self.say(at, format_args!("{value} is {fitting} of what it may be"));
        }
        let mut best = tried.swap_remove(0);
        self.found.append(&mut best.found);
        self.met.append(&mut best.met);
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    if let Value::Array(rules) = rule {
        return rules.iter().any(|rule| is_of_type(rule, value));
    }
    match rule.as_str().expect("a type is a text") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("this test does not know the type {other}"),
    }
}

#[test]
fn what_does_not_fit_is_told_by_its_place() {
    let document = serde_json::json!({"named": {"type": "object", "properties": {
        "a": {"oneOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]},
        "b": {"type": ["array", "null"], "items": {"$ref": "#/named"}},
        "c": {"type": "array", "prefixItems": [{"type": "integer"}], "minItems": 1, "maxItems": 1},
    }, "required": ["a"], "additionalProperties": false}});
    let told = |value: Value| {
        problems(&document, &document["named"], &value, &mut BTreeSet::new()).join("; ")
    };
    let good = serde_json::json!({"a": null, "b": [{"a": "x", "b": null, "c": [1]}]});
    assert_eq!(told(good), "");
    for (bad, at) in [
        (serde_json::json!([]), ": [] is no"),
        (serde_json::json!({}), ": a is missing"),
        (serde_json::json!({"a": "y"}), ".a: \"y\" is none of"),
        (serde_json::json!({"a": "x", "d": 1}), ".d: is not known"),
        (serde_json::json!({"a": "x", "b": [{"a": 1}]}), ".b[0].a: 1 is no"),
        (serde_json::json!({"a": "x", "c": ["1"]}), ".c[0]: \"1\" is no"),
        (serde_json::json!({"a": "x", "c": []}), ".c: [] has not 1 items"),
    ] {
        let told = told(bad.clone());
        assert!(told.starts_with(at), "{bad}: {told}");
    }
}
