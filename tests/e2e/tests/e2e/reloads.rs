//! Reloads: all rooms take a configuration on, or none does.

use narthex_harness::{FakeTarget, Host, SECONDS, wait_until};
use serde_json::Value;

use crate::support::plugin;

/// A configuration in which every room has something of this name.
fn config(name: &str, target: &FakeTarget, rest: &str) -> String {
    let address = target.address();
    format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, \
            query_log_file: {name}.log, external_labels: {{ name: {name} }} }}\n\
         plugins: {{ dir: plugins, allow: {{ webhook: {{ net: ['{name}:1'] }} }} }}\n\
         storage: {{ tsdb: {{ retention: {{ time: {retention} }} }} }}\n\
         rule_files: [{name}.yml]\n\
         alertmanager:\n  route: {{ receiver: {name} }}\n  \
           receivers: [{{ name: {name}, webhook_configs: [{{ url: 'http://127.0.0.1:1/' }}] }}]\n\
         scrape_configs:\n\
         - {{ job_name: {name}, static_configs: [{{ targets: ['{address}'] }}] }}\n{rest}",
        retention = if name == "old" { "3d" } else { "4d" },
    )
}

fn rules(name: &str) -> String {
    format!("groups: [{{ name: {name}, rules: [{{ record: {name}:a, expr: a }}] }}]\n")
}

/// Everything that a reload changes, as the API shows it.
fn state(host: &Host) -> String {
    let names = |values: &Value, key: &str| -> Vec<String> {
        let values = values.as_array().into_iter().flatten();
        values.map(|value| value[key].as_str().unwrap_or_default().to_owned()).collect()
    };
    let targets = host.json("/api/v1/targets");
    let rules = host.json("/api/v1/rules");
    let plugins = host.json("/api/v1/plugins");
    let plugin = |value: &Value| format!("{} {}", value["generation"], value["grants"]);
    let plugins: Vec<String> =
        plugins["data"]["plugins"].as_array().into_iter().flatten().map(plugin).collect();
    let found = host.json("/api/v1/status/discovery");
    format!(
        "{:?} {:?} {plugins:?} {:?} {} {}",
        names(&targets["data"]["activeTargets"], "scrapePool"),
        names(&rules["data"]["groups"], "name"),
        names(&found["data"]["jobs"], "job"),
        host.json("/api/v1/status/config"),
        host.json("/api/v1/status/runtimeinfo")["data"]["storageRetention"],
    )
}

/// Whether the log of queries has one with this text.
fn is_logged(host: &Host, log: &str, text: &str) -> bool {
    let log = std::fs::read_to_string(host.folder().path().join(log));
    log.is_ok_and(|log| log.contains(text))
}

