//! Histograms of whole counts: each number by the change of its change.
#![expect(clippy::cast_sign_loss, reason = "counts are unsigned numbers whose differences wrap")]

use narthex_model::{BucketLayout, CounterReset, IntegerHistogram, buckets_in, is_stale};

use super::layout;
use crate::encoding::Damage;
use crate::encoding::bits::{BitReader, BitWriter};
use crate::encoding::varbit;
use crate::encoding::window::XorValue;

/// A number that is expected to go on as it went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ramp {
    pub(super) value: i64,
    delta: i64,
}

impl Ramp {
    pub(super) const fn new(value: i64) -> Self {
        Self { value, delta: 0 }
    }

    pub(super) fn write(&mut self, out: &mut BitWriter<'_>, value: i64) {
        let delta = value.wrapping_sub(self.value);
        varbit::write_signed(out, delta.wrapping_sub(self.delta));
        *self = Self { value, delta };
    }

    #[inline]
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<(), Damage> {
        self.delta = self.delta.wrapping_add(varbit::read_signed(bits)?);
        self.value = self.value.wrapping_add(self.delta);
        Ok(())
    }
}

/// The last sample of a chunk and what is needed to write or read the next.
#[derive(Clone, Debug)]
pub(super) struct IntegerState {
    pub(super) layout: BucketLayout,
    pub(super) at: Ramp,
    pub(super) count: Ramp,
    pub(super) zero_count: Ramp,
    pub(super) sum: XorValue,
    /// As in the sample: each count minus the one before.
    positive: Vec<Ramp>,
    negative: Vec<Ramp>,
}

impl IntegerState {
    pub(super) fn empty() -> Self {
        Self {
            layout: BucketLayout::default(),
            at: Ramp::default(),
            count: Ramp::default(),
            zero_count: Ramp::default(),
            sum: XorValue::new(0),
            positive: Vec::new(),
            negative: Vec::new(),
        }
    }

    pub(super) fn positive_counts(&self) -> impl Iterator<Item = i64> + '_ {
        absolute(self.positive.iter().map(|bucket| bucket.value))
    }

    pub(super) fn negative_counts(&self) -> impl Iterator<Item = i64> + '_ {
        absolute(self.negative.iter().map(|bucket| bucket.value))
    }

    /// The state after a chunk's first sample. A staleness marker has no buckets.
    pub(super) fn first(out: &mut BitWriter<'_>, at: i64, sample: &IntegerHistogram) -> Self {
        let marker;
        let sample = if is_stale(sample.sum) {
            marker = IntegerHistogram { sum: sample.sum, ..IntegerHistogram::default() };
            &marker
        } else {
            sample
        };
        layout::write(out, &sample.layout);
        varbit::write_signed(out, at);
        varbit::write_unsigned(out, sample.count);
        varbit::write_unsigned(out, sample.zero_count);
        out.write(sample.sum.to_bits(), 64);
        for delta in sample.positive_deltas.iter().chain(&sample.negative_deltas) {
            varbit::write_signed(out, *delta);
        }
        let ramps = |deltas: &[i64]| deltas.iter().copied().map(Ramp::new).collect();
        Self {
            layout: sample.layout.clone(),
            at: Ramp::new(at),
            count: Ramp::new(sample.count as i64),
            zero_count: Ramp::new(sample.zero_count as i64),
            sum: XorValue::new(sample.sum.to_bits()),
            positive: ramps(&sample.positive_deltas),
            negative: ramps(&sample.negative_deltas),
        }
    }

    /// Writes a sample that has the layout of the chunk or is a staleness marker.
    pub(super) fn write(&mut self, out: &mut BitWriter<'_>, at: i64, sample: &IntegerHistogram) {
        self.at.write(out, at);
        if is_stale(sample.sum) {
            // Counts go on as they went: only other markers may follow.
            out.write(0, 2);
            self.sum.write(out, sample.sum.to_bits());
            return;
        }
        self.count.write(out, sample.count as i64);
        self.zero_count.write(out, sample.zero_count as i64);
        self.sum.write(out, sample.sum.to_bits());
        debug_assert_eq!(
            (self.positive.len(), self.negative.len()),
            (sample.positive_deltas.len(), sample.negative_deltas.len()),
            "a sample has the buckets of its chunk"
        );
        let buckets = self.positive.iter_mut().zip(&sample.positive_deltas);
        for (bucket, delta) in buckets.chain(self.negative.iter_mut().zip(&sample.negative_deltas))
        {
            bucket.write(out, *delta);
        }
    }

    pub(super) fn read_first(bits: &mut BitReader<'_>) -> Result<Self, Damage> {
        let layout = layout::read(bits)?;
        let at = Ramp::new(varbit::read_signed(bits)?);
        let count = Ramp::new(varbit::read_unsigned(bits)? as i64);
        let zero_count = Ramp::new(varbit::read_unsigned(bits)? as i64);
        let sum = XorValue::new(bits.read(64)?);
        let mut ramps = |buckets: u64| {
            // Each takes a bit at least: damage must not make us reserve memory.
            if buckets > bits.rest_bits() as u64 {
                return Err(Damage);
            }
            (0..buckets).map(|_| Ok(Ramp::new(varbit::read_signed(bits)?))).collect()
        };
        let positive = ramps(buckets_in(&layout.positive_spans))?;
        let negative = ramps(buckets_in(&layout.negative_spans))?;
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

    pub(super) fn histogram(&self, reset: CounterReset) -> IntegerHistogram {
        let sum = self.sum.value();
        if is_stale(sum) {
            return IntegerHistogram { sum, ..IntegerHistogram::default() };
        }
        let deltas = |buckets: &[Ramp]| buckets.iter().map(|bucket| bucket.value).collect();
        IntegerHistogram {
            reset,
            layout: self.layout.clone(),
            count: self.count.value as u64,
            zero_count: self.zero_count.value as u64,
            sum,
            positive_deltas: deltas(&self.positive),
            negative_deltas: deltas(&self.negative),
        }
    }
}

pub(super) fn absolute(deltas: impl Iterator<Item = i64>) -> impl Iterator<Item = i64> {
    deltas.scan(0_i64, |count, delta| {
        *count = count.wrapping_add(delta);
        Some(*count)
    })
}

pub(super) fn deltas(counts: &[i64]) -> Vec<i64> {
    let before = std::iter::once(&0).chain(counts);
    counts.iter().zip(before).map(|(count, before)| count.wrapping_sub(*before)).collect()
}
