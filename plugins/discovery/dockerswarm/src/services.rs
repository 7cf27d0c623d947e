//! Services of the swarm.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Labels, TargetGroup, host_port, json};
use serde::Deserialize;

use crate::{Config, address};

/// An element of the answer of `/services`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Service {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    spec: Spec,
    endpoint: Endpoint,
    update_status: Option<UpdateStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Spec {
    name: String,
    labels: Option<BTreeMap<String, String>>,
    mode: Mode,
    task_template: TaskTemplate,
}

/// One of them is there; what it holds does not matter.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Mode {
    global: Option<json::Value>,
    replicated: Option<json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TaskTemplate {
    container_spec: Option<ContainerSpec>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ContainerSpec {
    image: String,
    hostname: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct UpdateStatus {
    state: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Endpoint {
    ports: Option<Vec<Port>>,
    #[serde(rename = "VirtualIPs")]
    virtual_ips: Option<Vec<VirtualIp>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct VirtualIp {
    #[serde(rename = "NetworkID")]
    network_id: String,
    addr: String,
}

/// A port of a service or of a task.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Port {
    name: String,
    protocol: String,
    pub(crate) published_port: u16,
    pub(crate) publish_mode: String,
}

/// Each TCP port at each virtual address is a target; an address without ports is one at the configured port.
pub(crate) fn groups(
    config: &Config,
    services: &[Service],
    networks: &BTreeMap<String, Labels>,
) -> Result<Vec<TargetGroup>, Error> {
    let mut groups = Vec::new();
    for service in services {
        let common = service.all_labels();
        for virtual_ip in service.endpoint.virtual_ips.iter().flatten() {
            let step = |error: Error| error.context(format!("service {}", service.spec.name));
            let Some(ip) = address(&virtual_ip.addr).map_err(step)? else { continue };
            let mut labels = common.clone();
            if let Some(of_network) = networks.get(&virtual_ip.network_id) {
                labels.extend(of_network);
            }
            let ports: Vec<_> = service.tcp_ports().collect();
            let mut add = |port: u16, labels: &Labels| {
                let source = format!("{}/{}", service.id, groups.len());
                groups.push(TargetGroup::one(source, host_port(&ip.to_string(), port), labels));
            };
            for port in &ports {
                let mut labels = labels.clone();
                labels.set("__meta_dockerswarm_service_endpoint_port_name", &port.name).set(
                    "__meta_dockerswarm_service_endpoint_port_publish_mode",
                    &port.publish_mode,
                );
                add(port.published_port, &labels);
            }
            if ports.is_empty() {
                add(config.port, &labels);
            }
        }
    }
    Ok(groups)
}

impl Port {
    /// Nothing else can be scraped.
    pub(crate) fn is_tcp(&self) -> bool {
        self.protocol == "tcp"
    }
}

impl Service {
    /// The ports that may be scraped.
    pub(crate) fn tcp_ports(&self) -> impl Iterator<Item = &Port> {
        self.endpoint.ports.iter().flatten().filter(|port| port.is_tcp())
    }

    /// What its tasks say of it too.
    pub(crate) fn labels(&self) -> Labels {
        let mode = match &self.spec.mode {
            Mode { global: Some(_), .. } => "global",
            Mode { replicated: Some(_), .. } => "replicated",
            Mode { global: None, replicated: None } => "",
        };
        let mut labels = Labels::new();
        labels
            .set("__meta_dockerswarm_service_id", &self.id)
            .set("__meta_dockerswarm_service_name", &self.spec.name)
            .set("__meta_dockerswarm_service_mode", mode)
            .set_each("__meta_dockerswarm_service_label_", self.spec.labels.iter().flatten());
        labels
    }

    fn all_labels(&self) -> Labels {
        let mut labels = self.labels();
        if let Some(container) = &self.spec.task_template.container_spec {
            labels
                .set("__meta_dockerswarm_service_task_container_hostname", &container.hostname)
                .set("__meta_dockerswarm_service_task_container_image", &container.image);
        }
        if let Some(update) = &self.update_status {
            labels.set("__meta_dockerswarm_service_updating_status", &update.state);
        }
        labels
    }
}
