//! An instance of a service as Consul describes it, and as a target.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Labels, TargetGroup, host_port, http::Response};
use serde::Deserialize;

use crate::cursor::source;

/// An element of the answer of `/v1/health/service/<name>`. Lists and maps may be null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    node: Node,
    service: Service,
    #[serde(default)]
    checks: Option<Vec<Check>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Node {
    node: String,
    address: String,
    meta: Option<BTreeMap<String, String>>,
    tagged_addresses: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    tags: Option<Vec<String>>,
    address: String,
    port: i64,
    meta: Option<BTreeMap<String, String>>,
    namespace: String,
    partition: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Check {
    #[serde(rename = "CheckID")]
    check_id: String,
    status: String,
}

/// The targets of a service.
pub(crate) fn groups(
    answer: &Response,
    service: &str,
    datacenter: &str,
    tag_separator: &str,
) -> Result<Vec<TargetGroup>, Error> {
    let instances: Option<Vec<Instance>> = answer.json()?;
    let instances = instances.unwrap_or_default();
    Ok((0..)
        .zip(&instances)
        .map(|(place, instance)| {
            let mut labels = instance.labels(tag_separator);
            labels.set("__meta_consul_service", service).set("__meta_consul_dc", datacenter);
            TargetGroup::one(source(service, place), instance.target(), &labels)
        })
        .collect())
}

impl Instance {
    /// A service may be registered by another node than the one that it runs on; then it has an address of its own.
    fn target(&self) -> String {
        let own = &self.service.address;
        let address = if own.is_empty() { &self.node.address } else { own };
        host_port(address, self.service.port)
    }

    fn labels(&self, tag_separator: &str) -> Labels {
        let Self { node, service, .. } = self;
        // With separators at both ends a regular expression need not think of the first and the last tag.
        let tags = service.tags.as_deref().unwrap_or_default().join(tag_separator);
        let mut labels = Labels::new();
        labels
            .set("__meta_consul_address", &node.address)
            .set("__meta_consul_node", &node.node)
            .set("__meta_consul_namespace", &service.namespace)
            .set("__meta_consul_partition", &service.partition)
            .set("__meta_consul_tags", format!("{tag_separator}{tags}{tag_separator}"))
            .set("__meta_consul_service_address", &service.address)
            .set("__meta_consul_service_port", service.port)
            .set("__meta_consul_service_id", &service.id)
            .set("__meta_consul_health", self.health())
            .set_each("__meta_consul_metadata_", node.meta.iter().flatten())
            .set_each("__meta_consul_service_metadata_", service.meta.iter().flatten())
            .set_each("__meta_consul_tagged_address_", node.tagged_addresses.iter().flatten());
        labels
    }

    /// The worst that the checks say; maintenance is worst of all. A status that is none makes it unknown.
    fn health(&self) -> &'static str {
        /// From best to worst.
        const RANKS: [&str; 4] = ["passing", "warning", "critical", "maintenance"];
        let mut worst = 0;
        for check in self.checks.iter().flatten() {
            let is_maintenance = check.check_id == "_node_maintenance"
                || check.check_id.starts_with("_service_maintenance:");
            let rank = match check.status.as_str() {
                _ if is_maintenance => 3,
                "passing" => 0,
                "warning" => 1,
                "critical" => 2,
                _ => return "",
            };
            worst = worst.max(rank);
        }
        RANKS.get(worst).copied().unwrap_or_default()
    }
}
