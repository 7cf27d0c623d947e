//! Nodes: the kubelet of each.

use narthex_sdk::{Error, Labels, host_port, log, sanitize};

use super::{Builder, PREFIX, set, set_metadata};
use crate::{objects::Node, target::Target};

/// The types of addresses, the best first.
const ADDRESS_TYPES: [&str; 6] =
    ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];

pub(super) fn targets(_: &mut Builder<'_>, node: &Node) -> Result<Vec<Target>, Error> {
    let addresses = &node.status.addresses;
    let of_type = |kind: &&str| addresses.iter().find(|address| address.kind == **kind);
    let Some(best) = ADDRESS_TYPES.iter().find_map(of_type) else {
        log::warn("a node has no address", &[("node", &node.metadata.name)]);
        return Ok(Vec::new());
    };
    let mut labels = Labels::new();
    labels.set("instance", &node.metadata.name);
    set(&mut labels, "node_provider_id", &node.spec.provider_id);
    for condition in &node.status.conditions {
        let name = sanitize(&condition.kind.to_lowercase());
        set(&mut labels, &format!("node_condition_{name}"), condition.status.to_lowercase());
    }
    set_metadata(&mut labels, "node", &node.metadata);
    // The first address of each type counts.
    let each = addresses.iter().rev().map(|address| (&address.kind, &address.address));
    labels.set_each(&format!("{PREFIX}node_address_"), each);
    let port = node.status.daemon_endpoints.kubelet_endpoint.port;
    Ok(vec![Target::new(host_port(&best.address, port), &[], labels)])
}
