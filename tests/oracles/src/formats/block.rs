//! The files of a block: one of them is the input, the others are whole.
//!
//! Of an index, a file of chunks and tombstones the checksums are made right first, so that the
//! bytes behind them are read at all; `raw` says otherwise, in the input's first byte.
//!
//! Oracle: opening and reading refuse with the file's path, or answer; a block without a fault is
//! the same after it was written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Labels;
use narthex_platform::{Disk, SimulatedDisk};
use narthex_storage::{Columns, TimeRange};
use narthex_tsdb::ReadBudget;
use narthex_tsdb::block::{Block, BlockError, BlockMeta, BlockWriter, block_id};
use narthex_tsdb::encoding::{self, Chunk};

use super::checksums;
use crate::Chance;
use crate::generate::{SmallBlock, matchers};

const DATA: &str = "/data";
const INDEX: &str = "index";
const CHUNKS: &str = "chunks/000001";
const TOMBSTONES: &str = "tombstones";
const META: &str = "meta.json";
/// The input's bytes are taken as they are.
const RAW: u8 = 0;

/// The block whose files stand around the input: always the same.
fn surroundings() -> (SimulatedDisk, SmallBlock, Utf8PathBuf) {
    let disk = SimulatedDisk::new(1);
    disk.create_folder(Utf8Path::new(DATA)).expect("an empty disk");
    let block = SmallBlock::generate(&mut Chance::new(5), 6, 40);
    block.write(&disk.shared(), Utf8Path::new(DATA)).expect("a disk that works");
    let folder = block.folder(Utf8Path::new(DATA));
    (disk, block, folder)
}

fn replace(disk: &SimulatedDisk, path: &Utf8Path, bytes: &[u8]) {
    disk.remove(path).ok();
    let mut file = disk.create(path).expect("the name is free");
    file.append(bytes).expect("room");
}

pub(super) fn check_index(bytes: &[u8]) {
    check_file(INDEX, bytes, checksums::index);
}

pub(super) fn check_chunk_file(bytes: &[u8]) {
    check_file(CHUNKS, bytes, checksums::chunks);
}

pub(super) fn check_tombstones(bytes: &[u8]) {
    check_file(TOMBSTONES, bytes, checksums::tombstones);
}

pub(super) fn check_meta(bytes: &[u8]) {
    let (disk, _, folder) = surroundings();
    replace(&disk, &folder.join(META), bytes);
    let Ok((meta, _)) = BlockMeta::read(&disk, &folder) else { return };
    meta.write(&disk, &folder).expect("a disk that works");
    let (again, _) = BlockMeta::read(&disk, &folder).expect("what was just written");
    assert_eq!(again, meta, "meta.json comes back");
}

fn check_file(name: &str, input: &[u8], repair: fn(&mut [u8])) {
    let Some((how, bytes)) = input.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if *how != RAW {
        repair(&mut bytes);
    }
    let (disk, _, folder) = surroundings();
    replace(&disk, &folder.join(name), &bytes);
    let shared = disk.shared();
    let block = match Block::open(&shared, &folder) {
        Ok(block) => block,
        Err(error) => return check_error(&error, &folder),
    };
    let mut faults = 0;
    block.verify(&mut |error| {
        check_error(&error, &folder);
        faults += 1;
    });
    query(&block);
    if faults == 0 {
        check_rewritten(&shared, &block);
    }
}

fn check_error(error: &BlockError, folder: &Utf8Path) {
    assert!(error.path().starts_with(folder), "the error names another file: {error}");
}

/// Asks for everything, in every way; answers may be errors.
fn query(block: &Block) {
    let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let known: Vec<Labels> =
        block.series().filter_map(Result::ok).map(|series| series.labels).take(20).collect();
    let mut chance = Chance::new(3);
    for round in 0..8 {
        let matchers = if round == 0 { Vec::new() } else { matchers(&known, &mut chance) };
        for series in querier.select(&matchers).into_iter().flatten() {
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns).ok();
        }
        querier.label_names(&matchers).ok();
        querier.label_values("__name__", &matchers).ok();
    }
}

fn contents(block: &Block) -> Result<BTreeMap<Labels, Vec<Chunk>>, BlockError> {
    let mut contents = BTreeMap::new();
    for series in block.series() {
        let series = series?;
        let chunks = series.chunks.iter().map(|place| Ok(block.chunk(place)?.to_chunk()));
        contents.insert(series.labels.clone(), chunks.collect::<Result<_, BlockError>>()?);
    }
    Ok(contents)
}

/// Writes the block anew and compares.
fn check_rewritten(disk: &Arc<dyn Disk>, block: &Block) {
    let series = contents(block).expect("a block without faults");
    let symbols: BTreeSet<&str> =
        series.keys().flat_map(|labels| labels.iter().flat_map(|(a, b)| [a, b])).collect();
    let ulid = block_id(2_000, 2);
    let mut writer =
        BlockWriter::create(disk, Utf8Path::new(DATA), ulid, symbols).expect("a disk that works");
    for (labels, chunks) in &series {
        if chunks.iter().any(|chunk| encoding::count(chunk.encoding, &chunk.bytes) == Ok(0)) {
            return;
        }
        writer.push(labels, chunks).expect("ascending as they were read");
    }
    let meta = BlockMeta::new(ulid, block.meta().min_time, block.meta().max_time);
    writer.finish(meta).expect("a disk that works");
    let again = Block::open(disk, &Utf8Path::new(DATA).join(ulid.to_string())).expect("a block");
    assert_eq!(contents(&again).expect("a whole block"), series, "the block comes back");
}

fn file_of(chance: &mut Chance, name: &str) -> Vec<u8> {
    let (disk, _, folder) = surroundings();
    if name == TOMBSTONES {
        let block = Block::open(&disk.shared(), &folder).expect("a whole block");
        for _ in 0..chance.below(4) {
            let start = block.meta().min_time + chance.between(0, 900_000);
            let range = TimeRange {
                start: narthex_model::Timestamp::from_millis(start),
                end: narthex_model::Timestamp::from_millis(start + chance.between(0, 300_000)),
            };
            block.delete(&[], range).expect("a disk that works");
        }
    }
    disk.read(&folder.join(name), 1 << 20).expect("a file of the block")
}

fn checked(chance: &mut Chance, name: &str) -> Vec<u8> {
    let mut bytes = vec![u8::from(!chance.once_in(4))];
    bytes.extend(file_of(chance, name));
    bytes
}

pub(super) fn index(chance: &mut Chance) -> Vec<u8> {
    checked(chance, INDEX)
}

pub(super) fn chunk_file(chance: &mut Chance) -> Vec<u8> {
    checked(chance, CHUNKS)
}

pub(super) fn tombstones(chance: &mut Chance) -> Vec<u8> {
    checked(chance, TOMBSTONES)
}

pub(super) fn meta(chance: &mut Chance) -> Vec<u8> {
    file_of(chance, META)
}
