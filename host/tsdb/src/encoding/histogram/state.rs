//! Either kind of state, and whether a sample may follow it in the same chunk.
#![expect(clippy::cast_sign_loss, reason = "counts are unsigned numbers kept in signed words")]

use std::borrow::Cow;
use std::num::Wrapping;

use narthex_model::{
    BucketLayout, CounterReset, EXPONENTIAL_SCHEMA_MAX, FloatHistogram, IntegerHistogram,
    NativeHistogram, Span,
};

use super::buckets::{Difference, coarser, compare_counts, compare_layouts, moved, union};
use super::float::FloatState;
use super::integer::{IntegerState, absolute, deltas};
use crate::encoding::Damage;
use crate::encoding::bits::{BitReader, BitWriter};

/// The last sample of a chunk of either kind.
#[derive(Clone, Debug)]
pub(super) enum State {
    Integer(IntegerState),
    Float(FloatState),
}

/// What becomes of a sample that shall enter a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It can, with these differences between its buckets and the chunk's: above and below zero.
    Fits(Difference, Difference),
    /// A new chunk must begin, of which this is known.
    Cut(CounterReset),
}

impl State {
    pub(super) fn empty(is_integer: bool) -> Self {
        if is_integer {
            Self::Integer(IntegerState::empty())
        } else {
            Self::Float(FloatState::empty())
        }
    }

    pub(super) const fn at(&self) -> i64 {
        match self {
            Self::Integer(state) => state.at.value,
            Self::Float(state) => state.at.value,
        }
    }

    pub(super) const fn layout(&self) -> &BucketLayout {
        match self {
            Self::Integer(state) => &state.layout,
            Self::Float(state) => &state.layout,
        }
    }

    pub(super) const fn is_stale(&self) -> bool {
        narthex_model::is_stale(match self {
            Self::Integer(state) => state.sum.value(),
            Self::Float(state) => state.sum.value(),
        })
    }

    pub(super) const fn is_same_kind(&self, sample: &NativeHistogram) -> bool {
        matches!(
            (self, sample),
            (Self::Integer(_), NativeHistogram::Integer(_))
                | (Self::Float(_), NativeHistogram::Float(_))
        )
    }

    pub(super) fn first(out: &mut BitWriter<'_>, at: i64, sample: &NativeHistogram) -> Self {
        match sample {
            NativeHistogram::Integer(sample) => Self::Integer(IntegerState::first(out, at, sample)),
            NativeHistogram::Float(sample) => Self::Float(FloatState::first(out, at, sample)),
        }
    }

    /// Writes a sample of the same kind that has the layout of the chunk or is a marker.
    pub(super) fn write(&mut self, out: &mut BitWriter<'_>, at: i64, sample: &NativeHistogram) {
        match (self, sample) {
            (Self::Integer(state), NativeHistogram::Integer(sample)) => {
                state.write(out, at, sample);
            }
            (Self::Float(state), NativeHistogram::Float(sample)) => {
                state.write(out, at, sample);
            }
            (Self::Integer(_), NativeHistogram::Float(_))
            | (Self::Float(_), NativeHistogram::Integer(_)) => {
                debug_assert!(false, "the kind was looked at before");
            }
        }
    }

    pub(super) fn read_first(&mut self, bits: &mut BitReader<'_>) -> Result<(), Damage> {
        match self {
            Self::Integer(state) => *state = IntegerState::read_first(bits)?,
            Self::Float(state) => *state = FloatState::read_first(bits)?,
        }
        Ok(())
    }

    pub(super) fn read_next(&mut self, bits: &mut BitReader<'_>) -> Result<(), Damage> {
        match self {
            Self::Integer(state) => state.read_next(bits),
            Self::Float(state) => state.read_next(bits),
        }
    }

    pub(super) fn histogram(&self, reset: CounterReset) -> NativeHistogram {
        let mut sample = match self {
            Self::Integer(state) => NativeHistogram::Integer(state.histogram(reset)),
            Self::Float(state) => NativeHistogram::Float(state.histogram(reset)),
        };
        if sample.layout().schema > EXPONENTIAL_SCHEMA_MAX {
            make_coarser(&mut sample);
        }
        sample
    }

