//! `narthex silence` and `alert` where a server does half of what it is asked for, and where words stand at the wrong place.

use std::process::{Command, Output, Stdio};

use narthex_harness::{Answer, Replies, TempFolder, binary};

use super::text;

const ID: &str = "7b2f08a3-0000-4000-8000-000000000000";

/// A server that takes silences, and says this of the one that it has made.
fn server(of_it: Answer) -> Replies {
    let server = Replies::start();
    server.json("/api/v2/silences", &format!("{{\"silenceID\":\"{ID}\"}}"));
    server.answer(&format!("/api/v2/silence/{ID}"), of_it);
    server
}

fn run(server: &Replies, words: &[&str]) -> Output {
    let folder = TempFolder::new();
    Command::new(binary())
        .args(words)
        .arg(format!("--alertmanager.url={}", server.url("")))
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

const RECURRING: [&str; 6] =
    ["silence", "add", "job=backup", "-cnightly", "-d30d", "--recurring=times=02:00-04:00"];

#[test]
fn a_silence_of_which_nobody_says_whether_it_recurs_is_ended_and_named() {
    let server = server(Answer::ok("text/html", "<p>a page</p>"));
    let output = run(&server, &RECURRING);
    let said = text(&output.stderr);
    assert!(!output.status.success());
    let expected = format!("whether silence {ID} recurs is not known; it was ended again");
    assert!(said.contains(&expected), "{said}");
    let last = server.requests().pop().expect("it is asked");
    assert_eq!((last.method.as_str(), last.path), ("DELETE", format!("/api/v2/silence/{ID}")));
}

#[test]
fn a_silence_that_cannot_be_ended_is_named() {
    let output = run(&server(Answer::status(500, "not today")), &RECURRING);
    let said = text(&output.stderr);
    assert!(!output.status.success());
    let expected = format!("silence {ID} may hold at all times; end it with `silence expire {ID}`");
    assert!(said.contains(&expected) && said.contains("not today"), "{said}");
}

#[test]
fn a_silence_is_made_though_its_alerts_cannot_be_shown() {
    let server = server(Answer::status(500, ""));
    server.answer("/api/v2/alerts", Answer::status(503, "busy"));
    let output = run(&server, &["silence", "add", "job=backup", "-cworks"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(text(&output.stdout), format!("{ID}\n"));
    assert!(
        said.contains("the alerts that match cannot be shown") && said.contains("busy"),
        "{said}"
    );
    let dry = run(&server, &["silence", "add", "job=backup", "-cworks", "--dry-run"]);
    assert!(!dry.status.success(), "there is nothing else to show");
}

#[test]
fn words_that_nobody_would_hear_are_refused() {
    let server = server(Answer::status(500, ""));
    for words in [
        &["alert", "--silenced", "add", "a=b"][..],
        &["silence", "--expired", "query"],
        &["silence", "-q", "--created-by=ada", "expire", ID],
    ] {
        let output = run(&server, words);
        let said = text(&output.stderr);
        assert!(
            !output.status.success() && said.contains("put them behind `query`"),
            "{words:?}: {said}"
        );
    }
    assert!(server.requests().is_empty());
}

#[test]
fn what_is_sent_is_not_taken_for_sent_where_it_is_redirected() {
    let server = Replies::start();
    let elsewhere = Answer::status(301, "").with_header("Location", &server.url("/elsewhere"));
    server.answer("/api/v2/alerts", elsewhere);
    server.json("/elsewhere", "[]");
    let add = run(&server, &["alert", "add", "job=backup"]);
    let said = text(&add.stderr);
    assert!(!add.status.success() && said.contains("301 Moved Permanently"), "{said}");
    assert_eq!(server.requests().len(), 1, "nobody is asked for a page instead");
    let query = run(&server, &["alert", "query"]);
    assert!(query.status.success(), "a question may go on: {}", text(&query.stderr));
}
