//! What of the file may be shown.
//!
//! Always holds: what is a secret is told by the place where it stands; labels and parameters of
//! targets are shown whatever they are called, but not what a plugin calls so.

use std::collections::BTreeSet;

use narthex_model::Labels;
use narthex_plugins::{PluginKind, SECRET_KEYS};
use narthex_settings::{Document, Node, Shown};

/// Keys whose mappings are the operator's own texts, where they are not told to a plugin.
const OWN_TEXTS: [&str; 3] = ["labels", "external_labels", "params"];

/// The same in receivers.
const RECEIVER_TEXTS: [&str; 2] = ["details", "custom_fields"];

/// A key that holds a secret in the mapping above it, of `http_config`.
const HTTP_SECRETS: [(&str, &str); 6] = [
    ("basic_auth", "password"),
    ("authorization", "credentials"),
    ("oauth2", "client_secret"),
    ("oauth2", "client_certificate_key"),
    ("tls_config", "key"),
    ("smtp_tls_config", "key"),
];

/// Says whether the value at these keys of a plugin's configuration is a secret; `None`: the plugin's
/// schema does not say.
pub type SecretKeys<'a> = dyn Fn(PluginKind, &str, &[&str]) -> Option<bool> + 'a;

/// The text of the file with secrets hidden and external labels as they are used.
pub(crate) fn shown(
    document: &Document,
    external_labels: &Labels,
    secrets: &SecretKeys<'_>,
) -> String {
    let secrets = Schemas::of(document, secrets);
    document.redacted(&|keys, text| match keys {
        ["global", "external_labels", name] if text.contains('$') => {
            Shown::As(external_labels.get(name).unwrap_or("").to_owned())
        }
        keys => of_scalar(keys, text, &secrets),
    })
}

/// The text of an alertmanager.yml of its own, with secrets hidden.
pub(crate) fn alertmanager_file(document: &Document, secrets: &SecretKeys<'_>) -> String {
    let secrets = Schemas::of(document, secrets);
    document.redacted(&|keys, text| {
        let keys: Vec<&str> = ["alertmanager"].iter().chain(keys).copied().collect();
        of_scalar(&keys, text, &secrets)
    })
}

/// The section `alertmanager` of a file as a file of its own: JSON, which is YAML.
pub(crate) fn alertmanager_section(shown: &str) -> Option<String> {
    let document = Document::parse("the configuration", shown).ok()?;
    let node = document.root().get("alertmanager")?;
    let section: serde_json::Value = document.read_node(node, "alertmanager").ok()?;
    serde_json::to_string_pretty(&section).ok()
}

/// Whether a key of `global` in an alertmanager.yml is one of Alertmanager's that are no secrets; one
/// of another notifier may be anything.
fn is_secret_global(key: &str) -> bool {
    const SECRET_ENDS: [&str; 6] =
        ["_password", "_secret", "_token", "_token_id", "_key", "_webhook_url"];
    const KNOWN: [&str; 13] = [
        "resolve_timeout",
        "http_config",
        "jira_",
        "mattermost_",
        "opsgenie_",
        "pagerduty_",
        "rocketchat_",
        "slack_",
        "smtp_",
        "telegram_",
        "victorops_",
        "webex_",
        "wechat_",
    ];
    let is_known = KNOWN.iter().any(|known| key.starts_with(known));
    !is_known || SECRET_ENDS.iter().any(|end| key.ends_with(end)) || key == "slack_api_url"
}

