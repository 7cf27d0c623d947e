//! `remote_write` and `remote_read`.

use std::collections::{BTreeMap, BTreeSet};

use narthex_settings::{
    Document, DurationText, LabelSet, Node, RelabelRules, SettingsError, Value,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// One receiver.
#[derive(Debug, Deserialize)]
#[serde(try_from = "WriteKeys")]
struct Write {
    name: String,
    /// Ways to authenticate beside those of `http_config`.
    clouds: Vec<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WriteKeys {
    url: String,
    remote_timeout: Option<DurationText>,
    headers: BTreeMap<String, String>,
    write_relabel_configs: RelabelRules,
    name: String,
    send_exemplars: bool,
    send_native_histograms: bool,
    round_robin_dns: bool,
    failed_request_logging: bool,
    protobuf_message: Option<Message>,
    queue_config: Queue,
    metadata_config: Option<Metadata>,
    sigv4: Option<IgnoredAny>,
    azuread: Option<IgnoredAny>,
    google_iam: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Message;

impl TryFrom<String> for Message {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        const KNOWN: [&str; 2] = ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"];
        if KNOWN.contains(&name.as_str()) {
            return Ok(Self);
        }
        let known = KNOWN.join(", ");
        Err(format!(
            "invalid protobuf_message value: unknown type for remote write protobuf message \
             {name}, supported: {known}"
        ))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct QueueKeys {
    capacity: i64,
    max_shards: i64,
    min_shards: i64,
    max_samples_per_send: i64,
    batch_send_deadline: Option<DurationText>,
    min_backoff: Option<DurationText>,
    max_backoff: Option<DurationText>,
    retry_on_http_429: bool,
    sample_age_limit: Option<DurationText>,
}

impl Default for QueueKeys {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            max_shards: 50,
            min_shards: 1,
            max_samples_per_send: 2000,
            batch_send_deadline: None,
            min_backoff: None,
            max_backoff: None,
            retry_on_http_429: false,
            sample_age_limit: None,
        }
    }
}

/// `queue_config`; its keys fit together.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "QueueKeys")]
struct Queue;

impl TryFrom<QueueKeys> for Queue {
    type Error = String;

    fn try_from(keys: QueueKeys) -> Result<Self, String> {
        for (key, value) in [
            ("max_shards", keys.max_shards),
            ("min_shards", keys.min_shards),
            ("max_samples_per_send", keys.max_samples_per_send),
            ("capacity", keys.capacity),
        ] {
            if value <= 0 {
                return Err(format!("remote write queue {key} must be positive"));
            }
        }
        if keys.min_shards > keys.max_shards {
            return Err("remote write queue min_shards must not be greater than max_shards".into());
        }
        let milliseconds = |given: Option<DurationText>, default: u128| {
            given.map_or(default, |duration| duration.0.as_millis())
        };
        if milliseconds(keys.max_backoff, 5000) < milliseconds(keys.min_backoff, 30) {
            return Err("remote write queue max_backoff must not be less than min_backoff".into());
        }
        Ok(Self)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(rename = "send")]
    _send: Option<bool>,
    #[serde(rename = "send_interval")]
    _interval: Option<DurationText>,
    #[serde(rename = "max_samples_per_send")]
    _samples: Option<i64>,
}

impl TryFrom<WriteKeys> for Write {
    type Error = String;

    fn try_from(keys: WriteKeys) -> Result<Self, String> {
        if keys.url.is_empty() {
            return Err("url for remote_write is empty".to_owned());
        }
        super::check_headers(&keys.headers, OF_OTHER_KEYS)?;
        let clouds = [
            ("sigv4", keys.sigv4.is_some()),
            ("azuread", keys.azuread.is_some()),
            ("google_iam", keys.google_iam.is_some()),
        ];
        let clouds = clouds.into_iter().filter_map(|(key, is_set)| is_set.then_some(key));
        Ok(Self { name: keys.name, clouds: clouds.collect() })
    }
}

const OF_OTHER_KEYS: &str = "authorization header must be changed via the basic_auth, \
                             authorization, oauth2, sigv4, azuread or google_iam parameter";

/// One source.
#[derive(Debug, Deserialize)]
#[serde(try_from = "ReadKeys")]
struct Read {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReadKeys {
    url: String,
    remote_timeout: Option<DurationText>,
    chunked_read_limit: u64,
    headers: BTreeMap<String, String>,
    read_recent: bool,
    name: String,
    required_matchers: LabelSet,
    filter_external_labels: Option<bool>,
}

impl TryFrom<ReadKeys> for Read {
    type Error = String;

    fn try_from(keys: ReadKeys) -> Result<Self, String> {
        if keys.url.is_empty() {
            return Err("url for remote_read is empty".to_owned());
        }
        super::check_headers(&keys.headers, OF_OTHER_KEYS)?;
        Ok(Self { name: keys.name })
    }
}

pub(super) fn check_write(
    document: &Document,
    node: &Node,
    key: &str,
) -> Result<(), SettingsError> {
    each(document, node, key, "write", |item, key| {
        let (Write { name, clouds }, _) = super::with_http::<Write>(document, item, key)?;
        let ways: Vec<&str> = super::http_auths(item).chain(clouds).collect();
        if ways.len() > 1 {
            let message = format!(
                "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam \
                 must be configured. Currently configured: {}",
                ways.join(" ")
            );
            return Err(document.error(item.at, key, &message));
        }
        Ok(name)
    })
}

pub(super) fn check_read(document: &Document, node: &Node, key: &str) -> Result<(), SettingsError> {
    each(document, node, key, "read", |item, key| {
        super::with_http::<Read>(document, item, key).map(|(read, _)| read.name)
    })
}

/// Checks each item of a list; no two may have the same name.
fn each(
    document: &Document,
    node: &Node,
    key: &str,
    what: &str,
    check: impl Fn(&Node, &str) -> Result<String, SettingsError>,
) -> Result<(), SettingsError> {
    let Some(items) = node.items() else {
        return Err(document.error(node.at, key, "expected a list"));
    };
    let mut names = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let key = format!("{key}[{index}]");
        if matches!(item.value, Value::Null) {
            let message = format!("empty or null remote {what} config section");
            return Err(document.error(item.at, &key, &message));
        }
        let name = check(item, &key)?;
        if !name.is_empty() && !names.insert(name.clone()) {
            let message = format!("found multiple remote {what} configs with job name {name:?}");
            return Err(document.error(item.at, &key, &message));
        }
    }
    Ok(())
}
