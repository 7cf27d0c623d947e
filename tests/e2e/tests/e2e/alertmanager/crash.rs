//! What alerts there are, what people decided and what receivers were told outlives `kill -9`.

use narthex_harness::{Answer, Host, SECONDS, WebhookReceiver, wait_until};
use serde_json::{Value, json};

use super::{ask, routing_host};

/// A receiver, and the routing to it: `more` are other keys of the file, `route` of the route.
fn world(route: &str, more: &str) -> (WebhookReceiver, String) {
    let receiver = WebhookReceiver::start();
    let routing = format!(
        "route: {{ receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1s{route} }}\n\
         receivers: [{{ name: team, webhook_configs: [{{ url: '{}' }}] }}]\n{more}",
        receiver.url()
    );
    (receiver, routing)
}

#[track_caller]
fn send(host: &Host, names: &[&str]) {
    let alerts: Vec<_> =
        names.iter().map(|name| json!({ "labels": { "alertname": name } })).collect();
    let (status, body) = ask("POST", &host.url("/api/v2/alerts"), &json!(alerts).to_string());
    assert_eq!(status, 200, "{body}");
}

/// How often the receiver was told of an alert.
fn told(receiver: &WebhookReceiver, name: &str, status: &str) -> usize {
    let is_it = |it: &Value| it["groupLabels"]["alertname"] == name && it["status"] == status;
    receiver.requests().iter().filter(|it| is_it(&it.json())).count()
}

/// Waits until notifications were told and are on disk.
#[track_caller]
fn wait_counted(host: &Host, count: usize) {
    let counted = format!(
        "alertmanager_notifications_total{{integration=\"webhook\",receiver_name=\"team\"}} {count}\n"
    );
    wait_until("the notification is told and kept", 30 * SECONDS, || {
        host.get("/metrics").text().contains(&counted)
    });
}

#[test]
fn a_silence_and_what_was_told_outlive_a_kill() {
    let (receiver, routing) = world("", "");
    let mut host = routing_host(&routing);
    let silence = json!({
        "matchers": [{ "name": "alertname", "value": "Quiet", "isRegex": false }],
        "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z",
        "createdBy": "ada", "comment": "works",
    });
    let url = host.url("/api/v2/silences");
    assert_eq!(ask("POST", &url, &silence.to_string()).0, 200);
    send(&host, &["Loud", "Quiet"]);
    wait_counted(&host, 1);
    assert_eq!(told(&receiver, "Loud", "firing"), 1);

    host.kill_and_restart();
    let (_, silences) = ask("GET", &host.url("/api/v2/silences"), "");
    assert_eq!(silences[0]["status"]["state"], "active", "{silences}");
    // `Zlast` comes after the others in every round: once it was told, they were looked at.
    send(&host, &["Loud", "Quiet", "Zlast"]);
    receiver.wait_for_notification(30 * SECONDS, |it| it["groupLabels"]["alertname"] == "Zlast");
    let counts = ["Loud", "Quiet", "Zlast"].map(|name| told(&receiver, name, "firing"));
    assert_eq!(counts, [1, 0, 1]);
    host.stop();
}

#[test]
fn what_was_not_delivered_is_delivered_after_a_kill_though_nobody_sends_it_again() {
    let (receiver, routing) = world("", "");
    receiver.answer_with(Answer::status(503, "not now"));
    let mut host = routing_host(&routing);
    send(&host, &["Once"]);
    wait_until("the receiver has refused it", 30 * SECONDS, || !receiver.requests().is_empty());
    host.process().kill();
    receiver.answer_with(Answer::status(200, ""));
    host.kill_and_restart();
    wait_counted(&host, 1);
    let once = told(&receiver, "Once", "firing");
    // What the receiver took is not told again by the next process.
    host.kill_and_restart();
    send(&host, &["Zlast"]);
    receiver.wait_for_notification(30 * SECONDS, |it| it["groupLabels"]["alertname"] == "Zlast");
    assert_eq!(told(&receiver, "Once", "firing"), once);
    host.stop();
}

