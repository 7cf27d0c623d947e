//! One series at all steps: what flows between operators.

use std::sync::Arc;

use narthex_model::{FloatHistogram, Labels, NativeHistogram, is_stale, stale_nan};
use narthex_storage::Columns;

use crate::result::{QueryError, SampleValue};

use super::context::Context;
use super::grid::Grid;
use super::holding::Amount;
use super::holding::samples_of_histogram;
use super::track::Track;

/// One series with its value at each step.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    /// Whether the metric's name does not apply any more; it is still among the labels when names
    /// are removed at the end of the query.
    pub(crate) drops_name: bool,
    pub(crate) values: Column,
}

/// The value of a series at each step, where there is one: a float, or a native histogram.
///
/// Where there is no float stands the staleness marker, which no operator takes in or brings forth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    floats: Vec<f64>,
    /// As long as `floats`, or empty when there is no histogram at all. A step with a histogram has
    /// no float.
    histograms: Vec<Option<Arc<FloatHistogram>>>,
}

/// A value of a column, borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    Float(f64),
    Histogram(&'a Arc<FloatHistogram>),
}

impl Item<'_> {
    pub(crate) fn to_value(self) -> SampleValue {
        match self {
            Self::Float(value) => SampleValue::Float(value),
            Self::Histogram(histogram) => SampleValue::Histogram(Arc::clone(histogram)),
        }
    }

    /// What it counts for the limit of samples.
    pub(crate) fn samples(self) -> usize {
        match self {
            Self::Float(_) => 1,
            Self::Histogram(histogram) => samples_of_histogram(histogram.size()),
        }
    }
}

impl Column {
    /// No value at any step.
    pub(crate) fn absent(steps: usize) -> Self {
        Self { floats: vec![stale_nan(); steps], histograms: Vec::new() }
    }

    /// The same value at each step.
    pub(crate) fn constant(value: f64, steps: usize) -> Self {
        Self { floats: vec![value; steps], histograms: Vec::new() }
    }

    /// The float at a step.
    pub(crate) fn get(&self, step: usize) -> Option<f64> {
        self.floats.get(step).copied().filter(|value| !is_stale(*value))
    }

    pub(crate) fn histogram(&self, step: usize) -> Option<&Arc<FloatHistogram>> {
        self.histograms.get(step)?.as_ref()
    }

