//! What an editor hears of a text: all its errors at once.

use super::*;

/// The places and words of everything that is wrong with a query.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is used up")]
fn check_all(query: &str, expected: Expect) {
    let errors = diagnose(query, Features::ALL);
    let lines: Vec<String> =
        errors.iter().map(|error| format!("{} {}\n", error.position, error.message)).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn an_editor_hears_of_every_independent_error() {
    check_all(
        "sum(up{a=}, b",
        expect![[r#"
        1:1 wrong number of arguments for aggregate expression provided, expected 1, got 2
        1:10 unexpected "}" in label matching, expected string
        1:14 unexpected end of input in aggregation, expected "," or ")"
    "#]],
    );
    check_all(
        "rate(up[5x]) + sum by (a b) (c) / foo(up{x=~\"(\"}) or (1",
        expect![[r#"
        1:9 bad number or duration syntax: "5x"
        1:26 unexpected identifier "b" in grouping opts, expected "," or ")"
        1:35 unknown function with name "foo"
        1:42 invalid regular expression "(": unclosed group
        1:56 unexpected end of input in parentheses, expected ")"
    "#]],
    );
    check_all(
        "a{b=1, c!, d=\"e\", =} * $ + -",
        expect![[r#"
        1:5 unexpected number "1" in label matching, expected string
        1:9 unexpected character after '!': ',', expected '='
        1:19 unexpected "=" in label matching, expected identifier or "}"
        1:24 unexpected character: '$'
        1:29 unexpected end of input, expected an expression
    "#]],
    );
    check_all(
        "sum(up[5m]) + rate(up) + \"x\"",
        expect![[r#"
        1:5 expected type instant vector in aggregation expression, got range vector
        1:20 expected type range vector in call to function "rate", got instant vector
        1:26 binary expression must contain only scalar and instant vector types
    "#]],
    );
    check_all(
        "sum(up[5m)) + sum(rate(up))",
        expect![[r#"
        1:10 unexpected ")" in subquery or range, expected ":" or "]"
        1:11 unexpected ")", expected an operator or the end of input
        1:24 expected type range vector in call to function "rate", got instant vector
    "#]],
    );
    check_all(
        "foo bar + baz qux{a=} )) - (,)",
        expect![[r#"
        1:5 unexpected identifier "bar", expected an operator or the end of input
        1:29 unexpected ",", expected an expression
    "#]],
    );
    check_all(
        "abs(up, 1, ) and time(up[1m])",
        expect![[r#"
        1:1 expected 1 argument(s) in call to "abs", got 2
        1:10 trailing commas not allowed in function call args
        1:18 expected 0 argument(s) in call to "time", got 1
    "#]],
    );
    check_all(
        "a + on (b c) d + e[",
        expect![[r#"
        1:11 unexpected identifier "c" in grouping opts, expected "," or ")"
        1:20 unexpected end of input in subquery or range selector, expected number, duration, step(), or range()
    "#]],
    );
    check_all(
        "",
        expect![[r#"
        1:1 no expression found in input
    "#]],
    );
    check_all(
        "'open",
        expect![[r#"
        1:1 unterminated quoted string
    "#]],
    );
    check_all(
        "info(up, $) + info(up, 1)",
        expect![[r#"
        1:10 unexpected character: '$'
        1:24 expected label selectors only
    "#]],
    );
}

#[test]
fn what_follows_from_an_error_is_not_told() {
    check_all(
        "sum($)",
        expect![[r#"
        1:5 unexpected character: '$'
    "#]],
    );
    check_all(
        "rate(nosuch(up))",
        expect![[r#"
        1:6 unknown function with name "nosuch"
    "#]],
    );
    check_all(
        "-(up[5m] + 1) > sum(a b)",
        expect![[r#"
        1:3 binary expression must contain only scalar and instant vector types
        1:23 unexpected identifier "b" in aggregation, expected "," or ")"
    "#]],
    );
}

#[test]
fn an_editor_hears_of_a_bounded_number_of_errors() {
    assert_eq!(diagnose(&"$ + ".repeat(1000), Features::ALL).len(), 32);
    assert_eq!(diagnose(&"a or".repeat(1000), Features::ALL).len(), 2);
}
