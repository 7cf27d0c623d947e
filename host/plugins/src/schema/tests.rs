use serde_json::json;

use super::*;

#[track_caller]
fn check(schema: &Value, config: &Value, expected: &str) {
    let schema = Schema::parse(&schema.to_string()).unwrap();
    let judged = schema.validate(config).map_err(|violation| violation.to_string());
    assert_eq!(judged.err().unwrap_or_default(), expected);
}

#[test]
fn keys_are_named_with_what_would_be_right() {
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["names"],
        "properties": {
            "names": { "type": "array", "minItems": 1, "items": { "type": "string", "minLength": 1 } },
            "type": { "enum": ["A", "SRV"], "default": "SRV" },
            "port": { "type": "integer", "minimum": 1, "maximum": 65535 },
        },
    });
    check(&schema, &json!({ "names": ["a"], "type": "A", "port": 80 }), "");
    check(&schema, &json!({}), "key \"names\" is missing");
    check(&schema, &json!({ "names": [] }), "names: 0 items; at least 1 are needed");
    check(&schema, &json!({ "names": ["a", 7] }), "names[1]: 7 is no string");
    check(&schema, &json!({ "names": [""] }), "names[0]: must not be empty");
    check(
        &schema,
        &json!({ "names": ["a"], "type": "MX" }),
        "type: \"MX\" is not one of \"A\", \"SRV\"",
    );
    check(&schema, &json!({ "names": ["a"], "port": 0 }), "port: 0 is below 1");
    check(&schema, &json!({ "names": ["a"], "port": 1.5 }), "port: 1.5 is no integer");
    check(
        &schema,
        &json!({ "names": ["a"], "prot": 1 }),
        "prot: unknown key (known here: names, port, type)",
    );
    check(&schema, &json!([]), "a list is no object");
}

#[test]
fn references_and_alternatives_are_followed() {
    let schema = json!({
        "$defs": { "url": { "type": "string", "pattern": "^https?://" } },
        "anyOf": [
            { "type": "object", "required": ["url"], "properties": { "url": { "$ref": "#/$defs/url" } } },
            { "type": "null" },
        ],
    });
    check(&schema, &json!({ "url": "http://a" }), "");
    check(&schema, &json!(null), "");
    check(&schema, &json!({ "url": "ftp://a" }), "url: does not match ^https?://");
}

#[test]
fn a_schema_that_cannot_be_kept_is_refused() {
    let refused = |text: &str| Schema::parse(text).unwrap_err().to_string();
    assert!(refused(r#"{"if": {}}"#).contains("refused at #/if: this keyword is not checked"));
    assert!(refused(r##"{"$ref": "#/$defs/x"}"##).contains("no definition \"x\""));
    assert!(refused(r#"{"type": "strin"}"#).contains("#/type: the name of a type"));
    assert!(refused("{").contains("refused at #:"));
    assert!(Schema::parse("").unwrap().validate(&json!({ "any": 1 })).is_ok());
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({ "$defs": { "a": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" });
    check(&schema, &json!(1), "nested deeper than 64 levels");
}
