//! The file's shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use narthex_settings::DurationText;
use narthex_template::Library;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Config, ConfigError, Integration, Receiver};
use crate::inhibit::{InhibitRule, joined};
use crate::intervals::TimeInterval;
use crate::matchers::MatcherList;
use crate::route::{GroupBy, Route, Routes, level_key};

/// Alertmanager's default.
pub(super) const RESOLVE_TIMEOUT: Duration = Duration::from_secs(300);
const GROUP_WAIT: Duration = Duration::from_secs(30);
const GROUP_INTERVAL: Duration = Duration::from_secs(5 * 60);
const REPEAT_INTERVAL: Duration = Duration::from_secs(4 * 3600);
/// Levels of the routing tree.
const DEPTH_MAX: usize = 64;
/// Notifiers that Alertmanager does not tell of resolved alerts by default.
const QUIET_WHEN_RESOLVED: [&str; 4] = ["email", "rocketchat", "slack", "wechat"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    #[serde(default)]
    global: RawGlobal,
    route: RawRoute,
    #[serde(default)]
    receivers: Vec<RawReceiver>,
    #[serde(default)]
    inhibit_rules: Vec<InhibitRule>,
    /// Patterns of files.
    #[serde(default)]
    templates: Vec<String>,
    #[serde(default)]
    time_intervals: Vec<RawTimeInterval>,
    /// What `time_intervals` was called before.
    #[serde(default)]
    mute_time_intervals: Vec<RawTimeInterval>,
    #[serde(default)]
    event_recorder: Option<Value>,
    #[serde(default)]
    tracing: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTimeInterval {
    name: String,
    #[serde(default)]
    time_intervals: Vec<TimeInterval>,
}

/// A timer of alerting, and what notifiers find where an entry of a receiver does not say it.
#[derive(Default, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
struct RawGlobal {
    resolve_timeout: Option<Duration>,
    rest: Map<String, Value>,
}

/// The keys of `global` in Alertmanager, whether their notifiers are there or not.
const GLOBALS: [&str; 41] = [
    "http_config",
    "jira_api_url",
    "mattermost_webhook_url",
    "mattermost_webhook_url_file",
    "opsgenie_api_key",
    "opsgenie_api_key_file",
    "opsgenie_api_url",
    "pagerduty_url",
    "rocketchat_api_url",
    "rocketchat_token",
    "rocketchat_token_file",
    "rocketchat_token_id",
    "rocketchat_token_id_file",
    "slack_api_url",
    "slack_api_url_file",
    "slack_app_token",
    "slack_app_token_file",
    "slack_app_url",
    "smtp_auth_identity",
    "smtp_auth_password",
    "smtp_auth_password_file",
    "smtp_auth_secret",
    "smtp_auth_secret_file",
    "smtp_auth_username",
    "smtp_force_implicit_tls",
    "smtp_from",
    "smtp_hello",
    "smtp_require_tls",
    "smtp_smarthost",
    "smtp_tls_config",
    "telegram_api_url",
    "telegram_bot_token",
    "telegram_bot_token_file",
    "victorops_api_key",
    "victorops_api_key_file",
    "victorops_api_url",
    "webex_api_url",
    "wechat_api_corp_id",
    "wechat_api_secret",
    "wechat_api_secret_file",
    "wechat_api_url",
];

/// The notifiers whose keys they are.
const OWNERS: [&str; 11] = [
    "email",
    "jira",
    "mattermost",
    "opsgenie",
    "pagerduty",
    "rocketchat",
    "slack",
    "telegram",
    "victorops",
    "webex",
    "wechat",
];

impl TryFrom<Map<String, Value>> for RawGlobal {
    type Error = ConfigError;

    fn try_from(mut map: Map<String, Value>) -> Result<Self, ConfigError> {
        let invalid =
            |key: &str, message: String| ConfigError::Invalid { key: key.into(), message };
        let duration = |value: Value| {
            let key = "resolve_timeout";
            let text = value.as_str().ok_or_else(|| invalid(key, "expected a duration".into()))?;
            narthex_model::parse_duration(text).map_err(|error| invalid(key, error.to_string()))
        };
        let resolve_timeout = map.remove("resolve_timeout").map(duration).transpose()?;
        Ok(Self { resolve_timeout, rest: map })
    }
}

/// Refuses keys of `global` that nobody reads: those of a notifier that is not Alertmanager's begin with
/// its name.
fn check_globals(globals: &Map<String, Value>, receivers: &[Receiver]) -> Result<(), ConfigError> {
    let used = receivers.iter().flat_map(|receiver| &receiver.integrations);
    let own = used.map(|it| it.plugin.as_str()).filter(|plugin| !OWNERS.contains(plugin));
    let own: BTreeSet<String> = own.map(|plugin| format!("{plugin}_")).collect();
    let is_known =
        |key: &str| GLOBALS.contains(&key) || own.iter().any(|own| key.starts_with(own.as_str()));
    match globals.keys().find(|key| !is_known(key)) {
        None => Ok(()),
        Some(key) => Err(ConfigError::Invalid {
            key: key.clone(),
            message:
                "unknown key; beside Alertmanager's, those of a receiver's own notifier foo are \
                      known, which begin with foo_"
                    .to_owned(),
        }),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    receiver: Option<String>,
    group_by: Option<Vec<String>>,
    #[serde(default)]
    r#match: BTreeMap<String, String>,
    #[serde(default)]
    match_re: BTreeMap<String, String>,
    #[serde(default)]
    matchers: MatcherList,
    #[serde(default)]
    r#continue: bool,
    group_wait: Option<DurationText>,
    group_interval: Option<DurationText>,
    repeat_interval: Option<DurationText>,
    #[serde(default)]
    mute_time_intervals: Vec<String>,
    #[serde(default)]
    active_time_intervals: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    routes: Vec<RawRoute>,
}

/// A name, labels, and any number of `<plugin>_configs` lists.
#[derive(Deserialize)]
#[serde(try_from = "BTreeMap<String, Value>")]
struct RawReceiver(Receiver);

impl TryFrom<BTreeMap<String, Value>> for RawReceiver {
    type Error = ConfigError;

    fn try_from(mut map: BTreeMap<String, Value>) -> Result<Self, ConfigError> {
        let name = match map.remove("name") {
            Some(Value::String(name)) if !name.is_empty() => name,
            Some(Value::Number(number)) => number.to_string(),
            _ => {
                let message = "a receiver has a name, a text".to_owned();
                return Err(ConfigError::Invalid { key: "name".to_owned(), message });
            }
        };
        let labels = receiver_labels(&name, map.remove("labels"))?;
        let mut integrations = Vec::new();
        for (key, value) in map {
            let plugin = key.strip_suffix("_configs").filter(|plugin| !plugin.is_empty());
            let Some(plugin) = plugin else {
                let message = format!(
                    "unknown key in receiver {name:?}; notifiers are listed under <notifier>_configs"
                );
                return Err(ConfigError::Invalid { key, message });
            };
            let entries = match value {
                Value::Array(entries) => entries,
                Value::Null => Vec::new(),
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    let message = "expected a list of configurations".to_owned();
                    return Err(ConfigError::Invalid { key, message });
                }
            };
            for (index, entry) in entries.into_iter().enumerate() {
                integrations.push(integration(plugin, index, entry)?);
            }
        }
        Ok(Self(Receiver { name, labels, integrations }))
    }
}

/// Its name is one of them.
fn receiver_labels(
    name: &str,
    given: Option<Value>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let invalid = |message| ConfigError::Invalid { key: "labels".to_owned(), message };
    let mut labels: BTreeMap<String, String> = match given {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(labels) => serde_json::from_value(labels)
            .map_err(|error| invalid(format!("labels of receiver {name:?}: {error}")))?,
    };
    match labels.insert("name".to_owned(), name.to_owned()) {
        Some(other) if other != name => Err(invalid(format!(
            "the label \"name\" of receiver {name:?} is its name, not {other:?}"
        ))),
        Some(_) | None => Ok(labels),
    }
}

fn integration(plugin: &str, index: usize, entry: Value) -> Result<Integration, ConfigError> {
    let invalid = |key: &str, message: &str| ConfigError::Invalid {
        key: format!("{plugin}_configs[{index}]{key}"),
        message: message.to_owned(),
    };
    let mut fields = match entry {
        Value::Object(fields) => fields,
        Value::Null => serde_json::Map::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(invalid("", "expected a mapping"));
        }
    };
    let send_resolved = match fields.remove("send_resolved") {
        None | Some(Value::Null) => !QUIET_WHEN_RESOLVED.contains(&plugin),
        Some(Value::Bool(wanted)) => wanted,
        Some(_) => return Err(invalid(".send_resolved", "expected true or false")),
    };
    let config = Value::Object(fields);
    Ok(Integration { send_resolved, index, ..Integration::new(plugin, config) })
}

