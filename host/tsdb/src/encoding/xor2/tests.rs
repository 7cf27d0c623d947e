use proptest::prelude::*;

use super::*;

type Sample = (i64, u64, i64);

fn chunk_of(samples: &[Sample]) -> Box<[u8]> {
    let mut chunk = Xor2Chunk::default();
    for (at, bits, start) in samples {
        chunk.append(*at, *bits, *start);
    }
    let bytes = chunk.into_bytes();
    assert_eq!(count_of(&bytes).map(usize::from), Ok(samples.len()));
    bytes
}

fn decoded(bytes: &[u8]) -> Result<Vec<Sample>, Damage> {
    let mut columns = Columns::default();
    decode(bytes, i64::MIN, i64::MAX, &mut columns)?;
    let starts = columns.starts.iter().copied().chain(std::iter::repeat(0));
    let floats = columns.times.iter().zip(&columns.values).zip(starts);
    Ok(floats.map(|((at, value), start)| (*at, value.to_bits(), start)).collect())
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let gap = prop_oneof![
        8 => Just(15_000_i64),
        3 => 10_000_i64..20_000,
        1 => 1_i64..3_000_000,
        1 => 1_i64..=(1 << 40)
    ];
    let bits = prop_oneof![
        4 => Just(1.0_f64.to_bits()),
        4 => (0_u32..100_000).prop_map(|count| f64::from(count).to_bits()),
        1 => Just(STALE_NAN_BITS),
        2 => any::<u64>(),
    ];
    let start = prop_oneof![20 => Just(None), 1 => any::<i64>().prop_map(Some)];
    let first_start = prop_oneof![3 => Just(0_i64), 1 => any::<i64>()];
    let steps = prop::collection::vec((gap, bits, start), 1..300);
    (-(1_i64 << 50)..(1_i64 << 50), first_start, steps).prop_map(|(mut at, mut start, steps)| {
        let samples = steps.into_iter().map(|(gap, bits, new_start)| {
            at += gap;
            start = new_start.unwrap_or(start);
            (at, bits, start)
        });
        samples.collect()
    })
}

proptest! {
    #[test]
    fn samples_come_back(samples in samples()) {
        prop_assert_eq!(decoded(&chunk_of(&samples)), Ok(samples));
    }

    #[test]
    fn damage_is_an_error_or_other_samples_but_no_panic(bytes: Vec<u8>) {
        decoded(&bytes).ok();
    }
}

#[test]
fn starts_that_change_late_or_never_come_back() {
    let sample = |index: i64, start: i64| (index * 10, 1.0_f64.to_bits(), start);
    let constant: Vec<Sample> = (0..200).map(|index| sample(index, -7)).collect();
    let late: Vec<Sample> = (0..200).map(|index| sample(index, index / 150)).collect();
    let none: Vec<Sample> = (0..120).map(|index| sample(index, 0)).collect();
    for samples in [constant, late, none.clone()] {
        assert_eq!(decoded(&chunk_of(&samples)), Ok(samples));
    }
    assert_eq!(chunk_of(&none)[2], 0, "without starts nothing is written for them");
}
