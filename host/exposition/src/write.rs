//! Expositions as they are written: for the server's own metrics and whoever else has families.
//!
//! Always holds: what is written reads as the same again, in every protocol, but for what the
//! protocol has no way to say.

mod message;
mod plain;

use narthex_model::{
    Exemplar, FloatHistogram, MetricType, NativeHistogram, Timestamp, is_label_name,
    is_metric_name, upper_bound,
};
use narthex_platform::{Family, FamilyKind, PointValue};

use self::message::Messages;
use self::plain::Plain;
use crate::number::to_float;
use crate::{Answer, Escaping, Protocol};

/// What a family says of itself.
#[derive(Clone, Copy, Debug)]
pub struct FamilyHead<'a> {
    /// The name, that of a counter with `_total`.
    pub name: &'a str,
    /// One line for people; `None`: nothing is said.
    pub help: Option<&'a str>,
    /// What it is counted in, or empty.
    pub unit: &'a str,
    /// The kind.
    pub metric_type: MetricType,
}

/// What a metric of a family says beside its labels.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// What was measured.
    pub value: MeasuredValue<'a>,
    /// When, if not now.
    pub at: Option<Timestamp>,
    /// Since when it counts.
    pub start: Option<Timestamp>,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub enum MeasuredValue<'a> {
    /// Of a counter, a gauge or something unknown.
    Number {
        /// The value.
        value: f64,
        /// Of a counter only.
        exemplar: Option<&'a Exemplar>,
    },
    /// Of a summary.
    Summary {
        /// Quantiles and their values.
        quantiles: &'a [(f64, f64)],
        /// All observations.
        count: u64,
        /// Their sum.
        sum: f64,
    },
    /// Of a histogram.
    Histogram {
        /// Ascending. The bucket without a bound may be missing.
        buckets: &'a [ClassicBucket<'a>],
        /// All observations.
        count: f64,
        /// Their sum.
        sum: f64,
    },
    /// Of a histogram. One with custom buckets is written in the classic way; of another the text
    /// formats can say only count and sum.
    Native {
        /// The histogram.
        histogram: &'a NativeHistogram,
        /// Those of its observations that are shown.
        exemplars: &'a [Exemplar],
    },
}

/// A bucket of a classic histogram.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClassicBucket<'a> {
    /// Its upper bound.
    pub bound: f64,
    /// All observations up to it.
    pub count: f64,
    /// One of them.
    pub exemplar: Option<&'a Exemplar>,
}

/// Writes families one after the other, and the metrics of each behind its head.
#[derive(Debug)]
pub struct Writer(Form);

#[derive(Debug)]
enum Form {
    Plain(Plain),
    Messages(Messages),
}

impl Writer {
    /// A writer of an empty exposition.
    #[must_use]
    pub fn new(answer: Answer) -> Self {
        let Answer { protocol, escaping } = answer;
        Self(match protocol {
            Protocol::PrometheusProto => Form::Messages(Messages::new(escaping)),
            Protocol::OpenMetricsText001 | Protocol::OpenMetricsText100 => {
                Form::Plain(Plain::new(true, escaping))
            }
            Protocol::PrometheusText004 | Protocol::PrometheusText100 => {
                Form::Plain(Plain::new(false, escaping))
            }
        })
    }

    /// Begins a family.
    pub fn family(&mut self, head: FamilyHead<'_>) {
        match &mut self.0 {
            Form::Plain(plain) => plain.family(head),
            Form::Messages(messages) => messages.family(head),
        }
    }

    /// Adds a metric to the family that was begun last. The labels are without the name.
    pub fn metric<'l, L>(&mut self, labels: L, measured: Measured<'_>)
    where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        if let MeasuredValue::Native { histogram, exemplars } = measured.value
            && histogram.layout().is_custom()
        {
            let (buckets, count, sum) = classic(&histogram.to_float(), exemplars);
            let value = MeasuredValue::Histogram { buckets: &buckets, count, sum };
            self.written(labels, Measured { value, ..measured });
        } else {
            self.written(labels, measured);
        }
    }

    fn written<'l, L>(&mut self, labels: L, measured: Measured<'_>)
    where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        match &mut self.0 {
            Form::Plain(plain) => plain.metric(labels, measured),
            Form::Messages(messages) => messages.metric(labels, measured),
        }
    }

    /// How many bytes of what was written stand fast.
    #[must_use]
    pub const fn complete_bytes(&self) -> usize {
        match &self.0 {
            Form::Plain(plain) => plain.complete_bytes(),
            Form::Messages(messages) => messages.complete_bytes(),
        }
    }

    /// Takes the bytes that stand fast, so that a large exposition leaves piece by piece.
    pub fn take_complete(&mut self) -> Vec<u8> {
        match &mut self.0 {
            Form::Plain(plain) => plain.take_complete(),
            Form::Messages(messages) => messages.take_complete(),
        }
    }

    /// The exposition, or what of it was not taken yet.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            Form::Plain(plain) => plain.finish(),
            Form::Messages(messages) => messages.finish(),
        }
    }
}

