//! The words for a plugin that is not there: what is, and where it would have to be.

use camino::Utf8Path;

use crate::answer::PluginKind;

/// Discoveries without a plugin, which every configuration may name.
const BUILT_IN: [&str; 2] = ["file", "static"];

/// Discoveries of Prometheus for which no plugin is shipped yet.
const NOT_SHIPPED: [&str; 27] = [
    "aws",
    "azure",
    "digitalocean",
    "ecs",
    "elasticache",
    "eureka",
    "gce",
    "hetzner",
    "ionos",
    "kuma",
    "lightsail",
    "linode",
    "marathon",
    "msk",
    "nerve",
    "oci",
    "openstack",
    "outscale",
    "ovhcloud",
    "puppetdb",
    "rds",
    "scaleway",
    "serverset",
    "stackit",
    "triton",
    "uyuni",
    "vultr",
];

/// What to tell who asks for a plugin that is not loaded; `loaded` are those of its kind.
pub(crate) fn message(
    kind: PluginKind,
    plugin: &str,
    folder: &Utf8Path,
    loaded: &[String],
) -> String {
    let loaded = if loaded.is_empty() { "none".to_owned() } else { loaded.join(", ") };
    let place = format!("put {plugin}.wasm into the plugin folder {folder}");
    match kind {
        PluginKind::Discovery => {
            let known = format!("built in: {}; plugins loaded: {loaded}", BUILT_IN.join(", "));
            if NOT_SHIPPED.contains(&plugin) {
                let why = "this discovery of Prometheus is not shipped yet";
                return format!(
                    "no discovery plugin {plugin:?} is loaded: {why}; write one and {place} ({known})"
                );
            }
            format!("no discovery plugin {plugin:?} is loaded; {place} ({known})")
        }
        PluginKind::Exporter | PluginKind::Notifier => {
            format!("no {kind} plugin {plugin:?} is loaded; {place} (loaded: {loaded})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_told_with_what_is_not() {
        let told =
            |plugin| message(PluginKind::Discovery, plugin, "/p".into(), &["dns".to_owned()]);
        assert_eq!(
            told("cosnul"),
            "no discovery plugin \"cosnul\" is loaded; put cosnul.wasm into the plugin folder /p \
             (built in: file, static; plugins loaded: dns)"
        );
        assert!(told("gce").contains("is not shipped yet; write one and put gce.wasm"));
        let notifier = message(PluginKind::Notifier, "x", "/p".into(), &[]);
        assert!(notifier.ends_with("folder /p (loaded: none)"), "{notifier}");
    }
}
