use super::*;

fn shown(text: &str) -> Option<String> {
    parse_matchers(text).ok().map(|matchers| matchers_text(&matchers))
}

#[test]
fn matchers_are_read_quoted_and_bare() {
    for (text, expected) in [
        ("a=b", r#"{a="b"}"#),
        (r#" a = "b c" "#, r#"{a="b c"}"#),
        (r#"{a!="b", c=~"d|e"}"#, r#"{a!="b",c=~"d|e"}"#),
        (r#""ä b"!~"x\"\\.y""#, r#"{"ä b"!~"x\"\\.y"}"#),
        (r#"{ä="x", "b"=c,}"#, r#"{ä="x",b="c"}"#),
        (r#"ä="\x41\u00e9\t\U0001f600\101""#, "{ä=\"Aé\t😀A\"}"),
        ("a=", r#"{a=""}"#),
        ("{}", "{}"),
        ("", "{}"),
    ] {
        assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn the_classic_syntax_goes_first() {
    for (text, expected) in [
        ("a=b c", r#"{a="b c"}"#),
        ("{a=b", r#"{a="b"}"#),
        ("a=b=c}", r#"{a="b=c"}"#),
        (r#"a=~"x\.y\d""#, r#"{a=~"x\\.y\\d"}"#),
        (r#"a="\t\n\\", b='c',"#, r#"{a="\\t\n\\",b="'c'"}"#),
        (r#"a="x,y\",z" , b!~(c|d)"#, r#"{a="x,y\",z",b!~"(c|d)"}"#),
        (r"a=b\", r#"{a="b\\"}"#),
    ] {
        assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
    }
    // One matcher has no commas between matchers.
    let one = parse_matcher("a=b,c=d").unwrap();
    assert_eq!(matcher_text(&one), r#"a="b,c=d""#);
}

#[test]
fn what_is_no_matcher_is_refused() {
    for text in [
        "a",
        "=b",
        r#"a="b"#,
        r#"a=~"(""#,
        r#"a="b\""#,
        "ä=b c",
        "a=b,,c=d",
        r#"ä="\q""#,
        "ä=",
        r#"a=b"c"#,
    ] {
        assert_eq!(shown(text), None, "{text}");
    }
    for text in ["{a=b", "{a=b}", "a=b}"] {
        assert!(parse_matcher(text).is_err(), "{text}");
    }
    let error = parse_matcher("a b").unwrap_err().to_string();
    assert!(error.contains("an operator (= != =~ !~) follows the name"), "{error}");
}
