//! Histograms of fractional counts: each number by XOR with its predecessor.

use narthex_model::{BucketLayout, CounterReset, FloatHistogram, buckets_in, is_stale};

use super::integer::Ramp;
use super::layout;
use crate::encoding::Damage;
use crate::encoding::bits::{BitReader, BitWriter};
use crate::encoding::varbit;
use crate::encoding::window::XorValue;

/// The last sample of a chunk and what is needed to write or read the next.
#[derive(Clone, Debug)]
pub(super) struct FloatState {
    pub(super) layout: BucketLayout,
    pub(super) at: Ramp,
    pub(super) count: XorValue,
    pub(super) zero_count: XorValue,
    pub(super) sum: XorValue,
    positive: Vec<XorValue>,
    negative: Vec<XorValue>,
}

impl FloatState {
    pub(super) fn empty() -> Self {
        Self {
            layout: BucketLayout::default(),
            at: Ramp::default(),
            count: XorValue::new(0),
            zero_count: XorValue::new(0),
            sum: XorValue::new(0),
            positive: Vec::new(),
            negative: Vec::new(),
        }
    }

    pub(super) fn positive_counts(&self) -> impl Iterator<Item = f64> + '_ {
        self.positive.iter().map(|bucket| bucket.value())
    }

    pub(super) fn negative_counts(&self) -> impl Iterator<Item = f64> + '_ {
        self.negative.iter().map(|bucket| bucket.value())
    }

    /// The state after a chunk's first sample. A staleness marker has no buckets.
    pub(super) fn first(out: &mut BitWriter<'_>, at: i64, sample: &FloatHistogram) -> Self {
        let marker;
        let sample = if is_stale(sample.sum) {
            marker = FloatHistogram { sum: sample.sum, ..FloatHistogram::default() };
            &marker
        } else {
            sample
        };
        layout::write(out, &sample.layout);
        varbit::write_signed(out, at);
        let mut raw = |value: f64| {
            out.write(value.to_bits(), 64);
            XorValue::new(value.to_bits())
        };
        Self {
            layout: sample.layout.clone(),
            at: Ramp::new(at),
            count: raw(sample.count),
            zero_count: raw(sample.zero_count),
            sum: raw(sample.sum),
            positive: sample.positive_counts.iter().map(|count| raw(*count)).collect(),
            negative: sample.negative_counts.iter().map(|count| raw(*count)).collect(),
        }
    }

    /// Writes a sample that has the layout of the chunk or is a staleness marker.
    pub(super) fn write(&mut self, out: &mut BitWriter<'_>, at: i64, sample: &FloatHistogram) {
        self.at.write(out, at);
        if is_stale(sample.sum) {
            self.count.write(out, 0);
            self.zero_count.write(out, 0);
            self.sum.write(out, sample.sum.to_bits());
            return;
        }
        self.count.write(out, sample.count.to_bits());
        self.zero_count.write(out, sample.zero_count.to_bits());
        self.sum.write(out, sample.sum.to_bits());
        debug_assert_eq!(
            (self.positive.len(), self.negative.len()),
            (sample.positive_counts.len(), sample.negative_counts.len()),
            "a sample has the buckets of its chunk"
        );
        let buckets = self.positive.iter_mut().zip(&sample.positive_counts);
        for (bucket, count) in buckets.chain(self.negative.iter_mut().zip(&sample.negative_counts))
        {
            bucket.write(out, count.to_bits());
        }
    }

    pub(super) fn read_first(bits: &mut BitReader<'_>) -> Result<Self, Damage> {
        let layout = layout::read(bits)?;
        let at = Ramp::new(varbit::read_signed(bits)?);
        let count = XorValue::new(bits.read(64)?);
        let zero_count = XorValue::new(bits.read(64)?);
        let sum = XorValue::new(bits.read(64)?);
        let mut raw = |buckets: u64| {
            // Damage must not make us reserve memory.
            if buckets > bits.rest_bits() as u64 / 64 {
                return Err(Damage);
            }
            (0..buckets).map(|_| Ok(XorValue::new(bits.read(64)?))).collect()
        };
        let positive = raw(buckets_in(&layout.positive_spans))?;
        let negative = raw(buckets_in(&layout.negative_spans))?;
        Ok(Self { layout, at, count, zero_count, sum, positive, negative })
    }

    pub(super) fn read_next(&mut self, bits: &mut BitReader<'_>) -> Result<(), Damage> {
        self.at.read(bits)?;
        self.count.read(bits)?;
        self.zero_count.read(bits)?;
        self.sum.read(bits)?;
        if !is_stale(self.sum.value()) {
            for bucket in self.positive.iter_mut().chain(&mut self.negative) {
                bucket.read(bits)?;
            }
        }
        Ok(())
    }

    pub(super) fn histogram(&self, reset: CounterReset) -> FloatHistogram {
        let sum = self.sum.value();
        if is_stale(sum) {
            return FloatHistogram { sum, ..FloatHistogram::default() };
        }
        FloatHistogram {
            reset,
            layout: self.layout.clone(),
            count: self.count.value(),
            zero_count: self.zero_count.value(),
            sum,
            positive_counts: self.positive_counts().collect(),
            negative_counts: self.negative_counts().collect(),
        }
    }
}