#[test]
fn an_alert_that_was_taken_just_before_a_kill_is_delivered() {
    let (receiver, routing) = world("", "");
    let mut host = routing_host(&routing);
    send(&host, &["Once"]);
    host.kill_and_restart();
    receiver.wait_for_notification(30 * SECONDS, |it| it["groupLabels"]["alertname"] == "Once");
    host.stop();
}

#[test]
fn an_alert_that_nobody_repeats_after_a_kill_is_told_to_be_over() {
    let (receiver, routing) = world("", "global: { resolve_timeout: 20s }\n");
    let mut host = routing_host(&routing);
    send(&host, &["Once"]);
    receiver.wait_for_notification(60 * SECONDS, |it| it["status"] == "firing");
    host.kill_and_restart();
    let (_, alerts) = ask("GET", &host.url("/api/v2/alerts"), "");
    assert_eq!(alerts[0]["labels"]["alertname"], "Once", "it is there before anybody sends it");
    receiver.wait_for_notification(60 * SECONDS, |it| it["status"] == "resolved");
    let firing = told(&receiver, "Once", "firing");

    // Whether or not the kill comes before the host has written that it was told.
    host.kill_and_restart();
    send(&host, &["Zlast"]);
    receiver.wait_for_notification(30 * SECONDS, |it| it["groupLabels"]["alertname"] == "Zlast");
    assert_eq!(told(&receiver, "Once", "firing"), firing, "what is over does not fire again");
    host.stop();
}

#[test]
fn who_has_acknowledged_an_alert_is_not_reminded_of_it() {
    let (receiver, routing) = world(", repeat_interval: 1s", "");
    let mut host = routing_host(&routing);
    send(&host, &["Mine", "Other"]);
    let count = |name: &str| told(&receiver, name, "firing");
    wait_until("both are repeated", 30 * SECONDS, || count("Mine") > 1 && count("Other") > 1);
    let url = host.url("/api/v2/acknowledgements");
    let of = |name: &str| {
        let matcher = json!({ "name": "alertname", "value": name, "isRegex": false });
        json!({ "matchers": [matcher], "createdBy": "ada", "comment": "on it" }).to_string()
    };
    let (status, held) = ask("POST", &url, &of("Mine"));
    assert_eq!((status, &held[0]["labels"]["alertname"]), (200, &json!("Mine")), "{held}");
    assert_eq!(ask("POST", &url, &of("Nobody")).0, 404);

    let rounds = |more: usize| {
        let before = count("Other");
        wait_until("the other is repeated", 60 * SECONDS, || count("Other") >= before + more);
    };
    // One more may have been under way when it was acknowledged.
    wait_until("it is not repeated", 60 * SECONDS, || {
        let before = count("Mine");
        rounds(2);
        count("Mine") == before
    });
    let mine = count("Mine");
    rounds(3);
    assert_eq!(count("Mine"), mine);

    host.kill_and_restart();
    let (_, again) = ask("GET", &host.url("/api/v2/acknowledgements"), "");
    assert_eq!(again, held, "it outlives a kill");
    rounds(3);
    assert_eq!(count("Mine"), mine);
    let (_, others) = ask("GET", &host.url("/api/v2/alerts?acknowledged=false"), "");
    assert_eq!(others.as_array().map(Vec::len), Some(1), "{others}");
    let (_, alerts) = ask("GET", &host.url("/api/v2/alerts?filter=alertname=Mine"), "");
    assert_eq!(alerts[0]["acknowledgement"]["createdBy"], "ada", "{alerts}");

    // It is repeated again once the acknowledgement is taken back.
    let fingerprint = held[0]["fingerprint"].as_str().expect("a fingerprint is a text");
    let url = host.url(&format!("/api/v2/acknowledgement/{fingerprint}"));
    assert_eq!(ask("DELETE", &url, "").0, 200);
    assert_eq!(ask("DELETE", &url, "").0, 404);
    wait_until("it is repeated again", 30 * SECONDS, || count("Mine") > mine);
    host.stop();
}
