//! Bytes by hand, and round trips of whatever can be said.

use narthex_model::{
    BucketLayout, CounterReset, FloatHistogram, IntegerHistogram, MetricType, NativeHistogram, Span,
};
use proptest::prelude::*;

use super::*;
use crate::encode::{self, Exemplar, Family, Pair};
use crate::testing;

#[track_caller]
fn check(bytes: &[u8], expected: Result<usize, Malformed>) {
    let found = testing::decode(bytes).map(|(series, families)| series.len() + families.len());
    assert_eq!(found, expected);
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    check(b"", Ok(0));
    // Field 2, which is reserved: a number, a text; fields of fixed length; groups within groups.
    check(b"\x10\xac\x02\x12\x02ab", Ok(0));
    check(b"\x11\0\0\0\0\0\0\0\0\x15\0\0\0\0", Ok(0));
    check(b"\x13\x08\x01\x1b\x12\x01a\x1c\x14\x0a\0", Ok(1));
    // Field 536,870,911, the last there may be.
    check(b"\xf8\xff\xff\xff\x0f\x01", Ok(0));
    check(b"\x0a\0\x1a\0\x0a\0", Ok(3));
}

#[test]
fn what_cannot_be_read_is_said() {
    check(b"\x0a", Err(protobuf::Malformed::Truncated.into()));
    check(b"\x0a\x05ab", Err(protobuf::Malformed::Truncated.into()));
    check(
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        Err(protobuf::Malformed::Truncated.into()),
    );
    check(b"\x80", Err(protobuf::Malformed::Truncated.into()));
    check(&[0x80; 11], Err(protobuf::Malformed::Overlong.into()));
    check(b"\x02\0", Err(protobuf::Malformed::FieldZero.into()));
    check(b"\x08\x01", Err(protobuf::Malformed::WireType { field: 1, wire_type: 0 }.into()));
    check(b"\x0e", Err(protobuf::Malformed::WireType { field: 1, wire_type: 6 }.into()));
    check(b"\x14", Err(protobuf::Malformed::Group.into()));
    check(b"\x13\x08\x01", Err(protobuf::Malformed::Truncated.into()));
    // A sample whose time is a text; a packed list of doubles with seven bytes.
    check(
        b"\x0a\x04\x12\x02\x12\0",
        Err(protobuf::Malformed::WireType { field: 2, wire_type: 2 }.into()),
    );
    check(b"\x0a\x0b\x22\x09\x6a\x07\0\0\0\0\0\0\0", Err(protobuf::Malformed::Truncated.into()));
}

#[test]
fn a_sample_may_leave_out_what_is_zero() {
    let samples = |message: &[u8]| {
        let mut series = TimeSeries::default();
        series.read(message, 10).map(|_| series.samples.clone())
    };
    assert_eq!(samples(b"\x12\0\x12\x02\x10\x07"), Ok(vec![(0, 0.0), (7, 0.0)]));
    // Time before value, and once more: the last counts.
    let message = b"\x12\x0d\x10\x07\x09\0\0\0\0\0\0\xf0\x3f\x10\x08";
    assert_eq!(samples(message), Ok(vec![(8, 1.0)]));
    // A time before 1970 takes ten bytes.
    let message = b"\x12\x14\x09\0\0\0\0\0\0\xf0\x3f\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert_eq!(samples(message), Ok(vec![(-1, 1.0)]));
}

#[test]
fn a_row_of_labels_is_found_where_it_is_one() {
    let row = |message: &'static [u8]| {
        let mut series = TimeSeries::default();
        series.read(message, 10).unwrap();
        (series.labels.len(), series.label_bytes)
    };
    assert_eq!(row(b"\x0a\x01a\x0a\x01b\x12\0"), (2, Some(&b"\x0a\x01a\x0a\x01b"[..])));
    assert_eq!(row(b"\x12\0\x0a\x01a\x0a\x01b"), (2, Some(&b"\x0a\x01a\x0a\x01b"[..])));
    assert_eq!(row(b"\x0a\x01a\x12\0\x0a\x01b"), (2, None));
    assert_eq!(row(b"\x12\0"), (0, Some(&b""[..])));
}