impl TryFrom<RawConfig> for Config {
    type Error = ConfigError;

    fn try_from(raw: RawConfig) -> Result<Self, ConfigError> {
        refuse("event_recorder", raw.event_recorder.is_some())?;
        refuse("tracing", raw.tracing.is_some())?;
        let mut receivers: Vec<Receiver> =
            raw.receivers.into_iter().map(|receiver| receiver.0).collect();
        check_globals(&raw.global.rest, &receivers)?;
        let globals = Arc::new(raw.global.rest);
        for integration in receivers.iter_mut().flat_map(|receiver| &mut receiver.integrations) {
            integration.globals = Arc::clone(&globals);
        }
        let mut names = BTreeSet::new();
        for (index, receiver) in receivers.iter().enumerate() {
            if !names.insert(receiver.name.as_str()) {
                let message = format!("the name {:?} is not unique", receiver.name);
                return Err(ConfigError::Invalid { key: format!("receivers[{index}]"), message });
            }
        }
        let intervals = intervals(raw.time_intervals, raw.mute_time_intervals)?;
        let routes = flatten(raw.route, &names, &intervals)?;
        let resolve_timeout = raw.global.resolve_timeout.unwrap_or(RESOLVE_TIMEOUT);
        Ok(Self {
            resolve_timeout,
            routes,
            receivers,
            inhibit_rules: raw.inhibit_rules,
            intervals,
            template_patterns: raw.templates,
            library: Library::default(),
        })
    }
}

