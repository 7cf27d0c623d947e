//! Pods: each port of each container.

use narthex_sdk::{Error, Labels, host_port};

use super::{Builder, set};
use crate::{
    objects::{Container, ContainerPort, Pod},
    target::{Shared, Target},
};

pub(super) fn targets(builder: &mut Builder<'_>, pod: &Pod) -> Result<Vec<Target>, Error> {
    // A pod that begins or was evicted has no address.
    let ip = &pod.status.pod_ip;
    if ip.is_empty() {
        return Ok(Vec::new());
    }
    let node = if builder.attach.node { builder.node(&pod.spec.node_name)? } else { None };
    // A node that is not there was not selected, and so its pods are not either.
    if builder.attach.node && node.is_none() {
        return Ok(Vec::new());
    }
    let namespace = builder.namespace(&pod.metadata.namespace)?;
    let mut labels = Labels::new();
    builder.set_pod(&mut labels, pod)?;
    set(&mut labels, "namespace", &pod.metadata.namespace);
    let own = Shared::new(labels);
    let shared: Vec<_> =
        [Some(&own), node.as_ref(), namespace.as_ref()].into_iter().flatten().collect();

    let mut targets = Vec::new();
    for (container, is_init, id) in pod.containers() {
        let mut labels = Labels::new();
        set_container(&mut labels, container, is_init);
        set(&mut labels, "pod_container_id", id);
        if container.ports.is_empty() {
            // Relabeling may add a port.
            targets.push(Target::new(ip.as_str(), &shared, labels));
            continue;
        }
        for port in &container.ports {
            let mut labels = labels.clone();
            set_port(&mut labels, port, &port.protocol);
            targets.push(Target::new(host_port(ip, port.container_port), &shared, labels));
        }
    }
    Ok(targets)
}

pub(super) fn set_container(labels: &mut Labels, container: &Container, is_init: bool) {
    set(labels, "pod_container_name", &container.name);
    set(labels, "pod_container_image", &container.image);
    set(labels, "pod_container_init", is_init);
}

pub(super) fn set_port(labels: &mut Labels, port: &ContainerPort, protocol: &str) {
    set(labels, "pod_container_port_name", &port.name);
    set(labels, "pod_container_port_number", port.container_port);
    set(labels, "pod_container_port_protocol", protocol);
}
