//! Which files of a Prometheus data folder hold what no block holds yet.

use std::io;

use camino::Utf8Path;
use narthex_platform::{Disk, FileInfo};
use serde::{Deserialize, Serialize};

const LOG: &str = "wal";
const OUT_OF_ORDER_LOG: &str = "wbl";
const CHUNKS: &str = "chunks_head";
const CHECKPOINT: &str = "checkpoint.";

/// A file by its path within the data folder, and its size: together they tell whether it changed.
/// Prometheus begins a new segment at every start, so what it writes never goes unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: u64,
}

/// A file and the number that is its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) file: File,
}

/// What is to be read, each list ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    /// Segments of the newest checkpoint.
    pub(super) checkpoint: Vec<Numbered>,
    /// Segments that the checkpoint does not cover.
    pub(super) log: Vec<Numbered>,
    /// Segments of the out-of-order log.
    pub(super) out_of_order_log: Vec<Numbered>,
    pub(super) chunks: Vec<Numbered>,
    /// Segments that should be there and are not.
    pub(super) missing: Vec<String>,
}

impl Files {
    pub(super) fn list(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<Self> {
        let mut files = Self {
            log: numbered(disk, folder, Utf8Path::new(LOG))?,
            out_of_order_log: numbered(disk, folder, Utf8Path::new(OUT_OF_ORDER_LOG))?,
            chunks: numbered(disk, folder, Utf8Path::new(CHUNKS))?,
            ..Self::default()
        };
        for (number, name) in checkpoints(disk, folder)? {
            let segments = numbered(disk, folder, &Utf8Path::new(LOG).join(name))?;
            if segments.iter().any(|segment| segment.file.bytes > 0) {
                files.checkpoint = segments;
                files.log.retain(|segment| segment.number > number);
                files.miss(LOG, Some(number));
                break;
            }
        }
        if files.checkpoint.is_empty() {
            files.miss(LOG, None);
        }
        Ok(files)
    }

    /// Notes the segments of the log that follow `before`, or the first one, and are not there.
    fn miss(&mut self, folder: &str, before: Option<u64>) {
        /// A gap of more segments is told by its first ones.
        const TOLD_MAX: u64 = 100;
        let mut before = before;
        for segment in &self.log {
            let next = before.map_or(segment.number, |number| number.saturating_add(1));
            let missing = (next..segment.number).take(usize::try_from(TOLD_MAX).unwrap_or(0));
            self.missing.extend(missing.map(|number| format!("{folder}/{number:08}")));
            before = Some(segment.number);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &File> {
        let lists = [&self.checkpoint, &self.log, &self.out_of_order_log, &self.chunks];
        lists.into_iter().flatten().map(|numbered| &numbered.file)
    }

    /// Whether there is a record: without one nothing says which series a chunk belongs to.
    pub(super) fn hold_records(&self) -> bool {
        self.checkpoint.iter().chain(&self.log).any(|segment| segment.file.bytes > 0)
    }
}

/// Checkpoints by number, the newest first.
fn checkpoints(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<Vec<(u64, String)>> {
    let listed = list(disk, &folder.join(LOG))?;
    let mut checkpoints: Vec<(u64, String)> = listed
        .into_iter()
        .filter(|info| info.is_folder)
        .filter_map(|info| {
            let number = info.name.strip_prefix(CHECKPOINT)?.parse().ok()?;
            Some((number, info.name))
        })
        .collect();
    checkpoints.sort_unstable();
    checkpoints.reverse();
    Ok(checkpoints)
}

/// Files whose name is a number.
fn numbered(disk: &dyn Disk, folder: &Utf8Path, within: &Utf8Path) -> io::Result<Vec<Numbered>> {
    let mut files: Vec<Numbered> = list(disk, &folder.join(within))?
        .into_iter()
        .filter(|info| !info.is_folder)
        .filter_map(|info| {
            let number = info.name.parse().ok()?;
            Some(Numbered {
                number,
                file: File { path: within.join(info.name).into_string(), bytes: info.len },
            })
        })
        .collect();
    files.sort_unstable_by_key(|file| file.number);
    Ok(files)
}

/// What is in a folder; nothing when it is not there.
fn list(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<Vec<FileInfo>> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}
