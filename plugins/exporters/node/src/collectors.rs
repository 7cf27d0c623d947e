//! The collectors, one file each. A collector reads its files and adds its families; an error is the collector's alone.

mod arp;
mod bcache;
mod bcachefs;
mod bonding;
mod btrfs;
mod conntrack;
mod cpu;
mod cpufreq;
mod diskstats;
mod dmi;
mod edac;
mod entropy;
mod fibrechannel;
mod filefd;
mod filesystem;
mod hwmon;
mod infiniband;
pub(crate) mod ipvs;
mod kernel_hung;
mod loadavg;
mod mdadm;
mod meminfo;
mod netclass;
mod netdev;
mod netstat;
mod nfs;
mod nfsd;
mod nvme;
pub(crate) mod os;
mod powersupplyclass;
mod pressure;
mod procedures;
mod rapl;
mod schedstat;
mod selinux;
mod sockstat;
mod softnet;
mod stat;
mod tapestats;
mod textfile;
mod thermal_zone;
mod time;
mod timex;
mod udp_queues;
mod uname;
mod vmstat;
mod watchdog;
mod xfs;
mod zfs;

use narthex_sdk::{Error, Metrics};

use crate::source::Scrape;

/// A part of the machine.
pub(crate) struct Collector {
    /// Its name in configuration and in `node_scrape_collector_success`.
    pub(crate) name: &'static str,
    /// Reads and adds.
    pub(crate) collect: fn(&Scrape<'_>, &mut Metrics) -> Result<(), Error>,
}

/// A collector for each module of these names.
macro_rules! collectors {
    ($($name:ident)*) => {
        &[$(Collector { name: stringify!($name), collect: $name::collect }),*]
    };
}

/// All of them. `filesystem` is the last, since mounts may keep us waiting.
pub(crate) const COLLECTORS: &[Collector] = collectors! {
    arp bcache bcachefs bonding btrfs conntrack cpu cpufreq diskstats dmi edac entropy fibrechannel filefd hwmon
    infiniband ipvs kernel_hung loadavg mdadm meminfo netclass netdev netstat nfs nfsd nvme os powersupplyclass pressure
    rapl schedstat selinux sockstat softnet stat tapestats textfile thermal_zone time timex udp_queues uname vmstat watchdog
    xfs zfs filesystem
};
