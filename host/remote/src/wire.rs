//! `prometheus.WriteRequest`, as it lies in the bytes of a body.
//!
//! Always holds: what is handed out lies within the body; a list grows by what the body holds, never
//! by what it announces; a field of a known number with a wire type that it cannot have is an error,
//! a field of an unknown number is passed over, as protobuf demands.

use narthex_model::protobuf;
pub(crate) use narthex_model::protobuf::Fields;

mod histogram;
mod metadata;
mod series;

pub(crate) use self::histogram::histogram;
pub(crate) use self::metadata::metadata;
pub(crate) use self::series::{TimeSeries, exemplar, label};

/// Why bytes are no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They are no message.
    #[error(transparent)]
    Message(#[from] protobuf::Malformed),
    /// More than the log can hold.
    #[error("a histogram has more than {max} buckets or spans")]
    Buckets {
        /// The bound.
        max: usize,
    },
}

/// What a `WriteRequest` is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Part<'a> {
    /// A `TimeSeries`.
    Series(&'a [u8]),
    /// A `MetricMetadata`.
    Metadata(&'a [u8]),
}

/// The next part of a `WriteRequest`.
#[inline]
pub(crate) fn next_part<'a>(request: &mut Fields<'a>) -> Result<Option<Part<'a>>, Malformed> {
    loop {
        match request.next()? {
            None => return Ok(None),
            Some((1, content)) => return Ok(Some(Part::Series(content.bytes(1)?))),
            Some((3, content)) => return Ok(Some(Part::Metadata(content.bytes(3)?))),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
