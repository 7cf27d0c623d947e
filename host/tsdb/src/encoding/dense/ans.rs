//! Numbers coded by how often they occur: a range asymmetric numeral system over tokens.
//!
//! A small number is its own token. A larger one is a token of its length and first bits, and its
//! other bits are written as they are. A table of nibbles says how frequent the tokens are,
//! in steps of 2^0.75; being off by half a step costs 0.02 bits a number. Method: Duda,
//! "Asymmetric numeral systems", 2013; tokens as in JPEG XL.
//!
//! ```text
//! layout (1) | first token (1) | tokens - 1 (1) | nibbles | bits, forward ... words, backward | state (4)
//! ```
//!
//! Invariant: the decoder's state ends where the encoder's began, so most damage is found.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "fields are cut out of words; costs are estimates"
)]

use crate::encoding::Damage;
use crate::encoding::bits::{BitReader, BitWriter};

/// Frequencies of a table add up to this: finer ones would not be told apart in a chunk.
const TOTAL: u32 = 1 << TOTAL_BITS;
const TOTAL_BITS: u32 = 11;
/// States lie between this and 2^16 times it.
const STATE_MIN: u32 = 1 << 16;
/// Tokens there may be; one fits a byte.
const TOKENS_MAX: usize = 256;
/// What a nibble of the table weighs: 8 * 2^(0.75 * (nibble - 1)), and nothing for 0.
const WEIGHTS: [u32; 16] =
    [0, 8, 13, 23, 38, 64, 108, 181, 304, 512, 861, 1448, 2435, 4096, 6889, 11585];
/// Log 2 of the step between two weights.
const WEIGHT_STEP: f64 = 0.75;

/// How numbers split into tokens and bits: those below `2^direct` are tokens themselves, others
/// have a token of their length and their `leading` bits behind the first.
#[derive(Clone, Copy)]
struct Layout {
    direct: u32,
    leading: u32,
}

/// From short tables to precise ones.
const LAYOUTS: [Layout; 4] = [
    Layout { direct: 0, leading: 0 },
    Layout { direct: 2, leading: 1 },
    Layout { direct: 4, leading: 1 },
    Layout { direct: 4, leading: 2 },
];

impl Layout {
    /// Token, the bits beside it, and how many.
    #[inline]
    const fn split(self, number: u64) -> (u8, u64, u8) {
        if number < 1 << self.direct {
            return (number as u8, 0, 0);
        }
        let length = 63 - number.leading_zeros();
        let extra = length - self.leading;
        let head = (number >> extra) as u32 & ((1 << self.leading) - 1);
        let token = (1 << self.direct) + ((length - self.direct) << self.leading) + head;
        (token as u8, number & ((1 << extra) - 1), extra as u8)
    }

    /// What the number is without its extra bits, and how many of those there are.
    #[inline]
    const fn join(self, token: u8) -> (u64, u8) {
        let token = token as u32;
        if token < 1 << self.direct {
            return (token as u64, 0);
        }
        let above = token - (1 << self.direct);
        let length = self.direct + (above >> self.leading);
        if length > 63 {
            return (0, 0);
        }
        let extra = length - self.leading;
        let head = above & ((1 << self.leading) - 1);
        (((1 << self.leading | head) as u64) << extra, extra as u8)
    }
}

/// The share of a token: where it begins and how long it is.
#[derive(Clone, Copy, Default)]
struct Share {
    start: u32,
    length: u32,
}

struct Table {
    layout: u8,
    first: u8,
    nibbles: Vec<u8>,
}

