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
fn a_schema_that_would_take_for_ever_is_refused() {
    let refused = |schema: Value| Schema::parse(&schema.to_string()).unwrap_err().to_string();
    let to = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    let itself = json!({ "$defs": { "a": to("a") }, "$ref": "#/$defs/a" });
    assert!(refused(itself).contains("the definition \"a\" refers to itself"));
    let twice = json!({ "$defs": { "a": { "allOf": [to("a"), to("a")] } }, "$ref": "#/$defs/a" });
    assert!(refused(twice).contains("refers to itself"));
    let below =
        json!({ "$defs": { "a": { "properties": { "b": to("c") } }, "c": { "items": to("a") } } });
    assert!(refused(below).contains("refers to itself"));
    // Without a circle: each definition has the next one twice.
    let definitions: serde_json::Map<_, _> = (0..20)
        .map(|number| {
            let next = to(&format!("d{}", number + 1));
            (format!("d{number}"), json!({ "allOf": [next.clone(), next] }))
        })
        .chain([("d20".to_owned(), json!({}))])
        .collect();
    let doubling = json!({ "$defs": definitions, "$ref": "#/$defs/d0" });
    assert!(refused(doubling).contains("more than 20000 parts once each reference is written out"));
    let pattern = json!({ "properties": { "a": { "pattern": r"\w{90}" } } });
    assert!(refused(pattern).contains("size limit"));
}

fn filled(schema: &Value, mut config: Value) -> Value {
    let schema = Schema::parse(&schema.to_string()).unwrap();
    schema.fill(&mut config, camino::Utf8Path::new("/etc/n"));
    config
}

#[test]
fn defaults_stand_where_nothing_was_said() {
    let schema = json!({
        "type": "object",
        "properties": {
            "server": { "type": "string", "default": "localhost:8500" },
            "port": { "allOf": [{ "$ref": "#/$defs/port" }] },
            "namespaces": {
                "type": "object",
                "properties": { "own": { "type": "boolean", "default": false } },
            },
            "services": { "type": "array", "items": {
                "type": "object", "properties": { "tag": { "type": "string", "default": "x" } },
            } },
            "nothing": { "type": ["null", "string"], "default": "y" },
        },
        "$defs": { "port": { "type": "integer", "default": 80 } },
    });
    assert_eq!(
        filled(&schema, json!({ "server": null, "nothing": null, "services": [{}, {"tag": "t"}] })),
        json!({
            "server": "localhost:8500", "port": 80, "nothing": null,
            "services": [{ "tag": "x" }, { "tag": "t" }],
        })
    );
    let given = json!({ "server": "s", "port": 1, "namespaces": {} });
    let expected =
        json!({ "server": "s", "port": 1, "namespaces": { "own": false }, "nothing": "y" });
    assert_eq!(filled(&schema, given), expected);
}

#[test]
fn scalars_become_what_the_schema_wants() {
    let schema = json!({ "properties": {
        "token": { "type": "string" },
        "port": { "type": "integer" },
        "level": { "type": "integer" },
        "stale": { "type": "boolean" },
        "tags": { "type": "array", "items": { "type": "string" } },
        "meta": { "additionalProperties": { "type": "string" } },
        "either": { "type": ["string", "integer"] },
        "role": { "enum": ["1", "2"] },
    } });
    let given = json!({
        "token": 123, "port": "80", "level": "007", "stale": "yes", "tags": [true, 1.5, "x"], "meta": { "a": 1 },
        "either": 1, "role": 2,
    });
    let expected = json!({
        "token": "123", "port": 80, "level": 7, "stale": true, "tags": ["true", "1.5", "x"],
        "meta": { "a": "1" }, "either": 1, "role": "2",
    });
    assert_eq!(filled(&schema, given), expected);
    let wrong = json!({ "port": "eighty", "stale": "perhaps" });
    assert_eq!(filled(&schema, wrong.clone()), wrong);
}

#[test]
fn files_count_from_the_folder_of_the_configuration() {
    let schema = json!({ "properties": { "kubeconfig": { "type": "string", "x-file": true } } });
    let path = |given: &str| filled(&schema, json!({ "kubeconfig": given }));
    assert_eq!(path("k")["kubeconfig"], "/etc/n/k");
    assert_eq!(path("/k")["kubeconfig"], "/k");
    assert_eq!(path("")["kubeconfig"], "");
}

