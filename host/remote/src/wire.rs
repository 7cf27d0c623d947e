//! Protobuf, as far as `prometheus.WriteRequest` needs it: a walk over the bytes of a body.
//!
//! Always holds: what is handed out lies within the body; a list grows by what the body holds, never
//! by what it announces; a field of a known number with a wire type that it cannot have is an error,
//! a field of an unknown number is passed over, as protobuf demands.

mod histogram;
mod metadata;
mod series;

pub(crate) use self::histogram::histogram;
pub(crate) use self::metadata::metadata;
pub(crate) use self::series::{TimeSeries, exemplar, label};

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A field is longer than what is left.
    #[error("it ends within a field")]
    Truncated,
    /// A number of more than ten bytes.
    #[error("a number has more than 64 bits")]
    Overlong,
    /// No field has this number.
    #[error("a field has the number 0")]
    FieldZero,
    /// A known field of another kind, or a kind that there is not.
    #[error("field {field} has the wire type {wire_type}")]
    WireType {
        /// The field's number.
        field: u64,
        /// Its wire type.
        wire_type: u8,
    },
    /// The end of a group that did not begin.
    #[error("a group ends that did not begin")]
    Group,
    /// More than the log can hold.
    #[error("a histogram has more than {max} buckets or spans")]
    Buckets {
        /// The bound.
        max: usize,
    },
}

/// The content of a field, by wire type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Content<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

impl<'a> Content<'a> {
    fn wire_type(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Bytes(_) => 2,
            Self::Fixed32(_) => 5,
        }
    }

    fn mistyped(self, field: u64) -> Malformed {
        Malformed::WireType { field, wire_type: self.wire_type() }
    }

    fn bytes(self, field: u64) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Fixed64(_) | Self::Fixed32(_) => Err(self.mistyped(field)),
        }
    }

    fn varint(self, field: u64) -> Result<u64, Malformed> {
        match self {
            Self::Varint(value) => Ok(value),
            Self::Bytes(_) | Self::Fixed64(_) | Self::Fixed32(_) => Err(self.mistyped(field)),
        }
    }

    fn double(self, field: u64) -> Result<f64, Malformed> {
        match self {
            Self::Fixed64(bytes) => Ok(f64::from_le_bytes(bytes)),
            Self::Varint(_) | Self::Bytes(_) | Self::Fixed32(_) => Err(self.mistyped(field)),
        }
    }
}

/// The fields of a message, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next field's number and content.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Content<'a>)>, Malformed> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let tag = varint(&mut self.rest)?;
            let field = tag >> 3;
            if field == 0 {
                return Err(Malformed::FieldZero);
            }
            let content = match tag & 7 {
                0 => Content::Varint(varint(&mut self.rest)?),
                1 => Content::Fixed64(chunk(&mut self.rest)?),
                2 => Content::Bytes(bytes(&mut self.rest)?),
                3 => {
                    self.pass_group()?;
                    continue;
                }
                4 => return Err(Malformed::Group),
                5 => Content::Fixed32(chunk(&mut self.rest)?),
                6 => return Err(Malformed::WireType { field, wire_type: 6 }),
                _ => return Err(Malformed::WireType { field, wire_type: 7 }),
            };
            return Ok(Some((field, content)));
        }
    }

    /// Passes over a group and those within it: no message of ours has one.
    fn pass_group(&mut self) -> Result<(), Malformed> {
        let mut depth = 1_usize;
        while depth > 0 {
            let tag = varint(&mut self.rest)?;
            match tag & 7 {
                0 => {
                    varint(&mut self.rest)?;
                }
                1 => {
                    chunk::<8>(&mut self.rest)?;
                }
                2 => {
                    bytes(&mut self.rest)?;
                }
                3 => depth += 1,
                4 => depth -= 1,
                5 => {
                    chunk::<4>(&mut self.rest)?;
                }
                6 => return Err(Malformed::WireType { field: tag >> 3, wire_type: 6 }),
                _ => return Err(Malformed::WireType { field: tag >> 3, wire_type: 7 }),
            }
        }
        Ok(())
    }
}

/// A number of one to ten bytes, seven bits each, the lowest first.
#[inline]
pub(crate) fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    match rest.split_first() {
        Some((byte, tail)) if *byte < 0x80 => {
            *rest = tail;
            Ok(u64::from(*byte))
        }
        _ => long_varint(rest),
    }
}

fn long_varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for (index, byte) in (0..10).zip(rest.iter()) {
        // What the tenth byte has beyond 64 bits is dropped, as by every reader of protobuf.
        value |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            *rest = rest.get(index + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(if rest.len() < 10 { Malformed::Truncated } else { Malformed::Overlong })
}

#[inline]
fn chunk<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (found, tail) = rest.split_first_chunk::<N>().ok_or(Malformed::Truncated)?;
    *rest = tail;
    Ok(*found)
}

#[inline]
fn bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(varint(rest)?).map_err(|_| Malformed::Truncated)?;
    let (found, tail) = rest.split_at_checked(len).ok_or(Malformed::Truncated)?;
    *rest = tail;
    Ok(found)
}

/// The low 32 bits: what protobuf makes of a number that is too large for its field.
fn low_32(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// A signed number whose sign stands in the lowest bit.
fn zigzag_64(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

fn zigzag_32(value: u64) -> i32 {
    let value = low_32(value);
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
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
            Some((1, content)) => return content.bytes(1).map(Part::Series).map(Some),
            Some((3, content)) => return content.bytes(3).map(Part::Metadata).map(Some),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
