//! What this machine asks of NFS servers, from `/proc/net/rpc/nfs`.

use narthex_sdk::{Error, Metrics};

use super::procedures::{CLIENT_VERSION_4, VERSION_2, VERSION_3};
use crate::source::{Scrape, no_data, number, proc_if_there};

const FILE: &str = "net/rpc/nfs";

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let text = proc_if_there(FILE)?.ok_or_else(|| no_data("client of NFS"))?;
    // A line that the kernel lacks counts as zeros.
    let line = |key: &str| Line::find(FILE, &text, key);
    let net = line("net");
    metrics
        .counter(
            "node_nfs_packets_total",
            "Total NFSd network packets (sent+received) by protocol type.",
        )
        .sample(&[("protocol", "udp")], net.value(1)?)
        .sample(&[("protocol", "tcp")], net.value(2)?);
    metrics
        .counter("node_nfs_connections_total", "Total number of NFSd TCP connections.")
        .set(net.value(3)?);
    let rpc = line("rpc");
    for (column, name, help) in [
        (0, "node_nfs_rpcs_total", "Total number of RPCs performed."),
        (1, "node_nfs_rpc_retransmissions_total", "Number of RPC transmissions performed."),
        (
            2,
            "node_nfs_rpc_authentication_refreshes_total",
            "Number of RPC authentication refreshes performed.",
        ),
    ] {
        metrics.counter(name, help).set(rpc.value(column)?);
    }
    let versions: [(&str, &str, &[&str]); 3] =
        [("2", "proc2", &VERSION_2), ("3", "proc3", &VERSION_3), ("4", "proc4", &CLIENT_VERSION_4)];
    let family = metrics.counter("node_nfs_requests_total", "Number of NFS procedures invoked.");
    for (proto, key, methods) in versions {
        let calls = line(key);
        for (index, method) in methods.iter().enumerate() {
            // The first column says how many follow.
            family.sample(&[("proto", proto), ("method", method)], calls.value(index + 1)?);
        }
    }
    Ok(())
}

/// A line of one of the two files: a word and counts.
pub(super) struct Line<'a> {
    file: &'static str,
    counts: Vec<&'a str>,
}

impl<'a> Line<'a> {
    /// The line that begins with a word.
    pub(super) fn find(file: &'static str, text: &'a str, key: &str) -> Self {
        let lines = text.lines().map(str::split_ascii_whitespace);
        let counts = lines.filter_map(|mut words| (words.next() == Some(key)).then_some(words));
        Self { file, counts: counts.flatten().collect() }
    }

    /// A count; 0 beyond the end of the line.
    pub(super) fn value(&self, column: usize) -> Result<f64, Error> {
        self.counts.get(column).map_or(Ok(0.0), |word| number(self.file, Some(word)))
    }
}
