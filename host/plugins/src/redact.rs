//! Hides the secrets of a configuration in what a plugin says.
//!
//! Invariant: every text of a guest that leaves this room (errors, warnings, log lines) goes
//! through the [`Redactor`] of its call.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::imports::http::OwnClient;
use crate::rights::SecretRules;
use crate::schema::{SECRET, Schema};
use crate::secrets::{UrlText, in_json, is_told_apart, percent_decoded};

/// Keys that hold secrets in what plugins are told, where no schema says so: of discovery, exporters
/// and receivers.
pub const SECRET_KEYS: [&str; 22] = [
    "password",
    "secret",
    "token",
    "key",
    "api_key",
    "secret_key",
    "client_secret",
    "auth_password",
    "auth_secret",
    "smtp_auth_password",
    "smtp_auth_secret",
    "routing_key",
    "service_key",
    "user_key",
    "bot_token",
    "app_token",
    "api_secret",
    "dsn",
    "api_url",
    "webhook_url",
    "slack_api_url",
    "opsgenie_api_key",
];

/// The secrets of one configuration. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    /// What stands in the configuration; the longest first.
    written: Arc<[String]>,
    /// Knows the secrets of requests, which a server may send back.
    own: Option<Arc<OwnClient>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.written.len())
    }
}

impl Redactor {
    /// The secrets by the schema, by the operator's word and by their usual names, and the passwords in URLs.
    pub(crate) fn of(schema: &Schema, named: &SecretRules, config: &Value) -> Self {
        let mut secrets = Vec::new();
        let is_secret = |keys: &[&str]| {
            let by_name = || keys.last().is_some_and(|key| SECRET_KEYS.contains(key));
            named.name(keys) || schema.is_secret(keys).unwrap_or_else(by_name)
        };
        secrets_in(config, &is_secret, &mut Vec::new(), &mut secrets);
        Self { written: in_all_forms(secrets).into(), own: None }
    }

    /// The same with the secrets of a client, as they are when something is to be hidden.
    pub(crate) fn with(self, own: Option<Arc<OwnClient>>) -> Self {
        Self { own, ..self }
    }

    /// A text without the secrets.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hidden = Cow::Borrowed(text);
        let own = self.own.as_ref().map(|own| in_all_forms(own.known_secrets()));
        let own = own.unwrap_or_default();
        for secret in own.iter().chain(&*self.written).filter(|s| text.contains(s.as_str())) {
            hidden = Cow::Owned(hidden.replace(secret.as_str(), SECRET));
        }
        match crate::secrets::without_placeholders(&hidden) {
            Cow::Borrowed(_) => hidden,
            Cow::Owned(text) => Cow::Owned(text),
        }
    }

    /// Bytes without the secrets, whatever else is in them.
    pub(crate) fn hide_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return match self.hide(text) {
                Cow::Borrowed(_) => Cow::Borrowed(bytes),
                Cow::Owned(hidden) => Cow::Owned(hidden.into_bytes()),
            };
        }
        let own = self.own.as_ref().map(|own| in_all_forms(own.known_secrets()));
        let own = own.unwrap_or_default();
        let mut hidden = Cow::Borrowed(bytes);
        for secret in own.iter().chain(&*self.written) {
            hidden = crate::secrets::replaced(hidden, secret.as_bytes(), SECRET.as_bytes());
        }
        hidden
    }
}

/// The values at keys that are secret, the user information in them, and the passwords of other URLs.
fn secrets_in<'v>(
    value: &'v Value,
    is_secret: &dyn Fn(&[&str]) -> bool,
    keys: &mut Vec<&'v str>,
    found: &mut Vec<String>,
) {
    match value {
        Value::String(text) => {
            let is_secret = is_secret(keys);
            found.extend(is_secret.then(|| text.clone()));
            let user = UrlText::of(text).and_then(|url| url.user).unwrap_or_default();
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            for part in [password].into_iter().chain(is_secret.then_some(name)) {
                found.extend([part.to_owned(), percent_decoded(part)]);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| secrets_in(item, is_secret, keys, found));
        }
        Value::Object(map) => {
            for (key, value) in map {
                keys.push(key);
                secrets_in(value, is_secret, keys, found);
                keys.pop();
            }
        }
        Value::Number(_) if is_secret(keys) => found.push(value.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Secrets as they may stand in a text. The longest first: one may be a part of another.
fn in_all_forms(mut secrets: Vec<String>) -> Vec<String> {
    secrets.retain(|secret| is_told_apart(secret));
    // In a URL it is written otherwise, and between quotes.
    let forms = secrets.iter().flat_map(|secret| [form_encoded(secret), in_json(secret)]);
    let mut all: Vec<String> = forms.collect();
    all.append(&mut secrets);
    all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    all.dedup();
    all
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_are_told() {
        let schema = json!({ "properties": {
            "token": { "x-secret": true }, "short": { "x-secret": true }, "key": { "x-secret": false },
            "hook": { "x-secret": true }, "pin": { "x-secret": true },
        } });
        let schema = Schema::parse(&schema.to_string()).unwrap();
        let config = json!({
            "token": "pass/word", "short": "abc", "key": "plain", "api_key": "unsaid", "url": "http://me:pass/x@h", "list": ["http://u:hidden@h/"],
            "hook": "https://app%2D7:s%40lt@hooks/x", "pin": 271_828, "secret": "a\"quote",
        });
        let redactor = Redactor::of(&schema, &SecretRules::default(), &config);
        for (text, expected) in [
            ("401 with pass/word", "401 with <secret>"),
            ("GET http://h/?token=pass%2Fword", "GET http://h/?token=<secret>"),
            ("abc", "abc"),
            ("plain and unsaid", "plain and <secret>"),
            ("http://u:hidden@h/ failed", "http://u:<secret>@h/ failed"),
            ("user app-7 (app%2D7) with s@lt", "user <secret> (<secret>) with <secret>"),
            (r#"271828 and "a\"quote""#, r#"<secret> and "<secret>""#),
            ("http://me@h is no secret", "http://me@h is no secret"),
            ("nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(redactor.hide(text), expected);
        }
    }

    #[test]
    fn a_secret_that_stands_in_its_own_place_ends() {
        let config = json!({ "password": "secret" });
        let redactor = Redactor::of(&Schema::default(), &SecretRules::default(), &config);
        assert_eq!(&*redactor.hide_bytes(b"\xffsecret\xfe"), b"\xff<secret>\xfe");
    }
}
