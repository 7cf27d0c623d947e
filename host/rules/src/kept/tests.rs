use std::error::Error as _;

use narthex_model::{Labels, Timestamp};
use narthex_state::{StateStore, VALUE_BYTES_MAX};

use super::{ALERTS_OF_RULE_MAX, GroupId, Kept, REMOVED_AT_ONCE_MAX, RuleId, wire};
use crate::active::{ActiveAlert, ActiveAlerts, AlertState, Found, Recorded};
use crate::file::{GroupSpec, RuleFiles};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn labels(n: usize) -> Labels {
    Labels::from_pairs([("alertname", "A"), ("n", &n.to_string())])
}

fn alert() -> ActiveAlert {
    let annotations = Labels::from_pairs([("summary", "\"é\"")]);
    let alert = ActiveAlert::new(&Found { annotations, value: f64::INFINITY }, at(1));
    ActiveAlert { state: AlertState::Firing, fired_at: Some(at(2)), ..alert }
}

fn spec(text: &str) -> GroupSpec {
    RuleFiles::read([("r.yml", text)]).unwrap().groups.remove(0)
}

/// Three rules, of which two have the same name and labels.
fn rules() -> (GroupId, Vec<RuleId>) {
    let rule = "{ alert: A, expr: up }";
    let other = "{ alert: A, expr: up, labels: { x: y } }";
    let group = GroupId::of("r.yml", "g");
    let rules =
        group.rules(&spec(&format!("groups: [{{ name: g, rules: [{rule}, {other}, {rule}] }}]")));
    (group, rules)
}

#[test]
fn an_alert_is_kept_while_it_fires() {
    let kept = Kept::open(Some(&StateStore::in_memory().unwrap()));
    let (group, rules) = rules();
    let mut alerts = ActiveAlerts::default();
    let waits = ActiveAlert { state: AlertState::Pending, fired_at: None, ..alert() };
    alerts.0.insert(labels(1), alert());
    alerts.0.insert(labels(2), waits);
    kept.keep(rules[2], &mut alerts);
    let found = kept.alerts(group, &rules);
    let expected = ActiveAlert {
        recorded: Recorded::Firing { keep_firing_since: None },
        is_recalled: true,
        awaits_data: true,
        ..alert()
    };
    assert_eq!(found.len(), 1);
    assert_eq!(found[&rules[2]], [(labels(1), expected)], "and of the third rule, not the first");

    alerts.0.get_mut(&labels(1)).unwrap().keep_firing_since = Some(at(7));
    kept.keep(rules[2], &mut alerts);
    let found = kept.alerts(group, &rules).remove(&rules[2]).unwrap().remove(0).1;
    assert_eq!((found.keep_firing_since, found.awaits_data), (Some(at(7)), false));

    alerts.0.get_mut(&labels(1)).unwrap().state = AlertState::Inactive;
    kept.keep(rules[2], &mut alerts);
    assert!(kept.alerts(group, &rules).is_empty());
}

#[test]
fn what_is_kept_goes_with_its_rule_and_its_group() {
    let kept = Kept::open(Some(&StateStore::in_memory().unwrap()));
    let (group, rules) = rules();
    let mut alerts = ActiveAlerts::default();
    alerts.0.insert(labels(1), alert());
    kept.keep(rules[0], &mut alerts);
    kept.keep_slot(group, at(5));
    assert!(kept.alerts(group, &rules[1..]).is_empty(), "the rule is gone");
    assert!(kept.alerts(group, &rules).is_empty(), "and so is its record");
    assert_eq!(kept.slot(group), Some(at(5)));
    kept.keep_only(&[group].into());
    assert_eq!(kept.slot(group), Some(at(5)));
    kept.keep_only(&[GroupId::of("r.yml", "other")].into());
    assert_eq!(kept.slot(group), None);
}

#[test]
fn all_that_is_gone_is_removed_however_much_it_is() {
    let state = StateStore::in_memory().unwrap();
    let kept = Kept::open(Some(&state));
    let group = GroupId::of("r.yml", "stays");
    kept.keep_slot(group, at(5));
    for n in 0..=REMOVED_AT_ONCE_MAX {
        kept.keep_slot(GroupId::of("r.yml", &n.to_string()), at(5));
    }
    kept.keep_only(&[group].into());
    assert_eq!(state.tree(super::SLOTS).unwrap().scan_prefix(&[], 10).unwrap().len(), 1);
    assert_eq!(kept.slot(group), Some(at(5)));
}