#[test]
fn a_histogram_of_too_many_buckets_is_refused() {
    let histogram = |deltas: usize| {
        let one = IntegerHistogram { positive_deltas: vec![0; deltas], ..Default::default() };
        let series = encode::TimeSeries::default().with_histogram(1, NativeHistogram::Integer(one));
        testing::decode(&testing::encode(&[series], &[])).map(|_| ())
    };
    assert_eq!(histogram(1 << 16), Ok(()));
    assert_eq!(histogram((1 << 16) + 1), Err(Malformed::Buckets { max: 1 << 16 }));
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-z_]{0,12}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..300)
    ]
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    proptest::collection::vec((text(), text()), 0..8)
}

/// NaN is not itself: numbers are compared as they are.
fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_map(|value| if value.is_nan() { 0.5 } else { value })
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let span = (any::<i32>(), any::<u32>()).prop_map(|(offset, length)| Span { offset, length });
    proptest::collection::vec(span, 0..4)
}

fn layout() -> impl Strategy<Value = BucketLayout> {
    let bounds = proptest::collection::vec(number(), 0..4);
    (any::<i32>(), number(), spans(), spans(), bounds).prop_map(
        |(schema, zero_threshold, positive_spans, negative_spans, custom_bounds)| BucketLayout {
            schema,
            zero_threshold,
            positive_spans,
            negative_spans,
            custom_bounds,
        },
    )
}

fn histogram() -> impl Strategy<Value = NativeHistogram> {
    let reset = proptest::sample::select(&[
        CounterReset::Unknown,
        CounterReset::Reset,
        CounterReset::NotReset,
        CounterReset::Gauge,
    ]);
    let whole = (any::<u64>(), any::<u64>(), any::<Vec<i64>>(), any::<Vec<i64>>());
    let counts = || proptest::collection::vec(number(), 0..5);
    let fractional = (number(), number(), counts(), counts());
    (any::<bool>(), reset, layout(), number(), whole, fractional).prop_map(
        |(is_float, reset, layout, sum, whole, fractional)| {
            if is_float {
                let (count, zero_count, positive_counts, negative_counts) = fractional;
                NativeHistogram::Float(FloatHistogram {
                    reset,
                    layout,
                    count,
                    zero_count,
                    sum,
                    positive_counts,
                    negative_counts,
                })
            } else {
                let (count, zero_count, positive_deltas, negative_deltas) = whole;
                NativeHistogram::Integer(IntegerHistogram {
                    reset,
                    layout,
                    count,
                    zero_count,
                    sum,
                    positive_deltas,
                    negative_deltas,
                })
            }
        },
    )
}

fn series() -> impl Strategy<Value = encode::TimeSeries> {
    let exemplar = (pairs(), number(), any::<i64>()).prop_map(|(labels, value, at)| Exemplar {
        labels,
        value,
        at,
    });
    (
        pairs(),
        proptest::collection::vec((any::<i64>(), number()), 0..5),
        proptest::collection::vec((any::<i64>(), histogram()), 0..3),
        proptest::collection::vec(exemplar, 0..3),
    )
        .prop_map(|(labels, samples, histograms, exemplars)| encode::TimeSeries {
            labels,
            samples,
            histograms,
            exemplars,
        })
}

fn family() -> impl Strategy<Value = Family> {
    let metric_type = proptest::sample::select(&[
        MetricType::Unknown,
        MetricType::Counter,
        MetricType::Gauge,
        MetricType::Histogram,
        MetricType::GaugeHistogram,
        MetricType::Summary,
        MetricType::Info,
        MetricType::StateSet,
    ]);
    (text(), metric_type, text(), text()).prop_map(|(name, metric_type, help, unit)| Family {
        name,
        metric_type,
        help,
        unit,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        series in proptest::collection::vec(series(), 0..4),
        families in proptest::collection::vec(family(), 0..3),
    ) {
        let bytes = testing::encode(&series, &families);
        prop_assert_eq!(testing::decode(&bytes), Ok((series, families)));
    }

    #[test]
    fn a_cut_or_changed_message_is_read_or_refused(
        series in proptest::collection::vec(series(), 0..3),
        cut in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = testing::encode(&series, &[]);
        let at = cut.index(bytes.len() + 1);
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
            testing::decode(&bytes).ok();
        }
        bytes.truncate(at);
        testing::decode(&bytes).ok();
    }
}
