//! Samples of all kinds by remote write 1.0, to a host or to a peer.

use narthex_harness::http;
use narthex_model::{BucketLayout, FloatHistogram, IntegerHistogram, NativeHistogram, Span};
use narthex_remote::encode::{HEADERS, TimeSeries, body};

/// Sends one request.
#[track_caller]
pub(crate) fn send(address: &str, series: &[TimeSeries]) -> http::Response {
    send_body(address, &body(series))
}

/// Sends a body as it is.
#[track_caller]
pub(crate) fn send_body(address: &str, body: &[u8]) -> http::Response {
    let url = format!("http://{address}/api/v1/write");
    http::send("POST", &url, &HEADERS, body).expect("the receiver answers")
}

/// A native histogram of whole or of fractional counts: two positive buckets and a negative one.
pub(crate) fn buckets(is_float: bool, [low, high, negative]: [u32; 3]) -> NativeHistogram {
    let layout = BucketLayout {
        schema: 1,
        zero_threshold: 0.001,
        positive_spans: vec![Span { offset: -1, length: 2 }],
        negative_spans: vec![Span { offset: 1, length: 1 }],
        ..BucketLayout::default()
    };
    let count = low + high + negative;
    let sum = f64::from(count) * 1.5;
    if is_float {
        return NativeHistogram::Float(FloatHistogram {
            layout,
            count: f64::from(count),
            sum,
            positive_counts: vec![f64::from(low), f64::from(high)],
            negative_counts: vec![f64::from(negative)],
            ..FloatHistogram::default()
        });
    }
    NativeHistogram::Integer(IntegerHistogram {
        layout,
        count: u64::from(count),
        sum,
        positive_deltas: vec![i64::from(low), i64::from(high) - i64::from(low)],
        negative_deltas: vec![i64::from(negative)],
        ..IntegerHistogram::default()
    })
}