/// Intervals by name, from the new key and the old one.
fn intervals(
    new: Vec<RawTimeInterval>,
    old: Vec<RawTimeInterval>,
) -> Result<BTreeMap<String, Vec<TimeInterval>>, ConfigError> {
    let mut intervals = BTreeMap::new();
    for (key, list) in [("time_intervals", new), ("mute_time_intervals", old)] {
        for (index, RawTimeInterval { name, time_intervals }) in list.into_iter().enumerate() {
            let invalid = |message| {
                let key = format!("{key}[{index}].name");
                Err(ConfigError::Invalid { key, message })
            };
            if name.is_empty() {
                return invalid("a time interval has a name".to_owned());
            }
            if intervals.contains_key(&name) {
                return invalid(format!("the name {name:?} is not unique"));
            }
            intervals.insert(name, time_intervals);
        }
    }
    Ok(intervals)
}

fn refuse(key: &str, is_there: bool) -> Result<(), ConfigError> {
    if is_there { Err(ConfigError::NotSupported { key: key.to_owned() }) } else { Ok(()) }
}

/// The tree of a configuration that names no routes.
pub(super) fn root_only(receiver: &str) -> Routes {
    Routes(vec![Route {
        key: level_key(None, &[]),
        receiver: receiver.to_owned(),
        group_by: GroupBy::Labels(Vec::new()),
        group_wait: GROUP_WAIT,
        group_interval: GROUP_INTERVAL,
        repeat_interval: REPEAT_INTERVAL,
        labels: BTreeMap::new(),
        matchers: Vec::new(),
        muted_in: Vec::new(),
        active_in: Vec::new(),
        continues: false,
        children: Vec::new(),
    }])
}

fn flatten(
    root: RawRoute,
    receivers: &BTreeSet<&str>,
    intervals: &BTreeMap<String, Vec<TimeInterval>>,
) -> Result<Routes, ConfigError> {
    let invalid = |key: &str, message: &str| {
        Err(ConfigError::Invalid { key: format!("route.{key}"), message: message.to_owned() })
    };
    let has_matchers =
        !(root.r#match.is_empty() && root.match_re.is_empty() && root.matchers.0.is_empty());
    if has_matchers {
        return invalid("matchers", "the root route takes every alert and has no matchers");
    }
    for (key, names) in [
        ("mute_time_intervals", &root.mute_time_intervals),
        ("active_time_intervals", &root.active_time_intervals),
    ] {
        if !names.is_empty() {
            return invalid(
                key,
                "the root route takes alerts at all times; name intervals in routes below it",
            );
        }
    }
    if root.r#continue {
        return invalid("continue", "the root route has no siblings to continue with");
    }
    let Some(receiver) = root.receiver.clone().filter(|name| !name.is_empty()) else {
        return invalid("receiver", "the root route must name a receiver");
    };
    let mut flat = Flattener { receivers, intervals, routes: Vec::new() };
    let defaults = root_only(&receiver);
    let above = defaults.get(0).cloned();
    flat.add(root, above.as_ref(), None, "route", 0)?;
    Ok(Routes(flat.routes))
}

