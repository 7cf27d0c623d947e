use expect_test::{Expect, expect};
use narthex_sdk::{
    AlertGroup, Error,
    http::Request,
    json::{Value, json},
    testing::{FakeHost, alert, answer, group},
};

use crate::Slack;

const POST: &str = "https://slack.com/api/chat.postMessage";

fn config() -> Value {
    json!({
        "api_url": "https://hooks.slack.example/T/B",
        "channel": "#ops",
        "username": "Alertmanager",
        "title": "[FIRING:1] Down (2 a<b&c>)",
        "title_link": "http://am.example/#/alerts?receiver=all",
        "fallback": "Down",
        "color": "danger",
        "icon_emoji": "", "icon_url": "", "pretext": "", "text": "", "callback_id": "", "footer": "",
    })
}

fn with(changes: Value) -> String {
    let (Value::Object(mut config), Value::Object(changes)) = (config(), changes) else {
        panic!("both are objects");
    };
    config.extend(changes);
    Value::Object(config).to_string()
}

fn down() -> AlertGroup {
    group(vec![alert(&[("alertname", "Down")], &[])])
}

#[track_caller]
fn check(changes: Value, body: &Expect) {
    let host = FakeHost::new().http_status("https://hooks.slack.example/", 200, "ok");
    host.notify::<Slack>(&with(changes), &down()).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.headers.len()), ("POST", 1));
    assert_eq!(request.url, "https://hooks.slack.example/T/B");
    assert_eq!(request.headers[0].value, "application/json");
    body.assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        json!({}),
        &expect![[r##"
        {"channel":"#ops","username":"Alertmanager","attachments":[{"title":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","title_link":"http://am.example/#/alerts?receiver=all","text":"","fallback":"Down","callback_id":"","footer":"","color":"danger","mrkdwn_in":["fallback","pretext","text"]}]}
    "##]],
    );
}

#[test]
fn every_setting_is_handed_on() {
    let changes = json!({
        "icon_emoji": ":fire:", "icon_url": "http://i/", "pretext": "p", "text": "t", "footer": "f",
        "callback_id": "c", "image_url": "http://m/", "thumb_url": "http://n/", "link_names": true,
        "message_text": "above", "mrkdwn_in": [],
        "fields": [
            { "title": "T", "value": "V", "short": true },
            { "title": "firing", "value": "V2" },
        ],
        "actions": [
            { "type": "button", "text": "Go", "url": "http://x/?a=1&b=2", "name": "dropped", "value": "v" },
            {
                "type": "button", "text": "Ack", "name": "n", "value": "v", "style": "primary",
                "confirm": { "text": "sure", "dismiss_text": "no", "ok_text": "yes", "title": "?" },
            },
        ],
    });
    check(
        changes,
        &expect![[r##"
        {"channel":"#ops","username":"Alertmanager","icon_emoji":":fire:","icon_url":"http://i/","link_names":true,"text":"above","attachments":[{"title":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","title_link":"http://am.example/#/alerts?receiver=all","pretext":"p","text":"t","fallback":"Down","callback_id":"c","fields":[{"title":"T","value":"V","short":true},{"title":"firing","value":"V2","short":false}],"actions":[{"type":"button","text":"Go","url":"http://x/?a=1\u0026b=2"},{"type":"button","text":"Ack","style":"primary","name":"n","value":"v","confirm":{"text":"sure","title":"?","ok_text":"yes","dismiss_text":"no"}}],"image_url":"http://m/","thumb_url":"http://n/","footer":"f","color":"danger"}]}
    "##]],
    );
}

#[test]
fn a_long_title_is_cut() {
    let host = FakeHost::new().http_status("https://hooks.slack.example/", 200, "ok");
    host.notify::<Slack>(&with(json!({ "title": "ü".repeat(1025) })), &down()).unwrap();
    let sent: Value = narthex_sdk::json::from_slice(&host.requests()[0].body).unwrap();
    assert_eq!(sent["attachments"][0]["title"], json!("ü".repeat(1023) + "…"));
}

/// URL and credentials of the only request.
#[track_caller]
fn place(changes: Value) -> (String, Option<String>) {
    let host = FakeHost::new().http_status("https://", 200, "ok");
    host.notify::<Slack>(&with(changes), &down()).unwrap();
    let [Request { url, headers, .. }] = host.requests().try_into().unwrap();
    let token = headers.into_iter().find(|header| header.name == "authorization");
    (url, token.map(|header| header.value))
}

#[test]
fn a_receivers_own_place_comes_before_the_global_one() {
    let own = ("https://hooks.slack.example/T/B".to_owned(), None);
    let globals = json!({ "global_api_url": "https://global/", "global_app_token": "g" });
    assert_eq!(place(globals), own);
    let with_token = |token: &str| (POST.to_owned(), Some(format!("Bearer {token}")));
    let changes = json!({ "api_url": "", "app_token": "own", "global_api_url": "https://global/" });
    assert_eq!(place(changes), with_token("own"));
    let changes = json!({ "api_url": "", "global_app_token": "g" });
    assert_eq!(place(changes), with_token("g"));
    let changes = json!({ "api_url": "", "global_api_url": "https://global/" });
    assert_eq!(place(changes), ("https://global/".to_owned(), None));
}

#[test]
fn the_message_of_a_group_is_changed_in_its_place() {
    let host = FakeHost::new().http_json(
        "https://slack.com/api/",
        r#"{"ok":true,"channel":"C1","ts":"1503435956.000247"}"#,
    );
    let config = with(json!({ "api_url": POST, "update_message": true }));
    let receipt = host.notify::<Slack>(&config, &down()).unwrap();
    assert_eq!(receipt.remote_id.as_deref(), Some("1503435956.000247"));
    host.notify::<Slack>(&config, &down()).unwrap();
    host.notify::<Slack>(&config, &group(vec![alert(&[("alertname", "Full")], &[])])).unwrap();
    let [first, second, other] = host.requests().try_into().unwrap();
    assert_eq!((first.url.as_str(), other.url.as_str()), (POST, POST));
    assert_eq!(second.url, "https://slack.com/api/chat.update");
    let body = String::from_utf8(second.body).unwrap();
    assert!(body.starts_with(r#"{"channel":"C1","ts":"1503435956.000247","username":"#), "{body}");
}

#[test]
fn refusals_say_who_and_what() {
    let refused = |status, kind: &'static str, body: &'static str| {
        let host = FakeHost::new()
            .http("https://", move |_| Ok(answer(status, &[("content-type", kind)], body)));
        host.notify::<Slack>(&with(json!({})), &down()).unwrap_err()
    };
    let error = refused(404, "text/plain", "channel_not_found");
    assert_eq!(
        error.message,
        r##"channel "#ops": Slack answered with status 404: channel_not_found"##
    );
    assert!(!error.retryable && refused(500, "text/plain", "").retryable);
    let error = refused(200, "application/json; charset=utf-8", r#"{"ok":false,"error":"no"}"#);
    assert_eq!(error.message, r##"channel "#ops": Slack refused the message: no"##);
    assert!(!error.retryable);
    assert!(refused(200, "application/json", "<").retryable, "what it meant is not known");
    assert!(!refused(200, "text/html", "no_text").retryable);

    let lost = FakeHost::new().http("https://", |_| Err(Error::timeout("no answer in time")));
    assert!(lost.notify::<Slack>(&with(json!({})), &down()).unwrap_err().retryable);
}

#[test]
fn the_timeout_limits_the_request() {
    let host = FakeHost::new().http_status("https://", 200, "ok");
    host.notify::<Slack>(&with(json!({ "timeout": "3s" })), &down()).unwrap();
    assert_eq!(host.requests()[0].timeout_ms, Some(3000));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let judged = |changes| FakeHost::new().validate_notifier::<Slack>(&with(changes));
    let refused = |changes| judged(changes).unwrap_err().message;
    judged(json!({})).unwrap();
    judged(json!({ "api_url": "", "api_url_file": "/run/url" })).unwrap();
    judged(json!({ "api_url": "", "global_app_token": "g", "update_message": true })).unwrap();
    assert!(refused(json!({ "api_url": "" })).starts_with("api_url: missing; set it"));
    assert_eq!(
        refused(json!({ "app_token": "t" })),
        "app_token: stands beside api_url; leave one of them out"
    );
    assert!(refused(json!({ "update_message": true })).starts_with("update_message: webhooks"));
    assert_eq!(
        refused(json!({ "fields": [{ "title": "t", "value": "" }] })),
        "fields[0]: needs a title and a value"
    );
    assert_eq!(
        refused(json!({ "actions": [{ "type": "button", "text": "t" }] })),
        "actions[0]: needs a url or a name"
    );
    let action = json!({ "type": "button", "text": "t", "name": "n", "confirm": { "text": "" } });
    assert_eq!(refused(json!({ "actions": [action] })), "actions[0].confirm: needs a text");
}
