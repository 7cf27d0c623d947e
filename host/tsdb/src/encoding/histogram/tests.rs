use std::collections::BTreeMap;

use narthex_model::{
    BucketLayout, CUSTOM_BUCKETS_SCHEMA, FloatHistogram, IntegerHistogram, Span, stale_nan,
};
use proptest::prelude::*;

use super::*;
use crate::encoding::bits::BitWriter;
use crate::encoding::start::StartsWriter;

/// A histogram as a naive reader sees it.
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    at: i64,
    is_integer: bool,
    is_gauge: bool,
    numbers: [u64; 4],
    schema: i32,
    bounds: Vec<u64>,
    /// Buckets in use: below zero by negative keys.
    buckets: BTreeMap<(bool, i64), u64>,
}

fn buckets_of(spans: &[Span], counts: &[f64]) -> Vec<(i64, u64)> {
    let (mut next, mut out, mut counts) = (0_i64, Vec::new(), counts.iter());
    for span in spans {
        next += i64::from(span.offset);
        for _ in 0..span.length {
            let count = counts.next().expect("as many counts as buckets");
            if *count != 0.0 {
                out.push((next, count.to_bits()));
            }
            next += 1;
        }
    }
    assert_eq!(counts.next(), None, "as many buckets as counts");
    out
}

fn plain(at: i64, sample: &NativeHistogram) -> Plain {
    let float = sample.to_float();
    let is_integer = matches!(sample, NativeHistogram::Integer(_));
    let mut plain = Plain {
        at,
        is_integer,
        is_gauge: false,
        numbers: [0, 0, float.sum.to_bits(), 0],
        schema: 0,
        bounds: Vec::new(),
        buckets: BTreeMap::new(),
    };
    if sample.is_stale() {
        return plain;
    }
    let layout = sample.layout();
    let zero_threshold = layout.zero_threshold;
    plain.is_gauge = sample.reset() == CounterReset::Gauge;
    plain.numbers = [float.count, float.zero_count, float.sum, zero_threshold].map(f64::to_bits);
    plain.schema = layout.schema;
    plain.bounds = layout.custom_bounds.iter().map(|bound| bound.to_bits()).collect();
    let positive = buckets_of(&layout.positive_spans, &float.positive_counts);
    let negative = buckets_of(&layout.negative_spans, &float.negative_counts);
    plain.buckets.extend(positive.into_iter().map(|(index, count)| ((true, index), count)));
    plain.buckets.extend(negative.into_iter().map(|(index, count)| ((false, index), count)));
    plain
}

/// Spans for the buckets whose bit is set.
fn spans(mask: u16, first: i32) -> Vec<Span> {
    let (mut spans, mut gap) = (Vec::<Span>::new(), first);
    let mut is_run = false;
    for bit in 0..16 {
        if mask >> bit & 1 == 1 {
            match spans.last_mut() {
                Some(last) if is_run => last.length += 1,
                _ => spans.push(Span { offset: gap, length: 1 }),
            }
            (is_run, gap) = (true, 0);
        } else {
            (is_run, gap) = (false, gap + 1);
        }
    }
    spans
}

#[derive(Clone, Copy, Debug)]
struct Recipe {
    positive: u16,
    negative: u16,
    grown: u8,
    schema: i32,
    reset: CounterReset,
    is_integer: bool,
    is_stale: bool,
    sum: f64,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let mask = prop_oneof![3 => Just(0b1110_0111_u16), 1 => any::<u16>(), 1 => Just(0_u16)];
    let schema = prop_oneof![20 => Just(3), 1 => Just(-4), 2 => Just(CUSTOM_BUCKETS_SCHEMA)];
    let reset = prop_oneof![
        8 => Just(CounterReset::Unknown),
        2 => Just(CounterReset::NotReset),
        1 => Just(CounterReset::Reset),
        8 => Just(CounterReset::Gauge),
    ];
    let sum = prop_oneof![any::<f64>(), (0_u32..1000).prop_map(f64::from)];
    let negative = prop_oneof![Just(0_u16), Just(0b110), any::<u16>()];
    let rare = |of: u32| prop_oneof![of => Just(false), 1 => Just(true)];
    let is_float = rare(10);
    (mask, negative, 0_u8..40, schema, reset, is_float, rare(10), sum).prop_map(
        |(positive, negative, grown, schema, reset, is_float, is_stale, sum)| {
            let is_integer = !is_float;
            Recipe { positive, negative, grown, schema, reset, is_integer, is_stale, sum }
        },
    )
}

