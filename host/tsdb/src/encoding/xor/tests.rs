use proptest::prelude::*;

use super::*;

fn chunk_of(samples: &[(i64, u64)]) -> XorChunk {
    let mut chunk = XorChunk::default();
    for (at, bits) in samples {
        chunk.append(*at, *bits);
    }
    chunk
}

fn decoded(bytes: &[u8]) -> Result<Vec<(i64, u64)>, Damage> {
    let mut columns = Columns::default();
    decode(bytes, i64::MIN, i64::MAX, &mut columns)?;
    Ok(columns.times.into_iter().zip(columns.values.iter().map(|value| value.to_bits())).collect())
}

/// Values and gaps as monitored machines have them, and a few that they should not have.
fn samples() -> impl Strategy<Value = Vec<(i64, u64)>> {
    let gap = prop_oneof![
        8 => Just(15_000_i64),
        3 => 14_990_i64..15_010,
        1 => 1_i64..3_000_000,
        1 => 1_i64..=(1 << 40)
    ];
    let bits = prop_oneof![
        4 => Just(1.0_f64.to_bits()),
        4 => (0_u32..100_000).prop_map(|count| f64::from(count).to_bits()),
        2 => any::<u64>(),
    ];
    (-(1_i64 << 50)..(1_i64 << 50), prop::collection::vec((gap, bits), 1..200)).prop_map(
        |(mut at, steps)| {
            let samples = steps.into_iter().map(|(gap, bits)| {
                at += gap;
                (at, bits)
            });
            samples.collect()
        },
    )
}

proptest! {
    #[test]
    fn samples_come_back(samples in samples()) {
        let chunk = chunk_of(&samples);
        prop_assert_eq!(decoded(chunk.bytes()), Ok(samples));
    }

    #[test]
    fn a_chunk_goes_on_after_it_was_restored(samples in samples(), cut in 0_usize..200) {
        let (before, after) = samples.split_at(cut.clamp(1, samples.len()));
        let mut chunk = XorChunk::from_bytes(chunk_of(before).bytes()).unwrap();
        for (at, bits) in after {
            chunk.append(*at, *bits);
        }
        let whole = chunk_of(&samples);
        prop_assert_eq!(chunk.bytes(), whole.bytes());
    }

    #[test]
    fn damage_is_an_error_or_other_samples_but_no_panic(bytes: Vec<u8>) {
        decoded(&bytes).ok();
        XorChunk::from_bytes(&bytes).ok();
    }
}

#[test]
fn extreme_gaps_wrap_and_come_back() {
    let samples = [(i64::MIN, 1), (0, 2), (i64::MAX, u64::MAX)];
    assert_eq!(decoded(chunk_of(&samples).bytes()), Ok(samples.to_vec()));
}
