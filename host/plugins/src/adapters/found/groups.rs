//! A set of groups that knows what it takes.
//!
//! Invariant: a change that would make it larger than [`SET_BYTES_MAX`] is refused and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::{Labels, TargetGroup};

use crate::answer::Change;

/// What one set may take, by [`bytes_of`]: that of two whole answers of the largest kind.
const SET_BYTES_MAX: usize = 256 << 20;

/// What a group, and each target in it, counts beyond its texts, so that empty ones are bounded too.
const ENTRY_BYTES: usize = 64;

/// Groups by their sources.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_source: BTreeMap<String, TargetGroup>,
    /// What they take, by [`bytes_of`].
    bytes: usize,
}

impl Groups {
    /// Applies a change. Of a source of which a part fails, those that it did not tell stay.
    pub(super) fn apply(&mut self, change: Change, keeps_untold: bool) -> Result<(), String> {
        match change {
            Change::Full(all) => self.replace(keyed(all), keeps_untold),
            Change::Delta { upsert, remove } => {
                self.update(keyed(upsert), &remove.into_iter().collect())
            }
            Change::Unchanged => Ok(()),
        }
    }

    /// Takes another set in place of this one, or beside what it does not tell.
    pub(super) fn become_that(&mut self, other: Self, keeps_untold: bool) -> Result<(), String> {
        self.replace(other.by_source, keeps_untold)
    }

    /// The groups, by their sources.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &TargetGroup> {
        self.by_source.values()
    }

    fn replace(
        &mut self,
        all: BTreeMap<String, TargetGroup>,
        keeps_untold: bool,
    ) -> Result<(), String> {
        if keeps_untold {
            return self.update(all, &BTreeSet::new());
        }
        let bytes = all.values().map(bytes_of).sum();
        check(bytes)?;
        *self = Self { by_source: all, bytes };
        Ok(())
    }

    fn update(
        &mut self,
        mut upsert: BTreeMap<String, TargetGroup>,
        remove: &BTreeSet<String>,
    ) -> Result<(), String> {
        upsert.retain(|source, _| !remove.contains(source));
        let gone = upsert.keys().chain(remove).filter_map(|source| self.by_source.get(source));
        let kept = self.bytes.saturating_sub(gone.map(bytes_of).sum());
        let bytes = kept + upsert.values().map(bytes_of).sum::<usize>();
        check(bytes)?;
        self.bytes = bytes;
        for source in remove {
            self.by_source.remove(source);
        }
        self.by_source.append(&mut upsert);
        Ok(())
    }
}

fn check(bytes: usize) -> Result<(), String> {
    if bytes <= SET_BYTES_MAX {
        return Ok(());
    }
    let most = SET_BYTES_MAX >> 20;
    Err(format!(
        "its targets take more than {most} MiB; give it several items that find fewer each"
    ))
}

fn keyed(groups: Vec<TargetGroup>) -> BTreeMap<String, TargetGroup> {
    groups.into_iter().map(|group| (group.source.clone(), group)).collect()
}

/// About what a group takes: all texts in it.
fn bytes_of(group: &TargetGroup) -> usize {
    let of_labels = |labels: &Labels| ENTRY_BYTES + labels.as_bytes().len();
    let targets = group.targets.iter().map(of_labels).sum::<usize>();
    group.source.len() + of_labels(&group.labels) + targets
}
