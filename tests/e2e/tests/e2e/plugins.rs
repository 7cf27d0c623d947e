//! Plugins in a running host.

use narthex_harness::{Host, SECONDS, wait_until};

use crate::support::{config, guest, plugin};

fn config_for(name: &str, rest: &str) -> String {
    config(&format!(
        "scrape_configs:\n- job_name: {name}\n  exporter: {{ plugin: {name}{rest} }}\n  \
         static_configs: [{{ targets: [localhost] }}]\n"
    ))
}

fn replace(host: &Host, name: &str, content: &[u8]) {
    // As an installer does: a new file, then a rename over the old one.
    let folder = host.folder().path().join("plugins");
    let temp = folder.join(format!("{name}.new"));
    std::fs::write(&temp, content).expect("the folder can be written");
    std::fs::rename(&temp, folder.join(format!("{name}.wasm"))).expect("the file can be replaced");
}

#[test]
fn a_new_build_changes_the_answer_without_a_missed_scrape_and_garbage_changes_nothing() {
    let v1 = std::fs::read(guest("good")).expect("the guest is built");
    let v2 = std::fs::read(guest("good_v2")).expect("the guest is built");
    let host = Host::with_config(&config_for("good", ""))
        .file("plugins/good.wasm", v1)
        .expect_log("plugin")
        .start();
    host.wait_for_query("good_value", 20 * SECONDS, |s| s.len() == 1 && s[0].value == 1.0);

    replace(&host, "good", &v2);
    host.wait_for_query("good_value", 20 * SECONDS, |s| s.len() == 1 && s[0].value == 2.0);
    let plugins = host.json("/api/v1/plugins");
    assert_eq!(plugins["data"]["plugins"][0]["version"], "2.0.0");

    replace(&host, "good", b"this is no component");
    wait_until("the garbage is refused", 20 * SECONDS, || {
        !host.json("/api/v1/plugins")["data"]["plugins"][0]["rejected"].is_null()
    });
    let plugins = host.json("/api/v1/plugins");
    assert_eq!(plugins["data"]["plugins"][0]["state"], "ready");
    let scraped = host.query("count_over_time(up[1h])")[0].value;
    host.wait_for_query("count_over_time(up[1h])", 20 * SECONDS, |s| s[0].value > scraped + 1.0);
    host.wait_for_query("min_over_time(up[1h])", SECONDS, |s| s.len() == 1 && s[0].value == 1.0);
    host.wait_for_query("good_value", SECONDS, |s| s.len() == 1 && s[0].value == 2.0);
    host.stop();
}

#[test]
fn a_hostile_plugin_is_down_with_its_reason_and_the_others_go_on() {
    let host = Host::with_config(&config(
        "scrape_configs:\n\
         - job_name: hostile\n  exporter: { plugin: modes, config: { mode: endless_loop } }\n  \
         static_configs: [{ targets: [localhost] }]\n\
         - job_name: node\n  exporter: { plugin: node }\n  \
         static_configs: [{ targets: [localhost] }]\n",
    ))
    .copy("plugins/modes.wasm", &guest("modes"))
    .copy("plugins/node.wasm", &plugin("node"))
    .expect_log("modes")
    .expect_log("scrape")
    .start();
    host.wait_for_query("up{job='hostile'}", 30 * SECONDS, |s| s.len() == 1 && s[0].value == 0.0);
    host.wait_for_query("up{job='node'}", 30 * SECONDS, |s| s.len() == 1 && s[0].value == 1.0);
    host.stop();
}

#[test]
fn what_was_not_granted_is_denied_with_the_line_that_would_grant_it() {
    let denied = ", config: { mode: net, url: 'http://127.0.0.2:9/' }";
    let host = Host::with_config(&config_for("modes", denied))
        .copy("plugins/modes.wasm", &guest("modes"))
        .expect_log("modes")
        .expect_log("scrape")
        .start();
    host.wait_for_query("up", 30 * SECONDS, |s| s.len() == 1);
    let mut reason = String::new();
    wait_until("the target says why", 20 * SECONDS, || {
        let targets = host.json("/api/v1/targets");
        let error = &targets["data"]["activeTargets"][0]["lastError"];
        reason = error.as_str().unwrap_or_default().to_owned();
        !reason.is_empty()
    });
    assert!(reason.contains("plugins: { allow: { modes: { net: ["), "{reason}");
    host.stop();
}
