//! The list of targets as endpoints write it.
//!
//! ```json
//! [{ "targets": ["10.0.0.1:9100"], "labels": { "team": "web" } }]
//! ```

use std::collections::BTreeMap;

use narthex_sdk::{Error, Label, TargetGroup, http::Response};
use serde::Deserialize;

/// One group. Names in capitals are what Go programs write whose fields have no names for JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(default, alias = "Targets")]
    targets: Option<Vec<String>>,
    #[serde(default, alias = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

/// Reads an answer. Each group's source is the URL and the group's place in the list. Labels are shown to many, so neither
/// holds the user and the password of the URL.
pub(crate) fn groups(answer: &Response, url: &str) -> Result<Vec<TargetGroup>, Error> {
    check_content_type(answer.header("content-type").unwrap_or_default())?;
    let url = without_user(url);
    let list: Option<Vec<Option<Group>>> = answer.json()?;
    list.unwrap_or_default()
        .into_iter()
        .enumerate()
        .map(|(place, group)| {
            let group = group.ok_or_else(|| Error::protocol(format!("group {place} is null")))?;
            let mut labels = group.labels.unwrap_or_default();
            if labels.contains_key("") {
                return Err(Error::protocol(format!("group {place} has a label without name")));
            }
            labels.insert("__meta_url".into(), url.clone());
            Ok(TargetGroup {
                source: format!("{url}:{place}"),
                targets: group.targets.unwrap_or_default(),
                labels: labels.iter().map(|(name, value)| Label::new(name, value)).collect(),
            })
        })
        .collect()
}

/// A URL without user and password, and otherwise as it is written.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// JSON, in UTF-8 if a character set is named at all.
fn check_content_type(header: &str) -> Result<(), Error> {
    let header = header.trim().to_ascii_lowercase();
    let (kind, charset) = match header.split_once(';') {
        Some((kind, parameter)) => (kind, parameter.trim_start()),
        None => (header.as_str(), "charset=utf-8"),
    };
    if kind == "application/json" && matches!(charset, "charset=utf-8" | "charset=\"utf-8\"") {
        Ok(())
    } else {
        Err(Error::protocol(format!(
            "the content type is {header:?}; only application/json in utf-8 is read"
        )))
    }
}
