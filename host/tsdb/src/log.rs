//! The write-ahead log: what was committed, on disk, in order. docs/formats/log.md draws it.
//!
//! Invariant: a record is valid only at its place: its checksum covers the number of its file and
//! its offset, so that stale or forged bytes elsewhere are never taken for a record.
//! Invariant: a segment is never written again by a later process; a new one says where the one
//! before it ended.
//! Invariant: after a failed write or sync of a segment nothing more is acknowledged in it.

pub(crate) mod batch;
pub(crate) mod contents;
pub(crate) mod definitions;
pub(crate) mod exemplars;
pub(crate) mod frame;
pub(crate) mod header;
pub(crate) mod histograms;
pub(crate) mod out_of_order;
pub(crate) mod reader;
pub(crate) mod record;
pub(crate) mod writer;

use camino::{Utf8Path, Utf8PathBuf};

/// The segment's file.
pub(crate) fn segment_path(folder: &Utf8Path, number: u32) -> Utf8PathBuf {
    folder.join(format!("{number:08}.log"))
}

/// The checkpoint of everything before segment `number`.
pub(crate) fn checkpoint_path(folder: &Utf8Path, number: u32) -> Utf8PathBuf {
    folder.join(format!("{number:08}.checkpoint"))
}

/// What a file in the log's folder is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFile {
    Segment(u32),
    Checkpoint(u32),
    /// A checkpoint that was not finished.
    Unfinished,
}

impl LogFile {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let (stem, extension) = name.split_once('.')?;
        match extension {
            "log" => stem.parse().ok().map(Self::Segment),
            "checkpoint" => stem.parse().ok().map(Self::Checkpoint),
            "checkpoint.tmp" => Some(Self::Unfinished),
            _ => None,
        }
    }
}
