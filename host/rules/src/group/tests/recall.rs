//! What becomes of alerts over a restart.

use narthex_state::SCAN_MAX;

use super::{UP, World, at};
use crate::group::{Group, Restoring};
use crate::views::{AlertView, RuleKind};

/// The same rules in another process.
fn restarted(world: World, rule: &str) -> (World, Group) {
    let world = world.restarted();
    let group = world.group_after(rule, None, Restoring::Begin);
    (world, group)
}

fn alerts(group: &Group) -> Vec<AlertView> {
    match &group.view().rules[0].kind {
        RuleKind::Alerting { alerts, .. } => alerts.clone(),
        RuleKind::Recording => Vec::new(),
    }
}

#[test]
fn an_alert_that_fired_fires_on() {
    let rule = "  - { alert: Down, expr: up == 0, for: 20s }\n";
    let mut world = World::new();
    let group = world.group(rule);
    world.put(UP, 5, 0.0);
    for seconds in [10, 20, 30] {
        group.evaluate(at(seconds));
    }
    assert_eq!(world.heard().len(), 1);
    let (mut world, group) = restarted(world, rule);
    group.evaluate(at(50));
    let heard = world.heard().remove(0);
    assert_eq!((heard.starts_at, heard.ends_at), (at(30), at(50 + 240)));
    assert_eq!(alerts(&group)[0].active_at, at(10));
    // Without the hole that Prometheus leaves.
    let firing = world.dump("ALERTS").remove(0);
    assert!(firing.contains("firing") && firing.ends_with("1@30 1@50"), "{firing}");
    world.put(UP, 55, 1.0);
    group.evaluate(at(60));
    let heard = world.heard().remove(0);
    assert_eq!((heard.starts_at, heard.ends_at), (at(30), at(60)));
    assert!(
        world.state.tree("rules_alerts").unwrap().scan_prefix(&[], SCAN_MAX).unwrap().is_empty()
    );
}

#[test]
fn keep_firing_for_goes_on_where_it_was() {
    let rule = "  - { alert: Down, expr: up == 0, keep_firing_for: 100s, annotations: { v: '{{ $value }}' } }\n";
    let mut world = World::new();
    let group = world.group(rule);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    world.put(UP, 15, 1.0);
    group.evaluate(at(20));
    assert_eq!(alerts(&group)[0].keep_firing_since, Some(at(20)));
    world.heard();
    let (world, group) = restarted(world, rule);
    group.evaluate(at(50));
    assert_eq!(alerts(&group)[0].keep_firing_since, Some(at(20)));
    let (mut world, group) = restarted(world, rule);
    group.evaluate(at(110));
    let heard = world.heard().remove(0);
    assert_eq!((heard.starts_at, heard.ends_at), (at(10), at(110 + 240)));
    assert_eq!(heard.annotations.get("v"), Some("0"));
    group.evaluate(at(120));
    assert_eq!(world.heard().remove(0).ends_at, at(120));
}

#[test]
fn an_alert_waits_for_data_before_it_ends() {
    let rule = "  - { alert: Down, expr: up == 0 }\n";
    let world = World::new();
    world.put(UP, 5, 0.0);
    world.group(rule).evaluate(at(10));
    let (mut world, group) = restarted(world, rule);
    // Ten minutes later nothing was scraped yet.
    group.evaluate(at(610));
    group.evaluate(at(620));
    assert_eq!(world.heard().remove(0).ends_at, at(610 + 240));
    group.evaluate(at(630));
    assert_eq!(world.heard().remove(0).ends_at, at(630));
}

#[test]
fn what_is_long_past_is_not_taken_up_again() {
    let rule = "  - { alert: Down, expr: up == 0, for: 20s }\n";
    let mut world = World::new();
    let group = world.group(rule);
    world.put(UP, 5, 0.0);
    for seconds in [10, 20, 30] {
        group.evaluate(at(seconds));
    }
    world.heard();
    let (mut world, group) = restarted(world, rule);
    world.put(UP, 3700, 0.0);
    group.evaluate(at(3700));
    assert!(world.heard().is_empty(), "it waits for its time anew");
    assert_eq!(alerts(&group)[0].active_at, at(3700));
    let kept = world.state.tree("rules_alerts").unwrap();
    assert!(kept.scan_prefix(&[], SCAN_MAX).unwrap().is_empty());
}

#[test]
fn alerts_beyond_the_limit_are_forgotten_on_disk_too() {
    let world = World::new();
    let rule = "  - { alert: Down, expr: up == 0 }\n";
    let group = world.group_with("  limit: 1\n", rule, None, Restoring::Done);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    let kept = world.state.tree("rules_alerts").unwrap();
    assert_eq!(kept.scan_prefix(&[], SCAN_MAX).unwrap().len(), 1);
    world.put(&[("__name__", "up"), ("job", "b")], 15, 0.0);
    group.evaluate(at(20));
    assert!(kept.scan_prefix(&[], SCAN_MAX).unwrap().is_empty());
}
