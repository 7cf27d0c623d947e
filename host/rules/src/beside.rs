//! Rules that are evaluated beside each other, on threads that all groups share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Counts the threads that are free. A group that finds none goes on with its own. Clones share
/// them.
#[derive(Clone, Debug)]
pub(crate) struct Evaluators(Arc<AtomicUsize>);

impl Evaluators {
    pub(crate) fn new(threads: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(threads)))
    }

    /// What `ask` answers for each index, in their order.
    pub(crate) fn each<T: Send>(
        &self,
        indexes: &[usize],
        ask: impl Fn(usize) -> T + Sync,
    ) -> Vec<(usize, T)> {
        let helpers = Helpers::take(&self.0, indexes.len().saturating_sub(1));
        if helpers.count == 0 {
            return indexes.iter().map(|index| (*index, ask(*index))).collect();
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut answers = Vec::new();
            while let Some(index) = indexes.get(next.fetch_add(1, Ordering::Relaxed)) {
                answers.push((*index, ask(*index)));
            }
            answers
        };
        let mut answers = thread::scope(|scope| {
            let helper = |_| {
                // Without a thread there is one helper less.
                thread::Builder::new().name("rules".to_owned()).spawn_scoped(scope, work).ok()
            };
            let helpers: Vec<_> = (0..helpers.count).map_while(helper).collect();
            let mut answers = work();
            for helper in helpers {
                let of_helper = helper.join();
                answers.extend(of_helper.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            answers
        });
        answers.sort_by_key(|(index, _)| *index);
        answers
    }
}

/// Threads that were taken; they are free again when this is dropped.
struct Helpers<'a> {
    free: &'a AtomicUsize,
    count: usize,
}

impl<'a> Helpers<'a> {
    fn take(free: &'a AtomicUsize, wanted: usize) -> Self {
        let mut count = 0;
        let taken = free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            count = wanted.min(free);
            (count > 0).then(|| free - count)
        });
        Self { free, count: taken.map_or(0, |_| count) }
    }
}

impl Drop for Helpers<'_> {
    fn drop(&mut self) {
        self.free.fetch_add(self.count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn answers_come_in_order_however_many_threads_there_are() {
        let indexes: Vec<usize> = (0..100).collect();
        let expected: Vec<(usize, usize)> =
            indexes.iter().map(|index| (*index, index * 2)).collect();
        for threads in [0, 1, 7, 1000] {
            let evaluators = Evaluators::new(threads);
            assert_eq!(evaluators.each(&indexes, |index| index * 2), expected, "{threads}");
            assert_eq!(evaluators.0.load(Ordering::Relaxed), threads, "all are free again");
        }
    }

    #[test]
    fn rules_of_a_level_are_asked_at_once() {
        let evaluators = Evaluators::new(2);
        let all_three = Barrier::new(3);
        // Whoever was alone would wait for ever.
        let answers = evaluators.each(&[4, 5, 6], |_| all_three.wait().is_leader());
        assert_eq!(answers.iter().filter(|(_, is_leader)| *is_leader).count(), 1);
    }
}
