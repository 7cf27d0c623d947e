//! What the pages ask of routing: the tree, what would become of an alert, and how receivers were told.

use narthex_harness::{Answer, Host, Replies, SECONDS, wait_until};
use serde_json::{Value, json};

use crate::support::{config, plugin};

const ROUTING: &str = "
route:
  receiver: everybody
  group_by: [alertname]
  group_wait: 1s
  routes:
  - { receiver: pager, matchers: [severity=page], continue: true, group_by: ['...'], labels: { tier: one } }
  - receiver: database
    matchers: [team=db]
    routes: [{ receiver: nights, matchers: ['host=~\"a|b\"'], mute_time_intervals: [always] }]
  - { receiver: late, matchers: [team=~\"d.*\"] }
receivers:
- { name: everybody, webhook_configs: [{ url: 'http://server/hook', send_resolved: false }] }
- { name: pager }
- { name: database }
- { name: nights }
- { name: late, labels: { owner: ada } }
inhibit_rules:
- { source_matchers: [severity=page], target_matchers: [severity=info], equal: [host] }
time_intervals:
- { name: always, time_intervals: [{ years: ['1970:2999'] }] }
";

fn try_labels(host: &Host, labels: &Value) -> Value {
    let url = host.url("/api/v1/alerting/trial");
    let (status, told) = super::ask("POST", &url, &json!({ "labels": labels }).to_string());
    assert_eq!(status, 200, "{told}");
    told["data"].clone()
}

#[test]
fn the_tree_and_what_it_says_of_an_alert_are_told() {
    let server = Replies::start();
    server.answer("/hook", Answer::status(200, ""));
    let host = Host::with_config(&config("alertmanager_config_file: alertmanager.yml\n"))
        .file("alertmanager.yml", ROUTING.replace("http://server", &server.url("")))
        .copy("plugins/webhook.wasm", &plugin("webhook"))
        .start();
    let alerts = json!([
        { "labels": { "alertname": "Down", "host": "a", "severity": "page" } },
        { "labels": { "alertname": "Odd", "host": "c" } },
    ]);
    let (status, told) = super::ask("POST", &host.url("/api/v2/alerts"), &alerts.to_string());
    assert_eq!(status, 200, "{told}");
    wait_until("the webhook was told", 20 * SECONDS, || !server.requests().is_empty());

    let root = host.json("/api/v1/alerting/routes")["data"]["root"].clone();
    assert_eq!(
        (&root["id"], &root["groupWait"], &root["groups"], &root["alerts"]),
        (&json!("0"), &json!("1s"), &json!(1), &json!(1)),
        "{root}"
    );
    let first = &root["routes"][0];
    assert_eq!(
        json!([
            first["id"],
            first["matchers"],
            first["groupBy"],
            first["continue"],
            first["labels"],
            first["groups"]
        ]),
        json!(["0.0", ["severity=\"page\""], ["..."], true, { "tier": "one" }, 1])
    );
    let groups = host.json("/api/v2/alerts/groups");
    let groups = groups.as_array().expect("a list").iter();
    let made_by: Vec<Value> =
        groups.map(|group| json!([group["route"], group["receiver"]["name"]])).collect();
    assert_eq!(made_by, [json!(["0", "everybody"]), json!(["0.0", "pager"])]);
    let deepest = &root["routes"][1]["routes"][0];
    assert_eq!(
        json!([deepest["id"], deepest["muteTimeIntervals"], deepest["groupWait"]]),
        json!(["0.1.0", ["always"], "1s"])
    );

    let tried = try_labels(&host, &json!({ "team": "db", "host": "a", "severity": "page" }));
    let said =
        |id: &str, outcome: &str, why: &str| json!({ "id": id, "outcome": outcome, "why": why });
    assert_eq!(
        tried,
        json!({
            "receivers": ["pager", "nights"],
            "asked": [
                said("0", "yes", "takes every alert"),
                said("0.0", "yes", "matches, and the next ones are asked too"),
                said("0.1", "yes", "matches"),
                said("0.1.0", "yes", "matches"),
                said("0.2", "notAsked", "{team=\"db\"} took it, without continue"),
            ],
            "silencedBy": [], "inhibitedBy": [], "mutedBy": [],
        })
    );
    let tried = try_labels(&host, &json!({ "team": "db", "host": "a", "severity": "info" }));
    assert_eq!(json!([tried["receivers"], tried["mutedBy"]]), json!([["nights"], ["always"]]));
    assert_eq!(tried["inhibitedBy"].as_array().map(Vec::len), Some(1), "{tried}");
    assert_eq!(tried["asked"][1]["why"], "severity=\"page\" is wanted and severity is \"info\"");

    let receivers = host.json("/api/v1/alerting/receivers")["data"].clone();
    assert_eq!(
        receivers[4],
        json!({ "name": "late", "labels": { "name": "late", "owner": "ada" }, "integrations": [] })
    );
    wait_until("the notification is known", 20 * SECONDS, || {
        let told = host.json("/api/v1/alerting/receivers");
        told["data"][0]["integrations"][0]["lastAttempt"].is_string()
    });
    let told = &host.json("/api/v1/alerting/receivers")["data"][0]["integrations"][0];
    assert_eq!(
        json!([told["name"], told["index"], told["sendResolved"], told["lastError"]]),
        json!(["webhook", 0, false, null])
    );
    assert_eq!(told["lastSuccess"], told["lastAttempt"], "{told}");
    let url = host.url("/api/v1/alerting/trial");
    let (status, told) = super::ask("POST", &url, "[]");
    assert_eq!((status, &told["errorType"]), (400, &json!("bad_data")), "{told}");
    host.stop();
}
