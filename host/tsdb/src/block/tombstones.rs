//! What was deleted but is still in the block's chunks: closed intervals of time by series.
//!
//! Invariant: the intervals of a series ascend and neither overlap nor touch.

use std::collections::BTreeMap;
use std::io;

use camino::Utf8Path;
use narthex_platform::{Disk, replace};
use narthex_storage::Columns;

use super::error::{BlockError, Fault};
use crate::encoding::Damage;
use crate::encoding::varint::{Cursor, push_signed, push_unsigned};

/// The file's name within the block's folder.
pub(crate) const TOMBSTONES_FILE: &str = "tombstones";
const MAGIC: u32 = 0x0130_BA30;
const VERSION: u8 = 1;
/// Magic and version; the checksum covers what follows.
const HEADER_BYTES: usize = 5;
const SUM_BYTES: usize = 4;
/// Some forty million intervals: far more than a block of any use has.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A closed interval in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// First.
    pub start: i64,
    /// Last.
    pub end: i64,
}

impl Interval {
    /// Whether `at` lies inside.
    #[must_use]
    pub const fn contains(&self, at: i64) -> bool {
        self.start <= at && at <= self.end
    }

    /// The first of intervals as those of a series that does not end before `at`.
    #[must_use]
    pub fn first_from(intervals: &[Self], at: i64) -> Option<Self> {
        intervals.get(intervals.partition_point(|interval| interval.end < at)).copied()
    }

    /// Whether one of intervals as those of a series holds all times from `first` to `last`.
    #[must_use]
    pub fn cover(intervals: &[Self], first: i64, last: i64) -> bool {
        Self::first_from(intervals, first)
            .is_some_and(|gone| gone.start <= first && last <= gone.end)
    }
}

/// Takes away deleted samples, those before the given places of floats and histograms excepted.
pub(crate) fn remove_deleted(out: &mut Columns, from: (usize, usize), deleted: &[Interval]) {
    if deleted.is_empty() {
        return;
    }
    let (floats, histograms) = from;
    let is_kept = |at: i64| !Interval::cover(deleted, at, at);
    let kept: Vec<bool> = out.times.iter().skip(floats).map(|at| is_kept(*at)).collect();
    if kept.contains(&false) {
        keep(&mut out.times, floats, &kept);
        keep(&mut out.values, floats, &kept);
        keep(&mut out.starts, floats, &kept);
    }
    let points = out.histograms.iter().skip(histograms);
    let kept: Vec<bool> = points.map(|point| is_kept(point.at)).collect();
    keep(&mut out.histograms, histograms, &kept);
}

/// Of the items from `from` on, only those that are marked; all when there are none to mark.
fn keep<T>(items: &mut Vec<T>, from: usize, marks: &[bool]) {
    let mut place: usize = 0;
    items.retain(|_| {
        let mark = place.checked_sub(from).and_then(|mark| marks.get(mark));
        place += 1;
        mark.copied().unwrap_or(true)
    });
}

/// Deleted intervals by series of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tombstones {
    by_series: BTreeMap<u64, Vec<Interval>>,
}

impl Tombstones {
    /// Deletes an interval of a series; nothing when it ends before it starts.
    pub fn add(&mut self, series: u64, interval: Interval) {
        if interval.start <= interval.end {
            merge(self.by_series.entry(series).or_default(), interval);
        }
    }

    /// Whether the sample of a series at a time is deleted.
    #[must_use]
    pub fn contains(&self, series: u64, at: i64) -> bool {
        Interval::cover(self.of(series), at, at)
    }

    /// The deleted intervals of a series, ascending.
    #[must_use]
    pub fn of(&self, series: u64) -> &[Interval] {
        self.by_series.get(&series).map_or(&[], Vec::as_slice)
    }

    /// All of them, ascending by series.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[Interval])> {
        self.by_series.iter().map(|(series, intervals)| (*series, intervals.as_slice()))
    }

    /// How many intervals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_series.values().map(Vec::len).sum()
    }

    /// Whether nothing is deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_series.is_empty()
    }

    /// Reads the file of the block in `folder`; also its length. Without a file nothing is deleted.
    ///
    /// # Errors
    /// When the disk refuses or the file is damaged.
    pub fn read(disk: &dyn Disk, folder: &Utf8Path) -> Result<(Self, u64), BlockError> {
        let path = folder.join(TOMBSTONES_FILE);
        match disk.read(&path, FILE_BYTES_MAX) {
            Ok(bytes) => match Self::from_bytes(&bytes) {
                Ok(tombstones) => Ok((tombstones, bytes.len() as u64)),
                Err(fault) => Err(fault.of(&path)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((Self::default(), 0)),
            Err(error) => Err(BlockError::io("read", &path)(error)),
        }
    }

    /// Replaces the file of the block in `folder`, durably; answers its length.
    ///
    /// # Errors
    /// What the disk says; the old file is then still there.
    pub fn write(&self, disk: &dyn Disk, folder: &Utf8Path) -> Result<u64, BlockError> {
        let path = folder.join(TOMBSTONES_FILE);
        let bytes = self.to_bytes();
        replace(disk, &path, &bytes).map_err(BlockError::io("write", &path))?;
        Ok(bytes.len() as u64)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        for (series, intervals) in self.iter() {
            for interval in intervals {
                push_unsigned(&mut content, series);
                push_signed(&mut content, interval.start);
                push_signed(&mut content, interval.end);
            }
        }
        let mut out = MAGIC.to_be_bytes().to_vec();
        out.push(VERSION);
        out.extend_from_slice(&content);
        out.extend_from_slice(&crc32c::crc32c(&content).to_be_bytes());
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let (header, rest) = bytes
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(Fault::new(0, "the file is shorter than its header"))?;
        let [a, b, c, d, version] = *header;
        if u32::from_be_bytes([a, b, c, d]) != MAGIC {
            return Err(Fault::new(0, "the file does not begin as a tombstone file"));
        }
        if version != VERSION {
            return Err(Fault::new(4, "the version of the tombstone file is not known"));
        }
        let (content, sum) = rest
            .split_last_chunk::<SUM_BYTES>()
            .ok_or(Fault::new(HEADER_BYTES as u64, "the checksum is missing"))?;
        if crc32c::crc32c(content).to_be_bytes() != *sum {
            return Err(Fault::new(HEADER_BYTES as u64, "the checksum is wrong"));
        }
        let mut tombstones = Self::default();
        let mut cursor = Cursor::new(content);
        while !cursor.is_empty() {
            let offset = (HEADER_BYTES + content.len() - cursor.remaining()) as u64;
            let (series, interval) =
                stone(&mut cursor).map_err(|_| Fault::new(offset, "the interval is cut"))?;
            tombstones.add(series, interval);
        }
        Ok(tombstones)
    }
}

fn stone(cursor: &mut Cursor<'_>) -> Result<(u64, Interval), Damage> {
    let series = cursor.unsigned()?;
    Ok((series, Interval { start: cursor.signed()?, end: cursor.signed()? }))
}

/// Adds an interval to ascending ones. Time is discrete, so neighbors become one.
fn merge(intervals: &mut Vec<Interval>, new: Interval) {
    let from = intervals.partition_point(|known| known.end < new.start.saturating_sub(1));
    let to = intervals.partition_point(|known| known.start <= new.end.saturating_add(1));
    let joined = intervals.get(from..to).unwrap_or_default();
    let start = joined.first().map_or(new.start, |first| first.start.min(new.start));
    let end = joined.last().map_or(new.end, |last| last.end.max(new.end));
    intervals.splice(from..to.max(from), [Interval { start, end }]);
}

#[cfg(test)]
mod tests;
