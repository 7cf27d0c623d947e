//! Receivers that hang, refuse and crash delay nobody who stands beside them.

use std::collections::BTreeSet;

use narthex_harness::{Answer, Host, SECONDS, WebhookReceiver, wait_for, wait_until};
use serde_json::{Value, json};

use super::ask;
use crate::support::{config, guest, plugin};

/// Groups of each receiver: more than one that hangs may be told of at once.
const GROUPS: usize = 48;

const MODES: [&str; 5] = ["panic", "loop", "hang", "allocate", "refuse"];

fn routing(
    well: &WebhookReceiver,
    hanging: &WebhookReceiver,
    refusing: &WebhookReceiver,
) -> String {
    let url = |receiver: &WebhookReceiver| receiver.url();
    // Attempts at those go on for an hour: they end after everything else.
    let keys = "group_wait: 1s, group_interval: 1h, continue: true";
    let mut routes =
        format!("  - {{ receiver: hanging, {keys} }}\n  - {{ receiver: refusing, {keys} }}\n");
    let mut receivers = format!(
        "- {{ name: well, webhook_configs: [{{ url: '{}' }}] }}\n\
         - {{ name: hanging, webhook_configs: [{}] }}\n\
         - {{ name: refusing, webhook_configs: [{{ url: '{}' }}] }}\n",
        url(well),
        // Several: they share the calls of their plugin with the one that is well.
        vec![format!("{{ url: '{}' }}", url(hanging)); 4].join(", "),
        url(refusing)
    );
    for mode in MODES {
        // Some do as much harm as many, and less to other tests.
        routes += &format!("  - {{ receiver: {mode}, matchers: ['group=~\"[0-3]\"'], {keys} }}\n");
        receivers += &format!("- {{ name: {mode}, rogue_configs: [{{ mode: {mode} }}] }}\n");
    }
    format!(
        "route:\n  receiver: well\n  group_by: [group]\n  group_wait: 1s\n  group_interval: 1s\n  routes:\n{routes}\
         \x20 - {{ receiver: well }}\nreceivers:\n{receivers}"
    )
}

/// What a metric counts for a receiver; 0 where it is not there yet.
fn counted(host: &Host, metric: &str, receiver: &str) -> f64 {
    let text = host.get("/metrics").text();
    let of_it = format!("receiver_name=\"{receiver}\"");
    let lines = text.lines().filter(|line| line.starts_with(metric) && line.contains(&of_it));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[test]
fn who_hangs_refuses_or_crashes_delays_nobody_else() {
    let [well, hanging, refusing] = [(); 3].map(|()| WebhookReceiver::start());
    hanging.answer_with(Answer::never());
    refusing.answer_with(Answer::status(500, "out of order"));
    let host = Host::with_config(&config("alertmanager_config_file: alertmanager.yml\n"))
        .file("alertmanager.yml", routing(&well, &hanging, &refusing))
        .copy("plugins/webhook.wasm", &plugin("webhook"))
        .copy("plugins/rogue.wasm", &guest("rogue"))
        .expect_log("rogue")
        .start();
    let send = |is_over: bool| {
        let alerts = (0..GROUPS).map(|group| {
            let mut alert =
                json!({ "labels": { "alertname": "Down", "group": group.to_string() } });
            if is_over {
                alert["endsAt"] = "2026-01-01T00:00:00Z".into();
            }
            alert
        });
        let alerts: Vec<Value> = alerts.collect();
        let url = host.url("/api/v2/alerts");
        assert_eq!(ask("POST", &url, &Value::from(alerts).to_string()).0, 200);
    };
    let told = |status: &str| {
        wait_for(&format!("everybody is told of {status}"), 60 * SECONDS, || {
            let requests = well.requests();
            let such = requests.iter().map(|it| it.json()).filter(|it| it["status"] == status);
            let groups: BTreeSet<String> =
                such.map(|it| it["groupLabels"]["group"].to_string()).collect();
            if groups.len() == GROUPS { Ok(()) } else { Err(format!("{} groups", groups.len())) }
        });
    };
    send(false);
    told("firing");
    wait_until("the others were asked", 60 * SECONDS, || {
        let are_tried = MODES
            .map(|mode| counted(&host, "alertmanager_notification_requests_total", mode) > 0.0);
        !hanging.requests().is_empty()
            && !refusing.requests().is_empty()
            && !are_tried.contains(&false)
    });
    send(true);
    told("resolved");
    // All of it happened while the others were asked for the first time, or again and again.
    for receiver in ["hanging", "refusing"].iter().chain(&MODES) {
        assert_eq!(counted(&host, "alertmanager_notifications_total", receiver), 0.0, "{receiver}");
    }
    assert_eq!(counted(&host, "alertmanager_notification_requests_failed_total", "well"), 0.0);
    wait_until("what fails is counted", 60 * SECONDS, || {
        let has_failed = |mode: &&str| {
            counted(&host, "alertmanager_notification_requests_failed_total", mode) > 0.0
        };
        ["refusing"].iter().chain(&MODES).all(has_failed)
    });
    host.stop();
}
