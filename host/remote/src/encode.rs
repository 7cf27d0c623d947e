//! The sender's side of remote write 1.0, for tests and load: what is said becomes a body.
//!
//! Names and values are bytes, so that a test can send what is no text.

use narthex_model::protobuf::push_varint as varint;
pub use narthex_model::protobuf::{
    push_bytes as delimited, push_double as double, push_number as number, to_zigzag_64 as zigzag,
};
use narthex_model::{BucketLayout, CounterReset, MetricType, NativeHistogram, Span};

/// What `Content-Type`, `Content-Encoding` and the version say of such a body.
pub const HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "application/x-protobuf"),
    ("Content-Encoding", "snappy"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
];

/// A name and a value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// A series with its samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimeSeries {
    /// In the order of the message.
    pub labels: Vec<Pair>,
    /// Time in milliseconds, and value.
    pub samples: Vec<(i64, f64)>,
    /// Likewise.
    pub histograms: Vec<(i64, NativeHistogram)>,
    /// Likewise.
    pub exemplars: Vec<Exemplar>,
}

/// An exemplar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exemplar {
    /// In the order of the message.
    pub labels: Vec<Pair>,
    /// What was observed.
    pub value: f64,
    /// When.
    pub at: i64,
}

/// What a family says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: Vec<u8>,
    /// Its kind.
    pub metric_type: MetricType,
    /// One line for people.
    pub help: Vec<u8>,
    /// The unit.
    pub unit: Vec<u8>,
}

impl TimeSeries {
    /// A series without samples.
    #[must_use]
    pub fn new(labels: &[(&str, &str)]) -> Self {
        Self { labels: pairs(labels), ..Self::default() }
    }

    /// With these samples.
    #[must_use]
    pub fn with_samples(mut self, samples: &[(i64, f64)]) -> Self {
        self.samples.extend_from_slice(samples);
        self
    }

    /// With this histogram.
    #[must_use]
    pub fn with_histogram(mut self, at: i64, histogram: NativeHistogram) -> Self {
        self.histograms.push((at, histogram));
        self
    }

    /// With this exemplar.
    #[must_use]
    pub fn with_exemplar(mut self, at: i64, value: f64, labels: &[(&str, &str)]) -> Self {
        self.exemplars.push(Exemplar { labels: pairs(labels), value, at });
        self
    }
}

/// Names and values as bytes.
#[must_use]
pub fn pairs(labels: &[(&str, &str)]) -> Vec<Pair> {
    let owned =
        |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    labels.iter().map(owned).collect()
}

/// A `Label`.
#[must_use]
pub fn label(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + value.len() + 8);
    delimited(1, name, &mut out);
    delimited(2, value, &mut out);
    out
}

/// The labels of a `TimeSeries`, as its message begins with them.
#[must_use]
pub fn labels<'a>(pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in pairs {
        delimited(1, &label(name, value), &mut out);
    }
    out
}

/// A `WriteRequest` in the making.
#[derive(Clone, Debug, Default)]
pub struct Request {
    bytes: Vec<u8>,
    series: Vec<u8>,
}

impl Request {
    /// Adds a series whose [`labels`] are bytes already, with its samples.
    pub fn add(&mut self, labels: &[u8], samples: impl Iterator<Item = (i64, f64)>) {
        self.series.clear();
        self.series.extend_from_slice(labels);
        samples.for_each(|sample| push_sample(sample, &mut self.series));
        delimited(1, &self.series, &mut self.bytes);
    }

    /// Adds a series with everything.
    pub fn add_series(&mut self, series: &TimeSeries) {
        let pairs = series.labels.iter().map(|(name, value)| (&**name, &**value));
        self.series = labels(pairs);
        series.samples.iter().for_each(|sample| push_sample(*sample, &mut self.series));
        for exemplar in &series.exemplars {
            let mut out = labels(exemplar.labels.iter().map(|(name, value)| (&**name, &**value)));
            double(2, exemplar.value, &mut out);
            number(3, exemplar.at.cast_unsigned(), &mut out);
            delimited(3, &out, &mut self.series);
        }
        for (at, one) in &series.histograms {
            delimited(4, &histogram(*at, one), &mut self.series);
        }
        delimited(1, &self.series, &mut self.bytes);
    }

    /// Adds what a family says of itself.
    pub fn add_family(&mut self, family: &Family) {
        let mut out = Vec::new();
        let code = TYPES.iter().position(|known| *known == family.metric_type).unwrap_or(0);
        number(1, code as u64, &mut out);
        delimited(2, &family.name, &mut out);
        delimited(4, &family.help, &mut out);
        delimited(5, &family.unit, &mut out);
        delimited(3, &out, &mut self.bytes);
    }

