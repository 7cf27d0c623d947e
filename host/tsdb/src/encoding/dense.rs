//! Dense chunks: our own encoding for blocks that only Narthex shall read (decision 0005).
//!
//! Times and values become columns of integers, and those their differences, coded as near to
//! their entropy as a table of a few bytes allows. A value is a whole number of 10^-k where all
//! are (`dense/decimal.rs`), else the float's bits as a number; the few that do not fit the
//! first way stand beside the column as they are.
//!
//! Invariant: every value comes back bit for bit; the encoder takes a decimal only after it
//! checked the way back.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bits of values are reinterpreted, and a chunk has at most 65535 samples"
)]

use narthex_storage::Columns;

use super::Damage;
use super::varint::{Cursor, push_bytes, push_unsigned};

mod ans;
mod column;
mod decimal;

/// The count of samples.
const HEADER_BYTES: usize = 2;
/// Values are the bits of floats. Smaller numbers are decimal scales.
const RAW: u8 = 15;
/// Above this share of values that are no decimals, the bits of floats are tried too.
const EXCEPTIONS_SHARE: usize = 32;

/// Samples as a chunk; times ascend, there is at least one sample and at most 65535.
pub(super) fn encode(times: &[i64], values: &[f64]) -> Box<[u8]> {
    debug_assert!(times.len() == values.len() && !times.is_empty(), "columns of one length");
    debug_assert!(times.len() <= usize::from(u16::MAX), "the count fits its header");
    let mut out = Vec::with_capacity(64 + 2 * times.len());
    out.extend_from_slice(&(times.len() as u16).to_be_bytes());
    let mut column = Vec::new();
    column::encode(times, &mut column);
    push_bytes(&mut out, &column);
    let head_bytes = out.len();
    if let Some(scale) = decimal::scale_of(values) {
        encode_values(values, scale, &mut out);
        let exceptions = values.iter().filter(|value| decimal::mantissa(**value, scale).is_none());
        if exceptions.count() * EXCEPTIONS_SHARE > values.len() {
            let mut other = Vec::new();
            encode_values(values, RAW, &mut other);
            if head_bytes + other.len() < out.len() {
                out.truncate(head_bytes);
                out.extend_from_slice(&other);
            }
        }
    } else {
        encode_values(values, RAW, &mut out);
    }
    out.into_boxed_slice()
}

fn encode_values(values: &[f64], scale: u8, out: &mut Vec<u8>) {
    let (mut numbers, mut exceptions) = (Vec::with_capacity(values.len()), Vec::new());
    // What is no number goes on as its predecessor, so that the column has no jump there.
    let mut last = values.iter().find_map(|value| number_of(*value, scale)).unwrap_or(0);
    for (index, value) in values.iter().enumerate() {
        match number_of(*value, scale) {
            Some(number) => last = number,
            None => exceptions.push((index, value.to_bits())),
        }
        numbers.push(last);
    }
    out.push(scale);
    push_unsigned(out, exceptions.len() as u64);
    let mut next = 0;
    for (index, bits) in exceptions {
        push_unsigned(out, (index - next) as u64);
        out.extend_from_slice(&bits.to_le_bytes());
        next = index + 1;
    }
    column::encode(&numbers, out);
}

/// The integer that stands for a value, if one does. A NaN would tear a hole into raw numbers.
fn number_of(value: f64, scale: u8) -> Option<i64> {
    if scale == RAW {
        return (!value.is_nan()).then(|| ordered(value.to_bits() as i64));
    }
    decimal::mantissa(value, scale)
}

/// Bits of floats as numbers that ascend as the floats do, and back.
const fn ordered(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

/// The number of samples that a chunk's header promises.
pub(super) fn count_of(bytes: &[u8]) -> Result<usize, Damage> {
    let header = bytes.first_chunk::<HEADER_BYTES>().ok_or(Damage)?;
    Ok(usize::from(u16::from_be_bytes(*header)))
}

/// Appends the samples of a chunk that lie in `start..=end` to `out`.
pub(super) fn decode(bytes: &[u8], start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
    let count = count_of(bytes)?;
    let mut cursor = Cursor::new(bytes.get(HEADER_BYTES..).ok_or(Damage)?);
    let times = column::decode(cursor.bytes()?, count)?;
    // Damage may have put times out of order; then some samples are missing, but none is wrong.
    let first = times.partition_point(|at| *at < start);
    let last = times.partition_point(|at| *at <= end);
    let Some(wanted) = times.get(first..last).filter(|wanted| !wanted.is_empty()) else {
        return Ok(());
    };
    let scale = cursor.byte()?;
    // A gap of one byte at least, and the value.
    let exceptions = cursor.count(9)?;
    let mut patches = cursor;
    for _ in 0..exceptions {
        cursor.unsigned()?;
        cursor.take(8)?;
    }
    let numbers = column::decode(cursor.take(cursor.remaining())?, count)?;
    let numbers = numbers.get(first..last).ok_or(Damage)?;
    let begin = out.values.len();
    if scale == RAW {
        out.values.extend(numbers.iter().map(|number| f64::from_bits(ordered(*number) as u64)));
    } else {
        decimal::push_values(numbers, scale, &mut out.values)?;
    }
    let mut next = 0_usize;
    for _ in 0..exceptions {
        let gap = usize::try_from(patches.unsigned()?).map_err(|_| Damage)?;
        let index = next.checked_add(gap).filter(|index| *index < count).ok_or(Damage)?;
        let value = f64::from_bits(u64::from_le_bytes(patches.array()?));
        if let Some(place) = index.checked_sub(first).and_then(|at| out.values.get_mut(begin + at))
        {
            *place = value;
        }
        next = index + 1;
    }
    out.times.extend_from_slice(wanted);
    if !out.starts.is_empty() {
        out.starts.resize(out.times.len(), 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
