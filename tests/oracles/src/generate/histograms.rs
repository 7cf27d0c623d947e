//! Native histograms of every kind, as they grow.

use std::collections::BTreeMap;

use narthex_model::{
    BucketLayout, CUSTOM_BUCKETS_SCHEMA, CounterReset, FloatHistogram, IntegerHistogram,
    NativeHistogram, Span, exponential_bound, stale_nan,
};

use crate::Chance;

/// Which kind of histogram a series holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistogramKind {
    /// Whole counts that grow.
    IntegerCounter,
    /// Fractional counts that grow.
    FloatCounter,
    /// Whole counts, up and down.
    IntegerGauge,
    /// Fractional counts, up and down.
    FloatGauge,
    /// Whole counts in buckets with listed bounds.
    IntegerCustom,
    /// Fractional counts in buckets with listed bounds.
    FloatCustom,
}

impl HistogramKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::IntegerCounter,
        Self::FloatCounter,
        Self::IntegerGauge,
        Self::FloatGauge,
        Self::IntegerCustom,
        Self::FloatCustom,
    ];

    fn is_float(self) -> bool {
        matches!(self, Self::FloatCounter | Self::FloatGauge | Self::FloatCustom)
    }

    fn is_gauge(self) -> bool {
        matches!(self, Self::IntegerGauge | Self::FloatGauge)
    }

    fn is_custom(self) -> bool {
        matches!(self, Self::IntegerCustom | Self::FloatCustom)
    }
}

/// The histograms of one series, one after the other.
#[derive(Clone, Debug)]
pub struct HistogramWalk {
    kind: HistogramKind,
    schema: i32,
    zero_threshold: f64,
    zero_count: u32,
    positive: BTreeMap<i32, u32>,
    negative: BTreeMap<i32, u32>,
    custom_bounds: Vec<f64>,
    is_natural: bool,
}

impl HistogramWalk {
    /// A series that begins.
    pub fn new(kind: HistogramKind, chance: &mut Chance) -> Self {
        Self::beginning(kind, false, chance)
    }

    /// A series of histograms as observations make them: no bucket reaches into the one around
    /// zero. Custom bounds are the same in all of them.
    pub fn natural(kind: HistogramKind, chance: &mut Chance) -> Self {
        Self::beginning(kind, true, chance)
    }

    fn beginning(kind: HistogramKind, is_natural: bool, chance: &mut Chance) -> Self {
        let mut walk = Self {
            kind,
            is_natural,
            schema: 0,
            zero_threshold: 0.0,
            zero_count: 0,
            positive: BTreeMap::new(),
            negative: BTreeMap::new(),
            custom_bounds: Vec::new(),
        };
        walk.relayout(chance);
        walk
    }

    /// The next histogram; seldom the staleness marker.
    pub fn next(&mut self, chance: &mut Chance) -> NativeHistogram {
        if chance.once_in(60) {
            return self.marker();
        }
        if chance.once_in(40) {
            self.relayout(chance);
        }
        if chance.once_in(30) {
            // The process behind it began anew.
            self.positive.clear();
            self.negative.clear();
            self.zero_count = 0;
        }
        for _ in 0..1 + chance.below(4) {
            let (low, high) = if self.kind.is_custom() {
                (0, i64::try_from(self.custom_bounds.len()).unwrap_or(0))
            } else {
                (-6, 12)
            };
            let index = i32::try_from(chance.between(low, high)).unwrap_or(0);
            let more = 1 + chance.small(9);
            let is_custom = self.kind.is_custom();
            if self.is_natural
                && !is_custom
                && exponential_bound(index.min(-index) - 1, self.schema) < self.zero_threshold
            {
                self.zero_count += more;
                continue;
            }
            *self.positive.entry(index).or_default() += more;
            if !is_custom && chance.once_in(3) {
                *self.negative.entry(-index).or_default() += more;
            }
        }
        if !self.kind.is_custom() && chance.once_in(2) {
            self.zero_count += chance.small(3);
        }
        if self.kind.is_gauge() && chance.once_in(2) {
            for count in self.positive.values_mut() {
                *count /= 2;
            }
            if chance.once_in(2) {
                self.positive.retain(|_, count| *count > 0);
            }
        }
        self.sample(chance)
    }

