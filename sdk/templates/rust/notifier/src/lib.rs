//! Posts alerts to a URL, as JSON.

use narthex_sdk::{
    AlertGroup, AlertStatus, Error, Info, Json, Label, Notifier, Receipt, http::Request, json::json,
};
use serde::Deserialize;

/// The notifier.
pub struct {{Type}};

/// One entry of `{{name}}_configs` of a receiver.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    url: String,
}

impl Notifier for {{Type}} {
    type Config = Config;

    fn describe() -> Info {
        Info::new("{{name}}", env!("CARGO_PKG_VERSION"), "Posts alerts as JSON.").schema(
            r#"{
                "type": "object",
                "additionalProperties": false,
                "required": ["url"],
                "properties": {
                    "url": { "type": "string", "x-secret": true, "description": "Where alerts are posted." }
                }
            }"#,
        )
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if config.url.starts_with("http://") || config.url.starts_with("https://") {
            Ok(Vec::new())
        } else {
            Err(Error::config("url: must begin with http:// or https://").detail("key", "url"))
        }
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let alerts: Vec<Json> = group
            .alerts
            .iter()
            .map(|alert| {
                json!({
                    "status": word(alert.status),
                    "labels": pairs(&alert.labels),
                    "annotations": pairs(&alert.annotations),
                })
            })
            .collect();
        let message = json!({
            "status": word(group.status),
            "receiver": group.receiver,
            "alerts": alerts,
        });
        let answer = Request::post(&config.url)
            .json(&message)?
            .send()
            .map_err(|error| error.context("post the alerts"))?;
        if answer.is_success() {
            return Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) });
        }
        // What the other side may take later is tried again; the rest would be refused again.
        let retryable = answer.status == 429 || answer.status >= 500;
        let message = format!("the receiver answered with status {}", answer.status);
        Err(Error::protocol(message).retryable(retryable))
    }
}

narthex_sdk::notifier!({{Type}});

fn word(status: AlertStatus) -> &'static str {
    match status {
        AlertStatus::Firing => "firing",
        AlertStatus::Resolved => "resolved",
    }
}

fn pairs(labels: &[Label]) -> Json {
    labels.iter().map(|label| (label.name.clone(), label.value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use narthex_sdk::{Alert, testing::FakeHost};

    use super::*;

    const CONFIG: &str = r#"{"url":"http://receiver/hook"}"#;

    fn group() -> AlertGroup {
        AlertGroup {
            group_key: "{}:{}".into(),
            receiver: "team".into(),
            status: AlertStatus::Firing,
            group_labels: vec![],
            common_labels: vec![],
            common_annotations: vec![],
            alerts: vec![Alert {
                status: AlertStatus::Firing,
                fingerprint: "00000000000000aa".into(),
                labels: vec![Label::new("alertname", "DiskFull")],
                annotations: vec![],
                starts_at_ms: 1_767_225_600_000,
                ends_at_ms: None,
                generator_url: String::new(),
                value: None,
            }],
            truncated_alerts: 0,
            external_url: "http://narthex.example".into(),
            attempt: 1,
            idempotency_key: "1".into(),
        }
    }

    #[test]
    fn alerts_are_posted() {
        let host = FakeHost::new().http_status("http://receiver/hook", 200, "");
        let receipt = host.notify::<{{Type}}>(CONFIG, &group()).unwrap();
        assert_eq!(receipt.note, "status 200");
        let sent = String::from_utf8(host.requests()[0].body.clone()).unwrap();
        assert!(sent.contains(r#""alertname":"DiskFull""#), "{sent}");
    }

    #[test]
    fn a_receiver_that_is_busy_is_asked_again() {
        let retryable = |status| {
            let host = FakeHost::new().http_status("http://receiver/hook", status, "");
            host.notify::<{{Type}}>(CONFIG, &group()).unwrap_err().retryable
        };
        assert!(retryable(503) && retryable(429) && !retryable(400));
    }
}
