//! Threads beside a query's own, shared by all queries.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many more threads may work for queries now.
#[derive(Debug)]
pub(crate) struct Workers(AtomicUsize);

/// Leave to use threads; ends when it is dropped.
pub(crate) struct Lease<'w> {
    workers: &'w Workers,
    pub(crate) count: usize,
}

impl Workers {
    pub(crate) const fn new(count: usize) -> Self {
        Self(AtomicUsize::new(count))
    }

    /// As many as there are, up to `wanted`; none is an answer too.
    pub(crate) fn lease(&self, wanted: usize) -> Lease<'_> {
        let take = |idle: usize| Some(idle.saturating_sub(wanted));
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let count = taken.unwrap_or(0).min(wanted);
        Lease { workers: self, count }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.workers.0.fetch_add(self.count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_come_back_when_their_lease_ends() {
        let workers = Workers::new(3);
        let (first, second) = (workers.lease(2), workers.lease(2));
        assert_eq!((first.count, second.count, workers.lease(2).count), (2, 1, 0));
        drop(first);
        assert_eq!(workers.lease(9).count, 2);
        drop(second);
        assert_eq!(workers.lease(9).count, 3);
    }
}
