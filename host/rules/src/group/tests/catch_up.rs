//! Groups that make up for missed evaluations.

use std::sync::Arc;

use super::{UP, World, at};
use crate::group::{Group, Restoring};
use crate::views::RuleKind;

const RULES: &str =
    "  - { record: x, expr: up + 1 }\n  - { alert: Down, expr: up == 0, for: 30s }\n";

fn group(world: &World, restoring: Restoring) -> Group {
    world.group_with("  replay_missed: true\n", 10, RULES, None, restoring)
}

#[test]
fn missed_evaluations_are_made_up_for_in_order() {
    let mut world = World::new();
    let group = group(&world, Restoring::Done);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    group.evaluate(at(60));
    assert_eq!(world.dump("x"), [r#"{job="a"} 1@10 1@20 1@30 1@40 1@50 1@60"#]);
    // Their time counts, and alerting is told once, of how it is now.
    let heard = world.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].starts_at, heard[0].ends_at), (at(40), at(60 + 240)));
    assert_eq!(
        world.dump("ALERTS")[0],
        r#"{alertname="Down", alertstate="firing", job="a"} 1@40 1@50 1@60"#
    );
    let metrics = world.tools.metrics.gather();
    let made_up = metrics.iter().find(|family| family.name.ends_with("replayed_total")).unwrap();
    assert!(format!("{:?}", made_up.points).contains("Number(4.0)"), "{made_up:?}");
}

