//! The targets of a history: their series, how the values go on, what the store calls them.

use narthex_model::{Labels, NativeHistogram};
use narthex_oracles::generate::{FloatKind, FloatWalk, HistogramKind, HistogramWalk, Target};
use narthex_oracles::{Chance, Value};
use narthex_storage::SeriesRef;

/// A value on its way into the store.
#[derive(Clone, Debug)]
pub(crate) enum Sample {
    Float(f64),
    Histogram(NativeHistogram),
}

impl Sample {
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Float(value) => Value::from(*value),
            Self::Histogram(histogram) => Value::from(histogram),
        }
    }
}

/// One series of a target.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) labels: Labels,
    floats: FloatWalk,
    histograms: HistogramWalk,
    /// So many of a hundred samples are histograms.
    histograms_percent: u64,
    /// What the store called it last.
    pub(crate) known_as: Option<SeriesRef>,
}

impl Line {
    fn new(labels: Labels, chance: &mut Chance) -> Self {
        Self {
            labels,
            floats: FloatWalk::new(*chance.pick(&FloatKind::ALL)),
            histograms: HistogramWalk::new(*chance.pick(&HistogramKind::ALL), chance),
            histograms_percent: *chance.pick(&[0, 0, 0, 100, 100, 20]),
            known_as: None,
        }
    }

    pub(crate) fn next(&mut self, chance: &mut Chance) -> Sample {
        if chance.below(100) < self.histograms_percent {
            Sample::Histogram(self.histograms.next(chance))
        } else {
            Sample::Float(self.floats.next(chance))
        }
    }
}

/// A target that is scraped.
#[derive(Clone, Debug)]
pub(crate) struct Scraped {
    target: Target,
    pub(crate) lines: Vec<Line>,
    /// Series that ended and are still to be marked so.
    pub(crate) ended: Vec<Line>,
    /// Time of the last try.
    pub(crate) at: i64,
    /// The last try was refused.
    pub(crate) was_refused: bool,
}

impl Scraped {
    pub(crate) fn new(instance: u64, chance: &mut Chance) -> Self {
        let target = Target::new(instance, 2 + chance.index(18));
        let lines = (0..target.len()).map(|index| Line::new(target.labels(index), chance));
        let lines = lines.collect();
        Self { target, lines, ended: Vec::new(), at: 0, was_refused: false }
    }

    /// The store is another process now: its names for series mean nothing, and what was refused
    /// last may be there.
    pub(crate) fn forget(&mut self) {
        self.was_refused = false;
        for line in self.lines.iter_mut().chain(&mut self.ended) {
            line.known_as = None;
        }
    }

    /// One series ends, another begins.
    pub(crate) fn churn(&mut self, chance: &mut Chance) {
        let index = self.target.churn(chance);
        if let Some(line) = self.lines.get_mut(index) {
            let new = Line::new(self.target.labels(index), chance);
            self.ended.push(std::mem::replace(line, new));
        }
    }
}
