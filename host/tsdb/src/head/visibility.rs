//! Which commits a reader sees: all of a commit, or nothing of it.
//!
//! Samples in order are only ever appended. So a commit is hidden from a reader by bounding each
//! series at the newest time it had before that commit. Samples out of order lie anywhere; the value
//! that holds those of a series never changes but is replaced, so a reader takes the value from
//! before the commit. While readers are open, commits leave both here; without readers nothing is
//! kept.
//!
//! Invariant: a commit notes what was before it here before it changes the first series.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::head::out_of_order::OutOfOrder;
use crate::head::series::Slot;

/// What the series of a commit had before it.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// Newest times in order; `i64::MIN` when there was no sample.
    pub(crate) times: Vec<(Slot, i64)>,
    /// Samples out of order.
    out_of_order: Vec<(Slot, Option<Arc<OutOfOrder>>)>,
}

impl Before {
    pub(crate) fn note_out_of_order(&mut self, slot: Slot, kept: Option<&Arc<OutOfOrder>>) {
        self.out_of_order.push((slot, kept.cloned()));
    }
}

/// What a reader sees of series that later commits changed.
#[derive(Debug, Default)]
pub(crate) struct Unseen {
    /// The newest time that it sees.
    pub(crate) bounds: HashMap<Slot, i64>,
    /// The samples out of order that it sees.
    pub(crate) out_of_order: HashMap<Slot, Option<Arc<OutOfOrder>>>,
}

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
    commits: VecDeque<(u64, Before)>,
}

/// A reader's place in the order of commits.
#[derive(Debug)]
pub(crate) struct Snapshot {
    visibility: Arc<Visibility>,
    seen: u64,
}

impl Visibility {
    /// Before the first series is changed. Commits come one at a time. Answers the commit's number.
    pub(crate) fn begin(&self, before: Before) -> u64 {
        let mut state = self.state.lock();
        let commit = state.finished + 1;
        state.commits.push_back((commit, before));
        commit
    }

    /// After the last series was changed.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock();
        state.finished += 1;
        state.forget_what_all_see();
    }

    /// A reader's view.
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
    /// The newest commit that it sees.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// What it sees of series that later commits have changed. To be asked for after the series were
    /// looked at: then every change that was seen is among these.
    pub(crate) fn unseen(&self) -> Unseen {
        let mut unseen = Unseen::default();
        let state = self.visibility.state.lock();
        // The oldest of the unseen commits decides.
        for (_, before) in state.commits.iter().filter(|(commit, _)| *commit > self.seen) {
            for (slot, at) in &before.times {
                unseen.bounds.entry(*slot).or_insert(*at);
            }
            for (slot, kept) in &before.out_of_order {
                unseen.out_of_order.entry(*slot).or_insert_with(|| kept.clone());
            }
        }
        unseen
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
            visibility.begin(Before { times: times.to_vec(), ..Before::default() });
            visibility.finish();
        };
        commit(&[(1, 0)]);
        let early = visibility.snapshot();
        commit(&[(1, 10), (2, i64::MIN)]);
        let late = visibility.snapshot();
        visibility.begin(Before { times: vec![(1, 20)], ..Before::default() });
        assert_eq!(early.unseen().bounds, HashMap::from([(1, 10), (2, i64::MIN)]));
        assert_eq!(
            late.unseen().bounds,
            HashMap::from([(1, 20)]),
            "a commit in progress is unseen"
        );
        visibility.finish();
        drop(late);
        drop(early);
        assert!(visibility.state.lock().commits.is_empty(), "nothing is kept without readers");
    }
}