#[test]
fn groups_that_do_not_say_so_leave_the_hole() {
    let world = World::new();
    let group = world.group(RULES);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    group.evaluate(at(60));
    assert_eq!(world.dump("x"), [r#"{job="a"} 1@10 1@60"#]);
}

#[test]
fn evaluations_of_the_time_of_a_restart_are_made_up_for() {
    let world = World::new();
    world.put(UP, 5, 0.0);
    group(&world, Restoring::Begin).evaluate(at(10));
    let mut world = world.restarted();
    world.put(UP, 25, 1.0);
    world.put(UP, 35, 0.0);
    let group = group(&world, Restoring::Begin);
    group.evaluate(at(60));
    assert_eq!(world.dump("x"), [r#"{job="a"} 1@10 1@20 2@30 1@40 1@50 1@60"#]);
    assert!(world.heard().is_empty(), "what was seen at 30 began its time anew");
    group.evaluate(at(70));
    assert_eq!(world.heard().remove(0).starts_at, at(70));
}

#[test]
fn evaluations_that_see_nothing_leave_alerts_as_they_are() {
    let world = World::new();
    let rules = "  - { alert: Down, expr: up == 0 }\n  - { alert: Waits, expr: up == 0, for: 20m }\n\
                 \x20 - { alert: Gone, expr: absent(up), for: 30s }\n";
    let group = |world: &World| {
        world.group_with("  replay_missed: true\n", 10, rules, None, Restoring::Begin)
    };
    world.put(UP, 5, 0.0);
    group(&world).evaluate(at(10));
    // Away for ten minutes: from 310 on there is nothing to look back to.
    let mut world = world.restarted();
    world.put(UP, 595, 0.0);
    let group = group(&world);
    group.evaluate(at(600));
    let heard = world.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!((heard[0].starts_at, heard[0].ends_at), (at(10), at(600 + 240)));
    let firing = world.dump("ALERTS").remove(0);
    assert!(!firing.contains('x'), "it never ended: {firing}");
    let RuleKind::Alerting { alerts, .. } = &group.view().rules[1].kind else { panic!("a rule") };
    assert_eq!(alerts[0].active_at, at(10 + 290), "29 evaluations saw nothing");
}

/// A group of another process that makes up for what it missed.
fn restarted(world: World, rules: &str) -> (World, Group) {
    let world = world.restarted();
    let group = world.group_with("  replay_missed: true\n", 10, rules, None, Restoring::Begin);
    (world, group)
}

#[test]
fn an_alert_that_was_over_meanwhile_begins_anew() {
    let rules = "  - { alert: Down, expr: up == 0 }\n";
    let (world, group) = restarted(World::new(), rules);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    let (mut world, group) = restarted(world, rules);
    world.put(UP, 15, 1.0);
    world.put(UP, 35, 0.0);
    group.evaluate(at(60));
    assert_eq!(world.heard().pop().unwrap().starts_at, at(40));
    assert!(world.dump("ALERTS")[0].ends_with("1@10 x@20 1@40 1@50 1@60"));
}

#[test]
fn of_an_alert_that_came_and_went_meanwhile_nobody_hears() {
    let rules = "  - { alert: Down, expr: up == 0 }\n";
    let mut world = World::new();
    let group = world.group_with("  replay_missed: true\n", 10, rules, None, Restoring::Done);
    world.put(UP, 5, 1.0);
    group.evaluate(at(10));
    world.put(UP, 25, 0.0);
    world.put(UP, 35, 1.0);
    group.evaluate(at(60));
    assert!(world.dump("ALERTS")[0].ends_with("1@30 x@40"));
    assert!(world.heard().is_empty());
}

#[test]
fn an_alert_is_told_again_before_evaluations_are_made_up_for() {
    let rules = "  - { alert: Down, expr: up == 0 }\n";
    let (mut world, group) = restarted(World::new(), rules);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    world.heard();
    let check = |world: &mut World, group: &Group, evaluated: i64, over: i64| {
        world.put(UP, over - 5, 1.0);
        group.evaluate(at(evaluated));
        let ends: Vec<_> = world.heard().iter().map(|alert| alert.ends_at).collect();
        assert_eq!(ends, [at(evaluated + 240), at(over)], "it fires, and then it is over");
    };
    // In the same process, and in another one.
    check(&mut world, &group, 100, 50);
    world.put(UP, 105, 0.0);
    group.evaluate(at(110));
    let (mut world, group) = restarted(world, rules);
    check(&mut world, &group, 200, 150);
}

#[test]
fn evaluations_of_an_outage_that_are_given_up_do_not_count() {
    let rules = "  - { alert: Waits, expr: up == 0, for: 1h }\n";
    let group = |world: &World| {
        world.group_with("  replay_missed: true\n", 1, rules, None, Restoring::Begin)
    };
    let world = World::new();
    (0..10).for_each(|n| world.put(UP, n * 200, 0.0));
    group(&world).evaluate(at(10));
    let world = world.restarted();
    let group = group(&world);
    group.evaluate(at(1211));
    let RuleKind::Alerting { alerts, .. } = &group.view().rules[0].kind else { panic!("a rule") };
    assert_eq!(alerts[0].active_at, at(10 + 300), "900 of 1200 were made up for");
}

#[test]
fn an_alert_that_was_there_in_between_still_waits_for_data() {
    let rules =
        "  - { alert: Down, expr: up == 0 }\n  - { alert: Waits, expr: up == 0, for: 10m }\n";
    let (world, group) = restarted(World::new(), rules);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    let (mut world, group) = restarted(world, rules);
    // The first evaluations of that time look back to what was before.
    group.evaluate(at(400));
    world.put(&[("__name__", "up"), ("job", "b")], 405, 1.0);
    group.evaluate(at(410));
    world.put(UP, 415, 0.0);
    group.evaluate(at(420));
    let heard = world.heard();
    assert!(heard.iter().all(|alert| alert.starts_at == at(10)), "it went on: {heard:?}");
    let RuleKind::Alerting { alerts, .. } = &group.view().rules[1].kind else { panic!("a rule") };
    // Those for 310 to 410 did not see it: eleven.
    assert_eq!((alerts.len(), alerts[0].active_at), (1, at(10 + 110)));
}

#[test]
fn a_recording_rule_that_sees_nothing_writes_nothing() {
    let rules = "  - { record: gone, expr: absent(up) }\n  - { alert: Gone, expr: gone == 1 }\n";
    let (world, group) = restarted(World::new(), rules);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    let (mut world, group) = restarted(world, rules);
    world.put(UP, 595, 0.0);
    group.evaluate(at(600));
    assert_eq!(world.dump("gone"), [""; 0]);
    assert!(world.heard().is_empty());
}

#[test]
fn how_far_back_it_goes_is_bounded() {
    let world = World::new();
    let group = group(&world, Restoring::Done);
    group.evaluate(at(10));
    world.put(UP, 3_000, 0.0);
    world.put(UP, 20_005, 0.0);
    group.evaluate(at(20_010));
    assert_eq!(world.dump("x")[0].matches('@').count(), 1, "nothing before an hour ago");
}

#[test]
fn a_group_that_cannot_keep_up_leaves_holes() {
    let mut world = World::new();
    let group = group(&world, Restoring::Done);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    group.state.lock().is_overtaxed = true;
    group.evaluate(at(50));
    assert_eq!(world.dump("x"), [r#"{job="a"} 1@10 1@50"#]);
    assert_eq!(world.heard().remove(0).starts_at, at(50), "the time counts all the same");
    group.evaluate(at(60));
    assert!(!group.state.lock().is_overtaxed, "nothing was missed");
    group.evaluate(at(80));
    assert_eq!(world.dump("x"), [r#"{job="a"} 1@10 1@50 1@60 1@70 1@80"#]);
}

#[test]
fn a_reload_in_between_changes_nothing() {
    let world = World::new();
    let before = group(&world, Restoring::Done);
    world.put(UP, 5, 0.0);
    before.evaluate(at(10));
    let keys = "  replay_missed: true\n  limit: 5\n";
    let after = world.group_with(keys, 10, RULES, Some(Arc::new(before)), Restoring::Done);
    after.evaluate(at(40));
    assert_eq!(world.dump("x"), [r#"{job="a"} 1@10 1@20 1@30 1@40"#]);
}
