//! Values as XOR with their predecessor: only a window of significant bits is written.
//!
//! Method: Pelkonen et al., "Gorilla", VLDB 2015. The codes are those of Prometheus.
#![expect(clippy::cast_possible_truncation, reason = "counts of bits are at most 64")]

use super::Damage;
use super::bits::{BitReader, BitWriter, READ_MAX};

/// No window of significant bits was written yet.
const NONE: u8 = 0xff;
/// The number of leading zeros is written in five bits.
const LEADING_MAX: u8 = 31;

/// Where the significant bits of the last difference lay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    leading: u8,
    trailing: u8,
}

impl Window {
    pub(super) const NONE: Self = Self { leading: NONE, trailing: 0 };

    /// `0`: no difference. `10`: in the window. `11`: a new window.
    #[inline]
    pub(super) fn write(&mut self, out: &mut BitWriter<'_>, difference: u64) {
        if difference == 0 {
            out.write(0b0, 1);
        } else if self.holds(difference) {
            out.write(0b10, 2);
            self.write_bits(out, difference);
        } else {
            out.write(0b11, 2);
            self.write_new(out, difference);
        }
    }

    #[inline(always)]
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<u64, Damage> {
        match bits.read_ones(2)? {
            0 => Ok(0),
            1 => self.read_bits(bits),
            _ => self.read_new(bits),
        }
    }

    /// As [`Self::read`], of a `word` just looked at of which `taken` bits are not wanted: one
    /// step where several would each look for the end. `taken` is at most 16.
    #[inline(always)]
    pub(super) fn read_behind(
        &mut self,
        bits: &mut BitReader<'_>,
        word: u64,
        taken: u8,
    ) -> Result<u64, Damage> {
        let word = word << taken;
        if word >> 63 == 0 {
            bits.skip(taken + 1)?;
            return Ok(0);
        }
        if word >> 62 == 0b11 {
            bits.skip(taken + 2)?;
            return self.read_new(bits);
        }
        if self.leading != NONE {
            let significant = self.significant();
            let all = taken + 2 + significant;
            if all <= READ_MAX {
                bits.skip(all)?;
                return Ok(word << 2 >> (64 - significant) << self.trailing);
            }
        }
        bits.skip(taken + 2)?;
        self.read_bits(bits)
    }

    /// Whether the window covers all significant bits of `difference`, which is not zero.
    #[inline]
    pub(super) fn holds(self, difference: u64) -> bool {
        let (leading, trailing) = bounds(difference);
        self.leading != NONE && leading >= self.leading && trailing >= self.trailing
    }

    #[inline]
    pub(super) fn write_bits(self, out: &mut BitWriter<'_>, difference: u64) {
        out.write(difference >> self.trailing, self.significant());
    }

    /// Opens a window around `difference`, which is not zero.
    #[inline]
    pub(super) fn write_new(&mut self, out: &mut BitWriter<'_>, difference: u64) {
        (self.leading, self.trailing) = bounds(difference);
        let significant = self.significant();
        // 64 significant bits are written as 0.
        out.write(u64::from(self.leading) << 6 | u64::from(significant & 63), 11);
        self.write_bits(out, difference);
    }

    #[inline(always)]
    pub(super) fn read_bits(&mut self, bits: &mut BitReader<'_>) -> Result<u64, Damage> {
        if self.leading == NONE {
            // An appender that was restored from a chunk without a window takes it for one of all
            // 64 bits.
            self.leading = 0;
        }
        Ok(bits.read(self.significant())? << self.trailing)
    }

    #[inline(always)]
    pub(super) fn read_new(&mut self, bits: &mut BitReader<'_>) -> Result<u64, Damage> {
        let header = bits.read(11)? as u16;
        let leading = (header >> 6) as u8;
        let significant = match header & 63 {
            0 => 64,
            significant => significant as u8,
        };
        let trailing = 64_u8.checked_sub(leading + significant).ok_or(Damage)?;
        *self = Self { leading, trailing };
        Ok(bits.read(significant)? << trailing)
    }

    #[inline]
    fn significant(self) -> u8 {
        64 - self.leading - self.trailing
    }
}

#[inline]
fn bounds(difference: u64) -> (u8, u8) {
    let leading = (difference.leading_zeros() as u8).min(LEADING_MAX);
    (leading, difference.trailing_zeros() as u8)
}

/// A float and its window.
#[derive(Clone, Copy, Debug)]
pub(super) struct XorValue {
    pub(super) bits: u64,
    window: Window,
}

impl XorValue {
    pub(super) const fn new(bits: u64) -> Self {
        Self { bits, window: Window::NONE }
    }

    pub(super) const fn value(self) -> f64 {
        f64::from_bits(self.bits)
    }

    #[inline]
    pub(super) fn write(&mut self, out: &mut BitWriter<'_>, bits: u64) {
        self.window.write(out, bits ^ self.bits);
        self.bits = bits;
    }

    #[inline]
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<(), Damage> {
        self.bits ^= self.window.read(bits)?;
        Ok(())
    }
}
