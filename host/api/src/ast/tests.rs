//! Queries to JSON, every kind of node.

use narthex_promql::{Features, parse_with};

use super::*;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn check(query: &str, expected: Value) {
    let expr = parse_with(query, Features::ALL).unwrap_or_else(|error| panic!("{error}"));
    let found = tree(expr.root());
    assert_eq!(found, expected, "{query}: {found}");
}

/// The selector `a`, with other values in some of its fields.
fn selector(kind: &str, changes: &Value) -> Value {
    let mut fields = json!({
        "type": kind,
        "name": "a",
        "matchers": [{"name": "__name__", "value": "a", "type": "="}],
        "offset": 0,
        "offsetExpr": null,
        "timestamp": null,
        "startOrEnd": null,
        "anchored": false,
        "smoothed": false,
    });
    for (key, value) in changes.as_object().unwrap() {
        fields[key] = value.clone();
    }
    fields
}

fn literal(val: &str, duration: bool) -> Value {
    json!({"type": "numberLiteral", "val": val, "duration": duration})
}

#[test]
fn selectors_say_all_that_they_choose() {
    check("a", selector("vectorSelector", &json!({})));
    let matchers = json!([
        {"name": "b", "value": "c", "type": "!="},
        {"name": "d", "value": "e", "type": "=~"},
        {"name": "__name__", "value": "a", "type": "="},
    ]);
    let changes = json!({"matchers": matchers, "offset": -90_000, "timestamp": 1500});
    check(r#"a{b!="c",d=~"e"} offset -1m30s @ 1.5"#, selector("vectorSelector", &changes));
    let changes = json!({"offset": 1_700_000_432_727_i64});
    check("a offset 1700000432.727", selector("vectorSelector", &changes));
    let changes = json!({
        "range": 300_000, "rangeExpr": null, "startOrEnd": "start", "smoothed": true,
    });
    check("a[5m] smoothed @ start()", selector("matrixSelector", &changes));
}

#[test]
fn durations_are_numbers_or_trees() {
    let step = duration("step", &[Value::Null, Value::Null], false);
    let product = duration("*", &[step.clone(), literal("2", false)], true);
    let sum = duration("+", &[literal("60", true), product], false);
    let changes = json!({"range": 0, "rangeExpr": sum, "offsetExpr": step.clone()});
    check("a[1m + (step() * 2)] offset step()", selector("matrixSelector", &changes));
    let wrapped = |inner| duration("+", &[Value::Null, inner], true);
    let changes = json!({"offsetExpr": wrapped(literal("5", false))});
    check("a offset ((5))", selector("vectorSelector", &changes));
    let changes = json!({"offsetExpr": duration("+", &[Value::Null, step.clone()], false)});
    check("a offset +step()", selector("vectorSelector", &changes));
    let least = duration("min_of", &[literal("10", true), step], false);
    let changes = json!({"offsetExpr": duration("-", &[Value::Null, least], false)});
    check("a offset -min_of(10s, +step())", selector("vectorSelector", &changes));
}

#[test]
fn subqueries_calls_and_signs_hold_what_is_below() {
    let a = selector("vectorSelector", &json!({}));
    let subquery = json!({
        "type": "subquery", "expr": a, "range": 3_600_000, "rangeExpr": null, "step": 0,
        "stepExpr": null, "offset": 60_000, "offsetExpr": null, "timestamp": null,
        "startOrEnd": "end",
    });
    let call = json!({
        "type": "call",
        "func": {
            "name": "max_over_time", "argTypes": ["matrix"], "variadic": 0, "returnType": "vector",
        },
        "args": [subquery],
    });
    let paren = json!({"type": "parenExpr", "expr": call});
    check(
        "-(max_over_time(a[1h:] @ end() offset 1m))",
        json!({"type": "unaryExpr", "op": "-", "expr": paren}),
    );
    let expr = parse_with(r#"label_join(a, "b", "c")"#, Features::ALL).unwrap();
    assert_eq!(tree(expr.root())["func"]["variadic"], -1);
    assert_eq!(tree(expr.root())["args"][1], json!({"type": "stringLiteral", "val": "b"}));
}

#[test]
fn operators_say_how_their_sides_find_each_other() {
    let expr = |query: &str| tree(parse_with(query, Features::ALL).unwrap().root());
    let found = expr("a == bool on (x) group_left (y) fill_right (1.5) b");
    assert_eq!(found["bool"], true);
    let fill = json!({"lhs": null, "rhs": 1.5});
    let expected = json!({
        "card": "many-to-one", "labels": ["x"], "on": true, "include": ["y"], "fillValues": fill,
    });
    assert_eq!(found["matching"], expected);
    assert_eq!(expr("a and b")["matching"]["card"], "many-to-many");
    assert_eq!(expr("a </ b")["op"], "</");
    assert_eq!(expr("a * 2")["matching"], Value::Null);
    assert_eq!(expr("a * Inf")["rhs"], json!({"type": "numberLiteral", "val": "+Inf"}));
    assert_eq!(expr("-2e-7")["val"], "-0.0000002");
    let found = expr("topk without (x) (3, a)");
    let number = json!({"type": "numberLiteral", "val": "3"});
    assert_eq!((&found["param"], &found["op"]), (&number, &json!("topk")));
    assert_eq!((&found["grouping"], &found["without"]), (&json!(["x"]), &json!(true)));
    assert_eq!(expr("sum(a)")["param"], Value::Null);
}
