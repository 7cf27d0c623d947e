//! Nodes of the swarm.

use std::collections::BTreeMap;

use narthex_sdk::{Labels, TargetGroup, host_port};
use serde::Deserialize;

use crate::Config;

/// An element of the answer of `/nodes`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Node {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    spec: Spec,
    description: Description,
    status: Status,
    manager_status: Option<ManagerStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Spec {
    role: String,
    availability: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Description {
    hostname: String,
    platform: Platform,
    engine: EngineDescription,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Platform {
    architecture: String,
    #[serde(rename = "OS")]
    os: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EngineDescription {
    engine_version: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Status {
    state: String,
    addr: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ManagerStatus {
    leader: bool,
    reachability: String,
    addr: String,
}

/// Each node is a target at the configured port.
pub(crate) fn groups(config: &Config, nodes: &[Node]) -> Vec<TargetGroup> {
    let group = |node: &Node| {
        let mut labels = node.labels();
        labels
            .set("__meta_dockerswarm_node_engine_version", &node.description.engine.engine_version);
        if let Some(manager) = &node.manager_status {
            labels
                .set("__meta_dockerswarm_node_manager_leader", manager.leader)
                .set("__meta_dockerswarm_node_manager_reachability", &manager.reachability)
                .set("__meta_dockerswarm_node_manager_address", &manager.addr);
        }
        TargetGroup::one(&node.id, host_port(&node.status.addr, config.port), &labels)
    };
    nodes.iter().map(group).collect()
}

impl Node {
    /// Where it is reached.
    pub(crate) fn address(&self) -> &str {
        &self.status.addr
    }

    /// What its tasks say of it too.
    pub(crate) fn labels(&self) -> Labels {
        let platform = &self.description.platform;
        let mut labels = Labels::new();
        labels
            .set("__meta_dockerswarm_node_id", &self.id)
            .set("__meta_dockerswarm_node_role", &self.spec.role)
            .set("__meta_dockerswarm_node_availability", &self.spec.availability)
            .set("__meta_dockerswarm_node_hostname", &self.description.hostname)
            .set("__meta_dockerswarm_node_platform_architecture", &platform.architecture)
            .set("__meta_dockerswarm_node_platform_os", &platform.os)
            .set("__meta_dockerswarm_node_status", &self.status.state)
            .set("__meta_dockerswarm_node_address", &self.status.addr)
            .set_each("__meta_dockerswarm_node_label_", self.spec.labels.iter().flatten());
        labels
    }
}
