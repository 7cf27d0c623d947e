//! The functions of Alertmanager.

use super::{check, check_error};

#[test]
fn texts() {
    check(
        "{{ toUpper \"aéß\" }} {{ toLower \"AÉ\" }} [{{ trimSpace \" \\u00a0 x\\n\" }}]",
        "AÉß aé [x]",
    );
    check("{{ title \"disk FULL on foo_bar-baz\" }}", "Disk Full On Foo_bar-Baz");
    check(
        "{{ title \"it's a.b a:b 1st x1y éa ǆa ßa a..b a,b\" }}",
        "It's A.b A:b 1St X1y Éa ǅa Ssa A..B A,B",
    );
    check(
        "{{ join \", \" (stringSlice \"a\" \"b\") }}{{ stringSlice \"c\" | join \"-\" }}",
        "a, bc",
    );
    check("{{ list \"a\" \"b\" | join \",\" }}{{ join \",\" list }}", "a,b");
    check_error(
        "{{ list \"a\" 1 | join \",\" }}",
        "error calling join: wrong type for value; expected string; got int",
    );
    check_error(
        "{{ join \",\" \"a\" }}",
        "error calling join: wrong type for value; expected a list; got string",
    );
    check_error(
        "{{ toUpper 1 }}",
        "error calling toUpper: wrong type for value; expected string; got int",
    );
    check_error(
        "{{ stringSlice 1 }}",
        "error calling stringSlice: wrong type for value; expected string; got int",
    );
}

#[test]
fn patterns() {
    check(
        "{{ match \"^a.c$\" \"abc\" }} {{ match \"b\" \"abc\" }} {{ match \"^b\" \"abc\" }}",
        "true true false",
    );
    check("{{ reReplaceAll \"(a)(b)?\" \"<$1${2}>$$\" \"ab-a\" }}", "<ab>$-<a>$");
    let error = super::text("{{ match \"(\" \"\" }}").unwrap_err();
    assert!(error.contains("error calling match: regex parse error"), "{error}");
    check_error(
        "{{ match \"(a{1000}){1000}\" \"\" }}",
        "error calling match: Compiled regex exceeds size limit of 10485760 bytes.",
    );
}

#[test]
fn encodings() {
    check("{{ urlUnescape \"a%20b+c%C3%A9\" }} {{ urlquery \"a b&c\" }}", "a b cé a+b%26c");
    check_error(
        "{{ urlUnescape \"%zz\" }}",
        "error calling urlUnescape: invalid URL escape \"%zz\"",
    );
    check_error(
        "{{ urlUnescape \"a%2\" }}",
        "error calling urlUnescape: invalid URL escape \"%2\"",
    );
    for (plain, encoded) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("flush>>", "Zmx1c2g-Pg=="),
        ("???é", "Pz8_w6k="),
    ] {
        check(&format!("{{{{ base64encode {plain:?} }}}}"), encoded);
        check(&format!("{{{{ base64decode {encoded:?} }}}}"), plain);
    }
    check("{{ base64decode \"Zm\\n8=\" }}", "fo");
    for (wrong, at) in
        [("Zg", 2), ("Zg=", 3), ("Zg===", 4), ("=", 0), ("Zm8+", 3), ("Zg==Zg==", 4), ("a!", 1)]
    {
        check_error(
            &format!("{{{{ base64decode {wrong:?} }}}}"),
            &format!("error calling base64decode: illegal base64 data at input byte {at}"),
        );
    }
}

