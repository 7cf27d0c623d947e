//! The life of silences, and which alerts they hold for.

use narthex_model::Labels;

use super::*;
use crate::matchers::parse_matchers;
use crate::testing::{MINUTE, at};

fn terms(matchers: &str, from: i64, to: i64) -> SilenceTerms {
    SilenceTerms {
        matchers: parse_matchers(matchers).unwrap(),
        starts_at: at(from),
        ends_at: at(to),
        created_by: "ada".to_owned(),
        comment: "maintenance".to_owned(),
        annotations: BTreeMap::new(),
        time_intervals: Vec::new(),
    }
}

fn opened() -> (StateStore, Silences) {
    let store = StateStore::in_memory().unwrap();
    let silences = Silences::open(&store, at(0)).unwrap();
    (store, silences)
}

fn times(silences: &Silences, id: &str) -> (i64, i64) {
    let silence = silences.get(id).unwrap();
    (silence.terms.starts_at.millis(), silence.terms.ends_at.millis())
}

#[tokio::test]
async fn a_silence_changes_where_history_stays_and_is_replaced_where_not() {
    let (_, silences) = opened();
    let set = |id: String, terms: SilenceTerms, now| {
        let silences = &silences;
        async move { silences.set(&id, terms, at(now)).await.unwrap() }
    };
    let id = set(String::new(), terms("a=b", -5, 10 * MINUTE), 1000).await;
    assert_eq!(times(&silences, &id), (1000, 10 * MINUTE), "it does not begin in the past");
    let longer = set(id.clone(), terms("a=b", 1999, 20 * MINUTE), 2000).await;
    assert_eq!((&longer, times(&silences, &id)), (&id, (1999, 20 * MINUTE)));

    let other = set(id.clone(), terms("a=c", 1999, 20 * MINUTE), 3000).await;
    assert_ne!(other, id);
    assert_eq!(times(&silences, &id), (1999, 3000), "the old one ends");
    assert_eq!(times(&silences, &other), (3000, 20 * MINUTE), "and the new one begins");

    let later = set(other.clone(), terms("a=c", 5 * MINUTE, 20 * MINUTE), 4000).await;
    assert_ne!(later, other, "one that holds does not begin later");
    let earlier = set(later.clone(), terms("a=c", 4 * MINUTE, 20 * MINUTE), 5000).await;
    assert_eq!(earlier, later, "one that is to come does");

    let again = set(id.clone(), terms("a=b", 1999, 20 * MINUTE), 6000).await;
    assert_ne!(again, id, "one that is over is not woken");
    assert_eq!(times(&silences, &id), (1999, 3000));
}

#[tokio::test]
async fn an_end_is_now_whatever_it_was() {
    let (_, silences) = opened();
    let active = silences.set("", terms("a=b", 0, MINUTE), at(0)).await.unwrap();
    let pending = silences.set("", terms("a=b", 500, MINUTE), at(0)).await.unwrap();
    for id in [&active, &pending] {
        silences.expire(id, at(100)).await.unwrap();
        silences.expire(id, at(200)).await.unwrap();
    }
    assert_eq!((times(&silences, &active), times(&silences, &pending)), ((0, 100), (100, 100)));
    let missing = silences.expire("none", at(0)).await.unwrap_err();
    assert!(matches!(missing, SilenceError::NotFound), "{missing}");
}

