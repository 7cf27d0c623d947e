//! Endpoints, and their successors, endpoint slices.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Metadata, is_default, nullable};

/// The addresses behind a service, in one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Endpoints {
    pub(crate) metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    pub(crate) subsets: Vec<Subset>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Subset {
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) addresses: Vec<EndpointAddress>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) not_ready_addresses: Vec<EndpointAddress>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) ports: Vec<EndpointPort>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EndpointAddress {
    pub(crate) ip: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) hostname: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) node_name: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) target_ref: Option<ObjectReference>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct EndpointPort {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) name: String,
    pub(crate) port: i32,
    pub(crate) protocol: String,
}

/// What an address belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ObjectReference {
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// Some of the addresses behind a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EndpointSlice {
    pub(crate) metadata: Metadata,
    pub(crate) address_type: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) endpoints: Vec<SliceEndpoint>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) ports: Vec<SlicePort>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SliceEndpoint {
    #[serde(deserialize_with = "nullable")]
    pub(crate) addresses: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) conditions: Conditions,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) hostname: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) target_ref: Option<ObjectReference>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) node_name: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) zone: Option<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) deprecated_topology: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Conditions {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) ready: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) serving: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) terminating: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SlicePort {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) protocol: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) port: Option<i32>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) app_protocol: Option<String>,
}
