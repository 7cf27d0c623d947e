//! Services: each port, by the service's name.

use narthex_sdk::{Error, Labels, host_port};

use super::{Builder, set, set_metadata};
use crate::{
    objects::Service,
    target::{Shared, Target},
};

pub(super) fn targets(builder: &mut Builder<'_>, service: &Service) -> Result<Vec<Target>, Error> {
    let Service { metadata, spec, .. } = service;
    let mut own = Labels::new();
    set_service(&mut own, service);
    let namespace = builder.namespace(&metadata.namespace)?;
    set(&mut own, "service_type", &spec.kind);
    if spec.kind == "ExternalName" {
        set(&mut own, "service_external_name", &spec.external_name);
    } else {
        set(&mut own, "service_cluster_ip", &spec.cluster_ip);
    }
    if spec.kind == "LoadBalancer" {
        set(&mut own, "service_loadbalancer_ip", service.load_balancer_ips());
    }
    let own = Shared::new(own);
    let shared: Vec<_> = [Some(&own), namespace.as_ref()].into_iter().flatten().collect();
    let host = format!("{}.{}.svc", metadata.name, metadata.namespace);
    let targets = spec.ports.iter().map(|port| {
        let mut labels = Labels::new();
        set(&mut labels, "service_port_name", &port.name);
        set(&mut labels, "service_port_number", port.port);
        set(&mut labels, "service_port_protocol", &port.protocol);
        Target::new(host_port(&host, port.port), &shared, labels)
    });
    Ok(targets.collect())
}

/// What the service's endpoints tell of it as well.
pub(super) fn set_service(labels: &mut Labels, service: &Service) {
    set(labels, "namespace", &service.metadata.namespace);
    set_metadata(labels, "service", &service.metadata);
}
