//! Memory, from `/proc/meminfo`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, number, proc};

/// The fields that node_exporter knows; a kernel may have more and need not have all.
const FIELDS: [&str; 51] = [
    "Active",
    "Active(anon)",
    "Active(file)",
    "AnonHugePages",
    "AnonPages",
    "Bounce",
    "Buffers",
    "Cached",
    "CmaFree",
    "CmaTotal",
    "CommitLimit",
    "Committed_AS",
    "DirectMap1G",
    "DirectMap2M",
    "DirectMap4k",
    "Dirty",
    "HardwareCorrupted",
    "HugePages_Free",
    "HugePages_Rsvd",
    "HugePages_Surp",
    "HugePages_Total",
    "Hugepagesize",
    "Inactive",
    "Inactive(anon)",
    "Inactive(file)",
    "KernelStack",
    "Mapped",
    "MemAvailable",
    "MemFree",
    "MemTotal",
    "Mlocked",
    "NFS_Unstable",
    "PageTables",
    "Percpu",
    "SReclaimable",
    "SUnreclaim",
    "Shmem",
    "ShmemHugePages",
    "ShmemPmdMapped",
    "Slab",
    "SwapCached",
    "SwapFree",
    "SwapTotal",
    "Unevictable",
    "VmallocChunk",
    "VmallocTotal",
    "VmallocUsed",
    "Writeback",
    "WritebackTmp",
    "Zswap",
    "Zswapped",
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for line in proc("meminfo")?.lines() {
        let Some((field, rest)) = line.split_once(':') else { continue };
        if !FIELDS.contains(&field) {
            continue;
        }
        let mut words = rest.split_ascii_whitespace();
        let value = number("meminfo", words.next())?;
        let bytes = if words.next() == Some("kB") { value * 1024.0 } else { value };
        let suffix = if field.starts_with("HugePages_") { "" } else { "_bytes" };
        let name = field.replace('(', "_").replace(')', "") + suffix;
        metrics
            .gauge(&format!("node_memory_{name}"), &format!("Memory information field {name}."))
            .set(bytes);
    }
    Ok(())
}
