//! `Histogram`: what it says in the classic way, and what in the native.

use narthex_model::protobuf::{Content, Fields, low_32, zigzag_32, zigzag_64};
use narthex_model::{
    BucketLayout, ClassicHistogram, CounterReset, FloatHistogram, IntegerHistogram, MetricType,
    NativeHistogram, Span, Timestamp, buckets_in,
};

use super::metric::{bucket, next_row, read_exemplar, time};
use super::{Step, number};
use crate::error::InvalidMessage;
use crate::exemplar::Exemplar;
use crate::number::to_float;
use crate::text::shortened;

/// Buckets and spans of a side: as many as the store's log takes.
const BUCKETS_MAX: usize = 1 << 16;

/// The numbers of a histogram; the lists are read when they are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Histogram<'a> {
    message: &'a [u8],
    count: u64,
    fractional_count: f64,
    pub(super) sum: f64,
    pub(super) start: Option<Timestamp>,
    /// It says something in the native way. A target whose native histogram is empty says so by a
    /// span of no buckets.
    pub(super) is_native: bool,
    pub(super) has_buckets: bool,
    has_exemplars: bool,
    schema: i32,
    zero_threshold: f64,
    zero_count: u64,
    fractional_zero_count: f64,
}

impl<'a> Histogram<'a> {
    pub(super) fn read(message: &'a [u8]) -> Step<Self> {
        let mut read = Self {
            message,
            count: 0,
            fractional_count: 0.0,
            sum: 0.0,
            start: None,
            is_native: false,
            has_buckets: false,
            has_exemplars: false,
            schema: 0,
            zero_threshold: 0.0,
            zero_count: 0,
            fractional_zero_count: 0.0,
        };
        let mut fields = Fields::new(message);
        while let Some((field, content)) = fields.next()? {
            match field {
                1 => read.count = content.varint(field)?,
                2 => read.sum = content.double(field)?,
                3 => read.has_buckets = true,
                4 => read.fractional_count = content.double(field)?,
                5 => read.schema = zigzag_32(content.varint(field)?),
                6 => read.zero_threshold = content.double(field)?,
                7 => read.zero_count = content.varint(field)?,
                8 => read.fractional_zero_count = content.double(field)?,
                9 | 12 => read.is_native = true,
                15 => read.start = Some(time(content.bytes(field)?)?),
                16 => {
                    read_exemplar(content.bytes(field)?)?;
                    read.has_exemplars = true;
                }
                _ => {}
            }
        }
        read.is_native |=
            read.zero_threshold > 0.0 || read.zero_count > 0 || read.fractional_zero_count > 0.0;
        read.start = read.start.filter(|start| start.millis() != 0);
        Ok(read)
    }

    /// All observations.
    pub(super) fn count(&self) -> f64 {
        if self.fractional_count == 0.0 { to_float(self.count) } else { self.fractional_count }
    }

    /// The classic buckets as custom ones.
    pub(super) fn custom(&self, family: &str, kind: MetricType) -> Step<NativeHistogram> {
        let mut classic = ClassicHistogram::default();
        classic.set_count(self.count());
        classic.set_sum(number(self.sum));
        let mut rows = Fields::new(self.message);
        while let Some(row) = next_row(&mut rows)? {
            let bucket = bucket(row)?;
            classic.add_bucket(bucket.bound, bucket.count);
        }
        let mut native = classic
            .to_native()
            .map_err(|problem| InvalidMessage::Classic { family: shortened(family), problem })?;
        let reset = match &mut native {
            NativeHistogram::Integer(histogram) => &mut histogram.reset,
            NativeHistogram::Float(histogram) => &mut histogram.reset,
        };
        *reset = reset_of(kind);
        Ok(native)
    }

