//! What becomes of alerts over a restart.

use std::time::Duration;

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
    assert!(world.heard().is_empty(), "two evaluations have to look");
    group.evaluate(at(70));
    let heard = world.heard().remove(0);
    assert_eq!((heard.starts_at, heard.ends_at), (at(30), at(70)));
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
    // Ten minutes later nothing was scraped yet, and is not for a while.
    for seconds in [610, 620, 630, 640] {
        group.evaluate(at(seconds));
    }
    assert_eq!(world.heard().remove(0).ends_at, at(610 + 240));
    // Then it was, of one target first.
    world.put(&[("__name__", "up"), ("job", "b")], 645, 1.0);
    group.evaluate(at(650));
    assert!(world.heard().is_empty());
    world.put(UP, 655, 0.0);
    group.evaluate(at(660));
    world.put(UP, 665, 1.0);
    assert!(world.heard().is_empty(), "nothing is new");
    group.evaluate(at(670));
    let heard = world.heard().remove(0);
    assert_eq!((heard.starts_at, heard.ends_at), (at(10), at(670)));
}

#[test]
fn an_alert_waits_until_every_target_was_scraped() {
    let rule = "  - { alert: Down, expr: up == 0 }\n";
    let world = World::new();
    world.put(UP, 5, 0.0);
    world.group(rule).evaluate(at(10));
    let mut world = world.restarted();
    world.settle = Duration::from_secs(120);
    let group = world.group_after(rule, None, Restoring::Begin);
    // Its sample of before is found once more. Another target is scraped at once, its own later.
    world.put(&[("__name__", "up"), ("job", "b")], 295, 1.0);
    for seconds in [300, 310, 320, 330, 340] {
        group.evaluate(at(seconds));
    }
    world.put(UP, 345, 0.0);
    group.evaluate(at(350));
    world.put(UP, 355, 1.0);
    for seconds in (360..=410).step_by(10) {
        group.evaluate(at(seconds));
    }
    let heard = world.heard();
    assert!(heard.iter().all(|alert| alert.ends_at >= at(300 + 240)), "it ended: {heard:?}");
    group.evaluate(at(420));
    let heard = world.heard().remove(0);
    assert_eq!((heard.starts_at, heard.ends_at), (at(10), at(420)));
}

#[test]
fn an_alert_does_not_wait_for_data_for_ever() {
    let rule = "  - { alert: Down, expr: up == 0 }\n";
    let world = World::new();
    world.put(UP, 5, 0.0);
    world.group(rule).evaluate(at(10));
    let (mut world, group) = restarted(world, rule);
    group.evaluate(at(1000));
    world.heard();
    group.evaluate(at(1000 + 600));
    assert!(world.heard().remove(0).ends_at > at(1600), "the grace period is not over");
    group.evaluate(at(1000 + 610));
    assert_eq!(world.heard().remove(0).ends_at, at(1610));
}

#[test]
fn a_group_with_a_long_interval_remembers_its_alerts() {
    let rule = "  - { alert: Down, expr: up == 0 }\n  - { alert: Waits, expr: up == 0, for: 7h }\n";
    let hour = 3600;
    let group = |world: &World| world.group_with("", 2 * hour, rule, None, Restoring::Begin);
    let world = World::new();
    let evaluate = |group: &Group, world: &World, hours: i64| {
        world.put(UP, hours * hour, 0.0);
        group.evaluate(at(hours * hour));
    };
    let before = group(&world);
    for hours in [2, 4, 6] {
        evaluate(&before, &world, hours);
    }
    // It was away for some of the time up to the next evaluation.
    let mut world = world.restarted();
    let group = group(&world);
    for hours in [8, 10, 12] {
        evaluate(&group, &world, hours);
    }
    assert_eq!(world.heard().remove(0).starts_at, at(2 * hour), "it fires on");
    let RuleKind::Alerting { alerts, .. } = &group.view().rules[1].kind else { panic!("a rule") };
    assert_eq!(alerts[0].active_at, at(6 * hour), "four hours of its time are over");
}

#[test]
fn the_series_of_an_alert_that_is_over_at_once_end() {
    let rule = "  - { alert: Down, expr: up == 0, keep_firing_for: 100s }\n";
    let world = World::new();
    let group = world.group(rule);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    world.put(UP, 15, 1.0);
    group.evaluate(at(20));
    let (world, group) = restarted(world, rule);
    group.evaluate(at(130));
    for series in ["ALERTS", "ALERTS_FOR_STATE"] {
        let line = world.dump(series).remove(0);
        assert!(line.ends_with("@20 x@130"), "{line}");
    }
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
fn alerts_fire_on_where_it_is_not_known_how_long_the_server_was_away() {
    let rule = "  - { alert: Down, expr: up == 0 }\n";
    let group = |world: &World| {
        world.group_with("  replay_missed: true\n", 10, rule, None, Restoring::Begin)
    };
    let slot = |millis: i64| [&[1][..], &millis.to_be_bytes()].concat();
    let of_another_version = [&[2][..], &[0; 8]].concat();
    for slot in [None, Some(of_another_version), Some(b"\x01".to_vec()), Some(slot(9_000_000))] {
        let world = World::new();
        world.put(UP, 5, 0.0);
        group(&world).evaluate(at(10));
        let slots = world.state.tree("rules_slots").unwrap();
        let key = slots.scan_prefix(&[], 1).unwrap().remove(0).0;
        match &slot {
            Some(slot) => slots.put(&key, slot).unwrap(),
            None => assert!(slots.delete(&key).unwrap()),
        }
        let mut world = world.restarted();
        group(&world).evaluate(at(50));
        assert_eq!(world.heard().remove(0).starts_at, at(10), "{slot:?}");
        let firing = world.dump("ALERTS").remove(0);
        assert!(firing.ends_with("1@10 1@50"), "nothing is made up for after {slot:?}: {firing}");
        let kept = world.state.tree("rules_alerts").unwrap();
        assert_eq!(kept.scan_prefix(&[], SCAN_MAX).unwrap().len(), 1, "{slot:?}");
    }
}

#[test]
fn alerts_beyond_the_limit_are_forgotten_on_disk_too() {
    let world = World::new();
    let rule = "  - { alert: Down, expr: up == 0 }\n";
    let group = world.group_with("  limit: 1\n", 10, rule, None, Restoring::Done);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    let kept = world.state.tree("rules_alerts").unwrap();
    assert_eq!(kept.scan_prefix(&[], SCAN_MAX).unwrap().len(), 1);
    world.put(&[("__name__", "up"), ("job", "b")], 15, 0.0);
    group.evaluate(at(20));
    assert!(kept.scan_prefix(&[], SCAN_MAX).unwrap().is_empty());
}
