use std::sync::Arc;

use super::Dispatcher;
use crate::config::Config;
use crate::testing::{MINUTE, alert, at, config};

fn dispatcher(text: &str) -> Dispatcher {
    Dispatcher::new(Arc::new(config(text)), at(0))
}

const TEXT: &str = "
route: { receiver: r, group_by: [alertname] }
receivers: [{ name: r }]
inhibit_rules: [{ source_matchers: [severity=page], target_matchers: [severity=info] }]
";

#[test]
fn a_group_waits_then_ticks_and_ends_with_its_last_alert() {
    let mut dispatcher = dispatcher(TEXT);
    let mut a = alert(&[("alertname", "A"), ("i", "1")], 0);
    dispatcher.insert([a.clone(), alert(&[("alertname", "A"), ("i", "2")], 0)], at(0));
    assert_eq!(dispatcher.next_due(), at(30_000));
    assert!(dispatcher.due(at(29_999)).is_empty());

    let flushes = dispatcher.due(at(30_000));
    assert_eq!(flushes.len(), 1);
    assert_eq!(flushes[0].key, r#"{}:{alertname="A"}"#);
    assert_eq!(flushes[0].alerts.len(), 2);
    assert_eq!(dispatcher.next_due(), at(30_000 + 5 * MINUTE));
    dispatcher.delivered(&flushes[0], true, at(30_000));

    a.ends_at = at(MINUTE);
    let mut b = alert(&[("alertname", "A"), ("i", "2")], 0);
    b.ends_at = at(MINUTE);
    dispatcher.insert([a, b], at(MINUTE));
    let flushes = dispatcher.due(at(30_000 + 5 * MINUTE));
    dispatcher.delivered(&flushes[0], true, at(30_000 + 5 * MINUTE));
    assert!(dispatcher.groups.is_empty());
    assert_eq!(dispatcher.alerts.iter().count(), 2);
    dispatcher.due(at(30 * MINUTE));
    assert_eq!(dispatcher.alerts.iter().count(), 0, "swept");
}

#[test]
fn an_old_alert_does_not_wait_again() {
    let mut dispatcher = dispatcher(TEXT);
    dispatcher.insert([alert(&[("alertname", "A")], -MINUTE)], at(0));
    assert_eq!(dispatcher.due(at(0)).len(), 1);
}

#[test]
fn a_group_that_waits_goes_on_waiting_when_an_old_alert_joins() {
    let mut dispatcher = dispatcher(TEXT);
    dispatcher.insert([alert(&[("alertname", "A"), ("i", "1")], 0)], at(0));
    dispatcher.insert([alert(&[("alertname", "A"), ("i", "2")], -MINUTE)], at(1));
    assert_eq!(dispatcher.next_due(), at(30_000));
}

#[test]
fn a_flush_missed_during_a_delivery_follows_it() {
    let mut dispatcher = dispatcher(TEXT);
    dispatcher.insert([alert(&[("alertname", "A")], 0)], at(0));
    let flush = dispatcher.due(at(30_000)).remove(0);
    assert!(dispatcher.due(at(6 * MINUTE)).is_empty(), "still under way");
    dispatcher.delivered(&flush, false, at(7 * MINUTE));
    assert_eq!(dispatcher.next_due(), at(7 * MINUTE));
    assert_eq!(dispatcher.due(at(7 * MINUTE)).len(), 1);
}

#[test]
fn a_failed_delivery_keeps_what_is_over() {
    let mut dispatcher = dispatcher(TEXT);
    let mut over = alert(&[("alertname", "A")], 0);
    over.ends_at = at(10);
    dispatcher.insert([over], at(0));
    let flush = dispatcher.due(at(30_000)).remove(0);
    dispatcher.delivered(&flush, false, at(30_001));
    assert_eq!(dispatcher.groups.len(), 1);
    let flush = dispatcher.due(at(6 * MINUTE)).remove(0);
    dispatcher.delivered(&flush, true, at(6 * MINUTE));
    assert!(dispatcher.groups.is_empty());
}

#[test]
fn an_alert_that_changed_during_a_delivery_stays() {
    let mut dispatcher = dispatcher(TEXT);
    let mut over = alert(&[("alertname", "A")], 0);
    over.ends_at = at(10);
    dispatcher.insert([over], at(0));
    let flush = dispatcher.due(at(30_000)).remove(0);
    dispatcher.insert([alert(&[("alertname", "A")], 20_000)], at(30_001));
    dispatcher.delivered(&flush, true, at(30_002));
    assert_eq!(dispatcher.groups.len(), 1);
}

#[test]
fn inhibited_alerts_stay_out_of_flushes() {
    let mut dispatcher = dispatcher(TEXT);
    let page = alert(&[("alertname", "P"), ("severity", "page")], 0);
    let info = alert(&[("alertname", "I"), ("severity", "info")], 0);
    dispatcher.insert([page, info], at(0));
    let counts: Vec<(String, usize)> = dispatcher
        .due(at(30_000))
        .into_iter()
        .map(|flush| (flush.key, flush.alerts.len()))
        .collect();
    assert_eq!(
        counts,
        [(r#"{}:{alertname="I"}"#.to_owned(), 0), (r#"{}:{alertname="P"}"#.to_owned(), 1),]
    );
}

#[test]
fn a_reload_groups_anew_and_old_deliveries_change_nothing() {
    let mut dispatcher = dispatcher(TEXT);
    dispatcher.insert([alert(&[("alertname", "A")], 0)], at(0));
    let flush = dispatcher.due(at(30_000)).remove(0);
    dispatcher.reconfigure(Arc::new(Config::default()), at(40_000));
    dispatcher.delivered(&flush, true, at(50_000));
    let keys: Vec<&str> = dispatcher.groups.values().map(|group| group.key.as_str()).collect();
    assert_eq!(keys, ["{}:{}"]);
    assert_eq!(dispatcher.due(at(40_000)).len(), 1, "it waited before");
}

#[test]
fn a_delivery_that_outlives_a_reload_holds_its_group_back() {
    let mut dispatcher = dispatcher(TEXT);
    dispatcher.insert([alert(&[("alertname", "A")], 0)], at(0));
    let flush = dispatcher.due(at(30_000)).remove(0);
    dispatcher.reconfigure(Arc::new(config(TEXT)), at(31_000));
    assert!(dispatcher.due(at(31_000)).is_empty(), "its group is being told already");
    dispatcher.reconfigure(Arc::new(config(TEXT)), at(32_000));
    assert!(dispatcher.due(at(32_000)).is_empty(), "a second reload changes nothing of that");
    dispatcher.delivered(&flush, true, at(33_000));
    assert_eq!(dispatcher.next_due(), at(33_000));
    let again = dispatcher.due(at(33_000));
    assert_eq!((again.len(), again[0].key.as_str()), (1, r#"{}:{alertname="A"}"#));
    dispatcher.delivered(&again[0], true, at(33_001));
    assert_eq!(dispatcher.next_due(), at(33_000 + 5 * MINUTE), "nothing was missed since");
}

#[test]
fn many_groups_are_flushed_some_at_a_time() {
    let mut dispatcher = dispatcher(TEXT);
    let name = |i: usize| format!("A{i}");
    let alerts = (0..3000).map(|i| alert(&[("alertname", &name(i))], 0));
    dispatcher.insert(alerts, at(0));
    let first = dispatcher.due(at(30_000)).len();
    assert!(first < 3000 && dispatcher.next_due() <= at(30_000), "{first}");
    let mut all = first;
    while dispatcher.next_due() <= at(30_000) {
        all += dispatcher.due(at(30_000)).len();
    }
    assert_eq!(all, 3000);
}

#[test]
fn an_alert_that_goes_on_keeps_its_beginning() {
    let mut dispatcher = dispatcher(TEXT);
    let mut first = alert(&[("alertname", "A")], 100);
    first.ends_at = at(MINUTE);
    dispatcher.insert([first], at(100));
    dispatcher.insert([alert(&[("alertname", "A")], 200)], at(200));
    let kept = dispatcher.alerts.iter().next().unwrap();
    assert_eq!((kept.alert.starts_at, kept.alert.ends_at > at(MINUTE)), (at(100), true));
}
