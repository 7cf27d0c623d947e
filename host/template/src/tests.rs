use std::sync::Arc;

use narthex_model::{Labels, Timestamp};

use crate::{
    DurationValue, Functions, Limits, PrometheusContext, QuerySample, Scope, Template, Value,
};

fn functions() -> Functions {
    let query = |expr: &str| match expr {
        "up" => Ok(vec![sample("b", 1.0), sample("a", 0.0)]),
        "nothing" => Ok(Vec::new()),
        other => Err(format!("no such query: {other}")),
    };
    Functions::prometheus(&PrometheusContext {
        now: Timestamp::from_millis(1_500),
        external_url: "http://example.test:9090/narthex".to_owned(),
        query: Some(Arc::new(query)),
    })
}

fn sample(instance: &str, value: f64) -> QuerySample {
    QuerySample { labels: Labels::from_pairs([("instance", instance), ("job", "n")]), value }
}

fn data() -> Value {
    Value::map([
        ("list", Value::list(["x", "y", "z"].map(Value::from))),
        ("empty", Value::list([])),
        ("n", Value::Int(3)),
        ("f", Value::Float(0.5)),
        ("name", Value::from("<Ada>")),
        ("labels", Labels::from_pairs([("a", "1"), ("b", "2")]).into()),
    ])
}

fn render(text: &str) -> Result<String, String> {
    let functions = functions();
    let variables = ["$value", "$labels"];
    let template =
        Template::parse("t", text, &functions, &variables).map_err(|error| error.to_string())?;
    let labels = Labels::from_pairs([("instance", "db:80"), ("job", "sql")]);
    let scope = Scope::new(&functions, data())
        .with_variable("$value", Value::Float(12_345.678))
        .with_variable("$labels", labels.into());
    template.render("t", &scope).map_err(|error| error.to_string())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(render(text), Err(expected.to_owned()), "{text}");
}

#[test]
fn text_and_trim_markers() {
    check("plain", "plain");
    check("a {{ 1 }} b", "a 1 b");
    check("a {{- 1 -}} b", "a1b");
    check("a \n {{- \"x\" }}\n", "ax\n");
    check("{{/* gone */}}a{{- /* gone too */ -}} b", "ab");
    check("{{3 -}} x", "3x");
    check("{{-3}}", "-3");
}

#[test]
fn constants() {
    check("{{ `raw\\n` }}{{ \"q\\t\\u00e9\" }}{{ 'a' }}", "raw\\nq\té97");
    check(
        "{{ 0x1f }} {{ 1_000 }} {{ 1e3 }} {{ .5 }} {{ true }} {{ 010 }}",
        "31 1000 1000 0.5 true 8",
    );
    check("{{ 1234567.0 }} {{ 100000.0 }} {{ 0.00001 }}", "1.234567e+06 100000 1e-05");
}

#[test]
fn fields_variables_and_pipelines() {
    check("{{ .labels.a }}{{ .labels.none }}{{ .none }}", "1<no value>");
    check("{{ $.n }} {{ with .labels }}{{ .b }} {{ $.n }}{{ end }}", "3 2 3");
    check("{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2");
    check("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1");
    check("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2");
    check("{{ \"a\" | printf \"%s-%s\" \"b\" }}", "b-a");
    check("{{ (index .list 1) | toUpper }}", "Y");
    check("{{ (.labels).a }}", "1");
    check("{{ .name | html }}", "&lt;Ada&gt;");
    check("instance {{ $labels.instance }} is {{ $value | humanize }}", "instance db:80 is 12.35k");
}

