//! What all objects have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{is_default, nullable};

/// Name, labels and annotations of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) namespace: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) uid: String,
    /// Changes with every write; no part of a record.
    #[serde(skip_serializing)]
    pub(crate) resource_version: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_default")]
    owner_references: Vec<Owner>,
}

/// An object that another one belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Owner {
    pub(crate) kind: String,
    pub(crate) name: String,
    controller: bool,
}

impl Metadata {
    /// `namespace/name`, or the name alone of what is in no namespace.
    pub(crate) fn key(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }

    /// The owner that controls the object.
    pub(crate) fn controller(&self) -> Option<&Owner> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// Drops the owners that no label tells of.
    pub(crate) fn keep_controller(&mut self) {
        self.owner_references.retain(|owner| owner.controller);
        self.owner_references.truncate(1);
    }

    /// Drops what no label tells of in objects other than pods.
    pub(crate) fn forget_identity(&mut self) {
        self.uid.clear();
        self.owner_references.clear();
    }
}

/// An object of which only the metadata matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Plain {
    pub(crate) metadata: Metadata,
}

impl Plain {
    /// Keeps only what controls it.
    pub(crate) fn keep_only_controller(&mut self) {
        let metadata = &mut self.metadata;
        metadata.keep_controller();
        metadata.uid.clear();
        metadata.labels.clear();
        metadata.annotations.clear();
    }
}
