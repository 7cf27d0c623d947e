//! Native histograms as the log holds them.

use narthex_model::{
    BucketLayout, CUSTOM_BUCKETS_SCHEMA, CounterReset, EXPONENTIAL_SCHEMA_MAX, FloatHistogram,
    IntegerHistogram, NativeHistogram, Span,
};

use super::BigEndian;
use crate::encoding::varint::Cursor;
use crate::encoding::{Damage, make_coarser};

/// Reads a histogram of whole counts; nothing when it is none that could be kept: of an unknown
/// schema, or with parts that disagree. A finer schema than ours is brought to our finest.
pub(super) fn read_integer(cursor: &mut Cursor<'_>) -> Result<Option<NativeHistogram>, Damage> {
    let reset = read_reset(cursor)?;
    let (schema, zero_threshold) = (read_schema(cursor)?, cursor.be_f64()?);
    let (zero_count, count, sum) = (cursor.unsigned()?, cursor.unsigned()?, cursor.be_f64()?);
    let (positive_spans, negative_spans) = (read_spans(cursor)?, read_spans(cursor)?);
    let deltas = |cursor: &mut Cursor<'_>| {
        let count = cursor.count(1)?;
        (0..count).map(|_| cursor.signed()).collect::<Result<Vec<i64>, Damage>>()
    };
    let (positive_deltas, negative_deltas) = (deltas(cursor)?, deltas(cursor)?);
    let custom_bounds = read_bounds(cursor, schema)?;
    let layout =
        BucketLayout { schema, zero_threshold, positive_spans, negative_spans, custom_bounds };
    Ok(valid(NativeHistogram::Integer(IntegerHistogram {
        reset,
        layout,
        count,
        zero_count,
        sum,
        positive_deltas,
        negative_deltas,
    })))
}

/// Reads a histogram of fractional counts, as [`read_integer`] does.
pub(super) fn read_float(cursor: &mut Cursor<'_>) -> Result<Option<NativeHistogram>, Damage> {
    let reset = read_reset(cursor)?;
    let (schema, zero_threshold) = (read_schema(cursor)?, cursor.be_f64()?);
    let (zero_count, count, sum) = (cursor.be_f64()?, cursor.be_f64()?, cursor.be_f64()?);
    let (positive_spans, negative_spans) = (read_spans(cursor)?, read_spans(cursor)?);
    let positive_counts = read_floats(cursor)?;
    let negative_counts = read_floats(cursor)?;
    let custom_bounds = read_bounds(cursor, schema)?;
    let layout =
        BucketLayout { schema, zero_threshold, positive_spans, negative_spans, custom_bounds };
    Ok(valid(NativeHistogram::Float(FloatHistogram {
        reset,
        layout,
        count,
        zero_count,
        sum,
        positive_counts,
        negative_counts,
    })))
}

/// Finer schemas than ours up to this one are reserved for later versions, which merge well.
const RESERVED_SCHEMA_MAX: i32 = 52;

/// Chunks can only hold histograms whose parts agree.
fn valid(mut histogram: NativeHistogram) -> Option<NativeHistogram> {
    if (EXPONENTIAL_SCHEMA_MAX + 1..=RESERVED_SCHEMA_MAX).contains(&histogram.layout().schema) {
        make_coarser(&mut histogram);
    }
    histogram.validate().is_ok().then_some(histogram)
}

fn read_reset(cursor: &mut Cursor<'_>) -> Result<CounterReset, Damage> {
    Ok(match cursor.byte()? {
        1 => CounterReset::Reset,
        2 => CounterReset::NotReset,
        3 => CounterReset::Gauge,
        _ => CounterReset::Unknown,
    })
}

fn read_schema(cursor: &mut Cursor<'_>) -> Result<i32, Damage> {
    i32::try_from(cursor.signed()?).map_err(|_| Damage)
}

fn read_spans(cursor: &mut Cursor<'_>) -> Result<Vec<Span>, Damage> {
    let count = cursor.count(2)?;
    let mut spans = Vec::with_capacity(count);
    for _ in 0..count {
        let offset = i32::try_from(cursor.signed()?).map_err(|_| Damage)?;
        let length = u32::try_from(cursor.unsigned()?).map_err(|_| Damage)?;
        spans.push(Span { offset, length });
    }
    Ok(spans)
}

fn read_floats(cursor: &mut Cursor<'_>) -> Result<Vec<f64>, Damage> {
    let count = cursor.count(8)?;
    (0..count).map(|_| cursor.be_f64()).collect()
}

fn read_bounds(cursor: &mut Cursor<'_>, schema: i32) -> Result<Vec<f64>, Damage> {
    if schema == CUSTOM_BUCKETS_SCHEMA { read_floats(cursor) } else { Ok(Vec::new()) }
}
