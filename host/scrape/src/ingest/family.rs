//! What the lines before a family's samples say of it.

use std::borrow::Cow;

use narthex_exposition::Entry;
use narthex_model::{Metadata, MetricType};

use super::{Ingest, IngestError};
use crate::families::FamilyMetadata;

/// Families that a body may describe, each time counted: many times those of the largest targets.
pub(super) const FAMILIES_MAX: usize = 100_000;
/// Bytes of all that it says of them.
pub(super) const FAMILIES_BYTES_MAX: usize = 32 << 20;

/// A family, as far as it was read.
#[derive(Default)]
pub(super) struct FamilyText<'a> {
    name: Cow<'a, str>,
    metric_type: MetricType,
    help: Cow<'a, str>,
    unit: &'a str,
}

impl FamilyText<'_> {
    fn bytes(&self) -> usize {
        self.name.len() + self.unit.len() + self.help.len()
    }

    fn hash(&self) -> u64 {
        let parts = [self.metric_type.name(), &self.name, self.unit, &self.help];
        parts
            .iter()
            .fold(0, |seed, part| xxhash_rust::xxh3::xxh3_64_with_seed(part.as_bytes(), seed))
    }
}

impl Ingest<'_> {
    pub(super) fn metadata<'b>(
        &mut self,
        family: &mut FamilyText<'b>,
        entry: Entry<'b>,
    ) -> Result<(), IngestError> {
        let name = match &entry {
            Entry::Help { family, .. }
            | Entry::Type { family, .. }
            | Entry::Unit { family, .. } => family,
            Entry::Sample(_) | Entry::Histogram(_) => return Ok(()),
        };
        if family.name != *name {
            self.tell(family)?;
        }
        match entry {
            Entry::Help { family: name, help } => (family.name, family.help) = (name, help),
            Entry::Type { family: name, metric_type } => {
                (family.name, family.metric_type) = (name, metric_type);
            }
            Entry::Unit { family: name, unit } => (family.name, family.unit) = (name, unit),
            Entry::Sample(_) | Entry::Histogram(_) => {}
        }
        Ok(())
    }

    /// Tells the store of a family that it does not know so yet.
    pub(super) fn tell(&mut self, family: &mut FamilyText<'_>) -> Result<(), IngestError> {
        let family = std::mem::take(family);
        if family.name.is_empty() {
            return Ok(());
        }
        self.families_bytes += family.bytes();
        if self.families_bytes > FAMILIES_BYTES_MAX || self.cache.families_now() >= FAMILIES_MAX {
            return Err(IngestError::FamilyLimit);
        }
        let hash = family.hash();
        if self.cache.knows_family(hash) {
            return Ok(());
        }
        let metadata = Metadata {
            metric_type: family.metric_type,
            help: family.help.into_owned(),
            unit: family.unit.to_owned(),
        };
        self.appender.metadata(&family.name, &metadata);
        let told = FamilyMetadata { family: family.name.into_owned(), metadata };
        self.cache.learn_family(hash, self.families.shared(hash, told));
        Ok(())
    }
}
