//! What was imported, and how far an import came: `log/imported.json`, see docs/formats/import.md.
//!
//! Always holds: the file is replaced as one durable step, before the step that it announces.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, replace};
use serde::{Deserialize, Serialize};

use super::files::File;

/// A name and a size take some hundred bytes, and there are rarely more than some hundred files.
const BYTES_MAX: u64 = 64 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// Of this file's format.
    pub(super) version: u32,
    /// What was imported to the end.
    #[serde(default)]
    pub(super) files: Vec<File>,
    /// An import that was begun and not ended.
    #[serde(default)]
    pub(super) under_way: Option<UnderWay>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnderWay {
    /// Samples in order before this stand in a block already. It stays what it was when the import
    /// was first begun: later our own blocks say nothing of what was imported.
    pub(super) valid_from: i64,
    /// Blocks that it has made: what is there of them is removed when it begins again.
    pub(super) blocks: Vec<String>,
}

impl Marker {
    pub(super) const VERSION: u32 = 1;

    pub(super) fn path(folder: &Utf8Path) -> Utf8PathBuf {
        folder.join("log").join("imported.json")
    }

    /// Reads it; an empty one when there is none, or none that makes sense: to import again is
    /// never wrong.
    pub(super) fn read(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<Self> {
        let bytes = match disk.read(&Self::path(folder), BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            bytes => bytes?,
        };
        let marker = serde_json::from_slice::<Self>(&bytes).ok();
        Ok(marker.filter(|marker| marker.version == Self::VERSION).unwrap_or_default())
    }

    pub(super) fn write(&mut self, disk: &dyn Disk, folder: &Utf8Path) -> io::Result<()> {
        self.version = Self::VERSION;
        let bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        replace(disk, &Self::path(folder), &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawn_example_is_what_is_written() {
        let page = include_str!("../../../../docs/formats/import.md");
        let (_, rest) = page.split_once("```json\n").unwrap();
        let (json, _) = rest.split_once("```").unwrap();
        let file = |path: &str, bytes| File { path: path.to_owned(), bytes };
        let blocks = vec!["01HF7YAT00000000000000000G".to_owned()];
        let marker = Marker {
            version: Marker::VERSION,
            files: vec![
                file("wal/checkpoint.00000007/00000000", 65_536),
                file("wal/00000008", 1_234),
            ],
            under_way: Some(UnderWay { valid_from: 1_700_000_000_000, blocks }),
        };
        assert_eq!(serde_json::from_str::<Marker>(json).unwrap(), marker);
        let written = serde_json::to_value(&marker).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(json).unwrap());
    }
}
