use std::ops::Range;

use narthex_model::{
    BucketLayout, CUSTOM_BUCKETS_SCHEMA, CounterReset, FloatHistogram, IntegerHistogram, Span,
};
use proptest::prelude::*;

use super::*;
use crate::encoding::varint::{push_bytes, push_signed, push_unsigned};

/// Writes records as Prometheus does.
pub(in crate::import) mod write {
    use super::*;

    pub(in crate::import) fn series(list: &[(Ref, Labels)]) -> Vec<u8> {
        let mut out = vec![1];
        for (series, labels) in list {
            out.extend_from_slice(&series.to_be_bytes());
            push_labels(&mut out, labels);
        }
        out
    }

    fn push_labels(out: &mut Vec<u8>, labels: &Labels) {
        push_unsigned(out, labels.len() as u64);
        for text in labels.iter().flat_map(|(name, value)| [name, value]) {
            push_bytes(out, text.as_bytes());
        }
    }

    /// Types 2, 7, 8, 9, 10.
    pub(in crate::import) fn samples(kind: u8, samples: &[Sample]) -> Vec<u8> {
        let mut out = vec![kind];
        let Some(first) = samples.first() else { return out };
        out.extend_from_slice(&first.series.to_be_bytes());
        out.extend_from_slice(&first.at.to_be_bytes());
        for sample in samples {
            push_signed(&mut out, sample.series.wrapping_sub(first.series).cast_signed());
            push_signed(&mut out, sample.at.wrapping_sub(first.at));
            push_value(&mut out, &sample.value);
        }
        out
    }

    /// Types 11, 12, 13.
    pub(in crate::import) fn samples_with_start(kind: u8, samples: &[Sample]) -> Vec<u8> {
        let mut out = vec![kind];
        let Some(first) = samples.first() else { return out };
        push_signed(&mut out, first.series.cast_signed());
        push_signed(&mut out, first.at);
        push_signed(&mut out, first.start);
        push_value(&mut out, &first.value);
        for pair in samples.windows(2) {
            let [before, sample] = pair else { continue };
            push_signed(&mut out, sample.series.wrapping_sub(before.series).cast_signed());
            push_signed(&mut out, sample.at.wrapping_sub(first.at));
            if sample.start == 0 {
                out.push(0);
            } else if sample.start == before.start {
                out.push(1);
            } else {
                out.push(2);
                push_signed(&mut out, sample.start.wrapping_sub(first.start));
            }
            push_value(&mut out, &sample.value);
        }
        out
    }

    pub(in crate::import) fn tombstones(list: &[Tombstone]) -> Vec<u8> {
        let mut out = vec![3];
        for stone in list {
            out.extend_from_slice(&stone.series.to_be_bytes());
            push_signed(&mut out, stone.first_at);
            push_signed(&mut out, stone.last_at);
        }
        out
    }

    pub(in crate::import) fn exemplars(list: &[(Ref, Exemplar)]) -> Vec<u8> {
        let mut out = vec![4];
        let Some((first_series, first)) = list.first() else { return out };
        let first_at = first.at.millis();
        out.extend_from_slice(&first_series.to_be_bytes());
        out.extend_from_slice(&first_at.to_be_bytes());
        for (series, exemplar) in list {
            push_signed(&mut out, series.wrapping_sub(*first_series).cast_signed());
            push_signed(&mut out, exemplar.at.millis().wrapping_sub(first_at));
            out.extend_from_slice(&exemplar.value.to_be_bytes());
            push_labels(&mut out, &exemplar.labels);
        }
        out
    }

    pub(in crate::import) fn markers(list: &[Marker]) -> Vec<u8> {
        let mut out = vec![5];
        for marker in list {
            out.extend_from_slice(&marker.series.to_be_bytes());
            out.extend_from_slice(&marker.chunk.to_be_bytes());
        }
        out
    }

    pub(in crate::import) fn metadata(list: &[(Ref, Metadata)]) -> Vec<u8> {
        let mut out = vec![6];
        for (series, metadata) in list {
            push_unsigned(&mut out, *series);
            let code = TYPES.iter().position(|known| *known == metadata.metric_type).unwrap();
            out.push(u8::try_from(code).unwrap());
            // A field that is not known yet is passed over.
            push_unsigned(&mut out, 3);
            let fields = [("UNIT", &*metadata.unit), ("LATER", "x"), ("HELP", &*metadata.help)];
            for text in fields.into_iter().flat_map(|(name, value)| [name, value]) {
                push_bytes(&mut out, text.as_bytes());
            }
        }
        out
    }

