//! Chunks that a Prometheus server wrote, and ours from the same samples: bit for bit the same.

use std::sync::Arc;

use narthex_model::{
    BucketLayout, CounterReset, FloatHistogram, IntegerHistogram, NativeHistogram, Span,
};
use narthex_storage::Columns;

use super::{Chunk, Encoding, FloatEncoding, OpenHistogramChunk, encode};
use crate::encoding::decode;

const GOLDEN: &str = include_str!("prometheus.txt");

#[derive(Default)]
struct Series {
    name: String,
    columns: Columns,
    chunks: Vec<(Encoding, String)>,
}

fn bits(text: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(text, 16).expect("bits"))
}

fn list<T>(text: &str, read: impl Fn(&str) -> T) -> Vec<T> {
    if text == "-" { Vec::new() } else { text.split(',').map(read).collect() }
}

/// Spans and counts of `index:count` pairs.
fn side<T>(text: &str, count: impl Fn(&str) -> T) -> (Vec<Span>, Vec<T>) {
    let (mut spans, mut counts, mut next) = (Vec::<Span>::new(), Vec::new(), 0);
    for (index, count) in list(text, |pair| {
        let (index, number) = pair.split_once(':').expect("a pair");
        (index.parse::<i32>().expect("an index"), count(number))
    }) {
        match spans.last_mut() {
            Some(last) if index == next => last.length += 1,
            _ => spans.push(Span { offset: index - next, length: 1 }),
        }
        counts.push(count);
        next = index + 1;
    }
    (spans, counts)
}

fn deltas(counts: &[i64]) -> Vec<i64> {
    let before = std::iter::once(&0).chain(counts);
    counts.iter().zip(before).map(|(count, before)| count - before).collect()
}

fn histogram(words: &[&str]) -> (i64, NativeHistogram) {
    let [kind, reset, at, schema, threshold, count, zero, sum, positive, negative, bounds] = *words
    else {
        panic!("a histogram: {words:?}");
    };
    let reset = match reset {
        "unknown" => CounterReset::Unknown,
        "reset" => CounterReset::Reset,
        "not_reset" => CounterReset::NotReset,
        _ => CounterReset::Gauge,
    };
    let layout = |positive_spans, negative_spans| BucketLayout {
        schema: schema.parse().expect("a schema"),
        zero_threshold: bits(threshold),
        positive_spans,
        negative_spans,
        custom_bounds: list(bounds, bits),
    };
    let whole = |text: &str| text.parse::<i64>().expect("a count");
    let sample = if kind == "i" {
        let ((positive, counts), (negative, others)) =
            (side(positive, whole), side(negative, whole));
        NativeHistogram::Integer(IntegerHistogram {
            reset,
            layout: layout(positive, negative),
            count: count.parse().expect("a count"),
            zero_count: zero.parse().expect("a count"),
            sum: bits(sum),
            positive_deltas: deltas(&counts),
            negative_deltas: deltas(&others),
        })
    } else {
        let ((positive, counts), (negative, others)) = (side(positive, bits), side(negative, bits));
        NativeHistogram::Float(FloatHistogram {
            reset,
            layout: layout(positive, negative),
            count: bits(count),
            zero_count: bits(zero),
            sum: bits(sum),
            positive_counts: counts,
            negative_counts: others,
        })
    };
    (at.parse().expect("a time"), sample)
}

fn golden() -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for line in GOLDEN.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        if words[0] == "series" {
            all.push(Series { name: words[1].to_owned(), ..Series::default() });
            continue;
        }
        let series = all.last_mut().expect("a series first");
        match words[0] {
            "float" => series.columns.push(words[1].parse().expect("a time"), bits(words[2])),
            "chunk" => {
                let encoding = words[1].parse().ok().and_then(Encoding::from_number);
                series.chunks.push((encoding.expect("an encoding"), words[2].to_owned()));
            }
            _ => {
                let (at, sample) = histogram(&words);
                series.columns.push_histogram(at, Arc::new(sample));
            }
        }
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ascii"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
}

/// From this size on Prometheus may end a chunk of histograms before we do.
const LARGE_BYTES: usize = 512;

#[test]
fn floats_are_written_as_prometheus_writes_them() {
    for Series { name, columns, chunks } in golden() {
        let mut ours = Vec::new();
        encode(&Columns { histograms: Vec::new(), ..columns }, FloatEncoding::Xor, &mut ours);
        let theirs = chunks.iter().filter(|(encoding, _)| !encoding.is_histogram());
        for (Chunk { encoding, bytes, .. }, theirs) in ours.iter().zip(theirs) {
            assert_eq!(&(*encoding, hex(bytes)), theirs, "{name}");
        }
    }
}

#[test]
fn histograms_are_cut_and_written_as_prometheus_does() {
    for Series { name, columns, chunks } in golden() {
        let (mut points, mut open) = (columns.histograms.iter(), OpenHistogramChunk::default());
        for (index, (encoding, text)) in chunks.iter().enumerate() {
            if !encoding.is_histogram() {
                continue;
            }
            let theirs = unhex(text);
            for place in 0..crate::encoding::count(*encoding, &theirs).expect("a header") {
                let point = points.next().expect("as many samples as chunks promise");
                let large = open.bytes().len() > LARGE_BYTES;
                let mut grown = open.clone();
                let fits = grown.append(point.at, &point.histogram);
                assert!(place > 0 || !fits || index == 0 || large, "{name}: chunk {index} begins");
                if place == 0 {
                    open.cut();
                    assert!(open.append(point.at, &point.histogram), "an empty chunk takes any");
                } else {
                    assert!(fits, "{name}: chunk {index} goes on with sample {place}");
                    open = grown;
                }
            }
            let mut ours = open.bytes().to_vec();
            let is_last = index + 1 == chunks.len();
            if is_last && ours[2] != 0b1100_0000 {
                // It was still open: the snapshot wrote it anew, so that its header knows nothing
                // of the chunk before.
                ours[2] = 0;
            }
            assert_eq!(hex(&ours), *text, "{name}: chunk {index}");
        }
        assert_eq!(points.next(), None, "{name}: all samples are in chunks");
    }
}

#[test]
fn what_prometheus_wrote_is_read_and_goes_on() {
    for Series { name, columns, chunks } in golden() {
        let mut found = Columns::default();
        for (encoding, text) in &chunks {
            decode(*encoding, &unhex(text), i64::MIN, i64::MAX, &mut found).expect("no damage");
            if encoding.is_histogram() {
                let open = OpenHistogramChunk::from_bytes(*encoding, &unhex(text));
                assert_eq!(hex(open.expect("no damage").bytes()), *text);
            }
        }
        let floats = |columns: &Columns| -> Vec<(i64, u64)> {
            let values = columns.values.iter().map(|value| value.to_bits());
            columns.times.iter().copied().zip(values).collect()
        };
        assert_eq!(floats(&found), floats(&columns), "{name}");
        let sums = |columns: &Columns| -> Vec<(i64, u64, u64)> {
            let points = columns.histograms.iter();
            let sums = points.map(|point| {
                let float = point.histogram.to_float();
                (point.at, float.sum.to_bits(), float.count.to_bits())
            });
            sums.collect()
        };
        assert_eq!(sums(&found), sums(&columns), "{name}");
    }
}
