//! Queries to canonical text, or to errors with the text at fault.

use expect_test::{Expect, expect};

use crate::{Features, NodeKind, diagnose, parse_with};

mod diagnosis;
mod properties;
mod refusals;

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
