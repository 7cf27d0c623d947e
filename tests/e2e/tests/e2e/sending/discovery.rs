//! Who is told: discovery, reloads, and the routing of the host itself.

use narthex_harness::{Answer, Replies, SECONDS, WebhookReceiver, wait_for, wait_until};
use serde_json::{Value, json};

use super::{Watch, address, to, url, wait_until_told};
use crate::support::plugin;

/// What `/api/v1/alertmanagers` says of both lists.
fn shown(watch: &Watch) -> Value {
    watch.host.json("/api/v1/alertmanagers")["data"].clone()
}

#[track_caller]
fn wait_until_shown(watch: &Watch, wanted: &Value) {
    wait_for("the Alertmanagers are shown", 20 * SECONDS, || {
        let shown = shown(watch);
        if shown == *wanted { Ok(()) } else { Err(shown.to_string()) }
    });
}

#[test]
fn they_are_found_in_files_and_dropped_by_rules() {
    let (stays, goes) = (WebhookReceiver::start(), WebhookReceiver::start());
    goes.answer_with(Answer::status(503, ""));
    let section = "alerting: { alertmanagers: [{ path_prefix: /am, file_sd_configs: [{ files: [targets.json] }], \
                   relabel_configs: [{ source_labels: [drop], regex: 'yes', action: drop }] }] }\n";
    let file = json!([
        { "targets": [address(&stays), address(&goes)] },
        { "targets": ["nowhere.example:1"], "labels": { "drop": "yes" } },
    ]);
    let watch = Watch::start(section, |it| {
        it.file("targets.json", file.to_string()).expect_log("alerts cannot be sent")
    });
    let at = |address: &str| json!({ "url": format!("http://{address}/am/api/v2/alerts") });
    let (one, other, dropped) =
        (at(&address(&stays)), at(&address(&goes)), at("nowhere.example:1"));
    wait_for("both are found", 20 * SECONDS, || {
        let active = shown(&watch)["activeAlertmanagers"].clone();
        let found = active.as_array().cloned().unwrap_or_default();
        if found.len() == 2 && found.contains(&one) && found.contains(&other) {
            Ok(())
        } else {
            Err(active.to_string())
        }
    });
    assert_eq!(shown(&watch)["droppedAlertmanagers"], json!([dropped]));
    let sources = watch.host.json("/api/v1/status/discovery");
    assert_eq!(sources["data"]["alertmanagers"][0]["targets"], 3, "{sources}");

    watch.are(&[("attic", 70)]);
    wait_until_told(&stays, 0, &[("attic", "firing")]);
    assert_eq!(stays.requests()[0].path, "/am/api/v2/alerts");
    wait_until("the other is asked", 20 * SECONDS, || !goes.requests().is_empty());
    watch
        .host
        .folder()
        .write("targets.json", json!([{ "targets": [address(&stays)] }]).to_string());
    wait_until_shown(&watch, &json!({ "activeAlertmanagers": [one], "droppedAlertmanagers": [] }));
    let counted =
        |name: &str| watch.counted(name, &format!("http://{}/am/api/v2/alerts", goes.address()));
    assert_eq!((counted("errors_total"), counted("queue_length")), (None, None));
    watch.host.stop();
}

#[test]
fn they_are_found_by_plugins() {
    let (receiver, registry) = (WebhookReceiver::start(), Replies::start());
    registry.json("/alertmanagers", &json!([{ "targets": [address(&receiver)] }]).to_string());
    let section = format!(
        "alerting: {{ alertmanagers: [{{ http_sd_configs: [{{ url: '{}', refresh_interval: 1s }}] }}] }}\n",
        registry.url("/alertmanagers")
    );
    let watch = Watch::start(&section, |it| it.copy("plugins/http.wasm", &plugin("http")));
    let found = json!([{ "url": url(&receiver) }]);
    wait_until_shown(&watch, &json!({ "activeAlertmanagers": found, "droppedAlertmanagers": [] }));
    watch.are(&[("attic", 70)]);
    wait_until_told(&receiver, 0, &[("attic", "firing")]);
    registry.json("/alertmanagers", "[]");
    wait_until_shown(&watch, &json!({ "activeAlertmanagers": [], "droppedAlertmanagers": [] }));
    watch.host.stop();
}

