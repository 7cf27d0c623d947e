//! Delimited protobuf.

use narthex_model::protobuf::{push_bytes, push_double, push_number, push_varint, to_zigzag_64};
use narthex_model::{
    BucketLayout, Exemplar, FloatHistogram, IntegerHistogram, MetricType, NativeHistogram, Span,
    Timestamp,
};

use super::{ClassicBucket, FamilyHead, Measured, MeasuredValue, label_name, metric_name};
use crate::Escaping;

/// A message begins with its length, so it waits until it is whole. A family beyond this goes on in a
/// message more, which readers take as the same family.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Messages {
    out: Vec<u8>,
    escaping: Escaping,
    /// What every message of the family begins with.
    head: Vec<u8>,
    /// The message that is not whole yet.
    family: Vec<u8>,
    metric_type: MetricType,
    /// Room that is used again for every metric.
    metric: Vec<u8>,
    inner: Vec<u8>,
}

impl Messages {
    pub(super) fn new(escaping: Escaping) -> Self {
        let (out, head, family) = (Vec::new(), Vec::new(), Vec::new());
        let (metric, inner) = (Vec::new(), Vec::new());
        Self { out, escaping, head, family, metric_type: MetricType::Unknown, metric, inner }
    }

    pub(super) const fn complete_bytes(&self) -> usize {
        self.out.len()
    }

    pub(super) fn take_complete(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end_family();
        self.out
    }

    fn end_family(&mut self) {
        if !self.family.is_empty() {
            push_varint(self.family.len() as u64, &mut self.out);
            self.out.append(&mut self.family);
        }
    }

    pub(super) fn family(&mut self, head: FamilyHead<'_>) {
        self.end_family();
        self.metric_type = head.metric_type;
        let code = match head.metric_type {
            MetricType::Counter => 0,
            MetricType::Gauge => 1,
            MetricType::Summary => 2,
            MetricType::Info | MetricType::StateSet | MetricType::Unknown => 3,
            MetricType::Histogram => 4,
            MetricType::GaugeHistogram => 5,
        };
        self.head.clear();
        push_bytes(1, metric_name(self.escaping, head.name).as_bytes(), &mut self.head);
        if let Some(help) = head.help {
            push_bytes(2, help.as_bytes(), &mut self.head);
        }
        push_number(3, code, &mut self.head);
        if !head.unit.is_empty() {
            push_bytes(5, head.unit.as_bytes(), &mut self.head);
        }
        self.family.extend_from_slice(&self.head);
    }

    pub(super) fn metric<'l, L>(&mut self, labels: L, measured: Measured<'_>)
    where
        L: IntoIterator<Item = (&'l str, &'l str)>,
    {
        if self.family.len() > MESSAGE_BYTES_MAX {
            self.end_family();
            self.family.extend_from_slice(&self.head);
        }
        self.metric.clear();
        self.inner.clear();
        for (name, value) in labels {
            push_label(&label_name(self.escaping, name), value, &mut self.metric);
        }
        let (out, start) = (&mut self.inner, measured.start);
        let field = match measured.value {
            MeasuredValue::Number { value, exemplar } => {
                push_double(1, value, out);
                match self.metric_type {
                    MetricType::Counter => {
                        push_exemplar(2, exemplar, self.escaping, out);
                        push_start(3, start, out);
                        3
                    }
                    MetricType::Gauge => 2,
                    MetricType::Histogram
                    | MetricType::GaugeHistogram
                    | MetricType::Summary
                    | MetricType::Info
                    | MetricType::StateSet
                    | MetricType::Unknown => 5,
                }
            }
            MeasuredValue::Summary { quantiles, count, sum } => {
                push_number(1, count, out);
                push_double(2, sum, out);
                for (quantile, value) in quantiles {
                    let mut row = Vec::with_capacity(18);
                    push_double(1, *quantile, &mut row);
                    push_double(2, *value, &mut row);
                    push_bytes(3, &row, out);
                }
                push_start(4, start, out);
                4
            }
            MeasuredValue::Histogram { buckets, count, sum } => {
                push_count(1, 4, count, out);
                push_double(2, sum, out);
                for bucket in buckets {
                    push_bucket(bucket, self.escaping, out);
                }
                push_start(15, start, out);
                7
            }
            MeasuredValue::Native { histogram, exemplars } => {
                match histogram {
                    NativeHistogram::Integer(histogram) => push_integer(histogram, out),
                    NativeHistogram::Float(histogram) => push_float(histogram, out),
                }
                push_start(15, start, out);
                for exemplar in exemplars {
                    push_exemplar(16, Some(exemplar), self.escaping, out);
                }
                7
            }
        };
        push_bytes(field, &self.inner, &mut self.metric);
        if let Some(at) = measured.at {
            push_number(6, at.millis().cast_unsigned(), &mut self.metric);
        }
        push_bytes(4, &self.metric, &mut self.family);
    }
}

