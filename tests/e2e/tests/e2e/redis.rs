//! The plugin `redis` beside the program whose place it takes, on a master, its replica and their sentinel.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use narthex_harness::{Host, Peer, Process, SECONDS, TempFolder, free_port, peer, wait_until};

use crate::beside::Beside;
use crate::support::{certificate, plugin, with_profile};

/// With what ends words and texts elsewhere.
const PASSWORD: &str = "p\"a\\ss word";

/// With what hides the quote behind it.
const PASSWORD_OF_BACK: &str = "back\\";

/// What only the peer says, and labels whose values change from scrape to scrape: bounds of buckets come with the first
/// command that falls into them.
const LEFT_OUT: [&str; 7] = [
    "redis_exporter_build_info",
    "redis_exporter_scrapes_total",
    "redis_exporter_scrape_duration_seconds_sum",
    "redis_exporter_scrape_duration_seconds_count",
    "redis_target_scrape_request_errors_total",
    "redis_last_key_groups_scrape_duration_milliseconds",
    "le",
];

/// A server in a folder of its own, on a free port.
struct Redis {
    port: u16,
    _process: Process,
    _folder: TempFolder,
}

impl Redis {
    fn start(settings: &str, arguments: &[&str]) -> Option<Self> {
        let (program, folder, port) = (peer(Peer::RedisServer)?, TempFolder::new(), free_port());
        let file = folder.write(
            "redis.conf",
            format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nrequirepass '{PASSWORD}'\n{settings}",
                folder.path().display()
            ),
        );
        let process = Process::spawn(Command::new(program).arg(file).args(arguments));
        wait_until("redis takes connections", 20 * SECONDS, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(Self { port, _process: process, _folder: folder })
    }

    /// Runs commands, a line each, and answers what the server says to all of them.
    fn run(&self, commands: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("redis listens");
        let all = format!("AUTH '{PASSWORD}'\n{commands}\nQUIT\n").replace('\n', "\r\n");
        stream.write_all(all.as_bytes()).expect("redis reads");
        let mut answers = String::new();
        stream.read_to_string(&mut answers).expect("redis answers and closes");
        answers
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Two jobs: the plugin's, and the one that asks the peer about the same server.
fn jobs(name: &str, server: &Redis, exporter: u16) -> String {
    let (address, password) =
        (server.address(), PASSWORD.replace('\\', "\\\\").replace('"', "\\\""));
    format!(
        "- job_name: {name}_plugin\n  \
         exporter: {{ plugin: redis, config: {{ user: default, password: \"{password}\" }} }}\n  \
         static_configs: [{{ targets: ['{address}'] }}]\n\
         - job_name: {name}_peer\n  metrics_path: /scrape\n  \
         params: {{ target: ['redis://{address}'] }}\n  \
         static_configs: [{{ targets: ['127.0.0.1:{exporter}'] }}]\n"
    )
}

fn secure_job(name: &str, port: u16, profile: &str) -> String {
    let password = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "- job_name: {name}\n  \
         exporter: {{ plugin: redis, config: {{ password: \"{password}\", tls: {profile} }} }}\n  \
         static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n"
    )
}

/// Metrics of a server whose values do not move.
fn still(name: &str) -> &'static [&'static str] {
    match name {
        "sentinel" => &[
            "redis_sentinel_master_status",
            "redis_sentinel_master_ok_slaves",
            "redis_sentinel_master_setting_down_after_milliseconds",
        ],
        "replica" => &["redis_master_link_up", "redis_slave_info", "redis_db_keys"],
        _ => &[
            "redis_db_keys",
            "redis_db_keys_expiring",
            "redis_config_client_output_buffer_limit_bytes",
            "redis_config_maxclients",
            "redis_memory_max_bytes",
            "redis_latency_spike_last",
            "redis_latency_spike_duration_seconds",
        ],
    }
}

