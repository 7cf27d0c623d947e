//! The plugin `mysql` beside the program whose place it takes, on a MariaDB that is a replica as well.

use std::fs::File;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use narthex_harness::{Host, Peer, Process, SECONDS, TempFolder, free_port, peer, wait_until};

use crate::beside::Beside;
use crate::support::{certificate, config, plugin, with_profile};

/// With what ends texts elsewhere.
const PASSWORD: &str = "pa's w\"ord";

/// What the first start of a MariaDB writes, from its own files.
const SYSTEM_TABLES: [&str; 3] =
    ["mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"];

/// A user who may ask, one who may not, one who must speak TLS, and a connection to a source that was never there. One statement a line.
const START: &str = "CREATE USER exporter@localhost IDENTIFIED BY 'pa''s w\"ord';\n\
    GRANT PROCESS, REPLICATION CLIENT, SLAVE MONITOR ON *.* TO exporter@localhost;\n\
    CREATE USER bare@localhost;\n\
    CREATE USER secure@localhost IDENTIFIED BY 'guessed' REQUIRE SSL;\n\
    SET GLOBAL gtid_slave_pos = '0-7-100,3-9-5';\n\
    CHANGE MASTER 'shop' TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 9, MASTER_USER = 'x', \
    MASTER_USE_GTID = slave_pos;\n";

/// A server in a folder of its own, on a free port.
struct MariaDb {
    port: u16,
    _process: Process,
    _folder: TempFolder,
}

impl MariaDb {
    fn start(program: &Path) -> Self {
        let (folder, port) = (TempFolder::new(), free_port());
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join("mysql")).expect("a temporary folder takes a folder");
        let start = || {
            let mut command = Command::new(program);
            // Without the user root refuses to run it; others are told that it says nothing to them.
            command.args(["--no-defaults", "--user=root", "--datadir"]).arg(&data);
            command
        };
        let tables = SYSTEM_TABLES.map(|name| {
            let file = Path::new("/usr/share/mysql").join(name);
            std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        });
        let first = folder.write("first.sql", format!("USE mysql;\n{}", tables.join("\n")));
        let first = File::open(first).expect("the file was written");
        let made = start().arg("--bootstrap").stdin(first).output().expect("mariadbd starts");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "mariadbd makes its tables: {said}");
        let init = folder.write("init.sql", START);
        let process = Process::spawn(
            start()
                .args(["--bind-address=127.0.0.1", &format!("--port={port}"), "--server-id=2"])
                .arg("--socket")
                .arg(folder.path().join("socket"))
                .arg("--pid-file")
                .arg(folder.path().join("pid"))
                .arg("--init-file")
                .arg(init)
                .arg("--ssl-cert")
                .arg(certificate("server.pem"))
                .arg("--ssl-key")
                .arg(certificate("server.key.pem")),
        );
        wait_until("mariadb takes connections", 30 * SECONDS, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { port, _process: process, _folder: folder }
    }
}

fn job(name: &str, port: u16, login: &str) -> String {
    format!(
        "- job_name: {name}\n  exporter: {{ plugin: mysql, config: {{ {login} }} }}\n  \
         static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n"
    )
}

#[test]
fn a_password_that_is_not_revealed_is_told_with_what_reveals_it() {
    let nobody = free_port();
    let job = job("kept", nobody, "user: exporter, password: guessed");
    let host = Host::with_config(&config(&format!("scrape_configs:\n{job}")))
        .copy("plugins/mysql.wasm", &plugin("mysql"))
        .start();
    host.wait_for_query("up == 0", 30 * SECONDS, |s| s.len() == 1);
    let told = host.json("/api/v1/targets");
    let told = told["data"]["activeTargets"][0]["lastError"].as_str().unwrap_or_default();
    assert!(told.contains("plugins: { allow: { mysql: { reveal_secrets: true } } }"), "{told}");
    host.stop();
}

