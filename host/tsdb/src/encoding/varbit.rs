//! Integers in a varying number of bits: a prefix of ones says how many follow.
//!
//! | prefix | bits | signed | unsigned |
//! |---|---|---|---|
//! | `0` | 0 | 0 | 0 |
//! | `10` | 3 | -3 ... 4 | ... 7 |
//! | `110` | 6 | -31 ... 32 | ... 63 |
//! | `1110` | 9 | -255 ... 256 | ... 511 |
//! | `11110` | 12 | -2047 ... 2048 | ... 4095 |
//! | `111110` | 18 | ... 131072 | ... 262143 |
//! | `1111110` | 25 | ... 2^24 | ... 2^25 - 1 |
//! | `11111110` | 56 | ... 2^55 | ... 2^56 - 1 |
//! | `11111111` | 64 | any | any |
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bits of integers are reinterpreted"
)]

use super::Damage;
use super::bits::{BitReader, BitWriter};

/// Bits that follow a prefix of so many ones.
const WIDTHS: [u8; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];
/// The last prefix has no zero at its end.
const ONES_MAX: u8 = 8;

fn write(out: &mut BitWriter<'_>, bits: u64, fits: impl Fn(u8) -> bool) {
    let found = WIDTHS.iter().enumerate().find(|(_, width)| fits(**width));
    let (ones, width) = found.map_or((ONES_MAX, 64), |(ones, width)| (ones as u8, *width));
    let ones_bits = (1 << ones) - 1;
    if ones == ONES_MAX {
        out.write(ones_bits, ones);
    } else {
        out.write(ones_bits << 1, ones + 1);
    }
    out.write(bits, width);
}

pub(super) fn write_signed(out: &mut BitWriter<'_>, value: i64) {
    write(out, value as u64, |width| fits(value, width));
}

pub(super) fn write_unsigned(out: &mut BitWriter<'_>, value: u64) {
    write(out, value, |width| value.leading_zeros() >= 64 - u32::from(width));
}

/// Whether `value` has a code of `width` bits: one more above zero than below.
pub(super) const fn fits(value: i64, width: u8) -> bool {
    match width {
        0 => value == 0,
        64.. => true,
        _ => {
            let half = 1_i64 << (width - 1);
            -(half - 1) <= value && value <= half
        }
    }
}

/// The number that `width` bits stand for, as [`fits`] has it.
pub(super) const fn extend(coded: u64, width: u8) -> i64 {
    if width == 64 || width == 0 {
        return coded as i64;
    }
    let (coded, half) = (coded as i64, 1_i64 << (width - 1));
    if coded > half { coded - 2 * half } else { coded }
}

#[inline]
fn read(bits: &mut BitReader<'_>) -> Result<(u64, u8), Damage> {
    let ones = bits.read_ones(ONES_MAX)?;
    if ones == 0 {
        return Ok((0, 0));
    }
    let width = *WIDTHS.get(usize::from(ones)).ok_or(Damage)?;
    Ok((bits.read(width)?, width))
}

#[inline]
pub(super) fn read_signed(bits: &mut BitReader<'_>) -> Result<i64, Damage> {
    let (coded, width) = read(bits)?;
    Ok(extend(coded, width))
}

#[inline]
pub(super) fn read_unsigned(bits: &mut BitReader<'_>) -> Result<u64, Damage> {
    Ok(read(bits)?.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: i64) -> usize {
        let mut bytes = Vec::new();
        let mut out = BitWriter { bytes: &mut bytes, free: 0 };
        write_signed(&mut out, value);
        let bits = 8 - usize::from(out.free);
        let bits = bits + 8 * (out.bytes.len() - 1);
        write_unsigned(&mut out, value as u64);
        let mut reader = BitReader::new(&bytes);
        assert_eq!(read_signed(&mut reader), Ok(value));
        assert_eq!(read_unsigned(&mut reader), Ok(value as u64));
        bits
    }

    #[test]
    fn each_width_ends_where_the_table_says() {
        let widths = [(4, 5), (-3, 5), (-4, 9), (32, 9), (33, 13), (256, 13), (2048, 17)];
        let wide = [(2049, 24), (131_072, 24), (1 << 24, 32), ((1 << 24) + 1, 64)];
        let widest = [(1 << 55, 64), ((1 << 55) + 1, 72), (i64::MIN, 72), (0, 1)];
        for (value, bits) in widths.into_iter().chain(wide).chain(widest) {
            assert_eq!(check(value), bits, "{value}");
        }
    }

    proptest! {
        #[test]
        fn integers_come_back(value: i64, shift in 0_u32..64) {
            check(value >> shift);
        }
    }
}
