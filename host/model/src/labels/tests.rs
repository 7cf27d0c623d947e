use super::*;

#[test]
fn pairs_are_sorted_and_empty_values_dropped() {
    let labels = Labels::from_pairs([("z", "1"), ("a", "2"), ("gone", ""), ("z", "3")]);
    assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "2"), ("z", "3")]);
}

#[test]
fn long_values_keep_their_length() {
    for len in [126, 127, 128, 16_384, 300_000] {
        let value = "é".repeat(len / 2);
        let labels = Labels::from_pairs([("a", value.as_str()), ("b", "x")]);
        assert_eq!(labels.get("a"), Some(value.as_str()));
        assert_eq!(labels.get("b"), Some("x"));
    }
}

#[test]
fn no_length_is_too_long() {
    for length in [0, 126, 127, 1 << 14, (1 << 28) - 1, 1 << 28, (1 << 35) - 1] {
        let mut text = String::new();
        push_length(&mut text, length);
        assert_eq!(length_at(text.as_bytes()), (length, text.len()));
    }
}

#[test]
fn order_is_by_pairs_not_by_encoding() {
    let short = Labels::from_pairs([("a", "zz")]);
    let long = Labels::from_pairs([("a", "bbb")]);
    assert!(long < short);
}

#[test]
fn shown_in_the_notation_of_prometheus() {
    let cases = [
        (vec![], "{}"),
        (vec![("__name__", "up")], "up"),
        (vec![("__name__", "up"), ("job", "a\"\\\n")], r#"up{job="a\"\\\n"}"#),
        (vec![("__name__", "my.metric"), ("a", "b")], r#"{"my.metric", a="b"}"#),
        (vec![("a.b", "c")], r#"{"a.b"="c"}"#),
    ];
    for (pairs, shown) in cases {
        assert_eq!(Labels::from_pairs(pairs).to_string(), shown);
    }
}
