//! The plugin `node` beside the program whose place it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use narthex_harness::{Host, Peer, Process, SECONDS, free_port, http, peer, wait_until};

use crate::support::{config, plugin};

/// The collectors that the plugin has.
const COLLECTORS: [&str; 13] = [
    "cpu",
    "diskstats",
    "filefd",
    "filesystem",
    "loadavg",
    "meminfo",
    "netdev",
    "pressure",
    "sockstat",
    "stat",
    "time",
    "uname",
    "vmstat",
];

/// Not compared: what the peer says of its own build.
fn is_compared(name: &str) -> bool {
    name.starts_with("node_") && name != "node_exporter_build_info"
}

/// The one label that is not compared: `rotational` of `node_disk_info`. The kernel's file
/// `queue/rotational` says 1 for this machine's virtual disk and the plugin repeats it; version
/// 1.11 of the peer says 0.
const NOT_COMPARED: [&str; 4] = ["__name__", "job", "instance", "rotational"];

/// Series (name and labels as text) with their values, and types by family.
struct Exposition {
    series: BTreeMap<String, f64>,
    types: BTreeMap<String, String>,
}

fn parse(text: &str) -> Exposition {
    let mut parsed = Exposition { series: BTreeMap::new(), types: BTreeMap::new() };
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            if let Some((name, kind)) = rest.split_once(' ') {
                parsed.types.insert(name.to_owned(), kind.to_owned());
            }
        } else if !line.starts_with('#')
            && let Some((series, value)) = line.rsplit_once(' ')
        {
            parsed.series.insert(series.to_owned(), value.parse().unwrap_or(f64::NAN));
        }
    }
    parsed.series.retain(|series, _| is_compared(series.split('{').next().unwrap_or("")));
    parsed
}

#[test]
fn the_node_plugin_says_what_node_exporter_says() {
    let Some(node_exporter) = peer(Peer::NodeExporter) else { return };
    let port = free_port();
    let _peer = Process::spawn(
        Command::new(node_exporter)
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--collector.disable-defaults")
            .args(COLLECTORS.map(|name| format!("--collector.{name}"))),
    );
    let url = format!("http://127.0.0.1:{port}/metrics");
    wait_until("node_exporter answers", 20 * SECONDS, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let host = Host::with_config(&config(&format!(
        "scrape_configs:\n\
         - job_name: plugin\n  exporter: {{ plugin: node }}\n  \
         static_configs: [{{ targets: [localhost] }}]\n\
         - job_name: peer\n  static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n",
    )))
    .copy("plugins/node.wasm", &plugin("node"))
    .start();
    host.wait_for_query("up == 1", 30 * SECONDS, |s| s.len() == 2);

    let peer = parse(&http::get(&url).text());
    let names = |job: &str| -> BTreeSet<String> {
        let series = host.query(&format!("{{job='{job}',__name__=~'node_.+'}}"));
        let names = series.iter().map(|series| {
            let labels =
                series.labels.iter().filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()));
            let labels: Vec<String> = labels.map(|(n, v)| format!("{n}={v:?}")).collect();
            format!("{}{{{}}}", series.label("__name__"), labels.join(","))
        });
        names.filter(|name| is_compared(name.split('{').next().unwrap_or(""))).collect()
    };
    let (ours, theirs) = (names("plugin"), names("peer"));
    let missing: Vec<&String> = theirs.difference(&ours).collect();
    let extra: Vec<&String> = ours.difference(&theirs).collect();
    assert!(missing.is_empty(), "the plugin does not say: {missing:#?}");
    assert!(extra.is_empty(), "node_exporter does not say: {extra:#?}");
    assert!(theirs.len() > 100, "the peer was scraped: {}", theirs.len());

    // Types, as the metadata of both jobs was written by the same names.
    let metadata = host.json("/api/v1/metadata");
    for (name, kind) in peer.types.iter().filter(|(name, _)| is_compared(name)) {
        let known = metadata["data"][name][0]["type"].as_str().unwrap_or("");
        let kind = if kind == "untyped" { "unknown" } else { kind };
        assert_eq!(known, kind, "type of {name}");
    }

    // Values that stand still are the same; those that move are near.
    for (still, tolerance) in [
        ("node_memory_MemTotal_bytes", 0.0),
        ("node_boot_time_seconds", 0.0),
        ("node_uname_info", 0.0),
        ("node_filesystem_size_bytes", 0.0),
        ("node_filesystem_files", 0.0),
        ("node_filefd_maximum", 0.0),
        ("node_cpu_seconds_total{mode='idle'}", 0.05),
        ("node_memory_MemAvailable_bytes", 0.2),
        ("node_load15", 0.5),
        ("node_disk_written_bytes_total", 0.2),
        ("node_network_receive_bytes_total{device='lo'}", 0.5),
        ("node_context_switches_total", 0.1),
    ] {
        let (metric, braces) = still.split_once('{').unwrap_or((still, "}"));
        let ask = |job: &str| {
            let mut series = host.query(&format!("{metric}{{job='{job}',{braces}"));
            series.iter_mut().for_each(|s| {
                s.labels.retain(|name, _| name != "job" && name != "instance");
            });
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
            series
        };
        let (ours, theirs) = (ask("plugin"), ask("peer"));
        assert_eq!(ours.len(), theirs.len(), "{still}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let difference = (ours.value - theirs.value).abs();
            let allowed = tolerance * theirs.value.abs() + if tolerance > 0.0 { 2.0 } else { 0.0 };
            assert!(difference <= allowed, "{still}: {ours:?} and {theirs:?}");
        }
    }
    host.stop();
}

#[test]
fn processor_time_has_a_rate_by_cpu_and_mode() {
    let host = Host::with_config(&config(
        "scrape_configs:\n- job_name: node\n  exporter: { plugin: node }\n  \
         static_configs: [{ targets: [localhost] }]\n",
    ))
    .copy("plugins/node.wasm", &plugin("node"))
    .start();
    let rates =
        host.wait_for_query("rate(node_cpu_seconds_total[30s])", 60 * SECONDS, |s| s.len() >= 8);
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    assert_eq!(rates.len(), cpus * 8, "a series per cpu and mode");
    host.stop();
}