    pub(crate) fn item(&self, step: usize) -> Option<Item<'_>> {
        match self.get(step) {
            Some(value) => Some(Item::Float(value)),
            None => self.histogram(step).map(Item::Histogram),
        }
    }

    /// Puts a float where there is no value yet, or another float.
    pub(crate) fn set(&mut self, step: usize, value: f64) {
        if let Some(slot) = self.floats.get_mut(step) {
            *slot = value;
        }
    }

    /// Puts a value in place of any other.
    pub(crate) fn put(&mut self, step: usize, value: SampleValue) {
        match value {
            SampleValue::Float(value) => {
                self.set(step, value);
                if let Some(slot) = self.histograms.get_mut(step) {
                    *slot = None;
                }
            }
            SampleValue::Histogram(histogram) => {
                self.set(step, stale_nan());
                if self.histograms.is_empty() {
                    self.histograms = vec![None; self.floats.len()];
                }
                if let Some(slot) = self.histograms.get_mut(step) {
                    *slot = Some(histogram);
                }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.floats.iter().all(|value| is_stale(*value))
            && self.histograms.iter().all(Option::is_none)
    }

    /// Whether any value is a float.
    pub(crate) fn has_floats(&self) -> bool {
        self.floats.iter().any(|value| !is_stale(*value))
    }

    /// Whether any value is a histogram.
    pub(crate) fn has_histograms(&self) -> bool {
        self.histograms.iter().any(Option::is_some)
    }

    /// Leaves floats alone.
    pub(crate) fn remove_histograms(&mut self) {
        self.histograms = Vec::new();
    }

    pub(crate) fn steps(&self) -> usize {
        self.floats.len()
    }

    /// What its values count for the limit of samples: a histogram counts as many as fit its size.
    pub(crate) fn samples(&self) -> usize {
        self.iter().count()
            + self
                .histograms
                .iter()
                .flatten()
                .map(|h| samples_of_histogram(h.size()))
                .sum::<usize>()
    }

    /// Bytes of the values; a histogram counts for each step at which it stands.
    pub(crate) fn bytes(&self) -> usize {
        let histograms = self.histograms.iter().flatten().map(|histogram| histogram.size());
        self.floats.len() * size_of::<f64>() + self.slot_bytes() + histograms.sum::<usize>()
    }

    /// Bytes of the room for histograms: none before the first of them.
    pub(crate) const fn slot_bytes(&self) -> usize {
        self.histograms.len() * size_of::<Option<Arc<FloatHistogram>>>()
    }

    /// Every step that has a float.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, f64)> {
        self.floats.iter().copied().enumerate().filter(|(_, value)| !is_stale(*value))
    }

    /// Every step that has a histogram.
    pub(crate) fn iter_histograms(&self) -> impl Iterator<Item = (usize, &Arc<FloatHistogram>)> {
        let slots = self.histograms.iter().enumerate();
        slots.filter_map(|(step, histogram)| Some((step, histogram.as_ref()?)))
    }

    /// Every step that has a value, ascending.
    pub(crate) fn items(&self) -> impl Iterator<Item = (usize, Item<'_>)> {
        (0..self.floats.len()).filter_map(|step| Some((step, self.item(step)?)))
    }

    /// Keeps the values of steps that `is_kept` says.
    pub(crate) fn keep(&mut self, is_kept: impl Fn(usize) -> bool) {
        self.change(|step, value| is_kept(step).then_some(value));
        for (step, slot) in self.histograms.iter_mut().enumerate() {
            if slot.is_some() && !is_kept(step) {
                *slot = None;
            }
        }
    }

    /// Replaces each float by what `change` makes of it and of its step.
    pub(crate) fn change(&mut self, mut change: impl FnMut(usize, f64) -> Option<f64>) {
        for (step, slot) in self.floats.iter_mut().enumerate() {
            if !is_stale(*slot) {
                *slot = change(step, *slot).unwrap_or(stale_nan());
            }
        }
    }

    /// Replaces each histogram by what `change` makes of it and of its step. New ones are held as they
    /// are made: of one that stood at many steps, each step has its own then.
    pub(crate) fn change_histograms(
        &mut self,
        cx: &Context<'_>,
        mut change: impl FnMut(usize, &Arc<FloatHistogram>) -> Option<SampleValue>,
    ) -> Result<(), QueryError> {
        let (mut holding, mut pace) = (cx.ledger.holding(), cx.pace());
        for (step, slot) in self.histograms.iter_mut().enumerate() {
            let Some(histogram) = slot.take() else { continue };
            pace.add_histogram(&histogram)?;
            let value = change(step, &histogram);
            if let Some(value) = &value {
                holding.add_little(Amount::bytes_of_value(value))?;
            }
            match value {
                Some(SampleValue::Float(value)) => {
                    if let Some(float) = self.floats.get_mut(step) {
                        *float = value;
                    }
                }
                Some(SampleValue::Histogram(new)) => *slot = Some(new),
                None => {}
            }
        }
        Ok(())
    }

    /// Takes in the values of `other`; false when both have one of a kind at the same step. Of a
    /// float and a histogram the histogram stays, as in the answer of an instant query of Prometheus.
    pub(crate) fn merge(&mut self, other: &Self) -> bool {
        other.items().all(|(step, value)| match (self.item(step), value) {
            (Some(Item::Float(_)), Item::Float(_))
            | (Some(Item::Histogram(_)), Item::Histogram(_)) => false,
            (Some(Item::Histogram(_)), Item::Float(_)) => true,
            (None, _) | (Some(Item::Float(_)), Item::Histogram(_)) => {
                self.put(step, value.to_value());
                true
            }
        })
    }

    /// The values with their times.
    pub(crate) fn into_points(self, grid: Grid) -> Columns {
        let count = self.floats.iter().filter(|value| !is_stale(**value)).count();
        let (mut times, mut values) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (at, value) in grid.times().zip(&self.floats) {
            if !is_stale(*value) {
                times.push(at);
                values.push(*value);
            }
        }
        let mut points = Columns::from_floats(times, values);
        for (at, histogram) in grid.times().zip(self.histograms) {
            if let Some(histogram) = histogram {
                points.push_histogram(at, Arc::new(to_native(histogram)));
            }
        }
        points
    }

    /// The values as samples at their times.
    pub(crate) fn into_track(self, grid: Grid) -> Track {
        let mut track = Track::default();
        for (at, value) in grid.times().zip(&self.floats) {
            if !is_stale(*value) {
                track.columns.push(at, *value);
            }
        }
        for (at, histogram) in grid.times().zip(self.histograms) {
            if let Some(histogram) = histogram {
                track.histogram_times.push(at);
                track.histograms.push(histogram);
            }
        }
        track
    }

    /// The only value of an instant query.
    pub(crate) fn into_value(self) -> Option<SampleValue> {
        self.item(0).map(Item::to_value)
    }
}

/// As the store's kind of histogram.
pub(crate) fn to_native(histogram: Arc<FloatHistogram>) -> NativeHistogram {
    NativeHistogram::Float(Arc::unwrap_or_clone(histogram))
}