/// Most samples go on from the one before, as those of a target do.
fn histograms(recipes: &[Recipe]) -> Vec<(i64, NativeHistogram)> {
    let (mut at, mut totals) = (1_600_000_000_000, [0_i64; 32]);
    let samples = recipes.iter().map(|recipe| {
        at += 15_000 + i64::from(recipe.grown % 3);
        let is_custom = recipe.schema == CUSTOM_BUCKETS_SCHEMA;
        let positive_spans = spans(recipe.positive, if is_custom { 0 } else { -3 });
        let negative_spans = if is_custom { Vec::new() } else { spans(recipe.negative, 1) };
        let mut counts = |mask: u16, from: usize| {
            let mut counts = Vec::new();
            for bit in (0..16).filter(|bit| mask >> bit & 1 == 1) {
                totals[from + bit] += i64::from(recipe.grown) * (bit as i64 % 3);
                counts.push(totals[from + bit]);
            }
            counts
        };
        let positive = counts(recipe.positive, 0);
        let negative = if is_custom { Vec::new() } else { counts(recipe.negative, 16) };
        let count: i64 = positive.iter().chain(&negative).sum();
        let sum = if recipe.is_stale { stale_nan() } else { recipe.sum };
        let layout = BucketLayout {
            schema: recipe.schema,
            zero_threshold: if is_custom { 0.0 } else { 0.001 },
            positive_spans,
            negative_spans,
            custom_bounds: if is_custom { (0..16).map(f64::from).collect() } else { Vec::new() },
        };
        let integer = IntegerHistogram {
            reset: recipe.reset,
            layout,
            count: u64::try_from(count).expect("counts are positive"),
            zero_count: 0,
            sum,
            positive_deltas: integer::deltas(&positive),
            negative_deltas: integer::deltas(&negative),
        };
        let sample = if recipe.is_integer {
            NativeHistogram::Integer(integer)
        } else {
            NativeHistogram::Float(integer.to_float())
        };
        (at, sample)
    });
    samples.collect()
}

/// What a Prometheus with start times writes; we only read it.
pub(in crate::encoding) fn written_with_starts(samples: &[(i64, NativeHistogram, i64)]) -> Vec<u8> {
    let (mut bytes, mut free_bits) = (vec![0; HEADER_BYTES], 0);
    let (mut starts, mut state) = (StartsWriter::default(), None::<State>);
    for (index, (at, sample, start)) in (0..).zip(samples) {
        let before_at = state.as_ref().map_or(0, State::at);
        let mut out = BitWriter { bytes: &mut bytes, free: free_bits };
        match &mut state {
            Some(state) => state.write(&mut out, *at, sample),
            None => state = Some(State::first(&mut out, *at, sample)),
        }
        starts.write(&mut out, index, *at, before_at, *start);
        free_bits = out.free;
    }
    let [high, low] = u16::try_from(samples.len()).expect("few samples").to_be_bytes();
    bytes[..HEADER_BYTES].copy_from_slice(&[high, low, starts.header.byte()]);
    bytes
}

fn encoded(samples: &[(i64, NativeHistogram)]) -> Vec<crate::encoding::Chunk> {
    let mut columns = Columns::default();
    for (at, sample) in samples {
        columns.push_histogram(*at, Arc::new(sample.clone()));
    }
    let mut chunks = Vec::new();
    crate::encoding::encode(&columns, crate::encoding::FloatEncoding::Xor, &mut chunks);
    chunks
}

fn decoded(chunks: &[crate::encoding::Chunk]) -> Vec<(i64, Arc<NativeHistogram>)> {
    let mut columns = Columns::default();
    for chunk in chunks {
        let before = columns.histograms.len();
        decode(chunk.encoding, &chunk.bytes, i64::MIN, i64::MAX, &mut columns).expect("no damage");
        let added = columns.histograms.len() - before;
        assert_eq!(crate::encoding::count(chunk.encoding, &chunk.bytes), Ok(added));
        assert_eq!(columns.histograms[before].at, chunk.first_at);
        assert_eq!(columns.histograms.last().unwrap().at, chunk.last_at);
    }
    columns.histograms.into_iter().map(|point| (point.at, point.histogram)).collect()
}