    fn push_value(out: &mut Vec<u8>, value: &Value) {
        match value {
            Value::Float(value) => out.extend_from_slice(&value.to_be_bytes()),
            Value::Histogram(histogram) => push_histogram(out, histogram),
        }
    }

    fn push_histogram(out: &mut Vec<u8>, histogram: &NativeHistogram) {
        match histogram {
            NativeHistogram::Integer(histogram) => {
                push_reset(out, histogram.reset, &histogram.layout);
                push_unsigned(out, histogram.zero_count);
                push_unsigned(out, histogram.count);
                out.extend_from_slice(&histogram.sum.to_be_bytes());
                push_spans(out, &histogram.layout);
                for deltas in [&histogram.positive_deltas, &histogram.negative_deltas] {
                    push_unsigned(out, deltas.len() as u64);
                    deltas.iter().for_each(|delta| push_signed(out, *delta));
                }
                push_bounds(out, &histogram.layout);
            }
            NativeHistogram::Float(histogram) => {
                push_reset(out, histogram.reset, &histogram.layout);
                for value in [histogram.zero_count, histogram.count, histogram.sum] {
                    out.extend_from_slice(&value.to_be_bytes());
                }
                push_spans(out, &histogram.layout);
                push_floats(out, &histogram.positive_counts);
                push_floats(out, &histogram.negative_counts);
                push_bounds(out, &histogram.layout);
            }
        }
    }

    fn push_reset(out: &mut Vec<u8>, reset: CounterReset, layout: &BucketLayout) {
        out.push(match reset {
            CounterReset::Unknown => 0,
            CounterReset::Reset => 1,
            CounterReset::NotReset => 2,
            CounterReset::Gauge => 3,
        });
        push_signed(out, i64::from(layout.schema));
        out.extend_from_slice(&layout.zero_threshold.to_be_bytes());
    }

    fn push_spans(out: &mut Vec<u8>, layout: &BucketLayout) {
        for spans in [&layout.positive_spans, &layout.negative_spans] {
            push_unsigned(out, spans.len() as u64);
            for span in spans {
                push_signed(out, i64::from(span.offset));
                push_unsigned(out, u64::from(span.length));
            }
        }
    }

    fn push_floats(out: &mut Vec<u8>, values: &[f64]) {
        push_unsigned(out, values.len() as u64);
        values.iter().for_each(|value| out.extend_from_slice(&value.to_be_bytes()));
    }

    fn push_bounds(out: &mut Vec<u8>, layout: &BucketLayout) {
        if layout.is_custom() {
            push_floats(out, &layout.custom_bounds);
        }
    }
}

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

fn text() -> impl Strategy<Value = String> {
    "[a-zé]{1,6}"
}

fn labels() -> impl Strategy<Value = Labels> {
    prop::collection::btree_map(text(), text(), 0..4).prop_map(Labels::from_pairs)
}

fn spans(first: Range<i32>) -> impl Strategy<Value = Vec<Span>> {
    prop::collection::vec((first, 0_u32..4), 0..3).prop_map(|list| {
        list.into_iter().map(|(offset, length)| Span { offset: offset.abs(), length }).collect()
    })
}

