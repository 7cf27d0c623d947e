//! A container as the engine describes it, and its targets.

use std::collections::BTreeMap;

use narthex_sdk::{Labels, TargetGroup, host_port};
use serde::Deserialize;

use crate::Config;

/// An element of the answer of `/containers/json`. Lists and maps may be null.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Container {
    id: String,
    names: Option<Vec<String>>,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    labels: Option<BTreeMap<String, String>>,
    ports: Option<Vec<Port>>,
    host_config: HostConfig,
    network_settings: Option<NetworkSettings>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    network_mode: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Option<Endpoint>>>,
}

/// A container's place in a network.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Endpoint {
    #[serde(rename = "NetworkID")]
    network_id: String,
    #[serde(rename = "IPAddress")]
    ip_address: String,
    #[serde(rename = "GlobalIPv6Address")]
    global_ipv6_address: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Port {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    #[serde(rename = "Type")]
    kind: String,
}

/// The targets of all containers: one for each TCP port in each network.
pub(crate) fn groups(
    config: &Config,
    containers: &[Container],
    networks: &BTreeMap<String, Labels>,
) -> Vec<TargetGroup> {
    let mut groups = Vec::new();
    for container in containers {
        let Some(name) = container.names.iter().flatten().next() else { continue };
        let common = container.labels(name);
        let places = container.places(containers);
        let first = if config.match_first_network { 1 } else { places.len() };
        for (network, place) in places.into_iter().take(first) {
            let of_network = networks.get(&place.network_id).cloned().unwrap_or_default();
            for (number, (address, own)) in container.targets(config, place).into_iter().enumerate()
            {
                let mut labels = own;
                labels.extend(&common).extend(&of_network);
                let source = format!("{}{name}/{network}/{number}", container.id);
                groups.push(TargetGroup::one(source, address, &labels));
            }
        }
    }
    groups
}

impl Container {
    fn labels(&self, name: &str) -> Labels {
        let mut labels = Labels::new();
        labels
            .set("__meta_docker_container_id", &self.id)
            .set("__meta_docker_container_name", name)
            .set("__meta_docker_container_network_mode", &self.host_config.network_mode)
            .set("__meta_docker_container_image", &self.image)
            .set("__meta_docker_container_image_id", &self.image_id)
            .set_each("__meta_docker_container_label_", self.labels.iter().flatten());
        labels
    }

    /// Where it is, by the name of the network. A container that has no network of its own may share those of another.
    fn places<'a>(&'a self, all: &'a [Self]) -> Vec<(&'a str, &'a Endpoint)> {
        let mut owner = self;
        // Each step leads to another container, unless the engine says nonsense.
        for _ in all {
            let shared = owner.host_config.network_mode.strip_prefix("container:");
            if owner.has_networks() {
                break;
            }
            let next = shared.and_then(|id| all.iter().find(|container| container.id == id));
            let Some(next) = next else { break };
            owner = next;
        }
        let networks = owner.networks().into_iter().flatten();
        networks.filter_map(|(name, place)| Some((name.as_str(), place.as_ref()?))).collect()
    }

    fn networks(&self) -> Option<&BTreeMap<String, Option<Endpoint>>> {
        self.network_settings.as_ref()?.networks.as_ref()
    }

    fn has_networks(&self) -> bool {
        self.networks().is_some_and(|networks| !networks.is_empty())
    }

    /// Addresses in one network with the labels of their ports. Without a TCP port there is one at the configured port.
    fn targets(&self, config: &Config, place: &Endpoint) -> Vec<(String, Labels)> {
        let ip = if place.ip_address.is_empty() {
            &place.global_ipv6_address
        } else {
            &place.ip_address
        };
        let mut of_place = Labels::new();
        of_place.set("__meta_docker_network_ip", ip);
        let ports = self.ports.iter().flatten().filter(|port| port.kind == "tcp");
        let targets: Vec<_> = ports
            .map(|port| {
                let mut labels = of_place.clone();
                labels.set("__meta_docker_port_private", port.private_port);
                if port.public_port > 0 {
                    labels
                        .set("__meta_docker_port_public", port.public_port)
                        .set("__meta_docker_port_public_ip", &port.ip);
                }
                (host_port(ip, port.private_port), labels)
            })
            .collect();
        if !targets.is_empty() {
            return targets;
        }
        // In the host's network a container has neither an address nor ports of its own.
        let address = if self.host_config.network_mode == "host" {
            config.host_networking_host.clone()
        } else {
            host_port(ip, config.port)
        };
        vec![(address, of_place)]
    }
}
