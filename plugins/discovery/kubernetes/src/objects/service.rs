//! Services.

use serde::{Deserialize, Serialize};

use super::{Metadata, is_default, nullable};

/// A name for pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Service {
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) status: Status,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Spec {
    #[serde(rename = "type", skip_serializing_if = "is_default")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) ports: Vec<Port>,
    #[serde(rename = "clusterIP", skip_serializing_if = "is_default")]
    pub(crate) cluster_ip: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) external_name: String,
    #[serde(rename = "loadBalancerIP", skip_serializing_if = "is_default")]
    load_balancer_ip: String,
    #[serde(skip_serializing_if = "is_default")]
    ip_family_policy: Option<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    ip_families: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) port: i32,
    pub(crate) protocol: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    load_balancer: LoadBalancer,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct LoadBalancer {
    #[serde(deserialize_with = "nullable")]
    ingress: Vec<LoadBalancerIngress>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct LoadBalancerIngress {
    ip: String,
}

impl Service {
    /// The addresses that the load balancer has, between commas; before it has any, the one that was asked for.
    pub(crate) fn load_balancer_ips(&self) -> String {
        let addresses = self.status.load_balancer.ingress.iter().map(|ingress| ingress.ip.as_str());
        let addresses: Vec<&str> = addresses.filter(|ip| !ip.is_empty()).collect();
        if addresses.is_empty() { self.spec.load_balancer_ip.clone() } else { addresses.join(",") }
    }

    /// The family of addresses whose slices count, when there are slices of two families.
    pub(crate) fn primary_family(&self) -> Option<&str> {
        let has_both = matches!(
            self.spec.ip_family_policy.as_deref(),
            Some("PreferDualStack" | "RequireDualStack")
        );
        self.spec.ip_families.first().map(String::as_str).filter(|_| has_both)
    }

    /// Keeps what labels of its endpoints tell of.
    pub(crate) fn reduce_to_name(&mut self) {
        self.metadata.forget_identity();
        self.status = Status::default();
        self.spec = Spec {
            ip_family_policy: self.spec.ip_family_policy.take(),
            ip_families: std::mem::take(&mut self.spec.ip_families),
            ..Spec::default()
        };
    }
}
