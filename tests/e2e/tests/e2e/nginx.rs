//! The plugin `nginx` beside the program whose place it takes.

use std::net::TcpStream;
use std::process::Command;

use narthex_harness::{Host, Peer, Process, SECONDS, TempFolder, free_port, peer, wait_until};

use crate::beside::Beside;
use crate::support::{config, plugin};

/// An nginx with these servers, in a folder of its own.
pub(crate) struct Nginx {
    _process: Process,
    _folder: TempFolder,
}

impl Nginx {
    /// Starts it, and waits for a port of it.
    pub(crate) fn start(servers: &str, port: u16) -> Option<Self> {
        let (program, folder) = (peer(Peer::Nginx)?, TempFolder::new());
        let root = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {root}/{kind};\n"))
            .concat();
        let file = folder.write(
            "nginx.conf",
            format!(
                "daemon off;\nmaster_process off;\npid {root}/pid;\nerror_log stderr warn;\n\
                 events {{}}\nhttp {{\naccess_log off;\n{temporary}{servers}}}\n"
            ),
        );
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-p"]).arg(folder.path()).arg("-c").arg(file);
        let process = Process::spawn(&mut command);
        wait_until("nginx takes connections", 20 * SECONDS, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(Self { _process: process, _folder: folder })
    }
}

#[test]
fn the_nginx_plugin_says_what_nginx_prometheus_exporter_says() {
    let Some(exporter) = peer(Peer::NginxExporter) else { return };
    let (port, listens) = (free_port(), free_port());
    let server =
        format!("server {{ listen 127.0.0.1:{port}; location = /status {{ stub_status; }} }}\n");
    let Some(nginx) = Nginx::start(&server, port) else { return };
    let _peer = Process::spawn(Command::new(exporter).args([
        &format!("--nginx.scrape-uri=http://127.0.0.1:{port}/status"),
        &format!("--web.listen-address=127.0.0.1:{listens}"),
    ]));
    wait_until("nginx-prometheus-exporter answers", 20 * SECONDS, || {
        TcpStream::connect(("127.0.0.1", listens)).is_ok()
    });
    let jobs = format!(
        "scrape_configs:\n\
         - job_name: plugin\n  exporter: {{ plugin: nginx, config: {{ path: /status }} }}\n  \
         static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n\
         - job_name: peer\n  static_configs: [{{ targets: ['127.0.0.1:{listens}'] }}]\n"
    );
    let host = Host::with_config(&config(&jobs))
        .copy("plugins/nginx.wasm", &plugin("nginx"))
        .expect_log("nginx was not asked")
        .start();
    host.wait_for_query("nginx_up == 1", 30 * SECONDS, |s| s.len() == 2);
    let beside = Beside {
        host: &host,
        plugin: "plugin",
        peer: "peer",
        prefix: "nginx_",
        left_out: &["nginx_exporter_build_info"],
    };
    assert_eq!(beside.wait_until_same(), 8);
    beside.types_agree();
    // Each of both is a client itself.
    for metric in ["nginx_http_requests_total", "nginx_connections_accepted"] {
        beside.values_agree(metric, 0.5);
    }
    drop(nginx);
    host.wait_for_query("nginx_up == 0", 30 * SECONDS, |s| s.len() == 2);
    host.stop();
}
