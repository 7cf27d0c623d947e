//! What this machine's NFS server does, from `/proc/net/rpc/nfsd`.

use narthex_sdk::{Error, Metrics};

use super::{
    nfs::Line,
    procedures::{SERVER_VERSION_4, VERSION_2, VERSION_3},
};
use crate::source::{Scrape, no_data, proc_if_there};

const FILE: &str = "net/rpc/nfsd";

/// Line, column, metric, help.
const COUNTS: [(&str, usize, &str, &str); 11] = [
    (
        "rc",
        0,
        "node_nfsd_reply_cache_hits_total",
        "Total number of NFSd Reply Cache hits (client lost server response).",
    ),
    (
        "rc",
        1,
        "node_nfsd_reply_cache_misses_total",
        "Total number of NFSd Reply Cache an operation that requires caching (idempotent).",
    ),
    (
        "rc",
        2,
        "node_nfsd_reply_cache_nocache_total",
        "Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…).",
    ),
    ("fh", 0, "node_nfsd_file_handles_stale_total", "Total number of NFSd stale file handles"),
    ("io", 0, "node_nfsd_disk_bytes_read_total", "Total NFSd bytes read."),
    ("io", 1, "node_nfsd_disk_bytes_written_total", "Total NFSd bytes written."),
    ("th", 0, "node_nfsd_server_threads", "Total number of NFSd kernel threads that are running."),
    (
        "ra",
        0,
        "node_nfsd_read_ahead_cache_size_blocks",
        "How large the read ahead cache is in blocks.",
    ),
    (
        "ra",
        11,
        "node_nfsd_read_ahead_cache_not_found_total",
        "Total number of NFSd read ahead cache not found.",
    ),
    ("net", 3, "node_nfsd_connections_total", "Total number of NFSd TCP connections."),
    ("rpc", 0, "node_nfsd_server_rpcs_total", "Total number of NFSd RPCs."),
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let text = proc_if_there(FILE)?.ok_or_else(|| no_data("server of NFS"))?;
    let line = |key: &str| Line::find(FILE, &text, key);
    for (key, column, name, help) in COUNTS {
        let family = if name.ends_with("_total") {
            metrics.counter(name, help)
        } else {
            metrics.gauge(name, help)
        };
        family.set(line(key).value(column)?);
    }
    let net = line("net");
    metrics
        .counter(
            "node_nfsd_packets_total",
            "Total NFSd network packets (sent+received) by protocol type.",
        )
        .sample(&[("proto", "udp")], net.value(1)?)
        .sample(&[("proto", "tcp")], net.value(2)?);
    let rpc = line("rpc");
    metrics
        .counter("node_nfsd_rpc_errors_total", "Total number of NFSd RPC errors by error type.")
        .sample(&[("error", "fmt")], rpc.value(2)?)
        .sample(&[("error", "auth")], rpc.value(3)?)
        .sample(&[("error", "cInt")], rpc.value(4)?);
    requests(metrics, &text)
}

fn requests(metrics: &mut Metrics, text: &str) -> Result<(), Error> {
    let family = metrics
        .counter("node_nfsd_requests_total", "Total number NFSd Requests by method and protocol.");
    let versions: [(&str, &str, &[&str]); 3] = [
        ("2", "proc2", &VERSION_2),
        ("3", "proc3", &VERSION_3),
        ("4", "proc4ops", &SERVER_VERSION_4),
    ];
    for (proto, key, methods) in versions {
        let calls = Line::find(FILE, text, key);
        for (index, method) in methods.iter().enumerate() {
            // Of a server, calls that do nothing are not shown.
            if !["", "Null"].contains(method) {
                family.sample(&[("proto", proto), ("method", method)], calls.value(index + 1)?);
            }
        }
    }
    let delegations = Line::find(FILE, text, "wdeleg_getattr").value(0)?;
    family.sample(&[("proto", "4"), ("method", "WdelegGetattr")], delegations);
    Ok(())
}
