//! The plugin `dockerd` on an engine whose answers were written down, behind a socket.

use narthex_harness::{Answer, Host, Replies, SECONDS, TempFolder};

use crate::support::{config, plugin};

const INFO: &str = r#"{"ID":"d-1","ContainersRunning":1,"ContainersStopped":1,"Images":2,"NCPU":4,"MemTotal":8000,
    "Driver":"overlay2","CgroupDriver":"systemd","ServerVersion":"28.2.2"}"#;
const CONTAINERS: &str = r#"[
    {"Id":"c301","Names":["/shop_web_1"],"Image":"nginx:1.27","State":"running","Status":"Up 40 seconds (healthy)"},
    {"Id":"c302","Names":["/shop_job_1"],"Image":"job:1","State":"exited","Status":"Exited (3) 2 hours ago"}
]"#;
const WEB: &str = r#"{"Name":"/shop_web_1","Created":"2026-01-05T08:00:00Z","RestartCount":2,
    "State":{"StartedAt":"2026-01-05T08:30:00.5Z","Health":{"Status":"healthy"}},
    "Config":{"Labels":{"team":"shop"}},"HostConfig":{"Memory":4000}}"#;
const WEB_STATS: &str = r#"{"pids_stats":{"current":5},
    "cpu_stats":{"cpu_usage":{"total_usage":3500000000,"usage_in_kernelmode":1,"usage_in_usermode":1}},
    "memory_stats":{"usage":1000,"stats":{"anon":600,"inactive_file":200}},
    "blkio_stats":{"io_service_bytes_recursive":[{"major":254,"minor":0,"op":"write","value":8192}]},
    "networks":{"eth0":{"rx_bytes":10,"tx_bytes":20}}}"#;
const JOB: &str = r#"{"Name":"/shop_job_1","Created":"2026-01-05T08:00:00Z","State":{"ExitCode":3},"Config":{},"HostConfig":{}}"#;

#[test]
fn a_container_that_does_not_answer_is_counted_and_the_others_are_told() {
    let engine = Replies::start();
    for (path, answer) in [
        ("/info", INFO),
        ("/version", "{}"),
        ("/containers/json", &CONTAINERS.replace("exited", "running")),
        ("/containers/c301/json", WEB),
        ("/containers/c301/stats", WEB_STATS),
    ] {
        engine.json(path, answer);
    }
    engine.answer("/containers/c302/json", Answer::never());
    let job = format!(
        "scrape_configs:\n- job_name: docker\n  scrape_interval: 5s\n  scrape_timeout: 5s\n  exporter: {{ plugin: dockerd }}\n  \
         static_configs: [{{ targets: ['{}'] }}]\n",
        engine.address()
    );
    let host = Host::with_config(&config(&job))
        .copy("plugins/dockerd.wasm", &plugin("dockerd"))
        .expect_log("c302")
        .start();
    host.wait_for_query("dockerd_scrape_failed_requests == 1", 30 * SECONDS, |s| s.len() == 1);
    for metric in ["container_spec_memory_limit_bytes", "container_memory_usage_bytes"] {
        let told = host.query(metric);
        assert_eq!(told.len(), 1, "{metric}");
        assert_eq!(told[0].label("name"), "shop_web_1");
    }
    let asked = engine.requests();
    assert!(asked.iter().all(|request| !request.path.starts_with("/containers/c302/stats")));
    host.stop();
}

#[test]
fn containers_of_an_engine_are_told_over_its_socket() {
    let folder = TempFolder::new();
    let socket = folder.path().join("docker.sock");
    let engine = Replies::on_socket(&socket);
    for (path, answer) in [
        ("/info", INFO),
        ("/version", r#"{"GitCommit":"45873be"}"#),
        ("/containers/json", CONTAINERS),
        ("/containers/c301/json", WEB),
        ("/containers/c301/stats", WEB_STATS),
        ("/containers/c302/json", JOB),
    ] {
        engine.json(path, answer);
    }
    let jobs = format!(
        "scrape_configs:\n- job_name: docker\n  \
         exporter: {{ plugin: dockerd, config: {{ host: 'unix://{}' }} }}\n  \
         static_configs: [{{ targets: [here] }}]\n",
        socket.display()
    );
    let host = Host::with_config(&config(&jobs))
        .copy("plugins/dockerd.wasm", &plugin("dockerd"))
        .flag("--web.enable-lifecycle")
        .start();

    // The socket is no target, so it needs the operator's word.
    host.wait_for_query("up == 0", 30 * SECONDS, |s| s.len() == 1);
    let grant =
        format!("dir: plugins, allow: {{ dockerd: {{ net: ['unix://{}'] }} }}", socket.display());
    let refused = host.json("/api/v1/targets");
    let refused = refused["data"]["activeTargets"][0]["lastError"].as_str().unwrap_or_default();
    assert!(refused.contains("may not connect to unix:///"), "{refused}");
    assert!(engine.requests().is_empty());
    let answer = host.reload_with(&config(&jobs).replace("dir: plugins", &grant));
    assert_eq!(answer.status, 200, "{}", answer.text());

    host.wait_for_query("container_last_seen", 30 * SECONDS, |s| s.len() == 1);
    let web = "id='/system.slice/docker-c301.scope',image='nginx:1.27',name='shop_web_1',\
               container_label_team='shop',instance='here'";
    for (expression, value) in [
        ("engine_daemon_container_states_containers{state='stopped'}".to_owned(), 1.0),
        (format!("container_cpu_usage_seconds_total{{{web},cpu='total'}}"), 3.5),
        (format!("container_memory_working_set_bytes{{{web}}}"), 800.0),
        (format!("container_fs_writes_bytes_total{{{web},device='254:0'}}"), 8192.0),
        (format!("container_network_transmit_bytes_total{{{web},interface='eth0'}}"), 20.0),
        (format!("container_spec_memory_limit_bytes{{{web}}}"), 4000.0),
        (format!("container_start_time_seconds{{{web}}}"), 1_767_601_800.0),
        (format!("container_health_state{{{web}}}"), 1.0),
        (format!("dockerd_container_restarts_total{{{web}}}"), 2.0),
        ("dockerd_container_exit_code{name='shop_job_1'}".to_owned(), 3.0),
        ("dockerd_container_state{name='shop_job_1',state='exited'}".to_owned(), 1.0),
        ("dockerd_scrape_failed_requests".to_owned(), 0.0),
    ] {
        let found: Vec<f64> = host.query(&expression).iter().map(|series| series.value).collect();
        assert_eq!(found, [value], "{expression}");
    }
    let asked = engine.requests();
    let asked: Vec<_> = asked.iter().filter(|request| request.path.contains("/stats")).collect();
    assert!(
        asked
            .iter()
            .all(|request| request.path == "/containers/c301/stats?stream=false&one-shot=true")
    );
    assert!(!asked.is_empty(), "who runs is asked what it spends");

    engine.json("/containers/json", "[]");
    host.wait_for_query("container_last_seen", 30 * SECONDS, <[_]>::is_empty);
    drop(engine);
    host.wait_for_query("up == 0", 30 * SECONDS, |s| s.len() == 1);
    host.stop();
}
