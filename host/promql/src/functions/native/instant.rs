//! `irate` and `idelta` of a series that may hold floats and histograms: from the last two samples
//! alone.

use narthex_model::{CounterReset, FloatHistogram};

use super::super::window::seconds;
use super::mixed::{Mixed, MixedValue, is_reset_by_start};
use super::{Finding, Findings};

/// A change of either kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Float(f64),
    Histogram(FloatHistogram),
}

/// The change from one sample to the next; per second for `irate`. Nothing when they are of the
/// same time, or of two kinds.
pub(crate) fn instant(
    before: &Mixed<'_>,
    last: &Mixed<'_>,
    is_rate: bool,
) -> (Option<Change>, Findings) {
    let interval = last.at - before.at;
    if interval == 0 {
        return (None, Findings::default());
    }
    match (before.value, last.value) {
        (MixedValue::Float(from), MixedValue::Float(to)) => {
            let is_reset = is_rate && (to < from || is_reset_by_start(before, last));
            let change = if is_reset { to } else { to - from };
            let change = if is_rate { change / seconds(interval) } else { change };
            (Some(Change::Float(change)), Findings::default())
        }
        (MixedValue::Histogram(from), MixedValue::Histogram(to)) => {
            let mut findings = Findings::default();
            let is_reset = is_rate && (is_reset_by_start(before, last) || to.detect_reset(from));
            let mut change = difference(from, to, is_rate, is_reset, &mut findings);
            if let Some(change) = change.as_mut().filter(|_| is_rate) {
                change.divide(seconds(interval));
            }
            (change.map(Change::Histogram), findings)
        }
        (MixedValue::Float(_), MixedValue::Histogram(_))
        | (MixedValue::Histogram(_), MixedValue::Float(_)) => {
            (None, Findings::only(Finding::MixedFloatsHistograms))
        }
    }
}

fn difference(
    from: &FloatHistogram,
    to: &FloatHistogram,
    is_rate: bool,
    is_reset: bool,
    findings: &mut Findings,
) -> Option<FloatHistogram> {
    let gauges = [from, to].map(|histogram| histogram.reset == CounterReset::Gauge);
    if is_rate && gauges.contains(&true) {
        findings.note(Finding::NotCounter);
    }
    if !is_rate && gauges.contains(&false) {
        findings.note(Finding::NotGauge);
    }
    let mut change = to.clone();
    if !is_reset {
        findings.sub(&mut change, from)?;
    }
    change.reset = CounterReset::Gauge;
    change.compact(0);
    Some(change)
}

#[cfg(test)]
mod tests;
