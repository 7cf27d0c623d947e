//! The XOR chunk: times as differences of differences, values as XOR with their predecessor.
//!
//! The bytes are exactly those of Prometheus' encoding 1 (docs/formats/chunks.md), so that blocks
//! take them as they are. Method: Pelkonen et al., "Gorilla", VLDB 2015.
//!
//! Invariant: the first two bytes count the samples, so a chunk is complete after every append.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bits of times and values are cut and reinterpreted"
)]

use narthex_storage::Columns;

use super::Damage;
use super::bits::{BitReader, BitWriter};
use super::varint::{unzigzag, zigzag};

/// No window of significant bits was written yet.
const NO_WINDOW: u8 = 0xff;
/// The number of leading zeros is written in five bits.
const LEADING_MAX: u8 = 31;
/// The count of samples in front.
const HEADER_BYTES: usize = 2;
/// What the first sample takes beside the header: a time of up to ten bytes and a value.
const FIRST_BYTES: usize = 14;

/// A chunk that grows. Starts without memory.
#[derive(Clone, Debug)]
pub(crate) struct XorChunk {
    bytes: Vec<u8>,
    first_at: i64,
    at: i64,
    value_bits: u64,
    delta: i64,
    leading: u8,
    trailing: u8,
    free_bits: u8,
}

impl Default for XorChunk {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            first_at: 0,
            at: 0,
            value_bits: 0,
            delta: 0,
            leading: NO_WINDOW,
            trailing: 0,
            free_bits: 0,
        }
    }
}

impl XorChunk {
    pub(crate) fn samples(&self) -> usize {
        count_of(&self.bytes)
    }

    /// Time of the first sample; means nothing when there is none.
    pub(crate) const fn first_at(&self) -> i64 {
        self.first_at
    }

    /// Time and bits of the last sample.
    pub(crate) fn last(&self) -> Option<(i64, u64)> {
        (!self.bytes.is_empty()).then_some((self.at, self.value_bits))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Memory held beside the struct itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// The finished bytes; the chunk is empty afterwards.
    pub(crate) fn take_bytes(&mut self) -> Box<[u8]> {
        std::mem::take(self).bytes.into_boxed_slice()
    }

    /// Adds a sample; times ascend.
    pub(crate) fn append(&mut self, at: i64, value_bits: u64) {
        let samples = self.samples();
        debug_assert!(samples == 0 || at > self.at, "samples in a chunk are ordered");
        debug_assert!(samples < usize::from(u16::MAX), "the count fits its header");
        self.make_room();
        let delta = at.wrapping_sub(self.at);
        let mut out = BitWriter { bytes: &mut self.bytes, free: self.free_bits };
        match samples {
            0 => {
                out.bytes.extend_from_slice(&[0; HEADER_BYTES]);
                write_varint(&mut out, zigzag(at));
                out.write(value_bits, 64);
                self.first_at = at;
            }
            1 => write_varint(&mut out, delta as u64),
            _ => write_delta_of_delta(&mut out, delta.wrapping_sub(self.delta)),
        }
        if samples > 0 {
            let difference = value_bits ^ self.value_bits;
            write_difference(&mut out, difference, &mut self.leading, &mut self.trailing);
            self.delta = delta;
        }
        self.free_bits = out.free;
        self.at = at;
        self.value_bits = value_bits;
        let count = (samples as u16 + 1).to_be_bytes();
        if let Some(header) = self.bytes.first_chunk_mut::<HEADER_BYTES>() {
            *header = count;
        }
    }

    /// Grows by a half instead of doubling: there is one such buffer a series.
    fn make_room(&mut self) {
        let capacity = self.bytes.capacity();
        // A sample takes at most 68 bits of time and 77 of value.
        if capacity - self.bytes.len() < 20 {
            let target = if capacity == 0 { HEADER_BYTES + FIRST_BYTES + 16 } else { capacity / 2 };
            self.bytes.reserve_exact(target.max(24));
        }
    }

    /// A chunk as it was when these bytes were its content, ready for more samples.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = XorReader::new(bytes)?;
        let mut first_at = None;
        while let Some((at, _)) = reader.next_sample()? {
            first_at.get_or_insert(at);
        }
        let first_at = first_at.ok_or(Damage)?;
        if reader.bits.rest() != 0 {
            return Err(Damage);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            first_at,
            at: reader.at,
            value_bits: reader.value_bits,
            delta: reader.delta,
            leading: reader.leading,
            trailing: reader.trailing,
            free_bits: reader.bits.unused_bits(),
        })
    }
}

/// The number of samples that a chunk's header promises.
pub(crate) fn count_of(bytes: &[u8]) -> usize {
    bytes.first_chunk::<HEADER_BYTES>().map_or(0, |header| usize::from(u16::from_be_bytes(*header)))
}

