//! `anchored` and `smoothed` of histograms: windows whose ends borrow from the samples beyond them.

use std::borrow::Borrow;

use narthex_model::{CounterReset, FloatHistogram};

use crate::ast::Extension;

use super::super::rate::RateKind;
use super::super::window::seconds;
use super::rate::NativeWindow;
use super::{Finding, Findings};

/// A histogram and its time.
type At<'a> = (i64, &'a FloatHistogram);

/// The histogram on the line from one sample to the next. A counter that was reset between them
/// began again at nothing.
pub(crate) fn interpolate(
    from: At<'_>,
    to: At<'_>,
    at: i64,
    is_counter: bool,
    findings: &mut Findings,
) -> Option<FloatHistogram> {
    if at == from.0 {
        return Some(from.1.clone());
    }
    let mut result = to.1.clone();
    if at == to.0 {
        return Some(result);
    }
    let fraction = (at - from.0) as f64 / (to.0 - from.0) as f64;
    if is_counter && to.1.detect_reset(from.1) {
        result.scale(fraction);
        return Some(result);
    }
    findings.sub(&mut result, from.1)?;
    result.scale(fraction);
    findings.add(&mut result, from.1)?;
    Some(result)
}

/// A smoothed instant selector: the histogram between the samples around `at`, of which there may
/// be only the one before.
pub(crate) fn smooth(
    before: Option<At<'_>>,
    after: Option<At<'_>>,
    at: i64,
) -> (Option<FloatHistogram>, Findings) {
    let mut findings = Findings::default();
    let result = match (before, after) {
        (_, Some((time, histogram))) if time == at => Some(histogram.clone()),
        (Some(before), Some(after)) => {
            // A counter, unless both say otherwise.
            let is_gauge = |(_, histogram): At<'_>| histogram.reset == CounterReset::Gauge;
            let is_counter = !is_gauge(before) || !is_gauge(after);
            if before.1.layout.is_custom() == after.1.layout.is_custom() {
                interpolate(before, after, at, is_counter, &mut findings)
            } else {
                findings.note(Finding::MixedExponentialCustom);
                None
            }
        }
        // The hint is about two samples, and there is one.
        (Some((_, histogram)), None) => {
            Some(FloatHistogram { reset: CounterReset::Unknown, ..histogram.clone() })
        }
        (None, _) => None,
    };
    (result, findings)
}

/// The part of an extended window that counts: its samples from the last one at or before the
/// start on, and for a smoothed one up to the first at or after the end.
struct Part<'a, H> {
    window: NativeWindow<'a, H>,
    is_smoothed: bool,
    first: usize,
    last: usize,
}

impl<'a, H: Borrow<FloatHistogram>> Part<'a, H> {
    fn of(window: &NativeWindow<'a, H>, extension: Extension) -> Option<Self> {
        let NativeWindow { histograms, times, starts, start, end } = *window;
        let is_smoothed = extension == Extension::Smoothed;
        let mut last = times.len().checked_sub(1)?;
        let body = times.get(..last)?;
        let first = body.partition_point(|at| *at <= start).saturating_sub(1);
        if is_smoothed {
            last = body.partition_point(|at| *at < end);
        }
        if *times.get(last)? <= start || is_smoothed && *times.get(first)? > end {
            return None;
        }
        let window = NativeWindow { histograms, times, starts, start, end };
        Some(Self { window, is_smoothed, first, last })
    }

    fn at(&self, index: usize) -> Option<At<'a>> {
        Some((*self.window.times.get(index)?, self.window.histograms.get(index)?.borrow()))
    }

    /// Whether all have the same kind of buckets.
    fn validate(&self, is_counter: bool, findings: &mut Findings) -> Option<()> {
        let is_custom = self.at(self.first)?.1.layout.is_custom();
        for index in self.first..=self.last {
            let (_, histogram) = self.at(index)?;
            if histogram.layout.is_custom() != is_custom {
                findings.note(Finding::MixedExponentialCustom);
                return None;
            }
            if is_counter && histogram.reset == CounterReset::Gauge {
                findings.note(Finding::NotCounter);
            }
        }
        Some(())
    }

    /// Whether the start of the window lies between the first two samples of the part.
    fn is_left_between(&self) -> bool {
        self.is_smoothed && self.at(self.first).is_some_and(|(at, _)| at < self.window.start)
    }

    fn left(&self, is_counter: bool, findings: &mut Findings) -> Option<FloatHistogram> {
        let first = self.at(self.first)?;
        if !self.is_left_between() {
            return Some(first.1.clone());
        }
        interpolate(first, self.at(self.first + 1)?, self.window.start, is_counter, findings)
    }

    fn right(&self, is_counter: bool, findings: &mut Findings) -> Option<FloatHistogram> {
        let last = self.at(self.last)?;
        match self.last.checked_sub(1).and_then(|index| self.at(index)) {
            Some(before) if self.is_smoothed && last.0 > self.window.end => {
                interpolate(before, last, self.window.end, is_counter, findings)
            }
            Some(_) | None => Some(last.1.clone()),
        }
    }

    /// What was counted before each reset between both ends; `None` if it cannot be added up.
    fn lost_to_resets(
        &self,
        left: &FloatHistogram,
        right: &FloatHistogram,
        findings: &mut Findings,
    ) -> Option<Option<FloatHistogram>> {
        // The first sample is stood for by the left end, the last one by the right.
        let (mut next, mut before) = (self.first + 1, left);
        if self.is_left_between() {
            let (_, second) = self.at(next)?;
            // A reset between the first two is in the left end already.
            if second.detect_reset(self.at(self.first)?.1) {
                (next, before) = (next + 1, second);
            }
        }
        if next > self.last {
            return Some(None);
        }
        let between = (next..self.last).filter_map(|index| self.at(index));
        let mut lost: Option<FloatHistogram> = None;
        for now in between.map(|(_, histogram)| histogram).chain([right]) {
            if now.detect_reset(before) {
                match &mut lost {
                    Some(lost) => findings.add(lost, before)?,
                    None => lost = Some(before.clone()),
                }
            }
            before = now;
        }
        Some(lost)
    }
}

/// `rate`, `increase` and `delta` over an extended window: no extrapolation, the ends are known.
pub(crate) fn rate<H: Borrow<FloatHistogram>>(
    window: &NativeWindow<'_, H>,
    extension: Extension,
    kind: RateKind,
) -> (Option<FloatHistogram>, Findings) {
    let mut findings = Findings::default();
    let change = Part::of(window, extension).and_then(|part| change(&part, kind, &mut findings));
    (change, findings)
}

fn change<H: Borrow<FloatHistogram>>(
    part: &Part<'_, H>,
    kind: RateKind,
    findings: &mut Findings,
) -> Option<FloatHistogram> {
    part.validate(kind.is_counter, findings)?;
    let left = part.left(kind.is_counter, findings)?;
    let right = part.right(kind.is_counter, findings)?;
    let is_gauge = |histogram: &FloatHistogram| histogram.reset == CounterReset::Gauge;
    let are_gauges = is_gauge(&left) && is_gauge(&right);
    if !kind.is_counter && !are_gauges {
        findings.note(Finding::NotGauge);
    }
    let mut change = right.clone();
    findings.sub(&mut change, &left)?;
    if kind.is_counter
        && let Some(lost) = part.lost_to_resets(&left, &right, findings)?
    {
        findings.add(&mut change, &lost)?;
    }
    if kind.is_per_second {
        change.divide(seconds(part.window.end - part.window.start));
    }
    change.reset = CounterReset::Gauge;
    change.compact(0);
    Some(change)
}

#[cfg(test)]
mod tests;