#[test]
fn whichever_room_refuses_a_reload_nothing_changes() {
    let target = FakeTarget::start();
    target.serve("a 1\n");
    let host = Host::with_config(&config("old", &target, ""))
        .copy("plugins/webhook.wasm", &plugin("webhook"))
        .copy("plugins/dns.wasm", &plugin("dns"))
        .file("old.yml", rules("old"))
        .file("new.yml", rules("new"))
        .file("wrong.yml", "groups: [{ name: g, rules: [{ record: a, expr: 'sum(' }] }]\n")
        .flag("--web.enable-lifecycle")
        .expect_log("reload refused")
        .start();
    host.wait_for_query("old:a", 15 * SECONDS, |s| s.len() == 1);
    let before = state(&host);

    let refusals = [
        ("- { job_name: x, metrics_pathh: /x }", "unknown key \"metrics_pathh\""),
        ("scrape_config_files: ['x/*/y.yml']", "a star may stand in the last part"),
        ("- { job_name: x, nosuch_sd_configs: [{}] }", "nosuch.wasm"),
        ("- { job_name: x, dns_sd_configs: [{ names: [] }] }", "dns_sd_configs[0]"),
        ("- { job_name: x, exporter: { plugin: dns } }", "is no exporter"),
        ("- { job_name: x, scrape_failure_log_file: no/such/x.log }", "open "),
        ("- { job_name: x, tls_config: { ca_file: no-such.pem } }", "no-such.pem"),
    ];
    let new = config("new", &target, "");
    let replacements = [
        ("dir: plugins", "dir: others", "plugins.dir: a change needs a restart"),
        (
            "tsdb:",
            "wal: { sync: interval 3s }, tsdb:",
            "storage.wal.sync: a change needs a restart",
        ),
        ("time: 4d", "time: -4d", "storage"),
        ("[new.yml]", "[new.yml, wrong.yml]", "wrong.yml:1:"),
        ("webhook_configs", "nosuch_configs", "nosuch.wasm"),
        ("url: 'http://127.0.0.1:1/'", "url: 'no url'", "webhook_configs[0]"),
        ("new.log", "no/such/new.log", "query_log_file"),
    ];
    let appended = refusals.iter().map(|(rest, said)| (format!("{new}{rest}\n"), *said));
    let replaced = replacements.iter().map(|(old, by, said)| (new.replacen(old, by, 1), *said));
    for (text, said) in appended.chain(replaced) {
        let answer = host.reload_with(&text);
        assert_eq!(answer.status, 500, "{said}: {}", answer.text());
        assert!(answer.text().contains(said), "{said:?} is not in {}", answer.text());
        assert_eq!(state(&host), before, "{said}");
    }
    assert_eq!(host.query("vector(1111)").len(), 1);
    wait_until("the old log goes on", 10 * SECONDS, || is_logged(&host, "old.log", "1111"));
    assert!(!is_logged(&host, "new.log", ""));

    let answer = host.reload_with(&new);
    assert_eq!(answer.status, 200, "{}", answer.text());
    host.wait_for_query("new:a", 15 * SECONDS, |s| s.len() == 1);
    assert_eq!(state(&host), before.replace("old", "new").replace("3d", "4d"));
    assert_eq!(host.query("vector(2222)").len(), 1);
    wait_until("the new log is written", 10 * SECONDS, || is_logged(&host, "new.log", "2222"));
    host.stop();
}

/// Jobs that the server scrapes, by name.
fn has_job(host: &Host, name: &str) -> bool {
    let targets = host.json("/api/v1/targets");
    let mut pools = targets["data"]["activeTargets"].as_array().into_iter().flatten();
    pools.any(|target| target["scrapePool"] == name)
}

#[test]
fn a_changed_file_is_taken_on_by_itself_and_a_refused_one_once_it_is_mended() {
    let target = FakeTarget::start();
    target.serve("a 1\n");
    let job = |name: &str| {
        let address = target.address();
        format!(
            "scrape_configs: [{{ job_name: {name}, static_configs: [{{ targets: ['{address}'] }}] }}]\n"
        )
    };
    let config = "scrape_config_files: ['jobs/*.yml']\nplugins: { dir: plugins }\n";
    let host = Host::with_config(config)
        .file("plugins/.keep", "")
        .file("jobs/one.yml", job("one"))
        .flag("--config.auto-reload")
        .flag("--config.auto-reload-interval=1s")
        .expect_log("reload refused")
        .start();
    let write = |name: &str, text: &str| {
        let path = host.folder().path().join(name);
        std::fs::write(path, text).expect("the folder can be written to");
    };
    assert!(has_job(&host, "one"));
    let reloads = |outcome: &str| {
        let wanted = format!("prometheus_config_last_reload_successful {outcome}");
        wait_until("the reload is over", 30 * SECONDS, || {
            host.get("/metrics").text().contains(&wanted)
        });
    };

    write("jobs/two.yml", &job("two"));
    wait_until("the new file is read", 30 * SECONDS, || has_job(&host, "two"));
    write("jobs/two.yml", "scrape_configs: [");
    reloads("0");
    assert!(has_job(&host, "two"), "a refused reload changes nothing");
    write("jobs/two.yml", &job("three"));
    wait_until("the mended file is read", 30 * SECONDS, || has_job(&host, "three"));
    reloads("1");
    assert!(has_job(&host, "one") && !has_job(&host, "two"));
    host.stop();
}
