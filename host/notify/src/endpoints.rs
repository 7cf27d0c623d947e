//! From what discovery found to URLs. Semantics follow Prometheus, `notifier/alertmanager.go`.

use std::collections::BTreeSet;

use narthex_model::{Labels, LabelsBuilder, TargetSet, relabel};
use tracing::warn;

use crate::config::{AlertmanagerConfig, is_spoken};

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__alerts_path__";

/// Where alerts are posted.
const POST: &str = "api/v2/alerts";

/// What became of all that was discovered for one item of `alertmanagers`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// Where alerts are sent; each once.
    pub(crate) active: BTreeSet<String>,
    /// What rules dropped.
    pub(crate) dropped: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum EndpointError {
    #[error("no address")]
    NoAddress,
    #[error("{0:?} is no address: it holds a slash; write the rest as `scheme` and `path_prefix`")]
    Address(String),
    #[error("scheme {0:?} is not spoken; write http or https")]
    Scheme(String),
}

impl Endpoints {
    pub(crate) fn of(config: &AlertmanagerConfig, found: &TargetSet) -> Self {
        let mut endpoints = Self::default();
        for group in &found.groups {
            for own in &group.targets {
                let discovered = discovered(config, own, &group.labels);
                match relabel(&discovered, &config.relabel) {
                    None => endpoints.dropped.push(text(&discovered)),
                    Some(labels) => match url(&labels) {
                        Ok(url) => {
                            endpoints.active.insert(url);
                        }
                        Err(error) => warn!(%error, %labels, "nobody to send alerts to"),
                    },
                }
            }
        }
        endpoints
    }
}

/// Scheme and path of the configuration stand over those of the target, and those of its group over both.
fn discovered(config: &AlertmanagerConfig, own: &Labels, shared: &Labels) -> Labels {
    let mut labels = own.to_builder();
    labels.set(SCHEME, &config.scheme).set(PATH, path(&config.path_prefix));
    for (name, value) in shared {
        default(&mut labels, own, name, value);
    }
    labels.finish()
}

fn default(labels: &mut LabelsBuilder, own: &Labels, name: &str, value: &str) {
    if own.get(name).is_none() {
        labels.set(name, value);
    }
}

fn url(labels: &Labels) -> Result<String, EndpointError> {
    let address = labels.get(ADDRESS).ok_or(EndpointError::NoAddress)?;
    if address.contains('/') {
        return Err(EndpointError::Address(address.to_owned()));
    }
    let scheme = labels.get(SCHEME).unwrap_or_default();
    if !is_spoken(scheme) {
        return Err(EndpointError::Scheme(scheme.to_owned()));
    }
    Ok(text(labels))
}

fn text(labels: &Labels) -> String {
    let part = |name| labels.get(name).unwrap_or_default();
    let path = part(PATH);
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    format!("{}://{}{slash}{}", part(SCHEME), part(ADDRESS), escaped(path))
}

/// The path below a prefix, without empty steps and steps back.
fn path(prefix: &str) -> String {
    let mut steps = Vec::new();
    for step in prefix.split('/').chain([POST]) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}

/// A path as a URL has it.
fn escaped(path: &str) -> String {
    const PLAIN: &[u8] = b"-_.~/$&+,:;=@!'()*";
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use narthex_client::HttpConfig;
    use narthex_model::{NameScheme, TargetGroup};
    use narthex_settings::Document;

    use super::*;
    use crate::config::AlertmanagerKeys;

    fn config(text: &str) -> AlertmanagerConfig {
        let document = Document::parse("f.yml", text).unwrap();
        let keys: AlertmanagerKeys = document.read().unwrap();
        keys.resolve(HttpConfig::default(), false, NameScheme::Utf8).unwrap()
    }

    fn found(targets: &[&[(&str, &str)]], shared: &[(&str, &str)]) -> TargetSet {
        let pairs = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied());
        let group = TargetGroup {
            source: "s".to_owned(),
            targets: targets.iter().map(|target| pairs(target)).collect(),
            labels: pairs(shared),
        };
        TargetSet { groups: vec![group] }
    }

    #[track_caller]
    fn check(text: &str, targets: &[&[(&str, &str)]], active: &[&str], dropped: &[&str]) {
        let endpoints = Endpoints::of(&config(text), &found(targets, &[("zone", "a")]));
        assert_eq!(endpoints.active.iter().map(String::as_str).collect::<Vec<_>>(), active);
        assert_eq!(endpoints.dropped, dropped);
    }

    #[test]
    fn an_address_becomes_a_url() {
        let one: &[&[(&str, &str)]] = &[&[(ADDRESS, "am:9093")]];
        check("{}", one, &["http://am:9093/api/v2/alerts"], &[]);
        check("path_prefix: am/", one, &["http://am:9093/am/api/v2/alerts"], &[]);
        check("path_prefix: //a/./b/../c d", one, &["http://am:9093/a/c%20d/api/v2/alerts"], &[]);
        check("scheme: https", one, &["https://am:9093/api/v2/alerts"], &[]);
    }

    #[test]
    fn one_that_is_found_twice_is_told_once() {
        let targets: &[&[(&str, &str)]] = &[&[(ADDRESS, "a:1")], &[(ADDRESS, "a:1"), ("x", "y")]];
        check("{}", targets, &["http://a:1/api/v2/alerts"], &[]);
    }

    #[test]
    fn rules_drop_and_rewrite() {
        let text = "relabel_configs: [{source_labels: [zone, __address__], regex: 'a;b.*', action: drop}, \
                    {target_label: __scheme__, replacement: https}, \
                    {target_label: __alerts_path__, replacement: elsewhere}]";
        let targets: &[&[(&str, &str)]] = &[&[(ADDRESS, "a:1")], &[(ADDRESS, "b:1")]];
        check(text, targets, &["https://a:1/elsewhere"], &["http://b:1/api/v2/alerts"]);
    }

    #[test]
    fn the_group_may_say_the_scheme_and_a_target_may_not() {
        let found =
            |own: &[(&str, &str)], shared| Endpoints::of(&config("{}"), &found(&[own], shared));
        let secure = "https://a:1/api/v2/alerts";
        let of_group = found(&[(ADDRESS, "a:1")], &[(SCHEME, "https")]);
        assert!(of_group.active.contains(secure), "{of_group:?}");
        let of_target = found(&[(ADDRESS, "a:1"), (SCHEME, "https")], &[]);
        assert!(!of_target.active.contains(secure), "{of_target:?}");
    }

    #[test]
    fn what_has_no_address_is_nobody() {
        check(
            "{}",
            &[&[("x", "y")], &[(ADDRESS, "a/b")], &[(ADDRESS, "a:1")]],
            &["http://a:1/api/v2/alerts"],
            &[],
        );
        let spdy = "relabel_configs: [{target_label: __scheme__, replacement: spdy}]";
        check(spdy, &[&[(ADDRESS, "a:1")]], &[], &[]);
    }
}
