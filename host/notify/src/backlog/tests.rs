use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000;

fn alert(name: &str, said_at: i64, ends_at: i64) -> Arc<Alert> {
    Arc::new(Alert {
        labels: Labels::from_pairs([("alertname", name)]),
        annotations: Labels::empty(),
        starts_at: Timestamp::from_millis(0),
        ends_at: Timestamp::from_millis(ends_at),
        is_end_guessed: false,
        updated_at: Timestamp::from_millis(said_at),
        generator_url: String::new(),
        value: None,
    })
}

fn firing(name: &str) -> Arc<Alert> {
    alert(name, 0, i64::MAX)
}

/// Names, and when what is said of them was said.
fn said(batch: &[Arc<Alert>]) -> Vec<String> {
    let name = |alert: &Arc<Alert>| alert.labels.get("alertname").unwrap().to_owned();
    batch.iter().map(|alert| format!("{}@{}", name(alert), alert.updated_at)).collect()
}

fn backlog(capacity: usize, batch_max: usize, names: &[&str]) -> Backlog {
    let mut backlog = Backlog::new(capacity, batch_max);
    let news: Vec<_> = names.iter().map(|name| firing(name)).collect();
    backlog.add(&news, at(0));
    backlog
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn batches_go_out_in_the_order_of_arrival() {
    let mut backlog = backlog(10, 2, &["a", "b", "c"]);
    assert_eq!(said(&backlog.next()), ["a@0", "b@0"]);
    assert_eq!((backlog.len(), backlog.ended(Outcome::Taken, at(0))), (3, 0));
    assert_eq!(said(&backlog.next()), ["c@0"]);
    backlog.ended(Outcome::Taken, at(0));
    assert_eq!((backlog.next().len(), backlog.len()), (0, 0));
}

#[test]
fn newer_news_stands_where_the_older_stood() {
    let mut backlog = backlog(10, 2, &["a", "b", "c"]);
    backlog.add(&[alert("b", 1, 1), alert("d", 1, 1)], at(1));
    assert_eq!(said(&backlog.next()), ["a@0", "b@1"]);
    assert_eq!(backlog.len(), 4);
}

#[test]
fn what_failed_or_was_refused_goes_to_the_end_unless_there_is_newer_news() {
    for outcome in [Outcome::Failed, Outcome::Refused] {
        let mut backlog = backlog(10, 2, &["a", "b", "c"]);
        backlog.next();
        backlog.add(&[alert("b", 1, 1)], at(1));
        assert_eq!((backlog.len(), backlog.ended(outcome, at(1))), (4, 0));
        for expected in ["c@0", "b@1", "a@0"] {
            assert_eq!(said(&backlog.next()), [expected], "{outcome:?}");
            backlog.ended(Outcome::Taken, at(1));
        }
    }
}

#[test]
fn news_of_what_is_under_way_is_sent_after_it() {
    let mut backlog = backlog(10, 2, &["a"]);
    backlog.next();
    backlog.add(&[alert("a", 1, 1)], at(1));
    backlog.ended(Outcome::Taken, at(1));
    assert_eq!(said(&backlog.next()), ["a@1"]);
}

#[test]
fn one_that_is_refused_takes_no_other_with_it() {
    let names: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for bad in &names {
        let mut backlog = backlog(50, 11, &names);
        let (mut taken, mut given_up, mut asked) = (BTreeSet::new(), 0, 0);
        loop {
            let batch = said(&backlog.next());
            if batch.is_empty() {
                break;
            }
            asked += 1;
            let outcome = if batch.contains(&format!("{bad}@0")) {
                Outcome::Refused
            } else {
                taken.extend(batch);
                Outcome::Taken
            };
            given_up += backlog.ended(outcome, at(0));
        }
        assert_eq!((taken.len(), given_up), (19, 1), "{bad}");
        assert!(asked <= 10, "{bad}: {asked} requests");
    }
}

/// One at which the other side fails, while more comes in than fits into a batch.
#[test]
fn one_that_never_works_soon_stands_alone_and_is_kept() {
    let mut backlog = Backlog::new(10_000, 16);
    let (mut sent, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..200 {
        let new: Vec<String> = (0..12).map(|n| format!("{round}-{n}")).collect();
        let mut news: Vec<_> = new.iter().map(|name| firing(name)).collect();
        news.push(alert("bad", round, i64::MAX));
        assert_eq!(backlog.add(&news, at(round)), 0);
        sent.extend(said(&news).into_iter().filter(|name| !name.starts_with("bad")));
        let batch = said(&backlog.next());
        let outcome = if batch.iter().any(|name| name.starts_with("bad")) {
            // So that it is seen how many go with it.
            assert!(round < 20 || batch.len() == 1, "{round}: {batch:?}");
            Outcome::Failed
        } else {
            taken.extend(batch);
            Outcome::Taken
        };
        assert_eq!(backlog.ended(outcome, at(round)), 0);
    }
    assert!(backlog.len() < 200 && taken.len() > 2_000, "{} wait", backlog.len());
    assert_eq!(backlog.len(), sent.len() - taken.len() + 1);
}

#[test]
fn an_outage_costs_at_most_one_request_more_for_each_that_failed_in_it() {
    let names: Vec<String> = (0..40).map(|n| format!("n{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for failures in 0..60 {
        let mut backlog = backlog(100, 10, &names);
        for _ in 0..failures {
            backlog.next();
            backlog.ended(Outcome::Failed, at(0));
        }
        let mut requests = 0;
        while !backlog.next().is_empty() {
            backlog.ended(Outcome::Taken, at(0));
            requests += 1;
        }
        backlog.ended(Outcome::Taken, at(0));
        assert!(requests <= 4 + failures, "{failures} failures: {requests} requests");
        // What comes after it goes together as before.
        let news: Vec<_> = names.iter().map(|name| firing(name)).collect();
        backlog.add(&news, at(1));
        assert_eq!(backlog.next().len(), 10);
    }
}

#[test]
fn in_the_last_round_every_batch_is_handed_out_once() {
    let mut backlog = backlog(10, 2, &["a", "b", "c", "d", "e"]);
    backlog.begin_last_round();
    assert_eq!(said(&backlog.next()), ["a@0", "b@0"]);
    backlog.ended(Outcome::Failed, at(0));
    backlog.begin_last_round();
    assert_eq!(said(&backlog.next()), ["c@0", "d@0"]);
    backlog.ended(Outcome::Refused, at(0));
    assert_eq!(said(&backlog.next()), ["e@0"]);
    backlog.ended(Outcome::Taken, at(0));
    for half in ["c@0", "d@0"] {
        assert_eq!(said(&backlog.next()), [half], "one that is good is told");
        backlog.ended(Outcome::Taken, at(0));
    }
    assert_eq!((backlog.next().len(), backlog.len()), (0, 2));
}

#[test]
fn a_full_backlog_gives_up_first_what_is_over_for_longest() {
    let mut backlog = Backlog::new(3, 10);
    backlog.add(&[firing("a"), alert("late", 0, 8), alert("early", 0, 5)], at(9));
    assert_eq!(backlog.add(&[firing("b")], at(9)), 1);
    assert_eq!(backlog.add(&[firing("c")], at(9)), 1);
    assert_eq!(backlog.add(&[firing("d")], at(9)), 1, "none is over: the oldest news goes");
    assert_eq!(said(&backlog.next()), ["b@0", "c@0", "d@0"]);
}

#[test]
fn what_comes_back_finds_room_after_what_came_meanwhile() {
    let mut backlog = backlog(3, 2, &["a", "b"]);
    backlog.next();
    assert_eq!(backlog.add(&[firing("c"), firing("d")], at(0)), 0);
    assert_eq!(backlog.ended(Outcome::Failed, at(0)), 1);
    assert_eq!(said(&backlog.next()), ["c@0", "d@0"]);
    backlog.ended(Outcome::Failed, at(0));
    // News of an alert makes it young again.
    assert_eq!(backlog.add(&[alert("b", 1, i64::MAX), firing("e")], at(0)), 1);
    let mut left = BTreeSet::new();
    loop {
        let batch = said(&backlog.next());
        if batch.is_empty() {
            break;
        }
        left.extend(batch);
        backlog.ended(Outcome::Taken, at(0));
    }
    assert_eq!(left, ["b@1", "d@0", "e@0"].map(str::to_owned).into());
}

#[test]
fn a_day_after_its_end_an_alert_is_no_news() {
    let mut backlog = Backlog::new(10, 10);
    backlog.add(&[alert("a", 0, HOUR), alert("b", 0, 2 * HOUR), firing("c")], at(0));
    assert_eq!(backlog.forget_old(at(25 * HOUR)), 0);
    assert_eq!(backlog.forget_old(at(25 * HOUR + 1)), 1);
    assert_eq!(said(&backlog.next()), ["b@0", "c@0"]);
}

/// What may happen to a backlog.
#[derive(Clone, Debug)]
enum Step {
    Add(Vec<u8>),
    Send(Outcome),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![Just(Outcome::Taken), Just(Outcome::Refused), Just(Outcome::Failed),];
    let step = prop_oneof![
        prop::collection::vec(0..12_u8, 1..6).prop_map(Step::Add),
        outcome.prop_map(Step::Send),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Against a model that knows the newest news of each alert that nobody has yet: whatever is handed out is
    /// the newest that was known then, and without a bound nothing is lost but what stood refused alone.
    #[test]
    fn the_newest_news_is_what_is_sent(steps in steps()) {
        let mut backlog = Backlog::new(1000, 4);
        let mut newest: BTreeMap<u8, i64> = BTreeMap::new();
        for (said_at, step) in (1..).zip(steps) {
            match step {
                Step::Add(names) => {
                    newest.extend(names.iter().map(|name| (*name, said_at)));
                    let news: Vec<_> =
                        names.iter().map(|name| alert(&name.to_string(), said_at, i64::MAX)).collect();
                    prop_assert_eq!(backlog.add(&news, at(said_at)), 0);
                }
                Step::Send(outcome) => {
                    let batch = backlog.next();
                    prop_assert!(batch.len() <= 4);
                    for alert in &batch {
                        let name: u8 = alert.labels.get("alertname").unwrap().parse().unwrap();
                        prop_assert_eq!(newest.get(&name), Some(&alert.updated_at.millis()));
                        if outcome == Outcome::Taken || (outcome == Outcome::Refused && batch.len() == 1) {
                            newest.remove(&name);
                        }
                    }
                    backlog.ended(outcome, at(said_at));
                }
            }
            prop_assert_eq!(backlog.len(), newest.len());
        }
    }
}
