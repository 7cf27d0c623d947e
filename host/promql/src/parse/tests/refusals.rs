//! Texts that are no queries, and what is said of them.

use expect_test::expect;

use super::*;

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
