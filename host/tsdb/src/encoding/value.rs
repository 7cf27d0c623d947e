//! Codes for values in the log: a nibble a value, and bytes where the nibble does not say it all.
//!
//! Most monitored numbers are integers or short decimals that change little. A value that is
//! exactly `m / 10^s` for a small `s` is coded as the difference of `m` to its predecessor; others
//! as XOR with their predecessor, whole bytes of it. docs/formats/log.md draws the codes.
//!
//! Invariant: what is decoded has the bits of what was encoded: the encoder takes a decimal code
//! only after it checked the way back.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "mantissas are checked to lie below 2^53, and bytes are cut out of words on purpose"
)]

use narthex_model::STALE_NAN_BITS;

use super::Damage;
use super::varint::{Cursor, push_signed, unzigzag, zigzag};

const POWERS: [f64; 7] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
/// Above it a float no longer holds every integer.
const MANTISSA_MAX: f64 = 9_007_199_254_740_991.0;

const SAME: u8 = 0;
/// Differences whose zigzag code is 1 to 6 are their own nibble.
const SMALL_MAX: u8 = 6;
/// Nibbles 7 to 10: a zigzag difference in one to four bytes.
const DELTA_1: u8 = 7;
const DELTA_4: u8 = 10;
const RESCALED: u8 = 11;
const XOR: u8 = 12;
const DECIMAL: u8 = 13;
const RAW: u8 = 14;
const STALE: u8 = 15;

/// What is known of a series before its next value: the value before, and the decimal scale that
/// its last decimal code had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Predecessor {
    pub(crate) bits: u64,
    pub(crate) scale: u8,
}

/// Appends what the nibble does not say to `payload`; answers the nibble and the scale from now on.
pub(crate) fn encode(before: Option<Predecessor>, bits: u64, payload: &mut Vec<u8>) -> (u8, u8) {
    let Some(Predecessor { bits: bits_before, scale }) = before else {
        return encode_fresh(bits, 0, payload);
    };
    if bits == bits_before {
        return (SAME, scale);
    }
    if bits == STALE_NAN_BITS {
        return (STALE, scale);
    }
    if let (Some(old), Some(new)) = (mantissa(bits_before, scale), mantissa(bits, scale))
        && let Some(nibble) = encode_delta(new - old, payload)
    {
        return (nibble, scale);
    }
    if let Some((scale, new)) = find_scale(bits) {
        if let Some(old) = mantissa(bits_before, scale) {
            payload.push(scale);
            push_signed(payload, new - old);
            return (RESCALED, scale);
        }
        payload.push(scale);
        push_signed(payload, new);
        return (DECIMAL, scale);
    }
    let difference = bits ^ bits_before;
    let leading = difference.leading_zeros() / 8;
    let significant = 8 - leading - difference.trailing_zeros() / 8;
    if significant >= 7 {
        payload.extend_from_slice(&bits.to_le_bytes());
        return (RAW, scale);
    }
    payload.push((leading << 4 | significant) as u8);
    let bytes = difference.to_be_bytes();
    let kept = bytes.iter().skip(leading as usize).take(significant as usize);
    payload.extend(kept);
    (XOR, scale)
}

/// As [`encode`] where the value before is not at hand but its scale is; 0 at the very first.
pub(crate) fn encode_fresh(bits: u64, scale: u8, payload: &mut Vec<u8>) -> (u8, u8) {
    if bits == STALE_NAN_BITS {
        return (STALE, scale);
    }
    if let Some((scale, mantissa)) = find_scale(bits) {
        payload.push(scale);
        push_signed(payload, mantissa);
        return (DECIMAL, scale);
    }
    payload.extend_from_slice(&bits.to_le_bytes());
    (RAW, scale)
}

#[inline]
fn encode_delta(delta: i64, payload: &mut Vec<u8>) -> Option<u8> {
    let coded = zigzag(delta);
    if (1..=u64::from(SMALL_MAX)).contains(&coded) {
        return Some(coded as u8);
    }
    let bytes = 8 - coded.leading_zeros() as u8 / 8;
    // A difference of zero with different bits is a negative zero: not decimal.
    if bytes == 0 || bytes > DELTA_4 - DELTA_1 + 1 {
        return None;
    }
    payload.extend(coded.to_le_bytes().iter().take(usize::from(bytes)));
    Some(DELTA_1 + bytes - 1)
}

