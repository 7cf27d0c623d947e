//! The XOR2 chunk: XOR with one code for time and value together, and start times of samples.
//!
//! The bytes are those of Prometheus' encoding 4 (docs/formats/chunks.md). Staleness markers have
//! codes of their own and do not disturb the value that the next one is compared with.
//!
//! Invariant: the first two bytes count the samples, so a chunk is complete after every append.
#![expect(clippy::cast_sign_loss, reason = "bits of times and values are cut and reinterpreted")]

use narthex_model::STALE_NAN_BITS;
use narthex_storage::Columns;

use super::Damage;
use super::bits::{BitReader, BitWriter};
use super::start::{Starts, StartsReader, StartsWriter};
use super::varint::{unzigzag, zigzag};
use super::window::Window;

/// The count of samples, and where start times begin.
const HEADER_BYTES: usize = 3;

/// A chunk that grows.
#[derive(Clone, Debug)]
pub(super) struct Xor2Chunk {
    bytes: Vec<u8>,
    free_bits: u8,
    first_at: i64,
    at: i64,
    delta: i64,
    /// The last value that was no staleness marker.
    value_bits: u64,
    window: Window,
    starts: StartsWriter,
}

impl Default for Xor2Chunk {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            free_bits: 0,
            first_at: 0,
            at: 0,
            delta: 0,
            value_bits: 0,
            window: Window::NONE,
            starts: StartsWriter::default(),
        }
    }
}

impl Xor2Chunk {
    /// Times of the first and the last sample; mean nothing when there is none.
    pub(super) const fn bounds(&self) -> (i64, i64) {
        (self.first_at, self.at)
    }

    pub(super) fn into_bytes(self) -> Box<[u8]> {
        self.bytes.into_boxed_slice()
    }

    /// Adds a sample; times ascend. `start` 0: it is not known when the counting began.
    pub(super) fn append(&mut self, at: i64, value_bits: u64, start: i64) {
        let index = count_of(&self.bytes).unwrap_or(0);
        debug_assert!(index == 0 || at > self.at, "samples in a chunk are ordered");
        debug_assert!(index < u16::MAX, "the count fits its header");
        if index == 0 {
            self.bytes.extend_from_slice(&[0; HEADER_BYTES]);
            self.first_at = at;
        }
        let mut out = BitWriter { bytes: &mut self.bytes, free: self.free_bits };
        let delta = at.wrapping_sub(self.at);
        match index {
            0 => {
                out.write_varint(zigzag(at));
                out.write(value_bits, 64);
            }
            1 => {
                out.write_varint(delta as u64);
                write_value(&mut out, &mut self.window, self.value_bits, value_bits);
                self.delta = delta;
            }
            _ => {
                let change = delta.wrapping_sub(self.delta);
                write_joint(&mut out, &mut self.window, change, self.value_bits, value_bits);
                self.delta = delta;
            }
        }
        self.starts.write(&mut out, index, at, self.at, start);
        self.free_bits = out.free;
        self.at = at;
        if index == 0 || value_bits != STALE_NAN_BITS {
            self.value_bits = if value_bits == STALE_NAN_BITS { 0 } else { value_bits };
        }
        if let Some(header) = self.bytes.first_chunk_mut::<HEADER_BYTES>() {
            let [high, low] = (index + 1).to_be_bytes();
            *header = [high, low, self.starts.header.byte()];
        }
    }
}

fn write_joint(out: &mut BitWriter<'_>, window: &mut Window, change: i64, before: u64, now: u64) {
    if change == 0 {
        let difference = now ^ before;
        if now == STALE_NAN_BITS {
            out.write(0b11111, 5);
        } else if difference == 0 {
            out.write(0b0, 1);
        } else if window.holds(difference) {
            out.write(0b100, 3);
            window.write_bits(out, difference);
        } else {
            out.write(0b101, 3);
            window.write_new(out, difference);
        }
        return;
    }
    if (-(1 << 12)..1 << 12).contains(&change) {
        out.write(0b110, 3);
        out.write(change as u64, 13);
    } else if (-(1 << 19)..1 << 19).contains(&change) {
        out.write(0b1110, 4);
        out.write(change as u64, 20);
    } else {
        out.write(0b11110, 5);
        out.write(change as u64, 64);
    }
    write_value(out, window, before, now);
}