#[test]
fn json() {
    check(
        "{{ toJson nil }} {{ toJson true }} {{ 42 | toJson }} {{ toJson \"a\" }}",
        "null true 42 \"a\"",
    );
    check(
        "{{ toJson 1e21 }} {{ toJson 0.0000001 }} {{ toJson 1.5 }} {{ toJson 1e20 }} {{ toJson -0.0000025 }} {{ toJson 1e-10 }}",
        "1e+21 1e-7 1.5 100000000000000000000 -0.0000025 1e-10",
    );
    check(
        "{{ toJson \"<&>\\u2028\\u0001\\b\\f\\t\\\"\\\\/é\" }}",
        "\"\\u003c\\u0026\\u003e\\u2028\\u0001\\b\\f\\t\\\"\\\\/é\"",
    );
    check(
        "{{ dict \"b\" (list 1 \"x\" nil) \"a\" (dict) | toJson }}",
        "{\"a\":{},\"b\":[1,\"x\",null]}",
    );
    check(
        "{{ toJson .CommonLabels }} {{ toJson .CommonLabels.Names }}",
        "{\"alertname\":\"DiskFull\",\"disk\":\"/\"} [\"alertname\",\"disk\"]",
    );
    check(
        "{{ toJson .GroupLabels.SortedPairs }}",
        "[{\"Name\":\"alertname\",\"Value\":\"DiskFull\"}]",
    );
    check(
        "{{ toJson now }} {{ toJson (since now) }} {{ toJson (safeHtml \"<b>\") }}",
        "\"2024-02-29T12:34:56.789Z\" 0 \"\\u003cb\\u003e\"",
    );
    check(
        "{{ $all := list }}{{ range .Alerts }}{{ $all = append $all (dict \"on\" .Labels.instance) }}{{ end }}{{ toJson $all }}",
        "[{\"on\":\"a:9100\"},{\"on\":\"b:9100\"},{\"on\":\"c\\u0026d\"}]",
    );
}

#[test]
fn times() {
    check("{{ now }}", "2024-02-29 12:34:56.789 +0000 UTC");
    check("{{ since (index .Alerts 0).StartsAt }} {{ since now }}", "1m30.5s 0s");
    check(
        "{{ (index .Alerts 0).StartsAt | since | humanizeDuration }} {{ humanizeDuration \"90\" }}",
        "1m 30s 1m 30s",
    );
    check(
        "{{ now | tz \"Europe/Berlin\" | date \"Mon 2 Jan 15:04 MST\" }}",
        "Thu 29 Feb 13:34 CET",
    );
    check("{{ (now.Add 28800e9).Format \"2006-01-02 15:04:05\" }}", "2024-02-29 20:34:56");
    check("{{ toDate \"2006-01-02\" \"2024-02-30\" }}", "0001-01-01 00:00:00 +0000 UTC");
    check("{{ mustToDate \"2006-01-02\" \"2024-02-28\" | date \"Jan 2\" }}", "Feb 28");
    check_error(
        "{{ mustToDate \"2006-01-02\" \"x\" }}",
        "error calling mustToDate: parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\"",
    );
    check(
        "{{ now | tz \"\" }} {{ (now | tz \"Local\").Equal now.Local }}",
        "2024-02-29 12:34:56.789 +0000 UTC true",
    );
    check_error("{{ tz \"Nowhere\" now }}", "error calling tz: unknown time zone Nowhere");
    check_error(
        "{{ date \"2006\" 5 }}",
        "error calling date: wrong type for value; expected a time; got int",
    );
}

#[test]
fn lists_and_maps() {
    check(
        "{{ list }} {{ list 1 \"a\" }} {{ append (list 1) 2 3 }} {{ append list }}",
        "[] [1 a] [1 2 3] []",
    );
    check(
        "{{ dict }} {{ dict \"b\" 1 \"a\" 2 }} {{ (dict \"a\" 5).a }} {{ index (dict \"a\" 5) \"b\" }}",
        "map[] map[a:2 b:1] 5 <no value>",
    );
    check(
        "{{ len (dict \"a\" 1) }}{{ range $k, $v := dict \"a\" 1 }}{{ $k }}{{ $v }}{{ end }}",
        "1a1",
    );
    check_error(
        "{{ dict \"a\" }}",
        "error calling dict: dict requires an even number of arguments",
    );
    check_error("{{ dict 1 2 }}", "error calling dict: dict keys must be strings");
    check_error(
        "{{ append \"a\" 1 }}",
        "error calling append: wrong type for value; expected a list; got string",
    );
}

#[test]
fn trusted_texts_are_plain_in_plain_text() {
    check(
        "{{ \"<b>\" | safeHtml }}{{ safeUrl \"a b\" }}{{ if safeHtml \"\" }}x{{ end }}",
        "<b>a b",
    );
    check_error(
        "{{ \"a\" | safeHtml | toUpper }}",
        "error calling toUpper: wrong type for value; expected string; got object",
    );
}