/// Takes what belongs to `nibble` from `payload`; answers the value's bits and the scale from now on.
pub(crate) fn decode(
    before: Option<Predecessor>,
    nibble: u8,
    payload: &mut Cursor<'_>,
) -> Result<(u64, u8), Damage> {
    let scale = before.map_or(0, |before| before.scale);
    let known = || before.map(|before| before.bits).ok_or(Damage);
    let bits = match nibble {
        SAME => known()?,
        1..=SMALL_MAX => add(known()?, scale, unzigzag(u64::from(nibble)))?,
        DELTA_1..=DELTA_4 => {
            let mut word = [0; 8];
            let bytes = payload.take(usize::from(nibble - DELTA_1 + 1))?;
            for (to, from) in word.iter_mut().zip(bytes) {
                *to = *from;
            }
            add(known()?, scale, unzigzag(u64::from_le_bytes(word)))?
        }
        RESCALED => {
            let scale = payload.byte()?;
            return Ok((add(known()?, scale, payload.signed()?)?, scale));
        }
        XOR => {
            let header = payload.byte()?;
            let (leading, significant) = (usize::from(header >> 4), usize::from(header & 15));
            let mut word = [0; 8];
            let place = word.get_mut(leading..leading + significant).ok_or(Damage)?;
            place.copy_from_slice(payload.take(significant)?);
            known()? ^ u64::from_be_bytes(word)
        }
        DECIMAL => {
            let scale = payload.byte()?;
            return Ok((from_mantissa(payload.signed()?, scale)?, scale));
        }
        RAW => u64::from_le_bytes(payload.array()?),
        STALE => STALE_NAN_BITS,
        16.. => return Err(Damage),
    };
    Ok((bits, scale))
}

fn add(bits_before: u64, scale: u8, delta: i64) -> Result<u64, Damage> {
    let old = mantissa(bits_before, scale).ok_or(Damage)?;
    from_mantissa(old.checked_add(delta).ok_or(Damage)?, scale)
}

fn from_mantissa(mantissa: i64, scale: u8) -> Result<u64, Damage> {
    let power = POWERS.get(usize::from(scale)).ok_or(Damage)?;
    Ok((mantissa as f64 / power).to_bits())
}

/// The `m` for which the value is exactly `m / 10^scale`.
#[inline]
fn mantissa(bits: u64, scale: u8) -> Option<i64> {
    let power = POWERS.get(usize::from(scale))?;
    let scaled = (f64::from_bits(bits) * power).round();
    if scaled.is_nan() || scaled.abs() > MANTISSA_MAX {
        return None;
    }
    let mantissa = scaled as i64;
    // The way back goes through the integer, which knows no negative zero.
    ((mantissa as f64 / power).to_bits() == bits).then_some(mantissa)
}

fn find_scale(bits: u64) -> Option<(u8, i64)> {
    (0..POWERS.len() as u8).find_map(|scale| Some((scale, mantissa(bits, scale)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(values: &[u64]) -> usize {
        let (mut before, mut payload, mut nibbles) = (None, Vec::new(), Vec::new());
        for bits in values {
            let (nibble, scale) = encode(before, *bits, &mut payload);
            before = Some(Predecessor { bits: *bits, scale });
            nibbles.push(nibble);
        }
        let (mut before, mut cursor) = (None, Cursor::new(&payload));
        for (nibble, expected) in nibbles.iter().zip(values) {
            let (bits, scale) = decode(before, *nibble, &mut cursor).expect("no damage");
            assert_eq!(bits, *expected, "{}", f64::from_bits(*expected));
            before = Some(Predecessor { bits, scale });
        }
        assert!(cursor.is_empty(), "all was read");
        payload.len()
    }

    fn any_value() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<i32>().prop_map(|count| f64::from(count).to_bits()),
            (any::<i32>(), 0_usize..7).prop_map(|(m, s)| (f64::from(m) / POWERS[s]).to_bits()),
            any::<u64>(),
            Just(STALE_NAN_BITS),
            Just((-0.0_f64).to_bits()),
            Just(f64::INFINITY.to_bits()),
        ]
    }

    proptest! {
        #[test]
        fn values_come_back(values in prop::collection::vec(any_value(), 0..50)) {
            check(&values);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bits: u64, nibble: u8, payload: Vec<u8>, scale: u8) {
            decode(Some(Predecessor { bits, scale }), nibble, &mut Cursor::new(&payload)).ok();
        }
    }

    #[test]
    fn usual_values_are_short() {
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(check(&bits(&[5.0, 5.0, 6.0, 4.0, 7.0])), 2, "small steps live in the nibble");
        assert_eq!(check(&bits(&[0.25, 0.26, 0.99, 1.5])), 2 + 1 + 1, "decimals too");
        assert_eq!(check(&bits(&[1e9, 1e9 + 100.0, 1e9 + 200.0])), 6 + 1 + 1);
    }
}
