//! `TimeSeries`, and the small messages in it.

use narthex_model::protobuf::{self, Content, Fields, varint};

use super::Malformed;
use crate::labels::LABELS_MAX;

/// Time in milliseconds, and value.
pub(crate) type Sample = (i64, f64);

/// A `TimeSeries` as it lies in the body. One value serves for all series of a request, one after
/// the other, so that its lists are allocated once.
#[derive(Debug, Default)]
pub(crate) struct TimeSeries<'a> {
    /// `Label` messages.
    pub(crate) labels: Vec<&'a [u8]>,
    /// The bytes of all labels in a row, which name the series; `None` when something stands between
    /// two of them.
    pub(crate) label_bytes: Option<&'a [u8]>,
    pub(crate) samples: Vec<Sample>,
    /// `Exemplar` messages.
    pub(crate) exemplars: Vec<&'a [u8]>,
    /// `Histogram` messages.
    pub(crate) histograms: Vec<&'a [u8]>,
}

impl<'a> TimeSeries<'a> {
    /// Reads the next one; `false` when it has more than `max` samples, histograms and exemplars. Of
    /// its labels one more is kept than there may be.
    pub(crate) fn read(&mut self, message: &'a [u8], max: usize) -> Result<bool, Malformed> {
        self.labels.clear();
        self.samples.clear();
        self.exemplars.clear();
        self.histograms.clear();
        let mut fields = Fields::new(message);
        // Where the row of labels begins and ends, in bytes from the end of the message.
        let (mut begin, mut end, mut is_row) = (0, 0, true);
        loop {
            let left = fields.left();
            let Some((field, content)) = fields.next()? else { break };
            match field {
                1 => {
                    if self.labels.is_empty() {
                        begin = left;
                    } else {
                        is_row &= end == left;
                    }
                    let label = content.bytes(1)?;
                    if self.labels.len() <= LABELS_MAX {
                        self.labels.push(label);
                    }
                    end = fields.left();
                }
                2 => self.samples.push(sample(content.bytes(2)?)?),
                3 => self.exemplars.push(content.bytes(3)?),
                4 => self.histograms.push(content.bytes(4)?),
                _ => {}
            }
            if self.entries() > max {
                return Ok(false);
            }
        }
        let row = message.len().saturating_sub(begin)..message.len().saturating_sub(end);
        self.label_bytes = message.get(row).filter(|_| is_row);
        Ok(true)
    }

    /// How much there is to be stored.
    pub(crate) fn entries(&self) -> usize {
        self.samples.len() + self.exemplars.len() + self.histograms.len()
    }
}

/// The tags of a sample as every writer orders them.
const VALUE_TAG: u8 = 1 << 3 | 1;
const TIME_TAG: u8 = 2 << 3;

#[inline]
fn sample(message: &[u8]) -> Result<Sample, Malformed> {
    if let Some((&[VALUE_TAG, a, b, c, d, e, f, g, h, TIME_TAG], mut rest)) =
        message.split_first_chunk::<10>()
    {
        let at = varint(&mut rest)?.cast_signed();
        if rest.is_empty() {
            return Ok((at, f64::from_le_bytes([a, b, c, d, e, f, g, h])));
        }
    }
    sample_in_any_order(message)
}

fn sample_in_any_order(message: &[u8]) -> Result<Sample, Malformed> {
    let (mut at, mut value) = (0, 0.0);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => value = content.double(1)?,
            2 => at = content.varint(2)?.cast_signed(),
            _ => {}
        }
    }
    Ok((at, value))
}

/// Name and value of a `Label`; whether they are text is not looked at.
#[inline]
pub(crate) fn label(message: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => name = content.bytes(1)?,
            2 => value = content.bytes(2)?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// An `Exemplar`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Exemplar<'a> {
    /// `Label` messages.
    pub(crate) labels: Vec<&'a [u8]>,
    pub(crate) value: f64,
    pub(crate) at: i64,
}

pub(crate) fn exemplar(message: &[u8]) -> Result<Exemplar<'_>, Malformed> {
    let mut exemplar = Exemplar::default();
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => exemplar.labels.push(content.bytes(1)?),
            2 => exemplar.value = content.double(2)?,
            3 => exemplar.at = content.varint(3)?.cast_signed(),
            _ => {}
        }
    }
    Ok(exemplar)
}

/// Numbers of a repeated field: one by one, or packed into one.
pub(super) fn numbers<T>(
    field: u64,
    content: Content<'_>,
    max: usize,
    read: impl Fn(u64) -> T,
    out: &mut Vec<T>,
) -> Result<(), Malformed> {
    let mut push = |value: u64| {
        if out.len() >= max {
            return Err(Malformed::Buckets { max });
        }
        out.push(read(value));
        Ok(())
    };
    match content {
        Content::Varint(value) => push(value),
        Content::Bytes(mut packed) => {
            while !packed.is_empty() {
                push(varint(&mut packed)?)?;
            }
            Ok(())
        }
        Content::Fixed64(_) | Content::Fixed32(_) => Err(content.mistyped(field).into()),
    }
}

/// The same of doubles.
pub(super) fn doubles(
    field: u64,
    content: Content<'_>,
    max: usize,
    out: &mut Vec<f64>,
) -> Result<(), Malformed> {
    let mut push = |bytes: [u8; 8]| {
        if out.len() >= max {
            return Err(Malformed::Buckets { max });
        }
        out.push(f64::from_le_bytes(bytes));
        Ok(())
    };
    match content {
        Content::Fixed64(bytes) => push(bytes),
        Content::Bytes(packed) => {
            let (all, rest) = packed.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(protobuf::Malformed::Truncated.into());
            }
            all.iter().try_for_each(|bytes| push(*bytes))
        }
        Content::Varint(_) | Content::Fixed32(_) => Err(content.mistyped(field).into()),
    }
}
