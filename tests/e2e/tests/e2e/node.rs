//! The plugin `node` beside the program whose place it takes.

mod machines;
mod said;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use narthex_harness::{
    Host, Peer, Process, SECONDS, Series, TempFolder, free_port, http, peer, wait_until,
};

use crate::support::{config, plugin};

/// What the peer runs by default in Debian and the plugin does not have: a conversation over D-Bus.
const NOT_HERE: &str = "systemd";

/// What the plugin says otherwise, each with its reason.
mod allowed {
    /// Not said: the peer's own build.
    pub(super) const NAMES: [&str; 1] = ["node_exporter_build_info"];

    /// `rotational` of `node_disk_info`: the kernel's file says 1 for this machine's virtual disk and the plugin repeats it;
    /// version 1.11 of the peer says 0, where later ones read the file. `file` of the times of text files: the peer tells the
    /// whole path, the plugin knows the name of its root alone.
    pub(super) const LABELS: [&str; 2] = ["rotational", "file"];
}

/// A peer that answers on a port.
struct Answering {
    _process: Process,
    url: String,
}

impl Answering {
    fn start(program: &Path, arguments: &[String]) -> Self {
        let port = free_port();
        let process = Process::spawn(
            Command::new(program)
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .args(arguments),
        );
        wait_until("node_exporter answers", 20 * SECONDS, || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { _process: process, url: format!("http://127.0.0.1:{port}/metrics") }
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches("/metrics")
    }

    fn said(&self) -> String {
        http::get(&self.url).text()
    }
}

/// The roots that the README tells operators to grant, as far as this machine has them.
fn grants(textfile: &Path) -> String {
    let udev = if Path::new("/run/udev/data").is_dir() { "udev: /run/udev/data, " } else { "" };
    format!(
        "root: {{ path: /, access: usage }}, os: /usr/lib, {udev}zoneinfo: /usr/share/zoneinfo, textfile: {}",
        textfile.display()
    )
}

#[test]
fn the_node_plugin_says_what_node_exporter_says() {
    let Some(node_exporter) = peer(Peer::NodeExporter) else { return };
    let folder = TempFolder::new();
    let textfile =
        folder.write("textfile/backup.prom", "# HELP node_backup Done.\nnode_backup 1\n");
    let textfile = textfile.parent().expect("a file has a folder");
    let peer = Answering::start(
        &node_exporter,
        &[
            format!("--no-collector.{NOT_HERE}"),
            format!("--collector.textfile.directory={}", textfile.display()),
        ],
    );
    let scrapes = format!(
        "scrape_configs:\n\
         - job_name: plugin\n  exporter: {{ plugin: node }}\n  \
         static_configs: [{{ targets: [localhost] }}]\n\
         - job_name: peer\n  static_configs: [{{ targets: ['{}'] }}]\n",
        peer.address()
    );
    let granted = format!(
        "plugins: {{ dir: plugins, allow: {{ node: {{ files: {{ {} }} }} }} }}",
        grants(textfile)
    );
    let host = Host::with_config(&config(&scrapes).replace("plugins: { dir: plugins }", &granted))
        .copy("plugins/node.wasm", &plugin("node"))
        .start();
    host.wait_for_query("up == 1", 30 * SECONDS, |s| s.len() == 2);

    let (ours, theirs) = (series(&host, "plugin"), series(&host, "peer"));
    let missing: Vec<&String> = theirs.difference(&ours).collect();
    let extra: Vec<&String> = ours.difference(&theirs).collect();
    assert!(missing.is_empty(), "the plugin does not say: {missing:#?}");
    assert!(extra.is_empty(), "node_exporter does not say: {extra:#?}");
    assert!(theirs.len() > 300, "the peer was scraped: {}", theirs.len());

    // One metadata a name: both jobs say the same type and help.
    let metadata = host.json("/api/v1/metadata");
    let metadata = metadata["data"].as_object().expect("metadata by name");
    let of_node = metadata.iter().filter(|(name, _)| name.starts_with("node_"));
    for (name, known) in of_node.filter(|(name, _)| *name != "node_backup") {
        assert_eq!(known.as_array().map(Vec::len), Some(1), "{name}: {known}");
    }
    compare_values(&host);
    host.stop();
}

/// The series of a job as text, without what is allowed to differ.
fn series(host: &Host, job: &str) -> BTreeSet<String> {
    let series = host.query(&format!("{{job='{job}',__name__=~'node_.+'}}"));
    let compared = series.iter().filter(|s| !allowed::NAMES.contains(&s.label("__name__")));
    let text = compared.map(|series| {
        let hidden = |name: &str| {
            ["__name__", "job", "instance"].contains(&name) || allowed::LABELS.contains(&name)
        };
        let labels = series.labels.iter().filter(|(name, _)| !hidden(name));
        let labels: Vec<String> = labels.map(|(n, v)| format!("{n}={v:?}")).collect();
        format!("{}{{{}}}", series.label("__name__"), labels.join(","))
    });
    text.collect()
}

/// Values that stand still are the same; those that move are near.
fn compare_values(host: &Host) {
    for (still, tolerance) in [
        ("node_scrape_collector_success", 0.0),
        ("node_memory_MemTotal_bytes", 0.0),
        ("node_boot_time_seconds", 0.0),
        ("node_uname_info", 0.0),
        ("node_os_version", 0.0),
        ("node_filesystem_size_bytes", 0.0),
        ("node_filesystem_files", 0.0),
        ("node_filesystem_readonly", 0.0),
        ("node_filefd_maximum", 0.0),
        ("node_network_mtu_bytes", 0.0),
        ("node_network_flags", 0.0),
        ("node_network_up", 0.0),
        ("node_entropy_pool_size_bits", 0.0),
        ("node_backup", 0.0),
        ("node_textfile_mtime_seconds", 0.0),
        ("node_timex_sync_status", 0.0),
        ("node_timex_status", 0.0),
        ("node_timex_tick_seconds", 0.0),
        ("node_timex_tai_offset_seconds", 0.0),
        ("node_timex_frequency_adjustment_ratio", 0.0001),
        ("node_cpu_seconds_total{mode='idle'}", 0.05),
        ("node_memory_MemAvailable_bytes", 0.2),
        ("node_load15", 0.5),
        ("node_disk_written_bytes_total", 0.2),
        ("node_network_receive_bytes_total{device='lo'}", 0.5),
        ("node_softnet_processed_total", 0.5),
        ("node_context_switches_total", 0.1),
    ] {
        let (metric, braces) = still.split_once('{').unwrap_or((still, "}"));
        let values = |job: &str| -> BTreeMap<Vec<(String, String)>, f64> {
            let series = host.query(&format!("{metric}{{job='{job}',{braces}"));
            series.into_iter().map(|series| (told_apart(&series), series.value)).collect()
        };
        let (ours, theirs) = (values("plugin"), values("peer"));
        assert!(ours.keys().eq(theirs.keys()), "{still}: {ours:?} and {theirs:?}");
        for (labels, ours) in &ours {
            let theirs = theirs[labels];
            let allowed = tolerance * theirs.abs() + if tolerance > 0.0 { 2.0 } else { 0.0 };
            assert!((ours - theirs).abs() <= allowed, "{still}: {labels:?}: {ours} and {theirs}");
        }
    }
}

fn told_apart(series: &Series) -> Vec<(String, String)> {
    let labels = series
        .labels
        .iter()
        .filter(|(name, _)| !["job", "instance", "file"].contains(&name.as_str()));
    labels.map(|(name, value)| (name.clone(), value.clone())).collect()
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
    // What nobody granted fails alone.
    let failed = host.query("node_scrape_collector_success{collector='filesystem'}");
    assert_eq!(failed.iter().map(|series| series.value).collect::<Vec<_>>(), [0.0]);
    host.stop();
}
