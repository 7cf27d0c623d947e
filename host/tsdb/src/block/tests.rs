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
    let meta = writer.finish(BlockMeta::new(ulid, start.min(end), end)).unwrap();
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

/// A block as it would be if one byte of one file were another.
#[track_caller]
fn check_fault(file: &str, place: impl Fn(&[u8]) -> usize, expected: &str) {
    let disk = SimulatedDisk::new(1);
    let block = write(&disk.shared(), &two_series());
    let path = block.folder().join(file);
    let place = place(&disk.shared().read(&path, u64::MAX).unwrap());
    disk.flip_bit(&path, place as u64 * 8 + 6);
    let found = match Block::open(&disk.shared(), block.folder()) {
        Ok(block) => faults(&block),
        Err(error) => vec![error.to_string()],
    };
    assert!(found.iter().any(|fault| fault.contains(expected)), "{file} {place}: {found:?}");
}

#[test]
fn verification_finds_a_changed_byte_wherever_it_is() {
    check_fault("tombstones", |_| 5, "tombstones is damaged at byte 5: the checksum is wrong");
    check_fault("meta.json", |_| 0, "parse /data/");
    check_fault("chunks/000001", |_| 0, "at byte 0: the file does not begin as a chunk file");
    check_fault("chunks/000001", |bytes| bytes.len() - 1, "the chunk's checksum is wrong");
    check_fault("index", |_| 4, "at byte 4: the version of the index is not known");
    check_fault("index", |_| 12, "at byte 5: the symbol table's checksum is wrong");
    check_fault("index", |bytes| bytes.len() - 1, "the table of contents is damaged");
    check_fault("index", |bytes| bytes.len() - 60, "the postings offset table's checksum is wrong");
}

/// No byte of the files but padding is without a meaning.
#[test]
fn every_byte_of_every_file_is_checked() {
    let disk = SimulatedDisk::new(1);
    let block = write(&disk.shared(), &[(labels(&[("a", "b")]), chunks([1, 2]))]);
    for file in ["index", "chunks/000001", "tombstones"] {
        let path = block.folder().join(file);
        let bytes = disk.shared().read(&path, u64::MAX).unwrap();
        let mut missed = Vec::new();
        for (place, byte) in bytes.iter().enumerate() {
            disk.flip_bit(&path, place as u64 * 8 + 3);
            let found = Block::open(&disk.shared(), block.folder()).map(|block| faults(&block));
            if found.is_ok_and(|faults| faults.is_empty()) {
                missed.push(*byte);
            }
            disk.flip_bit(&path, place as u64 * 8 + 3);
        }
        assert!(missed.iter().all(|byte| *byte == 0) && missed.len() < 16, "{file}: {missed:?}");
    }
}

#[test]
fn the_drawn_example_is_what_is_written() {
    let page = include_str!("../../../../docs/formats/block.md");
    let drawn = crate::drawn::examples(page);
    let columns = |times: &[i64], values: &[f64]| {
        let mut chunks = Vec::new();
        let columns = Columns::from_floats(times.to_vec(), values.to_vec());
        encoding::encode(&columns, FloatEncoding::Xor, &mut chunks);
        chunks
    };
    let up = |job| labels(&[("__name__", "up"), ("job", job)]);
    let disk = SimulatedDisk::new(1).shared();
    let series = [
        (up("a"), columns(&[1_000, 16_000, 31_000, 46_001], &[1.0, 1.0, 2.0, 2.0])),
        (up("b"), columns(&[1_000], &[0.0])),
    ];
    let block = write(&disk, &series);
    let mut tombstones = Tombstones::default();
    tombstones.add(5, Interval { start: 500, end: 2_000 });
    block.replace_tombstones(tombstones).unwrap();
    let files = ["chunks/000001", "index", "tombstones"];
    assert_eq!(drawn.len(), files.len());
    for (file, drawn) in files.iter().zip(drawn) {
        let written = disk.read(&block.folder().join(file), u64::MAX).unwrap();
        let text = |bytes: &[u8]| {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(text(&written), text(&drawn), "{file}");
    }
    let block = Block::open(&disk, block.folder()).unwrap();
    assert_eq!(faults(&block), [""; 0]);
    assert!(block.tombstones().contains(5, 1_000));
}

#[test]
fn a_block_that_ends_before_it_begins_is_refused() {
    let disk = SimulatedDisk::new(1).shared();
    let block = write(&disk, &two_series());
    let mut meta = block.meta().clone();
    (meta.min_time, meta.max_time) = (meta.max_time, meta.min_time);
    meta.write(&*disk, block.folder()).unwrap();
    let error = Block::open(&disk, block.folder()).unwrap_err();
    let path = block.folder().join("meta.json");
    let expected = format!("{path} is damaged at byte 0: the block ends before it begins");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn another_number_of_tombstones_is_no_damage() {
    let disk = SimulatedDisk::new(1).shared();
    let block = write(&disk, &two_series());
    let before = block.meta().clone();
    let bytes = block.size_bytes();
    block.delete(&[], TimeRange::ALL).unwrap();
    let stones = disk.read(&block.folder().join("tombstones"), u64::MAX).unwrap().len() as u64;
    assert_eq!(block.size_bytes(), bytes + stones - Tombstones::default().to_bytes().len() as u64);
    before.write(&*disk, block.folder()).unwrap();
    assert_eq!(faults(&Block::open(&disk, block.folder()).unwrap()), [""; 0]);
}
