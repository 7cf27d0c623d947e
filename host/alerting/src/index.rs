//! Many lists of matchers, of which few can match an alert.

use std::collections::HashMap;

use narthex_model::{Labels, MatchOp, Matcher};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Finds the lists that may match: one that wants a label to have a value is only looked at for
/// alerts that have it.
#[derive(Clone, Debug, Default)]
pub(crate) struct MatcherIndex {
    /// By a hash of the label and its value; so whether a list matches has to be looked at besides.
    by_label: HashMap<u64, Vec<usize>>,
    /// Those that want no label to have one value.
    others: Vec<usize>,
}

impl MatcherIndex {
    /// Of lists in their order.
    pub(crate) fn new<'a>(lists: impl IntoIterator<Item = &'a [Matcher]>) -> Self {
        let mut index = Self::default();
        for (place, list) in lists.into_iter().enumerate() {
            let wanted = list
                .iter()
                .find(|matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty());
            let places = match wanted {
                Some(it) => index.by_label.entry(hash(it.name(), it.value())).or_default(),
                None => &mut index.others,
            };
            places.push(place);
        }
        index
    }

    /// The places of the lists that may match, each once. Those it leaves out do not.
    pub(crate) fn candidates<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = usize> + 'a {
        let hashes = labels.iter().map(|(name, value)| hash(name, value));
        let by_label = hashes.filter_map(|hash| self.by_label.get(&hash)).flatten();
        by_label.chain(&self.others).copied()
    }
}

/// Whether all matchers accept the labels.
pub(crate) fn matches_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels.get(matcher.name()).unwrap_or("")))
}

fn hash(name: &str, value: &str) -> u64 {
    xxh3_64_with_seed(value.as_bytes(), xxh3_64(name.as_bytes()))
}