struct Flattener<'a> {
    receivers: &'a BTreeSet<&'a str>,
    intervals: &'a BTreeMap<String, Vec<TimeInterval>>,
    routes: Vec<Route>,
}

impl Flattener<'_> {
    /// Adds a route and those below it; returns its index. `above` is what it inherits from.
    fn add(
        &mut self,
        raw: RawRoute,
        above: Option<&Route>,
        parent_key: Option<&str>,
        path: &str,
        depth: usize,
    ) -> Result<usize, ConfigError> {
        let invalid = |key: &str, message: String| ConfigError::Invalid {
            key: format!("{path}{key}"),
            message,
        };
        if depth > DEPTH_MAX {
            return Err(invalid("", format!("routes nested deeper than {DEPTH_MAX} levels")));
        }
        for (key, names) in [
            (".mute_time_intervals", &raw.mute_time_intervals),
            (".active_time_intervals", &raw.active_time_intervals),
        ] {
            if let Some(name) = names.iter().find(|name| !self.intervals.contains_key(*name)) {
                let message = format!("there is no interval {name:?} under time_intervals");
                return Err(invalid(key, message));
            }
        }
        let defaults = Routes(above.cloned().into_iter().collect());
        let above = defaults.get(0);
        let receiver = raw.receiver.filter(|name| !name.is_empty());
        let receiver = receiver.or_else(|| above.map(|route| route.receiver.clone()));
        let receiver = receiver.unwrap_or_default();
        if !self.receivers.contains(receiver.as_str()) {
            let message = format!("there is no receiver {receiver:?} under receivers");
            return Err(invalid(".receiver", message));
        }
        let inherited = |pick: fn(&Route) -> Duration| above.map_or(Duration::ZERO, pick);
        let chosen = |own: Option<DurationText>, pick| own.map_or(inherited(pick), |text| text.0);
        let group_interval = chosen(raw.group_interval, |route| route.group_interval);
        let repeat_interval = chosen(raw.repeat_interval, |route| route.repeat_interval);
        for (key, interval) in
            [(".group_interval", group_interval), (".repeat_interval", repeat_interval)]
        {
            if interval.is_zero() {
                return Err(invalid(key, "must be longer than 0".to_owned()));
            }
        }
        let matchers = joined(raw.r#match, raw.match_re, raw.matchers)
            .map_err(|error| invalid(".match_re", narthex_settings::error_chain(&error)))?;
        let group_by = match raw.group_by {
            Some(names) => group_by(names).map_err(|message| invalid(".group_by", message))?,
            None => above.map_or(GroupBy::Labels(Vec::new()), |route| route.group_by.clone()),
        };
        let mut labels = above.map(|route| route.labels.clone()).unwrap_or_default();
        labels.extend(raw.labels);
        let index = self.routes.len();
        let route = Route {
            key: level_key(parent_key, &matchers),
            receiver,
            group_by,
            group_wait: chosen(raw.group_wait, |route| route.group_wait),
            group_interval,
            repeat_interval,
            labels,
            matchers,
            muted_in: raw.mute_time_intervals,
            active_in: raw.active_time_intervals,
            continues: raw.r#continue,
            children: Vec::new(),
        };
        self.routes.push(route.clone());
        let mut children = Vec::new();
        for (position, child) in raw.routes.into_iter().enumerate() {
            let path = format!("{path}.routes[{position}]");
            children.push(self.add(child, Some(&route), Some(&route.key), &path, depth + 1)?);
        }
        if let Some(added) = self.routes.get_mut(index) {
            added.children = children;
        }
        Ok(index)
    }
}

fn group_by(names: Vec<String>) -> Result<GroupBy, String> {
    if names.iter().any(|name| name == "...") {
        return if names.len() == 1 {
            Ok(GroupBy::All)
        } else {
            Err("... stands for all labels and stands alone".to_owned())
        };
    }
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| name.is_empty() || !seen.insert(name.as_str())) {
        Some(wrong) => Err(format!("label {wrong:?} is empty or stands twice")),
        None => Ok(GroupBy::Labels(names)),
    }
}
