//! Histograms as bytes of the log: whole, or as the difference to the series' histogram before.
//!
//! A target brings the same buckets again and again, and most counts stand still or grow a little.
//! So a histogram whose buckets lie as before is coded as the counts that changed.
//! docs/formats/log.md draws it.
//!
//! Invariant: coder and decoder agree on the histogram before: it is the newest histogram of the
//! series that stands in the log since the last restart.

use std::sync::Arc;

use hashbrown::HashMap;
use narthex_model::{
    BucketLayout, CounterReset, FloatHistogram, IntegerHistogram, NativeHistogram, Span, buckets_in,
};

use super::batch::GOES_ON;
use crate::encoding::Damage;
use crate::encoding::value::{self, Predecessor};
use crate::encoding::varint::{Cursor, push_signed, push_unsigned};
use crate::head::series::SeriesId;

/// Buckets of one histogram: far more than the finest schema has between the ends of all floats
/// that anybody observes.
const BUCKETS_MAX: u64 = 1 << 16;

const IS_FLOAT: u8 = 0b1;
const RESET_SHIFT: u8 = 1;
const RESET_MASK: u8 = 0b110;
const IS_DIFFERENCE: u8 = 0b1000;

const RESETS: [CounterReset; 4] =
    [CounterReset::Unknown, CounterReset::Reset, CounterReset::NotReset, CounterReset::Gauge];

/// A histogram out of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecodedHistogram {
    pub(crate) id: SeriesId,
    pub(crate) at: i64,
    pub(crate) histogram: Arc<NativeHistogram>,
}

/// Histograms on their way into a record.
#[derive(Debug, Default)]
pub(crate) struct HistogramColumn {
    count: u64,
    id_before: SeriesId,
    at_before: i64,
    body: Vec<u8>,
}

impl HistogramColumn {
    pub(crate) fn clear(&mut self) {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        *self = Self { body, ..Self::default() };
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds one; `before`: the series' histogram before, if it was logged since the last restart.
    pub(crate) fn push(
        &mut self,
        id: SeriesId,
        at: i64,
        histogram: &NativeHistogram,
        before: Option<&NativeHistogram>,
    ) {
        push_signed(&mut self.body, id.wrapping_sub(self.id_before).cast_signed());
        push_signed(&mut self.body, at.wrapping_sub(self.at_before));
        push_histogram(&mut self.body, histogram, before);
        (self.id_before, self.at_before) = (id, at);
        self.count += 1;
    }

    /// Appends the payload of a record. `goes_on`: the batch has more records.
    pub(crate) fn encode(&self, goes_on: bool, out: &mut Vec<u8>) {
        out.push(if goes_on { GOES_ON } else { 0 });
        push_unsigned(out, self.count);
        out.extend_from_slice(&self.body);
    }
}

/// Reads records of histograms.
#[derive(Debug, Default)]
pub(crate) struct HistogramDecoder {
    before: HashMap<SeriesId, Arc<NativeHistogram>>,
}

impl HistogramDecoder {
    /// Forgets everything.
    pub(crate) fn restart(&mut self) {
        self.before.clear();
    }

    /// Appends the histograms of a record to `out`; answers whether the batch goes on. After an
    /// error the decoder knows nothing until the next restart, and `out` is to be thrown away.
    pub(crate) fn decode(
        &mut self,
        payload: &[u8],
        out: &mut Vec<DecodedHistogram>,
    ) -> Result<bool, Damage> {
        let mut cursor = Cursor::new(payload);
        let flags = cursor.byte()?;
        let count = cursor.count(3)?;
        let (mut id, mut at): (SeriesId, i64) = (0, 0);
        for _ in 0..count {
            id = id.wrapping_add(cursor.signed()?.cast_unsigned());
            at = at.wrapping_add(cursor.signed()?);
            let before = self.before.get(&id).map(|before| &**before);
            let histogram = Arc::new(read_histogram(&mut cursor, before)?);
            self.before.insert(id, Arc::clone(&histogram));
            out.push(DecodedHistogram { id, at, histogram });
        }
        if cursor.is_empty() { Ok(flags & GOES_ON != 0) } else { Err(Damage) }
    }
}

fn layouts_agree(a: &BucketLayout, b: &BucketLayout) -> bool {
    let same_bits = |a: &[f64], b: &[f64]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
    };
    a.schema == b.schema
        && a.zero_threshold.to_bits() == b.zero_threshold.to_bits()
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && same_bits(&a.custom_bounds, &b.custom_bounds)
}

