use expect_test::{Expect, expect};
use narthex_sdk::{Error, ErrorKind, Target, testing::FakeHost};

use crate::Redis;

fn target(address: &str) -> Target {
    Target { address: address.into(), labels: vec![], params: vec![], timeout_ms: 1000 }
}

/// What a server is asked without settings and latencies, answered with this `INFO`.
fn answers(info: &str) -> Vec<u8> {
    format!("+OK\r\n${}\r\n{info}\r\n-ERR no\r\n-ERR no\r\n", info.len()).into_bytes()
}

const QUIET: &str = r#""config_command":"-","latency":false,"empty_databases":false"#;

/// Lines of an answer, without comments, what every answer has, and the labels of the instance.
fn lines(answer: &str) -> String {
    let usual = ["#", "redis_exporter_", "redis_instance_info", "redis_up 1"];
    let own = answer.lines().filter(|line| !usual.iter().any(|usual| line.starts_with(usual)));
    own.map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn check(info: &str, expected: &Expect) {
    let host = FakeHost::new().tcp("r:1", &[&answers(&info.replace('\n', "\r\n"))]);
    let answer = host.collect_from::<Redis>(&format!("{{{QUIET}}}"), &target("r:1")).unwrap();
    expected.assert_eq(&lines(&answer.text()));
}

fn asked(answers: &[u8], config: &str) -> (FakeHost, String) {
    let host = FakeHost::new().tcp("r:1", &[answers]);
    let answer = host.collect_from::<Redis>(config, &target("r:1")).unwrap().text();
    (host, answer)
}

#[test]
fn numbers_states_and_units_are_those_of_redis_exporter() {
    check(
        "# Memory\nused_memory:1024\nmaxmemory_policy:noeviction\n# Persistence\nrdb_last_bgsave_status:ok\n\
         aof_last_write_status:err\n# Stats\ntotal_commands_processed:7\nlatest_fork_usec:250\nunknown_to_all:1\n\
         used_active_time_main_thread:12.5\nused_active_time_io_thread_3:1.5\n# Cluster\ncluster_enabled:0\n",
        &expect![[r#"
            redis_active_time_io_thread_seconds_total{thread="3"} 1.5
            redis_active_time_main_thread_seconds_total 12.5
            redis_aof_last_write_status 0
            redis_cluster_enabled 0
            redis_commands_processed_total 7
            redis_latest_fork_seconds 0.00025
            redis_memory_used_bytes 1024
            redis_rdb_last_bgsave_status 1
        "#]],
    );
}

#[test]
fn commands_and_their_percentiles_are_told_by_command() {
    check(
        "# Commandstats\ncmdstat_get:calls=21,usec=175,usec_per_call=8.33\n\
         cmdstat_config|get:calls=2,usec=10,usec_per_call=5.00,rejected_calls=1,failed_calls=3\n\
         # Errorstats\nerrorstat_NOAUTH:count=4\n\
         # Latencystats\nlatency_percentiles_usec_config|get:p50=8.031,p99=27.007,p99.9=27.007\n\
         latency_percentiles_usec_never:p50=1\n",
        &expect![[r#"
            redis_commands_duration_seconds_total{cmd="get"} 0.000175
            redis_commands_duration_seconds_total{cmd="config|get"} 0.00001
            redis_commands_failed_calls_total{cmd="config|get"} 3
            redis_commands_rejected_calls_total{cmd="config|get"} 1
            redis_commands_total{cmd="get"} 21
            redis_commands_total{cmd="config|get"} 2
            redis_errors_total{err="NOAUTH"} 4
            redis_latency_percentiles_usec{cmd="config|get",quantile="50.0"} 8.031
            redis_latency_percentiles_usec{cmd="config|get",quantile="99.0"} 27.007
            redis_latency_percentiles_usec{cmd="config|get",quantile="99.9"} 27.007
            redis_latency_percentiles_usec_sum{cmd="config|get"} 10
            redis_latency_percentiles_usec_count{cmd="config|get"} 2
        "#]],
    );
}

#[test]
fn both_sides_of_a_replication_are_told() {
    check(
        "# Replication\nrole:slave\nmaster_host:10.0.0.1\nmaster_port:6379\nmaster_link_status:up\n\
         master_last_io_seconds_ago:4\nmaster_sync_in_progress:0\nslave_repl_offset:77\nslave_read_only:1\n\
         connected_slaves:1\nslave0:ip=10.0.0.2,port=6380,state=online,offset=70,lag=1\nmaster_repl_offset:77\n",
        &expect![[r#"
            redis_connected_slave_lag_seconds{slave_ip="10.0.0.2",slave_port="6380",slave_state="online"} 1
            redis_connected_slave_offset_bytes{slave_ip="10.0.0.2",slave_port="6380",slave_state="online"} 70
            redis_connected_slaves 1
            redis_master_last_io_seconds_ago{master_host="10.0.0.1",master_port="6379"} 4
            redis_master_link_up{master_host="10.0.0.1",master_port="6379"} 1
            redis_master_repl_offset 77
            redis_master_sync_in_progress{master_host="10.0.0.1",master_port="6379"} 0
            redis_slave_info{master_host="10.0.0.1",master_port="6379",read_only="1"} 1
            redis_slave_repl_offset{master_host="10.0.0.1",master_port="6379"} 77
        "#]],
    );
}

#[test]
fn a_replica_of_many_masters_tells_each() {
    check(
        "# Replication\nmaster_host:a\nmaster_port:1\nmaster_link_status:up\nmaster_1_host:b\nmaster_1_port:2\n\
         master_1_link_status:down\n",
        &expect![[r#"
            redis_master_link_up{master_host="a",master_port="1"} 1
            redis_master_link_up{master_host="b",master_port="2"} 0
        "#]],
    );
}

#[test]
fn databases_without_keys_are_told_up_to_the_setting() {
    let info = "# Keyspace\r\ndb1:keys=5,expires=2,avg_ttl=2500,cached_keys=4\r\n";
    let setting = |name: &str, value: &str| {
        format!("*2\r\n${}\r\n{name}\r\n${}\r\n{value}\r\n", name.len(), value.len())
    };
    let answers = format!(
        "+OK\r\n${}\r\n{info}\r\n{}{}{}*0\r\n-NOPERM\r\n{}:3\r\n*1\r\n*3\r\n:9\r\n:1700000000\r\n:1500\r\n",
        info.len(),
        setting("databases", "3"),
        setting("io-threads", "4"),
        setting("maxclients", "100"),
        setting("client-output-buffer-limit", "normal 1 2 3"),
    );
    let (_, answer) = asked(answers.as_bytes(), r#"{"latency":false}"#);
    expect![[r#"
        redis_config_client_output_buffer_limit_bytes{class="normal",limit="hard"} 1
        redis_config_client_output_buffer_limit_bytes{class="normal",limit="soft"} 2
        redis_config_client_output_buffer_limit_overcome_seconds{class="normal",limit="soft"} 3
        redis_config_io_threads 4
        redis_config_maxclients 100
        redis_db_avg_ttl_seconds{db="db1"} 2.5
        redis_db_keys{db="db1"} 5
        redis_db_keys{db="db0"} 0
        redis_db_keys{db="db2"} 0
        redis_db_keys_cached{db="db1"} 4
        redis_db_keys_expiring{db="db1"} 2
        redis_db_keys_expiring{db="db0"} 0
        redis_db_keys_expiring{db="db2"} 0
        redis_last_slow_execution_duration_seconds 0.0015
        redis_slowlog_last_id 9
        redis_slowlog_length 3
    "#]]
    .assert_eq(&lines(&answer));
}

#[test]
fn histograms_have_the_time_of_subcommands_and_all_calls() {
    let info = "# Commandstats\r\ncmdstat_set:calls=3,usec=30\r\ncmdstat_set|x:calls=1,usec=4\r\ncmdstat_setex:calls=1,usec=9\r\n";
    let answers = format!(
        "+OK\r\n${}\r\n{info}\r\n*1\r\n*4\r\n$7\r\ncommand\r\n:1700000000\r\n:25\r\n:50\r\n\
         *2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:4\r\n$14\r\nhistogram_usec\r\n*4\r\n:8\r\n:1\r\n:16\r\n:3\r\n:0\r\n*0\r\n",
        info.len()
    );
    let (_, answer) =
        asked(answers.as_bytes(), r#"{"config_command":"-","empty_databases":false}"#);
    let own = lines(&answer);
    let own =
        own.lines().filter(|line| line.starts_with("redis_commands_lat") || line.contains("spike"));
    expect![[r#"
        redis_commands_latencies_usec_bucket{cmd="set",le="8.0"} 1
        redis_commands_latencies_usec_bucket{cmd="set",le="16.0"} 3
        redis_commands_latencies_usec_bucket{cmd="set",le="+Inf"} 4
        redis_commands_latencies_usec_sum{cmd="set"} 34
        redis_commands_latencies_usec_count{cmd="set"} 4
        redis_latency_spike_duration_seconds{event_name="command"} 0.025
        redis_latency_spike_last{event_name="command"} 1700000000
    "#]]
    .assert_eq(&own.map(|line| format!("{line}\n")).collect::<String>());
}

#[test]
fn passwords_are_sent_as_a_line_where_they_can_be() {
    let sent = |password: &str| {
        let mut all = b"+OK\r\n".to_vec();
        all.extend(answers(""));
        let config = format!(r#"{{"user":"me","password":{password:?},{QUIET}}}"#);
        let (host, _) = asked(&all, &config);
        String::from_utf8(host.sent())
            .unwrap()
            .split("*3\r\n$6\r\nCLIENT")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(sent("a \"b"), "AUTH 'me' 'a \"b'\r\n");
    assert_eq!(sent("it's"), "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$4\r\nit's\r\n");
    assert_eq!(sent("back\\"), "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$5\r\nback\\\r\n");
}

/// As of a password that the host puts in, and that ends in a backslash: the second connection has no quotes.
#[test]
fn a_line_that_a_server_cannot_read_is_sent_without_quotes() {
    let unbalanced = b"-ERR Protocol error: unbalanced quotes in request\r\n";
    let config = format!(r#"{{"user":"me","password":"kept",{QUIET}}}"#);
    let (host, answer) = asked(unbalanced, &config);
    assert!(
        String::from_utf8(host.sent())
            .unwrap()
            .starts_with("AUTH 'me' 'kept'\r\nAUTH 'me' kept\r\n")
    );
    assert!(answer.contains("\nredis_up 0\n"), "{answer}");
    assert!(answer.contains("plugins: { allow: { redis: { reveal_secrets: true } } }"), "{answer}");
}

#[test]
fn a_server_that_cannot_be_asked_is_down_with_the_reason() {
    for (answers, reason) in [
        (&b"-WRONGPASS invalid"[..], "the server closed the connection"),
        (b"-WRONGPASS invalid\r\n", "log in: WRONGPASS invalid"),
        (b"+OK\r\n+OK\r\n-NOPERM no\r\n:1\r\n*0\r\n", "INFO: NOPERM no"),
        (b"HTTP/1.1 400 Bad Request\r\n", "the other side does not speak the protocol of Redis"),
        (b"+OK\r\n+OK\r\n$99999999\r\n", "the server answered more than 16 MiB"),
        (b"+OK\r\n+OK\r\n$x\r\n", "the answer has something else where a number belongs"),
    ] {
        let (_, answer) = asked(answers, &format!(r#"{{"password":"secret",{QUIET}}}"#));
        assert!(answer.contains("\nredis_up 0\n"), "{answer}");
        let told = format!("redis_exporter_last_scrape_error{{err=\"{reason}\"}} 1\n");
        assert!(answer.contains(&told), "{answer}");
    }
}

#[test]
fn lists_without_end_are_refused() {
    let deep = b"+OK\r\n".iter().chain(b"*1\r\n".repeat(100).iter()).copied().collect::<Vec<_>>();
    let (_, answer) = asked(&deep, &format!("{{{QUIET}}}"));
    assert!(answer.contains("the answer is a list too deep"), "{answer}");
    let (_, answer) = asked(b"+OK\r\n+OK\r\n*500001\r\n", &format!("{{{QUIET}}}"));
    assert!(answer.contains("the server answered more than 500000 elements"), "{answer}");
    let long = [b"+OK\r\n".as_slice(), &b"x".repeat(100_000)].concat();
    let (_, answer) = asked(&long, &format!("{{{QUIET}}}"));
    assert!(answer.contains("does not speak the protocol"), "{answer}");
}

#[test]
fn what_the_operator_must_mend_is_an_error() {
    let refused = |address: &str| -> Error {
        FakeHost::new().collect_from::<Redis>("{}", &target(address)).unwrap_err()
    };
    assert!(refused("r:1").is_denied());
    let error = refused("r");
    assert_eq!(error.kind, ErrorKind::Config);
    assert_eq!(error.message, "r: the target must be host:port");
}

#[test]
fn a_sentinel_tells_what_it_watches() {
    let pairs = |pairs: &[(&str, &str)]| {
        let words = pairs.iter().flat_map(|(name, value)| [name, value]);
        let words = words.map(|word| format!("${}\r\n{word}\r\n", word.len()));
        format!("*{}\r\n{}", pairs.len() * 2, words.collect::<String>())
    };
    let info = "# Sentinel\nsentinel_masters:1\nmaster0:name=shop,status=sdown,address=10.0.0.1:6379,slaves=1,sentinels=2\n";
    let mut all = answers(&info.replace('\n', "\r\n"));
    let master = [
        ("name", "shop"),
        ("ip", "10.0.0.1"),
        ("port", "6379"),
        ("quorum", "2"),
        ("last-ok-ping-reply", "1500"),
    ];
    all.extend(format!("*1\r\n{}", pairs(&master)).bytes());
    all.extend(b"-NOQUORUM 1 usable\r\n");
    all.extend(format!("*1\r\n{}", pairs(&[("flags", "s_down,sentinel")])).bytes());
    all.extend(
        format!("*2\r\n{}{}", pairs(&[("flags", "slave")]), pairs(&[("flags", "slave,o_down")]))
            .bytes(),
    );
    let (_, answer) = asked(&all, &format!("{{{QUIET}}}"));
    expect![[r#"
        redis_sentinel_master_ckquorum_status{master_name="shop",message="NOQUORUM 1 usable"} 0
        redis_sentinel_master_config_epoch{master_name="shop",master_address="10.0.0.1:6379"} 0
        redis_sentinel_master_last_ok_ping_reply_seconds{master_name="shop",master_address="10.0.0.1:6379"} 1.5
        redis_sentinel_master_ok_sentinels{master_name="shop",master_address="10.0.0.1:6379"} 1
        redis_sentinel_master_ok_slaves{master_name="shop",master_address="10.0.0.1:6379"} 1
        redis_sentinel_master_sentinels{master_name="shop",master_address="10.0.0.1:6379"} 2
        redis_sentinel_master_setting_ckquorum{master_name="shop",master_address="10.0.0.1:6379"} 2
        redis_sentinel_master_setting_down_after_milliseconds{master_name="shop",master_address="10.0.0.1:6379"} 0
        redis_sentinel_master_setting_failover_timeout{master_name="shop",master_address="10.0.0.1:6379"} 0
        redis_sentinel_master_setting_parallel_syncs{master_name="shop",master_address="10.0.0.1:6379"} 0
        redis_sentinel_master_slaves{master_name="shop",master_address="10.0.0.1:6379"} 1
        redis_sentinel_master_status{master_name="shop",master_address="10.0.0.1:6379",master_status="sdown"} 0
        redis_sentinel_masters 1
    "#]]
    .assert_eq(&lines(&answer));
}
