//! What a query holds in memory, against what it may hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::result::QueryError;

use super::row::Row;

/// A value of the answer with its time.
pub(crate) const POINT_BYTES: usize = 16;

/// An amount of memory, counted both ways that a query is limited by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// As Prometheus counts: a float is one, a histogram as many as fill its bytes.
    pub(crate) samples: usize,
    pub(crate) bytes: usize,
}

impl Amount {
    /// `count` values that take `bytes_each`.
    pub(crate) const fn of(count: usize, bytes_each: usize) -> Self {
        Self { samples: count, bytes: count.saturating_mul(bytes_each) }
    }

    /// A row with its labels.
    pub(crate) fn of_row(row: &Row) -> Self {
        let labels = row.labels.as_bytes().len();
        let bytes = size_of::<Row>() + labels + row.values.bytes();
        Self { samples: row.values.samples(), bytes }
    }

    /// A row as part of the answer, where each value has its time beside it.
    pub(crate) fn of_points(row: &Row) -> Self {
        let Self { samples, bytes } = Self::of_row(row);
        Self { samples, bytes: bytes + row.values.steps() * size_of::<i64>() }
    }
}

/// The most that a query may hold at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HoldingLimits {
    pub(crate) samples_max: usize,
    pub(crate) bytes_max: usize,
}

/// All that a query holds now, and the most that it held at once.
#[derive(Debug)]
pub(crate) struct Ledger {
    limits: HoldingLimits,
    samples: AtomicUsize,
    bytes: AtomicUsize,
    samples_peak: AtomicUsize,
    bytes_peak: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(limits: HoldingLimits) -> Self {
        let zero = || AtomicUsize::new(0);
        Self { limits, samples: zero(), bytes: zero(), samples_peak: zero(), bytes_peak: zero() }
    }

    /// How many bytes may be held.
    pub(crate) const fn bytes_max(&self) -> usize {
        self.limits.bytes_max
    }

    /// An account of what one operator holds; it is settled when it is dropped.
    pub(crate) fn holding(&self) -> Holding<'_> {
        Holding { ledger: self, amount: Amount::default() }
    }

    /// The most samples and bytes held at once.
    pub(crate) fn peak(&self) -> Amount {
        Amount {
            samples: self.samples_peak.load(Ordering::Relaxed),
            bytes: self.bytes_peak.load(Ordering::Relaxed),
        }
    }

    fn add(&self, amount: Amount) -> Result<(), QueryError> {
        let HoldingLimits { samples_max, bytes_max } = self.limits;
        let samples = self.samples.fetch_add(amount.samples, Ordering::Relaxed) + amount.samples;
        let bytes = self.bytes.fetch_add(amount.bytes, Ordering::Relaxed) + amount.bytes;
        self.samples_peak.fetch_max(samples, Ordering::Relaxed);
        self.bytes_peak.fetch_max(bytes, Ordering::Relaxed);
        if samples > samples_max {
            return Err(QueryError::TooManySamples);
        }
        if bytes > bytes_max {
            return Err(QueryError::TooMuchMemory { max: bytes_max, estimate: None });
        }
        Ok(())
    }

    fn remove(&self, amount: Amount) {
        self.samples.fetch_sub(amount.samples, Ordering::Relaxed);
        self.bytes.fetch_sub(amount.bytes, Ordering::Relaxed);
    }
}

/// What one operator holds.
#[derive(Debug)]
pub(crate) struct Holding<'l> {
    ledger: &'l Ledger,
    amount: Amount,
}

impl Holding<'_> {
    /// Holds more.
    pub(crate) fn add(&mut self, amount: Amount) -> Result<(), QueryError> {
        self.amount.samples += amount.samples;
        self.amount.bytes += amount.bytes;
        self.ledger.add(amount)
    }

    /// Holds less: what `amount` stands for went to another account.
    pub(crate) fn remove(&mut self, amount: Amount) {
        self.amount.samples -= amount.samples;
        self.amount.bytes -= amount.bytes;
        self.ledger.remove(amount);
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.ledger.remove(self.amount);
    }
}
