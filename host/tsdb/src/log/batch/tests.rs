use proptest::prelude::*;

use super::*;

type Samples = Vec<(SeriesId, i64, u64)>;

/// Codes batches as the store does, decodes them and compares; answers the bytes of each.
#[track_caller]
fn check(batches: &[Samples]) -> Vec<usize> {
    let (mut coder, mut decoder) = (BatchCoder::default(), BatchDecoder::default());
    let mut before: HashMap<SeriesId, Predecessor> = HashMap::new();
    decoder.restart();
    let mut lens = Vec::new();
    for batch in batches {
        let mut columns = Columns::default();
        for (id, at, bits) in batch {
            let known = before.get(id).copied();
            let (nibble, scale) = value::encode(known, *bits, &mut columns.payload);
            before.insert(*id, Predecessor { bits: *bits, scale });
            columns.ids.push(*id);
            columns.times.push(*at);
            columns.nibbles.push(nibble);
        }
        let mut payload = Vec::new();
        coder.encode(&columns, false, &mut payload);
        let mut decoded = Vec::new();
        assert_eq!(decoder.decode(&payload, &mut decoded), Ok(false));
        let decoded: Samples = decoded
            .iter()
            .map(|sample| (decoder.id(sample.lane).unwrap(), sample.at, sample.bits))
            .collect();
        assert_eq!(&decoded, batch);
        lens.push(payload.len());
    }
    lens
}

fn batches() -> impl Strategy<Value = Vec<Samples>> {
    let sample = (1_u64..40, -20_000_i64..20_000, 0_u32..9)
        .prop_map(|(id, at, value)| (id, at, f64::from(value).to_bits()));
    let wild = (any::<u64>(), any::<i64>(), any::<u64>());
    prop::collection::vec(
        prop_oneof![prop::collection::vec(sample, 0..40), prop::collection::vec(wild, 0..20)],
        0..12,
    )
}

/// A target whose series come and go.
fn layouts() -> impl Strategy<Value = Vec<Vec<SeriesId>>> {
    prop::collection::vec(prop::collection::btree_set(1_u64..60, 20..60), 2..8)
        .prop_map(|sets| sets.into_iter().map(Vec::from_iter).collect())
}

proptest! {
    #[test]
    fn batches_come_back(batches in batches()) {
        check(&batches);
    }

    #[test]
    fn changing_layouts_come_back(layouts in layouts()) {
        let batches = layouts.iter().enumerate().map(|(round, ids)| {
            // The first series stays, so that the shape is found and changed.
            let ids = std::iter::once(0).chain(ids.iter().copied());
            ids.map(|id| (id, round as i64 * 15_000, 1)).collect()
        });
        check(&Vec::from_iter(batches));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(payloads in prop::collection::vec(any::<Vec<u8>>(), 1..4)) {
        let mut decoder = BatchDecoder::default();
        for payload in payloads {
            decoder.decode(&payload, &mut Vec::new()).ok();
        }
    }
}

#[test]
fn the_same_layout_again_costs_half_a_byte_a_sample() {
    let batch = |at| (1..=1000).map(|id| (id, at, 5.0_f64.to_bits())).collect::<Samples>();
    let lens = check(&[batch(15_000), batch(30_000), batch(45_000)]);
    assert_eq!(lens, [2509, 505, 505]);
}

#[test]
fn a_series_more_and_one_fewer_cost_a_few_bytes() {
    let batch = |ids: &mut dyn Iterator<Item = u64>| {
        ids.map(|id| (id, 15_000, 5.0_f64.to_bits())).collect::<Samples>()
    };
    let lens = check(&[
        batch(&mut (1..=1000)),
        batch(&mut (1..=1000).filter(|id| *id != 500)),
        batch(&mut (1..=1000).filter(|id| *id != 500).chain([2000])),
    ]);
    assert!(lens[1] < 520 && lens[2] < 520, "{lens:?}");
}
