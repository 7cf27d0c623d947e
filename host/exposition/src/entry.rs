//! What a body says, piece by piece.

use std::borrow::Cow;

use narthex_model::{MetricType, NativeHistogram, Timestamp};

use crate::exemplar::Exemplars;
use crate::series::SeriesText;

/// What a line says, or a part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry<'a> {
    /// A value of a series.
    Sample(Sample<'a>),
    /// A native histogram of a series. Whether it is valid is the store's to say.
    Histogram(Sample<'a, Box<NativeHistogram>>),
    /// What a family is about.
    Help {
        /// The family's name.
        family: Cow<'a, str>,
        /// One line for people.
        help: Cow<'a, str>,
    },
    /// What kind of family it is.
    Type {
        /// The family's name.
        family: Cow<'a, str>,
        /// The kind.
        metric_type: MetricType,
    },
    /// The unit that a family is counted in; not in the text format.
    Unit {
        /// The family's name.
        family: Cow<'a, str>,
        /// The unit, or empty.
        unit: &'a str,
    },
}

/// A value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a, V = f64> {
    /// The series.
    pub series: SeriesText<'a>,
    /// The value, and what else is said of it.
    pub reading: Reading<'a, V>,
}

/// What is said of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<'a, V = f64> {
    /// The value; never a staleness marker.
    pub value: V,
    /// The time, where one is said.
    pub at: Option<Timestamp>,
    /// Since when it counts, where that is said and asked for.
    pub start: Option<Timestamp>,
    /// The exemplars, mostly none.
    pub exemplars: Exemplars<'a>,
}
