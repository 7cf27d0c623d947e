//! What the records of Prometheus' logs hold, types 1 to 13.
//!
//! Bytes are walked with checked steps; a count never makes the reader reserve more than the record
//! holds. Deltas wrap, as they do where they are written.

mod histogram;

use std::sync::Arc;

use narthex_model::{
    Exemplar, Labels, LabelsBuilder, Metadata, MetricType, NativeHistogram, Timestamp,
};

use self::histogram::{read_float, read_integer};
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;

/// The number by which a log names a series.
pub(super) type Ref = u64;

/// A sample of either kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Float(f64),
    Histogram(Arc<NativeHistogram>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) series: Ref,
    pub(super) at: i64,
    /// When counting began; 0 when that is not known.
    pub(super) start: i64,
    pub(super) value: Value,
}

/// A range of deleted samples, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tombstone {
    pub(super) series: Ref,
    pub(super) first_at: i64,
    pub(super) last_at: i64,
}

/// All out-of-order samples of a series up to here stand in a head chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) series: Ref,
    /// The file's number in the upper half, the place in it in the lower.
    pub(super) chunk: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Record {
    Series(Vec<(Ref, Labels)>),
    Samples {
        samples: Vec<Sample>,
        /// Histograms that no version known today could have written.
        unknown: usize,
    },
    Tombstones(Vec<Tombstone>),
    Exemplars(Vec<(Ref, Exemplar)>),
    Markers(Vec<Marker>),
    Metadata(Vec<(Ref, Metadata)>),
    /// A type of a later version.
    Unknown(u8),
}

impl Record {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damage> {
        let (kind, body) = bytes.split_first().ok_or(Damage)?;
        let cursor = &mut Cursor::new(body);
        Ok(match kind {
            1 => Self::Series(list(cursor, |c| Ok((c.be_u64()?, read_labels(c)?)))?),
            2 => {
                let samples = from_base(cursor, |c, series, at| {
                    let value = Value::Float(c.be_f64()?);
                    Ok(Some(Sample { series, at, start: 0, value }))
                });
                Self::from_samples(samples?)
            }
            3 => Self::Tombstones(list(cursor, |c| {
                let series = c.be_u64()?;
                Ok(Tombstone { series, first_at: c.signed()?, last_at: c.signed()? })
            })?),
            4 => Self::Exemplars(read_exemplars(cursor)?),
            5 => Self::Markers(list(cursor, |c| {
                Ok(Marker { series: c.be_u64()?, chunk: c.be_u64()? })
            })?),
            6 => Self::Metadata(list(cursor, read_metadata)?),
            7 | 9 => Self::from_samples(from_base(cursor, |c, series, at| {
                let value = read_integer(c)?.map(to_value);
                Ok(value.map(|value| Sample { series, at, start: 0, value }))
            })?),
            8 | 10 => Self::from_samples(from_base(cursor, |c, series, at| {
                let value = read_float(c)?.map(to_value);
                Ok(value.map(|value| Sample { series, at, start: 0, value }))
            })?),
            11 => {
                Self::from_samples(from_previous(cursor, |c| Ok(Some(Value::Float(c.be_f64()?))))?)
            }
            12 => {
                Self::from_samples(from_previous(cursor, |c| Ok(read_integer(c)?.map(to_value)))?)
            }
            13 => Self::from_samples(from_previous(cursor, |c| Ok(read_float(c)?.map(to_value)))?),
            kind => Self::Unknown(*kind),
        })
    }

    fn from_samples((samples, unknown): (Vec<Sample>, usize)) -> Self {
        Self::Samples { samples, unknown }
    }
}

fn to_value(histogram: NativeHistogram) -> Value {
    Value::Histogram(Arc::new(histogram))
}

/// Fixed-width numbers, most significant byte first.
trait BigEndian {
    fn be_u64(&mut self) -> Result<u64, Damage>;
    fn be_i64(&mut self) -> Result<i64, Damage>;
    fn be_f64(&mut self) -> Result<f64, Damage>;
}

impl BigEndian for Cursor<'_> {
    fn be_u64(&mut self) -> Result<u64, Damage> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    fn be_i64(&mut self) -> Result<i64, Damage> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    fn be_f64(&mut self) -> Result<f64, Damage> {
        Ok(f64::from_be_bytes(self.array()?))
    }
}

