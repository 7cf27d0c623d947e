//! Protobuf as far as every reader and writer of it needs: a walk over the fields of a message.
//!
//! Always holds: what is handed out lies within the message; a field of an unknown number is the
//! caller's to pass over, as protobuf demands.

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
}

/// The content of a field, by wire type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64([u8; 8]),
    /// Wire type 2.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32([u8; 4]),
}

impl<'a> Content<'a> {
    const fn wire_type(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Bytes(_) => 2,
            Self::Fixed32(_) => 5,
        }
    }

    /// What it is when `field` cannot be of this wire type.
    #[must_use]
    pub const fn mistyped(self, field: u64) -> Malformed {
        Malformed::WireType { field, wire_type: self.wire_type() }
    }

    /// Bytes, a text or a message.
    ///
    /// # Errors
    /// When it is something else.
    pub const fn bytes(self, field: u64) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Fixed64(_) | Self::Fixed32(_) => Err(self.mistyped(field)),
        }
    }

    /// A number of variable length.
    ///
    /// # Errors
    /// When it is something else.
    pub const fn varint(self, field: u64) -> Result<u64, Malformed> {
        match self {
            Self::Varint(value) => Ok(value),
            Self::Bytes(_) | Self::Fixed64(_) | Self::Fixed32(_) => Err(self.mistyped(field)),
        }
    }

    /// A double.
    ///
    /// # Errors
    /// When it is something else.
    pub const fn double(self, field: u64) -> Result<f64, Malformed> {
        match self {
            Self::Fixed64(bytes) => Ok(f64::from_le_bytes(bytes)),
            Self::Varint(_) | Self::Bytes(_) | Self::Fixed32(_) => Err(self.mistyped(field)),
        }
    }

    /// The numbers of a repeated field: one, or several packed into one.
    ///
    /// # Errors
    /// When it is something else, or a number is none.
    pub fn each_varint(self, field: u64, mut take: impl FnMut(u64)) -> Result<(), Malformed> {
        match self {
            Self::Varint(value) => take(value),
            Self::Bytes(mut packed) => {
                while !packed.is_empty() {
                    take(varint(&mut packed)?);
                }
            }
            Self::Fixed64(_) | Self::Fixed32(_) => return Err(self.mistyped(field)),
        }
        Ok(())
    }

    /// The doubles of a repeated field: one, or several packed into one.
    ///
    /// # Errors
    /// When it is something else, or the last one is cut.
    pub fn each_double(self, field: u64, mut take: impl FnMut(f64)) -> Result<(), Malformed> {
        match self {
            Self::Fixed64(bytes) => take(f64::from_le_bytes(bytes)),
            Self::Bytes(packed) => {
                let (all, rest) = packed.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(Malformed::Truncated);
                }
                all.iter().for_each(|bytes| take(f64::from_le_bytes(*bytes)));
            }
            Self::Varint(_) | Self::Fixed32(_) => return Err(self.mistyped(field)),
        }
        Ok(())
    }
}

/// The fields of a message, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// A walk from the start of `message`.
    #[must_use]
    pub const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Bytes that are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next field's number and content; `None` behind the last.
    ///
    /// # Errors
    /// When the bytes are no message.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an iterator would go on behind an error")]
    pub fn next(&mut self) -> Result<Option<(u64, Content<'a>)>, Malformed> {
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
                2 => Content::Bytes(delimited(&mut self.rest)?),
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
                    delimited(&mut self.rest)?;
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

/// Takes a number of one to ten bytes, seven bits each, the lowest first.
///
/// # Errors
/// When there is none.
#[inline]
pub fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
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

/// Takes as many bytes as a number before them says.
///
/// # Errors
/// When there are fewer.
#[inline]
pub fn delimited<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(varint(rest)?).map_err(|_| Malformed::Truncated)?;
    let (found, tail) = rest.split_at_checked(len).ok_or(Malformed::Truncated)?;
    *rest = tail;
    Ok(found)
}

/// The low 32 bits: what protobuf makes of a number that is too large for its field.
#[must_use]
pub fn low_32(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// A signed number whose sign stands in the lowest bit.
#[must_use]
pub const fn zigzag_64(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// The same of 32 bits.
#[must_use]
pub fn zigzag_32(value: u64) -> i32 {
    let value = low_32(value);
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Appends a number, seven bits a byte.
pub fn push_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Appends a field that is a number.
pub fn push_number(field: u64, value: u64, out: &mut Vec<u8>) {
    push_varint(field << 3, out);
    push_varint(value, out);
}

/// Appends a field that is a double.
pub fn push_double(field: u64, value: f64, out: &mut Vec<u8>) {
    push_varint(field << 3 | 1, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a field that is bytes, a text or a message.
pub fn push_bytes(field: u64, bytes: &[u8], out: &mut Vec<u8>) {
    push_varint(field << 3 | 2, out);
    push_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A signed number with its sign in the lowest bit.
#[must_use]
pub const fn to_zigzag_64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn broken_messages_are_told() {
        let first = |bytes: &[u8]| Fields::new(bytes).next().map(|_| ());
        assert_eq!(first(&[0x0a, 5, 1]), Err(Malformed::Truncated));
        assert_eq!(first(&[0xff; 11]), Err(Malformed::Overlong));
        assert_eq!(first(&[0x02, 0]), Err(Malformed::FieldZero));
        assert_eq!(first(&[0x0c]), Err(Malformed::Group));
        assert_eq!(first(&[0x0e]), Err(Malformed::WireType { field: 1, wire_type: 6 }));
        assert_eq!(first(&[0x0b, 0x13, 0x14, 0x0c]), Ok(()), "groups are passed over");
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_walked(number in any::<u64>(), double in any::<f64>(), text in ".{0,200}") {
            let mut bytes = Vec::new();
            push_number(1, number, &mut bytes);
            push_double(2, double, &mut bytes);
            push_bytes(17, text.as_bytes(), &mut bytes);
            let mut fields = Fields::new(&bytes);
            prop_assert_eq!(fields.next(), Ok(Some((1, Content::Varint(number)))));
            prop_assert_eq!(fields.next(), Ok(Some((2, Content::Fixed64(double.to_le_bytes())))));
            prop_assert_eq!(fields.next(), Ok(Some((17, Content::Bytes(text.as_bytes())))));
            prop_assert_eq!(fields.next(), Ok(None));
        }

        #[test]
        fn signs_go_to_the_lowest_bit_and_back(value in any::<i64>(), small in any::<i32>()) {
            prop_assert_eq!(zigzag_64(to_zigzag_64(value)), value);
            prop_assert_eq!(zigzag_32(to_zigzag_64(small.into())), small);
        }
    }
}