/// Appends one histogram, as a difference to `before` where that is possible.
pub(crate) fn push_histogram(
    out: &mut Vec<u8>,
    histogram: &NativeHistogram,
    before: Option<&NativeHistogram>,
) {
    let reset = RESETS.iter().position(|known| *known == histogram.reset()).unwrap_or(0);
    let reset = u8::try_from(reset).unwrap_or(0) << RESET_SHIFT;
    match (histogram, before) {
        (NativeHistogram::Integer(new), Some(NativeHistogram::Integer(old)))
            if layouts_agree(&new.layout, &old.layout) =>
        {
            out.push(reset | IS_DIFFERENCE);
            push_signed(out, new.count.wrapping_sub(old.count).cast_signed());
            push_signed(out, new.zero_count.wrapping_sub(old.zero_count).cast_signed());
            push_value(out, old.sum, new.sum);
            push_count_changes(out, &old.positive_deltas, &new.positive_deltas);
            push_count_changes(out, &old.negative_deltas, &new.negative_deltas);
        }
        (NativeHistogram::Float(new), Some(NativeHistogram::Float(old)))
            if layouts_agree(&new.layout, &old.layout) =>
        {
            out.push(reset | IS_DIFFERENCE | IS_FLOAT);
            push_value(out, old.count, new.count);
            push_value(out, old.zero_count, new.zero_count);
            push_value(out, old.sum, new.sum);
            push_value_changes(out, &old.positive_counts, &new.positive_counts);
            push_value_changes(out, &old.negative_counts, &new.negative_counts);
        }
        (NativeHistogram::Integer(new), _) => {
            out.push(reset);
            push_layout(out, &new.layout);
            push_unsigned(out, new.count);
            push_unsigned(out, new.zero_count);
            out.extend_from_slice(&new.sum.to_bits().to_le_bytes());
            for delta in new.positive_deltas.iter().chain(&new.negative_deltas) {
                push_signed(out, *delta);
            }
        }
        (NativeHistogram::Float(new), _) => {
            out.push(reset | IS_FLOAT);
            push_layout(out, &new.layout);
            let counts = new.positive_counts.iter().chain(&new.negative_counts);
            for number in [new.count, new.zero_count, new.sum].iter().chain(counts) {
                out.extend_from_slice(&number.to_bits().to_le_bytes());
            }
        }
    }
}

fn push_layout(out: &mut Vec<u8>, layout: &BucketLayout) {
    push_signed(out, i64::from(layout.schema));
    out.extend_from_slice(&layout.zero_threshold.to_bits().to_le_bytes());
    for spans in [&layout.positive_spans, &layout.negative_spans] {
        push_unsigned(out, spans.len() as u64);
        for span in spans {
            push_signed(out, i64::from(span.offset));
            push_unsigned(out, u64::from(span.length));
        }
    }
    push_unsigned(out, layout.custom_bounds.len() as u64);
    for bound in &layout.custom_bounds {
        out.extend_from_slice(&bound.to_bits().to_le_bytes());
    }
}

/// A value as the codes of samples have it, the code in a byte of its own.
fn push_value(out: &mut Vec<u8>, before: f64, value: f64) {
    let place = out.len();
    out.push(0);
    let before = Predecessor { bits: before.to_bits(), scale: 0 };
    let (code, _) = value::encode(Some(before), value.to_bits(), out);
    if let Some(byte) = out.get_mut(place) {
        *byte = code;
    }
}