proptest! {
    #[test]
    fn samples_come_back(recipes in prop::collection::vec(recipe(), 1..60)) {
        let samples = histograms(&recipes);
        let found = decoded(&encoded(&samples));
        let found: Vec<Plain> = found.iter().map(|(at, sample)| plain(*at, sample)).collect();
        let expected: Vec<Plain> = samples.iter().map(|(at, sample)| plain(*at, sample)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_counter_never_falls_within_a_chunk(recipes in prop::collection::vec(recipe(), 1..60)) {
        for chunk in encoded(&histograms(&recipes)) {
            let samples = decoded(&[chunk]);
            let floats: Vec<FloatHistogram> =
                samples.iter().map(|(_, sample)| sample.to_float()).collect();
            for pair in floats.windows(2) {
                if pair[1].reset == CounterReset::NotReset {
                    let sums = pair[0].positive_counts.iter().zip(&pair[1].positive_counts);
                    prop_assert!(sums.clone().all(|(before, now)| before <= now));
                    prop_assert_eq!(&pair[0].layout, &pair[1].layout);
                }
            }
        }
    }

    #[test]
    fn a_chunk_goes_on_after_it_was_restored(
        recipes in prop::collection::vec(recipe(), 1..40),
        cut in 0_usize..40,
    ) {
        let samples = histograms(&recipes);
        let mut chunk = OpenHistogramChunk::default();
        for (index, (at, sample)) in samples.iter().enumerate() {
            let mut restored = match chunk.encoding() {
                Some(encoding) if index == cut => {
                    OpenHistogramChunk::from_bytes(encoding, chunk.bytes()).expect("no damage")
                }
                _ => chunk.clone(),
            };
            let fits = chunk.append(*at, sample);
            prop_assert_eq!(restored.append(*at, sample), fits);
            prop_assert_eq!(restored.bytes(), chunk.bytes());
            if !fits {
                prop_assert!(chunk.cut().is_some());
                prop_assert!(chunk.append(*at, sample));
            }
            prop_assert_eq!(chunk.last_at(), Some(*at));
        }
    }

    #[test]
    fn chunks_with_start_times_are_read(
        steps in prop::collection::vec((0_i64..300, 1_i64..20_000, 0_i64..3), 1..200),
        is_integer: bool,
    ) {
        let (mut at, mut count) = (0, 0);
        let samples = steps.iter().map(|(grown, gap, start)| {
            at += gap;
            count += grown;
            let sample = integer(CounterReset::Unknown, 0b11, &[count, 7]);
            let float = NativeHistogram::Float(sample.to_float());
            (at, if is_integer { sample } else { float }, *start)
        });
        let samples: Vec<(i64, NativeHistogram, i64)> = samples.collect();
        let encoding =
            if is_integer { Encoding::HistogramSt } else { Encoding::FloatHistogramSt };
        let mut found = Columns::default();
        decode(encoding, &written_with_starts(&samples), i64::MIN, i64::MAX, &mut found).unwrap();
        let found: Vec<Plain> =
            found.histograms.iter().map(|point| plain(point.at, &point.histogram)).collect();
        let expected: Vec<Plain> =
            samples.iter().map(|(at, sample, _)| plain(*at, sample)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn damage_is_an_error_or_other_samples_but_no_panic(
        number in 0_u8..8,
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        samples in 0_u8..5,
    ) {
        let mut bytes = bytes;
        if let Some(header) = bytes.first_chunk_mut::<2>() {
            *header = [0, samples];
        }
        if let Some(encoding) = Encoding::from_number(number) {
            decode(encoding, &bytes, i64::MIN, i64::MAX, &mut Columns::default()).ok();
            crate::encoding::count(encoding, &bytes).ok();
            OpenHistogramChunk::from_bytes(encoding, &bytes).ok();
        }
    }

    #[test]
    fn a_flipped_bit_makes_no_panic(
        recipes in prop::collection::vec(recipe(), 1..20),
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        for chunk in encoded(&histograms(&recipes)) {
            let mut bytes = chunk.bytes.to_vec();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            decode(chunk.encoding, &bytes, i64::MIN, i64::MAX, &mut Columns::default()).ok();
        }
    }
}

fn integer(reset: CounterReset, mask: u16, counts: &[i64]) -> NativeHistogram {
    NativeHistogram::Integer(IntegerHistogram {
        reset,
        layout: BucketLayout { positive_spans: spans(mask, 0), ..BucketLayout::default() },
        count: u64::try_from(counts.iter().sum::<i64>()).unwrap(),
        sum: 1.5,
        positive_deltas: integer::deltas(counts),
        ..IntegerHistogram::default()
    })
}

fn stale() -> NativeHistogram {
    NativeHistogram::Integer(IntegerHistogram { sum: stale_nan(), ..IntegerHistogram::default() })
}

/// Which samples share a chunk, the header bits, and the hints that readers get.
#[track_caller]
fn check(samples: &[NativeHistogram], expected: &[(u8, &[CounterReset])]) {
    let samples: Vec<(i64, NativeHistogram)> =
        samples.iter().enumerate().map(|(at, sample)| (at as i64, sample.clone())).collect();
    let chunks = encoded(&samples);
    let found: Vec<(u8, Vec<CounterReset>)> = chunks
        .iter()
        .map(|chunk| {
            let samples = decoded(std::slice::from_ref(chunk));
            let hints = samples.iter().map(|(_, sample)| sample.reset()).collect();
            (chunk.bytes[2] >> 6, hints)
        })
        .collect();
    let expected: Vec<(u8, Vec<CounterReset>)> =
        expected.iter().map(|(header, hints)| (*header, hints.to_vec())).collect();
    assert_eq!(found, expected);
}

#[test]
fn chunks_are_cut_where_counts_fall() {
    use CounterReset::{Gauge, NotReset, Reset, Unknown};
    let plain = |mask, counts| integer(Unknown, mask, counts);
    let (low, high) = (plain(0b11, &[1, 2]), plain(0b11, &[2, 2]));
    check(&[low.clone(), high.clone()], &[(0, &[Unknown, NotReset])]);
    check(&[high.clone(), low.clone()], &[(0, &[Unknown]), (2, &[Unknown])]);
    // A bucket moves while the count stays: one of both fell.
    check(&[plain(0b11, &[2, 1]), plain(0b11, &[1, 2])], &[(0, &[Unknown]), (2, &[Unknown])]);
    // New buckets rewrite the chunk; a bucket in use that is gone is a reset, an empty one is not.
    check(&[plain(0b10, &[5]), plain(0b111, &[1, 5, 1])], &[(0, &[Unknown, NotReset])]);
    check(&[plain(0b11, &[5, 1]), plain(0b01, &[9])], &[(0, &[Unknown]), (2, &[Unknown])]);
    check(&[plain(0b11, &[5, 0]), plain(0b101, &[9, 3])], &[(0, &[Unknown, NotReset])]);
    let told = integer(Reset, 0b11, &[9, 9]);
    check(&[low.clone(), told.clone(), told], &[(0, &[Unknown]), (2, &[Unknown]), (2, &[Unknown])]);
    let gauge = |mask, counts| integer(Gauge, mask, counts);
    check(&[gauge(0b11, &[5, 5]), gauge(0b100, &[1]), gauge(0b1, &[3])], &[(3, &[Gauge; 3])]);
    check(
        &[low.clone(), gauge(0b11, &[5, 5]), high.clone()],
        &[(0, &[Unknown]), (3, &[Gauge]), (1, &[Unknown])],
    );
    check(&[low, stale(), stale(), high], &[(0, &[Unknown, Unknown, Unknown]), (0, &[Unknown])]);
}

#[test]
fn thresholds_and_bounds_of_all_codes_come_back() {
    let power = |exponent: i32| 2_f64.powi(exponent);
    for threshold in [0.0, power(-243), power(-244), power(-128), power(10), power(11), 0.3, -1.0] {
        let mut sample = integer(CounterReset::Unknown, 0b1, &[1]);
        if let NativeHistogram::Integer(sample) = &mut sample {
            sample.layout.zero_threshold = threshold;
        }
        let found = decoded(&encoded(&[(5, sample.clone())]));
        assert!(found[0].1.is_same(&sample), "{threshold}");
    }
    let bounds = vec![-1.0, 0.0, 0.001, 0.0015, 33_554.43, 33_554.431, 1e300];
    let sample = NativeHistogram::Float(FloatHistogram {
        layout: BucketLayout {
            schema: CUSTOM_BUCKETS_SCHEMA,
            positive_spans: vec![Span { offset: 2, length: 3 }],
            custom_bounds: bounds,
            ..BucketLayout::default()
        },
        count: 3.5,
        positive_counts: vec![1.0, 0.5, 2.0],
        ..FloatHistogram::default()
    });
    assert!(decoded(&encoded(&[(5, sample.clone())]))[0].1.is_same(&sample));
}

#[test]
fn a_finer_schema_than_ours_is_read_as_the_finest_we_know() {
    let mut fine = integer(CounterReset::Unknown, 0b1_0011_1101, &[1, 2, 3, 4, 5, 6]);
    let NativeHistogram::Integer(sample) = &mut fine else { unreachable!("made of integers") };
    sample.layout.schema = 10;
    sample.layout.positive_spans[0].offset = -3;
    for sample in [fine.clone(), NativeHistogram::Float(fine.to_float())] {
        let found = decoded(&encoded(&[(5, sample)]));
        let found = found[0].1.to_float();
        assert_eq!(found.layout.schema, 8);
        // Buckets -3, -1 and 0 become 0, 1 and 2 become 1, and 5 becomes 2.
        assert_eq!(found.layout.positive_spans, [Span { offset: 0, length: 3 }]);
        assert_eq!(found.positive_counts, [1.0 + 2.0 + 3.0, 4.0 + 5.0, 6.0]);
    }
}
