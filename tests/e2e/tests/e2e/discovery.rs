//! Discovery plugins in a running host, beside servers whose answers were recorded. One file a plugin.

mod beside_prometheus;
mod consul;
mod dns;
mod docker;
mod files;
mod http;
mod kubernetes;
mod nomad;

use narthex_harness::{Host, HostBuilder, SECONDS, wait_for};
use serde_json::Value;

use crate::support::{config, plugin};

/// A host whose one job finds targets by this plugin and drops them all, so that none is scraped. `items` are flow
/// mappings, the items of `<plugin>_sd_configs`.
fn host(name: &str, items: &str) -> HostBuilder {
    let jobs = format!(
        "scrape_configs:\n- job_name: found\n  {name}_sd_configs: [{items}]\n  \
         relabel_configs: [{{ action: drop, source_labels: [job], regex: found }}]\n"
    );
    Host::with_config(&config(&jobs)).copy(&format!("plugins/{name}.wasm"), &plugin(name))
}

/// Waits until these targets and no others were found, each as its address and what was discovered of it.
#[track_caller]
fn wait_for_targets(host: &Host, wanted: &[&str]) {
    wait_for("these targets are found", 30 * SECONDS, || {
        let found = targets(host);
        if found == wanted { Ok(()) } else { Err(format!("found are {found:#?}")) }
    });
}

fn targets(host: &Host) -> Vec<String> {
    let answer = host.json("/api/v1/targets?state=dropped");
    let dropped = answer.pointer("/data/droppedTargets").and_then(Value::as_array);
    let mut found: Vec<_> = dropped.into_iter().flatten().map(shown).collect();
    found.sort();
    found
}

fn shown(target: &Value) -> String {
    let labels = target["discoveredLabels"].as_object().expect("a target has discovered labels");
    let own = labels.iter().filter(|(name, _)| name.starts_with("__meta_"));
    let own = own.map(|(name, value)| format!(" {name}={}", value.as_str().unwrap_or_default()));
    format!("{}{}", labels["__address__"].as_str().unwrap_or_default(), own.collect::<String>())
}