/// One bit a bucket: whether its count changed; then by how much.
fn push_count_changes(out: &mut Vec<u8>, old: &[i64], new: &[i64]) {
    let changes: Vec<i64> =
        absolute(new).zip(absolute(old)).map(|(new, old)| new.wrapping_sub(old)).collect();
    push_bitmap(out, changes.iter().map(|change| *change != 0));
    changes.iter().filter(|change| **change != 0).for_each(|change| push_signed(out, *change));
}

fn push_value_changes(out: &mut Vec<u8>, old: &[f64], new: &[f64]) {
    let is_changed = |(old, new): &(&f64, &f64)| old.to_bits() != new.to_bits();
    push_bitmap(out, old.iter().zip(new).map(|pair| is_changed(&pair)));
    for (old, new) in old.iter().zip(new).filter(is_changed) {
        push_value(out, *old, *new);
    }
}

fn push_bitmap(out: &mut Vec<u8>, bits: impl Iterator<Item = bool>) {
    let mut byte = 0;
    let mut used = 0;
    for bit in bits {
        byte |= u8::from(bit) << used;
        used += 1;
        if used == 8 {
            out.push(byte);
            (byte, used) = (0, 0);
        }
    }
    if used > 0 {
        out.push(byte);
    }
}

fn absolute(deltas: &[i64]) -> impl Iterator<Item = i64> + '_ {
    deltas.iter().scan(0_i64, |count, delta| {
        *count = count.wrapping_add(*delta);
        Some(*count)
    })
}

/// Reads what [`push_histogram`] wrote.
pub(crate) fn read_histogram(
    cursor: &mut Cursor<'_>,
    before: Option<&NativeHistogram>,
) -> Result<NativeHistogram, Damage> {
    let flags = cursor.byte()?;
    let reset = usize::from((flags & RESET_MASK) >> RESET_SHIFT);
    let reset = RESETS.get(reset).copied().ok_or(Damage)?;
    let known = IS_FLOAT | RESET_MASK | IS_DIFFERENCE;
    if flags & !known != 0 {
        return Err(Damage);
    }
    match (flags & IS_DIFFERENCE != 0, flags & IS_FLOAT != 0, before) {
        (false, false, _) => read_integer(cursor, reset).map(NativeHistogram::Integer),
        (false, true, _) => read_float(cursor, reset).map(NativeHistogram::Float),
        (true, false, Some(NativeHistogram::Integer(old))) => {
            Ok(NativeHistogram::Integer(IntegerHistogram {
                reset,
                layout: old.layout.clone(),
                count: old.count.wrapping_add(cursor.signed()?.cast_unsigned()),
                zero_count: old.zero_count.wrapping_add(cursor.signed()?.cast_unsigned()),
                sum: read_value(cursor, old.sum)?,
                positive_deltas: read_count_changes(cursor, &old.positive_deltas)?,
                negative_deltas: read_count_changes(cursor, &old.negative_deltas)?,
            }))
        }
        (true, true, Some(NativeHistogram::Float(old))) => {
            Ok(NativeHistogram::Float(FloatHistogram {
                reset,
                layout: old.layout.clone(),
                count: read_value(cursor, old.count)?,
                zero_count: read_value(cursor, old.zero_count)?,
                sum: read_value(cursor, old.sum)?,
                positive_counts: read_value_changes(cursor, &old.positive_counts)?,
                negative_counts: read_value_changes(cursor, &old.negative_counts)?,
            }))
        }
        (true, ..) => Err(Damage),
    }
}

fn read_integer(cursor: &mut Cursor<'_>, reset: CounterReset) -> Result<IntegerHistogram, Damage> {
    let layout = read_layout(cursor)?;
    let (count, zero_count) = (cursor.unsigned()?, cursor.unsigned()?);
    let sum = f64::from_bits(u64::from_le_bytes(cursor.array()?));
    let mut deltas = |spans: &[Span]| {
        let buckets = buckets(spans)?;
        if buckets > cursor.remaining() {
            return Err(Damage);
        }
        (0..buckets).map(|_| cursor.signed()).collect::<Result<Vec<i64>, Damage>>()
    };
    let positive_deltas = deltas(&layout.positive_spans)?;
    let negative_deltas = deltas(&layout.negative_spans)?;
    Ok(IntegerHistogram { reset, layout, count, zero_count, sum, positive_deltas, negative_deltas })
}

