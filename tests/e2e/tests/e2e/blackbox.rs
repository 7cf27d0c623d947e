//! The plugin `blackbox` beside the program whose place it takes, on an nginx and a dnsmasq.

mod answers;
mod conversations;
mod judged;
mod records;

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use narthex_harness::{Host, Peer, Process, SECONDS, TempFolder, free_port, peer, wait_until};

use crate::beside::Beside;
use crate::nginx::Nginx;
use crate::support::{certificate, plugin};

/// What differs from one TLS library to the next, and what the version of the peer may not say yet.
const LEFT_OUT: [&str; 3] = ["cipher", "probe_failed_due_to_bytes", "probe_timeout_seconds"];

/// What both are asked.
struct Case {
    name: &'static str,
    /// The module's keys, and what stands for TLS in them: `TLS`.
    module: String,
    target: String,
    /// Metrics whose values are the same.
    same: &'static [&'static str],
}

const HTTP: &[&str] = &[
    "probe_success",
    "probe_http_status_code",
    "probe_http_version",
    "probe_http_ssl",
    "probe_http_redirects",
    "probe_http_content_length",
    "probe_http_uncompressed_body_length",
    "probe_failed_due_to_regex",
    "probe_ip_protocol",
    "probe_ip_addr_hash",
];

const TLS: &[&str] = &[
    "probe_success",
    "probe_http_status_code",
    "probe_http_version",
    "probe_ssl_earliest_cert_expiry",
    "probe_ssl_last_chain_expiry_timestamp_seconds",
    "probe_ssl_last_chain_info",
    "probe_tls_version_info",
];

const TCP: &[&str] = &["probe_success", "probe_ip_protocol", "probe_failed_due_to_regex"];

const DNS: &[&str] = &[
    "probe_success",
    "probe_dns_answer_rrs",
    "probe_dns_authority_rrs",
    "probe_dns_additional_rrs",
    "probe_dns_query_succeeded",
];

fn cases(clear: u16, encrypted: u16, names: u16, nobody: u16) -> Vec<Case> {
    let case = |name, module: &str, target: String, same| Case {
        name,
        module: module.to_owned(),
        target,
        same,
    };
    let at = |port: u16| format!("127.0.0.1:{port}");
    let dns = |rest: &str| format!("prober: dns, dns: {{ query_name: shop.test, {rest} }}");
    vec![
        case("plain", "prober: http", format!("http://{}/", at(clear)), HTTP),
        case("bare", "prober: http", at(clear), HTTP),
        case("missing", "prober: http", format!("http://{}/none", at(clear)), HTTP),
        case("moved", "prober: http", format!("http://{}/moved", at(clear)), HTTP),
        case("round", "prober: http", format!("http://{}/round", at(clear)), &HTTP[..4]),
        case(
            "stays",
            "prober: http, http: { follow_redirects: false, valid_status_codes: [301] }",
            format!("http://{}/moved", at(clear)),
            HTTP,
        ),
        case(
            "matched",
            "prober: http, http: { fail_if_body_matches_regexp: [open] }",
            at(clear),
            HTTP,
        ),
        case(
            "cut",
            "prober: http, http: { body_size_limit: 4B, fail_if_body_not_matches_regexp: [we] }",
            at(clear),
            &["probe_success", "probe_failed_due_to_regex"],
        ),
        case("gone", "prober: http", at(nobody), &HTTP[..2]),
        case("https", "prober: http, http: { TLS }", format!("https://{}/", at(encrypted)), TLS),
        case(
            "https_old",
            "prober: http, http: { TLS, enable_http2: false, fail_if_ssl: true }",
            format!("https://{}/", at(encrypted)),
            TLS,
        ),
        case("distrusted", "prober: http", format!("https://{}/", at(encrypted)), &HTTP[..2]),
        case("tcp", "prober: tcp", at(clear), TCP),
        case("tcp_gone", "prober: tcp", at(nobody), &TCP[..1]),
        case("tcp_tls", "prober: tcp, tcp: { tls: true, TLS }", at(encrypted), &TLS[3..]),
        case(
            "talk",
            "prober: tcp, tcp: { query_response: [{ send: \"GET / HTTP/1.0\\r\\n\\r\" }, \
             { expect: '^Content-Length: ([0-9]+)', labels: [{ name: len, value: '$1' }] }] }",
            at(clear),
            TCP,
        ),
        case(
            "no_talk",
            "prober: tcp, tcp: { query_response: [{ send: \"GET / HTTP/1.0\\r\\n\\r\" }, \
             { expect: '^SSH' }] }",
            at(clear),
            TCP,
        ),
        case("dns_udp", &dns("query_type: A"), at(names), DNS),
        case("dns_tcp", &dns("query_type: A, transport_protocol: tcp"), at(names), DNS),
        case(
            "dns_judged",
            &dns("query_type: A, validate_answer_rrs: { fail_if_not_matches_regexp: \
                 ['^shop\\.test\\.\\t[0-9]+\\tIN\\tA\\t192\\.0\\.2\\.7$'] }"),
            at(names),
            DNS,
        ),
        case(
            "dns_none",
            "prober: dns, dns: { query_name: none.test, query_type: A }",
            at(names),
            DNS,
        ),
    ]
}

