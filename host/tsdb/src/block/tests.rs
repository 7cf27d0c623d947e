use std::collections::BTreeSet;

use narthex_platform::SimulatedDisk;
use narthex_storage::Columns;

use super::*;
use crate::encoding::{self, Chunk, FloatEncoding};

pub(super) fn labels(text: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(text.iter().copied())
}

pub(super) fn chunks(times: impl IntoIterator<Item = i64>) -> Vec<Chunk> {
    let times: Vec<i64> = times.into_iter().collect();
    let values = times.iter().map(|at| *at as f64).collect();
    let mut chunks = Vec::new();
    encoding::encode(&Columns::from_floats(times, values), FloatEncoding::Xor, &mut chunks);
    chunks
}

pub(super) fn write(disk: &Arc<dyn Disk>, series: &[(Labels, Vec<Chunk>)]) -> Block {
    let symbols: BTreeSet<String> = series
        .iter()
        .flat_map(|(labels, _)| labels.iter())
        .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
        .collect();
    let ulid = block_id(1_000, 7);
    let mut writer = BlockWriter::create(disk, "/data".into(), ulid, symbols).unwrap();
    let (mut start, mut end) = (i64::MAX, i64::MIN);
    for (labels, chunks) in series {
        writer.push(labels, chunks).unwrap();
        start = chunks.iter().map(|chunk| chunk.first_at).fold(start, i64::min);
        end = chunks.iter().map(|chunk| chunk.last_at + 1).fold(end, i64::max);
    }
    let meta = writer.finish(BlockMeta::new(ulid, start, end)).unwrap();
    Block::open(disk, &Utf8PathBuf::from("/data").join(meta.ulid.to_string())).unwrap()
}

fn two_series() -> Vec<(Labels, Vec<Chunk>)> {
    vec![
        (labels(&[("__name__", "a"), ("job", "x")]), chunks((0..300).map(|n| n * 1_000))),
        (labels(&[("__name__", "b")]), chunks([5, 6])),
    ]
}

#[track_caller]
fn faults(block: &Block) -> Vec<String> {
    let mut faults = Vec::new();
    block.verify(&mut |fault| faults.push(fault.to_string()));
    faults
}

#[test]
fn what_was_pushed_is_there() {
    let disk = SimulatedDisk::new(1).shared();
    let expected = two_series();
    let block = write(&disk, &expected);
    let mut found = Vec::new();
    for series in block.series() {
        let series = series.unwrap();
        let chunks = series.chunks.iter().map(|place| block.chunk(place).unwrap().to_chunk());
        found.push((series.labels.clone(), chunks.collect::<Vec<_>>()));
    }
    assert_eq!(found, expected);
    let stats = &block.meta().stats;
    assert_eq!((stats.num_series, stats.num_chunks, stats.num_samples), (2, 4, 302));
    assert_eq!((stats.num_float_samples, stats.num_histogram_samples), (302, 0));
    let symbols: Vec<&str> = block.symbols().map(Result::unwrap).collect();
    assert_eq!(symbols, ["__name__", "a", "b", "job", "x"]);
    let names: Vec<String> =
        disk.list("/data".into()).unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(names, [block.meta().ulid.to_string()], "nothing unfinished is left");
    let mut size = 0;
    for folder in [block.folder().to_owned(), block.folder().join("chunks")] {
        size += disk.list(&folder).unwrap().iter().map(|file| file.len).sum::<u64>();
    }
    assert_eq!(block.size_bytes(), size);
    assert_eq!(faults(&block), [""; 0]);
}

#[test]
fn an_unfinished_block_leaves_nothing() {
    let disk = SimulatedDisk::new(1).shared();
    let mut writer =
        BlockWriter::create(&disk, "/data".into(), block_id(1, 1), ["a", "b"]).unwrap();
    writer.push(&labels(&[("a", "b")]), &chunks([1])).unwrap();
    drop(writer);
    assert_eq!(disk.list("/data".into()).unwrap(), []);
}

#[test]
fn a_deletion_is_durable_and_counted() {
    let disk = SimulatedDisk::new(1);
    let block = write(&disk.shared(), &two_series());
    let range = TimeRange {
        start: narthex_model::Timestamp::from_millis(3_000),
        end: narthex_model::Timestamp::from_millis(9_999_999),
    };
    assert_eq!(block.delete(&[Matcher::equal("job", "x")], range).unwrap(), 1);
    assert_eq!(block.delete(&[Matcher::equal("__name__", "b")], range).unwrap(), 0);
    disk.restart_after_power_cut();
    let block = Block::open(&disk.shared(), block.folder()).unwrap();
    let tombstones: Vec<_> = block.tombstones().iter().map(|(_, gone)| gone.to_vec()).collect();
    assert_eq!(tombstones, [[Interval { start: 3_000, end: 299_000 }]]);
    assert_eq!(block.meta().stats.num_tombstones, 1);
    assert_eq!(faults(&block), [""; 0]);
}
