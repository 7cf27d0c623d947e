//! What was last told of each object that becomes targets, and what it was told by.
//!
//! Invariant: an entry that is told names every record that was looked up for its groups, also those that were not
//! there. So a change of a record leads to all the groups that it changes.
//!
//! Entries lie in buckets by the hash of their key, so that a change rewrites little of the whole.

use std::collections::{BTreeMap, BTreeSet};

use narthex_sdk::{Error, json, kv};
use serde::{Deserialize, Serialize};

use crate::{hash::Hasher, stream::Kind};

/// What is known of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Entry {
    /// The hashes of the groups that the host has, 0 for one that it may have or not.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) told: Vec<u64>,
    /// The records that the groups depend on, sorted.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<u32>,
    /// Whether the host lacks something.
    #[serde(rename = "u", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_untold: bool,
}

impl Entry {
    /// The same, of an object that is to be told of.
    pub(crate) fn untold(self) -> Self {
        Self { is_untold: true, ..self }
    }

    /// The same, of an object of which nothing is known for sure but that the host has at most this many groups.
    pub(crate) fn doubtful(self, groups: usize) -> Self {
        let told = vec![0; self.told.len().max(groups)];
        Self { told, ..self }.untold()
    }
}

/// The short name of a record in entries.
pub(crate) fn reference(kind: Kind, key: &str) -> u32 {
    Hasher::new().add(kind.letter().encode_utf8(&mut [0; 4])).add(key).finish_short()
}

/// The entries, of which a bucket is read when it is needed.
#[derive(Debug)]
pub(crate) struct Index {
    /// What the keys of the buckets begin with.
    prefix: String,
    /// Nothing of it is kept yet.
    is_new: bool,
    buckets: BTreeMap<u8, BTreeMap<String, Entry>>,
    changed: BTreeSet<u8>,
    /// Objects whose entries changed in this call, and how many groups the host had of each.
    before: BTreeMap<String, usize>,
}

impl Index {
    pub(crate) fn new(prefix: String, is_new: bool) -> Self {
        let (buckets, changed) = (BTreeMap::new(), BTreeSet::new());
        Self { prefix, is_new, buckets, changed, before: BTreeMap::new() }
    }

    fn kept_as(&self, bucket: u8) -> String {
        format!("{}{bucket:02x}", self.prefix)
    }

    fn bucket(&mut self, bucket: u8) -> Result<&mut BTreeMap<String, Entry>, Error> {
        let kept = if self.is_new || self.buckets.contains_key(&bucket) {
            None
        } else {
            kv::get(&self.kept_as(bucket))?
        };
        if let Some(kept) = kept {
            let entries = json::from_slice(&kept)
                .map_err(|error| Error::internal(format!("read a bucket of the index: {error}")))?;
            self.buckets.insert(bucket, entries);
        }
        Ok(self.buckets.entry(bucket).or_default())
    }

    pub(crate) fn get(&mut self, key: &str) -> Result<Option<&Entry>, Error> {
        Ok(self.bucket(bucket_of(key))?.get(key))
    }

    /// Sets what is known of an object; none: it is gone.
    pub(crate) fn set(&mut self, key: &str, entry: Option<Entry>) -> Result<(), Error> {
        let bucket = bucket_of(key);
        let entries = self.bucket(bucket)?;
        let before = match entry {
            Some(entry) => entries.insert(key.to_owned(), entry),
            None => entries.remove(key),
        };
        self.changed.insert(bucket);
        let groups = before.map_or(0, |before| before.told.len());
        self.before.entry(key.to_owned()).or_insert(groups);
        Ok(())
    }

    /// The objects whose entries are as they are looked for, in no order.
    fn keys(&mut self, is_wanted: impl Fn(&Entry) -> bool) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        for bucket in 0..=u8::MAX {
            let entries = self.bucket(bucket)?.iter();
            found.extend(entries.filter(|(_, entry)| is_wanted(entry)).map(|(key, _)| key.clone()));
        }
        Ok(found)
    }

    /// All objects.
    pub(crate) fn all(&mut self) -> Result<Vec<String>, Error> {
        self.keys(|_| true)
    }

    /// The objects that are still to be told of.
    pub(crate) fn untold(&mut self) -> Result<BTreeSet<String>, Error> {
        Ok(self.keys(|entry| entry.is_untold)?.into_iter().collect())
    }

    /// The objects whose groups depend on any of these records.
    pub(crate) fn dependents(&mut self, changed: &BTreeSet<u32>) -> Result<Vec<String>, Error> {
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        self.keys(|entry| entry.references.iter().any(|reference| changed.contains(reference)))
    }

    pub(crate) fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The objects whose entries changed in this call, and how many groups the host had of each before.
    pub(crate) fn before(&self) -> &BTreeMap<String, usize> {
        &self.before
    }

    /// Keeps what has changed.
    pub(crate) fn save(&mut self) -> Result<(), Error> {
        self.before.clear();
        for bucket in std::mem::take(&mut self.changed) {
            let name = self.kept_as(bucket);
            let entries = self.buckets.get(&bucket);
            match entries.filter(|entries| !entries.is_empty()) {
                None => kv::delete(&name)?,
                Some(entries) => {
                    let bytes = json::to_vec(entries)
                        .map_err(|error| Error::internal(format!("write the index: {error}")))?;
                    kv::set(&name, &bytes)?;
                }
            }
        }
        Ok(())
    }
}

fn bucket_of(key: &str) -> u8 {
    let [bucket, ..] = Hasher::new().add(key).finish().to_le_bytes();
    bucket
}
