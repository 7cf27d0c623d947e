//! Queries to canonical text, and refusals with the place they point at.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::{Features, NodeKind, diagnose, parse_with};

/// The canonical text of a query, or the error with the text at fault.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is used up")]
fn check(query: &str, expected: Expect) {
    let shown = match parse_with(query, Features::ALL) {
        Ok(expr) => expr.to_string(),
        Err(error) => format!("{error}\n{}", error.excerpt()),
    };
    expected.assert_eq(&shown);
}

#[test]
fn numbers_come_in_many_forms() {
    check("0x1F + 1_000.5 + 1e3 + 0755 + .5", expect!["31 + 1000.5 + 1000 + 493 + 0.5"]);
    check("1h30m + -5s - inf * NaN", expect!["1h30m + -5s - +Inf * NaN"]);
}

#[test]
fn powers_bind_tighter_than_signs_and_to_the_right() {
    check("-2 ^ 2 ^ 3 * 4", expect!["-2 ^ 2 ^ 3 * 4"]);
    check("foo offset -2 ^ 2", expect!["foo offset -2s ^ 2"]);
}

#[test]
fn keywords_are_names_where_nothing_else_fits() {
    check(
        "sum by (by, on, bool) (offset offset 5m)",
        expect!["sum by (by, on, bool) (offset offset 5m)"],
    );
    check("and and or unless fill", expect!["and and or unless fill"]);
    check(
        "SUM(start) AND Inf{}",
        expect![[r#"
        1:19: parse error: unexpected "{", expected an operator or the end of input
        SUM(start) AND Inf{}
                          ^"#]],
    );
}

#[test]
fn quoted_names_stand_inside_braces() {
    check(r#"{"my metric", 'a b'=~`x.*`}"#, expect![[r#"{"a b"=~"x.*",__name__="my metric"}"#]]);
    check(r#"up{a="\x41\u00e9\t",}"#, expect![[r#"up{a="Aé\t"}"#]]);
}

#[test]
fn modifiers_are_put_in_order() {
    check("rate(a[5m] offset 1h @ 10)", expect!["rate(a[5m] @ 10.000 offset 1h)"]);
    check("a[1h:] @ end() offset -(step() * 2)", expect!["a[1h:] @ end() offset -(step() * 2)"]);
    check("rate(a[5m] smoothed)", expect!["rate(a[5m] smoothed)"]);
    check(
        "a * bool on () group_left () b",
        expect![[r#"
            1:3: parse error: bool modifier can only be used on comparison operators
            a * bool on () group_left () b
              ^"#]],
    );
    check(
        "a + ignoring (x) fill_right(1) fill_left(-2) b",
        expect!["a + ignoring (x) fill_left (-2) fill_right (1) b"],
    );
}

#[test]
fn an_offset_takes_operators_in_behind_a_parenthesis_and_two_signs() {
    let check = |query: &str, is_taken_in: bool| {
        let expr = parse_with(query, Features::default()).unwrap_or_else(|e| panic!("{e}"));
        let is_selector = matches!(expr.root().kind, NodeKind::Selector(_));
        assert_eq!(is_selector, is_taken_in, "{query}: {expr}");
        assert_eq!(shape(&expr.to_string()), shape(query), "{query}: {expr}");
    };
    check("a offset (2m) + 1", true);
    check("a offset (2m) ^ 2", true);
    check("a offset - -2 ^ 2", true);
    check("a offset +-1m * 5", true);
    check("a offset -2m + 1", false);
    check("a offset 2m + 1", false);
    check("a offset -(2m) ^ 2", false);
    check("a offset -step() + 1", false);
    check("a offset step() + 1", false);
}

#[test]
fn what_says_nothing_is_left_out() {
    check("a offset 0s offset 5m - b offset -0", expect!["a offset 5m - b"]);
    check("rate(a offset 0s[5m])", expect!["rate(a[5m])"]);
    check("a / on () group_left () 1", expect!["a / 1"]);
    check("a / on () group_left () b", expect!["a / on () group_left () b"]);
}

#[test]
fn words_that_are_no_labels_alone_keep_their_quotes() {
    check(
        r#"sum by ("without", a:b, "c d", by) (x)"#,
        expect![[r#"sum by ("without", "a:b", "c d", by) (x)"#]],
    );
}

#[test]
fn comments_and_lines_do_not_matter() {
    check("sum # all\n  (a) # of it\n  without (b,)", expect!["sum without (b) (a)"]);
}

#[test]
fn a_refusal_points_at_the_text_at_fault() {
    check(
        "",
        expect![[r#"
        1:1: parse error: no expression found in input

        ^"#]],
    );
    check(
        "sum(rate(x[5m])",
        expect![[r#"
        1:16: parse error: unexpected end of input in aggregation, expected "," or ")"
        sum(rate(x[5m])
                       ^"#]],
    );
    check(
        "up{job=\"a\" instance=\"b\"}",
        expect![[r#"
        1:12: parse error: unexpected identifier "instance" in label matching, expected "," or "}"
        up{job="a" instance="b"}
                   ^^^^^^^^"#]],
    );
    check(
        "é",
        expect![[r#"
        1:1: parse error: unexpected character: 'é'
        é
        ^"#]],
    );
    check(
        "a +\n  foo(b)",
        expect![[r#"
        2:3: parse error: unknown function with name "foo"
          foo(b)
          ^^^"#]],
    );
    check(
        "up[5x]",
        expect![[r#"
        1:4: parse error: bad number or duration syntax: "5x"
        up[5x]
           ^^"#]],
    );
    check(
        r#"up{a=~"("}"#,
        expect![[r#"
        1:4: parse error: invalid regular expression "(": unclosed group
        up{a=~"("}
           ^^^^^^"#]],
    );
    check(
        "sum(up[5m])",
        expect![[r#"
        1:5: parse error: expected type instant vector in aggregation expression, got range vector
        sum(up[5m])
            ^^^^^^"#]],
    );
    check(
        "topk(up)",
        expect![[r#"
        1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1
        topk(up)
        ^^^^^^^^"#]],
    );
    check(
        "(up)[5m]",
        expect![[r#"
        1:5: parse error: ranges only allowed for vector selectors
        (up)[5m]
            ^^^^"#]],
    );
    check(
        "1 offset 5m",
        expect![[r#"
        1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
        1 offset 5m
        ^"#]],
    );
}

#[test]
fn guarded_parts_are_refused_by_name() {
    let error = |query: &str| parse_with(query, Features::default()).unwrap_err().message;
    assert_eq!(
        error("limitk(1, a)"),
        "limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
    );
    let check = |query: &str, name: &str| {
        let error = error(query);
        assert!(error.ends_with(&format!(": --enable-feature={name} is needed")), "{error}");
    };
    check("rate(a[5m] anchored)", "promql-extended-range-selectors");
    check("a + fill(0) b", "promql-binop-fill-modifiers");
    check("mad_over_time(a[5m])", "promql-experimental-functions");
}

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

/// A service thread's stack holds every tree that is let in, and the deepest is refused.
#[test]
fn nesting_is_bounded() {
    let run = || {
        for (open, close) in [("(", ")"), ("-", ""), ("abs(", ")"), ("a or ", "")] {
            let nest = |depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
            assert!(parse_with(&nest(400), Features::ALL).is_ok());
            let error = parse_with(&nest(100_000), Features::ALL).unwrap_err();
            assert!(error.message.contains("nested deeper"), "{error}");
            assert!(diagnose(&nest(100_000), Features::ALL).contains(&error));
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

/// The tree without its spans.
fn shape(query: &str) -> Option<String> {
    let expr = parse_with(query, Features::ALL).ok()?;
    let text = format!("{:?}", expr.root());
    let mut parts = text.split("Span { start: ");
    let mut shape = parts.next().unwrap_or("").to_owned();
    for part in parts {
        shape.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    Some(shape)
}

/// A query, most of the time a well-typed one.
fn query() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-c]{1,2}",
        "[a-c]\\{x=\"[yz\\\\\\\\\"]?\"\\}".prop_filter("quotes", |text| !text.contains("\"\"\"")),
        Just("a offset -5m".to_owned()),
        Just("b{x!~\"y|z\"} @ 12.5 offset 1h30m".to_owned()),
        Just("{\"a b\",x=''} @ start()".to_owned()),
        (-1000..1000_i32, 0..4_u32)
            .prop_map(|(n, scale)| format!("{}", f64::from(n) / 10_f64.powi(scale.cast_signed()))),
        Just("1h5m".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "^", "==bool", ">", "and", "or", "unless", "atan2",
        ]);
        let matching = prop::sample::select(vec!["", " on (x)", " ignoring (x, \"y z\")"]);
        prop_oneof![
            (inner.clone(), op, matching, inner.clone())
                .prop_map(|(a, op, m, b)| format!("{a} {op}{m} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("abs({a})")),
            inner.clone().prop_map(|a| format!("sum by (x) ({a})")),
            inner.clone().prop_map(|a| format!("topk without (x) (3, {a})")),
            inner.clone().prop_map(|a| format!("max_over_time(({a})[5m:30s] @ end())")),
            inner.prop_map(|a| format!("clamp({a}, 1, time())")),
        ]
    })
}

/// Without an error there is nothing to tell, and what ends a reading is among what is told.
fn agrees_with_diagnosis(text: &str) -> Result<(), TestCaseError> {
    let all = diagnose(text, Features::ALL);
    match parse_with(text, Features::ALL) {
        Ok(_) => prop_assert_eq!(all, vec![]),
        Err(error) => prop_assert!(all.contains(&error), "{error} is not among {all:?}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn right_queries_need_no_diagnosis(text in query()) {
        agrees_with_diagnosis(&text)?;
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        if let Err(error) = parse_with(&text, Features::ALL) {
            prop_assert!(error.excerpt().contains('^'));
        }
        agrees_with_diagnosis(&text)?;
    }

    #[test]
    fn no_sequence_of_tokens_makes_the_parser_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "a", "sum", "by", "(", ")", "{", "}", "[", "]", ":", ",", "5m", "1", "\"x\"", "=", "=~",
            "!=", "+", "-", "^", "and", "on", "group_left", "offset", "@", "start", "bool", "rate",
            "step()", "fill", "anchored", "#", "\n", "é", "0x", "'", "max_of",
        ]), 0..20)
    ) {
        let text = tokens.join(" ");
        if let Err(error) = parse_with(&text, Features::ALL) {
            prop_assert!(error.excerpt().contains('^'));
        }
        agrees_with_diagnosis(&text)?;
    }

    #[test]
    fn canonical_text_reads_back_as_the_same_tree(text in query()) {
        if let Ok(expr) = parse_with(&text, Features::ALL) {
            let canonical = expr.to_string();
            prop_assert_eq!(shape(&text), shape(&canonical), "{}", canonical);
        }
    }
}
