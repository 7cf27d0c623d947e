//! Blocks that a shipper copies elsewhere are merged only after it has copied them, so that what it
//! copies is made once.
//!
//! The shipper says what it has copied in a JSON file; that of Thanos is `thanos.shipper.json` in the
//! data folder.

use std::collections::HashSet;

use camino::Utf8Path;
use narthex_platform::Disk;
use serde::Deserialize;

use crate::block::Block;

/// A name takes 30 bytes, and there are rarely more than some thousand blocks.
const BYTES_MAX: u64 = 16 << 20;
/// A block of this level is made of the head. Shippers do not copy what is made of others.
const NEW_LEVEL: u32 = 1;

#[derive(Debug, Deserialize)]
struct Uploads {
    #[serde(default)]
    uploaded: HashSet<String>,
}

/// The blocks before the first new one that was not copied yet, in the order of their names. Later
/// ones wait with it, so that no block stays alone between merged ones. All, when the file cannot be
/// read: a shipper that is gone does not end compaction.
pub(super) fn uploaded(disk: &dyn Disk, file: &Utf8Path, mut blocks: Vec<Block>) -> Vec<Block> {
    let read = disk.read(file, BYTES_MAX).map_err(|error| error.to_string());
    let parse = |bytes: Vec<u8>| serde_json::from_slice(&bytes).map_err(|error| error.to_string());
    let uploads: Uploads = match read.and_then(parse) {
        Ok(uploads) => uploads,
        Err(error) => {
            tracing::warn!(%file, %error, "cannot read what was uploaded; no block waits for it");
            return blocks;
        }
    };
    blocks.sort_by_key(|block| block.meta().ulid);
    let waits = |block: &Block| {
        let meta = block.meta();
        meta.compaction.level <= NEW_LEVEL && !uploads.uploaded.contains(&meta.ulid.to_string())
    };
    let ready = blocks.iter().position(waits).unwrap_or(blocks.len());
    blocks.truncate(ready);
    blocks
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use narthex_model::Labels;
    use narthex_platform::SimulatedDisk;
    use narthex_storage::Columns;
    use ulid::Ulid;

    use super::*;
    use crate::BlockBuilder;
    use crate::block::block_id;
    use crate::encoding::FloatEncoding;

    fn block(disk: &Arc<dyn Disk>, number: u8, level: u32) -> Block {
        let mut builder = BlockBuilder::new(FloatEncoding::Xor);
        let labels = Labels::from_pairs([("__name__", "up")]);
        builder.add(&labels, &Columns::from_floats(vec![1], vec![1.0])).unwrap();
        let id = block_id(i64::from(number), u128::from(number));
        let mut meta = builder.write(disk, "/data".into(), id).unwrap().unwrap();
        let folder = Utf8Path::new("/data").join(id.to_string());
        meta.compaction.level = level;
        meta.write(&**disk, &folder).unwrap();
        Block::open(disk, &folder).unwrap()
    }

    #[test]
    fn new_blocks_wait_for_their_upload_and_later_ones_with_them() {
        let disk: Arc<dyn Disk> = SimulatedDisk::new(1).shared();
        disk.create_folder("/data".into()).unwrap();
        let levels = [1, 2, 1, 1];
        let blocks: Vec<Block> =
            (1..).zip(levels).map(|(number, level)| block(&disk, number, level)).collect();
        let ids: Vec<Ulid> = blocks.iter().map(|block| block.meta().ulid).collect();
        let file = Utf8Path::new("/data/thanos.shipper.json");
        let ready = || {
            let ready = uploaded(&*disk, file, blocks.clone());
            ready.iter().map(|block| block.meta().ulid).collect::<Vec<_>>()
        };
        assert_eq!(ready(), ids, "without a file nothing waits");
        for (numbers, expected) in [(&[][..], 0), (&[0], 2), (&[0, 3], 2), (&[0, 2, 3], 4)] {
            let names: Vec<String> =
                numbers.iter().map(|number| ids[*number].to_string()).collect();
            let text = serde_json::json!({ "version": 1, "uploaded": names }).to_string();
            narthex_platform::replace(&*disk, file, text.as_bytes()).unwrap();
            assert_eq!(ready(), ids[..expected], "{numbers:?}");
        }
    }
}
