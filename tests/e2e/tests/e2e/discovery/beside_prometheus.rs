//! Beside Prometheus: of the same answers both find the same targets, with the same labels.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use narthex_harness::{
    Answer, Host, Peer, Process, Replies, SECONDS, TempFolder, free_port, http, peer, wait_for,
};
use serde_json::Value;

use super::shown;
use crate::support::{config, plugin};

/// The plugins that are compared. Debian's Prometheus knows neither Consul nor Nomad.
const PLUGINS: [&str; 3] = ["docker", "dockerswarm", "http"];

/// Labels that came after the version of Prometheus that Debian has.
const NEWER: [&str; 2] = ["__meta_docker_container_image=", "__meta_docker_container_image_id="];

/// Versions of the engine's API that Prometheus' client may settle on; what has no version is ours.
const ENGINE_PATHS: [&str; 2] = ["", "/v1.41"];

fn engine() -> Replies {
    let engine = Replies::start();
    engine.answer("/_ping", Answer::ok("text/plain", "OK").with_header("API-Version", "1.41"));
    for prefix in ENGINE_PATHS {
        let json = |path: &str, body| engine.json(&format!("{prefix}{path}"), body);
        json("/containers/json", include_str!("recorded/docker_containers.json"));
        json("/networks", include_str!("recorded/docker_networks.json"));
        json("/nodes", include_str!("recorded/swarm_nodes.json"));
        json("/services", include_str!("recorded/swarm_services.json"));
        json("/tasks", include_str!("recorded/swarm_tasks.json"));
    }
    engine
}

fn endpoint() -> Replies {
    let endpoint = Replies::start();
    endpoint.json(
        "/targets",
        r#"[{"targets":["a:1","[::1]:2"],"labels":{"__meta_x":"y","team":"z","empty":""}},
            {"targets":["a:1"],"labels":{"__meta_x":"other"}},{"targets":[],"labels":{}},{"labels":null}]"#,
    );
    endpoint
}

/// A job that finds targets and drops them all.
fn job(name: &str, key: &str, item: &str) -> String {
    format!(
        "- job_name: {name}\n  {key}_sd_configs: [{{ {item}, refresh_interval: 1s }}]\n  \
         relabel_configs: [{{ action: drop, source_labels: [job], regex: .* }}]\n"
    )
}

/// What was found, by job.
fn found(answer: &Value) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let dropped = answer.pointer("/data/droppedTargets").and_then(Value::as_array);
    for target in dropped.into_iter().flatten() {
        let job = target["discoveredLabels"]["job"].as_str().unwrap_or_default();
        let shown = shown(target);
        let words = shown.split(' ').filter(|word| !NEWER.iter().any(|new| word.starts_with(new)));
        found.entry(job.to_owned()).or_default().push(words.collect::<Vec<_>>().join(" "));
    }
    found.values_mut().for_each(|targets| targets.sort());
    found
}

fn prometheus(program: &Path, jobs: &str, folder: &TempFolder, port: u16) -> Process {
    let file = folder.write("prometheus.yml", jobs);
    Process::spawn(
        Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
    )
}

#[test]
fn both_find_the_same_targets_with_the_same_labels() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let (engine, endpoint) = (engine(), endpoint());
    let engine_at = format!("host: 'tcp://{}'", engine.address());
    let jobs = [
        ("docker", "docker", engine_at.clone(), 6),
        (
            "docker_all",
            "docker",
            format!(
                "{engine_at}, match_first_network: false, port: 1, host_networking_host: 'h:2'"
            ),
            9,
        ),
        ("services", "dockerswarm", format!("{engine_at}, role: services, port: 1"), 5),
        ("tasks", "dockerswarm", format!("{engine_at}, role: tasks, port: 1"), 7),
        ("nodes", "dockerswarm", format!("{engine_at}, role: nodes, port: 1"), 2),
        ("http", "http", format!("url: '{}'", endpoint.url("/targets")), 3),
    ];
    let text = jobs.iter().map(|(name, key, item, _)| job(name, key, item)).collect::<String>();
    let text = format!("scrape_configs:\n{text}");

    let (folder, port) = (TempFolder::new(), free_port());
    let peer = prometheus(&program, &text, &folder, port);
    let host = PLUGINS.iter().fold(Host::with_config(&config(&text)), |host, name| {
        host.copy(&format!("plugins/{name}.wasm"), &plugin(name))
    });
    let host = host.start();

    let url = format!("http://127.0.0.1:{port}/api/v1/targets");
    let complete = |found: &BTreeMap<String, Vec<String>>| {
        jobs.iter().all(|(name, .., count)| found.get(*name).is_some_and(|own| own.len() == *count))
    };
    let theirs = wait_for("Prometheus finds all", 60 * SECONDS, || {
        let answer = http::send("GET", &url, &[], b"").map_err(|error| error.to_string())?;
        let found = found(&answer.json());
        if complete(&found) { Ok(found) } else { Err(format!("{found:#?}\n{}", peer.output())) }
    });
    let ours = wait_for("we find all", 60 * SECONDS, || {
        let found = found(&host.json("/api/v1/targets"));
        if complete(&found) { Ok(found) } else { Err(format!("{found:#?}")) }
    });
    for (job, targets) in &theirs {
        assert_eq!(ours.get(job), Some(targets), "{job}");
    }
    host.stop();
}
