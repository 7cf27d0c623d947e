//! `Histogram`: whole or fractional counts in one message.

use narthex_model::protobuf::{low_32, zigzag_32, zigzag_64};
use narthex_model::{
    BucketLayout, CounterReset, FloatHistogram, IntegerHistogram, NativeHistogram, Span,
};

use super::series::{doubles, numbers};
use super::{Fields, Malformed};

/// Buckets of a side, spans of a side and custom bounds: as many as the log takes.
const BUCKETS_MAX: usize = 1 << 16;

/// A field of which one kind or the other is set; the later one counts.
#[derive(Clone, Copy, Debug)]
enum Count {
    Whole(u64),
    Fractional(f64),
}

#[derive(Debug)]
struct Raw {
    count: Count,
    zero_count: Count,
    sum: f64,
    layout: BucketLayout,
    negative_deltas: Vec<i64>,
    negative_counts: Vec<f64>,
    positive_deltas: Vec<i64>,
    positive_counts: Vec<f64>,
    reset: CounterReset,
}

impl Raw {
    /// What fits the kind of the count; the rest is left out.
    fn finish(self) -> NativeHistogram {
        let Self { reset, layout, sum, .. } = self;
        match self.count {
            Count::Whole(count) => NativeHistogram::Integer(IntegerHistogram {
                reset,
                layout,
                count,
                zero_count: match self.zero_count {
                    Count::Whole(count) => count,
                    Count::Fractional(_) => 0,
                },
                sum,
                positive_deltas: self.positive_deltas,
                negative_deltas: self.negative_deltas,
            }),
            Count::Fractional(count) => NativeHistogram::Float(FloatHistogram {
                reset,
                layout,
                count,
                zero_count: match self.zero_count {
                    Count::Fractional(count) => count,
                    Count::Whole(_) => 0.0,
                },
                sum,
                positive_counts: self.positive_counts,
                negative_counts: self.negative_counts,
            }),
        }
    }
}

/// Time and histogram. It is not validated: that is the store's business.
pub(crate) fn histogram(message: &[u8]) -> Result<(i64, NativeHistogram), Malformed> {
    let mut at = 0;
    let mut raw = Raw {
        count: Count::Whole(0),
        zero_count: Count::Whole(0),
        sum: 0.0,
        layout: BucketLayout::default(),
        negative_deltas: Vec::new(),
        negative_counts: Vec::new(),
        positive_deltas: Vec::new(),
        positive_counts: Vec::new(),
        reset: CounterReset::Unknown,
    };
    let max = BUCKETS_MAX;
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => raw.count = Count::Whole(content.varint(field)?),
            2 => raw.count = Count::Fractional(content.double(field)?),
            3 => raw.sum = content.double(field)?,
            4 => raw.layout.schema = zigzag_32(content.varint(field)?),
            5 => raw.layout.zero_threshold = content.double(field)?,
            6 => raw.zero_count = Count::Whole(content.varint(field)?),
            7 => raw.zero_count = Count::Fractional(content.double(field)?),
            8 => push_span(content.bytes(field)?, &mut raw.layout.negative_spans)?,
            9 => numbers(field, content, max, zigzag_64, &mut raw.negative_deltas)?,
            10 => doubles(field, content, max, &mut raw.negative_counts)?,
            11 => push_span(content.bytes(field)?, &mut raw.layout.positive_spans)?,
            12 => numbers(field, content, max, zigzag_64, &mut raw.positive_deltas)?,
            13 => doubles(field, content, max, &mut raw.positive_counts)?,
            14 => raw.reset = reset(content.varint(field)?),
            15 => at = content.varint(field)?.cast_signed(),
            16 => doubles(field, content, max, &mut raw.layout.custom_bounds)?,
            _ => {}
        }
    }
    Ok((at, raw.finish()))
}

fn reset(code: u64) -> CounterReset {
    match code {
        1 => CounterReset::Reset,
        2 => CounterReset::NotReset,
        3 => CounterReset::Gauge,
        _ => CounterReset::Unknown,
    }
}

fn push_span(message: &[u8], spans: &mut Vec<Span>) -> Result<(), Malformed> {
    if spans.len() >= BUCKETS_MAX {
        return Err(Malformed::Buckets { max: BUCKETS_MAX });
    }
    let mut span = Span::default();
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => span.offset = zigzag_32(content.varint(1)?),
            2 => span.length = low_32(content.varint(2)?),
            _ => {}
        }
    }
    spans.push(span);
    Ok(())
}
