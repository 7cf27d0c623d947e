//! How much all queries together may hold.
//!
//! Invariant: the sum of what permits hold is never above the limit. What histograms hold is known
//! when they are decoded: so far a reader may be above it, by one chunk of a block or one series of
//! the head.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use narthex_model::{NativeHistogram, Span};
use narthex_storage::{HistogramPoint, ReadError};

mod charged;

pub(crate) use self::charged::Charged;

/// A float decoded: a time and a value; of a histogram what stands in the list of samples.
pub(crate) const SAMPLE_BYTES: u64 = 16;

/// What decoded histograms take beside their place in the list of samples.
pub(crate) fn histogram_bytes(points: &[HistogramPoint]) -> u64 {
    points.iter().map(|point| one_histogram_bytes(&point.histogram)).sum()
}

fn one_histogram_bytes(histogram: &NativeHistogram) -> u64 {
    /// The two counters of a shared allocation.
    const SHARED_BYTES: usize = 16;
    let (layout, buckets) = match histogram {
        NativeHistogram::Integer(of) => {
            (&of.layout, of.positive_deltas.capacity() + of.negative_deltas.capacity())
        }
        NativeHistogram::Float(of) => {
            (&of.layout, of.positive_counts.capacity() + of.negative_counts.capacity())
        }
    };
    let spans = layout.positive_spans.capacity() + layout.negative_spans.capacity();
    let numbers = buckets + layout.custom_bounds.capacity();
    let bytes = numbers * size_of::<f64>() + spans * size_of::<Span>();
    (SHARED_BYTES + size_of::<NativeHistogram>() + bytes) as u64
}

/// Bytes of samples that are decoded at the same time, over all queries. Clones share it.
#[derive(Clone, Debug)]
pub struct ReadBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    held_bytes: AtomicU64,
    max_bytes: AtomicU64,
}

/// A part of the budget; given back when it is dropped.
#[derive(Debug)]
pub struct ReadPermit {
    budget: ReadBudget,
    bytes: u64,
}

impl ReadBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let (held_bytes, max_bytes) = (AtomicU64::new(0), AtomicU64::new(max_bytes));
        Self(Arc::new(Shared { held_bytes, max_bytes }))
    }

    /// Without a limit, for tools that read one series after another.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// Another limit, from the next permit on.
    pub fn set_max_bytes(&self, max_bytes: u64) {
        self.0.max_bytes.store(max_bytes, Ordering::Relaxed);
    }

    /// What is held now.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.0.held_bytes.load(Ordering::Relaxed)
    }

    /// A permit that holds nothing yet.
    #[must_use]
    pub fn nothing(&self) -> ReadPermit {
        ReadPermit { budget: self.clone(), bytes: 0 }
    }

    fn take(&self, bytes: u64) -> Result<(), ReadError> {
        let max_bytes = self.0.max_bytes.load(Ordering::Relaxed);
        let add = |held: u64| held.checked_add(bytes).filter(|sum| *sum <= max_bytes);
        let held = &self.0.held_bytes;
        match held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => Ok(()),
            Err(held) => {
                let wanted_bytes = held.saturating_add(bytes);
                Err(ReadError::TooMuch { wanted_bytes, max_bytes })
            }
        }
    }
}

impl ReadPermit {
    /// Holds at least so many bytes from now on.
    ///
    /// # Errors
    /// [`ReadError::TooMuch`] when that is more than is left; it then holds what it held before.
    pub fn grow_to(&mut self, bytes: u64) -> Result<(), ReadError> {
        if let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) {
            self.budget.take(more)?;
            self.bytes = bytes;
        }
        Ok(())
    }
}

impl Drop for ReadPermit {
    fn drop(&mut self) {
        self.budget.0.held_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_share_a_limit_and_give_back() {
        let budget = ReadBudget::new(100);
        let (mut first, mut second) = (budget.nothing(), budget.nothing());
        first.grow_to(60).unwrap();
        first.grow_to(10).unwrap();
        let refused = second.grow_to(41).unwrap_err();
        assert!(
            matches!(refused, ReadError::TooMuch { wanted_bytes: 101, max_bytes: 100 }),
            "{refused}"
        );
        second.grow_to(40).unwrap();
        assert_eq!(budget.held_bytes(), 100);
        drop(first);
        assert_eq!(budget.held_bytes(), 40);
        budget.set_max_bytes(50);
        second.grow_to(51).unwrap_err();
        drop(second);
        assert_eq!(budget.held_bytes(), 0);
    }
}
