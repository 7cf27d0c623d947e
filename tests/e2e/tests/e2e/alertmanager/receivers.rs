//! What receivers get: the same requests as from Alertmanager, firing and resolved.

use narthex_harness::{Answer, Host, Peer, Replies, Request, SECONDS, peer, wait_for};
use serde_json::{Value, json};

use super::{Alertmanager, ask};
use crate::support::{config, plugin};

const EXTERNAL_URL: &str = "--web.external-url=http://am.example/";

/// One entry of a receiver, in which `server` of `http://server` and `http://user@server` is where the requests go, and what is answered there by path. A group of
/// two alerts fires, then one of them ends, then the other.
#[track_caller]
fn check(name: &str, entry: &str, answers: &[(&str, Answer)]) {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    let servers = [(); 2].map(|()| Replies::start());
    for (path, answer) in answers {
        servers.iter().for_each(|server| server.answer(path, answer.clone()));
    }
    let [ours, theirs] = [&servers[0], &servers[1]].map(|server| {
        let entry = entry.replace("http://server", &server.url(""));
        let address = server.url("").replace("http://", "@");
        let entry = entry.replace("@server", &address);
        format!(
            "route: {{ receiver: team, group_by: [alertname], group_wait: 2s, group_interval: 1s }}\n\
             receivers: [{{ name: team, {name}_configs: [{{ send_resolved: true, {entry} }}] }}]\n"
        )
    });
    let host = Host::with_config(&config("alertmanager_config_file: alertmanager.yml\n"))
        .file("alertmanager.yml", ours)
        .copy(&format!("plugins/{name}.wasm"), &plugin(name))
        .flag(EXTERNAL_URL)
        .start();
    let theirs = Alertmanager::start_with(&program, &theirs, &[EXTERNAL_URL]);
    let urls = [host.url(""), format!("http://{}", theirs.address)];
    // Now, or the group would not wait for the second of them.
    let now = || {
        let now = jiff::Timestamp::now().as_millisecond();
        Value::from(jiff::Timestamp::from_millisecond(now).expect("a moment").to_string())
    };
    let began = now();
    let alert = |instance: &str, is_over: bool| {
        let mut alert = json!({
            "labels": { "alertname": "Down", "instance": instance, "job": "db", "severity": "critical" },
            "annotations": { "summary": format!("{instance} ist <b>weg</b> & \"größer\""), "runbook": "http://x/?a=1&b=2" },
            "startsAt": began,
            "generatorURL": "http://prometheus.example/graph?g0.expr=up+%3D%3D+0",
        });
        if is_over {
            alert["endsAt"] = now();
        }
        alert
    };
    let mut known = 0;
    for (step, alerts) in [
        ("both fire", json!([alert("a", false), alert("b", false)])),
        ("one ends", json!([alert("a", true)])),
        ("the other ends", json!([alert("b", true)])),
    ] {
        for url in &urls {
            let (status, body) = ask("POST", &format!("{url}/api/v2/alerts"), &alerts.to_string());
            assert_eq!(status, 200, "{body}");
        }
        let [ours, theirs] = wait_for(&format!("{name} is told that {step}"), 60 * SECONDS, || {
            let told = [&servers[0], &servers[1]].map(told);
            let is_told =
                told.iter().all(|told| told.len() > known) && told[0].len() == told[1].len();
            if is_told { Ok(told) } else { Err(format!("{told:#?}")) }
        });
        assert_eq!(ours, theirs, "{name}: {step}");
        known = ours.len();
    }
    host.stop();
}

/// The requests, without what each client writes of itself and of its connection.
fn told(server: &Replies) -> Vec<String> {
    let told = |request: &Request| {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        // Which parameter comes first, and how a space is written, is nobody's business.
        let mut query: Vec<String> =
            query.split('&').map(|pair| pair.replace('+', "%20")).collect();
        query.sort();
        let header = |name: &str| request.header(name).unwrap_or("-").to_owned();
        let headers = ["content-type", "authorization", "x-auth-token", "x-user-id"].map(header);
        let body = String::from_utf8_lossy(&request.body).replace(&server.url(""), "http://server");
        // Alertmanager 0.34 has them, Debian's 0.33 has not.
        let body = body.replace("\"routeLabels\":{},", "");
        format!("{} {path} {query:?} {headers:?} {body}", request.method)
    };
    server.requests().iter().map(told).collect()
}

fn json_of(value: &Value) -> Answer {
    Answer::ok("application/json", value.to_string())
}

