use narthex_sdk::{ErrorKind, Label, Target, log::Level, testing::FakeHost};

use crate::Mysql;

const CHALLENGE: &[u8; 20] = b"abcdefghijklmnopqrst";

/// What the server sends, with packets counted as it counts them.
#[derive(Default)]
struct Script(Vec<u8>);

impl Script {
    fn packet(mut self, number: u8, payload: &[u8]) -> Self {
        let [a, b, c, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
        self.0.extend([a, b, c, number]);
        self.0.extend(payload);
        self
    }

    fn greeting(self, method: &str) -> Self {
        let mut payload = b"\x0a8.4.0\0\x01\0\0\0".to_vec();
        payload.extend(&CHALLENGE[..8]);
        // A zero, abilities, characters, state, abilities, the challenge's length, ten reserved bytes.
        payload.extend(b"\0\xff\xff\x2d\x02\0\xff\xff\x15\0\0\0\0\0\0\0\0\0\0");
        payload.extend(&CHALLENGE[8..]);
        payload.extend(format!("\0{method}\0").bytes());
        self.packet(0, &payload)
    }

    fn ok(self, number: u8) -> Self {
        self.packet(number, b"\0\0\0\x02\0\0\0")
    }

    fn refusal(self, number: u8, code: u16, text: &str) -> Self {
        let payload = [&b"\xff"[..], &code.to_le_bytes(), b"#28000", text.as_bytes()].concat();
        self.packet(number, &payload)
    }

    /// An answer to a question; an empty value is `NULL`.
    fn table(mut self, columns: &[&str], rows: &[&[&str]]) -> Self {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let mut number = 1_u8;
        let mut next = |script: Self, payload: &[u8]| {
            let own = number;
            number = number.wrapping_add(1);
            script.packet(own, payload)
        };
        self = next(self, &[u8::try_from(columns.len()).unwrap()]);
        for column in columns {
            let names = ["def", "", "", "", column, ""].map(text).concat();
            self = next(self, &[&names[..], b"\x0c\x2d\0\0\x01\0\0\xfd\0\0\0\0\0"].concat());
        }
        self = next(self, b"\xfe\0\0\x02\0");
        for row in rows {
            let value = |value: &&str| if value.is_empty() { vec![0xfb] } else { text(value) };
            self = next(self, &row.iter().flat_map(value).collect::<Vec<u8>>());
        }
        next(self, b"\xfe\0\0\x02\0")
    }
}

/// A server that lets the user in and then answers as the script goes on.
fn logged_in() -> Script {
    Script::default().greeting("mysql_native_password").ok(2).ok(1)
}

fn asked(script: Script, config: &str, params: &[&str]) -> (FakeHost, String) {
    let Script(sent) = script;
    let host = FakeHost::new().tcp("db:3306", &[&sent]);
    let params = params.iter().map(|name| Label::new("collect[]", *name)).collect();
    let target = Target { address: "db:3306".into(), labels: vec![], params, timeout_ms: 1000 };
    let answer = host.collect_from::<Mysql>(config, &target).unwrap().text();
    (host, answer)
}

/// What one collector makes of a table, without comments and what every answer has.
#[track_caller]
fn check(collector: &str, script: Script, expected: &[&str]) {
    let (_, answer) =
        asked(script, &format!(r#"{{"user":"u","collectors":["{collector}"]}}"#), &[]);
    let usual = ["#", "mysql_exporter_collector_duration", "mysql_up 1"];
    let own = answer.lines().filter(|line| !usual.iter().any(|usual| line.starts_with(usual)));
    let success =
        format!("mysql_exporter_collector_success{{collector=\"collect.{collector}\"}} 1");
    let expected: Vec<_> = [success.as_str()].iter().chain(expected).copied().collect();
    let mut own: Vec<_> = own.collect();
    own.sort_by_key(|line| !line.starts_with("mysql_exporter"));
    assert_eq!(own, expected);
}

#[test]
fn families_of_the_status_are_metrics_with_labels() {
    let rows: [&[&str]; 12] = [
        &["Com_select", "7"],
        &["Connection_errors_accept", "1"],
        &["Handler_read_first", "2"],
        &["Innodb_buffer_pool_pages_data", "3"],
        &["Innodb_buffer_pool_pages_dirty", "4"],
        &["Innodb_buffer_pool_pages_flushed", "5"],
        &["Innodb_buffer_pool_pages_total", "6"],
        &["Innodb_rows_read", "8"],
        &["Ssl_version", ""],
        &["Slave_running", "OFF"],
        &["wsrep_local_state_uuid", "ab-c"],
        &["wsrep_evs_repl_latency", "0.1/0.2/0.3/0.4/5"],
    ];
    check(
        "global_status",
        logged_in().table(&["Variable_name", "Value"], &rows),
        &[
            "mysql_galera_evs_repl_latency_avg_seconds 0.2",
            "mysql_galera_evs_repl_latency_max_seconds 0.3",
            "mysql_galera_evs_repl_latency_min_seconds 0.1",
            "mysql_galera_evs_repl_latency_sample_size 5",
            "mysql_galera_evs_repl_latency_stdev 0.4",
            r#"mysql_galera_status_info{wsrep_local_state_uuid="ab-c",wsrep_cluster_state_uuid="",wsrep_provider_version=""} 1"#,
            "mysql_global_status_buffer_pool_dirty_pages 4",
            r#"mysql_global_status_buffer_pool_page_changes_total{operation="flushed"} 5"#,
            r#"mysql_global_status_buffer_pool_pages{state="data"} 3"#,
            r#"mysql_global_status_commands_total{command="select"} 7"#,
            r#"mysql_global_status_connection_errors_total{error="accept"} 1"#,
            r#"mysql_global_status_handlers_total{handler="read_first"} 2"#,
            r#"mysql_global_status_innodb_row_ops_total{operation="read"} 8"#,
            "mysql_global_status_slave_running 0",
        ],
    );
}

#[test]
fn variables_that_are_numbers_are_told_and_the_version() {
    let rows: [&[&str]; 7] = [
        &["max_connections", "151"],
        &["read_only", "ON"],
        &["innodb_version", "8.4.0"],
        &["version", "8.4.0-log"],
        &["transaction_isolation", "READ-COMMITTED"],
        &["wsrep_provider_options", "a = b; gcache.size = 128M; c = d;"],
        &["validate_password.length", "8"],
    ];
    check(
        "global_variables",
        logged_in().table(&["Variable_name", "Value"], &rows),
        &[
            "mysql_galera_gcache_size_bytes 134217728",
            "mysql_global_variables_max_connections 151",
            "mysql_global_variables_read_only 1",
            "mysql_global_variables_validate_password_length 8",
            r#"mysql_transaction_isolation{level="READ-COMMITTED"} 1"#,
            r#"mysql_version_info{innodb_version="8.4.0",version="8.4.0-log",version_comment=""} 1"#,
        ],
    );
}

#[test]
fn a_replica_is_asked_in_the_words_of_each_version() {
    let columns = [
        "Source_Host",
        "Replica_IO_Running",
        "Seconds_Behind_Source",
        "Source_UUID",
        "Channel_Name",
    ];
    let script = logged_in()
        .refusal(1, 1064, "no such statement")
        .refusal(1, 1064, "nor this")
        .table(&columns, &[&["10.0.0.1", "Connecting", "", "u-1", "c"]]);
    check(
        "slave_status",
        script,
        &[
            r#"mysql_slave_status_replica_io_running{master_host="10.0.0.1",master_uuid="u-1",channel_name="c",connection_name=""} 0"#,
        ],
    );
}

#[test]
fn response_times_are_a_histogram_where_they_are_counted() {
    let table = ["TIME", "COUNT", "TOTAL"];
    let script = logged_in()
        .table(&["@@query_response_time_stats"], &[&["1"]])
        .table(
            &table,
            &[&[" 0.1", "2", " 0.15"], &["  1.0", "3", "1.5"], &["TOO LONG", "1", "TOO LONG"]],
        )
        .refusal(1, 1109, "no reads")
        .refusal(1, 1109, "no writes");
    check(
        "info_schema.query_response_time",
        script,
        &[
            r#"mysql_info_schema_query_response_time_seconds_bucket{le="0.1"} 2"#,
            r#"mysql_info_schema_query_response_time_seconds_bucket{le="1.0"} 5"#,
            r#"mysql_info_schema_query_response_time_seconds_bucket{le="+Inf"} 6"#,
            "mysql_info_schema_query_response_time_seconds_sum 1.65",
            "mysql_info_schema_query_response_time_seconds_count 6",
        ],
    );
    let absent = logged_in().refusal(1, 1193, "unknown variable");
    check("info_schema.query_response_time", absent, &[]);
}

#[test]
fn compressed_memory_is_told_by_page_size_and_pool() {
    let columns = ["page_size", "buffer_pool_instance", "a", "b", "c", "d"];
    check(
        "info_schema.innodb_cmpmem",
        logged_in().table(&columns, &[&["1024", "0", "1", "2", "3", "4000"]]),
        &[
            r#"mysql_info_schema_innodb_cmpmem_pages_free_total{page_size="1024",buffer_pool="0"} 2"#,
            r#"mysql_info_schema_innodb_cmpmem_pages_used_total{page_size="1024",buffer_pool="0"} 1"#,
            r#"mysql_info_schema_innodb_cmpmem_relocation_ops_total{page_size="1024",buffer_pool="0"} 3"#,
            r#"mysql_info_schema_innodb_cmpmem_relocation_time_seconds_total{page_size="1024",buffer_pool="0"} 4"#,
        ],
    );
}

#[test]
fn a_scrape_chooses_among_the_configured_collectors() {
    let collected = |answer: &str| -> Vec<String> {
        let lines =
            answer.lines().filter(|line| line.starts_with("mysql_exporter_collector_success"));
        lines.filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect()
    };
    let config = r#"{"user":"u","collectors":["slave_status","info_schema.innodb_cmp"]}"#;
    let (_, answer) = asked(logged_in(), config, &["slave_status", "global_status"]);
    assert_eq!(collected(&answer), ["collect.slave_status"]);
    let (_, answer) = asked(logged_in(), config, &["perf_schema.tablelocks"]);
    assert_eq!(collected(&answer), ["collect.slave_status", "collect.info_schema.innodb_cmp"]);
    let (_, answer) = asked(logged_in(), r#"{"user":"u"}"#, &[]);
    assert_eq!(collected(&answer).len(), 6);
}

/// Logs in with a password; the answer, and the packets that were sent.
fn login(script: Script, more: &str) -> (String, Vec<Vec<u8>>, FakeHost) {
    let config = format!(r#"{{"user":"me","password":"secret","collectors":[]{more}}}"#);
    let (host, answer) = asked(script, &config, &[]);
    let (sent, mut packets) = (host.sent(), Vec::new());
    let mut rest = sent.as_slice();
    while let [a, b, c, _, after @ ..] = rest {
        let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, 0])).unwrap();
        packets.push(after[..length].to_vec());
        rest = &after[length..];
    }
    (answer, packets, host)
}

/// A packet that introduces the user.
#[track_caller]
fn introduces(packet: &[u8], method: &str, answer_bytes: usize) {
    let rest = &packet[32..];
    assert_eq!(rest[..4], [b'm', b'e', 0, u8::try_from(answer_bytes).unwrap()]);
    assert_eq!(&rest[4 + answer_bytes..], format!("{method}\0").as_bytes());
}

#[test]
fn a_server_may_ask_for_another_method() {
    let script = Script::default()
        .greeting("client_ed25519")
        .packet(2, &[&b"\xfecaching_sha2_password\0"[..], CHALLENGE, b"\0"].concat())
        .packet(4, b"\x01\x03")
        .ok(5)
        .ok(1);
    let (answer, packets, _) = login(script, "");
    assert!(answer.contains("\nmysql_up 1\n"), "{answer}");
    introduces(&packets[0], "mysql_native_password", 0);
    assert_eq!(packets[1].len(), 32);
    assert_eq!(packets.last().unwrap(), &[1], "it says farewell");
}

#[test]
fn the_password_itself_is_sent_over_tls_alone() {
    let script = || Script::default().greeting("caching_sha2_password");
    let (_, packets, host) = login(script().packet(2, b"\x01\x04"), "");
    introduces(&packets[0], "caching_sha2_password", 32);
    assert_eq!(packets.len(), 1);
    let said = &host.logs()[0];
    let error = &said.fields[1].value;
    assert_eq!(said.level, Level::Warn);
    assert!(error.starts_with("log in: the server wants the password itself"), "{error}");
}

#[test]
fn what_a_server_says_before_tls_is_not_believed() {
    let script = Script::default().greeting("mysql_native_password").ok(3);
    let (answer, packets, host) = login(script, r#","tls":"default""#);
    assert!(answer.contains("\nmysql_up 0\n"), "{answer}");
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0].len(), 32, "it asks for TLS and names nobody");
    assert_eq!(
        host.logs()[0].fields[1].value,
        "the server said something between the clear and TLS"
    );
}

#[test]
fn over_tls_all_is_as_without_it() {
    let greeting = Script::default().greeting("caching_sha2_password").0;
    let rest = Script::default().packet(3, b"\x01\x04").ok(5).ok(1).0;
    let host = FakeHost::new().tcp("db:3306", &[&greeting, &rest]);
    let target =
        Target { address: "db:3306".into(), labels: vec![], params: vec![], timeout_ms: 1000 };
    let config = r#"{"user":"me","password":"secret","collectors":[],"tls":"default"}"#;
    let answer = host.collect_from::<Mysql>(config, &target).unwrap().text();
    assert!(answer.contains("\nmysql_up 1\n"), "{answer}");
    let sent = host.sent();
    assert!(sent.windows(11).any(|bytes| bytes == b"\x07\0\0\x04secret\0"), "{sent:?}");
}

#[test]
fn a_server_that_cannot_be_asked_is_down_with_a_line_in_the_log() {
    let greeting = || Script::default().greeting("mysql_native_password");
    for (script, error) in [
        (Script::default(), "the server closed the connection"),
        (Script(b"HTTP/1.1 400".to_vec()), "the other side does not speak the protocol of MySQL"),
        (Script(b"\xff\xff\xff\0".to_vec()), "the server answered more than 16 MiB"),
        (Script(b"\x04\0\0\x07".to_vec()), "the other side does not speak the protocol of MySQL"),
        (
            Script::default().packet(0, b"\x09"),
            "the other side does not speak the protocol of MySQL",
        ),
        (Script::default().packet(0, b"\x0a8.4"), "the server's packet ends before what it holds"),
        (
            Script::default().refusal(0, 1040, "Too many connections"),
            "the server says: Too many connections (1040)",
        ),
        (
            greeting().refusal(2, 1045, "Access denied"),
            "log in: the server says: Access denied (1045)",
        ),
        (
            greeting().packet(2, b"\xfeclient_ed25519\0x"),
            "log in: the user has the method \"client_ed25519\"; known are mysql_native_password and \
             caching_sha2_password",
        ),
    ] {
        let (answer, _, host) = login(script, "");
        assert!(answer.contains("\nmysql_up 0\n"), "{error}: {answer}");
        assert_eq!(host.logs()[0].fields[1].value, error);
    }
}

#[test]
fn an_answer_has_so_many_values() {
    let rows: Vec<&[&str]> = vec![&[""; 2]; 100_001];
    let script = logged_in().table(&["Variable_name", "Value"], &rows);
    let (host, answer) = asked(script, r#"{"user":"u","collectors":["global_status"]}"#, &[]);
    let failed = r#"mysql_exporter_collector_success{collector="collect.global_status"} 0"#;
    assert!(answer.contains(failed), "{answer}");
    assert_eq!(host.logs()[0].fields[1].value, "the answer has more than 200000 values");
}

#[test]
fn a_password_that_the_host_keeps_is_asked_for() {
    let host = FakeHost::new().tcp("db:3306", &[]);
    let kept = r#"{"user":"u","password":"narthex-secret-0-5f"}"#;
    let error = host.collect::<Mysql>(kept).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.message.contains("mysql: { reveal_secrets: true }"), "{}", error.message);
}

#[test]
fn what_the_operator_must_mend_is_an_error() {
    let target = |address: &str| Target {
        address: address.into(),
        labels: vec![],
        params: vec![],
        timeout_ms: 1000,
    };
    let refused = |address: &str| {
        FakeHost::new().collect_from::<Mysql>(r#"{"user":"u"}"#, &target(address)).unwrap_err()
    };
    assert!(refused("db:3306").is_denied());
    assert_eq!(refused("db").kind, ErrorKind::Config);
}