#[test]
fn branches_and_loops() {
    check("{{ if .empty }}a{{ else if .n }}b{{ else }}c{{ end }}", "b");
    check("{{ if not .n }}a{{ else }}c{{ end }}", "c");
    check("{{ with .empty }}a{{ else with .n }}{{ . }}{{ end }}", "3");
    check("{{ range .list }}{{ . }},{{ end }}", "x,y,z,");
    check("{{ range $i, $e := .list }}{{ $i }}{{ $e }}{{ end }}", "0x1y2z");
    check("{{ range $e := .list }}{{ $e }}{{ end }}", "xyz");
    check("{{ range .empty }}a{{ else }}none{{ end }}", "none");
    check("{{ range $k, $v := .labels }}{{ $k }}={{ $v }};{{ end }}", "a=1;b=2;");
    check("{{ range 3 }}{{ . }}{{ end }}", "012");
    check("{{ range .list }}{{ if eq . \"y\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "x");
    check("{{ range .list }}{{ if eq . \"y\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "xz");
    check("{{ range $i, $_ := .list }}{{ if $i }}, {{ end }}{{ . }}{{ end }}", "x, y, z");
}

#[test]
fn named_templates() {
    check(
        "{{ define \"x\" }}[{{ . }}]{{ end }}{{ template \"x\" .n }}{{ template \"x\" }}",
        "[3][<no value>]",
    );
    check("{{ block \"y\" .labels }}{{ .a }}{{ end }}", "1");
    check_error("{{ template \"no\" }}", "template: t:1:4: template \"no\" not defined");
    check_error(
        "{{ define \"r\" }}{{ template \"r\" }}{{ end }}{{ template \"r\" }}",
        "template: t:1:20: more than 50 templates in one another",
    );
    let functions = Functions::builtin();
    let mut set = Template::parse("a", "{{ block \"t\" . }}old{{ end }}", &functions, &[]).unwrap();
    set.add("b", "{{ define \"t\" }}new{{ end }}", &functions, &[]).unwrap();
    assert_eq!(set.render("a", &Scope::new(&functions, Value::Nil)).unwrap(), "new");
    assert_eq!(set.names().collect::<Vec<_>>(), ["a", "b", "t"]);
}

#[test]
fn functions_of_the_language() {
    check("{{ and 1 0 2 }} {{ or 0 \"\" 2 3 }} {{ and 1 2 }}", "0 2 2");
    check("{{ or .n (index .list 9) }}", "3");
    check("{{ len .list }} {{ len \"abc\" }} {{ len .labels }}", "3 3 2");
    check("{{ index .list 2 }} {{ index .labels \"b\" }}", "z 2");
    check("{{ slice \"abcdef\" 1 3 }} {{ slice .list 1 }}", "bc [y z]");
    check("{{ print 1 2 \"a\" 3 }} {{ println \"a\" 1 }}", "1 2a3 a 1\n");
    check("{{ js \"a'b<c\" }} {{ urlquery \"a b&c\" }}", "a\\'b\\u003Cc a+b%26c");
    check("{{ eq 1 2 1 }} {{ ne 1 2 }} {{ lt 1 2 }} {{ ge \"b\" \"a\" }}", "true true true true");
    check("{{ gt $value 10 }} {{ eq .f 0.5 }} {{ eq .n 3.0 }}", "true true true");
    check_error(
        "{{ lt 1 \"a\" }}",
        "template: t:1:4: error calling lt: incompatible types for comparison: int and string",
    );
}

#[test]
fn printf_formats_as_go_does() {
    check("{{ printf \"%d|%5d|%-5d|%05d|%x\" 7 7 7 7 255 }}", "7|    7|7    |00007|ff");
    check(
        "{{ printf \"%s|%q|%6s|%.2s\" \"abc\" \"a\\\"b\" \"abc\" \"abc\" }}",
        "abc|\"a\\\"b\"|   abc|ab",
    );
    check(
        "{{ printf \"%.2f|%8.3f|%e|%g|%v|%.3g\" 1.005 3.14159 1500.0 0.1 1e21 1234.5 }}",
        "1.00|   3.142|1.500000e+03|0.1|1e+21|1.23e+03",
    );
    check("{{ printf \"%v %v %v %%\" true .list nil }}", "true [x y z] <nil> %");
    check(
        "{{ printf \"%d\" \"x\" }} {{ printf \"%d\" }} {{ printf \"a\" 1 }}",
        "%!d(string=x) %!d(MISSING) a%!(EXTRA int=1)",
    );
    check("{{ printf \"%*d|%+d|%t\" 4 7 7 false }}", "   7|+7|false");
}

#[test]
fn functions_of_prometheus() {
    check("{{ query \"up\" | first | value }}", "1");
    check(
        "{{ range query \"up\" | sortByLabel \"instance\" }}{{ .Labels.instance }}={{ .Value }} {{ end }}",
        "a=0 b=1 ",
    );
    check("{{ with query \"nothing\" }}x{{ else }}none{{ end }}", "none");
    check("{{ query \"up\" | first | label \"job\" }}", "n");
    check(
        "{{ humanize 0 }} {{ humanize 1234567.0 }} {{ humanize 0.0012 }} {{ humanize 999.99 }}",
        "0 1.235M 1.2m 1000",
    );
    check("{{ humanize1024 1048576.0 }} {{ humanize1024 \"2048\" }}", "1Mi 2ki");
    check(
        "{{ humanizeDuration 0 }} {{ humanizeDuration 59.5 }} {{ humanizeDuration 3661 }} {{ humanizeDuration 90061 }} {{ humanizeDuration 0.0012 }} {{ humanizeDuration -60 }}",
        "0s 59.5s 1h 1m 1s 1d 1h 1m 1s 1.2ms -1m 0s",
    );
    check("{{ humanizePercentage 0.12345 }}", "12.35%");
    check("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC");
    check(
        "{{ (toTime 1435065584).Year }} {{ (toTime 0).Format \"Mon, 02 Jan 2006 15:04:05 MST\" }}",
        "2015 Thu, 01 Jan 1970 00:00:00 UTC",
    );
    check("{{ toDuration 3723.5 }} {{ toDuration 0.0015 | humanizeDuration }}", "1h2m3.5s 1.5ms");
    check("{{ parseDuration \"1h2m10s\" }} {{ now }}", "3730 1.5");
    check("{{ title \"aa bb-cc\" }} {{ toLower \"AB\" }}", "Aa Bb-Cc ab");
    check("{{ stripPort \"h:80\" }} {{ stripPort \"[::1]:80\" }} {{ stripPort \"h\" }}", "h ::1 h");
    check(
        "{{ stripDomain \"a.b.c:80\" }} {{ stripDomain \"10.0.0.1:80\" }} {{ stripDomain \"a.b\" }}",
        "a:80 10.0.0.1:80 a",
    );
    check(
        "{{ match \"a+\" \"caat\" }} {{ reReplaceAll \"(a+)\" \"<$1>\" \"caat\" }}",
        "true c<aa>t",
    );
    check(
        "{{ graphLink \"up{a=\\\"b\\\"}\" }} {{ pathPrefix }}",
        "/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0 /narthex",
    );
    check("{{ (args 1 \"b\").arg1 }}", "b");
    assert_eq!(Value::object(DurationValue::from_seconds(-90.0)).to_string(), "-1m30s");
}

#[test]
fn errors_have_a_place() {
    check_error("a\n {{ nope }}", "template: t:2:5: function \"nope\" not defined");
    check_error("{{ $x }}", "template: t:1:4: undefined variable \"$x\"");
    check_error("{{ if 1 }}", "template: t:1:4: {{if}} without {{end}}");
    check_error("{{ end }}", "template: t:1:1: unexpected {{end}}");
    check_error("{{ }}", "template: t:1:4: missing value for command");
    check_error("{{ 1 | }}", "template: t:1:6: missing value for command");
    check_error("{{ 1 | 2 }}", "template: t:1:8: non executable command in pipeline stage 2");
    check_error("{{ \"abc }}", "template: t:1:4: unterminated quoted string");
    check_error("{{ break }}", "template: t:1:4: {{break}} outside {{range}}");
    check_error("{{ (1 }}", "template: t:1:7: unclosed left paren");
    check_error("{{ 1", "template: t:1:5: unclosed action");
    check_error("{{ .a$ }}", "template: t:1:6: bad character '$'");
    check_error("{{ query \"bad\" }}", "template: t:1:4: error calling query: no such query: bad");
    check_error(
        "{{ first (query \"nothing\") }}",
        "template: t:1:4: error calling first: first() called on vector with no elements",
    );
    check_error(
        "{{ humanize \"x\" }}",
        "template: t:1:4: error calling humanize: strconv.ParseFloat: parsing \"x\": invalid syntax",
    );
    check_error("{{ .n.x }}", "template: t:1:4: can't evaluate field x in type int");
    check_error("{{ 1 2 }}", "template: t:1:4: can't give argument to non-function");
}

#[test]
fn a_rendering_stays_within_its_limits() {
    let functions = Functions::builtin();
    let loops = "{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}{{ end }}";
    let template = Template::parse("t", loops, &functions, &[]).unwrap();
    let error = template.render("t", &Scope::new(&functions, Value::Nil)).unwrap_err();
    assert_eq!(error.message, "more than 1000000 steps");

    let limits = Limits { output_bytes_max: 10, ..Limits::default() };
    let template = Template::parse("t", "{{ range 9 }}ab{{ end }}", &functions, &[]).unwrap();
    let scope = Scope::new(&functions, Value::Nil).with_limits(limits);
    assert_eq!(template.render("t", &scope).unwrap_err().message, "more than 10 bytes of output");

    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    let error = Template::parse("t", &deep, &functions, &[]).unwrap_err();
    assert_eq!(error.message, "more than 100 blocks in one another");
}

#[test]
fn any_text_parses_or_is_refused() {
    use proptest::prelude::*;
    let functions = functions();
    let pieces = prop::sample::select(vec![
        "{{", "}}", "{{-", "-}}", " ", "$", "$x", ".", ".a", "(", ")", "|", ":=", "=", ",", "if",
        "else", "end", "range", "with", "define", "\"x\"", "`", "1", "0x", "-", "é", "/*", "*/",
        "printf", "\"%d%s\"", "\n", "break", "template", "nil", "'", "\\",
    ]);
    let texts = prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat());
    proptest!(|(text in texts)| {
        if let Ok(template) = Template::parse("t", &text, &functions, &[]) {
            // What it says does not matter, only that it ends.
            template.render("t", &Scope::new(&functions, Value::Nil)).ok();
        }
    });
}

#[test]
fn deep_nesting_of_blocks_and_templates_is_refused_before_the_stack_ends() {
    let functions = functions();
    let opened = "{{ if true }}".repeat(98);
    let closed = "{{ end }}".repeat(98);
    let text = format!(
        "{{{{ define \"r\" }}}}{opened}{{{{ template \"r\" }}}}{closed}{{{{ end }}}}{{{{ template \"r\" }}}}"
    );
    let template = Template::parse("t", &text, &functions, &[]).unwrap();
    let error = template.render("t", &Scope::new(&functions, Value::Nil)).unwrap_err();
    assert_eq!(error.message, "more than 200 blocks and templates in one another");
}

#[test]
fn values_made_of_values_stay_within_limits() {
    let functions = functions();
    let limits = Limits { output_bytes_max: 4096, ..Limits::default() };
    for text in [
        "{{ $x := 1 }}{{ range 100 }}{{ $x = args $x }}{{ end }}{{ $x }}",
        "{{ $x := 1 }}{{ range 30 }}{{ $x = args $x $x }}{{ end }}{{ $x }}",
    ] {
        let template = Template::parse("t", text, &functions, &[]).unwrap();
        let scope = Scope::new(&functions, Value::Nil).with_limits(limits);
        let error = template.render("t", &scope).unwrap_err();
        assert_eq!(error.message, "args gave values of more than 65536 bytes or 32 levels");
    }
}

#[test]
fn functions_refuse_to_make_much_of_little() {
    let functions = crate::Functions::alertmanager(Timestamp::from_millis(0));
    let megabyte = "{{ $m := \"x\" }}{{ range 20 }}{{ $m = print $m $m }}{{ end }}";
    for (call, function) in [
        ("reReplaceAll \"\" $m $m", "reReplaceAll"),
        ("reReplaceAll \".*\" (reReplaceAll \"x\" \"$$0\" $m) $m", "reReplaceAll"),
        ("$l := list }}{{ range 90 }}{{ $l = append $l \"\" }}{{ end }}{{ join $m $l", "join"),
        ("$l := list }}{{ range 60 }}{{ $l = append $l $m }}{{ end }}{{ print $l $l", "print"),
    ] {
        let text = format!("{megabyte}{{{{ {call} }}}}");
        let template = Template::parse("t", &text, &functions, &[]).unwrap();
        let error = template.render("t", &Scope::new(&functions, Value::Nil)).unwrap_err();
        let expected =
            format!("error calling {function}: the result would have more than 67108864 bytes");
        assert_eq!(error.message, expected, "{call}");
    }
}
