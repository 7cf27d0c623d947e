//! `Metric`, one series of it after the other.

use narthex_model::protobuf::{Fields, low_32};
use narthex_model::{MetricType, Timestamp};

use super::family::Family;
use super::histogram::Histogram;
use super::series::{LabelsPlace, Series, Which, label};
use super::{Step, number, text};
use crate::entry::{Entry, Reading, Sample};
use crate::exemplar::{Exemplar, Exemplars, Written};
use crate::number::to_float;
use crate::options::Options;
use crate::series::{self, SeriesText};

/// A metric and what of it comes next.
#[derive(Clone, Debug)]
pub(super) struct Metric<'a> {
    series: Series<'a>,
    at: Option<Timestamp>,
    value: Value<'a>,
    next: Next,
}

#[derive(Clone, Debug)]
enum Value<'a> {
    Number { value: f64, start: Option<Timestamp>, exemplar: Option<Exemplar<'a>> },
    Summary { rows: Fields<'a>, count: f64, sum: f64, start: Option<Timestamp> },
    Histogram { rows: Fields<'a>, histogram: Histogram<'a> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Number,
    Native,
    Count,
    Sum,
    Rows,
    Custom,
    Nothing,
}

impl<'a> Metric<'a> {
    pub(super) fn read(message: &'a [u8], family: &Family<'a>, options: Options) -> Step<Self> {
        let metric_type = family.context.metric_type;
        let wanted = match metric_type {
            MetricType::Gauge => 2,
            MetricType::Counter => 3,
            MetricType::Summary => 4,
            MetricType::Histogram | MetricType::GaugeHistogram => 7,
            MetricType::Info | MetricType::StateSet | MetricType::Unknown => 5,
        };
        let (mut inner, mut millis): (&[u8], _) = (&[], 0);
        let (mut labels, mut from) = (LabelsPlace::default(), 0);
        let mut fields = Fields::new(message);
        while let Some((field, content)) = fields.next()? {
            let to = message.len() - fields.left();
            if field == wanted {
                inner = content.bytes(field)?;
            } else if field == 1 {
                content.bytes(field)?;
                labels.met(from, to);
            } else if field == 6 {
                millis = content.varint(field)?.cast_signed();
            }
            from = to;
        }
        let (value, next) = match wanted {
            4 => (summary(inner)?, Next::Count),
            7 => {
                let histogram = Histogram::read(inner)?;
                let is_native = options.native_histograms && histogram.is_native;
                let next = if is_native { Next::Native } else { first_classic(options) };
                (Value::Histogram { rows: Fields::new(inner), histogram }, next)
            }
            _ => (plain(inner, metric_type == MetricType::Counter)?, Next::Number),
        };
        let series = Series::new(family, message, labels);
        Ok(Self { series, at: timestamp(millis), value, next })
    }

    pub(super) fn next_entry(
        &mut self,
        family: &Family<'a>,
        options: Options,
    ) -> Step<Option<Entry<'a>>> {
        let series = self.series;
        let text = |which| SeriesText {
            written: series::Written::Message(series.with(which)),
            context: family.context,
        };
        let at = self.at;
        let entry = |which, value, start, exemplar| {
            let exemplars = Exemplars::one(exemplar);
            let reading = Reading { value: number(value), at, start, exemplars };
            Ok(Some(Entry::Sample(Sample { series: text(which), reading })))
        };
        match &mut self.value {
            Value::Number { value, start, exemplar } if self.next == Next::Number => {
                self.next = Next::Nothing;
                entry(Which::Whole, *value, *start, *exemplar)
            }
            Value::Number { .. } => Ok(None),
            Value::Summary { rows, count, sum, start } => match self.next {
                Next::Count => {
                    self.next = Next::Sum;
                    entry(Which::Count, *count, *start, None)
                }
                Next::Sum => {
                    self.next = Next::Rows;
                    entry(Which::Sum, *sum, *start, None)
                }
                Next::Rows => match next_row(rows)? {
                    Some(row) => {
                        let (quantile, value) = quantile(row)?;
                        entry(Which::Quantile(quantile), value, *start, None)
                    }
                    None => {
                        self.next = Next::Nothing;
                        Ok(None)
                    }
                },
                Next::Number | Next::Native | Next::Custom | Next::Nothing => Ok(None),
            },
            Value::Histogram { rows, histogram } => {
                let (count, start) = (histogram.count(), histogram.start);
                let metric_type = family.context.metric_type;
                match self.next {
                    Next::Native | Next::Custom => {
                        let is_native = self.next == Next::Native;
                        let value = if is_native {
                            histogram.native(family.name, metric_type)?
                        } else {
                            histogram.custom(family.name, metric_type)?
                        };
                        let classic_too =
                            is_native && options.keep_classic && histogram.has_buckets;
                        self.next = if classic_too { Next::Count } else { Next::Nothing };
                        let exemplars = Exemplars::of_histogram(histogram.exemplars());
                        let reading = Reading { value: Box::new(value), at, start, exemplars };
                        let series = text(Which::Whole);
                        Ok(Some(Entry::Histogram(Sample { series, reading })))
                    }
                    Next::Count => {
                        self.next = Next::Sum;
                        entry(Which::Count, count, start, None)
                    }
                    Next::Sum => {
                        self.next = Next::Rows;
                        entry(Which::Sum, histogram.sum, start, None)
                    }
                    Next::Rows => {
                        let row = next_row(rows)?.map(bucket).transpose()?;
                        let row =
                            row.unwrap_or(Bucket { bound: f64::INFINITY, count, exemplar: None });
                        if row.bound == f64::INFINITY {
                            let is_native = options.native_histograms && histogram.is_native;
                            let is_custom = options.to_custom_buckets && !is_native;
                            self.next = if is_custom { Next::Custom } else { Next::Nothing };
                        }
                        entry(Which::Bucket(row.bound), row.count, start, row.exemplar)
                    }
                    Next::Number | Next::Nothing => Ok(None),
                }
            }
        }
    }
}

/// Where a histogram that is only classic begins.
const fn first_classic(options: Options) -> Next {
    if options.to_custom_buckets && !options.keep_classic { Next::Custom } else { Next::Count }
}

/// `Gauge`, `Counter` or `Untyped`; the counter has more than the others.
fn plain(message: &[u8], is_counter: bool) -> Step<Value<'_>> {
    let (mut value, mut start, mut exemplar) = (0.0, None, None);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => value = content.double(field)?,
            2 if is_counter => exemplar = Some(read_exemplar(content.bytes(field)?)?),
            3 if is_counter => start = Some(time(content.bytes(field)?)?),
            _ => {}
        }
    }
    let start = start.filter(|start| start.millis() != 0);
    Ok(Value::Number { value, start, exemplar })
}

