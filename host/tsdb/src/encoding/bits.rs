//! A stream of bits, most significant first, over bytes.
//!
//! Reader and writer move words, not bits: eight bytes are loaded or stored at once wherever as
//! many are there.
#![expect(clippy::cast_possible_truncation, reason = "bits are cut out of words on purpose")]

use super::Damage;

/// Bits that the reader gives out at once; a refill brings at least as many.
pub(super) const READ_MAX: u8 = 56;

/// Appends bits to bytes. `free` counts the unused low bits of the last byte.
pub(crate) struct BitWriter<'a> {
    pub(crate) bytes: &'a mut Vec<u8>,
    pub(crate) free: u8,
}

impl BitWriter<'_> {
    /// Appends the low `count` bits of `bits`; `count` is at most 64.
    #[inline]
    pub(crate) fn write(&mut self, bits: u64, count: u8) {
        debug_assert!(count <= 64, "a word has 64 bits");
        if count == 0 {
            return;
        }
        let mut word = bits << (64 - count);
        let mut left = count;
        if self.free > 0 {
            if let Some(last) = self.bytes.last_mut() {
                *last |= (word >> (64 - self.free)) as u8;
            }
            if left <= self.free {
                self.free -= left;
                return;
            }
            word <<= self.free;
            left -= self.free;
        }
        let whole = left.div_ceil(8);
        let len = self.bytes.len();
        if self.bytes.capacity() - len >= 8 {
            // Eight bytes in one store, of which the surplus is taken back.
            self.bytes.extend_from_slice(&word.to_be_bytes());
            self.bytes.truncate(len + usize::from(whole));
        } else {
            self.bytes.extend(word.to_be_bytes().into_iter().take(usize::from(whole)));
        }
        self.free = whole * 8 - left;
    }

    pub(crate) fn write_byte(&mut self, byte: u8) {
        self.write(u64::from(byte), 8);
    }

    /// A varint, seven bits a byte, wherever in a byte it begins.
    pub(crate) fn write_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.write_byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.write_byte(value as u8);
    }
}

