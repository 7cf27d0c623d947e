//! Pods behind a service, as endpoints and endpoint slices tell of them alike.

use std::{collections::BTreeMap, rc::Rc};

use narthex_sdk::{Error, Labels, host_port};

use super::{
    Builder,
    pod::{set_container, set_port},
};
use crate::{
    objects::{ObjectReference, Pod},
    stream::Kind,
    target::{Shared, Target},
};

/// The pods that addresses belong to, each read once, with the ports that the addresses cover.
#[derive(Default)]
pub(super) struct Backends {
    pods: BTreeMap<String, Option<Backend>>,
}

struct Backend {
    pod: Pod,
    labels: Rc<Shared>,
    covered: Vec<i32>,
}

impl Backends {
    /// Gives a target the labels of the pod that its address belongs to, if it belongs to one, and of its container that
    /// has the port. `protocol` is the port's; none: the container's own says it.
    pub(super) fn join(
        &mut self,
        builder: &mut Builder<'_>,
        reference: Option<&ObjectReference>,
        port: Option<i32>,
        protocol: Option<&str>,
        target: &mut Target,
    ) -> Result<(), Error> {
        let Some(reference) = reference.filter(|reference| reference.kind == "Pod") else {
            return Ok(());
        };
        let key = format!("{}/{}", reference.namespace, reference.name);
        if !self.pods.contains_key(&key) {
            let pod = builder.get::<Pod>(Kind::Pod, &key)?;
            let backend = pod.map(|pod| Backend::new(builder, pod)).transpose()?;
            self.pods.insert(key.clone(), backend);
        }
        let Some(backend) = self.pods.get_mut(&key).and_then(Option::as_mut) else {
            return Ok(());
        };
        target.shared.push(Rc::clone(&backend.labels));
        let Some(port) = port else { return Ok(()) };
        for (container, is_init, _) in backend.pod.containers() {
            let same = container.ports.iter().find(|own| own.container_port == port);
            if let Some(own) = same {
                set_container(&mut target.own, container, is_init);
                set_port(&mut target.own, own, protocol.unwrap_or(&own.protocol));
            }
        }
        backend.covered.push(port);
        Ok(())
    }

    /// Targets for the ports of containers that no address covers. `shared` are labels of all of them.
    pub(super) fn uncovered(&self, shared: &[&Rc<Shared>]) -> Vec<Target> {
        let mut targets = Vec::new();
        for Backend { pod, labels, covered } in self.pods.values().flatten() {
            let ip = &pod.status.pod_ip;
            if ip.is_empty() {
                continue;
            }
            for (container, is_init, _) in pod.containers() {
                for port in &container.ports {
                    if covered.contains(&port.container_port) {
                        continue;
                    }
                    let mut own = Labels::new();
                    set_container(&mut own, container, is_init);
                    set_port(&mut own, port, &port.protocol);
                    let mut target = Target::new(host_port(ip, port.container_port), shared, own);
                    target.shared.push(Rc::clone(labels));
                    targets.push(target);
                }
            }
        }
        targets
    }
}

impl Backend {
    fn new(builder: &mut Builder<'_>, pod: Pod) -> Result<Self, Error> {
        let mut labels = Labels::new();
        builder.set_pod(&mut labels, &pod)?;
        Ok(Self { pod, labels: Shared::new(labels), covered: Vec::new() })
    }
}