/// Appends the samples of a chunk that lie in `start..=end` to `out`.
pub(crate) fn decode(bytes: &[u8], start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
    let mut reader = XorReader::new(bytes)?;
    while let Some((at, value_bits)) = reader.next_sample()? {
        if at > end {
            break;
        }
        if at >= start {
            out.push(at, f64::from_bits(value_bits));
        }
    }
    Ok(())
}

struct XorReader<'a> {
    bits: BitReader<'a>,
    left: usize,
    is_first: bool,
    is_second: bool,
    at: i64,
    value_bits: u64,
    delta: i64,
    leading: u8,
    trailing: u8,
}

impl<'a> XorReader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Damage> {
        let body = bytes.get(HEADER_BYTES..).ok_or(Damage)?;
        Ok(Self {
            bits: BitReader::new(body),
            left: count_of(bytes),
            is_first: true,
            is_second: false,
            at: 0,
            value_bits: 0,
            delta: 0,
            leading: NO_WINDOW,
            trailing: 0,
        })
    }

    #[inline]
    fn next_sample(&mut self) -> Result<Option<(i64, u64)>, Damage> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if self.is_first {
            self.is_first = false;
            self.is_second = true;
            self.at = unzigzag(read_varint(&mut self.bits)?);
            self.value_bits = self.bits.read(64)?;
            return Ok(Some((self.at, self.value_bits)));
        }
        if self.is_second {
            self.is_second = false;
            self.delta = read_varint(&mut self.bits)? as i64;
        } else {
            let change = read_delta_of_delta(&mut self.bits)?;
            self.delta = self.delta.wrapping_add(change);
        }
        self.at = self.at.wrapping_add(self.delta);
        if self.bits.read_bit()? {
            self.read_difference()?;
        }
        Ok(Some((self.at, self.value_bits)))
    }

    #[inline]
    fn read_difference(&mut self) -> Result<(), Damage> {
        if self.bits.read_bit()? {
            self.leading = self.bits.read(5)? as u8;
            let significant = match self.bits.read(6)? as u8 {
                0 => 64,
                significant => significant,
            };
            self.trailing = 64_u8.checked_sub(self.leading + significant).ok_or(Damage)?;
        } else if self.leading == NO_WINDOW {
            return Err(Damage);
        }
        let significant = 64 - self.leading - self.trailing;
        self.value_bits ^= self.bits.read(significant)? << self.trailing;
        Ok(())
    }
}

fn write_varint(out: &mut BitWriter<'_>, mut value: u64) {
    while value >= 0x80 {
        out.write_byte(value as u8 | 0x80);
        value >>= 7;
    }
    out.write_byte(value as u8);
}

fn read_varint(bits: &mut BitReader<'_>) -> Result<u64, Damage> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bits.read(8)?;
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

fn write_delta_of_delta(out: &mut BitWriter<'_>, change: i64) {
    match change {
        0 => out.write(0b0, 1),
        _ if fits(change, 14) => {
            out.write(0b10, 2);
            out.write(change as u64, 14);
        }
        _ if fits(change, 17) => {
            out.write(0b110, 3);
            out.write(change as u64, 17);
        }
        _ if fits(change, 20) => {
            out.write(0b1110, 4);
            out.write(change as u64, 20);
        }
        _ => {
            out.write(0b1111, 4);
            out.write(change as u64, 64);
        }
    }
}

/// Whether `value` has a code of `bits` bits: one more above zero than below.
const fn fits(value: i64, bits: u32) -> bool {
    let half = 1_i64 << (bits - 1);
    -(half - 1) <= value && value <= half
}

#[inline]
fn read_delta_of_delta(bits: &mut BitReader<'_>) -> Result<i64, Damage> {
    let mut ones = 0;
    while ones < 4 && bits.read_bit()? {
        ones += 1;
    }
    let width = match ones {
        0 => return Ok(0),
        1 => 14,
        2 => 17,
        3 => 20,
        _ => return Ok(bits.read(64)? as i64),
    };
    let coded = bits.read(width)? as i64;
    let half = 1_i64 << (width - 1);
    Ok(if coded > half { coded - 2 * half } else { coded })
}

fn write_difference(out: &mut BitWriter<'_>, difference: u64, leading: &mut u8, trailing: &mut u8) {
    if difference == 0 {
        out.write(0b0, 1);
        return;
    }
    let leading_now = (difference.leading_zeros() as u8).min(LEADING_MAX);
    let trailing_now = difference.trailing_zeros() as u8;
    if *leading != NO_WINDOW && leading_now >= *leading && trailing_now >= *trailing {
        out.write(0b10, 2);
        out.write(difference >> *trailing, 64 - *leading - *trailing);
        return;
    }
    *leading = leading_now;
    *trailing = trailing_now;
    let significant = 64 - leading_now - trailing_now;
    out.write(0b11, 2);
    out.write(u64::from(leading_now), 5);
    // 64 significant bits are written as 0.
    out.write(u64::from(significant & 63), 6);
    out.write(difference >> trailing_now, significant);
}

#[cfg(test)]
mod tests;
