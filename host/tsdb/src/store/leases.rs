//! Who reads the head: what a block took over leaves the head only when nobody reads it there.
//!
//! Invariant: a reader that began before a block was listed keeps the head's samples of that block; one
//! that began later finds them in the block.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Matcher};
use narthex_storage::{Columns, Querier, ReadError, Series, TimeRange};
use parking_lot::{Condvar, Mutex};

/// All open readers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Guards who reads what.
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// The start of what each reads, by when it began.
    open: BTreeMap<u64, i64>,
}

/// An open reader; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    leases: Leases,
    number: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.0.state.lock().open.remove(&self.number);
        self.leases.0.ended.notify_all();
    }
}

impl Leases {
    /// Begins to read what is not before `start`.
    pub(crate) fn begin(&self, start: i64) -> Lease {
        let mut state = self.0.state.lock();
        let number = state.next;
        state.next += 1;
        state.open.insert(number, start);
        Lease { leases: self.clone(), number }
    }

    /// A point in time: readers that begin later have a greater number.
    pub(crate) fn now(&self) -> u64 {
        self.0.state.lock().next
    }

    /// Whether nobody who began before `point` reads what is before `cutoff`.
    pub(crate) fn are_over(&self, point: u64, cutoff: i64) -> bool {
        self.0.state.lock().are_over(point, cutoff)
    }

    /// Waits until that is so; false: it did not come to that in time.
    pub(crate) fn wait(&self, point: u64, cutoff: i64, at_most: Duration) -> bool {
        let mut state = self.0.state.lock();
        let is_read = |state: &mut State| !state.are_over(point, cutoff);
        !self.0.ended.wait_while_for(&mut state, is_read, at_most).timed_out()
    }
}

impl State {
    fn are_over(&self, point: u64, cutoff: i64) -> bool {
        self.open.range(..point).all(|(_, start)| *start >= cutoff)
    }
}

/// A querier whose series keep what they read in the head.
pub(crate) struct LeasedQuerier {
    pub(crate) inner: Box<dyn Querier>,
    pub(crate) lease: Arc<Lease>,
}

struct LeasedSeries {
    inner: Box<dyn Series>,
    _lease: Arc<Lease>,
}

impl Querier for LeasedQuerier {
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn Series>>, ReadError> {
        let series = self.inner.select(matchers)?.into_iter().map(|inner| {
            let lease = Arc::clone(&self.lease);
            Box::new(LeasedSeries { inner, _lease: lease }) as Box<dyn Series>
        });
        Ok(series.collect())
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.inner.label_names(matchers)
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        self.inner.label_values(name, matchers)
    }
}

impl Series for LeasedSeries {
    fn labels(&self) -> &Labels {
        self.inner.labels()
    }

    fn samples_max(&self) -> usize {
        self.inner.samples_max()
    }

    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError> {
        self.inner.read(range, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_keeps_what_it_reads_from_when_it_began() {
        let leases = Leases::default();
        let early = leases.begin(10);
        let point = leases.now();
        assert!(leases.are_over(point, 10) && !leases.are_over(point, 11));
        let late = leases.begin(0);
        assert!(!leases.are_over(point, 11));
        drop(early);
        assert!(leases.are_over(point, 11) && !leases.are_over(leases.now(), 11));
        assert!(!leases.wait(leases.now(), 11, Duration::ZERO));
        drop(late);
        assert!(leases.wait(leases.now(), 11, Duration::ZERO));
        assert!(leases.are_over(leases.now(), i64::MAX));
    }
}
