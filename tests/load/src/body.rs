//! What a target answers: every family at one step, in any format.

use narthex_exposition::{Answer, ClassicBucket, Escaping, FamilyHead, Measured, MeasuredValue};
use narthex_exposition::{Protocol, Writer};
use narthex_model::{BucketLayout, IntegerHistogram, MetricType, NativeHistogram, Span};

use crate::shape::{Family, Member, Shape, Unit};
use crate::values::{BUCKETS, Seed, Value, histogram, single};

/// A format of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// Delimited protobuf.
    Protobuf,
    /// Delimited protobuf whose histograms are native ones: one sample instead of fourteen.
    Native,
}

impl Format {
    /// All of them, by the names that they have on the command line.
    pub const ALL: [(&'static str, Self); 4] = [
        ("text", Self::Text),
        ("openmetrics", Self::OpenMetrics),
        ("protobuf", Self::Protobuf),
        ("native", Self::Native),
    ];

    /// What a server that sends this `Accept` gets.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// For the header.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf | Self::Native => {
                "application/vnd.google.protobuf; \
                 proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }
}

/// Bodies of all targets; lines of the text formats are kept as far as they stay the same.
#[derive(Debug)]
pub(crate) struct Lines {
    shape: Shape,
    heads: Vec<[Vec<u8>; 2]>,
    /// A family's members, each with its series' texts up to the value.
    starts: Vec<Vec<Vec<Vec<u8>>>>,
}

impl Lines {
    pub(crate) fn new(shape: Shape) -> Self {
        let heads = shape
            .families
            .iter()
            .map(|family| [head(family, Format::Text), head(family, Format::OpenMetrics)]);
        let heads = heads.collect();
        let starts = shape
            .families
            .iter()
            .map(|family| family.members.iter().map(|member| starts(family, member)).collect());
        let starts = starts.collect();
        Self { shape, heads, starts }
    }

    pub(crate) const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Appends the body of one target at one step.
    pub(crate) fn write(&self, target: u64, step: u64, format: Format, out: &mut Vec<u8>) {
        if matches!(format, Format::Protobuf | Format::Native) {
            out.append(&mut self.messages(target, step, format == Format::Native));
            return;
        }
        let families = self.shape.families.iter().zip(&self.heads).zip(&self.starts);
        for ((family, [text, open_metrics]), starts) in families {
            out.extend_from_slice(if format == Format::Text { text } else { open_metrics });
            for (member, starts) in family.members.iter().zip(starts) {
                let seed = Seed::new(target, member.number);
                if family.unit == Unit::Histogram {
                    let (counts, sum) = histogram(seed, step);
                    let count = counts.last().copied().unwrap_or_default();
                    let values = counts.into_iter().map(Value::Whole);
                    let values = values.chain([Value::Float(sum), Value::Whole(count)]);
                    starts.iter().zip(values).for_each(|(start, value)| line(start, value, out));
                } else {
                    let value = single(family.unit, member.constant, seed, step);
                    starts.iter().for_each(|start| line(start, value, out));
                }
            }
        }
        if format == Format::OpenMetrics {
            out.extend_from_slice(b"# EOF\n");
        }
    }

