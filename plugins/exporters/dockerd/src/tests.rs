use expect_test::{Expect, expect};
use narthex_sdk::{
    ErrorKind, Target,
    http::Response,
    testing::{FakeHost, answer},
};

use crate::Dockerd;

const HOST: &str = r#""host":"unix:///run/docker.sock""#;
const BASE: &str = "http+unix://%2Frun%2Fdocker.sock";

const INFO: &str = r#"{
    "ID": "d-1", "Containers": 3, "ContainersRunning": 1, "ContainersPaused": 0, "ContainersStopped": 2, "Images": 7,
    "Driver": "overlay2", "NCPU": 4, "MemTotal": 8000, "KernelVersion": "6.12", "OperatingSystem": "Debian",
    "OSType": "linux", "OSVersion": "13", "Architecture": "x86_64", "ServerVersion": "28.2.2", "CgroupDriver": "systemd"
}"#;

/// As an engine with control groups version 2 answers, with what is not read left in.
const STATS: &str = r#"{
    "name": "/web", "id": "c1", "read": "2026-01-05T08:30:00Z", "preread": "0001-01-01T00:00:00Z", "num_procs": 0,
    "pids_stats": {"current": 5, "limit": 18446744073709551615}, "storage_stats": {}, "precpu_stats": {},
    "cpu_stats": {
        "cpu_usage": {"total_usage": 3000000000, "usage_in_kernelmode": 1000000000, "usage_in_usermode": 2000000000},
        "system_cpu_usage": 1, "online_cpus": 4,
        "throttling_data": {"periods": 10, "throttled_periods": 2, "throttled_time": 500000000}
    },
    "memory_stats": {
        "usage": 1000, "limit": 8000,
        "stats": {"active_file": 100, "anon": 600, "file": 300, "file_mapped": 50, "inactive_file": 200, "pgfault": 9, "pgmajfault": 1}
    },
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 254, "minor": 0, "op": "read", "value": 4096}, {"major": 254, "minor": 0, "op": "write", "value": 8192}
        ],
        "io_serviced_recursive": null
    },
    "networks": {"eth0": {
        "rx_bytes": 10, "rx_packets": 1, "rx_errors": 2, "rx_dropped": 3,
        "tx_bytes": 20, "tx_packets": 4, "tx_errors": 5, "tx_dropped": 6
    }}
}"#;

/// The same of version 1, shortened.
const STATS_V1: &str = r#"{
    "pids_stats": {},
    "cpu_stats": {"cpu_usage": {"total_usage": 3, "percpu_usage": [1000000000, 2000000000]}},
    "memory_stats": {
        "usage": 1000, "max_usage": 1500, "failcnt": 2,
        "stats": {"total_cache": 300, "cache": 1, "total_rss": 600, "total_inactive_file": 400, "total_swap": 7}
    },
    "blkio_stats": {"io_serviced_recursive": [{"major": 8, "minor": 1, "op": "Read", "value": 6}, {"major": 8, "minor": 1, "op": "Total", "value": 9}]},
    "networks": null
}"#;

const FACTS: &str = r#"{
    "Id": "c1", "Name": "/web", "Created": "2026-01-05T08:00:00.9Z", "RestartCount": 3,
    "State": {"Status": "running", "OOMKilled": true, "ExitCode": 0, "StartedAt": "2026-01-05T08:30:00.123456789Z",
        "Health": {"Status": "unhealthy", "FailingStreak": 4}},
    "Config": {"Labels": {"com.docker.compose.service": "web", "com_docker_compose_service": "other", "team": "a"}},
    "HostConfig": {"CgroupParent": "", "CpuShares": 0, "CpuPeriod": 0, "CpuQuota": 0, "NanoCpus": 1500000000,
        "Memory": 4000, "MemorySwap": -1, "MemoryReservation": 0}
}"#;

