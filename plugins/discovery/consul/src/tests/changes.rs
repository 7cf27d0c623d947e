//! What a later call answers, and what it waits for.

use std::{cell::Cell, rc::Rc, time::Duration};

use narthex_sdk::{Change, Delta, Error, clock, http::Request, testing::FakeHost};

use super::{Consul, answer, at, consul, full, instances};

const TWO: &str = r#"{"datacenter":"d","services":["a","b"]}"#;

/// Services a and b, at the same index until `step` says otherwise.
fn two(b: fn() -> Result<narthex_sdk::http::Response, Error>) -> FakeHost {
    consul(move |path, _| match path {
        "/health/service/a" => Ok(at(1, &instances(&["a1", "a2"]))),
        _ => b(),
    })
}

fn sources(delta: &Delta) -> (Vec<&str>, Vec<&str>) {
    let upsert = delta.upsert.iter().map(|group| group.source.as_str()).collect();
    (upsert, delta.remove.iter().map(String::as_str).collect())
}

#[track_caller]
fn delta(change: &Change) -> (Vec<&str>, Vec<&str>) {
    let Change::Delta(delta) = change else { panic!("not a delta: {change:?}") };
    sources(delta)
}

#[test]
fn only_a_service_whose_index_moved_is_told_again() {
    let host = two(|| Ok(at(1, &instances(&["b1", "b2", "b3"]))));
    let first = host.refresh::<Consul>(TWO, None).unwrap();
    assert_eq!(full(&first).len(), 5);
    let same = host.refresh::<Consul>(TWO, first.cursor.as_deref()).unwrap();
    assert_eq!(same.change, Change::Unchanged);
    let host = two(|| Ok(at(2, &instances(&["b9"]))));
    let later = host.refresh::<Consul>(TWO, same.cursor.as_deref()).unwrap();
    assert_eq!(delta(&later.change), (vec!["b/0"], vec!["b/1", "b/2"]));
    let again = host.refresh::<Consul>(TWO, later.cursor.as_deref()).unwrap();
    assert_eq!(again.change, Change::Unchanged);
}

#[test]
fn an_index_that_went_back_is_a_change_too() {
    let first = two(|| Ok(at(900, &instances(&["b1"])))).refresh::<Consul>(TWO, None).unwrap();
    let host = two(|| Ok(at(3, &instances(&["b2"]))));
    let later = host.refresh::<Consul>(TWO, first.cursor.as_deref()).unwrap();
    assert_eq!(delta(&later.change), (vec!["b/0"], vec![]));
}

