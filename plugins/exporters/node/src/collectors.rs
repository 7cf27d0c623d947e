//! The collectors, one file each. A collector reads its files and adds its families; an error is the collector's alone.

mod cpu;
mod diskstats;
mod filefd;
mod filesystem;
mod loadavg;
mod meminfo;
mod netdev;
mod pressure;
mod sockstat;
mod stat;
mod time;
mod uname;
mod vmstat;

use narthex_sdk::{Error, Metrics};

/// A part of the machine.
pub(crate) struct Collector {
    /// Its name in configuration and in `node_scrape_collector_success`.
    pub(crate) name: &'static str,
    /// Reads and adds.
    pub(crate) collect: fn(&mut Metrics) -> Result<(), Error>,
}

/// All of them.
pub(crate) const COLLECTORS: [Collector; 13] = [
    Collector { name: "cpu", collect: cpu::collect },
    Collector { name: "diskstats", collect: diskstats::collect },
    Collector { name: "filefd", collect: filefd::collect },
    Collector { name: "filesystem", collect: filesystem::collect },
    Collector { name: "loadavg", collect: loadavg::collect },
    Collector { name: "meminfo", collect: meminfo::collect },
    Collector { name: "netdev", collect: netdev::collect },
    Collector { name: "pressure", collect: pressure::collect },
    Collector { name: "sockstat", collect: sockstat::collect },
    Collector { name: "stat", collect: stat::collect },
    Collector { name: "time", collect: time::collect },
    Collector { name: "uname", collect: uname::collect },
    Collector { name: "vmstat", collect: vmstat::collect },
];
