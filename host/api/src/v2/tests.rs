//! What is told of times, bodies and labels.

use axum::body::Body;
use serde_json::Value;

use super::*;

#[test]
fn times_have_milliseconds() {
    assert_eq!(time(Timestamp::from_millis(0)), "1970-01-01T00:00:00.000Z");
    assert_eq!(time(Timestamp::from_millis(1_500)), "1970-01-01T00:00:01.500Z");
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_long_is_told_so() {
    let ask = |text: Vec<u8>| body::<Value>(Request::new(Body::from(text)), "alerts");
    assert_eq!(ask(b"[1]".to_vec()).await, Ok(json!([1])));
    let Err(Fault::Shape { status, message, .. }) = ask(b"[1".to_vec()).await else { panic!() };
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message.starts_with("parsing alerts body from \"\" failed, because EOF"), "{message}");
    let Err(Fault::Shape { status, .. }) = ask(vec![b' '; BODY_BYTES_MAX + 1]).await else {
        panic!()
    };
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
