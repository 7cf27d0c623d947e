//! Integers of variable length: seven bits a byte, least significant first, as in Go and protobuf.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "zigzag and base 128 reinterpret bits"
)]

use super::Damage;

/// The longest an encoded integer gets.
const VARINT_BYTES_MAX: usize = 10;

pub(crate) fn push_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn push_signed(out: &mut Vec<u8>, value: i64) {
    push_unsigned(out, zigzag(value));
}

pub(crate) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_unsigned(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Small magnitudes become small numbers: 0, -1, 1, -2 … are 0, 1, 2, 3 …
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(crate) const fn unzigzag(coded: u64) -> i64 {
    (coded >> 1) as i64 ^ -((coded & 1) as i64)
}

/// Walks over bytes with checked steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Damage> {
        let (first, rest) = self.rest.split_first().ok_or(Damage)?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Damage)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Damage)?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub(crate) fn unsigned(&mut self) -> Result<u64, Damage> {
        let mut value = 0;
        for index in 0..VARINT_BYTES_MAX {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if index == VARINT_BYTES_MAX - 1 && byte > 1 {
                return Err(Damage);
            }
            value |= bits << (7 * index);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damage)
    }

    #[inline]
    pub(crate) fn signed(&mut self) -> Result<i64, Damage> {
        Ok(unzigzag(self.unsigned()?))
    }

    /// A count of things that follow, each of at least `bytes_each` bytes: so it cannot make the
    /// reader reserve more than was read.
    pub(crate) fn count(&mut self, bytes_each: usize) -> Result<usize, Damage> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| Damage)?;
        match count.checked_mul(bytes_each) {
            Some(bytes) if bytes <= self.remaining() => Ok(count),
            _ => Err(Damage),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damage> {
        let count = self.count(1)?;
        self.take(count)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Damage> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damage)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_come_back(unsigned: u64, signed: i64) {
            let mut bytes = Vec::new();
            push_unsigned(&mut bytes, unsigned);
            push_signed(&mut bytes, signed);
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.unsigned(), Ok(unsigned));
            prop_assert_eq!(cursor.signed(), Ok(signed));
            prop_assert!(cursor.is_empty());
        }
    }

    #[test]
    fn an_integer_beyond_64_bits_is_damage() {
        assert_eq!(Cursor::new(&[0xff; 10]).unsigned(), Err(Damage));
        assert_eq!(Cursor::new(&[0x80]).unsigned(), Err(Damage));
        assert_eq!(Cursor::new(&[0x7f, 1]).count(1), Err(Damage));
    }
}