/// Histograms whose parts agree.
pub(in crate::import) fn histogram(is_custom: bool) -> impl Strategy<Value = IntegerHistogram> {
    let reset = prop_oneof![
        Just(CounterReset::Unknown),
        Just(CounterReset::Reset),
        Just(CounterReset::NotReset),
        Just(CounterReset::Gauge),
    ];
    let negative = if is_custom { spans(0..1).boxed() } else { spans(-9..9).boxed() };
    (reset, -4_i32..=8, spans(-9..9), negative, 0_u64..9, any::<i32>(), any::<u64>()).prop_map(
        move |(reset, schema, positive_spans, negative_spans, zero_count, sum, seed)| {
            let mut layout = BucketLayout {
                schema,
                zero_threshold: 0.001,
                positive_spans,
                negative_spans,
                custom_bounds: Vec::new(),
            };
            let mut zero_count = zero_count;
            if is_custom {
                layout.schema = CUSTOM_BUCKETS_SCHEMA;
                layout.zero_threshold = 0.0;
                layout.negative_spans.clear();
                layout.custom_bounds = (0..40).map(f64::from).collect();
                zero_count = 0;
            }
            let (mut count, mut seed) = (zero_count, seed);
            let mut deltas = |spans: &[Span]| {
                let mut before = 0;
                let buckets: u32 = spans.iter().map(|span| span.length).sum();
                (0..buckets)
                    .map(|_| {
                        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        let bucket = i64::try_from(seed >> 54).unwrap();
                        count += bucket.cast_unsigned();
                        bucket - std::mem::replace(&mut before, bucket)
                    })
                    .collect()
            };
            let positive_deltas = deltas(&layout.positive_spans);
            let negative_deltas = deltas(&layout.negative_spans);
            let sum = f64::from(sum);
            let (count, zero_count) = (count, zero_count);
            IntegerHistogram {
                reset,
                layout,
                count,
                zero_count,
                sum,
                positive_deltas,
                negative_deltas,
            }
        },
    )
}

fn float_histogram(is_custom: bool) -> impl Strategy<Value = FloatHistogram> {
    histogram(is_custom).prop_map(|histogram| histogram.to_float())
}

