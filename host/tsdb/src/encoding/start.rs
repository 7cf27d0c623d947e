//! Start times of samples, written beside their values: most series have none or always the same.
//!
//! A byte of the header says whether the first sample has one (high bit) and with which sample the
//! first change comes (low seven bits, 0: with none). From there on each sample carries the change
//! of the distance between its start and the time of the sample before it.

use super::Damage;
use super::bits::{BitReader, BitWriter};
use super::varbit;
use super::varint::{unzigzag, zigzag};

const FIRST_IS_KNOWN: u8 = 0x80;
/// The last sample that the header can name; from there on starts are written in any case.
pub(super) const CHANGE_MAX: u16 = 0x7f;

/// What the header says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Starts {
    pub(super) is_first_known: bool,
    /// 0: never.
    pub(super) changes_on: u16,
}

impl Starts {
    pub(super) const fn from_byte(byte: u8) -> Self {
        Self {
            is_first_known: byte & FIRST_IS_KNOWN != 0,
            changes_on: (byte & !FIRST_IS_KNOWN) as u16,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "only seven bits are ever set")]
    pub(super) const fn byte(self) -> u8 {
        let first = if self.is_first_known { FIRST_IS_KNOWN } else { 0 };
        first | self.changes_on as u8
    }
}

/// Follows the start times while samples are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartsReader {
    header: Starts,
    pub(super) start: i64,
    distance: i64,
}

impl StartsReader {
    pub(super) const fn new(header: Starts) -> Self {
        Self { header, start: 0, distance: 0 }
    }

    /// Reads what stands behind sample `index`, which has the time `at`.
    #[inline]
    pub(super) fn read(
        &mut self,
        bits: &mut BitReader<'_>,
        index: u16,
        at: i64,
        before_at: i64,
    ) -> Result<(), Damage> {
        if index == 0 {
            if self.header.is_first_known {
                self.start = at.wrapping_sub(unzigzag(bits.read_varint()?));
            }
        } else if self.header.changes_on > 0 && index >= self.header.changes_on {
            let change = varbit::read_signed(bits)?;
            let is_first = index == self.header.changes_on;
            self.distance = if is_first { change } else { self.distance.wrapping_add(change) };
            self.start = before_at.wrapping_sub(self.distance);
        }
        Ok(())
    }
}

/// Writes start times behind the samples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StartsWriter {
    pub(super) header: Starts,
    pub(super) start: i64,
    distance: i64,
}

impl StartsWriter {
    pub(super) fn write(
        &mut self,
        out: &mut BitWriter<'_>,
        index: u16,
        at: i64,
        before_at: i64,
        start: i64,
    ) {
        let changed = start != self.start;
        if index == 0 {
            if changed {
                self.header.is_first_known = true;
                out.write_varint(zigzag(at.wrapping_sub(start)));
            }
        } else if self.header.changes_on > 0 {
            let distance = before_at.wrapping_sub(start);
            varbit::write_signed(out, distance.wrapping_sub(self.distance));
            self.distance = distance;
        } else if changed || index == CHANGE_MAX {
            self.header.changes_on = index;
            self.distance = before_at.wrapping_sub(start);
            varbit::write_signed(out, self.distance);
        }
        self.start = start;
    }
}