fn not_found(_: &narthex_sdk::http::Request) -> Result<Response, narthex_sdk::Error> {
    Ok(answer(404, &[], r#"{"message":"No such container"}"#))
}

fn engine(containers: &str) -> FakeHost {
    FakeHost::new()
        .http_json(&format!("{BASE}/info"), INFO)
        .http_json(&format!("{BASE}/version"), r#"{"GitCommit": "45873be"}"#)
        .http_json(&format!("{BASE}/containers/json?all=true"), containers)
}

/// What is said of one running container, by the answers to both questions.
fn of_container(facts: &str, stats: &str, more: &str) -> String {
    let host = engine(r#"[{"Id": "c1", "Image": "nginx:1.27", "State": "running"}]"#)
        .http_json(&format!("{BASE}/containers/c1/json"), facts)
        .http_json(&format!("{BASE}/containers/c1/stats?stream=false&one-shot=true"), stats);
    host.collect::<Dockerd>(&format!("{{{HOST}{more}}}")).unwrap().text()
}

/// Lines with this prefix, the labels that all of a container have cut out.
#[track_caller]
fn check(answer: &str, prefixes: &[&str], common: &str, expected: &Expect) {
    let own = answer.lines().filter(|line| prefixes.iter().any(|prefix| line.starts_with(prefix)));
    let own = own.map(|line| {
        assert!(line.contains(common), "{line} has {common}");
        format!("{}\n", line.replace(common, "…"))
    });
    expected.assert_eq(&own.collect::<String>());
}

const COMMON: &str = r#"id="/system.slice/docker-c1.scope",image="nginx:1.27",name="web""#;

#[test]
fn the_engine_has_its_own_names() {
    let answer = engine("[]").collect::<Dockerd>(&format!("{{{HOST}}}")).unwrap().text();
    let own = answer.lines().filter(|line| !line.starts_with('#'));
    expect![[r#"
        dockerd_images 7
        dockerd_scrape_failed_requests 0
        engine_daemon_container_states_containers{state="running"} 1
        engine_daemon_container_states_containers{state="paused"} 0
        engine_daemon_container_states_containers{state="stopped"} 2
        engine_daemon_engine_cpus_cpus 4
        engine_daemon_engine_info{version="28.2.2",commit="45873be",architecture="x86_64",graphdriver="overlay2",kernel="6.12",os="Debian",os_type="linux",os_version="13",daemon_id="d-1"} 1
        engine_daemon_engine_memory_bytes 8000
    "#]]
    .assert_eq(&own.map(|line| format!("{line}\n")).collect::<String>());
}

#[test]
fn what_a_container_spends_has_the_names_of_cadvisor() {
    let answer = of_container(FACTS, STATS, r#","container_labels":[]"#);
    let spent = [
        "container_cpu",
        "container_memory",
        "container_threads",
        "container_fs",
        "container_network",
    ];
    check(
        &answer,
        &spent,
        COMMON,
        &expect![[r#"
            container_cpu_cfs_periods_total{…} 10
            container_cpu_cfs_throttled_periods_total{…} 2
            container_cpu_cfs_throttled_seconds_total{…} 0.5
            container_cpu_system_seconds_total{…} 1
            container_cpu_usage_seconds_total{…,cpu="total"} 3
            container_cpu_user_seconds_total{…} 2
            container_fs_reads_bytes_total{…,device="254:0"} 4096
            container_fs_writes_bytes_total{…,device="254:0"} 8192
            container_memory_cache{…} 300
            container_memory_failures_total{…,failure_type="pgfault",scope="container"} 9
            container_memory_failures_total{…,failure_type="pgfault",scope="hierarchy"} 9
            container_memory_failures_total{…,failure_type="pgmajfault",scope="container"} 1
            container_memory_failures_total{…,failure_type="pgmajfault",scope="hierarchy"} 1
            container_memory_mapped_file{…} 50
            container_memory_rss{…} 600
            container_memory_total_active_file_bytes{…} 100
            container_memory_total_inactive_file_bytes{…} 200
            container_memory_usage_bytes{…} 1000
            container_memory_working_set_bytes{…} 800
            container_network_receive_bytes_total{…,interface="eth0"} 10
            container_network_receive_errors_total{…,interface="eth0"} 2
            container_network_receive_packets_dropped_total{…,interface="eth0"} 3
            container_network_receive_packets_total{…,interface="eth0"} 1
            container_network_transmit_bytes_total{…,interface="eth0"} 20
            container_network_transmit_errors_total{…,interface="eth0"} 5
            container_network_transmit_packets_dropped_total{…,interface="eth0"} 6
            container_network_transmit_packets_total{…,interface="eth0"} 4
            container_threads{…} 5
            container_threads_max{…} 0
        "#]],
    );
}

#[test]
fn older_control_groups_say_the_same_in_other_words() {
    let answer = of_container(FACTS, STATS_V1, r#","container_labels":[]"#);
    check(
        &answer,
        &["container_cpu_usage", "container_memory", "container_fs", "container_network"],
        COMMON,
        &expect![[r#"
            container_cpu_usage_seconds_total{…,cpu="cpu00"} 1
            container_cpu_usage_seconds_total{…,cpu="cpu01"} 2
            container_fs_reads_total{…,device="8:1"} 6
            container_memory_cache{…} 300
            container_memory_failcnt{…} 2
            container_memory_max_usage_bytes{…} 1500
            container_memory_rss{…} 600
            container_memory_swap{…} 7
            container_memory_total_inactive_file_bytes{…} 400
            container_memory_usage_bytes{…} 1000
            container_memory_working_set_bytes{…} 600
        "#]],
    );
}

#[test]
fn state_limits_and_labels_are_told() {
    let answer = of_container(FACTS, "{}", "");
    let told = [
        "container_spec",
        "container_start",
        "container_creation",
        "container_health",
        "container_last",
        "dockerd_container",
    ];
    let common = format!(
        r#"{COMMON},container_label_com_docker_compose_service="web",container_label_team="a""#
    );
    check(
        &answer,
        &told,
        &common,
        &expect![[r#"
            container_creation_time_seconds{…} 1767600000
            container_health_state{…} 0
            container_last_seen{…} 1767225600
            container_spec_cpu_period{…} 100000
            container_spec_cpu_quota{…} 150000
            container_spec_cpu_shares{…} 1024
            container_spec_memory_limit_bytes{…} 4000
            container_spec_memory_reservation_limit_bytes{…} 0
            container_spec_memory_swap_limit_bytes{…} 0
            container_start_time_seconds{…} 1767601800
            dockerd_container_oom_killed{…} 1
            dockerd_container_restarts_total{…} 3
            dockerd_container_state{…,state="created"} 0
            dockerd_container_state{…,state="running"} 1
            dockerd_container_state{…,state="paused"} 0
            dockerd_container_state{…,state="restarting"} 0
            dockerd_container_state{…,state="removing"} 0
            dockerd_container_state{…,state="exited"} 0
            dockerd_container_state{…,state="dead"} 0
        "#]],
    );
    let chosen = of_container(FACTS, "{}", r#","container_labels":["team"]"#);
    let common = format!(r#"{COMMON},container_label_team="a"}}"#);
    assert!(chosen.contains(&format!("container_health_state{{{common} 0\n")), "{chosen}");
}

#[test]
fn a_container_that_ended_is_not_asked_what_it_spends() {
    let ended = r#"{"Name": "/job", "Created": "2026-01-05T08:00:00Z", "State": {"ExitCode": 137, "StartedAt": "0001-01-01T00:00:00Z"},
        "Config": {"Labels": null}, "HostConfig": {"CgroupParent": "batch.slice"}}"#;
    let host = engine(r#"[{"Id": "c2", "Image": "job", "State": "exited"}]"#)
        .http_json(&format!("{BASE}/containers/c2/json"), ended);
    let answer = host.collect::<Dockerd>(&format!("{{{HOST}}}")).unwrap().text();
    let labels = r#"id="/batch.slice/docker-c2.scope",image="job",name="job""#;
    assert!(answer.contains(&format!("dockerd_container_exit_code{{{labels}}} 137\n")), "{answer}");
    assert!(
        answer.contains(&format!("container_start_time_seconds{{{labels}}} 1767600000\n")),
        "{answer}"
    );
    assert!(answer.contains(&format!("container_health_state{{{labels}}} -1\n")), "{answer}");
    assert!(!answer.contains("container_last_seen"), "{answer}");
    assert_eq!(host.requests().len(), 4);
}

#[test]
fn one_that_went_away_or_fails_costs_its_own_metrics() {
    let list = r#"[{"Id": "gone", "State": "running"}, {"Id": "c1", "Image": "i", "State": "running"}, {"Id": "ill", "State": "running"}]"#;
    let host = engine(list)
        .http(&format!("{BASE}/containers/gone/"), not_found)
        .http_json(&format!("{BASE}/containers/c1/json"), FACTS)
        .http_json(&format!("{BASE}/containers/c1/stats"), STATS)
        .http_status(&format!("{BASE}/containers/ill/"), 500, "no");
    let answer = host.collect::<Dockerd>(&format!("{{{HOST}}}")).unwrap().text();
    assert_eq!(answer.matches("\ncontainer_threads{").count(), 1, "{answer}");
    assert!(answer.contains("\ndockerd_scrape_failed_requests 1\n"), "{answer}");
    let told: Vec<_> = host.logs().into_iter().map(|line| line.fields[1].value.clone()).collect();
    assert_eq!(told, ["ill"]);
}

/// A round of questions spends a fifth of what is left, however long the other side takes.
#[test]
fn containers_that_do_not_answer_spend_less_than_the_call() {
    let list: Vec<_> =
        (0..40).map(|id| format!(r#"{{"Id": "c{id}", "State": "running"}}"#)).collect();
    let host = engine(&format!("[{}]", list.join(","))).requests_take_ms(2_500);
    let host = host.http_json(&format!("{BASE}/containers/"), "{}");
    let answer = host.collect::<Dockerd>(&format!("{{{HOST}}}")).unwrap().text();
    assert!(answer.contains("\ndockerd_scrape_failed_requests 40\n"), "{answer}");
    // The list, and three rounds: the containers' statistics are not asked for without their facts.
    assert_eq!(host.slept_ms(), 2_500 + 1_300 + 1_040 + 832);
}

#[test]
fn the_target_is_asked_where_no_host_is_set() {
    let host = FakeHost::new()
        .http_json("http://10.0.0.5:2375/info", r#"{"NCPU": 2}"#)
        .http_json("http://10.0.0.5:2375/version", "{}")
        .http_json("http://10.0.0.5:2375/containers/json", "null");
    let target = Target {
        address: "10.0.0.5:2375".into(),
        labels: vec![],
        params: vec![],
        timeout_ms: 1000,
    };
    let answer = host.collect_from::<Dockerd>("{}", &target).unwrap().text();
    assert!(answer.contains("\nengine_daemon_engine_cpus_cpus 2\n"), "{answer}");
}

#[test]
fn an_engine_that_cannot_be_asked_is_an_error() {
    let refused = |host: &FakeHost, config: &str| host.collect::<Dockerd>(config).unwrap_err();
    let config = format!("{{{HOST}}}");
    let denied = refused(&FakeHost::new(), &config);
    assert_eq!(denied.kind, ErrorKind::Denied);
    assert!(denied.message.starts_with("ask for the engine: "), "{}", denied.message);
    let ill = FakeHost::new().http_status(BASE, 500, "broken");
    assert_eq!(refused(&ill, &config).kind, ErrorKind::Protocol);
    let wrong = refused(&FakeHost::new(), r#"{"host":"npipe://x"}"#);
    assert_eq!(wrong.message, "host: its scheme must be http, https, tcp or unix");
}
