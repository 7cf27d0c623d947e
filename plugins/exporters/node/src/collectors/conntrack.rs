//! Connections that the kernel's firewall follows, from `/proc/sys/net/netfilter` and `/proc/net/stat/nf_conntrack`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, hexadecimal, no_data, number, proc_if_there};

const STATISTICS: &str = "net/stat/nf_conntrack";

/// Column of the statistics, metric, help.
const COLUMNS: [(usize, &str, &str); 8] = [
    (2, "node_nf_conntrack_stat_found", "Number of searched entries which were successful."),
    (4, "node_nf_conntrack_stat_invalid", "Number of packets seen which can not be tracked."),
    (
        5,
        "node_nf_conntrack_stat_ignore",
        "Number of packets seen which are already connected to a conntrack entry.",
    ),
    (8, "node_nf_conntrack_stat_insert", "Number of entries inserted into the list."),
    (
        9,
        "node_nf_conntrack_stat_insert_failed",
        "Number of entries for which list insertion was attempted but failed.",
    ),
    (10, "node_nf_conntrack_stat_drop", "Number of packets dropped due to conntrack failure."),
    (
        11,
        "node_nf_conntrack_stat_early_drop",
        "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.",
    ),
    (
        16,
        "node_nf_conntrack_stat_search_restart",
        "Number of conntrack table lookups which had to be restarted due to hashtable resizes.",
    ),
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let read = |path: &str| proc_if_there(path)?.ok_or_else(|| no_data("tracking of connections"));
    for (file, name, help) in [
        (
            "sys/net/netfilter/nf_conntrack_count",
            "node_nf_conntrack_entries",
            "Number of currently allocated flow entries for connection tracking.",
        ),
        (
            "sys/net/netfilter/nf_conntrack_max",
            "node_nf_conntrack_entries_limit",
            "Maximum size of connection tracking table.",
        ),
    ] {
        metrics.gauge(name, help).set(number(file, Some(read(file)?.trim()))?);
    }
    let statistics = read(STATISTICS)?;
    for (column, name, help) in COLUMNS {
        // A line a CPU below the heading; old kernels lack the last column.
        let counts = statistics.lines().skip(1).map(|line| {
            let word = line.split_ascii_whitespace().nth(column);
            word.map_or(Ok(0.0), |word| hexadecimal(STATISTICS, Some(word)))
        });
        metrics.gauge(name, help).set(counts.sum::<Result<f64, Error>>()?);
    }
    Ok(())
}
