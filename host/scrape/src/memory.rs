//! The memory that bodies take, all targets together.
//!
//! Invariant: large bodies, however many are held back by their targets, leave room for small ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use narthex_client::BodyMeter;

/// A body of so many bytes is parsed in some ten milliseconds; that much others can wait. Nearly all
/// bodies are smaller.
pub(crate) const LARGE_BODY_BYTES: usize = 1 << 20;

/// One part in so many is for small bodies alone: of a gigabyte, 256 at a time.
const SMALL_BODIES_PART: u64 = 4;

/// Bounds the bytes of bodies that arrive or wait to be stored.
#[derive(Debug)]
pub(crate) struct BodyMemory {
    /// 0: no bound.
    max: u64,
    taken: AtomicU64,
}

/// What one body has taken; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct BodyShare {
    memory: Arc<BodyMemory>,
    taken: AtomicU64,
}

impl BodyMemory {
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Self { max, taken: AtomicU64::new(0) })
    }

    /// The share of a body, nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> Arc<BodyShare> {
        Arc::new(BodyShare { memory: Arc::clone(self), taken: AtomicU64::new(0) })
    }

    /// Bytes that bodies take now.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl BodyShare {
    /// What all bodies may take.
    pub(crate) fn max(&self) -> u64 {
        self.memory.max
    }
}

/// A body that finds no room fails at once: were it to wait, bodies that are half there could wait
/// for each other until all have timed out.
impl BodyMeter for BodyShare {
    fn grow(&self, bytes: u64) -> bool {
        let mut max = if self.memory.max == 0 { u64::MAX } else { self.memory.max };
        if self.taken.load(Ordering::Relaxed).saturating_add(bytes) > LARGE_BODY_BYTES as u64 {
            max -= max / SMALL_BODIES_PART;
        }
        let more = |taken: u64| taken.checked_add(bytes).filter(|sum| *sum <= max);
        let has_room =
            self.memory.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if has_room {
            self.taken.fetch_add(bytes, Ordering::Relaxed);
        }
        has_room
    }
}

impl Drop for BodyShare {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(self.taken.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_what_there_is() {
        let memory = BodyMemory::new(10);
        let (one, two) = (memory.share(), memory.share());
        assert!(one.grow(6) && two.grow(4) && !two.grow(1));
        drop(one);
        assert!(two.grow(6));
        drop(two);
        assert_eq!(memory.taken(), 0);
        assert!(BodyMemory::new(0).share().grow(1 << 60));
    }

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let memory = BodyMemory::new(8 << 20);
        let large = [memory.share(), memory.share()];
        assert!(large.iter().all(|body| body.grow(3 << 20)));
        assert!(!memory.share().grow((1 << 20) + 1));
        let small = [memory.share(), memory.share()];
        assert!(small.iter().all(|body| body.grow(1 << 20)));
        assert!(!memory.share().grow(1) && !large.iter().any(|body| body.grow(1)));
    }
}
