//! Delimited protobuf (`io.prometheus.client.MetricFamily`): one family after another, one metric
//! at a time, borrowed from the body.
//!
//! Always holds: a metric of plain numbers costs no allocation; a histogram costs what its own
//! bytes hold, and has no more buckets than the store can take.

mod family;
mod histogram;
mod metric;
mod series;

use narthex_model::protobuf::{Malformed, varint};

pub(crate) use self::histogram::HistogramExemplars;
pub(crate) use self::series::{Series, labels};

use self::family::Family;
use self::metric::Metric;
use crate::entry::Entry;
use crate::error::{InvalidMessage, ParseError};
use crate::options::Options;

type Step<T> = Result<T, InvalidMessage>;

/// Reads messages. After an error it only repeats that, after the end likewise.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    body: &'a [u8],
    options: Options,
    /// What follows the current family.
    rest: &'a [u8],
    /// Where the current family begins.
    offset: usize,
    family: Option<Family<'a>>,
    metric: Option<Metric<'a>>,
    failed: Option<InvalidMessage>,
}

/// The length of a message is a number of so many bytes at most, as every reader has it.
const LEN_BYTES_MAX: usize = 5;

impl<'a> Messages<'a> {
    pub(crate) const fn new(body: &'a [u8], options: Options) -> Self {
        Self { body, options, rest: body, offset: 0, family: None, metric: None, failed: None }
    }

    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry<'a>>, ParseError> {
        let entry = match self.failed.take() {
            Some(failed) => Err(failed),
            None => self.step(),
        };
        entry.map_err(|problem| {
            self.failed = Some(problem.clone());
            ParseError::Message { offset: self.offset, problem }
        })
    }

    fn step(&mut self) -> Step<Option<Entry<'a>>> {
        loop {
            if let Some(family) = &mut self.family {
                if let Some(metadata) = family.metadata() {
                    return Ok(Some(metadata));
                }
                if let Some(metric) = &mut self.metric {
                    if let Some(entry) = metric.next_entry(family, self.options)? {
                        return Ok(Some(entry));
                    }
                    self.metric = None;
                }
                match family.next_metric()? {
                    Some(message) => {
                        self.metric = Some(Metric::read(message, family, self.options)?);
                    }
                    None => self.family = None,
                }
                continue;
            }
            let Some(message) = self.next_message()? else { return Ok(None) };
            self.family = Family::read(message, self.options)?;
        }
    }

    fn next_message(&mut self) -> Step<Option<&'a [u8]>> {
        self.offset = self.body.len() - self.rest.len();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut rest = self.rest;
        let len = varint(&mut rest)?;
        if self.rest.len() - rest.len() > LEN_BYTES_MAX {
            return Err(Malformed::Overlong.into());
        }
        let len = usize::try_from(len).map_err(|_| Malformed::Truncated)?;
        let (message, rest) = rest.split_at_checked(len).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(Some(message))
    }
}

/// A text of a message.
fn text<'a>(bytes: &'a [u8], what: &'static str) -> Step<&'a str> {
    str::from_utf8(bytes).map_err(|_| InvalidMessage::NotUtf8 { what })
}

/// A value; a staleness marker is none that a target may send.
fn number(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

#[cfg(test)]
mod tests;