#[test]
fn a_reload_keeps_what_waits() {
    let receiver = WebhookReceiver::start();
    receiver.answer_with(Answer::status(503, ""));
    let watch =
        Watch::start(&to(&[address(&receiver)], ""), |it| it.expect_log("alerts cannot be sent"));
    watch.are(&[("attic", 70)]);
    wait_until("it is asked", 20 * SECONDS, || !receiver.requests().is_empty());
    let file = json!([{ "targets": [address(&receiver)] }]).to_string();
    watch.host.folder().write("targets.json", file);
    let in_file = "alerting: { alertmanagers: [{ file_sd_configs: [{ files: [targets.json] }], \
                   timeout: 6s, bearer_token: t }] }\n";
    for section in [
        to(&[address(&receiver)], ", timeout: 7s"),
        to(&[address(&receiver)], ", timeout: 7s, bearer_token: t"),
        in_file.to_owned(),
    ] {
        let config = Watch::config(&watch.rooms, &section);
        let answer = watch.host.reload_with(&config);
        assert_eq!(answer.status, 200, "{answer}");
    }
    let before = receiver.requests().len();
    receiver.answer_with(Answer::status(200, ""));
    wait_until_told(&receiver, before, &[("attic", "firing")]);
    let last = receiver.requests().pop().expect("it was told");
    assert_eq!(last.header("authorization"), Some("Bearer t"));
    watch.host.stop();
}

#[test]
fn a_refused_reload_changes_nothing() {
    let receiver = WebhookReceiver::start();
    let mut watch = Watch::start(&to(&[address(&receiver)], ""), |it| it);
    watch.host.expect_log("reload refused");
    for (more, why) in [
        (", tls_config: { ca_file: none.pem }", "alerting.alertmanagers[0]"),
        (", none_sd_configs: [{}]", "none"),
        (", api_version: v1", "expected Alertmanager api version to be v2 but got v1"),
    ] {
        let config = Watch::config(&watch.rooms, &to(&["127.0.0.1:1".to_owned()], more));
        let answer = watch.host.reload_with(&config);
        assert!(answer.status != 200 && answer.text().contains(why), "{answer}");
    }
    assert_eq!(shown(&watch)["activeAlertmanagers"], json!([{ "url": url(&receiver) }]));
    watch.are(&[("attic", 70)]);
    wait_until_told(&receiver, 0, &[("attic", "firing")]);
    watch.host.stop();
}

#[test]
fn what_is_routed_here_is_sent_there_too_where_both_are_asked_for() {
    let (there, hook) = (WebhookReceiver::start(), WebhookReceiver::start());
    let here = format!(
        "alertmanager:\n  route: {{ receiver: r, group_wait: 1s }}\n  \
         receivers: [{{ name: r, webhook_configs: [{{ url: '{}' }}] }}]\n",
        hook.url()
    );
    // Rules for all alerts hold here and there, those of an item there alone.
    let section = to(
        &[address(&there)],
        ", alert_relabel_configs: [{ target_label: way, replacement: there }]",
    )
    .replace(
        "alerting: {",
        "alerting: { alert_relabel_configs: [{ action: labeldrop, regex: instance }],",
    );
    let watch = Watch::start(&format!("{section}{here}"), |it| {
        it.copy("plugins/webhook.wasm", &plugin("webhook"))
    });
    watch.are(&[("attic", 70)]);
    let heard = hook.wait_for_notification(30 * SECONDS, |it| it["status"] == "firing");
    assert_eq!(
        heard["alerts"][0]["labels"],
        json!({ "alertname": "TooHot", "job": "rooms", "room": "attic" })
    );
    wait_until_told(&there, 0, &[("attic", "firing")]);
    assert_eq!(
        there.requests()[0].json()[0]["labels"],
        json!({ "alertname": "TooHot", "job": "rooms", "room": "attic", "way": "there" })
    );
    // Without a routing of its own the host sends alerts there alone.
    let answer = watch.host.reload_with(&Watch::config(&watch.rooms, &section));
    assert_eq!(answer.status, 200, "{answer}");
    watch.are(&[("attic", 70), ("cellar", 80)]);
    wait_until_told(&there, 0, &[("attic", "firing"), ("cellar", "firing")]);
    let here = watch.host.json("/api/v2/alerts");
    let rooms: Vec<&Value> =
        here.as_array().into_iter().flatten().map(|it| &it["labels"]["room"]).collect();
    assert_eq!(rooms, ["attic"]);
    watch.host.stop();
}
