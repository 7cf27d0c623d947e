//! NVMe controllers and their namespaces, from `/sys/class/nvme/<device>`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, class, if_there, sys, sys_names, sys_number};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for device in class("nvme", "NVMe controllers")? {
        let folder = format!("class/nvme/{device}");
        let fact = |file: &str| sys(&format!("{folder}/{file}"));
        metrics
            .gauge(
                "node_nvme_info",
                "Non-numeric data from /sys/class/nvme/<device>, value is always 1.",
            )
            .sample(
                &[
                    ("device", &device),
                    ("firmware_revision", &fact("firmware_rev")?),
                    ("model", &fact("model")?),
                    ("serial", &fact("serial")?),
                    ("state", &fact("state")?),
                    ("cntlid", &fact("cntlid")?),
                ],
                1_u8,
            );
        for name in sys_names(&folder)? {
            if let Some(nsid) = namespace_id(&name) {
                namespace(metrics, &device, nsid, &format!("{folder}/{name}"))?;
            }
        }
    }
    Ok(())
}

/// `nvme0n1` is the namespace 1; `nvme0c0n1` is a path to one, and `hwmon1` none at all.
fn namespace_id(name: &str) -> Option<&str> {
    let (controller, id) = name.strip_prefix("nvme")?.split_once('n')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(controller) && is_number(id)).then_some(id)
}

fn namespace(metrics: &mut Metrics, device: &str, nsid: &str, folder: &str) -> Result<(), Error> {
    let labels = [("device", device), ("nsid", nsid)];
    let read = |file: &str| sys_number(&format!("{folder}/{file}"));
    let block_bytes = read("queue/logical_block_size")?;
    let (size, used) = (read("size")?, read("nuse")?);
    let state = if_there(sys(&format!("{folder}/ana_state")))?;
    metrics
        .gauge("node_nvme_namespace_info", "Information about NVMe namespaces. Value is always 1")
        .sample(
            &[labels[0], labels[1], ("ana_state", state.as_deref().unwrap_or("unknown"))],
            1_u8,
        );
    for (name, help, value) in [
        (
            "node_nvme_namespace_capacity_bytes",
            "Capacity of the NVMe namespace in bytes. Computed as namespace_size * namespace_logical_block_size",
            size * block_bytes,
        ),
        (
            "node_nvme_namespace_size_bytes",
            "Size of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/size",
            size * block_bytes,
        ),
        (
            "node_nvme_namespace_used_bytes",
            "Used space of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/nuse",
            used * block_bytes,
        ),
        (
            "node_nvme_namespace_logical_block_size_bytes",
            "Logical block size of the NVMe namespace in bytes. Usually 4Kb. Available in /sys/class/nvme/<device>/<namespace>/queue/logical_block_size",
            block_bytes,
        ),
    ] {
        metrics.gauge(name, help).sample(&labels, value);
    }
    Ok(())
}
