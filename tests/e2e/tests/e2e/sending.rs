//! Alerts of rules on their way to other Alertmanagers: nothing is lost, whatever those do meanwhile.

mod discovery;
mod peers;
mod trouble;

use std::collections::BTreeMap;

use narthex_harness::{FakeTarget, Host, HostBuilder, SECONDS, WebhookReceiver, wait_for};
use serde_json::Value;

use crate::support::config;

/// An alert for each room that is too hot.
const RULES: &str = "groups:\n- name: g\n  rules:\n  - alert: TooHot\n    expr: temperature > 60\n    \
                     annotations: { summary: '{{ $labels.room }} has {{ $value }} degrees' }\n";

/// What is left of the alert of the attic has no labels.
const WITHOUT_LABELS: &str = ", alert_relabel_configs: [\
    { source_labels: [room], regex: attic, target_label: alertname, replacement: '' }, \
    { source_labels: [room], regex: attic, target_label: room, replacement: '' }, \
    { action: labeldrop, regex: 'instance|job' }]";

/// A host that watches rooms and sends alerts. Each is sent again only where it was not taken.
struct Watch {
    rooms: FakeTarget,
    host: Host,
}

impl Watch {
    /// With this section `alerting`, and what stands beside it.
    #[track_caller]
    fn start(rest: &str, more: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let rooms = FakeTarget::start();
        rooms.serve("");
        let host = Host::with_config(&Self::config(&rooms, rest))
            .file("rules.yml", RULES)
            .flag("--web.enable-lifecycle")
            .flag("--rules.alert.resend-delay=1h");
        Self { host: more(host).start(), rooms }
    }

    fn config(rooms: &FakeTarget, rest: &str) -> String {
        let address = rooms.address();
        config(&format!(
            "rule_files: [rules.yml]\nscrape_configs:\n- job_name: rooms\n  \
             static_configs: [{{ targets: ['{address}'] }}]\n{rest}"
        ))
    }

    /// So hot are they now.
    fn are(&self, rooms: &[(&str, u32)]) {
        let line =
            |(room, degrees): &(&str, u32)| format!("temperature{{room=\"{room}\"}} {degrees}\n");
        self.rooms.serve(&rooms.iter().map(line).collect::<String>());
    }

    /// A number that the host counts of an Alertmanager.
    fn counted(&self, name: &str, receiver: &str) -> Option<f64> {
        let text = self.host.get("/metrics").text();
        let start = format!("prometheus_notifications_{name}{{alertmanager=\"{receiver}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok())
    }

    #[track_caller]
    fn wait_until_counted(&self, name: &str, receiver: &str, wanted: f64) {
        wait_for(&format!("{name} of {receiver} is {wanted}"), 30 * SECONDS, || {
            let counted = self.counted(name, receiver);
            if counted == Some(wanted) { Ok(()) } else { Err(format!("it is {counted:?}")) }
        });
    }
}

/// `alerting`, with one item of `alertmanagers` that has these targets and this text beside them.
fn to(targets: &[String], more: &str) -> String {
    let targets: Vec<String> = targets.iter().map(|target| format!("'{target}'")).collect();
    let targets = targets.join(", ");
    format!(
        "alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: [{targets}] }}]{more} }}] }}\n"
    )
}

fn address(receiver: &WebhookReceiver) -> String {
    receiver.address().to_string()
}

fn url(receiver: &WebhookReceiver) -> String {
    format!("http://{}/api/v2/alerts", receiver.address())
}

/// What was said last of each room, by those requests that were answered well: `firing` or `resolved`.
fn told(receiver: &WebhookReceiver, since: usize) -> BTreeMap<String, &'static str> {
    let requests = receiver.requests();
    let answered_well = requests.iter().skip(since).filter(|request| request.status == Some(200));
    let alerts = answered_well.flat_map(|request| {
        let alerts = request.json();
        alerts.as_array().cloned().unwrap_or_default()
    });
    alerts.map(|alert| (text(&alert["labels"]["room"]), state(&alert))).collect()
}

/// One that fires ends in the future of its beginning: after four resend delays.
fn state(alert: &Value) -> &'static str {
    let at = |key: &str| text(&alert[key]).parse::<jiff::Timestamp>().expect("a time");
    let lasts = at("endsAt").as_second() - at("startsAt").as_second();
    if lasts >= 4 * 3600 { "firing" } else { "resolved" }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn wait_until_told(receiver: &WebhookReceiver, since: usize, wanted: &[(&str, &'static str)]) {
    let wanted: BTreeMap<String, &str> =
        wanted.iter().map(|(room, state)| ((*room).to_owned(), *state)).collect();
    wait_for("it is told", 40 * SECONDS, || {
        let told = told(receiver, since);
        if told == wanted { Ok(()) } else { Err(format!("told {told:?}")) }
    });
}
