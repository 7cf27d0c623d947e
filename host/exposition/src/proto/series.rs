//! The series of a metric: a family's name, a suffix, and labels as they lie in the message.

use narthex_model::protobuf::{Content, Fields};
use narthex_model::{BUCKET_LABEL, QUANTILE_LABEL};
use xxhash_rust::xxh3::xxh3_128;

use super::family::Family;
use super::{Step, text};
use crate::error::InvalidMessage;
use crate::series::{BUCKET, COUNT, SUM};
use crate::text::shortened;

/// Which of a metric's series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Which {
    /// The metric itself.
    Whole,
    Count,
    Sum,
    Bucket(f64),
    Quantile(f64),
}

/// A series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Series<'a> {
    family: &'a str,
    /// The `Metric`.
    metric: &'a [u8],
    /// Of name and labels.
    hash: u128,
    which: Which,
}

/// Where the labels of a metric lie: nearly always they are its first fields.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LabelsPlace {
    /// End of the labels at the message's start.
    end: usize,
    /// There are others behind it.
    is_scattered: bool,
}

impl LabelsPlace {
    /// A label lies from one place of the message to another.
    pub(super) const fn met(&mut self, from: usize, to: usize) {
        if from == self.end {
            self.end = to;
        } else {
            self.is_scattered = true;
        }
    }
}

impl<'a> Series<'a> {
    /// The metric itself. The labels are not looked at, as those of a series that is known need not
    /// be: [`Self::check`] does it.
    pub(super) fn new(family: &Family<'a>, metric: &'a [u8], place: LabelsPlace) -> Self {
        let labels = metric.get(..place.end).unwrap_or(metric);
        let mut hash = joined(family.hash, xxh3_128(labels));
        if place.is_scattered {
            let mut fields = Fields::new(metric);
            while let Ok(Some((field, content))) = fields.next() {
                if let (1, Content::Bytes(label)) = (field, content) {
                    hash = joined(hash, xxh3_128(label));
                }
            }
        }
        Self { family: family.name, metric, hash, which: Which::Whole }
    }

    /// Whether the labels are what labels must be.
    pub(crate) fn check(&self) -> Step<()> {
        let mut fields = Fields::new(self.metric);
        while let Some((field, content)) = fields.next()? {
            if field == 1 {
                let (name, value) = label(content.bytes(field)?)?;
                if text(name, "a label's name")?.is_empty() {
                    return Err(InvalidMessage::NoLabelName { family: shortened(self.family) });
                }
                text(value, "a label's value")?;
            }
        }
        Ok(())
    }

    /// Another series of the metric.
    pub(super) const fn with(self, which: Which) -> Self {
        Self { which, ..self }
    }

    pub(crate) fn key(&self) -> u128 {
        let (tag, bits) = match self.which {
            Which::Whole => return self.hash,
            Which::Count => (1, 0),
            Which::Sum => (2, 0),
            Which::Bucket(bound) => (3, bound.to_bits()),
            Which::Quantile(quantile) => (4, quantile.to_bits()),
        };
        joined(self.hash, u128::from(bits) << 64 | tag)
    }

    /// Family and suffix.
    pub(crate) const fn name(&self) -> (&'a str, &'static str) {
        let suffix = match self.which {
            Which::Whole | Which::Quantile(_) => "",
            Which::Count => COUNT,
            Which::Sum => SUM,
            Which::Bucket(_) => BUCKET,
        };
        (self.family, suffix)
    }

    /// The label that the message does not hold, and the number that is its value.
    pub(crate) const fn own_label(&self) -> Option<(&'static str, f64)> {
        match self.which {
            Which::Whole | Which::Count | Which::Sum => None,
            Which::Bucket(bound) => Some((BUCKET_LABEL, bound)),
            Which::Quantile(quantile) => Some((QUANTILE_LABEL, quantile)),
        }
    }

    /// Names and values of the labels in the message.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        labels(self.metric)
    }
}

/// A hash of two.
fn joined(a: u128, b: u128) -> u128 {
    let mut bytes = [0; 32];
    let (first, second) = bytes.split_at_mut(16);
    first.copy_from_slice(&a.to_le_bytes());
    second.copy_from_slice(&b.to_le_bytes());
    xxh3_128(&bytes)
}

/// The labels of a message that has them as its first field, and was looked at.
pub(crate) fn labels<'a>(message: &'a [u8]) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let mut fields = Fields::new(message);
    std::iter::from_fn(move || {
        while let Ok(Some((field, content))) = fields.next() {
            if field == 1 {
                let (name, value) = label(content.bytes(field).ok()?).ok()?;
                return Some((str::from_utf8(name).ok()?, str::from_utf8(value).ok()?));
            }
        }
        None
    })
}

/// Name and value of a `LabelPair`.
pub(super) fn label(message: &[u8]) -> Step<(&[u8], &[u8])> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => name = content.bytes(field)?,
            2 => value = content.bytes(field)?,
            _ => {}
        }
    }
    Ok((name, value))
}
