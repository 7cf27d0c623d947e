use super::*;

fn rule(spec: RelabelSpec) -> RelabelRule {
    RelabelRule::try_from(spec).expect("the rule is valid")
}

#[track_caller]
fn check(spec: RelabelSpec, expected: Option<&str>) {
    let labels = Labels::from_pairs([("a", "foo"), ("b", "Bar"), ("c", "baz")]);
    let relabeled = relabel(&labels, &[rule(spec)]).map(|labels| labels.to_string());
    assert_eq!(relabeled.as_deref(), expected);
}

fn spec(action: RelabelAction) -> RelabelSpec {
    RelabelSpec { action, ..RelabelSpec::default() }
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn replace_expands_captures_in_value_and_target() {
    check(
        RelabelSpec {
            source_labels: vec!["a".into(), "b".into()],
            regex: text("(f.*);(.*)"),
            target_label: text("${1}_${2}"),
            replacement: text("${2}-$1"),
            ..spec(RelabelAction::Replace)
        },
        Some(r#"{a="foo", b="Bar", c="baz", foo_Bar="Bar-foo"}"#),
    );
}

#[test]
fn replace_by_an_empty_value_removes_the_label() {
    check(
        RelabelSpec {
            target_label: text("b"),
            replacement: text(""),
            ..spec(RelabelAction::Replace)
        },
        Some(r#"{a="foo", c="baz"}"#),
    );
}

#[test]
fn keep_and_drop_decide_by_the_whole_source() {
    let on_a = |action, regex: &str| RelabelSpec {
        source_labels: vec!["a".into()],
        regex: text(regex),
        ..spec(action)
    };
    let same = Some(r#"{a="foo", b="Bar", c="baz"}"#);
    check(on_a(RelabelAction::Keep, "f"), None);
    check(on_a(RelabelAction::Keep, "f.."), same);
    check(on_a(RelabelAction::Drop, "f"), same);
    check(on_a(RelabelAction::Drop, "f.."), None);
}

#[test]
fn keepequal_and_dropequal_compare_two_labels() {
    let equal = |action, other: &str| RelabelSpec {
        source_labels: vec!["a".into()],
        target_label: text(other),
        ..spec(action)
    };
    let same = Some(r#"{a="foo", b="Bar", c="baz"}"#);
    check(equal(RelabelAction::KeepEqual, "a"), same);
    check(equal(RelabelAction::KeepEqual, "b"), None);
    check(equal(RelabelAction::DropEqual, "a"), None);
    check(equal(RelabelAction::DropEqual, "b"), same);
}

#[test]
fn hashmod_splits_as_prometheus_does() {
    check(
        RelabelSpec {
            source_labels: vec!["c".into()],
            target_label: text("d"),
            separator: text(";"),
            modulus: 1000,
            ..spec(RelabelAction::HashMod)
        },
        Some(r#"{a="foo", b="Bar", c="baz", d="976"}"#),
    );
}

#[test]
fn label_actions_work_on_names() {
    let by_name = |action, regex: &str| RelabelSpec { regex: text(regex), ..spec(action) };
    check(by_name(RelabelAction::LabelDrop, "a|b"), Some(r#"{c="baz"}"#));
    check(by_name(RelabelAction::LabelKeep, "a|b"), Some(r#"{a="foo", b="Bar"}"#));
    check(
        RelabelSpec { replacement: text("x_$1"), ..by_name(RelabelAction::LabelMap, "(a)") },
        Some(r#"{a="foo", b="Bar", c="baz", x_a="foo"}"#),
    );
}

#[test]
fn case_actions_change_the_source() {
    let case = |action| RelabelSpec {
        source_labels: vec!["b".into()],
        target_label: text("b"),
        ..spec(action)
    };
    check(case(RelabelAction::Lowercase), Some(r#"{a="foo", b="bar", c="baz"}"#));
    check(case(RelabelAction::Uppercase), Some(r#"{a="foo", b="BAR", c="baz"}"#));
}

#[test]
fn a_rule_without_what_it_needs_is_refused() {
    let message = |spec: RelabelSpec| RelabelRule::try_from(spec).unwrap_err().to_string();
    assert_eq!(message(spec(RelabelAction::HashMod)), "relabel action hashmod needs modulus");
    assert_eq!(message(spec(RelabelAction::Replace)), "relabel action replace needs target_label");
    assert_eq!(
        message(RelabelSpec {
            regex: text("x"),
            target_label: text("y"),
            ..spec(RelabelAction::LabelDrop)
        }),
        "relabel action labeldrop takes only regex"
    );
}

#[test]
fn what_says_the_default_says_nothing() {
    let said = RelabelSpec { target_label: text("a"), ..spec(RelabelAction::KeepEqual) };
    assert!(RelabelRule::try_from(said.clone()).is_ok());
    assert!(RelabelRule::try_from(RelabelSpec { regex: text("(.*)"), ..said.clone() }).is_ok());
    assert!(RelabelRule::try_from(RelabelSpec { separator: text(","), ..said }).is_err());
}

#[test]
fn names_keep_to_their_alphabet() {
    let legacy = |spec: RelabelSpec| {
        let rule = rule(spec).with_names(NameScheme::Legacy);
        rule.map_err(|error| error.to_string())
    };
    let to = |target: &str| RelabelSpec {
        source_labels: vec!["a".into()],
        target_label: text(target),
        ..spec(RelabelAction::Replace)
    };
    assert_eq!(
        legacy(to("a.b")),
        Err("\"a.b\" is no label name for target_label of relabel action replace".to_owned())
    );
    assert!(legacy(to("${1}_b")).is_ok() && legacy(to("${1}-b")).is_err());
    let map = RelabelSpec { replacement: text("x-$1"), ..spec(RelabelAction::LabelMap) };
    assert!(legacy(map).is_err());
    // A name that only comes of the match is not set where it does not fit.
    let by_match = RelabelSpec { regex: text("(f)oo"), ..to("$1") };
    let labels = Labels::from_pairs([("a", "foo")]);
    let relabeled = |rule: RelabelRule| relabel(&labels, &[rule]).unwrap().to_string();
    assert_eq!(relabeled(legacy(by_match).unwrap()), r#"{a="foo", f="f"}"#);
    let labels = Labels::from_pairs([("a", "f.o")]);
    let copied = relabel(&labels, &[legacy(to("$1")).unwrap()]).unwrap().to_string();
    assert_eq!(copied, r#"{a="f.o"}"#);
}
