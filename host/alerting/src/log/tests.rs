use std::collections::BTreeSet;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_state::StateStore;

use super::{NotificationLog, log_key};
use crate::dedup::Told;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[tokio::test]
async fn the_log_survives_a_restart_and_forgets_in_time() {
    let store = StateStore::in_memory().unwrap();
    let key = log_key("{}:{}", "r", "webhook", 0);
    let told = Told { at: at(5), firing: BTreeSet::from([1, u64::MAX]), ..Told::default() };

    let log = NotificationLog::open(&store, at(0)).unwrap();
    log.begin(key, at(1)).await.unwrap();
    drop(log);
    let log = NotificationLog::open(&store, at(2)).unwrap();
    assert!(log.entry(key).is_pending && log.entry(key).told.is_none());
    log.taken(key, told.clone(), Duration::from_secs(60)).await.unwrap();
    drop(log);

    let log = NotificationLog::open(&store, at(6)).unwrap();
    let entry = log.entry(key);
    assert_eq!((entry.told, entry.taken, entry.is_pending), (Some(told), 1, false));
    assert_eq!(log.expire(at(5) + super::RETENTION), 0);
    assert_eq!(NotificationLog::open(&store, at(6)).unwrap().expire(at(6)), 0);
}

#[tokio::test]
async fn an_entry_of_a_group_that_goes_on_is_prolonged() {
    let log = NotificationLog::open(&StateStore::in_memory().unwrap(), at(0)).unwrap();
    let (key, hour) = (log_key("{}:{}", "r", "webhook", 0), Duration::from_secs(3600));
    log.prolong(key, at(0), hour).await.unwrap();
    assert_eq!(log.entry(key), super::Entry::default(), "nothing was told");
    log.taken(key, Told::default(), hour).await.unwrap();
    let half = at(0) + super::RETENTION / 2;
    log.prolong(key, half.saturating_sub(1), hour).await.unwrap();
    assert_eq!(log.entry(key).expires_at, at(0) + super::RETENTION);
    log.prolong(key, half, hour).await.unwrap();
    assert_eq!(log.entry(key).expires_at, half + super::RETENTION);
    assert_eq!(log.entry(key).told, Some(Told::default()));
}
