//! Which commits a reader sees: all of a commit, or nothing of it.
//!
//! Samples of a series are only ever appended in the order of their times. So a commit is hidden
//! from a reader by bounding each series at the newest time it had before that commit. While
//! readers are open, commits leave these times here; without readers nothing is kept.
//!
//! Invariant: a commit notes its times here before it changes the first series.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::head::series::Slot;

/// Newest time of a series before a commit; `i64::MIN` when it had no sample.
pub(crate) type TimesBefore = Vec<(Slot, i64)>;

#[derive(Debug, Default)]
pub(crate) struct Visibility {
    /// Guards the order of commits and readers. Taken last, for moments only.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    finished: u64,
    /// Readers by the last commit that they see.
    readers: BTreeMap<u64, usize>,
    /// Commits that some reader does not see, oldest first, the one in progress included.
    commits: VecDeque<(u64, TimesBefore)>,
}

/// A reader's place in the order of commits.
#[derive(Debug)]
pub(crate) struct Snapshot {
    visibility: Arc<Visibility>,
    seen: u64,
}

impl Visibility {
    /// Before the first series is changed. Commits come one at a time.
    pub(crate) fn begin(&self, before: TimesBefore) {
        let mut state = self.state.lock();
        let commit = state.finished + 1;
        state.commits.push_back((commit, before));
    }

    /// After the last series was changed.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock();
        state.finished += 1;
        state.forget_what_all_see();
    }

    pub(crate) fn snapshot(self: &Arc<Self>) -> Snapshot {
        let mut state = self.state.lock();
        let seen = state.finished;
        *state.readers.entry(seen).or_default() += 1;
        Snapshot { visibility: Arc::clone(self), seen }
    }
}

impl State {
    fn forget_what_all_see(&mut self) {
        let all_see = self.readers.keys().next().copied().unwrap_or(self.finished);
        while self.commits.front().is_some_and(|(commit, _)| *commit <= all_see) {
            self.commits.pop_front();
        }
    }
}

impl Snapshot {
    /// The bounds of series that later commits have changed. To be asked for after the series were
    /// looked at: then every change that was seen is among these.
    pub(crate) fn bounds(&self) -> HashMap<Slot, i64> {
        let mut bounds = HashMap::new();
        let state = self.visibility.state.lock();
        let unseen = state.commits.iter().filter(|(commit, _)| *commit > self.seen);
        for (slot, before) in unseen.flat_map(|(_, times)| times) {
            // The oldest of the unseen commits decides.
            bounds.entry(*slot).or_insert(*before);
        }
        bounds
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let mut state = self.visibility.state.lock();
        if let Some(count) = state.readers.get_mut(&self.seen) {
            *count -= 1;
            if *count == 0 {
                state.readers.remove(&self.seen);
            }
        }
        state.forget_what_all_see();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_bounds_for_what_it_must_not_see() {
        let visibility = Arc::new(Visibility::default());
        let commit = |times: &[(Slot, i64)]| {
            visibility.begin(times.to_vec());
            visibility.finish();
        };
        commit(&[(1, 0)]);
        let early = visibility.snapshot();
        commit(&[(1, 10), (2, i64::MIN)]);
        let late = visibility.snapshot();
        visibility.begin(vec![(1, 20)]);
        assert_eq!(early.bounds(), HashMap::from([(1, 10), (2, i64::MIN)]));
        assert_eq!(late.bounds(), HashMap::from([(1, 20)]), "a commit in progress is unseen");
        visibility.finish();
        drop((early, late));
        assert!(visibility.state.lock().commits.is_empty(), "nothing is kept without readers");
    }
}
