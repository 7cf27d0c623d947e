//! Values that people write with a few digits behind the point, as whole numbers.
//!
//! A float that was parsed from `m / 10^k` is `m as f64 / 10^k` to the bit when both are exact,
//! which holds up to 2^53 and 10^22; it is checked all the same.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "mantissas are checked to lie below 2^53, and there are eleven scales"
)]

use crate::encoding::Damage;

const POWERS: [f64; 11] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];
/// Above it a float no longer holds every integer.
const MANTISSA_MAX: f64 = 9_007_199_254_740_991.0;
/// Bits that one more digit costs each sample, times ten.
const DIGIT_TENTHS: usize = 33;
/// Bits that a value beside the column costs, times ten.
const EXCEPTION_TENTHS: usize = 800;

/// The `m` for which the value is exactly `m / 10^scale`.
#[inline]
pub(super) fn mantissa(value: f64, scale: u8) -> Option<i64> {
    let power = POWERS.get(usize::from(scale))?;
    let scaled = value * power;
    if scaled.is_nan() || scaled.abs() > MANTISSA_MAX {
        return None;
    }
    let mut mantissa = scaled as i64;
    if mantissa as f64 != scaled {
        // Rounding to the nearest integer is a call where the machine lacks the instruction.
        mantissa = (scaled + 0.5_f64.copysign(scaled)) as i64;
    }
    // The way back goes through the integer, which knows no negative zero.
    ((mantissa as f64 / power).to_bits() == value.to_bits()).then_some(mantissa)
}

/// The scale at which the values cost least, if half of them have any.
pub(super) fn scale_of(values: &[f64]) -> Option<u8> {
    let mut counts = [0_usize; POWERS.len()];
    let mut last = 0;
    for value in values {
        // Most have the scale of their predecessor and none below it.
        let is_again = mantissa(*value, last).is_some()
            && last.checked_sub(1).is_none_or(|below| mantissa(*value, below).is_none());
        let found = is_again
            .then_some(last)
            .or_else(|| (0..POWERS.len() as u8).find(|scale| mantissa(*value, *scale).is_some()));
        if let Some(scale) = found {
            last = scale;
            if let Some(count) = counts.get_mut(usize::from(scale)) {
                *count += 1;
            }
        }
    }
    let mut covered = 0;
    let costs = counts.iter().enumerate().map(|(scale, count)| {
        covered += count;
        let cost = scale * DIGIT_TENTHS * values.len();
        (cost + EXCEPTION_TENTHS * (values.len() - covered), covered, scale as u8)
    });
    let (_, covered, scale) = costs.min()?;
    (covered * 2 >= values.len()).then_some(scale)
}

/// Appends the values of these mantissas.
pub(super) fn push_values(numbers: &[i64], scale: u8, out: &mut Vec<f64>) -> Result<(), Damage> {
    let power = *POWERS.get(usize::from(scale)).ok_or(Damage)?;
    if scale == 0 {
        out.extend(numbers.iter().map(|number| *number as f64));
    } else {
        out.extend(numbers.iter().map(|number| *number as f64 / power));
    }
    Ok(())
}
