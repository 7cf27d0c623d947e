//! API v2: the same answers to the same requests.

use narthex_harness::{Peer, SECONDS, peer, wait_until};
use serde_json::{Value, json};

use super::{Alertmanager, Both, routing_host};

const ROUTING: &str = "
route:
  receiver: everybody
  group_by: [alertname]
  group_wait: 1h
  routes:
  - { receiver: database, matchers: [team=db], continue: true }
  - { receiver: pager, matchers: [severity=page] }
  - { receiver: nobody, matchers: [severity=none], mute_time_intervals: [always] }
receivers:
- { name: everybody }
- { name: database }
- { name: pager }
- { name: nobody }
inhibit_rules:
- { source_matchers: [severity=page], target_matchers: [severity=info], equal: [host] }
time_intervals:
- { name: always, time_intervals: [{ years: ['1970:2999'] }] }
";

fn alert(labels: &Value) -> Value {
    json!({
        "labels": labels,
        "annotations": { "summary": "words" },
        "startsAt": "2026-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
    })
}

fn alerts() -> Value {
    json!([
        alert(&json!({ "alertname": "Down", "host": "a", "severity": "page" })),
        alert(&json!({ "alertname": "Slow", "host": "a", "severity": "info" })),
        alert(&json!({ "alertname": "Slow", "host": "b", "severity": "info", "team": "db" })),
        alert(&json!({ "alertname": "Odd", "host": "c", "severity": "none", "empty": "" })),
    ])
}

