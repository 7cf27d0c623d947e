//! Labels of the objects that a target belongs to.

use std::{collections::BTreeMap, rc::Rc};

use narthex_sdk::{Error, Labels};

use super::{Builder, set, set_metadata, set_tags};
use crate::{
    index::reference,
    objects::{Plain, Pod},
    stream::Kind,
    target::Shared,
};

/// Labels of nodes and namespaces that are held in one call; a node has some 5 KB of them.
const HELD_MAX: usize = 2000;

/// Labels of nodes and namespaces, each made once in a call; none: it is not there.
#[derive(Debug, Default)]
pub(crate) struct Attached(BTreeMap<(Kind, String), Option<Rc<Shared>>>);

impl Builder<'_> {
    /// Labels of a node; none when it is not there.
    pub(super) fn node(&mut self, name: &str) -> Result<Option<Rc<Shared>>, Error> {
        self.attached(Kind::Node, name, |node| {
            let mut labels = Labels::new();
            set_metadata(&mut labels, "node", &node.metadata);
            labels
        })
    }

    /// Labels of a namespace, when they are wanted. Its name is told anyway.
    pub(super) fn namespace(&mut self, name: &str) -> Result<Option<Rc<Shared>>, Error> {
        if !self.attach.namespace {
            return Ok(None);
        }
        self.attached(Kind::Namespace, name, |namespace| {
            let mut labels = Labels::new();
            set_tags(&mut labels, "namespace", &namespace.metadata);
            labels
        })
    }

    fn attached(
        &mut self,
        kind: Kind,
        name: &str,
        labels: fn(&Plain) -> Labels,
    ) -> Result<Option<Rc<Shared>>, Error> {
        let place = (kind, name.to_owned());
        if let Some(held) = self.attached.0.get(&place) {
            self.references.insert(reference(kind, name));
            return Ok(held.clone());
        }
        let object = self.get::<Plain>(kind, name)?;
        let shared = object.map(|object| Shared::new(labels(&object)));
        if self.attached.0.len() >= HELD_MAX {
            self.attached.0.clear();
        }
        self.attached.0.insert(place, shared.clone());
        Ok(shared)
    }

    /// Labels of a pod itself, and the names of what it runs for.
    pub(super) fn set_pod(&mut self, labels: &mut Labels, pod: &Pod) -> Result<(), Error> {
        let metadata = &pod.metadata;
        set(labels, "pod_ip", &pod.status.pod_ip);
        set(labels, "pod_ready", pod.ready());
        set(labels, "pod_phase", &pod.status.phase);
        set(labels, "pod_node_name", &pod.spec.node_name);
        set(labels, "pod_host_ip", &pod.status.host_ip);
        set(labels, "pod_uid", &metadata.uid);
        set_metadata(labels, "pod", metadata);
        let Some(owner) = metadata.controller() else { return Ok(()) };
        set(labels, "pod_controller_kind", &owner.kind);
        set(labels, "pod_controller_name", &owner.name);
        let key = format!("{}/{}", metadata.namespace, owner.name);
        let attach = self.attach;
        match owner.kind.as_str() {
            "ReplicaSet" if attach.deployment => {
                if let Some(name) = self.controller(Kind::ReplicaSet, &key, "Deployment")? {
                    set(labels, "pod_deployment_name", name);
                }
            }
            "Job" => {
                if attach.job {
                    set(labels, "pod_job_name", &owner.name);
                }
                if attach.cronjob
                    && let Some(name) = self.controller(Kind::Job, &key, "CronJob")?
                {
                    set(labels, "pod_cronjob_name", name);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The name of what controls an object, if it is of that kind.
    fn controller(
        &mut self,
        kind: Kind,
        key: &str,
        controller_kind: &str,
    ) -> Result<Option<String>, Error> {
        let object = self.get::<Plain>(kind, key)?;
        let controller = object.as_ref().and_then(|object| object.metadata.controller());
        let named = controller.filter(|controller| controller.kind == controller_kind);
        Ok(named.map(|controller| controller.name.clone()))
    }
}