    fn relayout(&mut self, chance: &mut Chance) {
        self.positive.clear();
        self.negative.clear();
        self.zero_count = 0;
        if self.kind.is_custom() {
            self.schema = CUSTOM_BUCKETS_SCHEMA;
            let (mut count, mut scale) = (1 + chance.small(8), *chance.pick(&[1.0, 0.005, 1000.0]));
            if self.is_natural {
                (count, scale) = (5, 0.5);
            }
            self.custom_bounds = (0..count).map(|at| f64::from(at + 1) * scale).collect();
        } else {
            self.schema = i32::try_from(chance.between(-4, 8)).unwrap_or(0);
            self.zero_threshold = *chance.pick(&[0.0, 0.001, 2.938_735_877_055_719e-39, 1.5]);
        }
    }

    fn layout(&self, chance: &mut Chance) -> BucketLayout {
        BucketLayout {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            positive_spans: spans(&self.positive, chance),
            negative_spans: spans(&self.negative, chance),
            custom_bounds: self.custom_bounds.clone(),
        }
    }

    fn reset(&self) -> CounterReset {
        if self.kind.is_gauge() { CounterReset::Gauge } else { CounterReset::Unknown }
    }

    fn sample(&self, chance: &mut Chance) -> NativeHistogram {
        let layout = self.layout(chance);
        let counts = |side: &BTreeMap<i32, u32>| side.values().copied().collect::<Vec<u32>>();
        let (positive, negative) = (counts(&self.positive), counts(&self.negative));
        let all = positive.iter().chain(&negative).map(|count| u64::from(*count)).sum::<u64>();
        let count = all + u64::from(self.zero_count);
        let sum = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) * 0.75 + chance.fraction();
        if self.kind.is_float() {
            let part =
                |counts: &[u32]| counts.iter().map(|count| f64::from(*count) * 1.5).collect();
            return NativeHistogram::Float(FloatHistogram {
                reset: self.reset(),
                layout,
                count: f64::from(u32::try_from(count).unwrap_or(u32::MAX)) * 1.5,
                zero_count: f64::from(self.zero_count) * 1.5,
                sum,
                positive_counts: part(&positive),
                negative_counts: part(&negative),
            });
        }
        NativeHistogram::Integer(IntegerHistogram {
            reset: self.reset(),
            layout,
            count,
            zero_count: u64::from(self.zero_count),
            sum,
            positive_deltas: deltas(&positive),
            negative_deltas: deltas(&negative),
        })
    }

    fn marker(&self) -> NativeHistogram {
        if self.kind.is_float() {
            NativeHistogram::Float(FloatHistogram { sum: stale_nan(), ..FloatHistogram::default() })
        } else {
            NativeHistogram::Integer(IntegerHistogram {
                sum: stale_nan(),
                ..IntegerHistogram::default()
            })
        }
    }
}

fn deltas(counts: &[u32]) -> Vec<i64> {
    let mut before = 0;
    let delta = |count: &u32| {
        let count = i64::from(*count);
        let delta = count - before;
        before = count;
        delta
    };
    counts.iter().map(delta).collect()
}

/// Spans over these indices; runs may be split where nothing demands it.
fn spans(buckets: &BTreeMap<i32, u32>, chance: &mut Chance) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut end = 0;
    for index in buckets.keys() {
        let offset = index - end;
        match spans.last_mut() {
            Some(last) if offset == 0 && !chance.once_in(12) => last.length += 1,
            _ => spans.push(Span { offset, length: 1 }),
        }
        end = index + 1;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_histogram_is_valid() {
        for seed in 0..20 {
            let mut chance = Chance::new(seed);
            for kind in HistogramKind::ALL {
                for mut walk in [
                    HistogramWalk::new(kind, &mut chance),
                    HistogramWalk::natural(kind, &mut chance),
                ] {
                    for _ in 0..100 {
                        let histogram = walk.next(&mut chance);
                        assert_eq!(histogram.validate(), Ok(()), "{histogram:?}");
                    }
                }
            }
        }
    }
}