fn of_scalar(keys: &[&str], text: &str, secrets: &Schemas<'_>) -> Shown {
    let [.., key] = keys else { return Shown::AsWritten };
    // A header may be called as it likes.
    if matches!(keys, [.., "http_headers", _, "secrets"]) {
        return Shown::Secret;
    }
    let above = keys.iter().rev().nth(1).copied().unwrap_or_default();
    let is_of_alertmanager = keys.first() == Some(&"alertmanager");
    let is_told_to_plugin = is_of_alertmanager
        || keys.iter().any(|key| key.ends_with("_sd_configs"))
        || keys.windows(2).any(|pair| pair == ["exporter", "config"]);
    let is_own_text = above.ends_with("relabel_configs")
        || (!is_told_to_plugin && OWN_TEXTS.contains(&above))
        || (is_of_alertmanager && RECEIVER_TEXTS.contains(&above));
    if is_own_text {
        return Shown::AsWritten;
    }
    let is_http = *key == "bearer_token"
        || above == "proxy_connect_header"
        || HTTP_SECRETS.contains(&(above, *key));
    if is_http {
        return Shown::Secret;
    }
    let is_secret = secrets.tell(keys).unwrap_or_else(|| SECRET_KEYS.contains(key));
    if is_told_to_plugin && is_secret {
        return Shown::Secret;
    }
    if let ["alertmanager", "global", key, ..] = keys
        && is_secret_global(key)
    {
        return Shown::Secret;
    }
    // The address of a webhook is a secret in Alertmanager.
    if is_of_alertmanager && *key == "url" {
        return Shown::Secret;
    }
    Shown::url(text)
}

/// What schemas say of secrets.
struct Schemas<'a> {
    secrets: &'a SecretKeys<'a>,
    /// The exporters of all jobs.
    exporters: BTreeSet<&'a str>,
}

impl<'a> Schemas<'a> {
    fn of(document: &'a Document, secrets: &'a SecretKeys<'a>) -> Self {
        let jobs = document.root().get("scrape_configs").and_then(Node::items).unwrap_or_default();
        let exporters = jobs.iter().filter_map(|job| job.get("exporter")?.get("plugin")?.text());
        Self { secrets, exporters: exporters.collect() }
    }
}