#[test]
fn a_service_that_left_the_catalog_takes_its_targets_along() {
    let with = |services: &'static str| {
        consul(move |path, _| {
            Ok(match path {
                "/catalog/services" => at(1, services),
                _ => at(1, &instances(&["x", "y"])),
            })
        })
    };
    let config = r#"{"datacenter":"d","tags":["t"]}"#;
    let first =
        with(r#"{"a":["t"],"b":["t","u"],"c":null}"#).refresh::<Consul>(config, None).unwrap();
    assert_eq!(full(&first).len(), 4);
    let later = with(r#"{"a":["t"],"b":["u"]}"#)
        .refresh::<Consul>(config, first.cursor.as_deref())
        .unwrap();
    assert_eq!(delta(&later.change), (vec![], vec!["b/0", "b/1"]));
}

#[test]
fn a_service_that_cannot_be_asked_for_keeps_its_targets() {
    let first = two(|| Ok(at(1, &instances(&["b1"])))).refresh::<Consul>(TWO, None).unwrap();
    let failing = || Ok(answer(500, &[], "rpc error"));
    let moved = consul(move |path, _| match path {
        "/health/service/a" => Ok(at(2, &instances(&["a1"]))),
        _ => failing(),
    });
    let later = moved.refresh::<Consul>(TWO, first.cursor.as_deref()).unwrap();
    assert_eq!(delta(&later.change), (vec!["a/0"], vec!["a/1"]));
    let reason = "ask for service b: the server answered with status 500: rpc error";
    assert_eq!(later.failing.unwrap().message, reason);

    let same = two(failing).refresh::<Consul>(TWO, first.cursor.as_deref()).unwrap();
    assert_eq!(
        (&same.change, same.failing.unwrap().message.as_str()),
        (&Change::Unchanged, reason)
    );

    let only_a = two(failing).refresh::<Consul>(TWO, None).unwrap();
    assert_eq!(full(&only_a).len(), 2, "at first a part is better than nothing");
    assert_eq!(only_a.failing.unwrap().message, reason);

    let none = consul(move |_, _| failing()).refresh::<Consul>(TWO, first.cursor.as_deref());
    let error = none.unwrap_err();
    assert!(error.message.ends_with("status 500: rpc error (and 1 more)"), "{}", error.message);
}

#[test]
fn too_many_services_to_remember_are_told_whole_each_time() {
    let names: Vec<String> = (0..5000).map(|n| format!("\"a-service-with-a-name-{n}\"")).collect();
    let config = format!(r#"{{"datacenter":"d","services":[{}]}}"#, names.join(","));
    let host = consul(|_, _| Ok(at(1, &instances(&["x"]))));
    let first = host.refresh::<Consul>(&config, None).unwrap();
    assert_eq!(full(&first).len(), 5000);
    let cursor = first.cursor.unwrap();
    assert!(cursor.len() < 100, "{cursor}");
    let later = host.refresh::<Consul>(&config, Some(&cursor)).unwrap();
    assert_eq!(full(&later).len(), 5000);

    let host = consul(|path, _| match path {
        "/health/service/a-service-with-a-name-7" => Err(Error::timeout("slow")),
        _ => Ok(at(1, &instances(&["x"]))),
    });
    let but_one = host.refresh::<Consul>(&config, Some(&cursor)).unwrap();
    assert_eq!(full(&but_one).len(), 4999);
    let failing = but_one.failing.unwrap();
    assert_eq!(failing.message, "ask for service a-service-with-a-name-7: slow");
}

/// Services of which each call can ask for some: of a minute a round of questions takes 14 seconds.
fn slow_services(names: usize) -> (FakeHost, String) {
    let names: Vec<String> = (0..names).map(|n| format!("\"s{n:02}\"")).collect();
    let config = format!(r#"{{"datacenter":"d","services":[{}]}}"#, names.join(","));
    (consul(|_, _| Ok(at(1, &instances(&["x"])))).requests_take_ms(14_000), config)
}

#[test]
fn what_there_was_no_time_to_ask_for_is_asked_for_first_in_the_next_call() {
    let (host, config) = slow_services(100);
    let next = |cursor: Option<&str>| {
        let before = host.requests().len();
        let minute = host.clone().deadline_ms(60_000);
        let refreshed = minute.refresh_waiting::<Consul>(&config, cursor, 30_000).unwrap();
        let asked = host.requests().split_off(before);
        let name = |request: Request| {
            let path = request.url.rsplit_once("/service/").unwrap().1.to_owned();
            path.split_once('?').unwrap().0.to_owned()
        };
        let asked: Vec<String> = asked.into_iter().map(name).collect();
        (refreshed, asked)
    };
    let (first, asked) = next(None);
    assert_eq!((full(&first).len(), asked.len()), (64, 64));
    let reason = "no time was left to ask for service s64 (and 35 more)";
    assert_eq!(first.failing.as_ref().unwrap().message, reason);
    // The other 36 take three rounds, and 16 of the first a fourth.
    let (second, asked) = next(first.cursor.as_deref());
    assert_eq!((asked[0].as_str(), asked[35].as_str(), asked[36].as_str()), ("s64", "s99", "s00"));
    let (told, gone) = delta(&second.change);
    assert_eq!((told.len(), told[0], told[35], gone.len()), (36, "s64/0", "s99/0", 0));
    // Although nothing changes, the calls go on one after the other.
    let (third, asked) = next(second.cursor.as_deref());
    assert_eq!((asked[0].as_str(), third.change), ("s28", Change::Unchanged));
    assert!(third.failing.is_some());
}

#[test]
fn a_call_is_over_before_its_deadline() {
    let (host, config) = slow_services(100);
    let minute = host.clone().deadline_ms(60_000).requests_take_ms(20_000);
    let nothing = minute.refresh::<Consul>(&config, None).unwrap();
    let reason = "ask for service s00: no answer in time (and 64 more)";
    assert_eq!(nothing.failing.unwrap().message, reason);
    let timeouts: Vec<_> = host.requests().iter().map(|request| request.timeout_ms).collect();
    assert_eq!((timeouts[0], timeouts[63]), (Some(15_000), Some(13_000)));
    assert_eq!(host.run(clock::deadline), Duration::from_secs(2));
}

/// The questions of a later call that may wait this long.
fn waited(config: &str, wait_ms: u32) -> Vec<String> {
    let host = consul(|path, _| {
        Ok(match path {
            "/catalog/services" => at(77, r#"{"a":[]}"#),
            _ => at(55, &instances(&["x"])),
        })
    })
    .deadline_ms(60_000);
    let first = host.refresh_waiting::<Consul>(config, None, wait_ms).unwrap();
    let before = host.requests().len();
    let later = host.refresh_waiting::<Consul>(config, first.cursor.as_deref(), wait_ms).unwrap();
    assert_eq!(later.change, Change::Unchanged);
    let shown = |request: Request| {
        let path = request.url.strip_prefix("http://localhost:8500/v1/").unwrap().to_owned();
        format!("{path} {}", request.timeout_ms.unwrap())
    };
    host.requests().into_iter().skip(before).map(shown).collect()
}

#[test]
fn a_later_call_waits_for_the_list_and_for_each_service_and_then_asks() {
    assert_eq!(
        waited(r#"{"datacenter":"d"}"#, 20_000),
        [
            "catalog/services?dc=d&stale=&index=77&wait=20000ms 36250",
            "health/service/a?dc=d&stale=&index=55&wait=20000ms 36250",
            "catalog/services?dc=d&stale= 15000",
            "health/service/a?dc=d&stale= 15000",
        ]
    );
    assert_eq!(
        waited(r#"{"datacenter":"d","services":["a"]}"#, 20_000),
        [
            "health/service/a?dc=d&stale=&index=55&wait=20000ms 36250",
            "health/service/a?dc=d&stale= 15000",
        ]
    );
    assert_eq!(
        waited(r#"{"datacenter":"d","services":["a"]}"#, 0),
        ["health/service/a?dc=d&stale= 15000"]
    );
}

#[test]
fn more_services_than_can_be_waited_for_are_asked_for_at_the_interval() {
    let names = (0..16).map(|n| format!("\"s{n}\":[]")).collect::<Vec<_>>().join(",");
    let list = format!("{{{names}}}");
    let host =
        consul(move |path, _| Ok(at(9, if path == "/catalog/services" { &list } else { "[]" })));
    let config = r#"{"datacenter":"d","refresh_interval":"8s"}"#;
    let first = host.refresh_waiting::<Consul>(config, None, 20_000).unwrap();
    host.refresh_waiting::<Consul>(config, first.cursor.as_deref(), 20_000).unwrap();
    let waits = host.requests().into_iter().map(|request| request.url);
    let waits: Vec<_> = waits.filter(|url| url.contains("wait=")).collect();
    assert_eq!(
        waits,
        ["http://localhost:8500/v1/catalog/services?dc=d&stale=&index=9&wait=8000ms"]
    );
    let names: Vec<_> = (0..17).map(|n| format!("\"s{n}\"")).collect();
    let config = format!(r#"{{"datacenter":"d","services":[{}]}}"#, names.join(","));
    let host = consul(|_, _| Ok(at(9, "[]")));
    let first = host.refresh_waiting::<Consul>(&config, None, 20_000).unwrap();
    host.refresh_waiting::<Consul>(&config, first.cursor.as_deref(), 20_000).unwrap();
    assert!(!host.requests().iter().any(|request| request.url.contains("wait=")));
}

#[test]
fn a_server_without_index_is_not_waited_for() {
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    let host = consul(move |_, _| {
        counted.set(counted.get() + 1);
        Ok(answer(200, &[], "[]"))
    });
    let config = r#"{"datacenter":"d","services":["a"]}"#;
    let first = host.refresh_waiting::<Consul>(config, None, 1000).unwrap();
    host.refresh_waiting::<Consul>(config, first.cursor.as_deref(), 1000).unwrap();
    assert_eq!(calls.get(), 2);
}

#[test]
fn a_service_that_cannot_be_waited_for_keeps_no_other_from_being_asked_for() {
    let first = two(|| Ok(at(1, "[]"))).refresh::<Consul>(TWO, None).unwrap();
    let host = consul(|path, _| match path {
        "/health/service/a" => Ok(at(2, &instances(&["a9", "a2"]))),
        _ => Ok(answer(500, &[], "")),
    });
    let later = host.refresh_waiting::<Consul>(TWO, first.cursor.as_deref(), 1000).unwrap();
    assert_eq!(delta(&later.change), (vec!["a/0", "a/1"], vec![]));
    let failing = later.failing.unwrap();
    assert_eq!(failing.message, "ask for service b: the server answered with status 500");
    // Nothing is waited for until all answer again.
    let before = host.requests().len();
    host.refresh_waiting::<Consul>(TWO, later.cursor.as_deref(), 1000).unwrap();
    assert!(host.requests()[before..].iter().all(|request| !request.url.contains("wait=")));
}
