//! Delivers alerts to Opsgenie: the `opsgenie_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: a POST that makes an alert, or one that
//! closes it; with `update_alerts` two PUTs more. What always holds: a group is one alert in Opsgenie, whose alias is the
//! hash of the group's key. Open `message.rs` for the JSON.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group, resolved};
//!
//! let host = FakeHost::new().http_status("https://api.opsgenie.com/v2/alerts", 202, "");
//! let config = r#"{"api_key":"key","message":"Down"}"#;
//! host.notify::<opsgenie::Opsgenie>(config, &group(vec![resolved(alert(&[], &[]))])).unwrap();
//! assert!(host.requests()[0].url.ends_with("/close?identifierType=alias"));
//! ```

mod message;

use std::collections::BTreeMap;

use narthex_sdk::{
    AlertGroup, AlertStatus, Error, Info, Notifier, Receipt, alertmanager, http::Request,
};
use serde::{Deserialize, Serialize};

use self::message::{Close, Create, Responder, UpdateDescription, UpdateMessage};

/// What a responder can be.
const TYPES: [&str; 5] = ["team", "teams", "user", "escalation", "schedule"];

/// The notifier.
pub struct Opsgenie;

/// An entry of `opsgenie_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    api_key: String,
    api_key_file: String,
    api_url: String,
    message: String,
    description: String,
    source: String,
    details: BTreeMap<String, String>,
    entity: String,
    responders: Vec<Responder>,
    actions: String,
    tags: String,
    note: String,
    priority: String,
    update_alerts: bool,
}

impl Config {
    /// A request that names the alert by its alias.
    fn request(&self, method: &str, path: &str, body: &impl Serialize) -> Result<Request, Error> {
        let slash = if self.api_url.ends_with('/') { "" } else { "/" };
        let url = format!("{}{slash}v2/alerts{path}", self.api_url);
        Ok(Request::new(method, &url)
            .header("content-type", "application/json")
            .header("authorization", &format!("GenieKey {}", self.api_key.trim()))
            .body(alertmanager::to_json(body)?))
    }

    fn requests(&self, group: &AlertGroup) -> Result<Vec<Request>, Error> {
        let alias = alertmanager::hashed(&group.group_key);
        let of_alias = |what: &str| format!("/{alias}/{what}?identifierType=alias");
        if group.status == AlertStatus::Resolved {
            let close = Close { source: &self.source };
            return Ok(vec![self.request("POST", &of_alias("close"), &close)?]);
        }
        let create = Create::new(&alias, self, group);
        let mut requests = vec![self.request("POST", "", &create)?];
        if self.update_alerts {
            let message = UpdateMessage { message: &create.message };
            requests.push(self.request("PUT", &of_alias("message"), &message)?);
            let description = UpdateDescription { description: create.description };
            requests.push(self.request("PUT", &of_alias("description"), &description)?);
        }
        Ok(requests)
    }
}

impl Notifier for Opsgenie {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "opsgenie",
            env!("CARGO_PKG_VERSION"),
            "Makes and closes alerts in Opsgenie, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        alertmanager::chosen("api_key", &config.api_key, "api_key_file", &config.api_key_file)?;
        alertmanager::url("api_url", &config.api_url)?;
        for (index, responder) in config.responders.iter().enumerate() {
            let refused = |why: &str| Error::key(&format!("responders[{index}]"), why);
            if [&responder.id, &responder.name, &responder.username].iter().all(|it| it.is_empty())
            {
                return Err(refused("must have an id, a name or a username"));
            }
            let (kind, is_made) = (&responder.r#type, responder.r#type.contains("{{"));
            if !is_made && !TYPES.contains(&kind.to_lowercase().as_str()) {
                return Err(refused(&format!("the type must be one of {}", TYPES.join(", "))));
            }
        }
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        for request in config.requests(group)? {
            alertmanager::deliver("Opsgenie", request, &[429])?;
        }
        Ok(Receipt { remote_id: None, note: String::new() })
    }
}

narthex_sdk::notifier!(Opsgenie);

#[cfg(test)]
mod tests;
