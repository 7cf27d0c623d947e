//! What a query holds in memory, against what it may hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use narthex_model::Labels;
use narthex_storage::{Columns, HistogramPoint};

use crate::result::{MatrixSeries, QueryError, SampleValue, VectorSample};

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
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { samples: self.samples + other.samples, bytes: self.bytes + other.bytes }
    }

    /// What is left without `other`, nothing at the least.
    pub(crate) const fn minus(self, other: Self) -> Self {
        Self {
            samples: self.samples.saturating_sub(other.samples),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// Bytes that count for no sample.
    pub(crate) const fn of_bytes(bytes: usize) -> Self {
        Self { samples: 0, bytes }
    }

    /// A row with its labels.
    pub(crate) fn of_row(row: &Row) -> Self {
        Self { samples: row.values.samples(), ..Self::bytes_of_row(row) }
    }

    /// The bytes of a row, for which its values need not be counted.
    pub(crate) fn bytes_of_row(row: &Row) -> Self {
        Self::of_bytes(size_of::<Row>() + row.labels.as_bytes().len() + row.values.bytes())
    }

    /// A row that has no value yet.
    pub(crate) fn of_empty_row(labels: &Labels, steps: usize) -> Self {
        let bytes = size_of::<Row>() + labels.as_bytes().len() + steps * size_of::<f64>();
        Self::of_bytes(bytes)
    }

    /// A value for which a row that is held has room already, but for a histogram's own bytes.
    pub(crate) fn of_value(value: &SampleValue) -> Self {
        let (samples, bytes) = match value {
            SampleValue::Float(_) => (1, 0),
            SampleValue::Histogram(histogram) => {
                (samples_of_histogram(histogram.size()), histogram.size())
            }
        };
        Self { samples, bytes }
    }

    /// The bytes of a value on its way: what counts as a sample is counted where it arrives.
    pub(crate) fn bytes_of_value(value: &SampleValue) -> Self {
        Self { samples: 0, ..Self::of_value(value) }
    }

    /// One sample of an answer.
    pub(crate) fn of_sample(sample: &VectorSample) -> Self {
        let Self { samples, bytes } = Self::of_value(&sample.value);
        let labels = sample.labels.as_bytes().len();
        Self { samples, bytes: size_of::<VectorSample>() + labels + bytes }
    }

    /// One series of an answer.
    pub(crate) fn of_series(series: &MatrixSeries) -> Self {
        let bytes = size_of::<MatrixSeries>() + series.labels.as_bytes().len();
        Self::of_bytes(bytes).plus(Self::of_columns(&series.points))
    }

    /// The samples of one series.
    pub(crate) fn of_columns(columns: &Columns) -> Self {
        let Columns { times, values, starts, histograms } = columns;
        let bytes = (times.len() + values.len() + starts.len()) * size_of::<f64>();
        let of_floats = Self { samples: times.len(), bytes };
        histograms.iter().map(Self::of_point).fold(of_floats, Self::plus)
    }

    /// A native histogram with its time, as the store has it.
    fn of_point(point: &HistogramPoint) -> Self {
        let size = point.histogram.size();
        Self { samples: samples_of_histogram(size), bytes: size_of::<HistogramPoint>() + size }
    }
}

/// What a histogram of this size counts for the limit of samples: as many as would fill the bytes
/// it takes, its time among them.
pub(crate) const fn samples_of_histogram(size: usize) -> usize {
    (size + size_of::<i64>()) / POINT_BYTES
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
    /// Those of the bytes that no account gives back.
    kept: AtomicUsize,
    samples_peak: AtomicUsize,
    bytes_peak: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(limits: HoldingLimits) -> Self {
        let zero = || AtomicUsize::new(0);
        Self {
            limits,
            samples: zero(),
            bytes: zero(),
            kept: zero(),
            samples_peak: zero(),
            bytes_peak: zero(),
        }
    }

    /// How many bytes may be held.
    pub(crate) const fn bytes_max(&self) -> usize {
        self.limits.bytes_max
    }

    /// An account of what one operator holds; it is settled when it is dropped.
    pub(crate) fn holding(&self) -> Holding<'_> {
        Holding { ledger: self, amount: Amount::default(), little: Amount::default() }
    }

    /// An account of the samples of one series while they are looked at. Toward the limit of samples
    /// they count one series at a time, beside what operators hold then: threads read further ahead
    /// of those, so that the peak is a little lower with them.
    pub(crate) fn hold_series(&self, amount: Amount) -> Result<Holding<'_>, QueryError> {
        let samples = self.samples.load(Ordering::Relaxed) + amount.samples;
        raise(&self.samples_peak, samples);
        if samples > self.limits.samples_max {
            return Err(QueryError::TooManySamples);
        }
        let mut holding = self.holding();
        holding.add(Amount::of_bytes(amount.bytes))?;
        Ok(holding)
    }

    /// Holds so many more bytes until the query ends.
    pub(crate) fn keep(&self, bytes: usize) -> Result<(), QueryError> {
        self.kept.fetch_add(bytes, Ordering::Relaxed);
        self.add(Amount::of_bytes(bytes))
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
        raise(&self.samples_peak, samples);
        raise(&self.bytes_peak, bytes);
        if samples > samples_max {
            return Err(QueryError::TooManySamples);
        }
        if bytes > bytes_max {
            return Err(QueryError::TooMuchMemory { max: bytes_max, estimate: None });
        }
        Ok(())
    }

    fn remove(&self, amount: Amount) {
        let samples = self.samples.fetch_sub(amount.samples, Ordering::Relaxed);
        let bytes = self.bytes.fetch_sub(amount.bytes, Ordering::Relaxed);
        debug_assert!(
            samples >= amount.samples && bytes >= amount.bytes,
            "no account gives back more than it holds"
        );
    }

    /// What accounts hold now.
    pub(super) fn held(&self) -> Amount {
        let kept = Amount::of_bytes(self.kept.load(Ordering::Relaxed));
        let all = Amount {
            samples: self.samples.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        };
        all.minus(kept)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // A panic has let go of what it likes.
        if !std::thread::panicking() {
            debug_assert_eq!(self.held(), Amount::default(), "a query that ended holds nothing");
        }
    }
}

