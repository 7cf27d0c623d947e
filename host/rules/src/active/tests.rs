use std::collections::BTreeMap;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};

use super::{ActiveAlerts, Found, HoldTimes};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn labels() -> Labels {
    Labels::from_pairs([("alertname", "A")])
}

/// Evaluates at each second; the expression is true where the letter is `x`. Shows the state
/// after each: `-` unknown, `p`ending, `f`iring, `r`esolved; upper case where it was sent.
fn history(hold: u64, keep_firing: u64, truth: &str) -> String {
    let times = HoldTimes {
        hold: Duration::from_secs(hold),
        keep_firing: Duration::from_secs(keep_firing),
        unseen: None,
    };
    let mut alerts = ActiveAlerts::default();
    let mut shown = String::new();
    for (second, letter) in truth.chars().enumerate() {
        let now = at(i64::try_from(second).unwrap());
        let found = Found { annotations: Labels::empty(), value: 1.0 };
        let found =
            if letter == 'x' { BTreeMap::from([(labels(), found)]) } else { BTreeMap::new() };
        alerts.update(&found, times, now);
        let sent = !alerts.take_sendable(now, Duration::from_secs(3)).is_empty();
        let letter = match alerts.0.get(&labels()) {
            None => '-',
            Some(alert) if alert.resolved_at.is_some() => 'r',
            Some(alert) => alert.state.name().chars().next().unwrap(),
        };
        shown.push(if sent { letter.to_ascii_uppercase() } else { letter });
    }
    shown
}

#[track_caller]
fn check(hold: u64, keep_firing: u64, truth: &str, expected: &str) {
    assert_eq!(history(hold, keep_firing, truth), expected);
}

#[test]
fn an_alert_fires_after_its_time_and_is_sent_again() {
    check(0, 0, "x.", "FR");
    check(2, 0, "xxxxxxxx", "ppFfffFf");
    check(2, 0, "xx.xxx", "pp-ppF");
}

#[test]
fn a_resolved_alert_is_sent_at_once_and_may_fire_anew() {
    check(0, 0, "xx.....x", "FfRrrrRF");
    check(2, 0, "xxx.xxx", "ppFRppF");
}

#[test]
fn keep_firing_for_bridges_gaps() {
    check(0, 2, "xx.xxx", "FfffFf");
    check(0, 2, "x.....", "FffRrr");
}

#[test]
fn a_resolved_alert_is_forgotten_after_a_quarter_of_an_hour() {
    let times = HoldTimes { hold: Duration::ZERO, keep_firing: Duration::ZERO, unseen: None };
    let mut alerts = ActiveAlerts::default();
    let found = Found { annotations: Labels::empty(), value: 1.0 };
    alerts.update(&BTreeMap::from([(labels(), found)]), times, at(0));
    alerts.update(&BTreeMap::new(), times, at(60));
    alerts.update(&BTreeMap::new(), times, at(60 + 900));
    assert_eq!(alerts.0.len(), 1);
    alerts.update(&BTreeMap::new(), times, at(60 + 901));
    assert!(alerts.0.is_empty());
}
