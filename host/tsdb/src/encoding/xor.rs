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
use super::varbit::{extend, fits};
use super::varint::{unzigzag, zigzag};
use super::window::Window;

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
    window: Window,
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
            window: Window::NONE,
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
                out.write_varint(zigzag(at));
                out.write(value_bits, 64);
                self.first_at = at;
            }
            1 => out.write_varint(delta as u64),
            _ => write_delta_of_delta(&mut out, delta.wrapping_sub(self.delta)),
        }
        if samples > 0 {
            self.window.write(&mut out, value_bits ^ self.value_bits);
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
        let (mut first_at, mut before) = (None, None);
        while let Some((at, _)) = reader.next_sample()? {
            first_at.get_or_insert(at);
            if before.is_some_and(|before| at <= before) {
                return Err(Damage);
            }
            before = Some(at);
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
            window: reader.window,
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
    window: Window,
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
            window: Window::NONE,
        })
    }

    #[inline(always)]
    fn next_sample(&mut self) -> Result<Option<(i64, u64)>, Damage> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if self.is_first {
            self.is_first = false;
            self.is_second = true;
            self.at = unzigzag(self.bits.read_varint()?);
            self.value_bits = self.bits.read(64)?;
            return Ok(Some((self.at, self.value_bits)));
        }
        if self.is_second {
            self.is_second = false;
            self.delta = self.bits.read_varint()? as i64;
            return self.value_behind(0, 0);
        }
        let word = self.bits.peek();
        if word >> 63 == 0 {
            return self.value_behind(word, 1);
        }
        if word >> 62 == 0b10 {
            let change = extend(word << 2 >> 50, 14);
            self.delta = self.delta.wrapping_add(change);
            return self.value_behind(word, 16);
        }
        let (change, bits) = read_wide_change(self.bits.clone())?;
        self.bits = bits;
        self.delta = self.delta.wrapping_add(change);
        self.value_behind(0, 0)
    }

    /// The sample whose value comes next, behind the `taken` bits of `word`; 0: nothing was looked
    /// at yet.
    #[inline(always)]
    fn value_behind(&mut self, word: u64, taken: u8) -> Result<Option<(i64, u64)>, Damage> {
        let word = if taken == 0 { self.bits.peek() } else { word };
        self.value_bits ^= self.window.read_behind(&mut self.bits, word, taken)?;
        self.at = self.at.wrapping_add(self.delta);
        Ok(Some((self.at, self.value_bits)))
    }
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

/// A change of more than 14 bits: a target was away.
#[inline(never)]
fn read_wide_change(mut bits: BitReader<'_>) -> Result<(i64, BitReader<'_>), Damage> {
    let width = match bits.read_ones(4)? {
        2 => 17,
        3 => 20,
        4 => 64,
        _ => return Err(Damage),
    };
    Ok((extend(bits.read(width)?, width), bits))
}

#[cfg(test)]
mod tests;
