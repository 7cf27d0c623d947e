//! Which silences hold for an alert.

use std::sync::Arc;

use narthex_model::Labels;

use super::Silence;
use crate::index::{MatcherIndex, matches_all};

/// The silences that hold at one moment, ready for many questions.
#[derive(Debug, Default)]
pub(crate) struct Silencer {
    silences: Vec<Arc<Silence>>,
    index: MatcherIndex,
}

impl Silencer {
    pub(super) fn new(silences: Vec<Arc<Silence>>) -> Self {
        let index = MatcherIndex::new(silences.iter().map(|it| it.terms.matchers.as_slice()));
        Self { silences, index }
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
        let silences = self.index.candidates(labels).filter_map(|place| self.silences.get(place));
        silences.filter(|silence| matches_all(&silence.terms.matchers, labels))
    }
}