#[test]
fn webhook() {
    check("webhook", "url: 'http://server/hook'", &[("/hook", Answer::status(200, ""))]);
}

#[test]
fn webhook_with_a_user_in_its_url() {
    let entry = "url: 'http://me:p%40ss@server/hook'";
    check("webhook", entry, &[("/hook", Answer::status(200, ""))]);
}

#[test]
fn slack() {
    let entry = "api_url: 'http://server/hook', channel: '#ops', text: '{{ .CommonLabels.job }}', \
                 fields: [{ title: t, value: '{{ len .Alerts }}' }], color: red";
    check("slack", entry, &[("/hook", Answer::status(200, "ok"))]);
}

#[test]
fn pagerduty() {
    let entry = "url: 'http://server/v2/enqueue', routing_key: key, details: { count: '{{ len .Alerts }}' }";
    check("pagerduty", entry, &[("/v2/enqueue", Answer::status(202, "{}"))]);
}

#[test]
fn opsgenie() {
    let entry = "api_url: 'http://server/', api_key: key, message: '{{ .Status }} {{ len .Alerts }}', \
                 tags: 'a,{{ .CommonLabels.job }}', details: { zone: z }, responders: [{ name: n, type: team }]";
    let close = "/v2/alerts/af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e/close";
    let taken = Answer::status(202, "{}");
    check("opsgenie", entry, &[("/v2/alerts", taken.clone()), (close, taken)]);
}

#[test]
fn discord() {
    let entry = "webhook_url: 'http://server/hook', message: '{{ .CommonAnnotations.runbook }}'";
    check("discord", entry, &[("/hook", Answer::status(204, ""))]);
}

#[test]
fn telegram() {
    // By default as HTML.
    telegram_in("");
}

#[test]
fn telegram_without_html() {
    telegram_in("parse_mode: MarkdownV2,");
}

#[track_caller]
fn telegram_in(parse_mode: &str) {
    let message = "{{ range .Alerts }}{{ .Annotations.summary }} &lt; {{ end }}";
    let entry = format!(
        "api_url: 'http://server', bot_token: token, chat_id: -5, {parse_mode} message: '{message}'"
    );
    let sent = json!({ "ok": true, "result": { "message_id": 7, "date": 1, "chat": { "id": -5, "type": "group" } } });
    let me = json!({ "ok": true, "result": { "id": 1, "is_bot": true, "first_name": "b", "username": "b" } });
    check(
        "telegram",
        &entry,
        &[("/bottoken/sendMessage", json_of(&sent)), ("/bottoken/getMe", json_of(&me))],
    );
}

#[test]
fn msteamsv2() {
    let entry =
        "webhook_url: 'http://server/hook', title: '{{ .Status }}', text: '{{ len .Alerts }}'";
    check("msteamsv2", entry, &[("/hook", Answer::status(202, ""))]);
}

#[test]
fn msteams() {
    let entry = "webhook_url: 'http://server/hook', title: '{{ .Status }}', text: '{{ len .Alerts }}', summary: s";
    check("msteams", entry, &[("/hook", Answer::status(200, "1"))]);
}

#[test]
fn webex() {
    let entry = "api_url: 'http://server/v1/messages', room_id: room, message: '{{ .Status }} {{ len .Alerts }}', \
                 http_config: { authorization: { credentials: token } }";
    check("webex", entry, &[("/v1/messages", Answer::status(200, "{}"))]);
}

#[test]
fn victorops() {
    let entry = "api_url: 'http://server/alert/', api_key: key, routing_key: team, state_message: '{{ len .Alerts }}', \
                 custom_fields: { zone: '{{ .CommonLabels.job }}' }";
    check("victorops", entry, &[("/alert/key/team", Answer::status(200, ""))]);
}

#[test]
fn rocketchat() {
    let entry = "api_url: 'http://server', token: t, token_id: u, channel: '#ops', text: '{{ len .Alerts }}', \
                 fields: [{ title: t, value: v }], actions: [{ text: x, url: 'http://x/', msg: m }]";
    let taken = json_of(&json!({ "success": true }));
    check("rocketchat", entry, &[("/api/v1/chat.postMessage", taken)]);
}

#[test]
fn mattermost() {
    let entry = "webhook_url: 'http://server/hook', channel: ops, text: '{{ len .Alerts }}', \
                 fields: [{ title: t, value: v, short: true }], priority: { priority: Urgent, requested_ack: true }";
    check("mattermost", entry, &[("/hook", Answer::status(200, "ok"))]);
}
