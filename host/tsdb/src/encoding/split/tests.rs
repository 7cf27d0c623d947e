use std::sync::Arc;

use narthex_model::{IntegerHistogram, NativeHistogram};
use proptest::prelude::*;

use super::*;
use crate::encoding::{count, decode};

fn columns_of(kinds: &[(bool, i64)]) -> Columns {
    let mut columns = Columns::default();
    for (index, (is_float, start)) in kinds.iter().enumerate() {
        let at = index as i64 * 15_000;
        if *is_float {
            columns.push_with_start(at, index as f64, *start);
        } else {
            let sample = IntegerHistogram { sum: index as f64, ..IntegerHistogram::default() };
            columns.push_histogram(at, Arc::new(NativeHistogram::Integer(sample)));
        }
    }
    columns
}

fn encoded(columns: &Columns, floats: FloatEncoding) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    encode(columns, floats, &mut chunks);
    chunks
}

proptest! {
    #[test]
    fn mixed_samples_come_back_in_chunks_that_ascend(
        runs in prop::collection::vec((any::<bool>(), prop_oneof![Just(0_i64), Just(5)], 1..200_usize), 0..6),
        floats in prop_oneof![
            Just(FloatEncoding::Xor),
            Just(FloatEncoding::Xor2),
            Just(FloatEncoding::Dense),
        ],
    ) {
        let kinds: Vec<(bool, i64)> = runs
            .iter()
            .flat_map(|(is_float, start, length)| vec![(*is_float, *start); *length])
            .collect();
        let columns = columns_of(&kinds);
        let chunks = encoded(&columns, floats);
        let mut found = Columns::default();
        for chunk in &chunks {
            prop_assert!(chunk.first_at <= chunk.last_at);
            prop_assert!(count(chunk.encoding, &chunk.bytes).unwrap() <= DENSE_SAMPLES_MAX);
            decode(chunk.encoding, &chunk.bytes, i64::MIN, i64::MAX, &mut found).unwrap();
        }
        prop_assert!(chunks.windows(2).all(|pair| pair[0].last_at < pair[1].first_at));
        prop_assert_eq!(&found.times, &columns.times);
        prop_assert_eq!(&found.values, &columns.values);
        prop_assert_eq!(&found.starts, &columns.starts);
        let points = |columns: &Columns| -> Vec<(i64, f64)> {
            columns.histograms.iter().map(|point| (point.at, point.histogram.sum())).collect()
        };
        prop_assert_eq!(points(&found), points(&columns));
    }
}

#[test]
fn a_start_time_ends_a_chunk_that_cannot_hold_it() {
    let kinds: Vec<(bool, i64)> = (0..150).map(|index| (true, i64::from(index >= 20))).collect();
    let chunks = encoded(&columns_of(&kinds), FloatEncoding::Xor);
    let found: Vec<(Encoding, usize)> = chunks
        .iter()
        .map(|chunk| (chunk.encoding, count(chunk.encoding, &chunk.bytes).unwrap()))
        .collect();
    let expected = [(Encoding::Xor, 20), (Encoding::Xor2, 120), (Encoding::Xor2, 10)];
    assert_eq!(found, expected);
}

#[test]
fn only_samples_within_the_range_are_decoded() {
    let chunks = encoded(&columns_of(&[(true, 0); 100]), FloatEncoding::Xor);
    let mut found = Columns::default();
    decode(chunks[0].encoding, &chunks[0].bytes, 15_000, 45_000, &mut found).unwrap();
    assert_eq!(found.times, [15_000, 30_000, 45_000]);
}