/// Reads bits from bytes.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits taken from `bytes` and not yet given out, at the high end. Below the `left` highest
    /// stand bits that the next refill brings again.
    word: u64,
    left: u8,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, word: 0, left: 0 }
    }

    /// The next `count` bits, at most 64.
    #[inline(always)]
    pub(crate) fn read(&mut self, count: u8) -> Result<u64, Damage> {
        if count > READ_MAX {
            return self.read_long(count);
        }
        self.read_short(count)
    }

    #[inline(always)]
    fn read_short(&mut self, count: u8) -> Result<u64, Damage> {
        if self.left < count {
            self.refill();
            if self.left < count {
                return Err(Damage);
            }
        }
        // Two shifts, because none by 64 exists.
        let bits = (self.word >> 1) >> (63 - count);
        self.word <<= count;
        self.left -= count;
        Ok(bits)
    }

    /// Apart, so that the usual case is inlined, and on a copy, so that the usual reader stays in
    /// registers: a call with its address would put it into memory at every sample.
    #[inline(always)]
    fn read_long(&mut self, count: u8) -> Result<u64, Damage> {
        #[inline(never)]
        fn read<'a>(mut reader: BitReader<'a>, count: u8) -> Result<(u64, BitReader<'a>), Damage> {
            let high = reader.read_short(count - 32)?;
            let low = reader.read_short(32)?;
            Ok((high << 32 | low, reader))
        }
        let (bits, after) = read(self.clone(), count)?;
        *self = after;
        Ok(bits)
    }

    #[inline]
    pub(crate) fn read_bit(&mut self) -> Result<bool, Damage> {
        Ok(self.read(1)? == 1)
    }

    /// Takes the bits up to and with the first zero, at most `max` of them; answers the ones.
    #[inline(always)]
    pub(crate) fn read_ones(&mut self, max: u8) -> Result<u8, Damage> {
        if self.left < max + 1 {
            self.refill();
        }
        let ones = self.word.leading_ones().min(u32::from(max)) as u8;
        let taken = if ones == max { max } else { ones + 1 };
        if self.left < taken {
            return Err(Damage);
        }
        self.word <<= taken;
        self.left -= taken;
        Ok(ones)
    }

    /// The next 64 bits without taking them; those past the end are zero. Only `READ_MAX` of them
    /// are sure to be there.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> u64 {
        if self.left < READ_MAX {
            self.refill();
        }
        self.word
    }

    /// Takes `count` bits that were looked at, at most [`READ_MAX`].
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u8) -> Result<(), Damage> {
        if self.left < count {
            return Err(Damage);
        }
        self.word <<= count;
        self.left -= count;
        Ok(())
    }

    /// A varint, seven bits a byte, wherever in a byte it begins.
    pub(crate) fn read_varint(&mut self) -> Result<u64, Damage> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.read(8)?;
            if shift == 63 && byte > 1 {
                return Err(Damage);
            }
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damage)
    }

    /// How many bits of the byte read last were not given out.
    pub(crate) fn unused_bits(&self) -> u8 {
        self.left % 8
    }

    /// How many bytes were not touched of those given.
    pub(crate) fn rest(&self) -> usize {
        self.bytes.len() + usize::from(self.left / 8)
    }

    /// How many bits are left.
    pub(crate) fn rest_bits(&self) -> usize {
        self.bytes.len() * 8 + usize::from(self.left)
    }

    #[inline(always)]
    fn refill(&mut self) {
        if let Some(next) = self.bytes.first_chunk::<8>() {
            self.word |= u64::from_be_bytes(*next) >> self.left;
            let taken = (63 - self.left) / 8;
            self.bytes = self.bytes.get(usize::from(taken)..).unwrap_or_default();
            self.left += taken * 8;
        } else {
            *self = self.clone().refilled_at_the_end();
        }
    }

    /// On a copy, as [`Self::read_long`].
    #[cold]
    fn refilled_at_the_end(mut self) -> Self {
        while self.left <= READ_MAX
            && let Some((first, rest)) = self.bytes.split_first()
        {
            self.bytes = rest;
            self.word |= u64::from(*first) << (READ_MAX - self.left);
            self.left += 8;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_come_back(parts in prop::collection::vec((any::<u64>(), 0_u8..=64), 0..60)) {
            let (mut bytes, mut free) = (Vec::new(), 0);
            for (bits, count) in &parts {
                let mut out = BitWriter { bytes: &mut bytes, free };
                out.write(*bits, *count);
                free = out.free;
            }
            let mut reader = BitReader::new(&bytes);
            for (bits, count) in &parts {
                let expected = if *count == 64 { *bits } else { bits & ((1 << count) - 1) };
                prop_assert_eq!(reader.read(*count), Ok(expected));
            }
            prop_assert_eq!((reader.rest(), reader.unused_bits()), (0, free));
        }

        #[test]
        fn ones_are_counted_up_to_a_zero(runs in prop::collection::vec(0_u8..=9, 0..60)) {
            let mut bytes = Vec::new();
            let mut out = BitWriter { bytes: &mut bytes, free: 0 };
            for ones in &runs {
                out.write((1 << ones) - 1, *ones);
                if *ones < 9 {
                    out.write(0, 1);
                }
            }
            let mut reader = BitReader::new(&bytes);
            for ones in &runs {
                prop_assert_eq!(reader.read_ones(9), Ok(*ones));
            }
        }
    }

    #[test]
    fn reading_past_the_end_is_damage() {
        let mut reader = BitReader::new(&[0xff, 0x80]);
        assert_eq!(reader.read_ones(8), Ok(8));
        assert_eq!(reader.peek(), 0x80 << 56);
        assert_eq!(reader.read(9), Err(Damage));
        assert_eq!(reader.read(8), Ok(0x80));
        assert_eq!(reader.read_bit(), Err(Damage));
        assert_eq!(BitReader::new(&[0xff]).read_ones(20), Err(Damage));
    }
}