    /// Whether a sample of the same kind may follow in a chunk that begins with `chunk` known.
    pub(super) fn fit(&self, chunk: CounterReset, sample: &NativeHistogram) -> Fit {
        if sample.reset() == CounterReset::Gauge {
            return self.fit_gauge(chunk, sample);
        }
        if chunk == CounterReset::Gauge {
            return Fit::Cut(match self {
                Self::Integer(_) => CounterReset::NotReset,
                Self::Float(_) => CounterReset::Unknown,
            });
        }
        if sample.reset() == CounterReset::Reset {
            return Fit::Cut(CounterReset::Reset);
        }
        if sample.is_stale() {
            return Fit::Fits(Difference::default(), Difference::default());
        }
        if self.is_stale() {
            return Fit::Cut(CounterReset::Unknown);
        }
        match (self, sample) {
            (Self::Integer(state), NativeHistogram::Integer(sample)) => {
                if sample.count < state.count.value as u64 {
                    return Fit::Cut(CounterReset::Reset);
                }
                if let Some(cut) = differs(&state.layout, &sample.layout) {
                    return cut;
                }
                if sample.zero_count < state.zero_count.value as u64 {
                    return Fit::Cut(CounterReset::Reset);
                }
                let positive = absolute(sample.positive_deltas.iter().copied());
                let negative = absolute(sample.negative_deltas.iter().copied());
                fit_counts(
                    (&state.layout, state.positive_counts(), state.negative_counts()),
                    (&sample.layout, positive, negative),
                )
            }
            (Self::Float(state), NativeHistogram::Float(sample)) => {
                if sample.count < state.count.value() {
                    return Fit::Cut(CounterReset::Reset);
                }
                if let Some(cut) = differs(&state.layout, &sample.layout) {
                    return cut;
                }
                if sample.zero_count < state.zero_count.value() {
                    return Fit::Cut(CounterReset::Reset);
                }
                let positive = sample.positive_counts.iter().copied();
                let negative = sample.negative_counts.iter().copied();
                fit_counts(
                    (&state.layout, state.positive_counts(), state.negative_counts()),
                    (&sample.layout, positive, negative),
                )
            }
            (Self::Integer(_), NativeHistogram::Float(_))
            | (Self::Float(_), NativeHistogram::Integer(_)) => Fit::Cut(CounterReset::Unknown),
        }
    }

    fn fit_gauge(&self, chunk: CounterReset, sample: &NativeHistogram) -> Fit {
        let (ours, theirs) = (self.layout(), sample.layout());
        if chunk != CounterReset::Gauge {
            return Fit::Cut(CounterReset::Gauge);
        }
        if sample.is_stale() {
            return Fit::Fits(Difference::default(), Difference::default());
        }
        if self.is_stale() || differs(ours, theirs).is_some() {
            return Fit::Cut(CounterReset::Gauge);
        }
        Fit::Fits(
            compare_layouts(&ours.positive_spans, &theirs.positive_spans),
            compare_layouts(&ours.negative_spans, &theirs.negative_spans),
        )
    }
}

/// Brings a sample of a schema that only a later Prometheus writes to the finest one that we know.
pub(crate) fn make_coarser(sample: &mut NativeHistogram) {
    let finer_by = (sample.layout().schema - EXPONENTIAL_SCHEMA_MAX).unsigned_abs();
    let counted = |spans: &mut Vec<Span>, numbers: &mut Vec<i64>| {
        // Damaged counts may be anything.
        let counts = absolute(numbers.iter().copied()).map(Wrapping);
        let (merged, counts) = coarser(spans, counts, finer_by);
        *numbers = deltas(&counts.into_iter().map(|count| count.0).collect::<Vec<_>>());
        *spans = merged;
    };
    let layout = match sample {
        NativeHistogram::Integer(sample) => {
            counted(&mut sample.layout.positive_spans, &mut sample.positive_deltas);
            counted(&mut sample.layout.negative_spans, &mut sample.negative_deltas);
            &mut sample.layout
        }
        NativeHistogram::Float(sample) => {
            let layout = &mut sample.layout;
            for (spans, counts) in [
                (&mut layout.positive_spans, &mut sample.positive_counts),
                (&mut layout.negative_spans, &mut sample.negative_counts),
            ] {
                (*spans, *counts) = coarser(spans, counts.iter().copied(), finer_by);
            }
            layout
        }
    };
    layout.schema = EXPONENTIAL_SCHEMA_MAX;
}

