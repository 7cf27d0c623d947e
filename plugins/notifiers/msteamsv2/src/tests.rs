use expect_test::expect;
use narthex_sdk::testing::{FakeHost, alert, group, resolved};

use crate::MsTeams;

const CONFIG: &str = r##"{
    "webhook_url": "https://teams.example/workflow?sig=s3cret",
    "title": "[FIRING:1] Down (2 a<b&c>)",
    "text": "\n\n# Alerts Firing:\n\nLabels:\n  - job = a<b&c>\n"
}"##;

#[test]
fn the_message_is_that_of_alertmanager() {
    let host = FakeHost::new().http_status("https://teams.example/", 202, "");
    host.notify::<MsTeams>(CONFIG, &group(vec![alert(&[], &[])])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "https://teams.example/workflow?sig=s3cret");
    assert_eq!(request.headers[0].value, "application/json");
    expect![[r##"
        {"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.2","body":[{"type":"TextBlock","text":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","weight":"Bolder","size":"Medium","wrap":true,"style":"heading","color":"Attention"},{"type":"TextBlock","text":"\n\n# Alerts Firing:\n\nLabels:\n  - job = a\u003cb\u0026c\u003e\n","wrap":true}],"msteams":{"width":"full"}}}]}
    "##]]
    .assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn a_resolved_group_is_good() {
    let host = FakeHost::new().http_status("https://teams.example/", 202, "");
    host.notify::<MsTeams>(CONFIG, &group(vec![resolved(alert(&[], &[]))])).unwrap();
    let body = String::from_utf8(host.requests()[0].body.clone()).unwrap();
    assert!(body.contains(r#""color":"Good""#), "{body}");
}

#[test]
fn refusals_say_who_and_what() {
    let refused = |status| {
        let host = FakeHost::new().http_status("https://", status, "no\n");
        host.notify::<MsTeams>(CONFIG, &group(vec![])).unwrap_err()
    };
    assert_eq!(refused(400).message, "Microsoft Teams answered with status 400: no");
    assert!(!refused(400).retryable && refused(500).retryable);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let judged = |config: &str| FakeHost::new().validate_notifier::<MsTeams>(config);
    judged(CONFIG).unwrap();
    judged(r#"{"webhook_url_file":"/run/url"}"#).unwrap();
    let refused = judged("{}").unwrap_err();
    assert_eq!(refused.message, "webhook_url: missing; set it, or webhook_url_file");
}
