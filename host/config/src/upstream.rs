//! Sections of Prometheus that no room serves yet. They are read and checked as if they were, so that
//! a mistake in them is told as one; then those that would lose samples or alerts are refused, and
//! those that change nothing here are warned of.

mod otlp;
mod remote;
mod tracing;

use std::collections::BTreeMap;

use narthex_client::{HTTP_KEYS, HttpConfig, is_reserved_header};
use narthex_settings::{Document, Node, SettingsError, Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::sections::is_empty;

/// `runtime`: Go's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runtime {
    #[serde(default, rename = "gogc")]
    _gogc: i64,
}

/// Checks all of them; an agent is one that sends what it scrapes and does nothing else.
pub(crate) fn check(
    document: &Document,
    is_agent: bool,
    warnings: &mut Vec<SettingsError>,
) -> Result<(), SettingsError> {
    if is_agent {
        refuse_beyond_agent(document)?;
    }
    let section = |key: &str| document.root().get(key).filter(|node| !is_empty(node));
    if let Some(node) = section("runtime") {
        document.read_node::<Runtime>(node, "runtime")?;
        warnings.push(document.error(node.at, "runtime", "means nothing here: nothing runs on Go"));
    }
    if let Some(node) = section("otlp") {
        let read: otlp::Otlp = document.read_node(node, "otlp")?;
        let global = document.root().get("global");
        let scheme = global.and_then(|global| global.get("metric_name_validation_scheme"));
        if scheme.and_then(Node::text) == Some("legacy") {
            read.check_old_names().map_err(|message| {
                document.error(node.at, "otlp.translation_strategy", &message)
            })?;
        }
        let message = "has no effect: OTLP is not received by this version";
        warnings.push(document.error(node.at, "otlp", message));
    }
    if let Some(node) = section("tracing") {
        document.read_node::<tracing::Tracing>(node, "tracing")?;
        let message = "has no effect: this version sends no traces";
        warnings.push(document.error(node.at, "tracing", message));
    }
    for (key, what, read) in [
        ("remote_write", "sending samples to other servers", remote::check_write as Check),
        ("remote_read", "reading samples from other servers", remote::check_read),
    ] {
        let Some(node) = section(key) else { continue };
        read(document, node, key)?;
        if is_agent {
            let message = "right for an agent, which this version cannot be";
            warnings.push(document.error(node.at, key, message));
            continue;
        }
        let message = format!("not supported by this version ({what}); remove the key");
        return Err(document.error(node.at, key, &message));
    }
    Ok(())
}

/// Refuses what an agent has no use for, as it neither stores nor evaluates.
fn refuse_beyond_agent(document: &Document) -> Result<(), SettingsError> {
    for key in ["alerting", "rule_files", "remote_read"] {
        let Some(node) = document.root().get(key) else { continue };
        let says_something = match &node.value {
            Value::Map(entries) => entries.iter().any(|entry| !is_empty(&entry.node)),
            Value::Null | Value::Scalar { .. } | Value::List(_) => !is_empty(node),
        };
        if says_something {
            let message = format!("field {key} is not allowed in agent mode");
            return Err(document.error(node.at, key, &message));
        }
    }
    Ok(())
}

type Check = fn(&Document, &Node, &str) -> Result<(), SettingsError>;

/// A mapping with the keys of `http_config` in it: its own keys, and those.
pub(crate) fn with_http<T: DeserializeOwned>(
    document: &Document,
    node: &Node,
    key: &str,
) -> Result<(T, HttpConfig), SettingsError> {
    let mut own = node.clone();
    let mut http = Node::empty(node.at);
    http.value = Value::Map(own.take_entries(|key| HTTP_KEYS.contains(&key)));
    Ok((document.read_node(&own, key)?, document.read_node(&http, key)?))
}

/// The keys of `http_config` by which a mapping authenticates.
pub(crate) fn http_auths(node: &Node) -> impl Iterator<Item = &'static str> {
    let keys = ["basic_auth", "authorization", "oauth2"];
    keys.into_iter().filter(|key| node.get(key).is_some())
}

/// Refuses headers that are not the operator's.
fn check_headers(headers: &BTreeMap<String, String>, authorization: &str) -> Result<(), String> {
    const OF_SIGNATURES: [&str; 3] = ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
    for name in headers.keys() {
        let lower = name.to_ascii_lowercase();
        if lower == "authorization" {
            return Err(authorization.to_owned());
        }
        if is_reserved_header(name)
            || lower.starts_with("x-prometheus-remote-")
            || OF_SIGNATURES.contains(&lower.as_str())
        {
            return Err(format!("{name} is a reserved header. It must not be changed"));
        }
    }
    Ok(())
}