/// The modules as one of both takes them.
fn modules(cases: &[Case], tls: &str) -> String {
    let one = |case: &Case| format!("{}: {{ {} }}", case.name, case.module.replace("TLS", tls));
    cases.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn jobs(cases: &[Case], listens: u16) -> String {
    let plugin = modules(cases, "tls_config: { profile: own }");
    let one = |case: &Case| {
        let Case { name, target, .. } = case;
        format!(
            "- job_name: {name}_plugin\n  exporter: {{ plugin: blackbox, config: {{ modules: {{ {plugin} }} }} }}\n  \
             params: {{ module: [{name}], target: ['{target}'] }}\n  \
             static_configs: [{{ targets: [probed] }}]\n\
             - job_name: {name}_peer\n  metrics_path: /probe\n  \
             params: {{ module: [{name}], target: ['{target}'] }}\n  \
             static_configs: [{{ targets: ['127.0.0.1:{listens}'] }}]\n"
        )
    };
    cases.iter().map(one).collect()
}

/// Starts blackbox_exporter with these modules; it, and where it listens.
fn start_peer(exporter: &Path, folder: &TempFolder, modules: &str) -> (Process, u16) {
    let listens = free_port();
    let file = folder.write("blackbox.yml", format!("modules: {{ {modules} }}\n"));
    let process = Process::spawn(Command::new(exporter).args([
        &format!("--config.file={}", file.display()),
        &format!("--web.listen-address=127.0.0.1:{listens}"),
    ]));
    wait_until("blackbox_exporter answers", 20 * SECONDS, || {
        TcpStream::connect(("127.0.0.1", listens)).is_ok()
    });
    (process, listens)
}

#[test]
fn the_blackbox_plugin_says_what_blackbox_exporter_says() {
    let Some(exporter) = peer(Peer::BlackboxExporter) else { return };
    let Some(dnsmasq) = peer(Peer::Dnsmasq) else { return };
    let [clear, encrypted, names, nobody] = std::array::from_fn(|_| free_port());
    let pem = |name: &str| certificate(name).display().to_string();
    let servers = format!(
        "server {{ listen 127.0.0.1:{clear}; default_type text/plain;\n\
         location = / {{ return 200 'we are open\\n'; }}\n\
         location = /moved {{ return 301 /; }}\nlocation = /round {{ return 302 /round; }}\n\
         location / {{ return 404; }} }}\n\
         server {{ listen 127.0.0.1:{encrypted} ssl http2; server_name named.test;\n\
         ssl_certificate {}; ssl_certificate_key {};\nlocation / {{ return 200 'hidden'; }} }}\n",
        pem("server.pem"),
        pem("server.key.pem")
    );
    let Some(_nginx) = Nginx::start(&servers, clear) else { return };
    let mut dns = Process::spawn(Command::new(dnsmasq).args([
        "--no-daemon",
        "--no-resolv",
        "--no-hosts",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--user=root",
        &format!("--port={names}"),
        "--address=/shop.test/192.0.2.7",
        "--local=/test/",
    ]));
    dns.wait_for_line("started", 20 * SECONDS);

    let cases = cases(clear, encrypted, names, nobody);
    let folder = TempFolder::new();
    let authority = pem("authority_a.pem");
    let tls = format!("tls_config: {{ ca_file: {authority}, server_name: named.test }}");
    let (_peer, listens) = start_peer(&exporter, &folder, &modules(&cases, &tls));
    let config = format!(
        "global: {{ scrape_interval: 5s, scrape_timeout: 5s }}\n\
         plugins: {{ dir: plugins, allow: {{ blackbox: {{ net: ['127.0.0.1:*'], \
         tls: {{ own: {{ ca_file: {authority}, server_name: named.test }} }} }} }} }}\n\
         scrape_configs:\n{}",
        jobs(&cases, listens)
    );
    let host =
        Host::with_config(&config).copy("plugins/blackbox.wasm", &plugin("blackbox")).start();
    host.wait_for_query("up == 1", 120 * SECONDS, |s| s.len() == 2 * cases.len());
    for case in &cases {
        let [ours, theirs] = ["plugin", "peer"].map(|side| format!("{}_{side}", case.name));
        let beside = Beside {
            host: &host,
            plugin: &ours,
            peer: &theirs,
            prefix: "probe_",
            left_out: &LEFT_OUT,
        };
        let series = beside.wait_until_same();
        assert!(series >= 5, "{} was asked: {series} series", case.name);
        for metric in case.same {
            beside.values_agree(metric, 0.0);
        }
        beside.types_agree();
    }
    let failed = host.query("probe_success{job=~'.+_plugin'} == 0");
    assert_eq!(failed.len(), 10, "these are not as they should be: {failed:?}");
    host.stop();
}
