//! The same alerts by the same routing: the same notifications.

use std::collections::BTreeMap;

use narthex_harness::{Peer, SECONDS, WebhookReceiver, peer, wait_for};
use serde_json::{Value, json};

use super::Both;

/// Routing with short timers, of which a receiver with one URL for each route gets JSON.
fn routing(url: &str) -> String {
    format!(
        "
route:
  receiver: rest
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
  routes:
  - {{ receiver: each, matchers: [how=each], group_by: ['...'] }}
  - {{ receiver: quiet, matchers: [how=quiet], mute_time_intervals: [always] }}
  - {{ receiver: fired, matchers: [how=fired], continue: true }}
  - {{ receiver: again, matchers: [how=fired], repeat_interval: 3s }}
receivers:
- {{ name: rest, webhook_configs: [{{ url: '{url}' }}] }}
- {{ name: each, webhook_configs: [{{ url: '{url}' }}] }}
- {{ name: quiet, webhook_configs: [{{ url: '{url}' }}] }}
- {{ name: fired, webhook_configs: [{{ url: '{url}', send_resolved: false }}] }}
- {{ name: again, webhook_configs: [{{ url: '{url}', max_alerts: 1 }}] }}
inhibit_rules:
- {{ source_matchers: [severity=page], target_matchers: [severity=info], equal: [host] }}
time_intervals:
- {{ name: always, time_intervals: [{{ years: ['1970:2999'] }}] }}
"
    )
}

/// What a receiver was told of a group, in order. Repeats of the receiver that is told again are left out, as their
/// number depends on when the test looks.
type Story = BTreeMap<(String, String), Vec<String>>;

fn story(receiver: &WebhookReceiver) -> Story {
    let mut story = Story::new();
    for request in receiver.requests() {
        let told = request.json();
        let key = (text(&told["receiver"]), text(&told["groupKey"]));
        let line = line(&told);
        let lines = story.entry(key).or_default();
        let is_repeated = told["receiver"] == "again" && lines.last() == Some(&line);
        if !is_repeated {
            lines.push(line);
        }
    }
    story
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A notification without what differs between two servers: addresses and moments of ends.
pub(super) fn line(told: &Value) -> String {
    let mut told = told.clone();
    told["externalURL"] = "?".into();
    // Alertmanager 0.34 has them, Debian's 0.33 has not.
    let has_none = told["routeLabels"] == json!({});
    if let Some(map) = told.as_object_mut().filter(|_| has_none) {
        map.remove("routeLabels");
    }
    for alert in told["alerts"].as_array_mut().into_iter().flatten() {
        alert["startsAt"] = "?".into();
        if alert["status"] == "resolved" {
            alert["endsAt"] = "?".into();
        }
    }
    told.to_string()
}

fn alert(labels: &[(&str, &str)], is_over: bool) -> Value {
    let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
    // One that fires begins now, or its group would not wait.
    let mut alert = json!({
        "labels": labels,
        "annotations": { "summary": "words" },
        "generatorURL": "http://prometheus.example/graph",
    });
    if is_over {
        alert["endsAt"] = "2026-01-02T00:00:00Z".into();
    }
    alert
}

#[test]
fn the_same_alerts_give_the_same_notifications() {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    let receivers = [WebhookReceiver::start(), WebhookReceiver::start()];
    let ours = super::routing_host(&routing(&receivers[0].url()));
    let theirs = super::Alertmanager::start(&program, &routing(&receivers[1].url()));
    let both = Both { theirs, ours };
    let told = |what: &str, is_told: &dyn Fn(&Story) -> bool| {
        wait_for(what, 60 * SECONDS, || {
            let stories = [&receivers[0], &receivers[1]].map(story);
            if stories.iter().all(is_told) { Ok(()) } else { Err(format!("{stories:#?}")) }
        });
    };
    let lines = |story: &Story, receiver: &str| -> Vec<usize> {
        story
            .iter()
            .filter(|((name, _), _)| name == receiver)
            .map(|(_, lines)| lines.len())
            .collect()
    };

    let silence = json!({
        "matchers": [{ "name": "host", "value": "silent", "isRegex": false }],
        "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z",
        "createdBy": "ada", "comment": "works",
    });
    for (status, body) in both.ask("POST", "/api/v2/silences", &silence.to_string()) {
        assert_eq!(status, 200, "{body}");
    }
    // All at once, so that each group begins whole.
    both.send(&json!([
        alert(&[("alertname", "Down"), ("host", "a"), ("severity", "page")], false),
        alert(&[("alertname", "Down"), ("host", "b"), ("severity", "page")], false),
        alert(&[("alertname", "Slow"), ("host", "a"), ("severity", "info")], false),
        alert(&[("alertname", "Slow"), ("host", "c"), ("severity", "info")], false),
        alert(&[("alertname", "Slow"), ("host", "silent"), ("severity", "info")], false),
        alert(&[("alertname", "X"), ("how", "each"), ("host", "a")], false),
        alert(&[("alertname", "X"), ("how", "each"), ("host", "b")], false),
        alert(&[("alertname", "Q"), ("how", "quiet")], false),
        alert(&[("alertname", "F"), ("how", "fired"), ("host", "a")], false),
        alert(&[("alertname", "F"), ("how", "fired"), ("host", "b")], false),
        alert(&[("alertname", "Over"), ("host", "a")], true),
    ]));
    told("every group is told of", &|story| {
        lines(story, "rest") == [1, 1]
            && lines(story, "each") == [1, 1]
            && lines(story, "fired") == [1]
            && lines(story, "again") == [1]
    });
    // One of two ends, and what it kept quiet is heard of.
    both.send(&json!([
        alert(&[("alertname", "Down"), ("host", "a"), ("severity", "page")], true),
        alert(&[("alertname", "X"), ("how", "each"), ("host", "a")], true),
        alert(&[("alertname", "F"), ("how", "fired"), ("host", "a")], true),
    ]));
    told("ends are told of", &|story| {
        let (mut rest, mut each) = (lines(story, "rest"), lines(story, "each"));
        rest.sort_unstable();
        each.sort_unstable();
        rest == [2, 2] && each == [1, 2] && lines(story, "again") == [2]
    });
    let [ours, theirs] = [&receivers[0], &receivers[1]].map(story);
    assert_eq!(ours, theirs);
    let repeats = |receiver: &WebhookReceiver| {
        let requests = receiver.requests();
        let again = requests.iter().filter(|request| request.json()["receiver"] == "again");
        again.count()
    };
    told("what is to be repeated is repeated", &|_| receivers.iter().all(|it| repeats(it) >= 4));
    both.ours.stop();
}
