use super::RuleFiles;

#[track_caller]
fn check_error(text: &str, expected: &[&str]) {
    let error = RuleFiles::read([("r.yml", text)]).unwrap_err();
    let found: Vec<String> = error.0.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}\nhas not: {expected}");
    }
}

#[test]
fn a_good_file_is_read() {
    let text = "
groups:
- name: g
  interval: 30s
  limit: 5
  labels: { team: a, kind: k }
  rules:
  - { record: 'job:up:sum', expr: 'sum by (job) (up)', labels: { kind: own } }
  - alert: Down
    expr: up == 0
    for: 5m
    keep_firing_for: 1m
    labels: { severity: page }
    annotations: { summary: '{{ $labels.job }} is down' }
- name: empty
";
    let files = RuleFiles::read([("r.yml", text)]).unwrap();
    let group = &files.groups[0];
    assert_eq!((group.name.as_str(), group.limit, group.rules.len()), ("g", 5, 2));
    assert_eq!(group.rules[0].labels.to_string(), r#"{kind="own", team="a"}"#);
    assert_eq!(group.rules[1].alert.as_ref().unwrap().hold.as_secs(), 300);
    assert!(files.groups[1].rules.is_empty());
}

#[test]
fn errors_have_prometheus_words_and_a_place() {
    check_error("groups: [{ name: '' }]", &["r.yml:1:10: Groupname must not be empty"]);
    check_error(
        "groups: [{ name: g }, { name: g }]",
        &["r.yml:1:23: groupname: \"g\" is repeated in the same file"],
    );
    let rule = |rule: &str| format!("groups:\n- name: g\n  rules:\n  - {{ {rule} }}\n");
    check_error(
        &rule("record: a, alert: b, expr: up"),
        &["r.yml:4:15: group \"g\", rule 1, \"b\": only one of 'record' and 'alert' must be set"],
    );
    check_error(&rule("expr: up"), &["one of 'record' or 'alert' must be set"]);
    check_error(&rule("record: a"), &["field 'expr' must be set in rule"]);
    check_error(
        &rule("record: a, expr: 'sum(up'"),
        &["r.yml:4:24: group \"g\", rule 1, \"a\": could not parse expression: 1:7: parse error:"],
    );
    check_error(
        &rule("record: a, expr: up, for: 1m, keep_firing_for: 1m, annotations: { x: y }"),
        &[
            "invalid field 'annotations' in recording rule",
            "invalid field 'for' in recording rule",
            "invalid field 'keep_firing_for' in recording rule",
        ],
    );
    check_error(&rule("record: 'a{b}', expr: up"), &["braces present in the recording rule name"]);
    check_error(
        &rule("alert: a, expr: up, labels: { __name__: x }"),
        &["invalid label name: __name__"],
    );
    check_error(
        &rule("alert: a, expr: up, annotations: { s: '{{ $x }}' }"),
        &["annotation \"s\": template: __alert_a:1:4: undefined variable \"$x\""],
    );
    check_error(
        &rule("alert: a, expr: up, fo: 1m"),
        &["unknown key \"fo\"; did you mean \"for\"?"],
    );
}