#[test]
fn secrets_are_found_and_never_shown() {
    let schema = json!({
        "properties": {
            "token": { "$ref": "#/$defs/secret" },
            "list": { "type": "array", "items": { "properties": { "key": { "x-secret": true } } } },
            "key": { "x-secret": false },
            "headers": { "x-secret": true },
        },
        "$defs": { "secret": { "enum": ["a"], "x-secret": true } },
    });
    check(&schema, &json!({ "token": "hunter2" }), "token: <secret> is not one of \"a\"");
    let wrong = json!({
        "$defs": { "text": { "type": "string" }, "small": { "maximum": 9 } },
        "properties": {
            "beside": { "$ref": "#/$defs/text", "x-secret": true },
            "part": { "x-secret": true, "allOf": [{ "$ref": "#/$defs/small" }] },
            "above": { "x-secret": true, "properties": { "pin": { "type": "string" } } },
            "list": {
                "uniqueItems": true,
                "items": { "anyOf": [{ "x-secret": true, "type": "integer" }] },
            },
        },
    });
    check(&wrong, &json!({ "beside": 1234 }), "beside: <secret> is no string");
    check(&wrong, &json!({ "part": 1234 }), "part: <secret> is above 9");
    check(&wrong, &json!({ "above": { "pin": 1234 } }), "above.pin: <secret> is no string");
    check(&wrong, &json!({ "list": [1234, 1234] }), "list: <secret> stands twice");
    check(&wrong, &json!({ "list": ["hunter2"] }), "list[0]: <secret> is no integer");
    let schema = Schema::parse(&schema.to_string()).unwrap();
    for (keys, expected) in [
        (&["token"][..], Some(true)),
        (&["list", "key"], Some(true)),
        (&["key"], Some(false)),
        (&["headers", "X"], Some(true)),
        (&["other"], None),
    ] {
        assert_eq!(schema.is_secret(keys), expected, "{keys:?}");
    }
}

#[test]
fn notes_at_the_top_are_read() {
    let notes = |schema: Value| Schema::parse(&schema.to_string()).map(|schema| schema.notes);
    let schema = json!({
        "x-http-config": true,
        "x-endpoints": ["http://{server}", "https://ec2.{region}.amazonaws.com:{port}"],
        "x-profile": "aws", "x-aws-service": "ec2",
    });
    let read = notes(schema).unwrap();
    assert!(read.takes_http);
    let shown: Vec<String> = read.endpoints.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["http://{server}", "https://ec2.{region}.amazonaws.com:{port}"]);
    assert_eq!(read.profile, Some(Profile::Aws { service: "ec2".to_owned() }));
    let expand = |config: Value| -> Vec<String> {
        read.endpoints.iter().filter_map(|template| template.expand(&config)).collect()
    };
    assert_eq!(expand(json!({ "server": "s:1", "region": "r" })), ["http://s:1"]);
    let whole = json!({ "server": "", "region": "r", "port": 8443 });
    assert_eq!(expand(whole), ["https://ec2.r.amazonaws.com:8443"]);
    let refused = |schema: Value| notes(schema).unwrap_err().to_string();
    assert!(refused(json!({ "x-profile": "gcp" })).contains("#/x-profile: kubernetes or aws"));
    assert!(refused(json!({ "x-profile": "aws" })).contains("needs x-aws-service"));
    assert!(refused(json!({ "x-aws-service": "ec2" })).contains("only for the profile aws"));
    assert!(refused(json!({ "x-endpoints": ["http://{server"] })).contains("list of templates"));
    let nested = json!({ "properties": { "a": { "x-http-config": true } } });
    assert!(refused(nested).contains("at the top of a schema only"));
}

#[test]
fn properties_may_exclude_keys_of_http_clients() {
    let schema = |conflicts: Value| {
        let schema = json!({
            "x-http-config": true,
            "x-http-conflicts": conflicts,
            "properties": { "token": {}, "user": {} },
        });
        Schema::parse(&schema.to_string()).map(|schema| schema.notes.conflicts)
    };
    let conflicts =
        schema(json!({ "token": ["authorization", "oauth2"], "user": ["basic_auth"] })).unwrap();
    let found = |config: Value| conflicts.find(&config).map(|(key, why)| format!("{key}: {why}"));
    let why = "token: token and oauth2 exclude each other".to_owned();
    assert_eq!(found(json!({ "token": "t", "oauth2": {}, "basic_auth": {} })), Some(why));
    let why = "user: user and basic_auth exclude each other".to_owned();
    assert_eq!(
        found(json!({ "user": "u", "token": "", "oauth2": {}, "basic_auth": {} })),
        Some(why)
    );
    assert_eq!(
        found(json!({ "token": "t", "user": null, "basic_auth": {}, "oauth2": null })),
        None
    );
    for wrong in [json!({ "pin": ["oauth2"] }), json!({ "token": ["port"] }), json!(["oauth2"])] {
        assert!(
            schema(wrong.clone()).unwrap_err().to_string().contains("#/x-http-conflicts"),
            "{wrong}"
        );
    }
}
