//! Pods.

use serde::{Deserialize, Serialize};

use super::{Metadata, is_default, node::Condition, nullable};

/// Containers that run together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Pod {
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
    pub(crate) status: Status,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Spec {
    pub(crate) node_name: String,
    #[serde(deserialize_with = "nullable")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    init_containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) ports: Vec<ContainerPort>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ContainerPort {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) name: String,
    pub(crate) container_port: i32,
    pub(crate) protocol: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) phase: String,
    #[serde(rename = "podIP")]
    pub(crate) pod_ip: String,
    #[serde(rename = "hostIP")]
    pub(crate) host_ip: String,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    #[serde(rename = "containerID")]
    container_id: String,
}

impl Pod {
    /// The containers with whether each is an init container, and its id, which is empty before it runs.
    pub(crate) fn containers(&self) -> impl Iterator<Item = (&Container, bool, &str)> {
        fn id<'a>(statuses: &'a [ContainerStatus], container: &Container) -> &'a str {
            let status = statuses.iter().find(|status| status.name == container.name);
            status.map_or("", |status| &status.container_id)
        }
        let Status { container_statuses, init_container_statuses, .. } = &self.status;
        let main = self.spec.containers.iter().map(|c| (c, false, id(container_statuses, c)));
        let init =
            self.spec.init_containers.iter().map(|c| (c, true, id(init_container_statuses, c)));
        main.chain(init)
    }

    /// `true`, `false` or `unknown`.
    pub(crate) fn ready(&self) -> String {
        let ready = self.status.conditions.iter().find(|condition| condition.kind == "Ready");
        ready.map_or("unknown".into(), |condition| condition.status.to_ascii_lowercase())
    }

    /// Drops what no label tells of.
    pub(crate) fn reduce(&mut self) {
        self.metadata.keep_controller();
        self.status.conditions.retain(|condition| condition.kind == "Ready");
    }

    /// Drops what no label of an endpoint tells of, ids of containers too.
    pub(crate) fn reduce_to_backend(&mut self) {
        self.reduce();
        self.status.container_statuses.clear();
        self.status.init_container_statuses.clear();
    }
}