impl Table {
    /// The table that makes these numbers short.
    fn choose(numbers: &[u64]) -> Self {
        let mut best: Option<(f64, Self)> = None;
        for (index, layout) in LAYOUTS.iter().enumerate() {
            let (mut counts, mut bits) = ([0_u32; TOKENS_MAX], 0_u64);
            for number in numbers {
                let (token, _, extra) = layout.split(*number);
                bits += u64::from(extra);
                if let Some(count) = counts.get_mut(usize::from(token)) {
                    *count += 1;
                }
            }
            let first = counts.iter().position(|count| *count > 0).unwrap_or(0);
            let end = counts.iter().rposition(|count| *count > 0).map_or(1, |last| last + 1);
            let used = counts.get(first..end).unwrap_or_default();
            let most = f64::from(used.iter().copied().max().unwrap_or(1));
            let all = numbers.len() as f64;
            let mut cost = bits as f64 + 4.0 * used.len() as f64;
            let nibbles = used.iter().map(|count| {
                if *count == 0 {
                    return 0;
                }
                let count = f64::from(*count);
                cost += count * (all / count).log2();
                let steps = ((count / most).log2() / WEIGHT_STEP).round();
                (15.0 + steps).clamp(1.0, 15.0) as u8
            });
            let table =
                Self { layout: index as u8, first: first as u8, nibbles: nibbles.collect() };
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, table));
            }
        }
        best.map_or_else(|| Self { layout: 0, first: 0, nibbles: vec![15] }, |(_, table)| table)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.layout, self.first, (self.nibbles.len() - 1) as u8]);
        for pair in self.nibbles.chunks(2) {
            out.push(
                pair.iter().fold(0, |byte, nibble| byte << 4 | nibble) << (4 * (2 - pair.len())),
            );
        }
    }

    fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Damage> {
        let ([layout, first, tokens], rest) = bytes.split_first_chunk::<3>().ok_or(Damage)?;
        let tokens = usize::from(*tokens) + 1;
        let (packed, rest) = rest.split_at_checked(tokens.div_ceil(2)).ok_or(Damage)?;
        let nibbles = packed.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(tokens).collect();
        if usize::from(*first) + tokens > TOKENS_MAX {
            return Err(Damage);
        }
        Ok((Self { layout: *layout, first: *first, nibbles }, rest))
    }

    fn layout(&self) -> Result<Layout, Damage> {
        LAYOUTS.get(usize::from(self.layout)).copied().ok_or(Damage)
    }

    /// Lengths that add up to [`TOTAL`], at least one for every token there is.
    fn lengths(&self) -> Result<Vec<u32>, Damage> {
        let weight = |nibble: &u8| WEIGHTS.get(usize::from(*nibble)).copied().unwrap_or(0);
        let all: u32 = self.nibbles.iter().map(weight).sum();
        if all == 0 {
            return Err(Damage);
        }
        let share = |weight: u32| (weight * TOTAL / all).max(u32::from(weight > 0));
        let mut lengths: Vec<u32> = self.nibbles.iter().map(|one| share(weight(one))).collect();
        let mut sum: u32 = lengths.iter().sum();
        // There are at most 256 tokens, so this ends.
        while sum > TOTAL {
            for length in lengths.iter_mut().filter(|length| **length > 1) {
                if sum > TOTAL {
                    *length -= 1;
                    sum -= 1;
                }
            }
        }
        if let Some(longest) = lengths.iter_mut().max() {
            *longest += TOTAL - sum;
        }
        Ok(lengths)
    }
}

pub(super) fn encode(numbers: &[u64], out: &mut Vec<u8>) {
    let table = Table::choose(numbers);
    table.write(out);
    let (Ok(layout), Ok(lengths)) = (table.layout(), table.lengths()) else {
        return;
    };
    let mut shares = [Share::default(); TOKENS_MAX];
    let mut start = 0;
    for (share, length) in shares.iter_mut().skip(usize::from(table.first)).zip(lengths) {
        *share = Share { start, length };
        start += length;
    }
    let mut bits = BitWriter { bytes: out, free: 0 };
    for number in numbers {
        let (_, extra, count) = layout.split(*number);
        bits.write(extra, count);
    }
    let mut state = STATE_MIN;
    for number in numbers.iter().rev() {
        let (token, _, _) = layout.split(*number);
        let share = shares.get(usize::from(token)).copied().unwrap_or_default();
        debug_assert!(share.length > 0, "each token that occurs is in the table");
        let limit = u64::from(STATE_MIN >> TOTAL_BITS << 16) * u64::from(share.length);
        if u64::from(state) >= limit {
            out.extend_from_slice(&(state as u16).to_le_bytes());
            state >>= 16;
        }
        let length = share.length.max(1);
        state = ((state / length) << TOTAL_BITS) + share.start + state % length;
    }
    out.extend_from_slice(&state.to_le_bytes());
}

/// The decoder's table. A slot: token (8 bits), length (12), place in the share (12).
fn slots(table: &Table) -> Result<[u32; TOTAL as usize], Damage> {
    let mut slots = [0; TOTAL as usize];
    let (mut rest, mut token) = (slots.as_mut_slice(), u32::from(table.first));
    for length in table.lengths()? {
        let (share, later) = rest.split_at_mut_checked(length as usize).ok_or(Damage)?;
        for (slot, place) in (token << 24 | length << 12..).zip(share) {
            *place = slot;
        }
        (rest, token) = (later, token + 1);
    }
    Ok(slots)
}

/// Calls `visit` with each of the numbers.
pub(super) fn decode(bytes: &[u8], count: usize, mut visit: impl FnMut(u64)) -> Result<(), Damage> {
    let (table, rest) = Table::read(bytes)?;
    let (layout, slots) = (table.layout()?, slots(&table)?);
    let mut joined = [(0_u64, 0_u8); TOKENS_MAX];
    let used = usize::from(table.first)..usize::from(table.first) + table.nibbles.len();
    for token in used {
        if let Some(place) = joined.get_mut(token) {
            *place = layout.join(token as u8);
        }
    }
    let (mut words, state) = rest.split_last_chunk::<4>().ok_or(Damage)?;
    let mut bits = BitReader::new(words);
    let mut state = u32::from_le_bytes(*state);
    for _ in 0..count {
        let slot = slots.get((state % TOTAL) as usize).ok_or(Damage)?;
        let (number, extra) = *joined.get((slot >> 24) as usize).ok_or(Damage)?;
        visit(number | bits.read(extra)?);
        // 4095 * 2^21 fits: lengths are at most 2^11.
        state = (slot >> 12 & 0xfff).wrapping_mul(state >> TOTAL_BITS).wrapping_add(slot & 0xfff);
        if state < STATE_MIN {
            let (before, word) = words.split_last_chunk::<2>().ok_or(Damage)?;
            words = before;
            state = state << 16 | u32::from(u16::from_le_bytes(*word));
        }
    }
    if state == STATE_MIN { Ok(()) } else { Err(Damage) }
}
