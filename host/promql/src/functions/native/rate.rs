//! `rate`, `increase` and `delta` of histograms.

use std::borrow::Borrow;

use narthex_model::{BucketLayout, CounterReset, FloatHistogram};

use super::super::rate::{Extent, RateKind};
use super::{Finding, Findings, starts};

/// The histograms of one series within a window, no staleness markers among them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NativeWindow<'a, H> {
    pub(crate) histograms: &'a [H],
    /// Milliseconds, ascending, after `start` and up to `end`.
    pub(crate) times: &'a [i64],
    /// Since when each counts; zero where that is not known. Empty when of none.
    pub(crate) starts: &'a [i64],
    /// The window's ends; the first does not belong to it.
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// The change over the window, extrapolated to its ends where the samples come close enough.
pub(crate) fn extrapolated<H: Borrow<FloatHistogram>>(
    window: &NativeWindow<'_, H>,
    kind: RateKind,
) -> (Option<FloatHistogram>, Findings) {
    let NativeWindow { histograms, times, starts, start, end } = *window;
    let (mut change, mut findings) = match histograms.len() {
        0 | 1 => (None, Findings::default()),
        _ => self::change(histograms, times, starts, kind.is_counter),
    };
    let (Some(first), Some(extent)) = (histograms.first(), Extent::of(times, start, end)) else {
        return (None, findings);
    };
    if histograms.len() > 1 && change.is_none() {
        return (None, findings);
    }
    let first = first.borrow();
    let began = if kind.is_counter { starts::began(starts, start, extent.first_at) } else { None };
    if began.is_some() {
        match &mut change {
            Some(change) => {
                if findings.add(change, first).is_none() {
                    return (None, findings);
                }
            }
            None => change = Some(first.clone()),
        }
    }
    if let Some(change) = &mut change {
        change.scale(extent.factor(kind, began, first.count, change.count));
    }
    (change, findings)
}

/// The change from the first of two or more histograms to the last, with what was before each
/// reset in it.
pub(crate) fn change<H: Borrow<FloatHistogram>>(
    histograms: &[H],
    times: &[i64],
    starts: &[i64],
    is_counter: bool,
) -> (Option<FloatHistogram>, Findings) {
    let mut findings = Findings::default();
    let ([first, second, ..], Some(last)) = (histograms, histograms.last()) else {
        return (None, findings);
    };
    let (first, second, last) = (first.borrow(), second.borrow(), last.borrow());
    let is_gauge = |histogram: &FloatHistogram| histogram.reset == CounterReset::Gauge;
    if is_counter && (is_gauge(first) || is_gauge(last)) {
        findings.note(Finding::NotCounter);
    }
    let is_reset_by_start = |index: usize| {
        let pair = starts::at(starts, times, index).zip(starts::at(starts, times, index + 1));
        pair.is_some_and(|(before, now)| starts::is_reset(before, now))
    };
    // What was before a reset between the first two does not matter, nor does its layout.
    let nothing = nothing_like(second);
    let is_reset_at_once = is_counter && (is_reset_by_start(0) || second.detect_reset(first));
    let from = if is_reset_at_once { &nothing } else { first };
    let is_custom = from.layout.is_custom();
    if last.layout.is_custom() != is_custom {
        findings.note(Finding::MixedExponentialCustom);
        return (None, findings);
    }
    let mut schema = last.layout.schema.min(from.layout.schema);
    if is_counter {
        let between = histograms.get(1..histograms.len() - 1).unwrap_or_default();
        for histogram in between.iter().map(Borrow::borrow) {
            if is_gauge(histogram) {
                findings.note(Finding::NotCounter);
            }
            schema = schema.min(histogram.layout.schema);
            if histogram.layout.is_custom() != is_custom {
                return (None, Findings::only(Finding::MixedExponentialCustom));
            }
        }
    }
    let mut change = last.clone();
    change.reduce_resolution(schema);
    if findings.sub(&mut change, from).is_none() {
        return (None, Findings::only(Finding::MixedExponentialCustom));
    }
    if is_counter {
        let mut before = from;
        for (index, now) in histograms.iter().skip(1).map(Borrow::borrow).enumerate() {
            if overlaps(starts, times, index) {
                findings.note(Finding::StartTimeOverlap);
            }
            let is_reset = is_reset_by_start(index) || now.detect_reset(before);
            if is_reset && findings.add(&mut change, before).is_none() {
                return (None, Findings::only(Finding::MixedExponentialCustom));
            }
            before = now;
        }
    } else if !is_gauge(first) || !is_gauge(last) {
        findings.note(Finding::NotGauge);
    }
    change.reset = CounterReset::Gauge;
    change.compact(0);
    (Some(change), findings)
}

fn overlaps(starts: &[i64], times: &[i64], index: usize) -> bool {
    let start = starts.get(index + 1);
    starts::at(starts, times, index)
        .zip(start)
        .is_some_and(|(before, start)| starts::overlaps(before, *start))
}

/// A histogram of nothing, in the resolution of another.
fn nothing_like(other: &FloatHistogram) -> FloatHistogram {
    let BucketLayout { schema, custom_bounds, .. } = &other.layout;
    let layout = BucketLayout {
        schema: *schema,
        custom_bounds: custom_bounds.clone(),
        ..BucketLayout::default()
    };
    FloatHistogram { layout, ..FloatHistogram::default() }
}

#[cfg(test)]
mod tests;
