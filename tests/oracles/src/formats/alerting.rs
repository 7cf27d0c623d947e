//! What people write for alerts: matchers, templates, rule files.
//!
//! Oracles: matchers that were read are read again as the same when they were written by other
//! means; a template gives the same text twice, and no more than it may; what rule files hold was
//! checked in full.

use std::sync::LazyLock;

use narthex_alerting::parse_matchers;
use narthex_model::{Labels, Matcher, Timestamp};
use narthex_rules::RuleFiles;
use narthex_template::{Functions, Limits, PrometheusContext, Scope, Template, Value};

use crate::Chance;
use crate::generate::promql::{Dialect, query};

pub(super) fn check_matchers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = parse_matchers(text) else { return };
    let written: Vec<String> = read.iter().map(write).collect();
    for written in [written.join(","), format!(" {{ {} }} ", written.join(" , "))] {
        match parse_matchers(&written) {
            Ok(again) => assert_eq!(again, read, "{text} is written as {written}"),
            Err(error) => panic!("{text} is written as {written}: {error}"),
        }
    }
}

fn write(matcher: &Matcher) -> String {
    let quoted = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("\"{text}\"")
    };
    [&quoted(matcher.name()), matcher.op().symbol(), &quoted(matcher.value())].concat()
}

pub(super) fn matchers(chance: &mut Chance) -> Vec<u8> {
    let mut all = Vec::new();
    for _ in 0..chance.index(4) {
        let name = chance.pick(&["severity", "\"a b\"", "team", "é"]);
        let op = chance.pick(&["=", "!=", "=~", "!~"]);
        let value = chance.pick(&["\"x|y.*\"", "plain", "\"q\\\"\\n\\\\d\"", "\"\"", "10.0.0.1"]);
        all.push([*name, *op, *value].concat());
    }
    let all = all.join(", ");
    if chance.once_in(2) { format!("{{{all}}}") } else { all }.into_bytes()
}

const LIMITS: Limits = Limits { steps_max: 20_000, depth_max: 20, output_bytes_max: 64 << 10 };

pub(super) fn check_template(bytes: &[u8]) {
    static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| {
        let now = Timestamp::from_millis(1_700_000_000_000);
        Functions::prometheus(&PrometheusContext { now, ..PrometheusContext::default() })
    });
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let variables = ["$labels", "$value"];
    let Ok(template) = Template::parse("t", text, &FUNCTIONS, &variables) else { return };
    let labels: Value = Labels::from_pairs([("job", "node"), ("instance", "h:1")]).into();
    let data = Value::map([("Labels", labels.clone()), ("Value", Value::Float(0.5))]);
    let scope = Scope::new(&FUNCTIONS, data)
        .with_variable("$labels", labels)
        .with_variable("$value", Value::Float(1e10))
        .with_limits(LIMITS);
    let render = || template.render("t", &scope).map_err(|error| error.to_string());
    let first = render();
    if let Ok(first) = &first {
        assert!(first.len() <= LIMITS.output_bytes_max, "{} bytes", first.len());
    }
    assert_eq!(first, render(), "{text}");
}

pub(super) fn template(chance: &mut Chance) -> Vec<u8> {
    const PARTS: [&str; 16] = [
        "text ",
        "{{ $value | humanize }}",
        "{{ .Labels.job | toUpper | printf \"%q\" }}",
        "{{ if gt $value 1.0 }}a{{ else if .Value }}b{{ else }}c{{ end }}",
        "{{ range $name, $text := .Labels }}{{ $name }}={{ $text }};{{ break }}{{ end }}",
        "{{ with $x := index .Labels \"job\" }}{{ $x }}{{ end }}",
        "{{ define \"d\" }}{{ . }}{{ end }}{{ template \"d\" .Value }}",
        "{{- /* a remark */ -}}",
        "{{ reReplaceAll \"(.)o\" \"<$1>${x}\" .Labels.job }}",
        "{{ printf \"%-8.3f|%x|%v\" $value 255 .Labels }}",
        "{{ $value | humanizeDuration }}{{ $value | humanize1024 }}{{ $value | humanizePercentage }}",
        "{{ 1700000000.5 | humanizeTimestamp }}",
        "{{ (slice \"abcdef\" 1 3) | len }}",
        "{{ `raw` }}{{ 'c' }}{{ 0x1F }}{{ 1e3 }}",
        "{{ and true (or false \"x\") (not .Missing) }}",
        "{{ define \"loop\" }}{{ template \"loop\" . }}{{ end }}{{ template \"loop\" . }}",
    ];
    let parts: Vec<&str> = (0..1 + chance.index(4)).map(|_| *chance.pick(&PARTS)).collect();
    parts.concat().into_bytes()
}

pub(super) fn check_rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match RuleFiles::read([("r.yml", text)]) {
        Ok(files) => {
            for recording in files.recordings() {
                assert!(narthex_promql::parse(recording.expr()).is_ok(), "{}", recording.expr());
                assert!(!recording.name().is_empty());
            }
        }
        Err(errors) => assert!(!errors.0.is_empty(), "a refusal says why"),
    }
}

pub(super) fn rules(chance: &mut Chance) -> Vec<u8> {
    let mut text = String::from("groups:\n");
    for group in 0..1 + chance.index(2) {
        text += &format!("  - name: g{group}\n");
        if chance.once_in(2) {
            text += "    interval: 30s\n    limit: 5\n    labels: { team: x }\n";
        }
        text += "    rules:\n";
        for rule in 0..1 + chance.index(3) {
            let expr = query(Dialect::ALL, chance).text.replace('\'', "''").replace('\n', " ");
            if chance.once_in(2) {
                text += &format!("      - record: a:b{rule}\n        expr: '{expr}'\n");
            } else {
                let annotation = String::from_utf8_lossy(&template(chance)).replace('\'', "''");
                text += &format!(
                    "      - alert: A{rule}\n        expr: '{expr}'\n        for: 5m\n        \
                     annotations: {{ summary: '{annotation}' }}\n"
                );
            }
        }
    }
    text.into_bytes()
}
