use serde_json::{Value, json};

use super::*;
use crate::testing::{self, FakeHost, answer};

#[track_caller]
fn written(value: &Value, text: &str) {
    let bytes = to_json(value).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), format!("{text}\n"));
}

#[test]
fn json_is_written_as_go_writes_it() {
    written(
        &json!("a < b & c > d \u{2028}\u{2029} é \"\\\u{8}\u{c}\n\r\t\u{1}\u{7f}"),
        concat!(r#""a \u003c b \u0026 c \u003e d \u2028\u2029 é \"\\\b\f\n\r\t\u0001"#, "\u{7f}\""),
    );
    written(&json!({ "b": 1, "a": [null, true, {}] }), r#"{"a":[null,true,{}],"b":1}"#);
    written(
        &json!([1.0, 0.0, -1.5, 1e20, 1e21, 1.25e300, 0.000_001, 0.000_000_1, u64::MAX]),
        "[1,0,-1.5,100000000000000000000,1e+21,1.25e+300,0.000001,1e-7,18446744073709551615]",
    );
}

#[track_caller]
fn read(text: &str, value: &Value) {
    assert_eq!(read_again(json!(text)), *value, "{text:?}");
}

/// What a real Alertmanager made of these texts in a `payload`.
#[test]
fn texts_are_read_again_as_yaml() {
    read("1.50", &json!(1.5));
    read("0x1f", &json!(31));
    read("-0b11", &json!(-3));
    read("0o17", &json!(15));
    read("017", &json!(15));
    read("018", &json!(18.0));
    read("1_000", &json!(1000));
    read("[1] x", &json!([1]));
    read("{a, b: #c\n}", &json!({ "a": null, "b": null }));
    read("18446744073709551616", &json!(18_446_744_073_709_551_616.0));
    read("1e3", &json!(1000.0));
    read("yes", &json!(true));
    read("Off", &json!(false));
    read("~", &json!(null));
    read("", &json!(null));
    read(" \n", &json!(null));
    read("# a comment", &json!(null));
    read("k: v", &json!({ "k": "v" }));
    read("k: 1\nk: 2", &json!({ "k": 2 }));
    read("1: odd\nk: [yes, 'yes']", &json!({ "k": [true, "yes"] }));
    read("-", &json!([null]));
    read("- a\n- b: {c: null}", &json!(["a", { "b": { "c": null } }]));
    read(r#"[{"n":"1","s":"a: b"}]"#, &json!([{ "n": "1", "s": "a: b" }]));
    read("a: 1\n---\nb: 2", &json!({ "a": 1 }));
    read(
        "Labels:\n - alertname = Down\nSource: http://a/b?c=d\n",
        &json!({ "Labels": ["alertname = Down"], "Source": "http://a/b?c=d" }),
    );
}

#[test]
fn texts_that_mean_themselves_stay_as_they_are() {
    for text in [
        "disk full",
        " padded ",
        "'quoted'",
        "\"1\"",
        "2020-01-01",
        "12:30",
        "0x",
        "--1",
        "1.2.3",
        ".",
        "--",
        "*bold*",
        "&anchor x",
        "!tag x",
        "@here",
        "`code`",
        "a: b: c",
        "[1, 2",
        "{[]: 1}",
        "_1",
        "a\nb: c",
        "<<: {a: 1}",
        "1e400",
        ".inf",
        ".nan",
        "0b2",
        "1e",
        "a\n---\nb",
        "e",
        "+",
    ] {
        read(text, &json!(text));
    }
    let deep = "[".repeat(100) + &"]".repeat(100);
    read(&deep, &json!(deep));
}

#[test]
fn long_texts_are_cut_between_characters() {
    assert_eq!(cut("äöü", 3), "äöü");
    assert_eq!(cut("äöüß", 3), "äö…");
}

#[test]
fn a_group_has_a_key_of_bounded_length() {
    let group = testing::group(vec![testing::alert(&[("alertname", "Down")], &[])]);
    assert_eq!(group.group_key, r#"{}:{alertname="Down"}"#);
    let of_alertmanager = "af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e";
    assert_eq!(hashed(&group.group_key), of_alertmanager);
}

#[test]
fn only_failures_that_may_pass_are_tried_again() {
    let refused = |status, headers: &'static [(&str, &str)], again: &[u16]| {
        let host =
            FakeHost::new().http("http://a/", move |_| Ok(answer(status, headers, " no \n")));
        host.run(|| deliver("it", post("http://a/", Vec::new()), again)).unwrap_err()
    };
    let error = refused(400, &[], &[]);
    assert_eq!(error.message, "it answered with status 400: no");
    assert!(!error.retryable);
    assert!(refused(500, &[], &[]).retryable && refused(599, &[], &[]).retryable);
    assert!(refused(403, &[], &[403]).retryable && !refused(403, &[], &[]).retryable);
    assert!(!refused(429, &[], &[]).retryable);
    let error = refused(429, &[("Retry-After", "7")], &[]);
    assert_eq!((error.kind, error.retryable), (ErrorKind::RateLimited, true));
    assert_eq!(error.retry_after_ms, Some(7000));
    assert!(!refused(302, &[("Retry-After", "7")], &[]).retryable);

    let lost = |error: Error| {
        let host = FakeHost::new().http("http://a/", move |_| Err(error.clone()));
        host.run(|| deliver("it", post("http://a/", Vec::new()), &[])).unwrap_err()
    };
    assert!(lost(Error::unreachable("refused")).retryable);
    assert_eq!(lost(Error::timeout("no answer")).message, "post to it: no answer");
    assert!(!lost(Error::denied("no grant")).retryable);
}

#[test]
fn settings_are_judged_as_alertmanager_judges_them() {
    let key = |judged: Result<(), Error>| judged.unwrap_err().message;
    assert_eq!(key(chosen("url", "", "url_file", "")), "url: missing; set it, or url_file");
    assert_eq!(
        key(chosen("url", "u", "url_file", "f")),
        "url: stands beside url_file; leave one of them out"
    );
    chosen("url", "u", "url_file", "").unwrap();
    chosen("url", "", "url_file", "f").unwrap();
    either("url", "", "url_file", "").unwrap();
    for good in ["http://a", "https://a/b", "", "{{ .CommonLabels.url }}"] {
        url("url", good).unwrap();
    }
    for bad in ["a", "ftp://a", "http:///x", "https://"] {
        assert!(key(url("url", bad)).starts_with("url: must be a URL"), "{bad}");
    }
}