fn read_float(cursor: &mut Cursor<'_>, reset: CounterReset) -> Result<FloatHistogram, Damage> {
    let layout = read_layout(cursor)?;
    let count = float(cursor)?;
    let zero_count = float(cursor)?;
    let sum = float(cursor)?;
    let mut counts = |spans: &[Span]| {
        let buckets = buckets(spans)?;
        if buckets > cursor.remaining() / 8 {
            return Err(Damage);
        }
        (0..buckets).map(|_| float(cursor)).collect::<Result<Vec<f64>, Damage>>()
    };
    let positive_counts = counts(&layout.positive_spans)?;
    let negative_counts = counts(&layout.negative_spans)?;
    Ok(FloatHistogram { reset, layout, count, zero_count, sum, positive_counts, negative_counts })
}

fn float(cursor: &mut Cursor<'_>) -> Result<f64, Damage> {
    Ok(f64::from_bits(u64::from_le_bytes(cursor.array()?)))
}

fn buckets(spans: &[Span]) -> Result<usize, Damage> {
    let buckets = buckets_in(spans);
    if buckets > BUCKETS_MAX {
        return Err(Damage);
    }
    usize::try_from(buckets).map_err(|_| Damage)
}

fn read_layout(cursor: &mut Cursor<'_>) -> Result<BucketLayout, Damage> {
    let schema = i32::try_from(cursor.signed()?).map_err(|_| Damage)?;
    let zero_threshold = float(cursor)?;
    let mut spans = || {
        let count = cursor.count(2)?;
        let mut spans = Vec::with_capacity(count);
        for _ in 0..count {
            let offset = i32::try_from(cursor.signed()?).map_err(|_| Damage)?;
            let length = u32::try_from(cursor.unsigned()?).map_err(|_| Damage)?;
            spans.push(Span { offset, length });
        }
        Ok(spans)
    };
    let (positive_spans, negative_spans) = (spans()?, spans()?);
    let bounds = cursor.count(8)?;
    let custom_bounds = (0..bounds).map(|_| float(cursor)).collect::<Result<_, _>>()?;
    Ok(BucketLayout { schema, zero_threshold, positive_spans, negative_spans, custom_bounds })
}

fn read_value(cursor: &mut Cursor<'_>, before: f64) -> Result<f64, Damage> {
    let code = cursor.byte()?;
    let before = Predecessor { bits: before.to_bits(), scale: 0 };
    let (bits, _) = value::decode(Some(before), code, cursor)?;
    Ok(f64::from_bits(bits))
}

fn read_count_changes(cursor: &mut Cursor<'_>, old: &[i64]) -> Result<Vec<i64>, Damage> {
    let changed = cursor.take(old.len().div_ceil(8))?;
    let mut deltas = Vec::with_capacity(old.len());
    let mut before = 0_i64;
    for (index, count) in absolute(old).enumerate() {
        let count = if bit(changed, index) { count.wrapping_add(cursor.signed()?) } else { count };
        deltas.push(count.wrapping_sub(before));
        before = count;
    }
    Ok(deltas)
}

fn read_value_changes(cursor: &mut Cursor<'_>, old: &[f64]) -> Result<Vec<f64>, Damage> {
    let changed = cursor.take(old.len().div_ceil(8))?;
    let mut counts = Vec::with_capacity(old.len());
    for (index, old) in old.iter().enumerate() {
        counts.push(if bit(changed, index) { read_value(cursor, *old)? } else { *old });
    }
    Ok(counts)
}

fn bit(bitmap: &[u8], index: usize) -> bool {
    bitmap.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

#[cfg(test)]
mod tests;