    fn messages(&self, target: u64, step: u64, is_native: bool) -> Vec<u8> {
        let protocol = Protocol::PrometheusProto;
        let mut writer = Writer::new(Answer { protocol, escaping: Escaping::AllowUtf8 });
        for family in &self.shape.families {
            let (name, help) = (family.name.as_str(), Some(family.help.as_str()));
            writer.family(FamilyHead { name, help, unit: "", metric_type: metric_type(family) });
            for member in &family.members {
                let labels = member.labels.iter().map(|(name, value)| (*name, value.as_str()));
                let seed = Seed::new(target, member.number);
                let mut metric = |value| {
                    writer.metric(labels.clone(), Measured { value, at: None, start: None });
                };
                if family.unit != Unit::Histogram {
                    let value = single(family.unit, member.constant, seed, step).number();
                    metric(MeasuredValue::Number { value, exemplar: None });
                    continue;
                }
                let (counts, sum) = histogram(seed, step);
                if is_native {
                    let histogram = native(counts, sum);
                    metric(MeasuredValue::Native { histogram: &histogram, exemplars: &[] });
                    continue;
                }
                let buckets = BUCKETS.iter().zip(counts).map(|(bound, count)| ClassicBucket {
                    bound: bound.parse().unwrap_or(f64::INFINITY),
                    count: Value::Whole(count).number(),
                    exemplar: None,
                });
                let buckets: Vec<ClassicBucket<'_>> = buckets.collect();
                let count = buckets.last().map_or(0.0, |last| last.count);
                metric(MeasuredValue::Histogram { buckets: &buckets, count, sum });
            }
        }
        writer.finish()
    }
}

/// The same observations in as many exponential buckets.
fn native(counts: [i64; 12], sum: f64) -> NativeHistogram {
    const OF_SCHEMA: i32 = 3;
    let mut before = (0, 0);
    let deltas = counts.map(|count| {
        let held = count - before.0;
        let delta = held - before.1;
        before = (count, held);
        delta
    });
    let layout = BucketLayout {
        schema: OF_SCHEMA,
        zero_threshold: f64::MIN_POSITIVE,
        positive_spans: vec![Span { offset: -20, length: 7 }, Span { offset: 3, length: 5 }],
        ..BucketLayout::default()
    };
    NativeHistogram::Integer(IntegerHistogram {
        layout,
        count: before.0.unsigned_abs(),
        sum,
        positive_deltas: deltas.to_vec(),
        ..IntegerHistogram::default()
    })
}

const fn metric_type(family: &Family) -> MetricType {
    match family.unit {
        Unit::Histogram => MetricType::Histogram,
        Unit::Counter | Unit::Seconds => MetricType::Counter,
        Unit::Level | Unit::Hundredths | Unit::Ratio => MetricType::Gauge,
    }
}

/// The body of one target at one step.
#[must_use]
pub fn write_body(shape: Shape, target: u64, step: u64, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    Lines::new(shape).write(target, step, format, &mut out);
    out
}

fn line(start: &[u8], value: Value, out: &mut Vec<u8>) {
    out.extend_from_slice(start);
    match value {
        Value::Whole(value) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
        Value::Float(value) => out.extend_from_slice(zmij::Buffer::new().format(value).as_bytes()),
    }
    out.push(b'\n');
}

fn head(family: &Family, format: Format) -> Vec<u8> {
    let kind = metric_type(family).name();
    let name = match format {
        Format::OpenMetrics => family.name.strip_suffix("_total").unwrap_or(&family.name),
        Format::Text | Format::Protobuf | Format::Native => &family.name,
    };
    format!("# HELP {name} {}\n# TYPE {name} {kind}\n", family.help).into_bytes()
}

fn starts(family: &Family, member: &Member) -> Vec<Vec<u8>> {
    let pairs: Vec<String> =
        member.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let pairs = pairs.join(",");
    let name = &family.name;
    if family.unit != Unit::Histogram {
        return vec![format!("{name}{{{pairs}}} ").into_bytes()];
    }
    let buckets =
        BUCKETS.map(|bound| format!("{name}_bucket{{{pairs},le=\"{bound}\"}} ").into_bytes());
    let rest = ["sum", "count"].map(|part| format!("{name}_{part}{{{pairs}}} ").into_bytes());
    buckets.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_a_line_a_series_and_the_promised_length() {
        for format in [Format::Text, Format::OpenMetrics] {
            let body = String::from_utf8(write_body(Shape::new(1000), 5, 20_000, format)).unwrap();
            let samples = body.lines().filter(|line| !line.starts_with('#'));
            let bytes: usize = samples.clone().map(|line| line.len() + 1).sum();
            assert_eq!(samples.count(), 1000);
            assert!((125..=140).contains(&(bytes / 1000)), "{} bytes a sample", bytes / 1000);
            assert_eq!(body.ends_with("# EOF\n"), format == Format::OpenMetrics);
        }
    }

    #[test]
    fn the_format_follows_the_request() {
        assert_eq!(Format::accepted("text/plain;version=0.0.4;q=0.5,*/*;q=0.1"), Format::Text);
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
    }
}
