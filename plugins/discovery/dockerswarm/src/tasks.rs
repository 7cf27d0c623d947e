//! Tasks of the swarm: the containers of its services.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Labels, TargetGroup, host_port};
use serde::Deserialize;

use crate::{
    Config, address,
    nodes::Node,
    services::{Port, Service},
};

/// An element of the answer of `/tasks`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Task {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(rename = "NodeID")]
    node_id: String,
    slot: i64,
    desired_state: String,
    spec: Spec,
    status: Status,
    networks_attachments: Option<Vec<Attachment>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Spec {
    container_spec: Option<ContainerSpec>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ContainerSpec {
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Status {
    state: String,
    container_status: Option<ContainerStatus>,
    port_status: Option<PortStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ContainerStatus {
    #[serde(rename = "ContainerID")]
    container_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PortStatus {
    ports: Option<Vec<Port>>,
}

/// A task's place in a network.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attachment {
    network: Network,
    addresses: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Network {
    #[serde(rename = "ID")]
    id: String,
}

/// What tasks belong to, each by its id.
pub(crate) struct Swarm<'a> {
    pub(crate) services: BTreeMap<&'a str, &'a Service>,
    pub(crate) nodes: BTreeMap<&'a str, &'a Node>,
    pub(crate) networks: BTreeMap<String, Labels>,
}

/// Targets of a task: its own published ports at its node, and its service's ports at each of its addresses.
pub(crate) fn groups(
    config: &Config,
    tasks: &[Task],
    swarm: &Swarm<'_>,
) -> Result<Vec<TargetGroup>, Error> {
    let mut groups = Vec::new();
    for task in tasks {
        let service = swarm.services.get(task.service_id.as_str());
        let node = swarm.nodes.get(task.node_id.as_str());
        let mut common = task.labels();
        if let Some(service) = service {
            common.extend(&service.labels());
        }
        if let Some(node) = node {
            common.extend(&node.labels());
        }
        let mut add = |address: String, port: Option<&Port>, of_network: Option<&Labels>| {
            let mut labels = common.clone();
            labels.extend(of_network.unwrap_or(&Labels::new()));
            if let Some(port) = port {
                labels.set("__meta_dockerswarm_task_port_publish_mode", &port.publish_mode);
            }
            let source = format!("{}/{}", task.id, groups.len());
            groups.push(TargetGroup::one(source, address, &labels));
        };

        let node_address = node.map_or("", |node| node.address());
        for port in task.tcp_ports() {
            add(host_port(node_address, port.published_port), Some(port), None);
        }
        for attachment in task.networks_attachments.iter().flatten() {
            let of_network = swarm.networks.get(&attachment.network.id);
            for text in attachment.addresses.iter().flatten() {
                let step = |error: Error| error.context(format!("task {}", task.id));
                let Some(ip) = address(text).map_err(step)? else { continue };
                let ip = ip.to_string();
                let ports: Vec<_> =
                    service.iter().flat_map(|service| service.tcp_ports()).collect();
                for port in &ports {
                    add(host_port(&ip, port.published_port), Some(port), of_network);
                }
                if ports.is_empty() {
                    add(host_port(&ip, config.port), None, of_network);
                }
            }
        }
    }
    Ok(groups)
}

impl Task {
    fn labels(&self) -> Labels {
        let container = self.status.container_status.as_ref();
        let own = self.spec.container_spec.as_ref().and_then(|spec| spec.labels.as_ref());
        let mut labels = Labels::new();
        labels
            .set("__meta_dockerswarm_task_id", &self.id)
            .set("__meta_dockerswarm_task_desired_state", &self.desired_state)
            .set("__meta_dockerswarm_task_state", &self.status.state)
            .set("__meta_dockerswarm_task_slot", self.slot)
            .set(
                "__meta_dockerswarm_task_container_id",
                container.map_or("", |container| container.container_id.as_str()),
            )
            .set_each("__meta_dockerswarm_container_label_", own.into_iter().flatten());
        labels
    }

    fn tcp_ports(&self) -> impl Iterator<Item = &Port> {
        let ports = self.status.port_status.iter().flat_map(|status| status.ports.iter().flatten());
        ports.filter(|port| port.is_tcp())
    }
}
