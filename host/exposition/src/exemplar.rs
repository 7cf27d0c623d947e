//! Exemplars as they lie in the body.

use narthex_model::{Labels, Timestamp};

use crate::collected::{Collected, LabelsError};
use crate::entry::Entry;
use crate::lines::Lines;
use crate::parts::{Kind, Part, Parts, Syntax};
use crate::proto::{self, HistogramExemplars};

/// An example that stands behind a value, usually a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar<'a> {
    pub(crate) labels: Written<'a>,
    /// The observed value.
    pub value: f64,
    /// When it was observed.
    pub at: Option<Timestamp>,
}

/// How the labels of an exemplar are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written<'a> {
    Braces(&'a [u8]),
    Message(&'a [u8]),
}

impl Exemplar<'_> {
    /// The exemplar's labels.
    ///
    /// # Errors
    /// When a label stands twice, or there are more than any exemplar has.
    pub fn labels(&self) -> Result<Labels, LabelsError> {
        let mut labels = Collected::default();
        match self.labels {
            Written::Braces(braces) => {
                let mut parts = Parts::new(braces, Syntax::OpenMetrics, Kind::Exemplar);
                while let Ok(Some(part)) = parts.next() {
                    if let Part::Label { name, value } = part {
                        labels.add(name, value)?;
                    }
                }
            }
            Written::Message(message) => {
                for (name, value) in proto::labels(message) {
                    labels.add(name, value)?;
                }
            }
        }
        labels.finish()
    }
}

/// The exemplars of a reading, found as they are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Exemplars<'a>(Place<'a>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Place<'a> {
    #[default]
    Nowhere,
    One(Exemplar<'a>),
    /// Lines of OpenMetrics, without the last one.
    Lines(&'a [u8]),
    Histogram(HistogramExemplars<'a>),
}

impl<'a> Exemplars<'a> {
    pub(crate) fn one(exemplar: Option<Exemplar<'a>>) -> Self {
        Self(exemplar.map_or(Place::Nowhere, Place::One))
    }

    pub(crate) const fn of_lines(lines: &'a [u8]) -> Self {
        Self(Place::Lines(lines))
    }

    pub(crate) const fn of_histogram(histogram: HistogramExemplars<'a>) -> Self {
        Self(Place::Histogram(histogram))
    }
}

impl<'a> Iterator for Exemplars<'a> {
    type Item = Exemplar<'a>;

    fn next(&mut self) -> Option<Exemplar<'a>> {
        match &mut self.0 {
            Place::Nowhere => None,
            Place::One(exemplar) => {
                let exemplar = *exemplar;
                self.0 = Place::Nowhere;
                Some(exemplar)
            }
            Place::Lines(rest) => {
                let mut lines = Lines::within(rest);
                while let Ok(Some(entry)) = lines.next_entry() {
                    let Entry::Sample(sample) = entry else { continue };
                    if let Place::One(exemplar) = sample.reading.exemplars.0 {
                        *rest = lines.rest();
                        return Some(exemplar);
                    }
                }
                self.0 = Place::Nowhere;
                None
            }
            Place::Histogram(histogram) => histogram.next(),
        }
    }
}