#[tokio::test]
async fn what_is_no_silence_is_refused() {
    let (_, silences) = opened();
    for (id, terms, expected) in [
        ("", terms("a=b", 10, 10), "start time must be before end time"),
        ("", terms("a=b", -10, -5), "end time can't be in the past"),
        ("", terms("{}", 0, 10), "at least one matcher"),
        ("", terms("a=~\".*\", b=\"\"", 0, 10), "at least one matcher"),
        ("none", terms("a=b", 0, 10), "silence not found"),
        ("", terms(&format!("a=\"{}\"", "b".repeat(70_000)), 0, 10), "exceeded maximum size: 70"),
    ] {
        let error = silences.set(id, terms, at(0)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    silences.set("", terms("a!=b", 0, 10), at(0)).await.unwrap();
    assert_eq!(silences.all().len(), 1);
}

#[tokio::test]
async fn silences_are_on_disk_until_long_after_their_end() {
    let (store, silences) = opened();
    let mut kept = terms(r#"a=b, c!="d", e=~"f|g", h!~"i""#, 0, MINUTE);
    kept.time_intervals = vec![serde_json::from_str(r#"{"weekdays":["monday"]}"#).unwrap()];
    kept.annotations.insert("ticket".to_owned(), "17".to_owned());
    let id = silences.set("", kept, at(0)).await.unwrap();
    let again = Silences::open(&store, at(2 * MINUTE)).unwrap().get(&id).unwrap();
    let before = silences.get(&id).unwrap();
    assert_eq!(wire::encode(&again), wire::encode(&before));
    assert_eq!(again.terms.matchers, before.terms.matchers);

    let late = at(MINUTE) + RETENTION;
    silences.forget_old(late - Duration::from_millis(1));
    assert_eq!(silences.all().len(), 1);
    silences.forget_old(late);
    assert!(silences.all().is_empty());
    assert!(Silences::open(&store, at(0)).unwrap().all().is_empty());
}

#[tokio::test]
async fn a_silence_holds_for_the_alerts_that_all_its_matchers_match() {
    let (_, silences) = opened();
    let mut ids = Vec::new();
    for matchers in ["a=b, c=d", "a=~\"b|x\"", "a=\"\", c=d", "c!=d"] {
        ids.push(silences.set("", terms(matchers, 0, MINUTE), at(0)).await.unwrap());
    }
    let check = |labels: &[(&str, &str)], expected: &[usize]| {
        let labels = Labels::from_pairs(labels.iter().copied());
        let silencer = silences.silencer(at(1));
        let mut expected: Vec<String> = expected.iter().map(|place| ids[*place].clone()).collect();
        expected.sort_unstable();
        assert_eq!(silencer.silenced_by(&labels), expected, "{labels}");
        assert_eq!(silencer.silences(&labels), !expected.is_empty());
        assert!(!silences.silencer(at(MINUTE)).silences(&labels), "they are over");
    };
    check(&[("a", "b"), ("c", "d")], &[0, 1]);
    check(&[("a", "b")], &[1, 3]);
    check(&[("c", "d")], &[2]);
    check(&[("a", "z"), ("c", "d")], &[]);
}

#[tokio::test]
async fn a_silence_that_recurs_holds_in_its_intervals() {
    let (_, silences) = opened();
    let mut nightly = terms("a=b", 0, 48 * 60 * MINUTE);
    let night = r#"{"times":[{"start_time":"02:00","end_time":"03:00"}]}"#;
    nightly.time_intervals = vec![serde_json::from_str(night).unwrap()];
    let id = silences.set("", nightly, at(0)).await.unwrap();
    let state = |minutes: i64| silences.get(&id).unwrap().state(at(minutes * MINUTE)).name();
    let states = [0, 119, 120, 179, 180, 24 * 60 + 150, 48 * 60].map(state);
    let expected = ["pending", "pending", "active", "active", "pending", "active", "expired"];
    assert_eq!(states, expected);
}

#[test]
fn ids_are_uuids_of_version_4() {
    let (one, two) = (new_id(at(0)), new_id(at(0)));
    assert_ne!(one, two);
    let shape: String = one.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
    assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    assert!(one.as_bytes()[14] == b'4' && b"89ab".contains(&one.as_bytes()[19]), "{one}");
}

#[tokio::test]
async fn what_holds_is_looked_up_once_until_something_changes() {
    let (_store, silences) = opened();
    let id = silences.set("", terms("a=b", MINUTE, 3 * MINUTE), at(0)).await.unwrap();
    let labels = Labels::from_pairs([("a", "b")]);
    let holds = |now| silences.silencer(at(now)).silences(&labels);
    let is_same = |one, two| Arc::ptr_eq(&silences.silencer(at(one)), &silences.silencer(at(two)));
    assert!(is_same(0, MINUTE - 1));
    assert!(!holds(MINUTE - 1) && holds(MINUTE) && holds(3 * MINUTE - 1) && !holds(3 * MINUTE));
    assert!(holds(2 * MINUTE), "a clock that went back");
    silences.expire(&id, at(2 * MINUTE)).await.unwrap();
    assert!(!holds(2 * MINUTE));

    let recurring = SilenceTerms {
        time_intervals: serde_json::from_str(
            r#"[{"times": [{"start_time": "00:10", "end_time": "00:20"}]}]"#,
        )
        .unwrap(),
        ..terms("a=b", 3 * MINUTE, 60 * MINUTE)
    };
    silences.set("", recurring, at(3 * MINUTE)).await.unwrap();
    assert!(!holds(10 * MINUTE - 1) && holds(10 * MINUTE) && !holds(20 * MINUTE));
}
