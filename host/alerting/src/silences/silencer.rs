//! Which silences hold for an alert.

use std::collections::HashMap;
use std::sync::Arc;

use narthex_model::{Labels, MatchOp};

use super::Silence;
use crate::inhibit::matches_all;

/// The silences that hold at one moment, ready for many questions: one that wants a label to have a
/// value is only asked about alerts that have it.
#[derive(Debug, Default)]
pub(crate) struct Silencer {
    silences: Vec<Arc<Silence>>,
    /// By a hash of the label and its value; whether a silence matches is looked at besides.
    by_label: HashMap<u64, Vec<usize>>,
    /// Those that want no label to have one value.
    others: Vec<usize>,
}

impl Silencer {
    pub(super) fn new(silences: Vec<Arc<Silence>>) -> Self {
        let mut silencer = Self::default();
        for (place, silence) in silences.iter().enumerate() {
            let wanted = silence
                .terms
                .matchers
                .iter()
                .find(|matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty());
            match wanted {
                Some(wanted) => {
                    let hash = hash(wanted.name(), wanted.value());
                    silencer.by_label.entry(hash).or_default().push(place);
                }
                None => silencer.others.push(place),
            }
        }
        silencer.silences = silences;
        silencer
    }

    /// Whether one of them holds for an alert with these labels.
    pub(crate) fn silences(&self, labels: &Labels) -> bool {
        self.holding(labels).next().is_some()
    }

    /// The ids of those that hold for it, ascending.
    pub(crate) fn silenced_by(&self, labels: &Labels) -> Vec<String> {
        let mut ids: Vec<String> = self.holding(labels).map(|silence| silence.id.clone()).collect();
        ids.sort_unstable();
        ids
    }

    fn holding<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = &'a Arc<Silence>> {
        let hashes = labels.iter().map(|(name, value)| hash(name, value));
        let by_label = hashes.filter_map(|hash| self.by_label.get(&hash)).flatten();
        let places = by_label.chain(&self.others);
        let silences = places.filter_map(|place| self.silences.get(*place));
        silences.filter(|silence| matches_all(&silence.terms.matchers, labels))
    }
}

fn hash(name: &str, value: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(
        value.as_bytes(),
        xxhash_rust::xxh3::xxh3_64(name.as_bytes()),
    )
}
