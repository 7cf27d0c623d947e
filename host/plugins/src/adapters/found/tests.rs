use narthex_model::{Labels, TargetGroup};

use super::*;

fn group(source: &str, address: &str) -> TargetGroup {
    let targets = vec![Labels::from_pairs([("__address__", address)])];
    TargetGroup { source: source.to_owned(), targets, labels: Labels::default() }
}

fn full(sources: &[&str]) -> Change {
    Change::Full(sources.iter().map(|source| group(source, "h:1")).collect())
}

fn delta(upsert: &[&str], remove: &[&str]) -> Change {
    let upsert = upsert.iter().map(|source| group(source, "h:2")).collect();
    Change::Delta { upsert, remove: remove.iter().map(|source| (*source).to_owned()).collect() }
}

fn answer(change: Change, cursor: Option<&str>) -> Refreshed {
    let cursor = cursor.map(str::to_owned);
    Refreshed { change, cursor, next_in: None, is_part: false, failing: None }
}

fn part(change: Change) -> Refreshed {
    Refreshed { is_part: true, ..answer(change, Some("part")) }
}

fn failing(change: Change) -> Refreshed {
    Refreshed { failing: Some("b is away".to_owned()), ..answer(change, Some("1")) }
}

fn sources(found: &Found) -> Vec<&str> {
    found.groups.iter().map(|group| group.source.as_str()).collect()
}

#[track_caller]
fn news(found: &mut Found, answer: Refreshed) -> News {
    found.take(answer).unwrap().news
}

const OTHER: News = News::Other { failing: None };

/// A source that told these groups.
fn having(sources: &[&str]) -> Found {
    let mut found = Found::default();
    assert_eq!(news(&mut found, answer(full(sources), Some("1"))), OTHER);
    found
}

#[test]
fn differences_are_applied_to_the_whole() {
    let mut found = Found::default();
    let taken = found.take(answer(full(&["a", "b"]), Some("1")));
    assert_eq!(taken, Ok(Taken { next_in: REFRESH_EVERY, news: OTHER }));
    assert_eq!(news(&mut found, answer(delta(&["c", "b"], &["a"]), Some("2"))), OTHER);
    assert_eq!(sources(&found), ["b", "c"]);
    assert_eq!(found.groups.iter().next(), Some(&group("b", "h:2")));
    let same = News::Same { failing: None };
    assert_eq!(news(&mut found, answer(Change::Unchanged, Some("2"))), same);
    assert_eq!(sources(&found), ["b", "c"]);
    assert_eq!(news(&mut found, answer(full(&[]), None)), OTHER);
    assert!(sources(&found).is_empty());
}

#[test]
fn an_answer_that_is_not_whole_is_refused_and_changes_nothing() {
    let mut found = Found::default();
    assert!(found.take(answer(Change::Unchanged, None)).is_err());
    assert!(found.take(answer(delta(&["a"], &[]), Some("1"))).is_err());
    assert!(sources(&found).is_empty() && found.cursor.is_none());
}

#[test]
fn an_answer_with_too_long_a_cursor_changes_nothing_but_has_the_next_begin_afresh() {
    let long = "x".repeat(CURSOR_BYTES_MAX + 1);
    for change in [full(&["b"]), delta(&["b"], &["a"])] {
        let mut found = having(&["a"]);
        assert!(found.take(answer(change, Some(&long))).is_err());
        assert_eq!((sources(&found), found.cursor.is_none()), (vec!["a"], true));
    }
}

#[test]
fn a_set_in_parts_takes_the_place_of_the_last_one_when_it_is_whole() {
    let mut found = having(&["a", "b", "c"]);
    assert_eq!(news(&mut found, part(full(&["a"]))), News::Part);
    assert_eq!(news(&mut found, part(delta(&["b", "x"], &[]))), News::Part);
    assert_eq!((sources(&found), found.is_behind), (vec!["a", "b", "c"], true));
    // Of a failure in between nothing is known here; the parts wait for the rest.
    assert_eq!(news(&mut found, answer(delta(&["d"], &["x"]), Some("2"))), OTHER);
    assert_eq!((sources(&found), found.is_behind), (vec!["a", "b", "d"], false));
    // The last part may have nothing to add.
    assert_eq!(news(&mut found, part(full(&["e"]))), News::Part);
    assert_eq!(news(&mut found, answer(Change::Unchanged, Some("2"))), OTHER);
    assert_eq!(sources(&found), ["e"]);
}

#[test]
fn a_list_that_begins_again_forgets_the_parts_before() {
    let mut found = having(&["a"]);
    assert_eq!(news(&mut found, part(full(&["b"]))), News::Part);
    assert_eq!(news(&mut found, part(full(&["c"]))), News::Part);
    assert_eq!(news(&mut found, answer(Change::Unchanged, Some("2"))), OTHER);
    assert_eq!(sources(&found), ["c"]);
    assert_eq!(news(&mut found, part(full(&["d"]))), News::Part);
    assert_eq!(news(&mut found, answer(full(&["e"]), Some("2"))), OTHER);
    assert_eq!(
        news(&mut found, answer(Change::Unchanged, Some("2"))),
        News::Same { failing: None }
    );
    assert_eq!(sources(&found), ["e"]);
}