fn summary(message: &[u8]) -> Step<Value<'_>> {
    let (mut count, mut sum, mut start) = (0, 0.0, None);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => count = content.varint(field)?,
            2 => sum = content.double(field)?,
            4 => start = Some(time(content.bytes(field)?)?),
            _ => {}
        }
    }
    let start = start.filter(|start| start.millis() != 0);
    Ok(Value::Summary { rows: Fields::new(message), count: to_float(count), sum, start })
}

/// The next quantile or bucket: the third field of both messages.
pub(super) fn next_row<'a>(rows: &mut Fields<'a>) -> Step<Option<&'a [u8]>> {
    while let Some((field, content)) = rows.next()? {
        if field == 3 {
            return Ok(Some(content.bytes(field)?));
        }
    }
    Ok(None)
}

fn quantile(message: &[u8]) -> Step<(f64, f64)> {
    let (mut quantile, mut value) = (0.0, 0.0);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => quantile = content.double(field)?,
            2 => value = content.double(field)?,
            _ => {}
        }
    }
    Ok((quantile, value))
}

/// A classic bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket<'a> {
    pub(super) bound: f64,
    /// Observations up to the bound.
    pub(super) count: f64,
    pub(super) exemplar: Option<Exemplar<'a>>,
}

pub(super) fn bucket(message: &[u8]) -> Step<Bucket<'_>> {
    let (mut count, mut fractional, mut bound, mut exemplar) = (0, 0.0, 0.0, None);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => count = content.varint(field)?,
            2 => bound = content.double(field)?,
            3 => exemplar = Some(read_exemplar(content.bytes(field)?)?),
            4 => fractional = content.double(field)?,
            _ => {}
        }
    }
    let count = if fractional == 0.0 { to_float(count) } else { fractional };
    Ok(Bucket { bound, count, exemplar })
}

/// An `Exemplar`, checked.
pub(super) fn read_exemplar(message: &[u8]) -> Step<Exemplar<'_>> {
    let (mut value, mut at) = (0.0, None);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => {
                let (name, value) = label(content.bytes(field)?)?;
                text(name, "the label of an exemplar")?;
                text(value, "the label of an exemplar")?;
            }
            2 => value = content.double(field)?,
            3 => at = Some(time(content.bytes(field)?)?),
            _ => {}
        }
    }
    Ok(Exemplar { labels: Written::Message(message), value: number(value), at })
}

/// A `Timestamp`.
pub(super) fn time(message: &[u8]) -> Step<Timestamp> {
    let (mut seconds, mut nanos) = (0_i64, 0);
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => seconds = content.varint(field)?.cast_signed(),
            2 => nanos = low_32(content.varint(field)?).cast_signed(),
            _ => {}
        }
    }
    let millis = seconds.saturating_mul(1000).saturating_add(i64::from(nanos / 1_000_000));
    Ok(Timestamp::from_millis(millis))
}

/// No time is said by the time 0, as the format cannot say it otherwise.
fn timestamp(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}