fn write_value(out: &mut BitWriter<'_>, window: &mut Window, before: u64, now: u64) {
    let difference = now ^ before;
    if now == STALE_NAN_BITS {
        out.write(0b111, 3);
    } else if difference == 0 {
        out.write(0b0, 1);
    } else if window.holds(difference) {
        out.write(0b10, 2);
        window.write_bits(out, difference);
    } else {
        out.write(0b110, 3);
        window.write_new(out, difference);
    }
}

/// The number of samples that a chunk's header promises.
pub(super) fn count_of(bytes: &[u8]) -> Result<u16, Damage> {
    let [high, low, _] = *bytes.first_chunk::<HEADER_BYTES>().ok_or(Damage)?;
    Ok(u16::from_be_bytes([high, low]))
}

/// Appends the samples of a chunk that lie in `start..=end` to `out`.
pub(super) fn decode(bytes: &[u8], start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
    let mut reader = Xor2Reader::new(bytes)?;
    while let Some((at, value_bits)) = reader.next_sample()? {
        if at > end {
            break;
        }
        if at >= start {
            out.push_with_start(at, f64::from_bits(value_bits), reader.starts.start);
        }
    }
    Ok(())
}

struct Xor2Reader<'a> {
    bits: BitReader<'a>,
    samples: u16,
    read: u16,
    at: i64,
    delta: i64,
    value_bits: u64,
    window: Window,
    starts: StartsReader,
}

impl<'a> Xor2Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Damage> {
        let [_, _, starts] = *bytes.first_chunk::<HEADER_BYTES>().ok_or(Damage)?;
        let body = bytes.get(HEADER_BYTES..).ok_or(Damage)?;
        Ok(Self {
            bits: BitReader::new(body),
            samples: count_of(bytes)?,
            read: 0,
            at: 0,
            delta: 0,
            value_bits: 0,
            window: Window::NONE,
            starts: StartsReader::new(Starts::from_byte(starts)),
        })
    }

    fn next_sample(&mut self) -> Result<Option<(i64, u64)>, Damage> {
        if self.read == self.samples {
            return Ok(None);
        }
        let before_at = self.at;
        let value = match self.read {
            0 => {
                self.at = unzigzag(self.bits.read_varint()?);
                self.bits.read(64)?
            }
            1 => {
                self.delta = self.bits.read_varint()? as i64;
                self.at = self.at.wrapping_add(self.delta);
                self.read_value()?
            }
            _ => self.read_joint()?,
        };
        if value != STALE_NAN_BITS {
            self.value_bits = value;
        }
        self.starts.read(&mut self.bits, self.read, self.at, before_at)?;
        self.read += 1;
        Ok(Some((self.at, value)))
    }

    #[inline]
    fn read_joint(&mut self) -> Result<u64, Damage> {
        let change = match self.bits.read_ones(5)? {
            0 => {
                self.at = self.at.wrapping_add(self.delta);
                return Ok(self.value_bits);
            }
            1 => {
                self.at = self.at.wrapping_add(self.delta);
                let difference = if self.bits.read_bit()? {
                    self.window.read_new(&mut self.bits)?
                } else {
                    self.window.read_bits(&mut self.bits)?
                };
                return Ok(self.value_bits ^ difference);
            }
            2 => sign_extended(self.bits.read(13)?, 13),
            3 => sign_extended(self.bits.read(20)?, 20),
            4 => self.bits.read(64)? as i64,
            _ => {
                self.at = self.at.wrapping_add(self.delta);
                return Ok(STALE_NAN_BITS);
            }
        };
        self.delta = self.delta.wrapping_add(change);
        self.at = self.at.wrapping_add(self.delta);
        self.read_value()
    }

    #[inline]
    fn read_value(&mut self) -> Result<u64, Damage> {
        let difference = match self.bits.read_ones(3)? {
            0 => 0,
            1 => self.window.read_bits(&mut self.bits)?,
            2 => self.window.read_new(&mut self.bits)?,
            _ => return Ok(STALE_NAN_BITS),
        };
        Ok(self.value_bits ^ difference)
    }
}

/// Two's complement, unlike the codes of XOR.
const fn sign_extended(coded: u64, width: u8) -> i64 {
    let unused = 64 - width as u32;
    ((coded << unused) as i64) >> unused
}

#[cfg(test)]
mod tests;
