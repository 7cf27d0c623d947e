//! Data to write, and what promtool says of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use camino::Utf8PathBuf;
use narthex_harness::TempFolder;
use narthex_model::Labels;
use narthex_platform::{Disk, RealDisk};
use narthex_storage::{Columns, TimeRange};
use narthex_tsdb::ReadBudget;
use narthex_tsdb::block::{Block, BlockMeta, BlockWriter, ChunkView, block_id};
use narthex_tsdb::encoding::{FloatEncoding, encode};

/// Samples by series.
pub(crate) type Data = BTreeMap<Labels, Columns>;

/// A data folder that promtool opens: it wants a `wal` in it.
pub(crate) fn data_folder(folder: &TempFolder) -> Utf8PathBuf {
    let data = Utf8PathBuf::from_path_buf(folder.path().join("data")).expect("a UTF-8 path");
    disk().create_folder(&data.join("wal")).expect("a folder");
    data
}

pub(crate) fn disk() -> Arc<dyn Disk> {
    RealDisk::shared()
}

/// What the tool prints; it must succeed.
#[track_caller]
pub(crate) fn output(tool: &Path, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output().expect("the tool starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

pub(crate) fn write_block(data_folder: &Utf8PathBuf, data: &Data) -> BlockMeta {
    let mut symbols: Vec<&str> =
        data.keys().flat_map(|labels| labels.iter()).flat_map(|(n, v)| [n, v]).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let ulid = block_id(1_700_000_000_000, 42);
    let mut writer = BlockWriter::create(&disk(), data_folder, ulid, symbols).expect("a writer");
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for (labels, columns) in data {
        let mut chunks = Vec::new();
        encode(columns, FloatEncoding::Xor, &mut chunks);
        writer.push(labels, &chunks).expect("a series");
        first = chunks.iter().map(|chunk| chunk.first_at).fold(first, i64::min);
        last = chunks.iter().map(|chunk| chunk.last_at).fold(last, i64::max);
    }
    writer.finish(BlockMeta::new(ulid, first, last + 1)).expect("a block")
}

/// Every sample of a block by way of its querier, and no fault in it.
#[track_caller]
pub(crate) fn read_block(block: &Block) -> Data {
    let mut faults = Vec::new();
    block.verify(&mut |fault| faults.push(fault.to_string()));
    assert!(faults.is_empty(), "{faults:#?}");
    let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let mut data = Data::new();
    for series in querier.select(&[]).expect("series") {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).expect("samples");
        data.insert(series.labels().clone(), columns);
    }
    data
}

/// The same series, chunk by chunk, as a new block in another folder.
pub(crate) fn rewrite(block: &Block, data_folder: &Utf8PathBuf) -> Utf8PathBuf {
    let symbols = block.symbols().map(|symbol| symbol.expect("a symbol"));
    let ulid = block.meta().ulid;
    let mut writer = BlockWriter::create(&disk(), data_folder, ulid, symbols).expect("a writer");
    for series in block.series() {
        let series = series.expect("a series");
        let chunks: Vec<ChunkView<'_>> =
            series.chunks.iter().map(|place| block.chunk(place).expect("a chunk")).collect();
        writer.push_views(&series.labels, &chunks).expect("written");
    }
    writer.finish(block.meta().clone()).expect("a block");
    data_folder.join(ulid.to_string())
}