/// Makes a peak as high as `value`, which it seldom has to be made.
fn raise(peak: &AtomicUsize, value: usize) {
    if peak.load(Ordering::Relaxed) < value {
        peak.fetch_max(value, Ordering::Relaxed);
    }
}

/// What one operator holds.
#[derive(Debug)]
pub(crate) struct Holding<'l> {
    ledger: &'l Ledger,
    amount: Amount,
    /// What is held and not yet on the ledger.
    little: Amount,
}

/// So much is put on the ledger at once, where values come one by one.
const LITTLE_MAX: Amount = Amount { samples: 4096, bytes: 64 << 10 };

impl Holding<'_> {
    /// Holds more.
    pub(crate) fn add(&mut self, amount: Amount) -> Result<(), QueryError> {
        self.amount = self.amount.plus(amount);
        self.ledger.add(amount)
    }

    /// Holds a little more: it is put on the ledger together with more of the kind, or by `book`.
    #[inline]
    pub(crate) fn add_little(&mut self, amount: Amount) -> Result<(), QueryError> {
        self.little = self.little.plus(amount);
        let Amount { samples, bytes } = self.little;
        if samples > LITTLE_MAX.samples || bytes > LITTLE_MAX.bytes { self.book() } else { Ok(()) }
    }

    /// Puts on the ledger what is not there yet.
    pub(crate) fn book(&mut self) -> Result<(), QueryError> {
        let little = std::mem::take(&mut self.little);
        if little == Amount::default() { Ok(()) } else { self.add(little) }
    }

    /// Holds also what `other` held.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        debug_assert!(std::ptr::eq(self.ledger, other.ledger), "both are of one query");
        self.amount = self.amount.plus(std::mem::take(&mut other.amount));
        self.little = self.little.plus(std::mem::take(&mut other.little));
    }

    /// Holds less: what `amount` stands for went to another account. Of what grew without being
    /// added here, no more is given back than is held.
    pub(crate) fn remove(&mut self, amount: Amount) {
        let rest = self.amount.minus(amount);
        self.ledger.remove(self.amount.minus(rest));
        self.amount = rest;
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.ledger.remove(self.amount);
    }
}

#[cfg(test)]
mod tests;
