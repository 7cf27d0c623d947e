use std::time::Duration;

use super::FakeHost;
use crate::{Error, ErrorKind, clock, dns, files, http::Request, kv, log, tcp::Connection};

#[test]
fn what_was_not_provided_is_denied() {
    FakeHost::new().file("proc", "stat", "").run(|| {
        assert!(files::read("sys", "x").unwrap_err().is_denied());
        assert!(files::read("proc", "../etc/passwd").unwrap_err().is_denied());
        assert!(files::read("proc", "other").unwrap_err().is_not_found());
        assert!(Request::get("http://a/").send().unwrap_err().is_denied());
        assert!(dns::lookup("a.example", "A", Duration::from_secs(1)).unwrap_err().is_denied());
        assert!(Connection::open("a", 1, Duration::from_secs(1)).unwrap_err().is_denied());
    });
}

#[test]
fn directories_are_seen_in_paths() {
    let host =
        FakeHost::new().file("sys", "a/b/c", "1").file("sys", "a/d", "2").link("sys", "a/e", "b");
    let names = host.run(|| files::list("sys", "a")).unwrap();
    assert_eq!(names.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["b", "d", "e"]);
}

#[test]
fn requests_are_recorded_and_answers_are_cut() {
    let host = FakeHost::new().http_status("http://a/", 200, "0123456789");
    let answer = host.run(|| Request::get("http://a/x").body_bytes_max(4).send()).unwrap();
    assert_eq!((answer.text().as_str(), answer.truncated), ("0123", true));
    assert_eq!(host.requests()[0].url, "http://a/x");
}

#[test]
fn a_request_has_no_more_time_than_its_call() {
    let slow = FakeHost::new().http_status("http://a/", 200, "").requests_take_ms(600);
    let late = |host: &FakeHost| host.run(|| Request::get("http://a/").send()).is_err();
    let second = slow.deadline_ms(1_000);
    assert!(!late(&second), "400 ms are left after it");
    assert!(late(&second));
    assert_eq!((second.slept_ms(), second.run(clock::deadline)), (1_000, Duration::ZERO));
    let own = FakeHost::new().http_status("http://a/", 200, "").requests_take_ms(600);
    let limited = Request::get("http://a/").timeout(Duration::from_millis(500));
    assert_eq!(own.run(|| limited.send()).unwrap_err().kind, ErrorKind::Timeout);
}

#[test]
fn records_are_read_from_their_text() {
    let host = FakeHost::new()
        .dns("s.example", "SRV", &["10 60 5060 big.example."])
        .dns("m.example", "MX", &["10 mail.example."])
        .dns("b.example", "SRV", &["10 sixty 5060 big.example."])
        .dns_error("d.example", "NS", Error::unreachable("no nameserver answers"));
    host.run(|| {
        let second = Duration::from_secs(1);
        assert_eq!(dns::srv("s.example", second).unwrap()[0].port, 5060);
        assert_eq!(dns::mx("m.example", second).unwrap(), ["mail.example."]);
        assert!(dns::srv("b.example", second).unwrap_err().message.contains("10 sixty"));
        assert!(dns::ns("d.example", second).unwrap_err().retryable);
    });
}

#[test]
fn a_connection_reads_piece_by_piece() {
    let host = FakeHost::new().tcp("db:1", &[b"hel", b"lo"]);
    host.run(|| {
        let connection = Connection::open("db", 1, Duration::from_secs(1)).unwrap();
        connection.write_all(b"hi").unwrap();
        assert_eq!(connection.read_to_end(100).unwrap(), b"hello");
    });
    assert_eq!(host.sent(), b"hi");
}

#[test]
fn keys_are_kept_and_compared() {
    let host = FakeHost::new();
    host.run(|| {
        assert!(kv::compare_and_set("k", None, Some(b"1")).unwrap());
        assert!(!kv::compare_and_set("k", None, Some(b"2")).unwrap());
        assert_eq!(kv::keys("", 10).unwrap(), ["k"]);
    });
    assert_eq!(host.kv("k").unwrap(), b"1");
}

#[test]
fn sleeping_moves_the_clock_to_the_deadline_and_not_beyond() {
    let host = FakeHost::new().now_ms(0).deadline_ms(100);
    host.run(|| {
        let watch = clock::Stopwatch::start();
        clock::sleep(Duration::from_secs(1));
        assert_eq!(
            (clock::now_ms(), clock::deadline(), watch.elapsed().as_millis()),
            (100, Duration::ZERO, 100)
        );
        log::info("slept", &[("ms", &100)]);
    });
    assert_eq!(host.logs()[0].fields[0].value, "100");
}
