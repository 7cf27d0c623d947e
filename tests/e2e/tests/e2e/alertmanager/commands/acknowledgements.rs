//! `narthex alert acknowledge`, which amtool does not have.

use std::process::{Command, Output, Stdio};

use narthex_harness::{Host, TempFolder, binary, http};
use serde_json::{Value, json};

use super::text;
use crate::support::config;

fn run(host: &Host, words: &[&str]) -> Output {
    let folder = TempFolder::new();
    Command::new(binary())
        .args(words)
        .arg(format!("--alertmanager.url={}", host.url("")))
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

#[track_caller]
fn answer(host: &Host, words: &[&str]) -> String {
    let output = run(host, words);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn refusal(host: &Host, words: &[&str]) -> String {
    let output = run(host, words);
    assert!(!output.status.success(), "{words:?}");
    text(&output.stderr)
}

#[test]
fn alerts_are_acknowledged_shown_and_taken_back() {
    let host = Host::with_config(&config("")).start();
    let alert = |name: &str, host: &str| json!({ "labels": { "alertname": name, "host": host } });
    let alerts = json!([alert("Down", "a"), alert("Down", "b"), alert("Slow", "a")]).to_string();
    let posted = http::post(&host.url("/api/v2/alerts"), "application/json", alerts.as_bytes());
    assert_eq!(posted.status, 200, "{posted}");

    assert!(refusal(&host, &["alert", "ack", "Down"]).contains("comment required"));
    assert!(refusal(&host, &["alert", "ack", "-cx"]).contains("no matchers specified"));
    let none = refusal(&host, &["alert", "ack", "Gone", "-cx"]);
    assert!(none.contains("404 Not Found: no alert fires that matches"), "{none}");

    let words = ["alert", "acknowledge", "Down", "host=a", "--comment=on it", "--author=ada"];
    let said = answer(&host, &words);
    assert!(said.contains("alertname=\"Down\" host=\"a\"  with the alert  ada"), "{said}");
    answer(&host, &["alert", "ack", "Slow", "-ceve", "-d2h"]);
    let all: Value =
        serde_json::from_str(&answer(&host, &["alert", "acks", "-ojson"])).expect("JSON");
    let shown = |at: usize, key: &str| all[at][key].as_str().unwrap_or_default().to_owned();
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
    assert_eq!((shown(0, "createdBy"), shown(0, "endsAt")), ("ada".to_owned(), String::new()));
    assert!(!shown(1, "endsAt").is_empty(), "{all}");
    assert_eq!(answer(&host, &["alert", "acknowledgements", "Slow"]).lines().count(), 2);

    answer(&host, &["alert", "unacknowledge", &shown(0, "fingerprint")]);
    assert!(!answer(&host, &["alert", "acknowledgements"]).contains("Down"));
    let again = refusal(&host, &["alert", "unack", &shown(0, "fingerprint")]);
    assert!(again.contains("no alert of this fingerprint fires and is acknowledged"), "{again}");
    host.stop();
}
