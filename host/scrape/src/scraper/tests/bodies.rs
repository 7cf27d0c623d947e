//! Protobuf bodies in the making.

use narthex_model::protobuf::{push_bytes, push_double, push_number, push_varint, to_zigzag_64};

/// A message.
#[derive(Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn text(mut self, field: u64, text: &str) -> Self {
        push_bytes(field, text.as_bytes(), &mut self.0);
        self
    }

    pub(super) fn number(mut self, field: u64, number: u64) -> Self {
        push_number(field, number, &mut self.0);
        self
    }

    pub(super) fn double(mut self, field: u64, number: f64) -> Self {
        push_double(field, number, &mut self.0);
        self
    }

    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        push_bytes(field, bytes, &mut self.0);
        self
    }

    pub(super) fn with(mut self, field: u64, inner: &Self) -> Self {
        push_bytes(field, &inner.0, &mut self.0);
        self
    }

    /// A number that takes a sign.
    pub(super) fn signed(self, field: u64, number: i64) -> Self {
        self.number(field, to_zigzag_64(number))
    }

    pub(super) fn packed(mut self, field: u64, numbers: &[i64]) -> Self {
        let mut packed = Vec::new();
        numbers.iter().for_each(|number| push_varint(to_zigzag_64(*number), &mut packed));
        push_bytes(field, &packed, &mut self.0);
        self
    }
}

/// A histogram of schema 3, with as many observations in each of `buckets` that follow one another;
/// `bounds` are those of its classic buckets, which hold them all.
pub(super) fn histogram(per_bucket: u64, buckets: u32, bounds: &[f64]) -> Message {
    let count = per_bucket * u64::from(buckets);
    let mut deltas = vec![0; usize::try_from(buckets).unwrap()];
    deltas[0] = i64::try_from(per_bucket).unwrap();
    let span = Message::new().signed(1, 0).number(2, buckets.into());
    let mut message = Message::new().number(1, count).double(2, 1.5).signed(5, 3).double(6, 0.001);
    message = message.with(12, &span).packed(13, &deltas);
    for bound in bounds {
        message = message.with(3, &Message::new().number(1, count).double(2, *bound));
    }
    message
}

/// A body of one family `h` of histograms.
pub(super) fn body(histogram: &Message) -> Vec<u8> {
    let metric = Message::new().with(7, histogram);
    let family = Message::new().text(1, "h").number(3, 4).with(4, &metric);
    let mut body = Vec::new();
    push_varint(family.0.len() as u64, &mut body);
    body.extend_from_slice(&family.0);
    body
}
