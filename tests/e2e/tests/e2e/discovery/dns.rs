//! Names that the system's search list completes, beside a real dnsmasq. A Prometheus finds the same.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

use narthex_harness::{Host, Peer, Process, SECONDS, http, peer, skip, wait_for};

use super::{shown, wait_for_targets};
use crate::prometheus::Prometheus;
use crate::support::{config, plugin};

/// One suffix that the server refuses, one that it is silent about, one that has the names; the second line of options
/// leaves what the first said.
const SEARCH: &str = "search refused.test silent.test good.test\noptions ndots:2\noptions edns0\n";

/// What the names stand for: the second has fewer dots than a name that is tried as it is.
const FOUND: [&str; 2] = ["192.0.2.7:80 __meta_dns_name=web", "192.0.2.9:80 __meta_dns_name=a.web"];

/// Gives a program a `resolv.conf` of its own, in a mount namespace.
fn under(file: &Path) -> [String; 6] {
    let mount = format!("mount --bind {} /etc/resolv.conf && exec \"$0\" \"$@\"", file.display());
    let words = ["unshare", "--map-root-user", "--mount", "sh", "-c"].map(str::to_owned);
    let [unshare, map, own, shell, flag] = words;
    [unshare, map, own, shell, flag, mount]
}

/// An address of the loopback interface on which nobody else serves names.
fn address() -> String {
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.53.{high}.{}", low.clamp(1, 254))
}

fn dnsmasq(program: &Path, address: &str, silent: &UdpSocket) -> Process {
    let silent = silent.local_addr().expect("a bound socket has an address");
    Process::spawn(Command::new(program).args([
        "--no-daemon",
        "--no-resolv",
        "--no-hosts",
        "--bind-interfaces",
        "--user=root",
        "--port=53",
        &format!("--listen-address={address}"),
        &format!("--server=/silent.test/127.0.0.1#{}", silent.port()),
        "--local=/good.test/",
        "--host-record=web.good.test,192.0.2.7",
        "--host-record=a.web.good.test,192.0.2.9",
        "--host-record=a.web,192.0.2.8",
    ]))
}

fn can_have_a_search_list() -> bool {
    let words = under(Path::new("/dev/null"));
    let (program, arguments) = words.split_first().expect("a program");
    let mounts = Command::new(program).args(arguments).arg("true").output();
    mounts.is_ok_and(|output| output.status.success()) && UdpSocket::bind((address(), 53)).is_ok()
}

#[test]
fn a_prometheus_and_we_go_through_the_search_list_alike() {
    let Some(server) = peer(Peer::Dnsmasq) else { return };
    if !can_have_a_search_list() {
        return skip(
            "a search list: this machine lets nobody mount a file or serve names at port 53",
        );
    }
    let address = address();
    let silent = UdpSocket::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    let mut server = dnsmasq(&server, &address, &silent);
    server.wait_for_line("started", 20 * SECONDS);

    let jobs = "scrape_configs:\n- job_name: found\n  \
         dns_sd_configs: [{ names: [web, a.web], type: A, port: 80, refresh_interval: 10s }]\n  \
         relabel_configs: [{ action: drop, source_labels: [job], regex: found }]\n";
    let words = under(Path::new("resolv.conf"));
    let host = Host::with_config(&config(jobs))
        .file("resolv.conf", format!("nameserver {address}\n{SEARCH}"))
        .copy("plugins/dns.wasm", &plugin("dns"))
        .under(&words.each_ref().map(String::as_str))
        .start();
    wait_for_targets(&host, &FOUND);

    if let Some(program) = peer(Peer::Prometheus) {
        let words = under(&host.folder().path().join("resolv.conf"));
        let (unshare, arguments) = words.split_first().expect("a program");
        let mut command = Command::new(unshare);
        let theirs = Prometheus::start_by(command.args(arguments).arg(program), jobs, &[]);
        let url = format!("http://{}/api/v1/targets?state=dropped", theirs.address());
        wait_for("Prometheus finds the same", 60 * SECONDS, || {
            let answer = http::get(&url).json();
            let dropped = answer["data"]["droppedTargets"].as_array();
            let mut found: Vec<String> = dropped.into_iter().flatten().map(shown).collect();
            found.sort();
            if found == FOUND { Ok(()) } else { Err(format!("found are {found:#?}")) }
        });
    }
    host.stop();
}
