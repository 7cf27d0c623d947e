//! Endpoint slices: each address and port behind a service, and the other ports of its pods.

use narthex_sdk::{Error, Labels, host_port};

use super::{
    Builder, PREFIX, backends::Backends, service::set_service, set, set_metadata, set_option,
};
use crate::{
    objects::{EndpointSlice, Service, SliceEndpoint, SlicePort},
    stream::Kind,
    target::{Shared, Target},
};

/// The label that names the service that a slice belongs to.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

pub(super) fn targets(
    builder: &mut Builder<'_>,
    slice: &EndpointSlice,
) -> Result<Vec<Target>, Error> {
    let metadata = &slice.metadata;
    let mut own = Labels::new();
    set(&mut own, "namespace", &metadata.namespace);
    set(&mut own, "endpointslice_address_type", &slice.address_type);
    set_metadata(&mut own, "endpointslice", metadata);
    let service = match metadata.labels.get(SERVICE_NAME) {
        Some(name) => {
            builder.get::<Service>(Kind::Service, &format!("{}/{name}", metadata.namespace))?
        }
        None => None,
    };
    if let Some(service) = &service {
        set_service(&mut own, service);
        // With addresses of two families a service has slices of both, for the same pods.
        if service.primary_family().is_some_and(|family| family != slice.address_type) {
            return Ok(Vec::new());
        }
    }
    let own = Shared::new(own);
    let namespace = builder.namespace(&metadata.namespace)?;
    let shared: Vec<_> = [Some(&own), namespace.as_ref()].into_iter().flatten().collect();

    let mut backends = Backends::default();
    let mut targets = Vec::new();
    for endpoint in &slice.endpoints {
        for port in &slice.ports {
            for address in &endpoint.addresses {
                let address = match port.port {
                    Some(port) => host_port(address, port),
                    None => address.clone(),
                };
                let mut target = Target::new(address, &shared, Labels::new());
                set_port(&mut target.own, port);
                set_endpoint(builder, &mut target, endpoint)?;
                let reference = endpoint.target_ref.as_ref();
                backends.join(builder, reference, port.port, None, &mut target)?;
                targets.push(target);
            }
        }
    }
    targets.extend(backends.uncovered(&shared));
    Ok(targets)
}

fn set_port(labels: &mut Labels, port: &SlicePort) {
    set_option(labels, "endpointslice_port", port.port);
    set_option(labels, "endpointslice_port_name", port.name.as_ref());
    set_option(labels, "endpointslice_port_protocol", port.protocol.as_ref());
    set_option(labels, "endpointslice_port_app_protocol", port.app_protocol.as_ref());
}

fn set_endpoint(
    builder: &mut Builder<'_>,
    target: &mut Target,
    endpoint: &SliceEndpoint,
) -> Result<(), Error> {
    let labels = &mut target.own;
    let name = |part: &str| format!("endpointslice_endpoint_{part}");
    let conditions = &endpoint.conditions;
    set_option(labels, &name("conditions_ready"), conditions.ready);
    set_option(labels, &name("conditions_serving"), conditions.serving);
    set_option(labels, &name("conditions_terminating"), conditions.terminating);
    set_option(labels, &name("hostname"), endpoint.hostname.as_ref());
    set_option(labels, &name("node_name"), endpoint.node_name.as_ref());
    set_option(labels, &name("zone"), endpoint.zone.as_ref());
    let reference = endpoint.target_ref.as_ref();
    set_option(labels, "endpointslice_address_target_kind", reference.map(|of| &of.kind));
    set_option(labels, "endpointslice_address_target_name", reference.map(|of| &of.name));
    let topology = &endpoint.deprecated_topology;
    labels.set_each(&format!("{PREFIX}{}", name("topology_")), topology).set_each(
        &format!("{PREFIX}{}", name("topology_present_")),
        topology.keys().map(|key| (key, true)),
    );
    if builder.attach.node {
        let itself = reference.filter(|of| of.kind == "Node").map(|of| &of.name);
        if let Some(name) = itself.or(endpoint.node_name.as_ref()) {
            target.shared.extend(builder.node(name)?);
        }
    }
    Ok(())
}
