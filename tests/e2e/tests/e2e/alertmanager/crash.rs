//! What people decided and receivers were told outlives `kill -9`.

use narthex_harness::{SECONDS, WebhookReceiver, wait_until};
use serde_json::json;

use super::{ask, routing_host};

#[test]
fn a_silence_and_what_was_told_outlive_a_kill() {
    let receiver = WebhookReceiver::start();
    let routing = format!(
        "route: {{ receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1s }}\n\
         receivers: [{{ name: team, webhook_configs: [{{ url: '{}' }}] }}]\n",
        receiver.url()
    );
    let mut host = routing_host(&routing);
    let send = |url: &str, names: &[&str]| {
        let alerts: Vec<_> =
            names.iter().map(|name| json!({ "labels": { "alertname": name } })).collect();
        let (status, body) =
            ask("POST", &format!("{url}/api/v2/alerts"), &json!(alerts).to_string());
        assert_eq!(status, 200, "{body}");
    };
    let told = |name: &str| {
        let requests = receiver.requests();
        requests.iter().filter(|it| it.json()["groupLabels"]["alertname"] == name).count()
    };
    let silence = json!({
        "matchers": [{ "name": "alertname", "value": "Quiet", "isRegex": false }],
        "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z",
        "createdBy": "ada", "comment": "works",
    });
    let url = host.url("/api/v2/silences");
    assert_eq!(ask("POST", &url, &silence.to_string()).0, 200);
    send(&host.url(""), &["Loud", "Quiet"]);
    // A notification is counted once it is on disk.
    let counted =
        "alertmanager_notifications_total{integration=\"webhook\",receiver_name=\"team\"} 1";
    wait_until("the notification is told and kept", 30 * SECONDS, || {
        host.get("/metrics").text().contains(counted)
    });
    assert_eq!(told("Loud"), 1);

    host.kill_and_restart();
    let (_, silences) = ask("GET", &host.url("/api/v2/silences"), "");
    assert_eq!(silences[0]["status"]["state"], "active", "{silences}");
    // `Zlast` comes after the others in every round: once it was told, they were looked at.
    send(&host.url(""), &["Loud", "Quiet", "Zlast"]);
    receiver.wait_for_notification(30 * SECONDS, |it| it["groupLabels"]["alertname"] == "Zlast");
    assert_eq!((told("Loud"), told("Quiet"), told("Zlast")), (1, 0, 1));
    host.stop();
}
