//! The examples drawn in docs/formats/chunks.md are read, and written again where we write.

use std::sync::Arc;

use narthex_model::{
    BucketLayout, CounterReset, IntegerHistogram, NativeHistogram, Span, stale_nan,
};
use narthex_storage::Columns;

use super::histogram::tests::written_with_starts;
use super::{Encoding, FloatEncoding, decode, dense, encode};

/// The bytes drawn under the heading of an encoding.
fn drawn(heading: &str) -> Vec<u8> {
    let page = include_str!("../../../../docs/formats/chunks.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect("a section");
    crate::drawn::example(section)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(heading: &str, encoding: Encoding, samples: &Columns, written: &[u8]) {
    let bytes = drawn(heading);
    assert_eq!(hex(written), hex(&bytes), "written as it is drawn");
    let mut found = Columns::default();
    decode(encoding, &bytes, i64::MIN, i64::MAX, &mut found).expect("no damage");
    let bits = |columns: &Columns| -> Vec<u64> {
        columns.values.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!((&found.times, bits(&found)), (&samples.times, bits(samples)));
    assert_eq!(found.starts, samples.starts);
    let sums = |columns: &Columns| -> Vec<(i64, f64)> {
        let points = columns.histograms.iter();
        points.map(|point| (point.at, point.histogram.to_float().count)).collect()
    };
    assert_eq!(sums(&found), sums(samples));
}

fn encoded(samples: &Columns, floats: FloatEncoding) -> Box<[u8]> {
    let mut chunks = Vec::new();
    encode(samples, floats, &mut chunks);
    assert_eq!(chunks.len(), 1);
    chunks.remove(0).bytes
}

fn four() -> Columns {
    Columns::from_floats(vec![1_000, 16_000, 31_000, 46_001], vec![1.0, 1.0, 2.0, 2.0])
}

/// Three observations, then eight and a bucket more.
fn distributions() -> [(i64, NativeHistogram); 2] {
    let sample = |spans: &[(i32, u32)], count, zero_count, sum, deltas: &[i64]| {
        let spans = spans.iter().map(|(offset, length)| Span { offset: *offset, length: *length });
        NativeHistogram::Integer(IntegerHistogram {
            reset: CounterReset::Unknown,
            layout: BucketLayout {
                schema: 1,
                zero_threshold: 2_f64.powi(-128),
                positive_spans: spans.collect(),
                ..BucketLayout::default()
            },
            count,
            zero_count,
            sum,
            positive_deltas: deltas.to_vec(),
            negative_deltas: Vec::new(),
        })
    };
    [
        (1_000, sample(&[(-1, 2)], 3, 0, 1.5, &[1, 1])),
        (16_000, sample(&[(-1, 2), (1, 1)], 8, 1, 4.0, &[2, 2, -3])),
    ]
}

fn histograms(is_integer: bool) -> Columns {
    let mut columns = Columns::default();
    for (at, sample) in distributions() {
        let float = NativeHistogram::Float(sample.to_float());
        columns.push_histogram(at, Arc::new(if is_integer { sample } else { float }));
    }
    columns
}

/// The same, the first with the bucket that comes, each with its start.
fn with_starts(is_integer: bool) -> Vec<u8> {
    let written = encoded(&histograms(is_integer), FloatEncoding::Xor);
    let encoding = if is_integer { Encoding::Histogram } else { Encoding::FloatHistogram };
    let mut columns = Columns::default();
    decode(encoding, &written, i64::MIN, i64::MAX, &mut columns).expect("no damage");
    let points = columns.histograms.iter().zip([400, 1_400]);
    let samples: Vec<(i64, NativeHistogram, i64)> =
        points.map(|(point, start)| (point.at, (*point.histogram).clone(), start)).collect();
    written_with_starts(&samples)
}

#[test]
fn xor() {
    check("XOR, number 1", Encoding::Xor, &four(), &encoded(&four(), FloatEncoding::Xor));
}

#[test]
fn xor2() {
    let mut samples = Columns::default();
    for ((at, value), start) in four().times.iter().zip(four().values).zip([400, 400, 400, 30_000])
    {
        samples.push_with_start(*at, value, start);
    }
    samples.push_with_start(61_002, stale_nan(), 30_000);
    let written = encoded(&samples, FloatEncoding::Xor2);
    check("XOR2, number 4", Encoding::Xor2, &samples, &written);
}

#[test]
fn histogram() {
    let samples = histograms(true);
    let written = encoded(&samples, FloatEncoding::Xor);
    check("Histogram, number 2", Encoding::Histogram, &samples, &written);
}

#[test]
fn float_histogram() {
    let samples = histograms(false);
    let written = encoded(&samples, FloatEncoding::Xor);
    check("FloatHistogram, number 3", Encoding::FloatHistogram, &samples, &written);
}

#[test]
fn histograms_with_start_times() {
    let (samples, written) = (histograms(true), with_starts(true));
    check("HistogramST, number 5", Encoding::HistogramSt, &samples, &written);
    let (samples, written) = (histograms(false), with_starts(false));
    check("FloatHistogramST, number 6", Encoding::FloatHistogramSt, &samples, &written);
}

#[test]
fn dense_chunk() {
    let times: Vec<i64> = (0..8).map(|step| 1_000 + 15_000 * step).collect();
    let values = vec![0.5, 0.75, 1.0, f64::INFINITY, 1.25, 1.5, 1.5, 2.25];
    let written = dense::encode(&times, &values);
    check("Dense, number 78", Encoding::Dense, &Columns::from_floats(times, values), &written);
}
