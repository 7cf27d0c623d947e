//! Objects of the API, with the few fields that become labels.
//!
//! The same types read the API's answers and the records that are kept between calls: what a type leaves out when it is
//! written is what it does not need again. Go writes an empty list as `null`, so lists and maps take that too.

mod endpoints;
mod ingress;
mod metadata;
mod node;
mod pod;
mod service;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

pub(crate) use self::{
    endpoints::{
        EndpointAddress, EndpointPort, EndpointSlice, Endpoints, ObjectReference, SliceEndpoint,
        SlicePort,
    },
    ingress::Ingress,
    metadata::{Metadata, Plain},
    node::Node,
    pod::{Container, ContainerPort, Pod},
    service::Service,
};

/// An object that can be read, reduced to what its use needs, and kept.
pub(crate) trait Object: Default + DeserializeOwned + Serialize {
    fn metadata(&self) -> &Metadata;
    fn metadata_mut(&mut self) -> &mut Metadata;
}

macro_rules! objects {
    ($($object:ty),*) => { $(
        impl Object for $object {
            fn metadata(&self) -> &Metadata {
                &self.metadata
            }
            fn metadata_mut(&mut self) -> &mut Metadata {
                &mut self.metadata
            }
        }
    )* };
}
objects!(Node, Pod, Service, Endpoints, EndpointSlice, Ingress, Plain);

/// Reads `null` as the empty value.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether a field is as if it were not there, so that a record need not hold it.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
