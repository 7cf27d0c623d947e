use std::sync::Arc;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::Tasks;
use narthex_state::SCAN_MAX;

use super::{Parts, Rules};
use crate::config::RulesConfig;
use crate::file::RuleFiles;
use crate::group::tests::World;
use crate::kept::GroupId;
use crate::views::RuleKind;

fn rules(world: &World) -> Rules {
    Rules::new(Parts {
        engine: world.tools.engine.clone(),
        read: Arc::clone(&world.tools.read),
        write: Arc::clone(&world.tools.write),
        alerts: world.tools.alerts.clone(),
        clock: world.simulated.clock(),
        metrics: world.tools.metrics.clone(),
        state: Some(world.state.clone()),
        concurrent_rules_max: 2,
    })
}

fn load(rules: &Rules, text: &str) {
    let files = RuleFiles::read([("r.yml", text)]).unwrap();
    let config = RulesConfig::default();
    rules.commit(rules.prepare(config, files));
}

/// Lets the tasks run and moves the clock until `done`. The clock stands while a group is evaluated
/// on a thread of its own: how long that takes must not decide which slots are missed.
async fn until(world: &World, rules: &Rules, done: impl Fn() -> bool) {
    let mut idle_rounds = 0;
    loop {
        tokio::task::yield_now().await;
        if rules.0.plan.lock().groups.values().any(|slot| slot.is_running) {
            continue;
        }
        if done() {
            return;
        }
        idle_rounds += 1;
        assert!(idle_rounds < 1_000_000, "it never came to that");
        if idle_rounds % 500 == 0 {
            world.simulated.advance(Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn groups_run_in_their_slots_and_end_when_they_are_gone() {
    let world = World::new();
    let rules = rules(&world);
    let mut tasks = Tasks::new();
    rules.spawn(std::future::ready(()), &mut tasks);
    load(&rules, "groups: [{ name: g, interval: 10s, rules: [{ record: x, expr: '1' }] }]");
    let samples = || world.dump("x").first().map_or(0, |line| line.split('@').count() - 1);
    until(&world, &rules, || samples() >= 3).await;
    let line = world.dump("x").remove(0);
    let times: Vec<i64> = line
        .split(' ')
        .skip(1)
        .map(|sample| sample.split_once('@').unwrap().1.parse().unwrap())
        .collect();
    assert_eq!(times[1] - times[0], 10, "{line}");

    // An unchanged group runs on as it is.
    let evaluated = rules.groups()[0].last_evaluation;
    load(&rules, "groups: [{ name: g, interval: 10s, rules: [{ record: x, expr: '1' }] }]");
    assert_eq!(rules.groups()[0].last_evaluation, evaluated);

    load(&rules, "groups: []");
    assert!(rules.groups().is_empty());
    until(&world, &rules, || world.dump("x")[0].contains(" x@")).await;
}

/// How many records there are, of alerts and of groups.
fn kept(world: &World) -> (usize, usize) {
    let count = |tree| world.state.tree(tree).unwrap().scan_prefix(&[], SCAN_MAX).unwrap().len();
    (count("rules_alerts"), count("rules_slots"))
}

#[tokio::test]
async fn what_is_kept_of_a_group_goes_with_it_but_not_in_a_commit() {
    let world = World::new();
    world
        .tools
        .kept
        .keep_slot(GroupId::of("r.yml", "of an earlier process"), Timestamp::from_millis(0));
    let rules = rules(&world);
    let group = "groups: [{ name: g, interval: 10s, rules: [{ alert: A, expr: '1' }] }]";
    load(&rules, group);
    assert_eq!(kept(&world), (0, 1), "a commit reads and removes nothing");
    let mut tasks = Tasks::new();
    rules.spawn(std::future::ready(()), &mut tasks);
    until(&world, &rules, || kept(&world) == (1, 1)).await;

    load(&rules, "groups: []");
    assert_eq!(kept(&world), (1, 1));
    until(&world, &rules, || kept(&world) == (0, 0)).await;
}

#[tokio::test]
async fn a_group_that_is_back_at_once_goes_on() {
    let world = World::new();
    let rules = rules(&world);
    let mut tasks = Tasks::new();
    rules.spawn(std::future::ready(()), &mut tasks);
    let group = "groups: [{ name: g, interval: 10s, rules: [{ alert: A, expr: '1' }] }]";
    let active_at = || match &rules.groups()[0].rules[0].kind {
        RuleKind::Alerting { alerts, .. } => alerts.first().map(|alert| alert.active_at),
        RuleKind::Recording => None,
    };
    let evaluated = || rules.groups()[0].last_evaluation;
    load(&rules, group);
    until(&world, &rules, || active_at().is_some()).await;
    let before = active_at();
    load(&rules, "groups: []");
    load(&rules, group);
    let end = world.simulated.clock().now_millis() + 60_000;
    until(&world, &rules, || evaluated().is_some_and(|at| at.millis() > end)).await;
    assert_eq!(active_at(), before);
    assert_eq!(kept(&world), (1, 1));
    assert!(!world.dump("ALERTS")[0].contains('x'));
}

#[tokio::test]
async fn rules_wait_for_the_past_but_not_for_ever() {
    let text = "groups: [{ name: g, interval: 10s, rules: [{ record: x, expr: '1' }] }]";
    for comes in [true, false] {
        let world = World::new();
        let rules = rules(&world);
        let mut tasks = Tasks::new();
        let (past, has_come) = tokio::sync::oneshot::channel::<()>();
        let mut past = Some(past);
        rules.spawn(async { has_come.await.unwrap_or(()) }, &mut tasks);
        load(&rules, text);
        let start = world.simulated.clock().now_millis();
        until(&world, &rules, || world.simulated.clock().now_millis() >= start + 60_000).await;
        assert_eq!(world.dump("x"), [""; 0], "nothing is evaluated before the past is there");
        if comes {
            past.take().unwrap().send(()).unwrap();
        }
        until(&world, &rules, || !world.dump("x").is_empty()).await;
        drop(past);
        let waited = world.simulated.clock().now_millis() - start;
        assert_eq!(waited < 115_000, comes, "{waited} ms");
    }
}

#[tokio::test]
async fn a_group_that_says_so_makes_up_for_what_it_missed() {
    let world = World::new();
    let rules = rules(&world);
    let mut tasks = Tasks::new();
    rules.spawn(std::future::ready(()), &mut tasks);
    let group = |name: &str, keys: &str| {
        format!(
            "{{ name: {name}, interval: 10s, {keys} rules: [{{ record: {name}, expr: '1' }}] }}"
        )
    };
    let (whole, holes) = (group("whole", "replay_missed: true,"), group("holes", ""));
    load(&rules, &format!("groups: [{whole}, {holes}]"));
    let times = |name: &str| -> Vec<i64> {
        let line = world.dump(name).pop().unwrap_or_default();
        let samples = line.split(' ').filter_map(|sample| sample.split_once('@')?.1.parse().ok());
        samples.collect()
    };
    until(&world, &rules, || times("whole").len() >= 2 && times("holes").len() >= 2).await;
    // The process stood still.
    world.simulated.advance(Duration::from_secs(60));
    until(&world, &rules, || times("whole").len() >= 8 && times("holes").len() >= 4).await;
    let longest = |name| times(name).windows(2).map(|pair| pair[1] - pair[0]).max();
    assert_eq!(longest("whole"), Some(10), "{:?}", times("whole"));
    assert!(longest("holes") >= Some(50), "{:?}", times("holes"));
}
