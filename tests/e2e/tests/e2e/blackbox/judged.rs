//! Many modules on one target, by the plugin and by its peer: both judge what they found alike.

use std::collections::BTreeMap;

use narthex_harness::{Host, Peer, SECONDS, TempFolder, peer};

use super::start_peer;
use crate::support::plugin;

/// Probes the target by modules, whose names say what they do, until each has this series; then these metrics are the same.
/// Skipped without the peer.
#[track_caller]
pub(super) fn judged_alike(
    modules: &[(String, String)],
    target: &str,
    done: &str,
    metrics: &[&str],
) {
    let Some(exporter) = peer(Peer::BlackboxExporter) else { return };
    let one = |(name, module): &(String, String)| format!("'{name}': {module}");
    let listed = modules.iter().map(one).collect::<Vec<_>>().join(", ");
    let folder = TempFolder::new();
    let (_peer, listens) = start_peer(&exporter, &folder, &listed);
    let targets = |address: &str| {
        let one = |(name, _): &(String, String)| {
            format!(
                "{{ targets: ['{address}'], labels: {{ __param_module: '{name}', asked: '{name}' }} }}"
            )
        };
        modules.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let config = format!(
        "global: {{ scrape_interval: 5s, scrape_timeout: 5s }}\n\
         plugins: {{ dir: plugins, allow: {{ blackbox: {{ net: ['127.0.0.1:*'] }} }} }}\n\
         scrape_configs:\n\
         - job_name: plugin\n  exporter: {{ plugin: blackbox, config: {{ modules: {{ {listed} }} }} }}\n  \
         params: {{ target: ['{target}'] }}\n  static_configs: [{}]\n\
         - job_name: peer\n  metrics_path: /probe\n  \
         params: {{ target: ['{target}'] }}\n  static_configs: [{}]\n",
        targets("probed"),
        targets(&format!("127.0.0.1:{listens}")),
    );
    let host =
        Host::with_config(&config).copy("plugins/blackbox.wasm", &plugin("blackbox")).start();
    host.wait_for_query(done, 120 * SECONDS, |series| series.len() == 2 * modules.len());
    let judged = |job: &str, metric: &str| {
        let series = host.query(&format!("{metric}{{job='{job}'}}"));
        let by_name = series.iter().map(|one| (one.label("asked").to_owned(), one.value));
        by_name.collect::<BTreeMap<_, _>>()
    };
    for metric in metrics {
        let (ours, theirs) = (judged("plugin", metric), judged("peer", metric));
        let differ = ours.iter().filter(|(name, value)| theirs.get(*name) != Some(value));
        let differ: Vec<_> = differ.collect();
        assert!(differ.is_empty() && ours.len() == theirs.len(), "{metric} differs: {differ:#?}");
        for outcome in [0.0, 1.0] {
            assert!(ours.values().any(|value| *value == outcome), "no {metric} is {outcome}");
        }
    }
    host.stop();
}
