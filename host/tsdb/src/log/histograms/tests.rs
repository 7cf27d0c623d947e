use proptest::prelude::*;

use super::*;

fn any_layout() -> impl Strategy<Value = BucketLayout> {
    let spans = || prop::collection::vec((-3_i32..3, 0_u32..4), 0..3);
    (-4_i32..8, spans(), spans(), prop::collection::vec(any::<f64>(), 0..2)).prop_map(
        |(schema, positive, negative, custom_bounds)| {
            let spans = |spans: Vec<(i32, u32)>| {
                spans.into_iter().map(|(offset, length)| Span { offset, length }).collect()
            };
            BucketLayout {
                schema,
                zero_threshold: 0.001,
                positive_spans: spans(positive),
                negative_spans: spans(negative),
                custom_bounds,
            }
        },
    )
}

fn any_histogram() -> impl Strategy<Value = NativeHistogram> {
    let numbers = prop::collection::vec(-5_i64..2_000, 32);
    (any_layout(), any::<bool>(), 0_usize..4, any::<u64>(), any::<u64>(), numbers).prop_map(
        |(layout, is_float, reset, count, sum, numbers)| {
            let (reset, sum) = (RESETS[reset], f64::from_bits(sum));
            let positive = buckets(&layout.positive_spans).unwrap();
            let negative = buckets(&layout.negative_spans).unwrap();
            let positive = numbers[..positive].to_vec();
            let negative = numbers[32 - negative..].to_vec();
            if is_float {
                let floats =
                    |numbers: Vec<i64>| numbers.into_iter().map(|n| n as f64 / 4.0).collect();
                NativeHistogram::Float(FloatHistogram {
                    reset,
                    layout,
                    count: f64::from_bits(count),
                    zero_count: 2.5,
                    sum,
                    positive_counts: floats(positive),
                    negative_counts: floats(negative),
                })
            } else {
                NativeHistogram::Integer(IntegerHistogram {
                    reset,
                    layout,
                    count,
                    zero_count: count / 3,
                    sum,
                    positive_deltas: positive,
                    negative_deltas: negative,
                })
            }
        },
    )
}

/// The same buckets with other counts.
fn grown(histogram: &NativeHistogram) -> NativeHistogram {
    let mut grown = histogram.clone();
    match &mut grown {
        NativeHistogram::Integer(histogram) => {
            histogram.count = histogram.count.wrapping_add(3);
            histogram.sum += 1.5;
            if let Some(first) = histogram.positive_deltas.first_mut() {
                *first += 3;
            }
        }
        NativeHistogram::Float(histogram) => {
            histogram.sum += 1.5;
            histogram.negative_counts.iter_mut().for_each(|count| *count += 0.25);
        }
    }
    grown
}

/// Codes histograms of a few series as the store does and decodes them again.
#[track_caller]
fn check(samples: &[(SeriesId, i64, NativeHistogram)]) -> usize {
    let mut before: HashMap<SeriesId, NativeHistogram> = HashMap::new();
    let mut decoder = HistogramDecoder::default();
    let mut bytes = 0;
    for batch in samples.chunks(3) {
        let mut column = HistogramColumn::default();
        for (id, at, histogram) in batch {
            column.push(*id, *at, histogram, before.get(id));
            before.insert(*id, histogram.clone());
        }
        let mut payload = Vec::new();
        column.encode(false, &mut payload);
        bytes += payload.len();
        let mut out = Vec::new();
        assert_eq!(decoder.decode(&payload, &mut out), Ok(false));
        assert_eq!(out.len(), batch.len());
        for (found, (id, at, histogram)) in out.iter().zip(batch) {
            assert_eq!((found.id, found.at), (*id, *at));
            assert!(found.histogram.is_same(histogram), "{found:?} {histogram:?}");
        }
    }
    bytes
}

proptest! {
    #[test]
    fn histograms_come_back(
        samples in prop::collection::vec((1_u64..4, any::<i64>(), any_histogram(), 0_usize..4), 0..8)
    ) {
        let mut all = Vec::new();
        for (id, at, mut histogram, repeats) in samples {
            for step in 0..=repeats {
                all.push((id, at.wrapping_add(step as i64), histogram.clone()));
                histogram = grown(&histogram);
            }
        }
        check(&all);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(payloads in prop::collection::vec(any::<Vec<u8>>(), 1..4)) {
        let mut decoder = HistogramDecoder::default();
        for payload in payloads {
            decoder.decode(&payload, &mut Vec::new()).ok();
        }
    }
}

#[test]
fn buckets_that_stand_still_cost_a_bit() {
    let layout = BucketLayout {
        positive_spans: vec![Span { offset: 0, length: 80 }],
        ..BucketLayout::default()
    };
    let histogram = |count: u64| {
        let mut positive_deltas = vec![0; 80];
        positive_deltas[0] = count.cast_signed();
        positive_deltas[1] = -count.cast_signed();
        NativeHistogram::Integer(IntegerHistogram {
            layout: layout.clone(),
            count,
            sum: 5.0,
            positive_deltas,
            ..IntegerHistogram::default()
        })
    };
    let first = check(&[(1, 0, histogram(1))]);
    let both = check(&[(1, 0, histogram(1)), (1, 15_000, histogram(2))]);
    assert_eq!((first, both - first), (109, 19));
}