#[test]
fn differences_in_parts_are_told_as_they_come() {
    let mut found = having(&["a"]);
    assert_eq!(news(&mut found, part(delta(&["b"], &[]))), OTHER);
    assert_eq!((sources(&found), found.is_behind), (vec!["a", "b"], true));
}

#[test]
fn parts_without_an_end_or_a_cursor_are_refused() {
    let mut found = having(&["a"]);
    assert!(found.take(Refreshed { cursor: None, ..part(full(&["b"])) }).is_err());
    assert_eq!(news(&mut found, part(full(&["b"]))), News::Part);
    let ended = (0..PARTS_MAX).find(|_| found.take(part(delta(&["b"], &[]))).is_err());
    assert_eq!(ended, Some(PARTS_MAX - 1));
    assert_eq!((sources(&found), found.cursor.is_none()), (vec!["a"], true));
}

#[test]
fn of_a_source_that_fails_in_part_the_rest_stays() {
    let mut found = having(&["a", "b"]);
    let reason = || Some("b is away".to_owned());
    let other = news(&mut found, failing(full(&["a", "c"])));
    assert_eq!((other, sources(&found)), (News::Other { failing: reason() }, vec!["a", "b", "c"]));
    let same = news(&mut found, failing(Change::Unchanged));
    assert_eq!(same, News::Same { failing: reason() });
    // A failure of a part of a set counts until the set is whole.
    assert_eq!(news(&mut found, Refreshed { is_part: true, ..failing(full(&["d"])) }), News::Part);
    let other = news(&mut found, answer(Change::Unchanged, Some("2")));
    assert_eq!(other, News::Other { failing: reason() });
    assert_eq!(sources(&found), ["a", "b", "c", "d"]);
}

/// A group of targets that take so many MiB; they share their labels, so that it takes one here.
fn large(source: &str, mib: usize) -> TargetGroup {
    let labels = Labels::from_pairs([("a", "x".repeat((1 << 20) - 200))]);
    TargetGroup { targets: vec![labels; mib], ..group(source, "") }
}

#[test]
fn a_set_has_a_bound_however_it_is_told() {
    let larger = |upsert| Change::Delta { upsert, remove: Vec::new() };
    let with_a = || having(&["a"]);
    let mut found = with_a();
    let all = vec![large("b", 200), large("c", 100)];
    let told = found.take(answer(Change::Full(all), Some("2"))).unwrap_err();
    assert_eq!(
        told,
        "its targets take more than 256 MiB; give it several items that find fewer each"
    );
    assert_eq!((sources(&found), found.cursor.is_none()), (vec!["a"], true));
    // Differences add up, and what gives way is no longer counted.
    let mut found = with_a();
    assert_eq!(news(&mut found, answer(larger(vec![large("b", 200)]), Some("2"))), OTHER);
    for _ in 0..3 {
        assert_eq!(news(&mut found, answer(larger(vec![large("b", 201)]), Some("2"))), OTHER);
    }
    let instead = Change::Delta { upsert: vec![large("c", 200)], remove: vec!["b".to_owned()] };
    assert_eq!(news(&mut found, answer(instead, Some("2"))), OTHER);
    assert!(found.take(answer(larger(vec![large("d", 100)]), Some("2"))).is_err());
    assert_eq!(sources(&found), ["a", "c"]);
    // Parts do too, and those that stay beside them.
    let mut found = with_a();
    assert_eq!(news(&mut found, part(Change::Full(vec![large("b", 200)]))), News::Part);
    assert!(found.take(part(larger(vec![large("c", 100)]))).is_err());
    assert_eq!((sources(&found), found.cursor.is_none()), (vec!["a"], true));
    assert_eq!(news(&mut found, answer(Change::Full(vec![large("b", 200)]), Some("2"))), OTHER);
    assert_eq!(news(&mut found, part(Change::Full(vec![large("c", 100)]))), News::Part);
    assert!(found.take(failing(Change::Unchanged)).is_err());
    assert_eq!(sources(&found), ["b"]);
}

#[test]
fn empty_targets_count_too() {
    let empty = |number: usize| group(&number.to_string(), "");
    let one = TargetGroup { targets: vec![Labels::default(); 5 << 20], ..empty(0) };
    assert!(Found::default().take(answer(Change::Full(vec![one]), None)).is_err());
}

#[test]
fn a_plugin_that_removes_as_much_as_it_has_costs_no_more_than_that() {
    // Were each name compared with each, this would not end.
    let names: Vec<String> = (0..200_000).map(|number| format!("{number:040}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut found = having(&names);
    assert_eq!(news(&mut found, answer(delta(&[], &names), Some("2"))), OTHER);
    assert!(sources(&found).is_empty());
}
