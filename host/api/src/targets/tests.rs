use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Metadata, MetricType, RelabelAction, RelabelSpec};
use narthex_scrape::{Limits, TargetHealth};

use super::*;

fn family(name: &str, metric_type: MetricType) -> Arc<FamilyMetadata> {
    let metadata = Metadata { metric_type, help: format!("{name} help."), unit: String::new() };
    Arc::new(FamilyMetadata { family: name.to_owned(), metadata })
}

fn target(instance: &str) -> TargetView {
    TargetView {
        discovered: Labels::empty(),
        labels: Labels::from_pairs([("instance", instance), ("job", "j")]),
        scrape_url: String::new(),
        global_url: String::new(),
        last_error: String::new(),
        last_scrape: None,
        last_duration: Duration::ZERO,
        health: TargetHealth::Up,
        last_body_bytes: 0.0,
        last_samples: 0,
        failures: Arc::new(VecDeque::new()),
        limits: Limits::default(),
        interval: Duration::ZERO,
        timeout: Duration::ZERO,
        families: [family("a", MetricType::Counter), family("b", MetricType::Gauge)].into(),
    }
}

/// What is told of two targets with two families each.
fn told(query: &str) -> Vec<String> {
    let active = vec![target("x"), target("y")];
    let pool = PoolView { job: "j".to_owned(), active, dropped: Vec::new(), dropped_count: 0 };
    let params = Params::of(query);
    let told = Wanted::new(&params).unwrap().of(&[pool]);
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or("-").to_owned();
    let line =
        |entry: &Value| format!("{} {}", text(&entry["target"], "instance"), text(entry, "metric"));
    told.iter().map(line).collect()
}

#[test]
fn families_of_targets_are_told_as_they_are_asked_for() {
    assert_eq!(told(""), ["x a", "x b", "y a", "y b"]);
    assert_eq!(told("metric=b"), ["x -", "y -"]);
    assert_eq!(told("metric=c"), [""; 0]);
    assert_eq!(told("match_target={instance=\"y\"}"), ["y a", "y b"]);
    assert_eq!(told("match_target={instance!=\"y\",zone=\"\"}&metric=a"), ["x -"]);
    assert_eq!(told("match_target={}&metric=a"), ["x -", "y -"]);
}

#[test]
fn a_limit_ends_with_the_target_that_reaches_it() {
    assert_eq!(told("limit=1"), ["x a", "x b"]);
    assert_eq!(told("limit=3"), ["x a", "x b", "y a", "y b"]);
    assert_eq!(told("limit=1&metric=a"), ["x -"]);
    assert_eq!(told("limit=0"), [""; 0]);
    assert_eq!(told("limit=-1").len(), 4);
}

#[test]
fn a_wrong_parameter_is_named() {
    let why = |query: &str| format!("{:?}", Wanted::new(&Params::of(query)).err());
    assert!(why("limit=x").contains("limit must be a number"));
    assert!(why("match_target=1").contains("match_target"));
}

#[test]
fn a_family_has_the_shape_of_prometheus() {
    let params = Params::of("");
    let shape =
        Wanted::new(&params).unwrap().shape(&target("x").labels, &family("a", MetricType::Gauge));
    assert_eq!(
        shape,
        json!({
            "target": {"instance": "x", "job": "j"},
            "metric": "a",
            "type": "gauge",
            "help": "a help.",
            "unit": "",
        })
    );
}

#[test]
fn a_step_has_the_shape_of_prometheus() {
    let spec = RelabelSpec {
        source_labels: vec!["a".to_owned()],
        modulus: 8,
        target_label: "b".to_owned(),
        action: RelabelAction::HashMod,
        ..RelabelSpec::default()
    };
    let rule = RelabelRule::try_from(spec).unwrap();
    let kept = RelabelStep { rule, labels: Some(Labels::from_pairs([("b", "3")])) };
    assert_eq!(
        step(&kept),
        json!({
            "rule": {
                "source_labels": ["a"],
                "separator": ";",
                "regex": "(.*)",
                "modulus": 8,
                "target_label": "b",
                "replacement": "$1",
                "action": "hashmod",
            },
            "output": {"b": "3"},
            "keep": true,
        })
    );
    let spec = RelabelSpec { action: RelabelAction::Drop, ..RelabelSpec::default() };
    let dropped = RelabelStep { rule: RelabelRule::try_from(spec).unwrap(), labels: None };
    assert_eq!(
        step(&dropped),
        json!({
            "rule": {"separator": ";", "regex": "(.*)", "replacement": "$1", "action": "drop"},
            "output": {},
            "keep": false,
        })
    );
}
