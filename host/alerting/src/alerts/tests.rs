//! What is kept of alerts, what is written down, and what a restart makes of it.

use std::time::Duration;

use narthex_model::{Alert, Labels, Timestamp};
use narthex_state::StateStore;

use super::{Acknowledgement, Alerts, AlertsOnDisk, Changes, Record, merge};
use crate::testing::{MINUTE, alert, at};

const GRACE: Duration = Duration::from_secs(300);

/// News at `now` of an alert that fires until `end`.
fn news(now: i64, end: i64) -> Alert {
    Alert {
        ends_at: at(end),
        is_end_guessed: false,
        updated_at: at(now),
        ..alert(&[("alertname", "A")], 0)
    }
}

fn labels() -> Labels {
    Labels::from_pairs([("alertname", "A")])
}

/// What is on disk after these changes.
async fn written(changes: Vec<Changes>) -> Vec<Record> {
    let disk = AlertsOnDisk::open(&StateStore::in_memory().unwrap()).unwrap();
    for changes in changes {
        disk.write(move || changes).await.unwrap();
    }
    let mut records = Vec::new();
    disk.read(|record| records.push(record)).unwrap();
    records
}

/// When the alert ends after a restart at `now`.
fn end_after_restart(record: &Record, now: i64) -> i64 {
    let mut alerts = Alerts::new(Vec::new());
    alerts.restore(record.clone(), at(now), GRACE);
    let end = alerts.iter().next().unwrap().alert.ends_at;
    end.millis()
}

#[tokio::test]
async fn the_clock_of_an_alert_stands_still_while_the_server_is_down() {
    let mut alerts = Alerts::new(Vec::new());
    alerts.take(news(0, 4 * MINUTE), at(0)).unwrap();
    let once = alerts.take_unwritten().0;
    assert_eq!(once.len(), 1);
    alerts.take(news(MINUTE, 5 * MINUTE), at(MINUTE)).unwrap();
    let again = alerts.take_unwritten().0;
    assert_eq!(again.len(), 1, "its sender repeats itself");
    for minute in 2..60 {
        alerts.take(news(minute * MINUTE, (minute + 4) * MINUTE), at(minute * MINUTE)).unwrap();
    }
    assert!(alerts.take_unwritten().0.is_empty(), "news that only put off its end are not written");

    let record = written(vec![once.clone()]).await.remove(0);
    assert_eq!(end_after_restart(&record, MINUTE), 5 * MINUTE);
    let hours = Duration::from_secs(600 * 60);
    let long = Record { alert: news(0, 600 * MINUTE), lifetime: hours, ..record };
    assert_eq!(end_after_restart(&long, 599 * MINUTE), 604 * MINUTE, "the grace");
    assert_eq!(end_after_restart(&long, 100 * MINUTE), 600 * MINUTE, "the end that was named");

    let record = written(vec![once, again]).await.remove(0);
    assert_eq!(end_after_restart(&record, 90 * MINUTE), 94 * MINUTE);
}

#[tokio::test]
async fn an_end_is_written_and_what_was_told_goes() {
    let mut alerts = Alerts::new(Vec::new());
    alerts.take(news(0, 4 * MINUTE), at(0)).unwrap();
    alerts.take(news(MINUTE, MINUTE), at(MINUTE)).unwrap();
    let over = alerts.take_unwritten().0;
    let records = written(vec![over.clone()]).await;
    assert_eq!(records.len(), 1);
    assert_eq!(end_after_restart(&records[0], 90 * MINUTE), MINUTE, "it stays over");

    alerts.forget_on_disk(&labels());
    assert!(written(vec![over, alerts.take_unwritten().0]).await.is_empty());
}

#[tokio::test]
async fn all_that_a_restart_needs_is_on_disk() {
    let mut alerts = Alerts::new(Vec::new());
    let mut first = news(0, 4 * MINUTE);
    first.generator_url = "http://x".to_owned();
    alerts.take(first.clone(), at(0)).unwrap();
    let acknowledgement = Acknowledgement {
        created_by: "ada".to_owned(),
        comment: "on it".to_owned(),
        created_at: at(5),
        ends_at: Some(at(9)),
    };
    let held = Some(std::sync::Arc::new(acknowledgement.clone()));
    assert!(alerts.acknowledge(&labels(), held, at(5)).is_some());
    let expected = Record {
        alert: first,
        acknowledgement: Some(acknowledgement),
        is_repeated: false,
        lifetime: Duration::from_secs(240),
    };
    assert_eq!(written(vec![alerts.take_unwritten().0]).await, [expected]);
}