/// Custom buckets with the counts up to each bound, and exemplars where they fall.
fn classic<'e>(
    histogram: &FloatHistogram,
    exemplars: &'e [Exemplar],
) -> (Vec<ClassicBucket<'e>>, f64, f64) {
    let layout = &histogram.layout;
    let mut held: Vec<f64> = vec![0.0; layout.custom_bounds.len()];
    for (index, count) in narthex_model::indexed(&layout.positive_spans, &histogram.positive_counts)
    {
        if let Some(place) = usize::try_from(index).ok().and_then(|index| held.get_mut(index)) {
            *place = count;
        }
    }
    let (mut total, mut lower) = (0.0, f64::NEG_INFINITY);
    let mut buckets: Vec<ClassicBucket<'e>> = Vec::with_capacity(held.len());
    for (index, count) in (0..).zip(held) {
        total += count;
        let bound = upper_bound(index, layout.schema, &layout.custom_bounds);
        let falls_here = |exemplar: &&Exemplar| exemplar.value > lower && exemplar.value <= bound;
        let exemplar = exemplars.iter().rev().find(falls_here);
        buckets.push(ClassicBucket { bound, count: total, exemplar });
        lower = bound;
    }
    (buckets, histogram.count, histogram.sum)
}

/// A metric's name as it is written. One that fits is not touched, whatever the scheme.
fn metric_name(escaping: Escaping, name: &str) -> std::borrow::Cow<'_, str> {
    if is_metric_name(name) { name.into() } else { escaping.escape(name) }
}

/// A label's name likewise; it cannot have colons.
fn label_name(escaping: Escaping, name: &str) -> std::borrow::Cow<'_, str> {
    if escaping == Escaping::AllowUtf8 || is_label_name(name) {
        return name.into();
    }
    escaping.escape(name).replace(':', "_").into()
}

/// The server's own families, in the order in which they come.
#[must_use]
pub fn render(families: &[Family], answer: Answer) -> Vec<u8> {
    let mut writer = Writer::new(answer);
    for family in families {
        let metric_type = match family.kind {
            FamilyKind::Counter => MetricType::Counter,
            FamilyKind::Gauge => MetricType::Gauge,
            FamilyKind::Histogram => MetricType::Histogram,
            FamilyKind::Summary => MetricType::Summary,
        };
        let (name, help) = (family.name.as_str(), Some(family.help.as_str()));
        writer.family(FamilyHead { name, help, unit: "", metric_type });
        for point in &family.points {
            let labels = point.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let measured = |value| Measured { value, at: None, start: None };
            match &point.value {
                PointValue::Number(value) => {
                    let value = MeasuredValue::Number { value: *value, exemplar: None };
                    writer.metric(labels, measured(value));
                }
                PointValue::Summary { quantiles, count, sum } => {
                    let (count, sum) = (*count, *sum);
                    let value = MeasuredValue::Summary { quantiles, count, sum };
                    writer.metric(labels, measured(value));
                }
                PointValue::Histogram { buckets, count, sum } => {
                    let bucket = |(bound, count): &(f64, u64)| ClassicBucket {
                        bound: *bound,
                        count: to_float(*count),
                        exemplar: None,
                    };
                    let buckets: Vec<_> = buckets.iter().map(bucket).collect();
                    let (count, sum) = (to_float(*count), *sum);
                    let value = MeasuredValue::Histogram { buckets: &buckets, count, sum };
                    writer.metric(labels, measured(value));
                }
            }
        }
    }
    writer.finish()
}

#[cfg(test)]
mod tests;
