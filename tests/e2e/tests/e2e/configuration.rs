//! Good and bad configurations, at the start and on reload.

use std::process::Command;

use narthex_harness::{FakeTarget, Host, SECONDS, TempFolder, binary, repository};

use crate::support::{config, plugin};

#[test]
fn a_bad_configuration_names_file_line_and_key_and_ends_the_start() {
    let cases = [
        (
            "scrape_configs:\n- job_name: a\n  scrape_intervall: 5s\n",
            ":5:3: scrape_configs[0]: unknown key \"scrape_intervall\"",
        ),
        (
            "scrape_configs:\n- job_name: a\n  scrape_interval: 5\n",
            ":5:20: scrape_configs[0].scrape_interval: ",
        ),
        ("scrape_configs:\n- job_name: a\n- job_name: a\n", ":5:13: scrape_configs[1].job_name: "),
        ("remote_write:\n- url: http://a\n", ":4:3: remote_write: not supported"),
        ("rule_files: ['a/*/b.yml']\n", ":3:14: rule_files[0]: a star may stand"),
        ("scrape_configs:\n- job_name: a\n  nosuch_sd_configs: [{}]\n", "nosuch.wasm"),
    ];
    for (rest, message) in cases {
        let (status, output) =
            Host::with_config(&config(rest)).file("plugins/.keep", "").run_to_end();
        assert_eq!(status.code(), Some(1), "{output}");
        assert!(output.contains(message), "{message:?} is not in:\n{output}");
    }
}

#[test]
fn a_rule_that_does_not_parse_names_its_place() {
    let rules = "groups:\n- name: g\n  rules:\n  - record: a\n    expr: sum(b\n";
    let (status, output) = Host::with_config(&config("rule_files: [r.yml]\n"))
        .file("r.yml", rules)
        .file("plugins/.keep", "")
        .run_to_end();
    assert_eq!(status.code(), Some(1));
    assert!(output.contains("r.yml:5:"), "{output}");
}

#[test]
fn a_refused_reload_changes_nothing_and_says_so() {
    let target = FakeTarget::start();
    target.serve("a 1\n");
    let good = config(&format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    ));
    let host = Host::with_config(&good)
        .file("plugins/.keep", "")
        .flag("--web.enable-lifecycle")
        .expect_log("reload")
        .start();
    host.wait_for_query("a", 15 * SECONDS, |s| s.len() == 1);

    let refused = host.reload_with("scrape_configs: [{ job_name: a, metrics_pathh: /x }]\n");
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("narthex.yml:1:"), "{}", refused.text());
    let metrics = host.get("/metrics").text();
    assert!(metrics.contains("\nprometheus_config_last_reload_successful 0\n"), "{metrics}");
    assert_eq!(host.json("/api/v1/targets")["data"]["activeTargets"][0]["scrapePool"], "fake");

    let taken = host.reload_with(&good.replace("fake", "other"));
    assert_eq!(taken.status, 200, "{}", taken.text());
    host.wait_for_query("a{job='other'}", 15 * SECONDS, |s| s.len() == 1);
    let metrics = host.get("/metrics").text();
    assert!(metrics.contains("\nprometheus_config_last_reload_successful 1\n"), "{metrics}");
    host.stop();
}

#[test]
fn secrets_are_not_shown() {
    let host = Host::with_config(&config(
        "scrape_configs:\n- job_name: a\n  basic_auth: { username: u, password: hunter2 }\n",
    ))
    .file("plugins/.keep", "")
    .start();
    let shown = host.json("/api/v1/status/config").to_string();
    assert!(shown.contains("<secret>") && !shown.contains("hunter2"), "{shown}");
    let of_pool = host.json("/api/v1/scrape_pools/config?scrapePool=a");
    let of_pool = of_pool["data"]["yaml"].as_str().expect("a text");
    assert!(of_pool.starts_with("job_name: a\n") && of_pool.contains("\n  password: <secret>\n"));
    assert!(of_pool.contains("\nmetrics_path: /metrics\n"), "{of_pool}");
    for query in ["", "?scrapePool=", "?scrapePool=b"] {
        let refused = host.get(&format!("/api/v1/scrape_pools/config{query}"));
        assert_eq!(refused.status, 400, "{query}");
    }
    host.stop();
}

#[test]
fn the_shipped_configurations_are_accepted() {
    for file in ["config/narthex.yml", "config/prometheus-seed.yml"] {
        plugin("node"); // the default configuration names plugins
        let output =
            Command::new(binary()).args(["check", "config"]).arg(repository().join(file)).output();
        let output = output.expect("the binary runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}: {text}");
    }
}

#[test]
fn rules_are_checked_with_the_features_that_the_server_will_have() {
    let folder = TempFolder::new();
    let file = folder.write("narthex.yml", "rule_files: [rules.yml]\n");
    let rule = "{ record: a, expr: 'mad_over_time(up[5m])' }";
    folder.write("rules.yml", format!("groups: [{{ name: g, rules: [{rule}] }}]\n"));
    let check = |features: &[&str]| {
        let mut command = Command::new(binary());
        let output = command.args(["check", "config"]).args(features).arg(&file).output();
        let output = output.expect("the binary runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (is_valid, text) = check(&[]);
    assert!(!is_valid && text.contains("rules.yml") && text.contains("mad_over_time"), "{text}");
    // What is no feature of the language is known all the same.
    let server = "--enable-feature=exemplar-storage,promql-experimental-functions";
    assert_eq!(check(&[server]), (true, String::new()));
}

#[test]
fn the_classic_first_configuration_runs_unchanged() {
    let seed = repository().join("config/prometheus-seed.yml");
    let seed = std::fs::read_to_string(seed).expect("the file is there");
    let host = Host::with_config(&seed).expect_log("scrape").start();
    let targets = host.json("/api/v1/targets");
    let active = targets["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
    assert_eq!(active.len(), 3);
    for target in active {
        assert_eq!(target["labels"]["group"], "prometheus");
        assert_eq!(target["scrapeInterval"], "15s");
    }
    host.stop();
}
