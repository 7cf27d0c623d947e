//! A column of integers: differences of order 0 to 2, less their median, in steps of what
//! divides them all, coded by their frequency.
//!
//! All arithmetic wraps: what the encoder took away the decoder adds again.
#![expect(clippy::cast_possible_truncation, reason = "the head's fields are below their widths")]

use super::ans;
use crate::encoding::Damage;
use crate::encoding::varint::{Cursor, push_signed, push_unsigned, unzigzag, zigzag};

/// Low bits of the head: how often differences were taken.
const ORDER_MASK: u8 = 0b0011;
const ORDER_MAX: usize = 2;
/// All differences are the same.
const CONSTANT: u8 = 0b0100;
/// All differences are multiples of a number, less the base.
const STEPPED: u8 = 0b1000;

pub(super) fn encode(numbers: &[i64], out: &mut Vec<u8>) {
    let mut differences = numbers.to_vec();
    let mut best: Option<(u64, usize, i64, Vec<i64>)> = None;
    for order in 0..=ORDER_MAX.min(numbers.len().saturating_sub(1)) {
        if order > 0 {
            difference(&mut differences, order - 1);
        }
        let body = differences.get(order..).unwrap_or_default();
        let base = median(body);
        let cost = body.iter().map(|one| bits_of(one.wrapping_sub(base))).sum::<u64>();
        if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
            best = Some((cost, order, base, differences.clone()));
        }
        if cost == 0 {
            break;
        }
    }
    let Some((cost, order, base, differences)) = best else {
        return;
    };
    let (firsts, body) = differences.split_at_checked(order).unwrap_or((&differences, &[]));
    let rest: Vec<i64> = body.iter().map(|one| one.wrapping_sub(base)).collect();
    let step = rest.iter().fold(0, |step, one| common_divisor(step, one.unsigned_abs()));
    let step = i64::try_from(step).unwrap_or(1).max(1);
    let flags = if cost == 0 { CONSTANT } else { 0 } | if step > 1 { STEPPED } else { 0 };
    out.push(order as u8 | flags);
    for first in firsts {
        push_signed(out, *first);
    }
    push_signed(out, base);
    if step > 1 {
        push_unsigned(out, step.unsigned_abs());
    }
    if cost > 0 {
        let coded: Vec<u64> = rest.iter().map(|one| zigzag(one / step)).collect();
        ans::encode(&coded, out);
    }
}

pub(super) fn decode(bytes: &[u8], count: usize) -> Result<Vec<i64>, Damage> {
    let mut cursor = Cursor::new(bytes);
    let head = cursor.byte()?;
    let order = usize::from(head & ORDER_MASK);
    if order > ORDER_MAX || order > count || head & !(ORDER_MASK | CONSTANT | STEPPED) != 0 {
        return Err(Damage);
    }
    let mut numbers = Vec::with_capacity(count);
    for _ in 0..order {
        numbers.push(cursor.signed()?);
    }
    let base = cursor.signed()?;
    let step = if head & STEPPED == 0 { 1 } else { cursor.unsigned()? as i64 };
    if head & CONSTANT == 0 {
        let coded = cursor.take(cursor.remaining())?;
        if step == 1 {
            ans::decode(coded, count - order, |one| {
                numbers.push(base.wrapping_add(unzigzag(one)));
            })?;
        } else {
            ans::decode(coded, count - order, |one| {
                numbers.push(base.wrapping_add(step.wrapping_mul(unzigzag(one))));
            })?;
        }
    } else {
        numbers.resize(count, base);
    }
    for order in (0..order).rev() {
        let mut sum = 0_i64;
        for number in numbers.iter_mut().skip(order) {
            sum = sum.wrapping_add(*number);
            *number = sum;
        }
    }
    Ok(numbers)
}

/// Replaces all numbers behind the first `kept` but one by their differences.
fn difference(numbers: &mut [i64], kept: usize) {
    let mut before = numbers.get(kept).copied().unwrap_or_default();
    for number in numbers.iter_mut().skip(kept + 1) {
        let now = *number;
        *number = now.wrapping_sub(before);
        before = now;
    }
}

fn median(numbers: &[i64]) -> i64 {
    let mut sorted = numbers.to_vec();
    if sorted.is_empty() {
        return 0;
    }
    let middle = sorted.len() / 2;
    *sorted.select_nth_unstable(middle).1
}

fn bits_of(number: i64) -> u64 {
    u64::from(64 - zigzag(number).leading_zeros())
}

fn common_divisor(mut one: u64, mut other: u64) -> u64 {
    // Most columns have no common step, which shows at once.
    if one == 1 {
        return 1;
    }
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}