/// Layouts that no recoding brings together.
fn differs(chunk: &BucketLayout, sample: &BucketLayout) -> Option<Fit> {
    // Whether counts fell cannot be said when buckets have other bounds.
    if chunk.schema != sample.schema || chunk.zero_threshold != sample.zero_threshold {
        return Some(Fit::Cut(CounterReset::Unknown));
    }
    let is_same_custom = !sample.is_custom() || chunk.custom_bounds == sample.custom_bounds;
    (!is_same_custom).then_some(Fit::Cut(CounterReset::Reset))
}

fn fit_counts<T: Copy + Default + PartialOrd>(
    chunk: (&BucketLayout, impl Iterator<Item = T>, impl Iterator<Item = T>),
    sample: (&BucketLayout, impl Iterator<Item = T>, impl Iterator<Item = T>),
) -> Fit {
    let (ours, theirs) = (chunk.0, sample.0);
    let positive =
        compare_counts((&ours.positive_spans, chunk.1), (&theirs.positive_spans, sample.1));
    let negative =
        compare_counts((&ours.negative_spans, chunk.2), (&theirs.negative_spans, sample.2));
    match (positive, negative) {
        (Some(positive), Some(negative)) => Fit::Fits(positive, negative),
        (None, _) | (_, None) => Fit::Cut(CounterReset::Reset),
    }
}

/// The spans that chunk and sample shall both have.
pub(super) fn common_spans(
    chunk: &BucketLayout,
    sample: &BucketLayout,
    is_gauge: bool,
    positive: Difference,
    negative: Difference,
) -> (Vec<Span>, Vec<Span>) {
    let has_more = positive.has_more || negative.has_more;
    let has_less = positive.has_less || negative.has_less;
    let sides = [
        (&chunk.positive_spans, &sample.positive_spans, positive),
        (&chunk.negative_spans, &sample.negative_spans, negative),
    ];
    let [positive, negative] = sides.map(|(ours, theirs, difference)| {
        if !has_more {
            ours.clone()
        } else if difference.has_less || (is_gauge && has_less) {
            union(ours, theirs)
        } else {
            theirs.clone()
        }
    });
    (positive, negative)
}

/// The sample with its buckets under other spans that cover them all.
pub(super) fn under<'a>(
    sample: &'a NativeHistogram,
    (positive, negative): (&[Span], &[Span]),
) -> Cow<'a, NativeHistogram> {
    let layout = sample.layout();
    if sample.is_stale() || (layout.positive_spans == positive && layout.negative_spans == negative)
    {
        return Cow::Borrowed(sample);
    }
    let widened = BucketLayout {
        positive_spans: positive.to_vec(),
        negative_spans: negative.to_vec(),
        custom_bounds: layout.custom_bounds.clone(),
        ..*layout
    };
    Cow::Owned(match sample {
        NativeHistogram::Integer(sample) => {
            let counts = |from: &[Span], sample: &[i64], to: &[Span]| {
                deltas(&moved(from, absolute(sample.iter().copied()), to))
            };
            NativeHistogram::Integer(IntegerHistogram {
                positive_deltas: counts(&layout.positive_spans, &sample.positive_deltas, positive),
                negative_deltas: counts(&layout.negative_spans, &sample.negative_deltas, negative),
                layout: widened,
                ..*sample
            })
        }
        NativeHistogram::Float(sample) => {
            let counts = |from: &[Span], sample: &[f64], to: &[Span]| {
                moved(from, sample.iter().copied(), to)
            };
            NativeHistogram::Float(FloatHistogram {
                positive_counts: counts(&layout.positive_spans, &sample.positive_counts, positive),
                negative_counts: counts(&layout.negative_spans, &sample.negative_counts, negative),
                layout: widened,
                ..*sample
            })
        }
    })
}
