//! Delivers alerts to VictorOps (Splunk On-Call): the `victorops_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST to the REST endpoint of the
//! team. What always holds: a group is one incident, whose id is the hash of the group's key.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://alert.victorops.com/", 200, "");
//! let config = r#"{"api_key":"key","routing_key":"team","state_message":"db is down"}"#;
//! host.notify::<victorops::VictorOps>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].url.ends_with("/alert/key/team"));
//! ```

use std::collections::BTreeMap;

use narthex_sdk::{
    AlertGroup, AlertStatus, Error, Info, Notifier, Receipt, alertmanager, http::encode,
};
use serde::Deserialize;

/// What VictorOps accepts, in characters.
const MESSAGE_CHARS_MAX: usize = 20_480;

/// What a firing alert may be called, and what it is called otherwise.
const FIRING_TYPES: [&str; 3] = ["INFO", "WARNING", "CRITICAL"];
const FIRING: &str = "CRITICAL";
const RESOLVED: &str = "RECOVERY";

/// Fields that are no one's own.
const RESERVED: [&str; 7] = [
    "routing_key",
    "message_type",
    "state_message",
    "entity_display_name",
    "monitoring_tool",
    "entity_id",
    "entity_state",
];

/// The notifier.
pub struct VictorOps;

/// An entry of `victorops_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    api_key: String,
    api_key_file: String,
    api_url: String,
    routing_key: String,
    message_type: String,
    state_message: String,
    entity_display_name: String,
    monitoring_tool: String,
    custom_fields: BTreeMap<String, String>,
}

impl Config {
    fn url(&self) -> String {
        let routing: Vec<String> = self.routing_key.split('/').map(encode).collect();
        let base = self.api_url.trim_end_matches('/');
        format!("{base}/{}/{}", self.api_key.trim(), routing.join("/"))
    }

    /// By name, as Alertmanager sorts them.
    fn message(&self, group: &AlertGroup) -> BTreeMap<&str, String> {
        let kind = match group.status {
            AlertStatus::Resolved => RESOLVED,
            AlertStatus::Firing if FIRING_TYPES.contains(&self.message_type.as_str()) => {
                &self.message_type
            }
            AlertStatus::Firing => FIRING,
        };
        let mut message = BTreeMap::from([
            ("message_type", kind.to_owned()),
            ("entity_id", alertmanager::hashed(&group.group_key)),
            ("entity_display_name", self.entity_display_name.clone()),
            ("state_message", alertmanager::cut(&self.state_message, MESSAGE_CHARS_MAX)),
            ("monitoring_tool", self.monitoring_tool.clone()),
        ]);
        let own = self.custom_fields.iter().map(|(name, value)| (name.as_str(), value.clone()));
        message.extend(own);
        message
    }
}

impl Notifier for VictorOps {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "victorops",
            env!("CARGO_PKG_VERSION"),
            "Makes and ends incidents in VictorOps, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        alertmanager::chosen("api_key", &config.api_key, "api_key_file", &config.api_key_file)?;
        alertmanager::url("api_url", &config.api_url)?;
        if config.routing_key.is_empty() {
            return Err(Error::key("routing_key", "missing"));
        }
        match RESERVED.iter().find(|name| config.custom_fields.contains_key(**name)) {
            Some(name) => {
                let key = format!("custom_fields.{name}");
                Err(Error::key(&key, "is a field of its own; give it another name"))
            }
            None => Ok(Vec::new()),
        }
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let body = alertmanager::to_json(&config.message(group))?;
        let request = alertmanager::post(&config.url(), body);
        let answer = alertmanager::deliver("VictorOps", request, &[])?;
        let id = alertmanager::hashed(&group.group_key);
        Ok(Receipt { remote_id: Some(id), note: format!("status {}", answer.status) })
    }
}

narthex_sdk::notifier!(VictorOps);

#[cfg(test)]
mod tests;
