use std::sync::Arc;

use narthex_model::Alert;

use super::Dispatcher;
use crate::config::Config;
use crate::silences::Silencer;
use crate::testing::{MINUTE, alert, at, batch, config};

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
    dispatcher.insert(batch(&[a.clone(), alert(&[("alertname", "A"), ("i", "2")], 0)]), at(0));
    assert_eq!(dispatcher.next_due(), at(30_000));
    assert!(dispatcher.due(at(29_999), Silencer::default).is_empty());

    let flushes = dispatcher.due(at(30_000), Silencer::default);
    assert_eq!(flushes.len(), 1);
    assert_eq!(flushes[0].key, r#"{}:{alertname="A"}"#);
    assert_eq!(flushes[0].alerts.len(), 2);
    assert_eq!(dispatcher.next_due(), at(30_000 + 5 * MINUTE));
    dispatcher.delivered(&flushes[0], true, at(30_000));

    a.ends_at = at(MINUTE);
    let mut b = alert(&[("alertname", "A"), ("i", "2")], 0);
    b.ends_at = at(MINUTE);
    dispatcher.insert(batch(&[a, b]), at(MINUTE));
    let flushes = dispatcher.due(at(30_000 + 5 * MINUTE), Silencer::default);
    dispatcher.delivered(&flushes[0], true, at(30_000 + 5 * MINUTE));
    assert!(dispatcher.groups.is_empty());
    assert_eq!(dispatcher.alerts.len(), 2);
    dispatcher.due(at(30 * MINUTE), Silencer::default);
    assert!(dispatcher.alerts.is_empty(), "swept");
}

#[test]
fn an_old_alert_does_not_wait_again() {
    let mut dispatcher = dispatcher(TEXT);
    dispatcher.insert(batch(&[alert(&[("alertname", "A")], -MINUTE)]), at(0));
    assert_eq!(dispatcher.due(at(0), Silencer::default).len(), 1);
}

#[test]
fn a_flush_missed_during_a_delivery_follows_it() {
    let mut dispatcher = dispatcher(TEXT);
    dispatcher.insert(batch(&[alert(&[("alertname", "A")], 0)]), at(0));
    let flush = dispatcher.due(at(30_000), Silencer::default).remove(0);
    assert!(dispatcher.due(at(6 * MINUTE), Silencer::default).is_empty(), "still under way");
    dispatcher.delivered(&flush, false, at(7 * MINUTE));
    assert_eq!(dispatcher.next_due(), at(7 * MINUTE));
    assert_eq!(dispatcher.due(at(7 * MINUTE), Silencer::default).len(), 1);
}

#[test]
fn a_failed_delivery_keeps_what_is_over() {
    let mut dispatcher = dispatcher(TEXT);
    let mut over = alert(&[("alertname", "A")], 0);
    over.ends_at = at(10);
    dispatcher.insert(batch(&[over]), at(0));
    let flush = dispatcher.due(at(30_000), Silencer::default).remove(0);
    dispatcher.delivered(&flush, false, at(30_001));
    assert_eq!(dispatcher.groups.len(), 1);
    let flush = dispatcher.due(at(6 * MINUTE), Silencer::default).remove(0);
    dispatcher.delivered(&flush, true, at(6 * MINUTE));
    assert!(dispatcher.groups.is_empty());
}

#[test]
fn an_alert_that_changed_during_a_delivery_stays() {
    let mut dispatcher = dispatcher(TEXT);
    let mut over = alert(&[("alertname", "A")], 0);
    over.ends_at = at(10);
    dispatcher.insert(batch(&[over]), at(0));
    let flush = dispatcher.due(at(30_000), Silencer::default).remove(0);
    dispatcher.insert(batch(&[alert(&[("alertname", "A")], 20_000)]), at(30_001));
    dispatcher.delivered(&flush, true, at(30_002));
    assert_eq!(dispatcher.groups.len(), 1);
}

#[test]
fn inhibited_alerts_stay_out_of_flushes() {
    let mut dispatcher = dispatcher(TEXT);
    let page = alert(&[("alertname", "P"), ("severity", "page")], 0);
    let info = alert(&[("alertname", "I"), ("severity", "info")], 0);
    dispatcher.insert(batch(&[page, info]), at(0));
    let counts: Vec<(String, usize)> = dispatcher
        .due(at(30_000), Silencer::default)
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
    dispatcher.insert(batch(&[alert(&[("alertname", "A")], 0)]), at(0));
    let flush = dispatcher.due(at(30_000), Silencer::default).remove(0);
    dispatcher.reconfigure(Arc::new(Config::default()), at(40_000));
    dispatcher.delivered(&flush, true, at(50_000));
    let keys: Vec<&str> = dispatcher.groups.values().map(|group| group.key.as_str()).collect();
    assert_eq!(keys, ["{}:{}"]);
    assert_eq!(dispatcher.due(at(40_000), Silencer::default).len(), 1, "it waited before");
}

#[test]
fn an_alert_that_goes_on_keeps_its_beginning() {
    let mut dispatcher = dispatcher(TEXT);
    let mut first = alert(&[("alertname", "A")], 100);
    first.ends_at = at(MINUTE);
    dispatcher.insert(batch(&[first]), at(100));
    dispatcher.insert(batch(&[alert(&[("alertname", "A")], 200)]), at(200));
    let kept = dispatcher.alerts.values().next().unwrap();
    assert_eq!((kept.starts_at, kept.ends_at > at(MINUTE)), (at(100), true));
}

#[test]
fn the_latest_end_that_somebody_named_counts() {
    let ends = |known: (i64, bool), news: (i64, bool), now: i64| {
        let alert = |(end, is_end_guessed)| Alert {
            ends_at: at(end),
            is_end_guessed,
            ..alert(&[("alertname", "A")], 0)
        };
        super::merge(&alert(known), &alert(news), at(now)).ends_at.millis()
    };
    assert_eq!(ends((500, false), (300, false), 100), 500, "another sender saw it longer");
    assert_eq!(ends((500, true), (300, false), 100), 300, "nobody said 500");
    assert_eq!(ends((500, false), (100, false), 100), 100, "it is over");
    assert_eq!(ends((90, false), (80, false), 100), 90, "it was over already");
    assert_eq!(ends((90, false), (300, false), 100), 300);
}
