//! What targets say of their metric families. Targets of one kind say the same, so that each text is
//! kept once however many say it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use narthex_model::Metadata;
use parking_lot::Mutex;

/// The places of texts that no target holds any more are let go when there are this many more than
/// at the last look.
const UNUSED_MAX: usize = 10_000;

/// A family, as a target describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyMetadata {
    /// The family's name.
    pub family: String,
    /// Type, help and unit.
    pub metadata: Metadata,
}

impl FamilyMetadata {
    /// Bytes of its texts.
    pub(crate) fn bytes(&self) -> usize {
        let Metadata { metric_type, help, unit } = &self.metadata;
        metric_type.name().len() + help.len() + unit.len()
    }
}

/// The families of one target.
pub(crate) type Families = Arc<[Arc<FamilyMetadata>]>;

/// All texts, by a hash of them.
#[derive(Debug, Default)]
pub(crate) struct FamilyTexts {
    /// Guards the table. Nothing else is asked for while it is held.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Of those that a target holds.
    texts: HashMap<u64, Weak<FamilyMetadata>>,
    /// How many were in use when that was looked at last.
    used: usize,
}

impl FamilyTexts {
    /// The text with this hash, given that it says this.
    pub(crate) fn shared(&self, hash: u64, told: FamilyMetadata) -> Arc<FamilyMetadata> {
        let mut known = self.known.lock();
        if known.texts.len() > 2 * known.used + UNUSED_MAX {
            known.texts.retain(|_, text| text.strong_count() > 0);
            known.used = known.texts.len();
        }
        let place = known.texts.entry(hash).or_default();
        match place.upgrade() {
            Some(text) if *text == told => text,
            // Two texts with one hash: this target keeps its own.
            Some(_) => Arc::new(told),
            None => {
                let text = Arc::new(told);
                *place = Arc::downgrade(&text);
                text
            }
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.known.lock().texts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(help: &str) -> FamilyMetadata {
        let metadata = Metadata { help: help.to_owned(), ..Metadata::default() };
        FamilyMetadata { family: "x".to_owned(), metadata }
    }

    #[test]
    fn a_text_is_kept_once_and_let_go() {
        let texts = FamilyTexts::default();
        let first = texts.shared(1, told("a"));
        assert!(Arc::ptr_eq(&first, &texts.shared(1, told("a"))));
        assert_eq!(texts.shared(1, told("b")).metadata.help, "b");
        let place = Arc::downgrade(&texts.shared(2, told("a")));
        assert_eq!(place.strong_count(), 0, "no target holds it");
        for hash in 2..20_000 {
            texts.shared(hash, told("c"));
        }
        assert!(texts.len() <= UNUSED_MAX + 3, "{}", texts.len());
        assert!(Arc::ptr_eq(&first, &texts.shared(1, told("a"))));
    }
}
