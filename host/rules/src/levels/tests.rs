use narthex_promql::Features;

use super::levels;
use crate::file::{Reading, RuleFiles};

/// The names of rules, level by level.
#[track_caller]
fn check(rules: &str, expected: &str) {
    let text = format!("groups: [{{ name: g, rules: [{rules}] }}]");
    let features = Features { experimental_functions: true, ..Features::default() };
    let reading = Reading { features, ..Reading::default() };
    let rules = RuleFiles::read_with([("r.yml", text)], reading).unwrap().groups.remove(0).rules;
    let shown: Vec<String> = levels(&rules)
        .into_iter()
        .map(|level| level.iter().map(|index| rules[*index].name.as_str()).collect())
        .collect();
    assert_eq!(shown.join(" "), expected);
}

fn record(name: &str, expr: &str) -> String {
    format!("{{ record: {name}, expr: '{expr}' }}")
}

fn alert(name: &str, expr: &str) -> String {
    format!("{{ alert: {name}, expr: '{expr}' }}")
}

#[test]
fn rules_that_do_not_know_each_other_are_one_level() {
    check("", "");
    check(&[record("a", "up"), record("b", "up"), alert("C", "up")].join(","), "abC");
}

#[test]
fn a_rule_comes_after_what_it_reads() {
    let chains =
        [record("a", "up"), record("b", "a"), record("c", "up"), record("d", "c + rate(b[5m])")];
    check(&chains.join(","), "ac b d");
    // Whoever reads what comes later sees what it was before.
    check(&[record("a", "b"), record("b", "up")].join(","), "ab");
    check(&[record("a", "up"), record("b", "a"), record("a", "down")].join(","), "a ba");
    check(&[record("x", "x + 1"), record("x", "x + 2")].join(","), "x x");
}

#[test]
fn selectors_without_a_name_and_patterns_may_read_anything() {
    check(&[record("a", "up"), record("b", "{job=\"x\"}"), record("c", "1")].join(","), "a bc");
    check(&[record("ab", "up"), record("c", "{__name__=~\"a.*\"}")].join(","), "ab c");
    check(&[record("ab", "up"), record("c", "{__name__=~\"x.*\"}")].join(","), "abc");
    check(&[record("c", "{job=\"x\"}"), record("a", "up")].join(","), "ca");
}

#[test]
fn info_reads_what_it_does_not_name() {
    let after = |expr: &str| [record("target_info", "up"), record("i", expr)].join(",");
    check(&after("sum(info(down))"), "target_info i");
    check(&after("info(down, {os!=\"\"})"), "target_info i");
    check(&after("info(down, {__name__=\"build_info\"})"), "target_infoi");
    check(
        &[record("i", "info(target_info)"), record("target_info", "up")].join(","),
        "itarget_info",
    );
}

#[test]
fn alerts_are_read_by_their_series() {
    let both = [alert("A", "up"), alert("B", "up")];
    let reads = |text: &str| [both.as_slice(), &[record("r", text)]].concat().join(",");
    check(&reads("ALERTS"), "AB r");
    check(&reads("ALERTS{alertname=\"C\"}"), "ABr");
    check(&reads("ALERTS_FOR_STATE{alertname!=\"A\"}"), "AB r");
    check(&reads("A"), "ABr");
    let first = [record("r", "ALERTS{alertname=\"A\"}"), alert("A", "r")].join(",");
    check(&first, "r A");
}

#[test]
fn a_query_in_a_template_reads_anything() {
    let template = "{ alert: A, expr: up, annotations: { s: '{{ query \"a\" }}' } }".to_owned();
    let rules = [record("a", "up"), template, record("b", "1")].join(",");
    check(&rules, "a Ab");
}