#[test]
fn why_a_record_is_unreadable_is_told_once() {
    let error = wire::decode(b"{").unwrap_err();
    let (said, why) = (error.to_string(), error.source().unwrap().to_string());
    assert_eq!(narthex_settings::error_chain(&error), format!("{said}: {why}"));
    assert!(!said.contains(&why), "{said}");
}

#[test]
fn the_records_of_a_rule_are_bounded() {
    let kept = Kept::open(Some(&StateStore::in_memory().unwrap()));
    let (group, rules) = rules();
    let mut alerts = ActiveAlerts::default();
    alerts.0.extend((0..=ALERTS_OF_RULE_MAX).map(|n| (labels(n), alert())));
    kept.keep(rules[0], &mut alerts);
    kept.keep(rules[0], &mut alerts);
    assert_eq!(kept.alerts(group, &rules)[&rules[0]].len(), ALERTS_OF_RULE_MAX);
    kept.forget(rules[0], &alerts);
    assert!(kept.alerts(group, &rules).is_empty());
}

#[test]
fn a_damaged_record_is_left_out_and_removed() {
    let state = StateStore::in_memory().unwrap();
    let kept = Kept::open(Some(&state));
    let (group, rules) = rules();
    let tree = state.tree(super::ALERTS).unwrap();
    tree.put(&rules[0].key(&labels(1)), b"{}").unwrap();
    tree.put(&rules[1].key(&labels(1)), DRAWN.replace(r#""v":1"#, r#""v":2"#).as_bytes()).unwrap();
    tree.put(&group.0.to_be_bytes(), b"short").unwrap();
    assert!(kept.alerts(group, &rules).is_empty());
    assert!(tree.scan_prefix(&[], 10).unwrap().is_empty());
    for slot in [&b"\x02\0\0\0\0\0\0\0\x05"[..], b"\x01\0", b""] {
        state.tree(super::SLOTS).unwrap().put(&group.0.to_be_bytes(), slot).unwrap();
        assert_eq!(kept.slot(group), None);
    }
}

#[test]
fn an_alert_that_is_too_long_is_left_out_and_the_others_are_kept() {
    let kept = Kept::open(Some(&StateStore::in_memory().unwrap()));
    let (group, rules) = rules();
    let found = |kept: &Kept| -> Vec<Labels> {
        let found = kept.alerts(group, &rules).remove(&rules[0]).unwrap_or_default();
        found.into_iter().map(|(labels, _)| labels).collect()
    };
    let mut alerts = ActiveAlerts::default();
    alerts.0.insert(labels(1), alert());
    kept.keep(rules[0], &mut alerts);
    let long = Labels::from_pairs([("text", "x".repeat(VALUE_BYTES_MAX))]);
    let first = alerts.0.get_mut(&labels(1)).unwrap();
    (first.annotations, first.keep_firing_since) = (long, Some(at(7)));
    alerts.0.insert(labels(2), alert());
    kept.keep(rules[0], &mut alerts);
    assert_eq!(found(&kept), [labels(2)], "and what was known of the first is old");
    alerts.0.get_mut(&labels(1)).unwrap().annotations = Labels::empty();
    kept.keep(rules[0], &mut alerts);
    assert_eq!(found(&kept), [labels(2)], "nothing is new of it");
}

/// The record in docs/formats/rules.md.
const DRAWN: &str = r#"{"v":1,"labels":{"alertname":"Hot","room":"attic"},"annotations":{"text":"it has 70"},"value":"70","active_at_ms":1767225600000,"fired_at_ms":1767225900000,"keep_firing_since_ms":1767226200000}"#;

#[test]
fn the_drawn_records_are_what_is_written() {
    let page = include_str!("../../../../docs/formats/rules.md");
    assert!(page.lines().any(|line| line == DRAWN));
    let labels = Labels::from_pairs([("alertname", "Hot"), ("room", "attic")]);
    let annotations = Labels::from_pairs([("text", "it has 70")]);
    let at = |minutes: i64| Timestamp::from_millis(1_767_225_600_000 + minutes * 60_000);
    let alert = ActiveAlert {
        state: AlertState::Firing,
        fired_at: Some(at(5)),
        keep_firing_since: Some(at(10)),
        ..ActiveAlert::new(&Found { annotations, value: 70.0 }, at(0))
    };
    assert_eq!(String::from_utf8(wire::encode(&labels, &alert)).unwrap(), DRAWN);
    assert_eq!(wire::decode(DRAWN.as_bytes()).unwrap().1.fired_at, Some(at(5)));
    assert!(page.contains("01 00 00 01 9b 76 da a8 00"));
    assert_eq!(wire::encode_slot(at(0)), *b"\x01\0\0\x01\x9b\x76\xda\xa8\0");
}