/// What differs between any two runs: moments, ids, versions. Ids of silences are told apart by the
/// comment of the silence.
fn plain(mut answer: Value, ids: &[String]) -> Value {
    match &mut answer {
        Value::Object(map) => {
            // Alertmanager 0.34 has labels of routes and receivers, Debian's 0.33 has not.
            map.remove("route");
            map.remove("routeLabels");
            if let Some(Value::Object(labels)) = map.get_mut("labels") {
                labels.remove("owner");
            }
            if map.get("annotations") == Some(&json!({})) {
                map.remove("annotations");
            }
            for (key, value) in &mut *map {
                let is_moment = ["updatedAt", "uptime"].contains(&key.as_str());
                // What a test names is in the past or far away.
                let is_made = ["startsAt", "endsAt"].contains(&key.as_str())
                    && (Some("2026-02")..Some("2900")).contains(&value.as_str());
                if is_moment || is_made || key == "versionInfo" || key == "config" {
                    *value = "?".into();
                } else {
                    *value = plain(value.take(), ids);
                }
            }
            // Which matcher comes first is nobody's business.
            if let Some(Value::Array(matchers)) = map.get_mut("matchers") {
                matchers.sort_by_key(Value::to_string);
            }
        }
        Value::Array(list) => {
            for value in list {
                *value = plain(value.take(), ids);
            }
        }
        Value::String(text) => {
            if let Some(place) = ids.iter().position(|id| id == text) {
                *text = format!("silence {place}");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    answer
}

#[test]
fn the_same_requests_have_the_same_answers() {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    let labelled = ROUTING
        .replace("name: database }", "name: database, labels: { owner: ada } }")
        .replace("name: pager }", "name: pager, labels: { owner: bob } }");
    let theirs = Alertmanager::start(&program, ROUTING);
    let both = Both { theirs, ours: routing_host(&labelled) };
    both.send(&alerts());
    wait_until("Alertmanager has grouped the alerts", 20 * SECONDS, || {
        let [_, (_, theirs)] = both.ask("GET", "/api/v2/alerts/groups", "");
        theirs.as_array().is_some_and(|groups| groups.len() == 4)
    });
    // The one that ends first comes first.
    let silence = |matchers: Value, comment: &str, end: &str| {
        let silence = json!({
            "matchers": matchers,
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": end,
            "createdBy": "ada",
            "comment": comment,
        });
        both.ask("POST", "/api/v2/silences", &silence.to_string())
            .map(|(status, body)| (status, body["silenceID"].as_str().unwrap_or("").to_owned()))
    };
    let host_b = json!([{ "name": "host", "value": "b", "isRegex": false }]);
    let made = [
        silence(host_b.clone(), "one host", "2999-01-01T00:00:00Z"),
        silence(
            json!([{ "name": "host", "value": "x|y", "isRegex": true, "isEqual": true },
            { "name": "alertname", "value": "Odd", "isRegex": false, "isEqual": false }]),
            "none",
            "2999-01-02T00:00:00Z",
        ),
        silence(host_b, "ends at once", "2999-01-01T00:00:00Z"),
    ];
    let ids: [Vec<String>; 2] =
        [0, 1].map(|side| made.iter().map(|both| both[side].1.clone()).collect());
    for (status, _) in made.iter().flatten() {
        assert_eq!(*status, 200);
    }
    for (url, ids) in both.urls().iter().zip(&ids) {
        assert_eq!(
            super::ask("DELETE", &format!("{url}/api/v2/silence/{}", ids[2]), ""),
            (200, "".into())
        );
        let (_, ended) = super::ask("GET", &format!("{url}/api/v2/silence/{}", ids[2]), "");
        assert_eq!(ended["status"]["state"], "expired", "{url}");
        // Ended twice is ended.
        assert_eq!(super::ask("DELETE", &format!("{url}/api/v2/silence/{}", ids[2]), "").0, 200);
    }

    let unknown = "/api/v2/silence/00000000-0000-4000-8000-000000000000";
    for path in [
        "/api/v2/alerts",
        "/api/v2/alerts?active=false",
        "/api/v2/alerts?silenced=false",
        "/api/v2/alerts?inhibited=false&silenced=false",
        "/api/v2/alerts?filter=host%3D%22a%22&filter=severity%21%3Dpage",
        "/api/v2/alerts?filter=team%3D%22%22",
        "/api/v2/alerts?receiver=data.*",
        "/api/v2/alerts/groups",
        "/api/v2/alerts/groups?muted=false",
        "/api/v2/alerts/groups?receiver=pager&active=true",
        "/api/v2/alerts/groups?filter=alertname%3DSlow",
        "/api/v2/receivers",
        "/api/v2/silences",
        "/api/v2/silences?filter=host%3D%22b%22",
        "/api/v2/silences?filter=host%3D%22nothing%22",
        "/api/v2/status",
        unknown,
    ] {
        let [ours, theirs] = both.ask("GET", path, "");
        assert_eq!(ours.0, theirs.0, "{path}");
        let answers = [plain(ours.1, &ids[0]), plain(theirs.1, &ids[1])];
        assert_eq!(answers[0], answers[1], "{path}");
    }
    // Of Alertmanager 0.34, which Debian does not have yet.
    for (path, expected) in [
        ("/api/v2/silences?expired=false", 2),
        ("/api/v2/silences?active=false", 1),
        ("/api/v2/alerts?receiver_matchers=owner%3Dbob", 1),
        ("/api/v2/receivers?receiver_matchers=owner%3D~%22a.*%22", 1),
    ] {
        let found = both.ours.json(path);
        assert_eq!(found.as_array().map(Vec::len), Some(expected), "{path}: {found}");
    }
    both.ours.stop();
}

#[test]
fn what_is_wrong_has_the_same_status() {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    let both = Both::start(&program, ROUTING);
    let silence = |changes: Value| {
        let mut silence = json!({
            "matchers": [{ "name": "a", "value": "b", "isRegex": false }],
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2999-01-01T00:00:00Z",
            "createdBy": "ada",
            "comment": "none",
        });
        for (key, value) in changes.as_object().into_iter().flatten() {
            silence[key] = value.clone();
        }
        silence.to_string()
    };
    let cases: Vec<(&str, &str, String)> = vec![
        ("GET", "/api/v2/alerts?active=maybe", String::new()),
        ("GET", "/api/v2/alerts?filter=%7Bbroken", String::new()),
        ("GET", "/api/v2/alerts?receiver=(", String::new()),
        ("GET", "/api/v2/silence/none", String::new()),
        ("DELETE", "/api/v2/silence/none", String::new()),
        ("DELETE", "/api/v2/silence/00000000-0000-4000-8000-000000000000", String::new()),
        ("GET", "/api/v2/nothing", String::new()),
        ("POST", "/api/v2/alerts", "no json".to_owned()),
        ("POST", "/api/v2/alerts", "[{}]".to_owned()),
        ("POST", "/api/v2/alerts", r#"[{"labels":{}}]"#.to_owned()),
        ("POST", "/api/v2/alerts", r#"[{"labels":{"a":""}}]"#.to_owned()),
        (
            "POST",
            "/api/v2/alerts",
            r#"[{"labels":{"a":"b"},"startsAt":"2026-01-02T00:00:00Z","endsAt":"2026-01-01T00:00:00Z"}]"#.to_owned(),
        ),
        ("POST", "/api/v2/silences", "{}".to_owned()),
        ("POST", "/api/v2/silences", silence(json!({ "comment": null }))),
        ("POST", "/api/v2/silences", silence(json!({ "matchers": [] }))),
        ("POST", "/api/v2/silences", silence(json!({ "matchers": [{ "name": "a", "value": ".*", "isRegex": true }] }))),
        ("POST", "/api/v2/silences", silence(json!({ "matchers": [{ "name": "a", "value": "(", "isRegex": true }] }))),
        ("POST", "/api/v2/silences", silence(json!({ "matchers": [{ "name": "", "value": "b", "isRegex": false }] }))),
        ("POST", "/api/v2/silences", silence(json!({ "endsAt": "2025-01-01T00:00:00Z" }))),
        ("POST", "/api/v2/silences", silence(json!({ "startsAt": "2024-01-01T00:00:00Z", "endsAt": "2025-01-01T00:00:00Z" }))),
        ("POST", "/api/v2/silences", silence(json!({ "startsAt": "today" }))),
        ("POST", "/api/v2/silences", silence(json!({ "id": "00000000-0000-4000-8000-000000000000" }))),
    ];
    for (method, path, body) in cases {
        let [ours, theirs] = both.ask(method, path, &body);
        assert_eq!(ours.0, theirs.0, "{method} {path} {body}: {} {}", ours.1, theirs.1);
        let is_told = |answer: &Value| answer.is_object() && answer["message"].is_string();
        assert_eq!(is_told(&ours.1), is_told(&theirs.1), "{path} {body}: {} {}", ours.1, theirs.1);
    }
    both.ours.stop();
}

/// What a Grafana asks that is told of us as of a Prometheus' Alertmanager, in its order: on `Save & test`,
/// on the pages of groups and silences, and when a silence is made, changed and ended there.
#[test]
fn grafana_takes_the_host_for_an_alertmanager() {
    let host = routing_host(ROUTING);
    let ask = |method: &str, path: &str, body: &Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        super::ask(method, &host.url(path), &body)
    };
    let get = |path: &str| ask("GET", path, &Value::Null);
    // Had that an answer, we were a Mimir.
    assert_eq!(get("/alertmanager/api/v2/status").0, 404);
    let (status, told) = get("/api/v2/status");
    assert_eq!(status, 200);
    assert!(told["config"]["original"].as_str().is_some_and(|text| text.contains("everybody")));
    assert!(get("/api/v1/status/buildinfo").1["data"]["features"].is_null());

    let (status, told) = ask("POST", "/api/v2/alerts", &alerts());
    assert_eq!(status, 200, "{told}");
    wait_until("the alerts are grouped", 20 * SECONDS, || {
        get("/api/v2/alerts/groups").1.as_array().is_some_and(|groups| groups.len() == 4)
    });
    let filter = "filter=alertname%3D%22Slow%22&filter=host%3D~%22a%7Cb%22";
    let (status, found) =
        get(&format!("/api/v2/alerts?silenced=true&active=true&inhibited=true&{filter}"));
    assert_eq!((status, found.as_array().map(Vec::len)), (200, Some(2)), "{found}");

    let silence = |id: Option<&str>, comment: &str| {
        let matchers = json!([{ "name": "host", "value": "b", "isRegex": false, "isEqual": true }]);
        let mut silence = json!({
            "matchers": matchers, "startsAt": "2026-01-01T00:00:00.000Z",
            "endsAt": "2999-01-01T00:00:00.000Z", "createdBy": "ada", "comment": comment,
        });
        if let Some(id) = id {
            silence["id"] = id.into();
        }
        let (status, made) = ask("POST", "/api/v2/silences", &silence);
        assert_eq!(status, 200, "{made}");
        made["silenceID"].as_str().expect("an id").to_owned()
    };
    let first = silence(None, "one");
    let changed = silence(Some(&first), "another");
    let (_, silences) = get("/api/v2/silences");
    let found = silences.as_array().and_then(|all| all.iter().find(|it| it["id"] == *changed));
    assert_eq!(found.map(|it| &it["comment"]), Some(&json!("another")), "{silences}");
    assert_eq!(ask("DELETE", &format!("/api/v2/silence/{changed}"), &Value::Null).0, 200);
    let (_, ended) = get(&format!("/api/v2/silence/{changed}"));
    assert_eq!(ended["status"]["state"], "expired");
    host.stop();
}
