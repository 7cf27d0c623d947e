//! Selectors, and when they look at series.

use narthex_model::{Matcher, Timestamp};

use super::Length;

/// Chooses series, and when to look at them.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The metric name written before the braces.
    pub name: Option<String>,
    /// All conditions; the name's is the last one when it was written before the braces.
    pub matchers: Vec<Matcher>,
    /// When.
    pub time: TimeShift,
    /// How samples between and at the window's ends are taken.
    pub extension: Extension,
}

impl Selector {
    /// Whether it chooses series and says nothing of time.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.time.at.is_none() && self.time.offset.is_none() && self.extension == Extension::None
    }
}

/// Where a range selector takes values for the ends of its window from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extension {
    /// Only from samples within the window.
    #[default]
    None,
    /// From the last sample at or before the window's start.
    Anchored,
    /// Interpolated at both ends.
    Smoothed,
}

impl Extension {
    /// As it is written.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        }
    }
}

/// `@` and `offset`.
#[derive(Clone, Debug, Default)]
pub struct TimeShift {
    /// The fixed time.
    pub at: Option<AtTime>,
    /// How far back; negative looks ahead.
    pub offset: Option<Length>,
}

/// The time that `@` fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTime {
    /// `@ 1609746000`
    Fixed(Timestamp),
    /// `@ start()`
    Start,
    /// `@ end()`
    End,
}
