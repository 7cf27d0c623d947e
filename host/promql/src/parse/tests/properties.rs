//! What holds of every text.

use proptest::prelude::*;

use super::*;

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
