//! Classic histograms of the text formats as native ones with custom buckets.
//!
//! The lines of a histogram are collected as long as they follow one another; what comes next, a
//! line of something else or the end, makes the native one of them. Where they make none, because
//! their counts contradict each other, nothing comes of them.

use std::borrow::Cow;

use narthex_model::{BUCKET_LABEL, ClassicHistogram, MetricType, Timestamp};

use crate::entry::{Entry, Reading, Sample};
use crate::error::ParseError;
use crate::exemplar::Exemplars;
use crate::lines::Lines;
use crate::number::parse_float;
use crate::parts::{Kind, Part, Parts, Syntax, add_identity};
use crate::series::{BUCKET, COUNT, SUM, SeriesText, Written};

/// Lines, with native histograms among them.
#[derive(Clone, Debug)]
pub(crate) struct Customs<'a> {
    lines: Lines<'a>,
    keep_classic: bool,
    histogram: ClassicHistogram,
    current: Option<Current<'a>>,
    /// What was read already and comes behind a histogram.
    next: Option<Entry<'a>>,
}

/// The histogram whose lines are collected.
#[derive(Clone, Debug)]
struct Current<'a> {
    /// Stands for the labels without the bound.
    identity: u128,
    /// Of the first line, but for its bound.
    series: SeriesText<'a>,
    start: Option<Timestamp>,
    /// Of the last line.
    at: Option<Timestamp>,
    /// Where the lines begin and end.
    from: usize,
    to: usize,
}

/// What a line says of a histogram.
#[derive(Clone, Copy, Debug)]
enum Says {
    Bucket(f64),
    Count,
    Sum,
}

impl<'a> Customs<'a> {
    pub(crate) fn new(lines: Lines<'a>, keep_classic: bool) -> Self {
        let histogram = ClassicHistogram::default();
        Self { lines, keep_classic, histogram, current: None, next: None }
    }

    pub(crate) fn lines_read(&self) -> usize {
        self.lines.lines_read()
    }

    pub(crate) fn known_sample(&mut self, text_len: usize, key: u128) -> Option<Sample<'a>> {
        let is_histogram = self.lines.family().1 == MetricType::Histogram;
        if is_histogram || self.current.is_some() || self.next.is_some() {
            return None;
        }
        self.lines.known_sample(text_len, key)
    }

    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry<'a>>, ParseError> {
        if let Some(next) = self.next.take() {
            return Ok(Some(next));
        }
        loop {
            let from = self.lines.at();
            let entry = self.lines.next_entry()?;
            let line = match &entry {
                Some(Entry::Sample(sample)) => self.of_family(sample.series),
                _ => None,
            };
            let is_other = |current: &Current<'_>| {
                line.is_none_or(|(_, identity)| identity != current.identity)
            };
            let made = match self.current.take_if(|current| is_other(current)) {
                Some(current) => self.finish(&current),
                None => None,
            };
            let mut shown = entry;
            let mut is_collected = false;
            if let (Some((Some(says), identity)), Some(Entry::Sample(sample))) = (line, &shown) {
                self.collect(says, identity, *sample, from);
                is_collected = true;
                if !self.keep_classic {
                    shown = None;
                }
            }
            match (made, shown) {
                (Some(made), shown) => {
                    self.next = shown;
                    return Ok(Some(made));
                }
                (None, None) if is_collected => {}
                (None, shown) => return Ok(shown),
            }
        }
    }

    /// What a line says of the histogram of its family, if anything, and what stands for its other
    /// labels. `None`: its name is none of the family's.
    fn of_family(&self, series: SeriesText<'a>) -> Option<(Option<Says>, u128)> {
        let (family, MetricType::Histogram) = self.lines.family() else { return None };
        let Written::Line { bytes, syntax, .. } = series.written else { return None };
        let mut parts = Parts::new(bytes, syntax, Kind::Series);
        let mut written: Option<Cow<'a, str>> = None;
        let (mut bound, mut identity) = (None, 0);
        while let Ok(Some(part)) = parts.next() {
            match part {
                Part::Name(name) => written = Some(name),
                Part::Label { name, value } if name == BUCKET_LABEL => {
                    bound = parse_float(value.as_bytes()).filter(|bound| !bound.is_nan());
                }
                Part::Label { name, value } => identity = add_identity(identity, &name, &value),
            }
        }
        let says = match written?.strip_prefix(family)? {
            BUCKET => bound.map(Says::Bucket),
            COUNT => Some(Says::Count),
            SUM => Some(Says::Sum),
            "" => None,
            _ => return None,
        };
        Some((says, identity))
    }

    fn collect(&mut self, says: Says, identity: u128, sample: Sample<'a>, from: usize) {
        let Reading { value, at, start, .. } = sample.reading;
        match says {
            Says::Bucket(bound) => self.histogram.add_bucket(bound, value),
            Says::Count => self.histogram.set_count(value),
            Says::Sum => self.histogram.set_sum(value),
        }
        let to = self.lines.at();
        let current = self.current.get_or_insert_with(|| {
            let mut series = sample.series;
            if let Written::Line { is_custom, .. } = &mut series.written {
                *is_custom = true;
            }
            Current { identity, series, start, at, from, to }
        });
        (current.at, current.to) = (at, to);
    }

    /// The native histogram of the lines that were collected.
    fn finish(&mut self, current: &Current<'a>) -> Option<Entry<'a>> {
        let native = self.histogram.to_native();
        self.histogram.clear();
        let value = native.ok().filter(|native| native.validate().is_ok())?;
        let exemplars = match self.lines.syntax() {
            Syntax::Text => Exemplars::default(),
            Syntax::OpenMetrics => {
                Exemplars::of_lines(self.lines.between(current.from, current.to))
            }
        };
        let Current { series, at, start, .. } = *current;
        let reading = Reading { value: Box::new(value), at, start, exemplars };
        Some(Entry::Histogram(Sample { series, reading }))
    }
}

#[cfg(test)]
mod tests;