#[tokio::test]
async fn what_is_written_after_a_restart_says_how_long_an_alert_fires_as_before() {
    let record = Record {
        alert: news(0, 4 * MINUTE),
        acknowledgement: None,
        is_repeated: true,
        lifetime: Duration::from_secs(240),
    };
    let mut alerts = Alerts::new(Vec::new());
    let days = 3 * 1440 * MINUTE;
    assert!(alerts.restore(record, at(days), GRACE));
    alerts.acknowledge(&labels(), None, at(days)).unwrap();
    let record = written(vec![alerts.take_unwritten().0]).await.remove(0);
    assert_eq!(end_after_restart(&record, 2 * days), 2 * days + 4 * MINUTE);
    alerts.take(news(days, days + 3 * MINUTE), at(days)).unwrap();
    let kept = alerts.kept.get(&labels()).unwrap();
    assert_eq!(kept.alert.ends_at, at(days + 3 * MINUTE), "nobody named the end that it got");
}

#[tokio::test]
async fn an_end_by_the_clock_is_written_once_and_stays() {
    let mut alerts = Alerts::new(Vec::new());
    let kept = alerts.take(news(0, 4 * MINUTE), at(0)).unwrap();
    let fires = alerts.take_unwritten().0;
    let fires = written(vec![fires]).await.remove(0);
    assert_eq!(end_after_restart(&fires, 90 * MINUTE), 94 * MINUTE);
    assert!(alerts.note_end(&kept));
    let over = alerts.take_unwritten().0;
    assert!(!alerts.note_end(&kept) && alerts.take_unwritten().0.is_empty(), "once");
    let record = written(vec![over]).await.remove(0);
    assert_eq!(end_after_restart(&record, 90 * MINUTE), 4 * MINUTE);

    let again = alerts.take(news(90 * MINUTE, 94 * MINUTE), at(90 * MINUTE)).unwrap();
    let record = written(vec![alerts.take_unwritten().0]).await.remove(0);
    assert_eq!(end_after_restart(&record, 99 * MINUTE), 103 * MINUTE, "it fires again");
    assert!(alerts.note_end(&again));
}

#[test]
fn alerts_beyond_what_is_kept_are_refused() {
    let mut alerts = Alerts::new(Vec::new());
    let numbered = |i: usize| alert(&[("alertname", &i.to_string())], 0);
    for i in 0..super::ALERTS_MAX {
        alerts.take(numbered(i), at(0)).unwrap();
    }
    assert!(alerts.take(numbered(super::ALERTS_MAX), at(0)).is_none());
    assert!(alerts.take(numbered(7), at(1)).is_some(), "news of one that is kept");
}

#[test]
fn an_acknowledgement_ends_with_its_alert() {
    let mut alerts = Alerts::new(Vec::new());
    let acknowledgement = std::sync::Arc::new(Acknowledgement {
        created_by: "ada".to_owned(),
        comment: "on it".to_owned(),
        created_at: at(0),
        ends_at: None,
    });
    alerts.take(news(0, 4 * MINUTE), at(0)).unwrap();
    alerts.acknowledge(&labels(), Some(acknowledgement.clone()), at(1)).unwrap();
    let is_held = |alerts: &Alerts, now: Timestamp| {
        alerts.kept.get(&labels()).unwrap().acknowledgement(now).is_some()
    };
    alerts.take(news(MINUTE, 5 * MINUTE), at(MINUTE)).unwrap();
    assert!(is_held(&alerts, at(MINUTE)), "it goes on");
    alerts.take(news(2 * MINUTE, 2 * MINUTE), at(2 * MINUTE)).unwrap();
    assert!(alerts.acknowledge(&labels(), Some(acknowledgement), at(2 * MINUTE)).is_none(), "over");
    alerts.take(news(3 * MINUTE, 7 * MINUTE), at(3 * MINUTE)).unwrap();
    assert!(!is_held(&alerts, at(3 * MINUTE)), "another alert of the same labels");
}

#[test]
fn the_latest_end_that_somebody_named_counts() {
    let ends = |known: (i64, bool), news: (i64, bool), now: i64| {
        let alert = |(end, is_end_guessed)| Alert {
            ends_at: at(end),
            is_end_guessed,
            ..alert(&[("alertname", "A")], 0)
        };
        merge(&alert(known), alert(news), at(now)).ends_at.millis()
    };
    assert_eq!(ends((500, false), (300, false), 100), 500, "another sender saw it longer");
    assert_eq!(ends((500, true), (300, false), 100), 300, "nobody said 500");
    assert_eq!(ends((500, false), (100, false), 100), 100, "it is over");
    assert_eq!(ends((90, false), (80, false), 100), 90, "it was over already");
    assert_eq!(ends((90, false), (300, false), 100), 300);
}