fn push_label(name: &str, value: &str, out: &mut Vec<u8>) {
    let mut pair = Vec::with_capacity(name.len() + value.len() + 8);
    push_bytes(1, name.as_bytes(), &mut pair);
    push_bytes(2, value.as_bytes(), &mut pair);
    push_bytes(1, &pair, out);
}

fn push_time(field: u64, at: Timestamp, out: &mut Vec<u8>) {
    let mut time = Vec::with_capacity(16);
    push_number(1, at.millis().div_euclid(1000).cast_unsigned(), &mut time);
    let nanos = at.millis().rem_euclid(1000) * 1_000_000;
    push_number(2, nanos.cast_unsigned(), &mut time);
    push_bytes(field, &time, out);
}

fn push_start(field: u64, start: Option<Timestamp>, out: &mut Vec<u8>) {
    if let Some(start) = start {
        push_time(field, start, out);
    }
}

fn push_exemplar(field: u64, exemplar: Option<&Exemplar>, escaping: Escaping, out: &mut Vec<u8>) {
    let Some(exemplar) = exemplar else { return };
    let mut message = Vec::new();
    for (name, value) in &exemplar.labels {
        push_label(&label_name(escaping, name), value, &mut message);
    }
    push_double(2, exemplar.value, &mut message);
    push_time(3, exemplar.at, &mut message);
    push_bytes(field, &message, out);
}

/// From here a double does not hold every whole number.
const WHOLE_END: f64 = 9_007_199_254_740_992.0;

/// A count goes into one field or the other.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was looked at"
)]
fn push_count(whole: u64, fractional: u64, count: f64, out: &mut Vec<u8>) {
    if (0.0..WHOLE_END).contains(&count) && count.fract() == 0.0 {
        push_number(whole, count as u64, out);
    } else {
        push_double(fractional, count, out);
    }
}

fn push_bucket(bucket: &ClassicBucket<'_>, escaping: Escaping, out: &mut Vec<u8>) {
    let mut row = Vec::with_capacity(20);
    push_count(1, 4, bucket.count, &mut row);
    push_double(2, bucket.bound, &mut row);
    push_exemplar(3, bucket.exemplar, escaping, &mut row);
    push_bytes(3, &row, out);
}

fn push_layout(layout: &BucketLayout, out: &mut Vec<u8>) {
    push_number(5, to_zigzag_64(layout.schema.into()), out);
    push_double(6, layout.zero_threshold, out);
    push_spans(9, &layout.negative_spans, out);
    push_spans(12, &layout.positive_spans, out);
    if layout.negative_spans.is_empty() && layout.positive_spans.is_empty() {
        // Without any span a reader takes it for a classic histogram.
        push_spans(12, &[Span::default()], out);
    }
}

fn push_spans(field: u64, spans: &[Span], out: &mut Vec<u8>) {
    for span in spans {
        let mut message = Vec::with_capacity(12);
        push_number(1, to_zigzag_64(span.offset.into()), &mut message);
        push_number(2, span.length.into(), &mut message);
        push_bytes(field, &message, out);
    }
}

fn push_integer(histogram: &IntegerHistogram, out: &mut Vec<u8>) {
    push_number(1, histogram.count, out);
    push_double(2, histogram.sum, out);
    push_layout(&histogram.layout, out);
    push_number(7, histogram.zero_count, out);
    for (field, deltas) in [(10, &histogram.negative_deltas), (13, &histogram.positive_deltas)] {
        let mut packed = Vec::with_capacity(deltas.len());
        deltas.iter().for_each(|delta| push_varint(to_zigzag_64(*delta), &mut packed));
        push_bytes(field, &packed, out);
    }
}

fn push_float(histogram: &FloatHistogram, out: &mut Vec<u8>) {
    push_double(4, histogram.count, out);
    push_double(2, histogram.sum, out);
    push_layout(&histogram.layout, out);
    push_double(8, histogram.zero_count, out);
    for (field, counts) in [(11, &histogram.negative_counts), (14, &histogram.positive_counts)] {
        let packed: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        push_bytes(field, &packed, out);
    }
}
