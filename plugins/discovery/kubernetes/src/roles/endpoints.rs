//! Endpoints: each address and port behind a service, and the other ports of its pods.

use narthex_sdk::{Error, Labels, host_port, log};

use super::{Builder, backends::Backends, service::set_service, set, set_metadata, set_option};
use crate::{
    objects::{EndpointAddress, EndpointPort, Endpoints, Service},
    stream::Kind,
    target::{Shared, Target},
};

/// The label by which the API says that an object holds as many addresses as it may.
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

pub(super) fn targets(
    builder: &mut Builder<'_>,
    endpoints: &Endpoints,
) -> Result<Vec<Target>, Error> {
    let metadata = &endpoints.metadata;
    let mut own = Labels::new();
    set(&mut own, "namespace", &metadata.namespace);
    if let Some(service) = builder.get::<Service>(Kind::Service, &metadata.key())? {
        set_service(&mut own, &service);
    }
    set_metadata(&mut own, "endpoints", metadata);
    let own = Shared::new(own);
    let namespace = builder.namespace(&metadata.namespace)?;
    let shared: Vec<_> = [Some(&own), namespace.as_ref()].into_iter().flatten().collect();
    if let Some(state) = metadata.labels.get(OVER_CAPACITY) {
        log::warn(
            "endpoints have more addresses than one object may hold; the role endpointslice finds them all",
            &[("endpoints", &metadata.key()), ("state", state)],
        );
    }

    let mut backends = Backends::default();
    let mut targets = Vec::new();
    for subset in &endpoints.subsets {
        for port in &subset.ports {
            let ready = subset.addresses.iter().map(|address| (address, true));
            let others = subset.not_ready_addresses.iter().map(|address| (address, false));
            for (address, is_ready) in ready.chain(others) {
                let address_and_port = host_port(&address.ip, port.port);
                let mut target = Target::new(address_and_port, &shared, Labels::new());
                set(&mut target.own, "endpoint_ready", is_ready);
                set_address(builder, &mut target, address, port)?;
                let reference = address.target_ref.as_ref();
                let protocol = Some(port.protocol.as_str());
                backends.join(builder, reference, Some(port.port), protocol, &mut target)?;
                targets.push(target);
            }
        }
    }
    targets.extend(backends.uncovered(&shared));
    Ok(targets)
}

fn set_address(
    builder: &mut Builder<'_>,
    target: &mut Target,
    address: &EndpointAddress,
    port: &EndpointPort,
) -> Result<(), Error> {
    let labels = &mut target.own;
    set(labels, "endpoint_port_name", &port.name);
    set(labels, "endpoint_port_protocol", &port.protocol);
    set(labels, "endpoint_hostname", &address.hostname);
    set_option(labels, "endpoint_node_name", address.node_name.as_ref());
    let reference = address.target_ref.as_ref();
    set_option(labels, "endpoint_address_target_kind", reference.map(|of| &of.kind));
    set_option(labels, "endpoint_address_target_name", reference.map(|of| &of.name));
    if builder.attach.node {
        let itself = reference.filter(|of| of.kind == "Node").map(|of| &of.name);
        if let Some(name) = address.node_name.as_ref().or(itself) {
            target.shared.extend(builder.node(name)?);
        }
    }
    Ok(())
}