#[test]
fn the_mysql_plugin_says_what_mysqld_exporter_says() {
    let Some(exporter) = peer(Peer::MysqldExporter) else { return };
    let Some(program) = peer(Peer::MariaDb) else { return };
    let server = MariaDb::start(&program);
    let exporter_port = free_port();
    let _peer = Process::spawn(
        Command::new(exporter)
            .arg(format!("--web.listen-address=127.0.0.1:{exporter_port}"))
            .arg(format!("--mysqld.address=127.0.0.1:{}", server.port))
            .args(["--mysqld.username=exporter", "--config.my-cnf=/nonexistent"])
            .env("MYSQLD_EXPORTER_PASSWORD", PASSWORD),
    );
    wait_until("mysqld_exporter answers", 20 * SECONDS, || {
        TcpStream::connect(("127.0.0.1", exporter_port)).is_ok()
    });
    let jobs = [
        job("plugin", server.port, r#"user: exporter, password: "pa's w\"ord""#),
        job("bare", server.port, "user: bare, collectors: [global_status, slave_status]"),
        job("secure", server.port, "user: secure, password: guessed, tls: own"),
        job("clear", server.port, "user: secure, password: guessed"),
        job("unknown", server.port, "user: secure, password: guessed, tls: default"),
        job("wrong", server.port, "user: exporter, password: guessed"),
        format!(
            "- job_name: peer\n  static_configs: [{{ targets: ['127.0.0.1:{exporter_port}'] }}]\n"
        ),
    ];
    // The plugin hashes the password, and so must have it.
    let config = with_profile("mysql", &jobs.concat());
    let config = config.replace("mysql: { tls", "mysql: { reveal_secrets: true, tls");
    let host = Host::with_config(&config)
        .copy("plugins/mysql.wasm", &plugin("mysql"))
        .copy("ca.pem", &certificate("authority_a.pem"))
        .expect_log("Access denied for user")
        .expect_log("TLS with 127.0.0.1")
        .expect_log("collector failed")
        .start();
    host.wait_for_query("mysql_up == 1", 30 * SECONDS, |s| s.len() == 4);

    let beside =
        Beside { host: &host, plugin: "plugin", peer: "peer", prefix: "mysql_", left_out: &[] };
    let series = beside.wait_until_same();
    assert!(series > 1000, "the server was asked: {series} series");
    beside.types_agree();
    for metric in [
        "mysql_version_info",
        "mysql_exporter_collector_success",
        "mysql_transaction_isolation",
        "mysql_global_variables_max_connections",
        "mysql_global_variables_innodb_buffer_pool_size",
        "mysql_global_variables_read_only",
        "mysql_global_variables_long_query_time",
        "mysql_global_status_buffer_pool_dirty_pages",
        "mysql_slave_status_slave_io_running",
        "mysql_slave_status_master_port",
        "mysql_slave_status_gtid_slave_pos",
        "mysql_info_schema_innodb_cmp_compress_ops_total",
    ] {
        beside.values_agree(metric, 0.0);
    }
    beside.values_agree("mysql_global_status_uptime", 0.1);
    beside.values_agree("mysql_global_status_threads_connected", 0.5);
    let positions = host.query("mysql_slave_status_gtid_slave_pos{job='plugin'}");
    let positions: Vec<_> = positions.iter().map(|s| (s.label("domain_id"), s.value)).collect();
    assert_eq!(positions, [("0", 100.0), ("3", 5.0)]);

    // Who may not see something loses that, and nothing else; who may not log in sees nothing.
    let refused = host.query("mysql_exporter_collector_success{job='bare'}");
    let refused: Vec<_> = refused.iter().map(|s| (s.label("collector"), s.value)).collect();
    assert_eq!(refused, [("collect.global_status", 1.0), ("collect.slave_status", 0.0)]);
    let down = "mysql_up{job=~'wrong|clear|unknown'} == 0 and on (job) up == 1";
    host.wait_for_query(down, 30 * SECONDS, |s| s.len() == 3);
    assert_eq!(host.query("{job='wrong',__name__=~'mysql_.+'}").len(), 1);
    host.stop();
}
