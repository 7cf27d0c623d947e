//! Series of floats and histograms: `resets` and `changes`.

use std::borrow::Borrow;

use narthex_model::FloatHistogram;

use super::starts;

/// A sample of either kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixed<'a> {
    /// Milliseconds.
    pub(crate) at: i64,
    /// Since when it counts; zero where that is not known.
    pub(crate) start: i64,
    pub(crate) value: MixedValue<'a>,
}

/// The value of a sample of either kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MixedValue<'a> {
    Float(f64),
    Histogram(&'a FloatHistogram),
}

/// Floats of one series: times, values, and start times, which may be fewer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Floats<'a> {
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
    pub(crate) starts: &'a [i64],
}

/// Histograms of one series, likewise.
#[derive(Debug)]
pub(crate) struct Histograms<'a, H> {
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [H],
    pub(crate) starts: &'a [i64],
}

// By hand: what is borrowed need not be `Copy` itself.
impl<H> Clone for Histograms<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for Histograms<'_, H> {}

/// The samples of both kinds by time.
pub(crate) fn by_time<'a, H: Borrow<FloatHistogram>>(
    floats: Floats<'a>,
    histograms: Histograms<'a, H>,
) -> impl Iterator<Item = Mixed<'a>> {
    let start = |starts: &'a [i64], index: usize| starts.get(index).copied().unwrap_or(0);
    let mut floats = floats
        .times
        .iter()
        .zip(floats.values)
        .enumerate()
        .map(move |(index, (at, value))| Mixed {
            at: *at,
            start: start(floats.starts, index),
            value: MixedValue::Float(*value),
        })
        .peekable();
    let Histograms { times, values, starts } = histograms;
    let mut histograms = times
        .iter()
        .zip(values)
        .enumerate()
        .map(move |(index, (at, value))| Mixed {
            at: *at,
            start: start(starts, index),
            value: MixedValue::Histogram(value.borrow()),
        })
        .peekable();
    std::iter::from_fn(move || match (floats.peek(), histograms.peek()) {
        (Some(float), Some(histogram)) if histogram.at < float.at => histograms.next(),
        (Some(_), _) => floats.next(),
        (None, _) => histograms.next(),
    })
}

/// The samples of an anchored window: those after its start, and the last one before. None if
/// nothing is after the start.
pub(crate) fn anchored<'s, 'a>(samples: &'s [Mixed<'a>], start: i64) -> &'s [Mixed<'a>] {
    let after = samples.partition_point(|sample| sample.at <= start);
    if after == samples.len() {
        return &[];
    }
    samples.get(after.saturating_sub(1)..).unwrap_or_default()
}

/// How often a counter began anew. That a float follows a histogram, or the other way round, is a
/// reset too. Nothing without samples.
pub(crate) fn resets<'a>(samples: impl IntoIterator<Item = Mixed<'a>>) -> Option<f64> {
    count_pairs(samples, |before, now| match (before.value, now.value) {
        (MixedValue::Float(a), MixedValue::Float(b)) => b < a || is_reset_by_start(before, now),
        (MixedValue::Histogram(a), MixedValue::Histogram(b)) => {
            is_reset_by_start(before, now) || b.detect_reset(a)
        }
        (MixedValue::Float(_), MixedValue::Histogram(_))
        | (MixedValue::Histogram(_), MixedValue::Float(_)) => true,
    })
}

/// How often the value became another; one NaN after another is no change. Nothing without
/// samples.
pub(crate) fn changes<'a>(samples: impl IntoIterator<Item = Mixed<'a>>) -> Option<f64> {
    count_pairs(samples, |before, now| match (before.value, now.value) {
        (MixedValue::Float(a), MixedValue::Float(b)) => a != b && !(a.is_nan() && b.is_nan()),
        (MixedValue::Histogram(a), MixedValue::Histogram(b)) => !b.equals(a),
        (MixedValue::Float(_), MixedValue::Histogram(_))
        | (MixedValue::Histogram(_), MixedValue::Float(_)) => true,
    })
}

/// Whether the counter began anew between both, by their start times.
pub(super) fn is_reset_by_start(before: &Mixed<'_>, now: &Mixed<'_>) -> bool {
    starts::is_reset((before.start, before.at), (now.start, now.at))
}

fn count_pairs<'a>(
    samples: impl IntoIterator<Item = Mixed<'a>>,
    counts: impl Fn(&Mixed<'a>, &Mixed<'a>) -> bool,
) -> Option<f64> {
    let mut samples = samples.into_iter();
    let mut before = samples.next()?;
    let mut count = 0.0;
    for now in samples {
        if counts(&before, &now) {
            count += 1.0;
        }
        before = now;
    }
    Some(count)
}

#[cfg(test)]
mod tests;
