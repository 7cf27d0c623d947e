//! A target that is being described.
//!
//! Most labels of a target are those of its pod, its node or its service, which many targets share. So they are held and
//! hashed once, and copied only into what the host is told: of the targets of a changed object few have changed.

use std::rc::Rc;

use narthex_sdk::{Labels, TargetGroup};

use crate::hash::Hasher;

/// Labels that targets share.
#[derive(Debug)]
pub(crate) struct Shared {
    labels: Labels,
    hash: u64,
}

impl Shared {
    pub(crate) fn new(labels: Labels) -> Rc<Self> {
        let hash = hashed(Hasher::new(), &labels).finish();
        Rc::new(Self { labels, hash })
    }
}

/// An address with its labels.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: String,
    /// Later ones take the place of earlier ones, and its own the place of all.
    pub(crate) shared: Vec<Rc<Shared>>,
    pub(crate) own: Labels,
}

impl Target {
    pub(crate) fn new(address: impl Into<String>, shared: &[&Rc<Shared>], own: Labels) -> Self {
        let shared = shared.iter().map(|shared| Rc::clone(shared)).collect();
        Self { address: address.into(), shared, own }
    }

    /// Never 0, which means that nothing is known.
    pub(crate) fn hash(&self) -> u64 {
        let hasher = hashed(Hasher::new().add(&self.address), &self.own);
        let shared = self.shared.iter().map(|shared| shared.hash);
        shared.fold(hasher, Hasher::add_hash).finish().max(1)
    }

    pub(crate) fn group(self, source: String) -> TargetGroup {
        let mut labels = Labels::new();
        for shared in &self.shared {
            labels.extend(&shared.labels);
        }
        labels.extend(&self.own);
        TargetGroup::one(source, self.address, &labels)
    }
}

fn hashed(hasher: Hasher, labels: &Labels) -> Hasher {
    labels.iter().fold(hasher, |hasher, (name, value)| hasher.add(name).add(value))
}