    /// The message as it is.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The compressed body; the request is empty again.
    ///
    /// # Panics
    /// When the request has more than 4 GiB.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        let body = compress(&self.bytes);
        self.bytes.clear();
        body
    }
}

/// Bytes in snappy's block format.
///
/// # Panics
/// When they are more than 4 GiB.
#[must_use]
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).expect("a request is shorter than 4 GiB")
}

/// The body of a request with these series.
#[must_use]
pub fn body(series: &[TimeSeries]) -> Vec<u8> {
    let mut request = Request::default();
    series.iter().for_each(|one| request.add_series(one));
    request.finish()
}

/// By the number of the message.
const TYPES: [MetricType; 8] = [
    MetricType::Unknown,
    MetricType::Counter,
    MetricType::Gauge,
    MetricType::Histogram,
    MetricType::GaugeHistogram,
    MetricType::Summary,
    MetricType::Info,
    MetricType::StateSet,
];

fn push_sample((at, value): (i64, f64), out: &mut Vec<u8>) {
    let at = at.cast_unsigned();
    // Nine bytes of value, one of tag, one to ten of time.
    let len = 10 + varint_len(at);
    out.push(2 << 3 | 2);
    varint(len, out);
    double(1, value, out);
    number(2, at, out);
}

fn histogram(at: i64, histogram: &NativeHistogram) -> Vec<u8> {
    let mut out = Vec::new();
    let layout = histogram.layout();
    match histogram {
        NativeHistogram::Integer(one) => number(1, one.count, &mut out),
        NativeHistogram::Float(one) => double(2, one.count, &mut out),
    }
    double(3, histogram.sum(), &mut out);
    number(4, zigzag(layout.schema.into()), &mut out);
    double(5, layout.zero_threshold, &mut out);
    match histogram {
        NativeHistogram::Integer(one) => number(6, one.zero_count, &mut out),
        NativeHistogram::Float(one) => double(7, one.zero_count, &mut out),
    }
    spans(8, &layout.negative_spans, &mut out);
    match histogram {
        NativeHistogram::Integer(one) => deltas(9, &one.negative_deltas, &mut out),
        NativeHistogram::Float(one) => doubles(10, &one.negative_counts, &mut out),
    }
    spans(11, &layout.positive_spans, &mut out);
    match histogram {
        NativeHistogram::Integer(one) => deltas(12, &one.positive_deltas, &mut out),
        NativeHistogram::Float(one) => doubles(13, &one.positive_counts, &mut out),
    }
    number(14, reset(histogram.reset()), &mut out);
    number(15, at.cast_unsigned(), &mut out);
    custom_bounds(layout, &mut out);
    out
}

fn custom_bounds(layout: &BucketLayout, out: &mut Vec<u8>) {
    doubles(16, &layout.custom_bounds, out);
}

const fn reset(reset: CounterReset) -> u64 {
    match reset {
        CounterReset::Unknown => 0,
        CounterReset::Reset => 1,
        CounterReset::NotReset => 2,
        CounterReset::Gauge => 3,
    }
}

fn spans(field: u64, spans: &[Span], out: &mut Vec<u8>) {
    for span in spans {
        let mut one = Vec::new();
        number(1, zigzag(span.offset.into()), &mut one);
        number(2, span.length.into(), &mut one);
        delimited(field, &one, out);
    }
}

fn deltas(field: u64, deltas: &[i64], out: &mut Vec<u8>) {
    let mut packed = Vec::new();
    deltas.iter().for_each(|delta| varint(zigzag(*delta), &mut packed));
    packed_field(field, &packed, out);
}

fn doubles(field: u64, values: &[f64], out: &mut Vec<u8>) {
    let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    packed_field(field, &packed, out);
}

fn packed_field(field: u64, packed: &[u8], out: &mut Vec<u8>) {
    if !packed.is_empty() {
        delimited(field, packed, out);
    }
}

fn varint_len(value: u64) -> u64 {
    u64::from(64 - (value | 1).leading_zeros()).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_bytes_of_the_protocol() {
        let mut request = Request::default();
        let up = labels([(&b"__name__"[..], &b"up"[..])]);
        request.add(&up, [(300, 1.0)].into_iter());
        let label = b"\x0a\x0e\x0a\x08__name__\x12\x02up";
        let sample = b"\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xac\x02";
        let series = [&label[..], sample].concat();
        let expected = [&[0x0a, u8::try_from(series.len()).unwrap()][..], &series].concat();
        assert_eq!(request.bytes(), expected);
        let mut again = Request::default();
        again.add_series(&TimeSeries::new(&[("__name__", "up")]).with_samples(&[(300, 1.0)]));
        assert_eq!(again.bytes(), expected);
        let body = request.finish();
        assert_eq!(snap::raw::Decoder::new().decompress_vec(&body).unwrap(), expected);
    }
}
