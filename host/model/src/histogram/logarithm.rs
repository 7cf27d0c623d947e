//! Logarithms and powers to base two, the same on every machine.
//!
//! A bound that is a power of two has a logarithm that is exact. The polynomials are those of
//! FreeBSD's msun (`e_log.c`, `e_exp.c`), which Go uses too: estimates from histograms then agree
//! with Prometheus' to the last digit, which the machine's own library does not promise.

#![expect(clippy::excessive_precision, reason = "the digits of the source")]

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

const LN_2_HIGH: f64 = 6.931_471_803_691_238_164_90e-01;
const LN_2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;

/// `value` as a fraction from 0.5 up to 1 and a power of two; for finite values above zero.
fn split(value: f64) -> (f64, i32) {
    const EXPONENT_MASK: u64 = 0x7ff;
    /// Makes a subnormal number a normal one.
    const LIFT: f64 = 4_503_599_627_370_496.0;
    let (value, lifted) = if value < f64::MIN_POSITIVE { (value * LIFT, 52) } else { (value, 0) };
    let bits = value.to_bits();
    let exponent = i32::try_from((bits >> 52) & EXPONENT_MASK).unwrap_or(0);
    let fraction = f64::from_bits(bits & !(EXPONENT_MASK << 52) | 1022 << 52);
    (fraction, exponent - 1022 - lifted)
}

/// The natural logarithm of a finite number above zero.
fn ln(value: f64) -> f64 {
    let (mut fraction, mut exponent) = split(value);
    if fraction < FRAC_1_SQRT_2 {
        (fraction, exponent) = (fraction * 2.0, exponent - 1);
    }
    let (f, k) = (fraction - 1.0, f64::from(exponent));
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2
        * (6.666_666_666_666_735_130e-01
            + s4 * (2.857_142_874_366_239_149e-01
                + s4 * (1.818_357_216_161_805_012e-01 + s4 * 1.479_819_860_511_658_591e-01)));
    let even = s4
        * (3.999_999_999_940_941_908e-01
            + s4 * (2.222_219_843_214_978_396e-01 + s4 * 1.531_383_769_920_937_332e-01));
    let half_square = 0.5 * f * f;
    k * LN_2_HIGH - ((half_square - (s * (half_square + (odd + even)) + k * LN_2_LOW)) - f)
}

/// The logarithm to base two.
pub(super) fn log2(value: f64) -> f64 {
    if value.is_nan() || value < 0.0 {
        return f64::NAN;
    }
    if value == 0.0 {
        return f64::NEG_INFINITY;
    }
    if value.is_infinite() {
        return value;
    }
    let (fraction, exponent) = split(value);
    if fraction.to_bits() == 0.5_f64.to_bits() {
        return f64::from(exponent - 1);
    }
    ln(fraction) * (1.0 / LN_2) + f64::from(exponent)
}

/// Two to the power of `value`.
pub(super) fn exp2(value: f64) -> f64 {
    /// Beyond these a power is infinite, or zero.
    const OVERFLOW: f64 = 1.023_999_999_999_999_9e+03;
    const UNDERFLOW: f64 = -1.0740e+03;
    if value.is_nan() {
        return value;
    }
    if value > OVERFLOW {
        return f64::INFINITY;
    }
    if value < UNDERFLOW {
        return 0.0;
    }
    let whole = if value > 0.0 {
        (value + 0.5).trunc()
    } else if value < 0.0 {
        (value - 0.5).trunc()
    } else {
        0.0
    };
    let rest = value - whole;
    let (high, low) = (rest * LN_2_HIGH, -rest * LN_2_LOW);
    let r = high - low;
    let t = r * r;
    let c = r - t
        * (1.666_666_666_666_666_574_15e-01
            + t * (-2.777_777_777_701_559_338_42e-03
                + t * (6.613_756_321_437_934_361_17e-05
                    + t * (-1.653_390_220_546_525_153_90e-06
                        + t * 4.138_136_797_057_238_460_39e-08))));
    let power = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    super::bounds::scale(power, whole_exponent(whole))
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number between -1075 and 1024")]
const fn whole_exponent(whole: f64) -> i64 {
    whole as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in -1074..1024 {
            let exponent = f64::from(exponent);
            let power = exp2(exponent);
            assert_eq!(power, exponent.exp2(), "{exponent}");
            assert_eq!(log2(power), exponent, "{power}");
        }
    }

    #[test]
    fn the_ends_are_as_usual() {
        assert_eq!(log2(0.0), f64::NEG_INFINITY);
        assert_eq!(log2(f64::INFINITY), f64::INFINITY);
        assert!(log2(-1.0).is_nan() && log2(f64::NAN).is_nan() && exp2(f64::NAN).is_nan());
        assert_eq!(exp2(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp2(1024.0), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn both_agree_with_the_machine_to_a_few_units(value in 1e-300_f64..1e300, power in -1000.0_f64..1000.0) {
            let close = |a: f64, b: f64| (a - b).abs() <= 4e-16 * a.abs().max(b.abs()).max(1e-3);
            prop_assert!(close(log2(value), value.log2()), "{} {}", log2(value), value.log2());
            prop_assert!(close(exp2(power) / power.exp2(), 1.0));
        }
    }
}