#[test]
fn the_redis_plugin_says_what_redis_exporter_says() {
    let Some(exporter) = peer(Peer::RedisExporter) else { return };
    let secure_port = free_port();
    let settings = format!(
        "save ''\nenable-debug-command yes\ntls-port {secure_port}\ntls-auth-clients no\n\
         tls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\n",
        certificate("server.pem").display(),
        certificate("server.key.pem").display(),
        certificate("authority_a.pem").display(),
    );
    let Some(master) = Redis::start(&settings, &[]) else { return };
    let replicates =
        format!("save ''\nreplicaof 127.0.0.1 {}\nmasterauth '{PASSWORD}'\n", master.port);
    let replica = Redis::start(&replicates, &[]).expect("the server was there");
    let watches = format!(
        "sentinel monitor shop 127.0.0.1 {} 1\nsentinel auth-pass shop '{PASSWORD}'\n",
        master.port
    );
    let sentinel = Redis::start(&watches, &["--sentinel"]).expect("the server was there");
    let made = master.run(&format!("ACL SETUSER back on >{PASSWORD_OF_BACK} +info +auth"));
    assert_eq!(made.matches("+OK").count(), 3, "it lets in, makes the user and lets go: {made}");
    let said = master.run(
        "SET a 1\nSETEX b 1000 2\nSELECT 3\nSET c 3\nGET c\nnosuch\nCONFIG SET slowlog-log-slower-than 0\n\
         CONFIG SET latency-monitor-threshold 1\nDEBUG SLEEP 0.02",
    );
    assert_eq!(said.matches("-ERR").count(), 1, "one command is unknown: {said}");
    wait_until("the replica has it all", 30 * SECONDS, || {
        replica.run("INFO replication").contains("master_link_status:up")
    });

    let port = free_port();
    let _peer = Process::spawn(
        Command::new(exporter)
            .args(["-web.listen-address", &format!("127.0.0.1:{port}"), "-redis.addr", ""])
            .env("REDIS_PASSWORD", PASSWORD),
    );
    wait_until("redis_exporter answers", 20 * SECONDS, || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let all = [("master", &master), ("replica", &replica), ("sentinel", &sentinel)];
    let mut jobs: String = all.iter().map(|(name, server)| jobs(name, server, port)).collect();
    jobs.push_str(&secure_job("secure", secure_port, "own"));
    jobs.push_str(&secure_job("unknown", secure_port, "default"));
    jobs.push_str(&format!(
        "- job_name: back\n  \
         exporter: {{ plugin: redis, config: {{ user: back, password: '{PASSWORD_OF_BACK}' }} }}\n  \
         static_configs: [{{ targets: ['{}'] }}]\n",
        master.address()
    ));
    let host = Host::with_config(&with_profile("redis", &jobs))
        .copy("ca.pem", &certificate("authority_a.pem"))
        .copy("plugins/redis.wasm", &plugin("redis"))
        .start();
    host.wait_for_query("up == 1", 30 * SECONDS, |s| s.len() == 9);

    host.wait_for_query("redis_up{job=~'secure|back'} == 1", 30 * SECONDS, |s| s.len() == 2);
    let refused =
        "redis_exporter_last_scrape_error{job='unknown',err=~'.*TLS with 127.0.0.1.*'} == 1";
    host.wait_for_query(refused, 30 * SECONDS, |s| s.len() == 1);

    for (name, series_min) in [("master", 200), ("replica", 200), ("sentinel", 60)] {
        let (ours, theirs) = (format!("{name}_plugin"), format!("{name}_peer"));
        let beside = Beside {
            host: &host,
            plugin: &ours,
            peer: &theirs,
            prefix: "redis_",
            left_out: &LEFT_OUT,
        };
        let series = beside.wait_until_same();
        assert!(series >= series_min, "the {name} was asked: {series} series");
        beside.types_agree();
        beside.values_agree("redis_up", 0.0);
        beside.values_agree("redis_start_time_seconds", 1e-9);
        beside.values_agree("redis_process_id", 0.0);
        for metric in still(name) {
            beside.values_agree(metric, 0.0);
        }
    }
    let counts = host.query(
        "{job='master_plugin',cmd='set',__name__=~'redis_commands_(total|latencies_usec_count)'}",
    );
    assert!(counts.len() == 2 && counts.iter().all(|s| s.value == 2.0), "{counts:?}");

    // One that is gone is told as the peer tells it.
    drop(replica);
    let down = "redis_up{job=~'replica_.+'} == 0";
    host.wait_for_query(down, 30 * SECONDS, |s| s.len() == 2);
    let refused =
        "redis_exporter_last_scrape_error{job='replica_plugin',err=~'connect to .+refused.*'} == 1";
    host.wait_for_query(refused, 30 * SECONDS, |s| s.len() == 1);
    host.stop();
}
