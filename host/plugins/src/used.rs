//! What a call may connect to because the configuration says so.
//!
//! Invariant: a host is one that the operator wrote, that a profile found, or of those few that a plugin's
//! name stands for. A schema alone, by a default or a template, opens none: whoever writes the plugin
//! would choose where the operator's credentials go.

use serde_json::Value;

use crate::grant::{Endpoint, Endpoints, Host, socket_path};
use crate::schema::{Notes, Profile};

/// Servers that an item need not name, by plugin and key: the defaults of Prometheus and Alertmanager.
const DEFAULT_SERVERS: [(&str, &str, &str); 11] = [
    ("consul", "server", "localhost:8500"),
    ("nomad", "server", "http://localhost:4646"),
    ("opsgenie", "api_url", "https://api.opsgenie.com/"),
    ("pagerduty", "url", "https://events.pagerduty.com/v2/enqueue"),
    ("pagerduty", "url_v1", "https://events.pagerduty.com/generic/2010-04-15/create_event.json"),
    ("pushover", "api_url", "https://api.pushover.net/1/messages.json"),
    ("rocketchat", "api_url", "https://open.rocket.chat/"),
    ("slack", "app_url", "https://slack.com/api/chat.postMessage"),
    ("telegram", "api_url", "https://api.telegram.org"),
    ("victorops", "api_url", "https://alert.victorops.com/integrations/generic/20131114/alert/"),
    ("webex", "api_url", "https://webexapis.com/v1/messages"),
];

/// The domains of AWS, in its partitions.
const AWS_DOMAINS: [&str; 7] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".csp.hci.ic.gov",
    ".cloud.adc-e.uk",
];

/// What follows from `config`, of which the operator wrote `written`.
pub(crate) fn endpoints(
    plugin: &str,
    notes: &Notes,
    mut written: Value,
    config: &Value,
) -> Endpoints {
    let default_of = |key: &str| {
        let known = DEFAULT_SERVERS.iter().find(|(of, own, _)| *of == plugin && *own == key);
        known.map(|(.., server)| *server)
    };
    if let (Value::Object(keys), Value::Object(all)) = (&mut written, config) {
        for (key, value) in all {
            let is_absent = keys.get(key).is_none_or(Value::is_null);
            let is_found = notes.profile == Some(Profile::Kubernetes) && key == "api_server";
            if is_found || is_absent && value.as_str().is_some_and(|v| default_of(key) == Some(v)) {
                keys.insert(key.clone(), value.clone());
            }
        }
    }
    let mut endpoints = Endpoints::in_texts_of(&written);
    let told = notes.endpoints.iter().filter_map(|template| template.expand(config));
    let told: Vec<Endpoint> = told
        .filter_map(|told| Endpoint::parse(told.trim()))
        .filter(|told| match &told.host {
            Host::Socket(path) => names_socket(&written, path),
            Host::Name(name) if is_of_aws(notes, name) => true,
            host @ (Host::Name(_) | Host::Address(_)) => endpoints.name(host),
        })
        .collect();
    endpoints.extend(told);
    endpoints
}

fn is_of_aws(notes: &Notes, name: &str) -> bool {
    match notes.profile {
        Some(Profile::Aws { .. }) => AWS_DOMAINS.iter().any(|domain| name.ends_with(domain)),
        Some(Profile::Kubernetes) | None => false,
    }
}

/// Whether a key at the top is the path of this socket, with or without a scheme.
fn names_socket(written: &Value, path: &str) -> bool {
    let mut texts = written.as_object().into_iter().flat_map(|keys| keys.values());
    texts.any(|value| {
        value
            .as_str()
            .is_some_and(|text| text == path || socket_path(text).as_deref() == Some(path))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    #[track_caller]
    fn check(plugin: &str, schema: &Value, written: &Value, expected: &[&str]) {
        let schema = Schema::parse(&schema.to_string()).unwrap();
        let mut config = written.clone();
        schema.fill(&mut config, "".into());
        let found = endpoints(plugin, &schema.notes, written.clone(), &config);
        assert_eq!(found.shown(), expected, "{written}");
    }

    #[test]
    fn what_the_operator_wrote_may_be_reached_by_the_schema_s_templates() {
        let schema = json!({
            "x-endpoints": ["{scheme}://{server}", "https://{server}:9", "unix:{socket}"],
            "properties": { "scheme": { "default": "https" } },
        });
        let written = json!({ "server": "db.example", "socket": "/run/x.sock" });
        let told = [
            "db.example None",
            "db.example Some(443)",
            "db.example Some(9)",
            "unix:///run/x.sock None",
        ];
        check("foo", &schema, &written, &told);
        check(
            "foo",
            &schema,
            &json!({ "socket": "unix:///run/x.sock" }),
            &["unix:///run/x.sock None"],
        );
    }

    #[test]
    fn a_schema_alone_opens_nothing() {
        let schema = json!({
            "x-endpoints": [
                "http://127.0.0.1:9090", "https://{server}.evil.example", "http://{server}@evil.example",
                "{scheme}:{rest}", "{server}", "unix:/run/docker.sock",
            ],
            "properties": {
                "server": { "default": "localhost:2375" }, "other": { "default": "http://evil.example" },
                "rest": { "default": "//evil.example" },
            },
        });
        check("foo", &schema, &json!({}), &[]);
        check("foo", &schema, &json!({ "server": null }), &[]);
        check("foo", &schema, &json!({ "scheme": "http" }), &["http None"]);
        check("foo", &schema, &json!({ "server": "own" }), &["own None"]);
    }

    #[test]
    fn a_known_name_stands_for_its_usual_server_and_no_other() {
        let schema = json!({
            "x-endpoints": ["http://{server}"],
            "properties": { "server": { "default": "localhost:8500" } },
        });
        check("consul", &schema, &json!({}), &["localhost Some(8500)"]);
        check("foo", &schema, &json!({}), &[]);
        let other = json!({ "properties": { "server": { "default": "localhost:2375" } } });
        check("consul", &other, &json!({}), &[]);
    }

    #[test]
    fn one_server_may_have_two_addresses() {
        let url_v1 = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
        let schema = json!({ "properties": {
            "url": { "default": "https://events.pagerduty.com/v2/enqueue" },
            "url_v1": { "default": url_v1 },
        } });
        let written = json!({ "url": "https://own.example/v2" });
        let told = ["events.pagerduty.com Some(443)", "own.example Some(443)"];
        check("pagerduty", &schema, &written, &told);
    }

    #[test]
    fn the_profile_aws_opens_its_own_domains() {
        let templates =
            json!(["https://ec2.{region}.amazonaws.com", "https://ec2.{region}.evil.example"]);
        let schema =
            json!({ "x-profile": "aws", "x-aws-service": "ec2", "x-endpoints": templates });
        let written = json!({ "region": "eu-1" });
        check("ec2", &schema, &written, &["ec2.eu-1.amazonaws.com Some(443)", "eu-1 None"]);
        let schema = json!({ "x-endpoints": templates });
        check("ec2", &schema, &written, &["eu-1 None"]);
    }
}
