//! Targets of each role, from the records of objects.

mod attached;
mod backends;
mod endpoints;
mod endpointslice;
mod ingress;
mod node;
mod pod;
mod service;

use std::collections::BTreeSet;

use narthex_sdk::{Error, Labels};

pub(crate) use self::attached::Attached;
use crate::{
    config::{Attach, Role},
    index::reference,
    objects::{Metadata, Object},
    store::Store,
    stream::Kind,
    target::Target,
};

/// What every label begins with.
const PREFIX: &str = "__meta_kubernetes_";

/// The targets of one object while they are gathered: remembers which records were looked up.
struct Builder<'a> {
    store: &'a mut Store,
    attach: Attach,
    attached: &'a mut Attached,
    references: BTreeSet<u32>,
}

impl Builder<'_> {
    fn get<T: Object>(&mut self, kind: Kind, key: &str) -> Result<Option<T>, Error> {
        self.references.insert(reference(kind, key));
        self.store.get(kind, key)
    }
}

/// The targets of an object.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) targets: Vec<Target>,
    /// The records that they depend on, sorted.
    pub(crate) references: Vec<u32>,
}

/// The targets of an object as it is now; none when it is not there.
pub(crate) fn targets(
    role: Role,
    attach: Attach,
    attached: &mut Attached,
    store: &mut Store,
    key: &str,
) -> Result<Option<Built>, Error> {
    let mut builder = Builder { store, attach, attached, references: BTreeSet::new() };
    let kind = Kind::of(role);
    let targets = match role {
        Role::Node => built(&mut builder, kind, key, node::targets)?,
        Role::Pod => built(&mut builder, kind, key, pod::targets)?,
        Role::Service => built(&mut builder, kind, key, service::targets)?,
        Role::Endpoints => built(&mut builder, kind, key, endpoints::targets)?,
        Role::EndpointSlice => built(&mut builder, kind, key, endpointslice::targets)?,
        Role::Ingress => built(&mut builder, kind, key, ingress::targets)?,
    };
    let references = builder.references.into_iter().collect();
    Ok(targets.map(|targets| Built { targets, references }))
}

/// The source of a group of an object.
pub(crate) fn source(role: Role, key: &str, place: usize) -> String {
    let kind = match role {
        Role::Node => "node",
        Role::Pod => "pod",
        Role::Service => "svc",
        Role::Endpoints => "endpoints",
        Role::EndpointSlice => "endpointslice",
        Role::Ingress => "ingress",
    };
    format!("{kind}/{key}/{place}")
}

fn built<T: Object>(
    builder: &mut Builder<'_>,
    kind: Kind,
    key: &str,
    targets: fn(&mut Builder<'_>, &T) -> Result<Vec<Target>, Error>,
) -> Result<Option<Vec<Target>>, Error> {
    // The object itself is no reference: its own events lead to it.
    let object = builder.store.get::<T>(kind, key)?;
    object.map(|object| targets(builder, &object)).transpose()
}

/// Sets the labels that tell of an object's own labels and annotations.
fn set_tags(labels: &mut Labels, resource: &str, metadata: &Metadata) {
    let present = |of| format!("{PREFIX}{resource}_{of}present_");
    labels
        .set_each(&format!("{PREFIX}{resource}_label_"), &metadata.labels)
        .set_each(&present("label"), metadata.labels.keys().map(|name| (name, true)))
        .set_each(&format!("{PREFIX}{resource}_annotation_"), &metadata.annotations)
        .set_each(&present("annotation"), metadata.annotations.keys().map(|name| (name, true)));
}

/// Sets the labels that tell of an object's name, labels and annotations.
fn set_metadata(labels: &mut Labels, resource: &str, metadata: &Metadata) {
    labels.set(format!("{PREFIX}{resource}_name"), &metadata.name);
    set_tags(labels, resource, metadata);
}

/// Sets one of our labels.
fn set(labels: &mut Labels, name: &str, value: impl std::fmt::Display) {
    labels.set(format!("{PREFIX}{name}"), value);
}

/// Sets one of our labels, if there is a value.
fn set_option(labels: &mut Labels, name: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        set(labels, name, value);
    }
}