/// Entries up to the end.
fn list<T>(
    cursor: &mut Cursor<'_>,
    mut read: impl FnMut(&mut Cursor<'_>) -> Result<T, Damage>,
) -> Result<Vec<T>, Damage> {
    let mut entries = Vec::new();
    while !cursor.is_empty() {
        entries.push(read(cursor)?);
    }
    Ok(entries)
}

/// Series and time as differences to the first.
fn from_base(
    cursor: &mut Cursor<'_>,
    mut read: impl FnMut(&mut Cursor<'_>, Ref, i64) -> Result<Option<Sample>, Damage>,
) -> Result<(Vec<Sample>, usize), Damage> {
    let (mut samples, mut unknown) = (Vec::new(), 0);
    if cursor.is_empty() {
        return Ok((samples, unknown));
    }
    let (base_series, base_at) = (cursor.be_u64()?, cursor.be_i64()?);
    while !cursor.is_empty() {
        let series = base_series.wrapping_add_signed(cursor.signed()?);
        let at = base_at.wrapping_add(cursor.signed()?);
        match read(cursor, series, at)? {
            Some(sample) => samples.push(sample),
            None => unknown += 1,
        }
    }
    Ok((samples, unknown))
}

/// Series as a difference to the one before, time to the first, and a mark for the start.
fn from_previous(
    cursor: &mut Cursor<'_>,
    mut read: impl FnMut(&mut Cursor<'_>) -> Result<Option<Value>, Damage>,
) -> Result<(Vec<Sample>, usize), Damage> {
    let (mut samples, mut unknown) = (Vec::new(), 0);
    if cursor.is_empty() {
        return Ok((samples, unknown));
    }
    let mut series = 0_u64.wrapping_add_signed(cursor.signed()?);
    let (first_at, first_start) = (cursor.signed()?, cursor.signed()?);
    let (mut at, mut start) = (first_at, first_start);
    loop {
        match read(cursor)? {
            Some(value) => samples.push(Sample { series, at, start, value }),
            None => unknown += 1,
        }
        if cursor.is_empty() {
            return Ok((samples, unknown));
        }
        series = series.wrapping_add_signed(cursor.signed()?);
        at = first_at.wrapping_add(cursor.signed()?);
        start = match cursor.byte()? {
            0 => 0,
            1 => start,
            _ => first_start.wrapping_add(cursor.signed()?),
        };
    }
}

fn read_labels(cursor: &mut Cursor<'_>) -> Result<Labels, Damage> {
    let count = cursor.count(2)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        pairs.push((cursor.text()?, cursor.text()?));
    }
    if pairs.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b)) {
        return Ok(Labels::from_sorted(pairs));
    }
    // Prometheus has written such labels in the past; the last value counts.
    let mut labels = LabelsBuilder::default();
    for (name, value) in pairs {
        labels.set(name, value);
    }
    Ok(labels.finish())
}

fn read_exemplars(cursor: &mut Cursor<'_>) -> Result<Vec<(Ref, Exemplar)>, Damage> {
    if cursor.is_empty() {
        return Ok(Vec::new());
    }
    let (base_series, base_at) = (cursor.be_u64()?, cursor.be_i64()?);
    list(cursor, |cursor| {
        let series = base_series.wrapping_add_signed(cursor.signed()?);
        let at = Timestamp::from_millis(base_at.wrapping_add(cursor.signed()?));
        let value = cursor.be_f64()?;
        Ok((series, Exemplar { labels: read_labels(cursor)?, value, at }))
    })
}

fn read_metadata(cursor: &mut Cursor<'_>) -> Result<(Ref, Metadata), Damage> {
    let series = cursor.unsigned()?;
    let metric_type = match cursor.byte()? {
        1 => MetricType::Counter,
        2 => MetricType::Gauge,
        3 => MetricType::Histogram,
        4 => MetricType::GaugeHistogram,
        5 => MetricType::Summary,
        6 => MetricType::Info,
        7 => MetricType::StateSet,
        _ => MetricType::Unknown,
    };
    let mut metadata = Metadata { metric_type, ..Metadata::default() };
    for _ in 0..cursor.count(2)? {
        let (name, text) = (cursor.text()?, cursor.text()?);
        match name {
            "UNIT" => text.clone_into(&mut metadata.unit),
            "HELP" => text.clone_into(&mut metadata.help),
            // A field of a later version.
            _ => {}
        }
    }
    Ok((series, metadata))
}

#[cfg(test)]
pub(super) mod tests;