impl Schemas<'_> {
    /// What the schema of the plugin says that reads the value.
    fn tell(&self, keys: &[&str]) -> Option<bool> {
        if let ["scrape_configs", "exporter", "config", below @ ..] = keys {
            return self.tell_exporters(below);
        }
        let is_of_plugin = |key: &&str| key.ends_with("_configs") && *key != "scrape_configs";
        let place = keys.iter().position(is_of_plugin)?;
        let (name, below) = (keys.get(place)?, keys.get(place + 1..)?);
        match name.strip_suffix("_sd_configs") {
            Some(plugin) => (self.secrets)(PluginKind::Discovery, plugin, below),
            None => (self.secrets)(PluginKind::Notifier, name.strip_suffix("_configs")?, below),
        }
    }

    /// Keys do not say which job a value belongs to: what is a secret to one exporter is hidden for all.
    fn tell_exporters(&self, below: &[&str]) -> Option<bool> {
        let told = self.exporters.iter();
        let told = told.map(|plugin| (self.secrets)(PluginKind::Exporter, plugin, below));
        let told: Vec<Option<bool>> = told.collect();
        let is_secret = told.contains(&Some(true));
        (is_secret || !told.contains(&None)).then_some(is_secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let document = Document::parse("f.yml", text).unwrap();
        let labels = Labels::from_pairs([("zone", "z\"1")]);
        let secrets = |kind, plugin: &str, keys: &[&str]| match (kind, plugin, keys) {
            (PluginKind::Discovery, "ours", ["pin"]) => Some(true),
            (PluginKind::Discovery, "ours", ["key"]) => Some(false),
            (PluginKind::Exporter, "mail", ["bind_password"]) => Some(true),
            (PluginKind::Exporter, "mail" | "disk", ["key"]) => Some(false),
            (PluginKind::Exporter, "disk", ["bind_password"]) => Some(false),
            _ => None,
        };
        assert_eq!(shown(&document, &labels, &secrets), expected);
    }

    #[test]
    fn globals_of_notifiers_are_hidden_but_for_those_that_are_known_to_be_none() {
        check(
            "alertmanager: {global: {slack_app_token: a, telegram_bot_token: b, slack_api_url: c, foo_x: d}}",
            "alertmanager: {global: {slack_app_token: <secret>, telegram_bot_token: <secret>, \
             slack_api_url: <secret>, foo_x: <secret>}}",
        );
        check(
            "alertmanager: {global: {smtp_tls_config: {key: a, ca_file: b}}}",
            "alertmanager: {global: {smtp_tls_config: {key: <secret>, ca_file: b}}}",
        );
        let open = "alertmanager: {global: {smtp_from: a, opsgenie_api_url: 'http://b', resolve_timeout: 5m}}";
        check(open, open);
    }

    #[test]
    fn secrets_are_known_by_their_place() {
        check(
            "scrape_configs: [{basic_auth: {password: p}}]",
            "scrape_configs: [{basic_auth: {password: <secret>}}]",
        );
        check(
            "scrape_configs: [{consul_sd_configs: [{token: t, server: s}]}]",
            "scrape_configs: [{consul_sd_configs: [{token: <secret>, server: s}]}]",
        );
        check(
            "scrape_configs: [{ours_sd_configs: [{pin: p, key: k, token: t}]}]",
            "scrape_configs: [{ours_sd_configs: [{pin: <secret>, key: k, token: <secret>}]}]",
        );
        check(
            "alertmanager: {receivers: [{webhook_configs: [{url: u}]}]}",
            "alertmanager: {receivers: [{webhook_configs: [{url: <secret>}]}]}",
        );
        check(
            "scrape_configs: [{http_headers: {X: {values: [a], secrets: [b, c]}}}]",
            "scrape_configs: [{http_headers: {X: {values: [a], secrets: [<secret>, <secret>]}}}]",
        );
    }

    #[test]
    fn what_a_plugin_calls_a_label_or_a_parameter_is_no_text_of_the_operator() {
        check(
            "scrape_configs: [{http_headers: {params: {secrets: [x]}}}]",
            "scrape_configs: [{http_headers: {params: {secrets: [<secret>]}}}]",
        );
        check(
            "scrape_configs: [{foo_sd_configs: [{params: {token: t}}]}]",
            "scrape_configs: [{foo_sd_configs: [{params: {token: <secret>}}]}]",
        );
        check(
            "scrape_configs: [{exporter: {plugin: foo, config: {labels: {password: p}}}}]",
            "scrape_configs: [{exporter: {plugin: foo, config: {labels: {password: <secret>}}}}]",
        );
        check(
            "scrape_configs: [{ours_sd_configs: [{labels: {basic_auth: {password: p}}}]}]",
            "scrape_configs: [{ours_sd_configs: [{labels: {basic_auth: {password: <secret>}}}]}]",
        );
    }

    #[test]
    fn secrets_of_exporters_are_those_of_their_schemas() {
        let exporter = |plugin: &str, config: &str| {
            format!("scrape_configs: [{{exporter: {{plugin: {plugin}, config: {{{config}}}}}}}]")
        };
        check(
            &exporter("mail", "bind_password: p, key: k, token: t"),
            &exporter("mail", "bind_password: <secret>, key: k, token: <secret>"),
        );
        check(&exporter("disk", "bind_password: p"), &exporter("disk", "bind_password: p"));
        let both = "[{exporter: {plugin: mail}}, {exporter: {plugin: disk, config: {bind_password: p, key: k}}}]";
        check(
            &format!("scrape_configs: {both}"),
            &format!("scrape_configs: {}", both.replace(" p,", " <secret>,")),
        );
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for text in [
            "scrape_configs: [{static_configs: [{labels: {bearer_token: p, proxy_connect_header: k}}]}]",
            "alertmanager: {receivers: [{pagerduty_configs: [{details: {password: p, url: u}}]}]}",
            "scrape_configs: [{relabel_configs: [{target_label: password, replacement: 'http://u:p@h/'}]}]",
            "scrape_configs: [{static_configs: [{labels: {password: p, key: k}}]}]",
            "scrape_configs: [{params: {token: [t]}}]",
            "scrape_configs: [{http_sd_configs: [{url: 'http://h/x'}]}]",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn a_url_hides_its_password_alone() {
        check(
            "scrape_configs: [{proxy_url: 'http://u:p@h/'}]",
            "scrape_configs: [{proxy_url: \"http://u:<secret>@h/\"}]",
        );
    }

    #[test]
    fn external_labels_are_those_that_are_used() {
        check(
            "global: {external_labels: {zone: $ZONE, b: c}}",
            "global: {external_labels: {zone: \"z\\\"1\", b: c}}",
        );
    }
}
