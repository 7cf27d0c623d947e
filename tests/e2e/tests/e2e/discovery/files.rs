use narthex_harness::{Host, SECONDS, wait_for};
use serde_json::Value;

use super::wait_for_targets;
use crate::support::config;

/// What `/api/v1/status/discovery` says of the one source of the one job.
fn source(host: &Host) -> Value {
    let answer = host.json("/api/v1/status/discovery?job=found");
    answer.pointer("/data/jobs/0/sources/0").cloned().unwrap_or_default()
}

#[test]
fn files_are_followed_and_a_broken_one_keeps_its_targets() {
    let jobs = "scrape_configs:\n- job_name: found\n  \
                file_sd_configs: [{ files: ['targets/*.json', one.yml] }]\n  \
                relabel_configs: [{ action: drop, source_labels: [job], regex: found }]\n";
    let host = Host::with_config(&config(jobs))
        .file("targets/a.json", r#"[{"targets": ["a:1"], "labels": {"__meta_team": "x"}}]"#)
        .file("one.yml", "- targets: ['b:2']\n")
        .expect_log("discovery failed")
        .start();
    let path = |name: &str| host.folder().path().join(name).display().to_string();
    let (a, one) = (path("targets/a.json"), path("one.yml"));
    let first = format!("a:1 __meta_filepath={a} __meta_team=x");
    let second = format!("b:2 __meta_filepath={one}");
    wait_for_targets(&host, &[&first, &second]);
    let ok = source(&host);
    assert_eq!((&ok["mechanism"], &ok["health"]), (&Value::from("file"), &Value::from("ok")));
    assert_eq!((&ok["targets"], &ok["failingSince"]), (&Value::from(2), &Value::Null));

    host.folder().write("targets/a.json", "[");
    let failing = wait_for("the source fails", 30 * SECONDS, || {
        let source = source(&host);
        if source["health"] == "failing" { Ok(source) } else { Err(source.to_string()) }
    });
    assert!(
        failing["lastError"].as_str().is_some_and(|error| error.contains("a.json")),
        "{failing}"
    );
    assert!(failing["failingSince"].is_string() && failing["lastSuccess"].is_string(), "{failing}");
    wait_for_targets(&host, &[&first, &second]);

    host.folder().write("targets/a.json", r#"[{"targets": ["a:9"]}]"#);
    wait_for_targets(&host, &[&format!("a:9 __meta_filepath={a}"), &second]);
    assert_eq!(source(&host)["health"], "ok");
    host.stop();
}
