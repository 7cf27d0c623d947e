use narthex_model::STALE_NAN_BITS;
use proptest::prelude::*;

use super::*;

fn encoded(samples: &[(i64, u64)]) -> Box<[u8]> {
    let times: Vec<i64> = samples.iter().map(|(at, _)| *at).collect();
    let values: Vec<f64> = samples.iter().map(|(_, bits)| f64::from_bits(*bits)).collect();
    encode(&times, &values)
}

fn decoded(bytes: &[u8], start: i64, end: i64) -> Result<Vec<(i64, u64)>, Damage> {
    let mut columns = Columns::default();
    decode(bytes, start, end, &mut columns)?;
    assert_eq!(columns.times.len(), columns.values.len());
    Ok(columns.times.into_iter().zip(columns.values.iter().map(|value| value.to_bits())).collect())
}

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![
        (0_u32..10_000).prop_map(|count| f64::from(count).to_bits()),
        (any::<i32>(), 0..12).prop_map(|(m, scale)| (f64::from(m) / 10_f64.powi(scale)).to_bits()),
        any::<u64>(),
        prop_oneof![
            Just(STALE_NAN_BITS),
            Just((-0.0_f64).to_bits()),
            Just(f64::INFINITY.to_bits()),
            Just(f64::NEG_INFINITY.to_bits()),
            Just(f64::NAN.to_bits()),
            Just(f64::MIN_POSITIVE.to_bits()),
            Just(1),
        ],
    ]
}

/// Values of one kind, with another between them now and then.
fn samples() -> impl Strategy<Value = Vec<(i64, u64)>> {
    let gap = prop_oneof![30 => Just(15_000_i64), 1 => 1_i64..3_000_000, 1 => 1_i64..=(1 << 40)];
    let kinds = prop_oneof![
        Just(vec![20_u32, 0, 0, 1]),
        Just(vec![0, 20, 1, 1]),
        Just(vec![0, 0, 20, 1]),
        Just(vec![1, 1, 1, 1])
    ];
    (-(1_i64 << 50)..(1_i64 << 50), kinds).prop_flat_map(move |(first_at, kinds)| {
        let gap = gap.clone();
        let value = (any::<u32>(), prop::collection::vec(value(), 4..5), any::<u64>()).prop_map(
            move |(pick, values, raw)| {
                let all: u32 = kinds.iter().sum();
                let mut pick = pick % all;
                let kind = kinds.iter().position(|weight| {
                    let is_here = pick < *weight;
                    pick = pick.saturating_sub(*weight);
                    is_here
                });
                match kind {
                    Some(0) => f64::from((raw % 1000) as u32).to_bits(),
                    Some(1) => (f64::from((raw % 100_000) as u32) / 100.0).to_bits(),
                    Some(2) => raw,
                    _ => values[0],
                }
            },
        );
        prop::collection::vec((gap, value), 1..120).prop_map(move |steps| {
            let mut at = first_at;
            let samples = steps.into_iter().map(|(gap, bits)| {
                at += gap;
                (at, bits)
            });
            samples.collect()
        })
    })
}

proptest! {
    // A case has a hundred samples: fewer cases see as much.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn samples_come_back(samples in samples()) {
        let bytes = encoded(&samples);
        prop_assert_eq!(count_of(&bytes), Ok(samples.len()));
        prop_assert_eq!(decoded(&bytes, i64::MIN, i64::MAX), Ok(samples));
    }

    #[test]
    fn a_part_comes_back(samples in samples(), from in any::<prop::sample::Index>(), length: u8) {
        let (start, _) = samples[from.index(samples.len())];
        let end = start.saturating_add(i64::from(length) * 10_000);
        let expected: Vec<(i64, u64)> =
            samples.iter().copied().filter(|(at, _)| (start..=end).contains(at)).collect();
        prop_assert_eq!(decoded(&encoded(&samples), start, end), Ok(expected));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>) {
        let mut bytes = bytes;
        decoded(&bytes, i64::MIN, i64::MAX).ok();
        bytes.splice(0..0, [0, 9]);
        decoded(&bytes, i64::MIN, i64::MAX).ok();
    }

    #[test]
    fn a_flipped_bit_makes_no_panic(
        samples in samples(),
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut bytes = encoded(&samples).to_vec();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        decoded(&bytes, i64::MIN, i64::MAX).ok();
    }
}

#[test]
fn extreme_numbers_wrap_and_come_back() {
    let samples = [(i64::MIN, 1), (0, u64::MAX), (i64::MAX, 1 << 63), (i64::MAX, 2)];
    assert_eq!(decoded(&encoded(&samples[..3]), i64::MIN, i64::MAX), Ok(samples[..3].to_vec()));
    assert_eq!(decoded(&encoded(&samples[..1]), i64::MIN, i64::MAX), Ok(samples[..1].to_vec()));
}

#[test]
fn regular_series_take_a_handful_of_bytes() {
    let at = |index: i64| 1_600_000_000_000 + index * 15_000;
    let bytes = |value: fn(i64) -> f64| {
        encoded(&(0..1440).map(|index| (at(index), value(index).to_bits())).collect::<Vec<_>>())
            .len()
    };
    assert_eq!(bytes(|_| 0.25), 17, "a constant");
    assert_eq!(bytes(|index| index as f64 * 4096.0), 19, "a steady counter");
    let rare = bytes(|index| (index / 40) as f64);
    assert!(rare < 65, "what moves rarely takes less than a bit a sample: {rare}");
    let pages = bytes(|index| (index * 7 % 5) as f64 * 4096.0);
    assert!(pages < 500, "steps of pages cost no more than steps of one: {pages}");
}
