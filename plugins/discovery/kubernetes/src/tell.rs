//! What the host is told of objects: the differences between what it has of them and what they are now.
//!
//! Invariant: one answer is not larger than its bound. What does not fit is marked in the index and told by the next
//! answers; the host uses all of them together.

use std::collections::BTreeSet;

use narthex_sdk::{Delta, Error, TargetGroup};

use crate::{
    config::Config,
    index::Entry,
    roles::{self, Attached, Built},
    store::Store,
};

/// The host would take 128 MiB in one answer; smaller ones leave a call's memory to what it reads and keeps.
const ANSWER_BYTES_MAX: usize = 12 << 20;

/// Targets that one call looks at, whether they have changed or not: less than half a second of a processor.
const TARGETS_MAX: usize = 20_000;

/// What the host needs to hold a group and a label, besides their texts.
const GROUP_BYTES: usize = 96;
const LABEL_BYTES: usize = 48;

/// An answer that is being gathered.
#[derive(Debug)]
pub(crate) struct Telling<'a> {
    config: &'a Config,
    delta: Delta,
    bytes: usize,
    /// Targets that were looked at.
    work: usize,
    /// Something did not fit.
    pub(crate) is_full: bool,
}

impl<'a> Telling<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        let delta = Delta { upsert: Vec::new(), remove: Vec::new() };
        Self { config, delta, bytes: 0, work: 0, is_full: false }
    }

    /// What was gathered.
    pub(crate) fn delta(self) -> Delta {
        self.delta
    }

    /// Tells of objects as they are now, or marks them when they do not fit.
    pub(crate) fn tell(&mut self, store: &mut Store, keys: &BTreeSet<String>) -> Result<(), Error> {
        let (role, attach) = (self.config.role, self.config.attach_metadata);
        let mut attached = Attached::default();
        for key in keys {
            let before = store.index.get(key)?.cloned();
            let now = if self.bytes >= ANSWER_BYTES_MAX || self.work >= TARGETS_MAX {
                self.is_full = true;
                Some(before.clone().unwrap_or_default().untold())
            } else {
                let built = roles::targets(role, attach, &mut attached, store, key)?;
                let told = before.as_ref().map(|entry| entry.told.clone()).unwrap_or_default();
                self.tell_one(key, told, built)
            };
            if now != before {
                store.index.set(key, now)?;
            }
        }
        Ok(())
    }

    /// Tells of the groups of an object that the host does not have, as far as they fit.
    fn tell_one(&mut self, key: &str, mut told: Vec<u64>, built: Option<Built>) -> Option<Entry> {
        let Some(Built { targets, references }) = built else {
            self.remove(key, 0, told.len());
            return None;
        };
        let count = targets.len();
        self.work += count;
        for (place, target) in targets.into_iter().enumerate() {
            let hash = target.hash();
            if told.get(place) == Some(&hash) {
                continue;
            }
            if self.bytes >= ANSWER_BYTES_MAX {
                self.is_full = true;
                return Some(Entry { told, references, is_untold: true });
            }
            match told.get_mut(place) {
                Some(told) => *told = hash,
                None => told.push(hash),
            }
            let group = target.group(roles::source(self.config.role, key, place));
            self.bytes += size(&group);
            self.delta.upsert.push(group);
        }
        self.remove(key, count, told.len());
        told.truncate(count);
        Some(Entry { told, references, is_untold: false })
    }

    /// Groups from this place on are gone.
    fn remove(&mut self, key: &str, from: usize, to: usize) {
        for place in from..to {
            let source = roles::source(self.config.role, key, place);
            self.bytes += source.len() + GROUP_BYTES;
            self.delta.remove.push(source);
        }
    }
}

fn size(group: &TargetGroup) -> usize {
    let labels = group.labels.iter();
    let labels: usize = labels.map(|l| l.name.len() + l.value.len() + LABEL_BYTES).sum();
    let targets: usize = group.targets.iter().map(String::len).sum();
    GROUP_BYTES + group.source.len() + targets + labels
}