    /// What it says in the native way.
    pub(super) fn native(&self, family: &str, kind: MetricType) -> Step<NativeHistogram> {
        let mut layout = BucketLayout {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            ..BucketLayout::default()
        };
        let (mut negative_deltas, mut negative_counts) = (Vec::new(), Vec::new());
        let (mut positive_deltas, mut positive_counts) = (Vec::new(), Vec::new());
        let is_fractional = self.fractional_count > 0.0 || self.fractional_zero_count > 0.0;
        let mut fields = Fields::new(self.message);
        while let Some((field, content)) = fields.next()? {
            match field {
                9 => push_span(content.bytes(field)?, &mut layout.negative_spans)?,
                10 if !is_fractional => push_deltas(field, content, &mut negative_deltas)?,
                11 if is_fractional => push_counts(field, content, &mut negative_counts)?,
                12 => push_span(content.bytes(field)?, &mut layout.positive_spans)?,
                13 if !is_fractional => push_deltas(field, content, &mut positive_deltas)?,
                14 if is_fractional => push_counts(field, content, &mut positive_counts)?,
                _ => {}
            }
        }
        // One of both is empty.
        let given = (
            positive_deltas.len() + positive_counts.len(),
            negative_deltas.len() + negative_counts.len(),
        );
        for (side, spans, given) in [
            ("positive", &layout.positive_spans, given.0),
            ("negative", &layout.negative_spans, given.1),
        ] {
            let covered = buckets_in(spans);
            if covered != given as u64 {
                let family = shortened(family);
                return Err(InvalidMessage::Buckets { family, side, covered, given });
            }
        }
        let (reset, sum) = (reset_of(kind), number(self.sum));
        Ok(if is_fractional {
            let (count, zero_count) = (self.fractional_count, self.fractional_zero_count);
            let mut histogram = FloatHistogram {
                reset,
                layout,
                count,
                zero_count,
                sum,
                positive_counts,
                negative_counts,
            };
            histogram.compact(0);
            NativeHistogram::Float(histogram)
        } else {
            let (count, zero_count) = (self.count, self.zero_count);
            let mut histogram = IntegerHistogram {
                reset,
                layout,
                count,
                zero_count,
                sum,
                positive_deltas,
                negative_deltas,
            };
            histogram.compact(0);
            NativeHistogram::Integer(histogram)
        })
    }

    pub(super) const fn exemplars(&self) -> HistogramExemplars<'a> {
        HistogramExemplars { rest: self.message, own: self.has_exemplars }
    }
}

const fn reset_of(kind: MetricType) -> CounterReset {
    match kind {
        MetricType::GaugeHistogram => CounterReset::Gauge,
        MetricType::Counter
        | MetricType::Gauge
        | MetricType::Histogram
        | MetricType::Summary
        | MetricType::Info
        | MetricType::StateSet
        | MetricType::Unknown => CounterReset::Unknown,
    }
}

fn push_span(message: &[u8], spans: &mut Vec<Span>) -> Step<()> {
    if spans.len() >= BUCKETS_MAX {
        return Err(InvalidMessage::TooManyBuckets { max: BUCKETS_MAX });
    }
    let mut span = Span::default();
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => span.offset = zigzag_32(content.varint(field)?),
            2 => span.length = low_32(content.varint(field)?),
            _ => {}
        }
    }
    spans.push(span);
    Ok(())
}

fn push_deltas(field: u64, content: Content<'_>, out: &mut Vec<i64>) -> Step<()> {
    let mut is_full = false;
    content.each_varint(field, |value| push(zigzag_64(value), out, &mut is_full))?;
    refuse(is_full)
}

fn push_counts(field: u64, content: Content<'_>, out: &mut Vec<f64>) -> Step<()> {
    let mut is_full = false;
    content.each_double(field, |value| push(value, out, &mut is_full))?;
    refuse(is_full)
}

fn push<C>(count: C, out: &mut Vec<C>, is_full: &mut bool) {
    *is_full |= out.len() >= BUCKETS_MAX;
    if !*is_full {
        out.push(count);
    }
}

const fn refuse(is_full: bool) -> Step<()> {
    if is_full { Err(InvalidMessage::TooManyBuckets { max: BUCKETS_MAX }) } else { Ok(()) }
}

/// The exemplars of a whole histogram: its own, or else those of its classic buckets. One without a
/// time cannot be told from older ones, and is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HistogramExemplars<'a> {
    /// What of the message was not looked at yet.
    rest: &'a [u8],
    own: bool,
}

impl<'a> Iterator for HistogramExemplars<'a> {
    type Item = Exemplar<'a>;

    fn next(&mut self) -> Option<Exemplar<'a>> {
        let message = self.rest;
        let mut fields = Fields::new(message);
        while let Ok(Some((field, content))) = fields.next() {
            let exemplar = match (field, content) {
                (16, Content::Bytes(one)) if self.own => read_exemplar(one).ok(),
                (3, Content::Bytes(one)) if !self.own => {
                    bucket(one).ok().and_then(|bucket| bucket.exemplar)
                }
                _ => None,
            };
            if exemplar.is_some_and(|exemplar| exemplar.at.is_some()) {
                let left = message.len().saturating_sub(fields.left());
                self.rest = message.get(left..).unwrap_or(&[]);
                return exemplar;
            }
        }
        self.rest = &[];
        None
    }
}
