//! What network devices are, from `/sys/class/net/<device>`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, class, integer, sys_if_said};

/// `IFF_UP` among the flags of a device.
const IS_UP: u64 = 1;

/// File, metric and help.
macro_rules! property {
    ($file:literal, $name:literal) => {
        ($file, concat!("node_network_", $name), concat!("Network device property: ", $name))
    };
}
const PROPERTIES: [(&str, &str, &str); 16] = [
    property!("addr_assign_type", "address_assign_type"),
    property!("carrier", "carrier"),
    property!("carrier_changes", "carrier_changes_total"),
    property!("carrier_up_count", "carrier_up_changes_total"),
    property!("carrier_down_count", "carrier_down_changes_total"),
    property!("dev_id", "device_id"),
    property!("dormant", "dormant"),
    property!("ifindex", "iface_id"),
    property!("iflink", "iface_link"),
    property!("link_mode", "iface_link_mode"),
    property!("mtu", "mtu_bytes"),
    property!("name_assign_type", "name_assign_type"),
    property!("netdev_group", "net_dev_group"),
    property!("tx_queue_len", "transmit_queue_length"),
    property!("type", "protocol_type"),
    property!("flags", "flags"),
];

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let config = &scrape.config.netclass;
    for device in class("net", "network devices")? {
        if config.ignored_devices.as_ref().is_some_and(|ignored| ignored.matches(&device)) {
            continue;
        }
        let folder = format!("class/net/{device}");
        let fact =
            |file: &str| sys_if_said(&format!("{folder}/{file}")).map(Option::unwrap_or_default);
        let labels = [("device", device.as_str())];
        let operstate = fact("operstate")?;
        metrics
            .gauge("node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.")
            .sample(&labels, operstate == "up");
        metrics
            .gauge(
                "node_network_info",
                "Non-numeric data from /sys/class/net/<iface>, value is always 1.",
            )
            .sample(
                &[
                    ("device", &device),
                    ("address", &fact("address")?),
                    ("broadcast", &fact("broadcast")?),
                    ("duplex", &fact("duplex")?),
                    ("operstate", &operstate),
                    ("adminstate", admin_state(&fact("flags")?)),
                    ("ifalias", &fact("ifalias")?),
                ],
                1_u8,
            );
        for (file, name, help) in PROPERTIES {
            let path = format!("{folder}/{file}");
            let Some(text) = sys_if_said(&path)? else { continue };
            let value = integer(&path, &text)?;
            let family = if name.ends_with("_total") {
                metrics.counter(name, help)
            } else {
                metrics.gauge(name, help)
            };
            family.sample(&labels, value);
        }
        let path = format!("{folder}/speed");
        if let Some(text) = sys_if_said(&path)? {
            let megabits = integer(&path, &text)?;
            if megabits >= 0.0 || !config.ignore_invalid_speed {
                metrics
                    .gauge("node_network_speed_bytes", "Network device property: speed_bytes")
                    .sample(&labels, (megabits * 1e6 / 8.0).trunc());
            }
        }
    }
    Ok(())
}

fn admin_state(flags: &str) -> &'static str {
    let flags = flags.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match flags {
        Some(flags) if flags & IS_UP != 0 => "up",
        Some(_) => "down",
        None => "unknown",
    }
}