fn samples(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<Sample>> {
    let start = prop_oneof![Just(0_i64), Just(5_i64), any::<i64>()];
    let one = (any::<Ref>(), any::<i64>(), start, value)
        .prop_map(|(series, at, start, value)| Sample { series, at, start, value });
    prop::collection::vec(one, 0..8)
}

fn integer_values(is_custom: bool) -> impl Strategy<Value = Value> {
    histogram(is_custom).prop_map(|one| Value::Histogram(Arc::new(NativeHistogram::Integer(one))))
}

fn float_values(is_custom: bool) -> impl Strategy<Value = Value> {
    float_histogram(is_custom)
        .prop_map(|one| Value::Histogram(Arc::new(NativeHistogram::Float(one))))
}

#[track_caller]
fn check_samples(kind: u8, mut list: Vec<Sample>) {
    let bytes = if kind > 10 {
        write::samples_with_start(kind, &list)
    } else {
        list.iter_mut().for_each(|sample| sample.start = 0);
        write::samples(kind, &list)
    };
    let read = Record::read(&bytes).unwrap();
    assert_eq!(read, Record::Samples { samples: list, unknown: 0 });
    check_cuts(&bytes);
}

/// A record that is cut is damage or a shorter record, never a panic.
fn check_cuts(bytes: &[u8]) {
    for len in (0..bytes.len()).step_by(1 + bytes.len() / 100) {
        Record::read(&bytes[..len]).ok();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn series_come_back(list in prop::collection::vec((any::<Ref>(), labels()), 0..5)) {
        let bytes = write::series(&list);
        check_cuts(&bytes);
        prop_assert_eq!(Record::read(&bytes), Ok(Record::Series(list)));
    }

    #[test]
    fn floats_come_back(list in samples((-1e9..1e9_f64).prop_map(Value::Float))) {
        check_samples(2, list.clone());
        check_samples(11, list);
    }

    #[test]
    fn integer_histograms_come_back(list in samples(integer_values(false))) {
        check_samples(7, list.clone());
        check_samples(12, list);
    }

    #[test]
    fn integer_histograms_with_custom_buckets_come_back(list in samples(integer_values(true))) {
        check_samples(9, list.clone());
        check_samples(12, list);
    }

    #[test]
    fn float_histograms_come_back(list in samples(float_values(false))) {
        check_samples(8, list.clone());
        check_samples(13, list);
    }

    #[test]
    fn float_histograms_with_custom_buckets_come_back(list in samples(float_values(true))) {
        check_samples(10, list.clone());
        check_samples(13, list);
    }

    #[test]
    fn tombstones_come_back(list in prop::collection::vec(any::<(Ref, i64, i64)>(), 0..5)) {
        let list = list.into_iter();
        let list: Vec<_> = list
            .map(|(series, first_at, last_at)| Tombstone { series, first_at, last_at })
            .collect();
        let bytes = write::tombstones(&list);
        check_cuts(&bytes);
        prop_assert_eq!(Record::read(&bytes), Ok(Record::Tombstones(list)));
    }

    #[test]
    fn exemplars_come_back(
        list in prop::collection::vec((any::<(Ref, i64)>(), -1e9..1e9_f64, labels()), 0..5),
    ) {
        let list = list.into_iter();
        let list: Vec<_> = list
            .map(|((series, at), value, labels)| {
                (series, Exemplar { labels, value, at: Timestamp::from_millis(at) })
            })
            .collect();
        let bytes = write::exemplars(&list);
        check_cuts(&bytes);
        prop_assert_eq!(Record::read(&bytes), Ok(Record::Exemplars(list)));
    }

    #[test]
    fn markers_come_back(list in prop::collection::vec(any::<(Ref, u64)>(), 0..5)) {
        let list: Vec<_> =
            list.into_iter().map(|(series, chunk)| Marker { series, chunk }).collect();
        let bytes = write::markers(&list);
        check_cuts(&bytes);
        prop_assert_eq!(Record::read(&bytes), Ok(Record::Markers(list)));
    }

    #[test]
    fn metadata_comes_back(
        list in prop::collection::vec((any::<Ref>(), 0_usize..8, text(), text()), 0..5),
    ) {
        let list = list.into_iter();
        let list: Vec<_> = list
            .map(|(series, code, help, unit)| {
                (series, Metadata { metric_type: TYPES[code], help, unit })
            })
            .collect();
        let bytes = write::metadata(&list);
        check_cuts(&bytes);
        prop_assert_eq!(Record::read(&bytes), Ok(Record::Metadata(list)));
    }

    #[test]
    fn garbage_is_damage_and_no_panic(
        kind in 0_u8..20,
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        bytes.insert(0, kind);
        if Record::read(&bytes) == Ok(Record::Unknown(kind)) {
            prop_assert!(!(1..=13).contains(&kind));
        }
    }
}

#[test]
fn a_histogram_of_an_unknown_schema_is_counted_and_passed_over() {
    let known = IntegerHistogram { sum: 1.0, ..IntegerHistogram::default() };
    let mut finer = known.clone();
    finer.layout.schema = 60;
    let sample = |series, histogram| {
        let value = Value::Histogram(Arc::new(NativeHistogram::Integer(histogram)));
        Sample { series, at: 9, start: 0, value }
    };
    let list = [sample(1, known.clone()), sample(2, finer), sample(3, known.clone())];
    let wanted =
        Record::Samples { samples: vec![sample(1, known.clone()), sample(3, known)], unknown: 1 };
    assert_eq!(Record::read(&write::samples(7, &list)), Ok(wanted.clone()));
    assert_eq!(Record::read(&write::samples_with_start(12, &list)), Ok(wanted));
}

#[test]
fn a_histogram_of_a_finer_schema_is_read_as_the_finest_of_ours() {
    let layout = |schema, length| BucketLayout {
        schema,
        positive_spans: vec![Span { offset: 1, length }],
        ..BucketLayout::default()
    };
    let sample = |layout, positive_deltas| {
        let histogram =
            IntegerHistogram { layout, count: 5, sum: 1.0, positive_deltas, ..Default::default() };
        let value = Value::Histogram(Arc::new(NativeHistogram::Integer(histogram)));
        Sample { series: 1, at: 9, start: 0, value }
    };
    let finer = write::samples(7, &[sample(layout(9, 2), vec![2, 1])]);
    let wanted = Record::Samples { samples: vec![sample(layout(8, 1), vec![5])], unknown: 0 };
    assert_eq!(Record::read(&finer), Ok(wanted));
}

#[test]
fn labels_out_of_order_are_put_in_order() {
    let mut bytes = write::series(&[(7, Labels::empty())]);
    bytes.pop();
    bytes.extend_from_slice(b"\x02\x01b\x012\x01a\x011");
    let labels = Labels::from_pairs([("a", "1"), ("b", "2")]);
    assert_eq!(Record::read(&bytes), Ok(Record::Series(vec![(7, labels)])));
}
