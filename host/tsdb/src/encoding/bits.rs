//! A stream of bits, most significant first, over bytes.
#![expect(clippy::cast_possible_truncation, reason = "bits are cut out of words on purpose")]

use super::Damage;

/// Appends bits to bytes. `free` counts the unused low bits of the last byte.
pub(crate) struct BitWriter<'a> {
    pub(crate) bytes: &'a mut Vec<u8>,
    pub(crate) free: u8,
}

impl BitWriter<'_> {
    /// Appends the low `count` bits of `bits`; `count` is at most 64.
    pub(crate) fn write(&mut self, bits: u64, count: u8) {
        debug_assert!(count <= 64, "a word has 64 bits");
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let take = left.min(self.free);
            let part = (bits >> (left - take)) & ((1 << take) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part as u8) << (self.free - take);
            }
            self.free -= take;
            left -= take;
        }
    }

    pub(crate) fn write_byte(&mut self, byte: u8) {
        self.write(u64::from(byte), 8);
    }
}

/// Reads bits from bytes.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits taken from `bytes` and not yet given out, at the low end.
    word: u64,
    left: u8,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, word: 0, left: 0 }
    }

    /// The next `count` bits, at most 64.
    pub(crate) fn read(&mut self, count: u8) -> Result<u64, Damage> {
        if count > 56 {
            let high = self.read(count - 32)?;
            return Ok((high << 32) | self.read(32)?);
        }
        if self.left < count {
            self.refill(count)?;
        }
        self.left -= count;
        Ok((self.word >> self.left) & ((1 << count) - 1))
    }

    pub(crate) fn read_bit(&mut self) -> Result<bool, Damage> {
        Ok(self.read(1)? == 1)
    }

    /// How many bits of the byte read last were not given out.
    pub(crate) fn unused_bits(&self) -> u8 {
        self.left % 8
    }

    /// How many bytes were touched of those given.
    pub(crate) fn rest(&self) -> usize {
        self.bytes.len() + usize::from(self.left / 8)
    }

    #[inline]
    fn refill(&mut self, count: u8) -> Result<(), Damage> {
        while self.left < count {
            let (first, rest) = self.bytes.split_first().ok_or(Damage)?;
            self.bytes = rest;
            self.word = (self.word << 8) | u64::from(*first);
            self.left += 8;
        }
        Ok(())
    }
}
