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
        // Of what is no success, 429 and 5xx are tried again, the former when the receiver says; the rest would be refused again.
        let answer = Request::post(&config.url)
            .json(&message)?
            .send()
            .map_err(|error| error.context("post the alerts"))?
            .expect_success()?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
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
    use narthex_sdk::testing::{FakeHost, alert, answer, group};

    use super::*;

    const CONFIG: &str = r#"{"url":"http://receiver/hook"}"#;

    fn down() -> AlertGroup {
        group(vec![alert(&[("alertname", "Down")], &[("summary", "db is down")])])
    }

    #[test]
    fn alerts_are_posted() {
        let host = FakeHost::new().http_status("http://receiver/hook", 200, "");
        let receipt = host.notify::<{{Type}}>(CONFIG, &down()).unwrap();
        assert_eq!(receipt.note, "status 200");
        let sent = String::from_utf8(host.requests()[0].body.clone()).unwrap();
        assert!(sent.contains(r#""alertname":"Down""#), "{sent}");
    }

    #[test]
    fn a_receiver_that_is_busy_is_asked_again() {
        let refused = |status| {
            let busy = answer(status, &[("retry-after", "7")], "");
            let host =
                FakeHost::new().http("http://receiver/hook", move |_| Ok(busy.clone()));
            host.notify::<{{Type}}>(CONFIG, &down()).unwrap_err()
        };
        assert!(refused(503).retryable && !refused(400).retryable);
        assert_eq!(refused(429).retry_after_ms, Some(7_000));
    }

    #[test]
    fn a_url_without_a_scheme_is_refused() {
        let refused = FakeHost::new().validate_notifier::<{{Type}}>(r#"{"url":"receiver/hook"}"#);
        assert!(refused.unwrap_err().message.starts_with("url: "));
    }
}
