//! Blocks on a disk that fails: a block is whole or not there, a deletion is whole or did not
//! happen, and what flips is told with its place while the rest is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::{Matcher, Timestamp};
use narthex_oracles::Chance;
use narthex_oracles::generate::SmallBlock;
use narthex_platform::{Disk, SimulatedDisk};
use narthex_storage::TimeRange;
use narthex_tsdb::block::{Block, BlockError, Tombstones, UNFINISHED};

const DATA: &str = "/data";

fn disk(seed: u64) -> (SimulatedDisk, Arc<dyn Disk>) {
    let disk = SimulatedDisk::new(seed);
    disk.create_folder(Utf8Path::new(DATA)).expect("an empty disk");
    let shared = disk.shared();
    (disk, shared)
}

fn small(seed: u64) -> SmallBlock {
    SmallBlock::generate(&mut Chance::new(seed), 8, 150)
}

fn folder(block: &SmallBlock) -> Utf8PathBuf {
    block.folder(Utf8Path::new(DATA))
}

/// The block is all that was written, to the last checksum.
fn check_whole(disk: &Arc<dyn Disk>, written: &SmallBlock) {
    let block = Block::open(disk, &folder(written)).expect("a block under its name is whole");
    block.verify(&mut |fault| panic!("a block under its name is whole: {fault}"));
    let found = block.series().map(|series| series.expect("no fault").labels);
    assert!(found.eq(written.series.keys().cloned()), "all series are there");
}

fn restart(disk: &SimulatedDisk, chance: &mut Chance) {
    if chance.once_in(2) {
        disk.restart_after_power_cut();
    } else {
        disk.restart_after_kill();
    }
}

#[test]
fn a_block_is_whole_or_not_there_whichever_step_was_the_last() {
    for seed in 0..6 {
        let block = small(seed);
        for cut in 0.. {
            let (simulated, disk) = disk(seed * 1000 + cut);
            let steps = simulated.steps();
            simulated.cut_power_after(steps + cut);
            let outcome = block.write(&disk, Utf8Path::new(DATA));
            assert_eq!(outcome.is_err(), simulated.is_off());
            restart(&simulated, &mut Chance::new(seed ^ cut));
            let names: Vec<String> = disk
                .list(Utf8Path::new(DATA))
                .expect("the folder")
                .into_iter()
                .map(|info| info.name)
                .collect();
            let is_there = disk.list(&folder(&block)).is_ok();
            assert!(is_there || outcome.is_err(), "an acknowledged block is there: {names:?}");
            if is_there {
                check_whole(&disk, &block);
            }
            let others =
                names.iter().filter(|name| **name != folder(&block).file_name().unwrap_or(""));
            for other in others {
                assert!(other.ends_with(UNFINISHED), "{other} could be taken for a block");
            }
            // And it can be written again.
            if !is_there {
                block.write(&disk, Utf8Path::new(DATA)).expect("the disk works again");
                check_whole(&disk, &block);
            }
            if outcome.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn a_failed_sync_or_write_or_a_full_disk_makes_no_block() {
    for seed in 0..60 {
        let block = small(seed % 6);
        let (simulated, disk) = disk(seed);
        match seed % 3 {
            0 => simulated.fail_syncs(1 + u32::try_from(seed / 3 % 4).expect("small")),
            1 => simulated.fail_writes(1),
            _ => simulated.limit_bytes(Some(usize::try_from(seed * 40).expect("small"))),
        }
        let outcome = block.write(&disk, Utf8Path::new(DATA));
        simulated.restart_after_power_cut();
        simulated.limit_bytes(None);
        match outcome {
            Ok(_) => check_whole(&disk, &block),
            // The last step may have failed after all others had succeeded.
            Err(_) if disk.list(&folder(&block)).is_ok() => check_whole(&disk, &block),
            Err(_) => {
                block.write(&disk, Utf8Path::new(DATA)).expect("the disk works again");
                check_whole(&disk, &block);
            }
        }
    }
}

#[test]
fn a_deletion_is_whole_or_did_not_happen() {
    for seed in 0..6 {
        for cut in 0.. {
            let block = small(seed);
            let (simulated, disk) = disk(seed * 1000 + cut);
            let meta = block.write(&disk, Utf8Path::new(DATA)).expect("no fault");
            let opened = Block::open(&disk, &folder(&block)).expect("a block");
            let millis = |at| Timestamp::from_millis(at);
            let first =
                TimeRange { start: millis(meta.min_time), end: millis(meta.min_time + 100_000) };
            let second =
                TimeRange { start: millis(meta.min_time), end: millis(meta.min_time + 600_000) };
            let all = Matcher::equal("instance", "host-0:9100");
            opened.delete(std::slice::from_ref(&all), first).expect("no fault");
            let before = opened.tombstones();
            let after = deleted_elsewhere(&block, &[(&all, first), (&all, second)]);
            simulated.cut_power_after(simulated.steps() + cut);
            let outcome = opened.delete(&[all], second);
            restart(&simulated, &mut Chance::new(seed ^ cut));
            let (found, _) = Tombstones::read(&*disk, &folder(&block)).expect("whole tombstones");
            assert!(found == *before || found == after, "old or new: {found:?}");
            if outcome.is_ok() {
                assert_eq!(found, after, "an acknowledged deletion stays");
            }
            Block::open(&disk, &folder(&block)).expect("the block opens");
            if outcome.is_ok() {
                break;
            }
        }
    }
}

/// What these deletions come to on a disk that works.
fn deleted_elsewhere(block: &SmallBlock, deletions: &[(&Matcher, TimeRange)]) -> Tombstones {
    let (_, disk) = disk(0);
    block.write(&disk, Utf8Path::new(DATA)).expect("no fault");
    let opened = Block::open(&disk, &folder(block)).expect("a block");
    for (matcher, range) in deletions {
        opened.delete(&[(*matcher).clone()], *range).expect("no fault");
    }
    Tombstones::clone(&opened.tombstones())
}

#[test]
fn a_flipped_bit_in_any_file_is_told_with_its_place_and_the_rest_is_read() {
    let mut told = BTreeSet::new();
    for seed in 0..400 {
        let mut chance = Chance::new(seed);
        let block = small(seed % 6);
        let (simulated, disk) = disk(seed);
        block.write(&disk, Utf8Path::new(DATA)).expect("no fault");
        let (path, len) = chance.pick(&simulated.files()).clone();
        let bit = chance.below(len * 8);
        simulated.flip_bit(&path, bit);
        let mut faults: Vec<BlockError> = Vec::new();
        match Block::open(&disk, &folder(&block)) {
            Err(fault) => faults.push(fault),
            Ok(opened) => {
                opened.verify(&mut |fault| faults.push(fault));
                // Chunks, at least, fail one by one.
                if path.as_str().contains("chunks") {
                    check_rest(&opened, &block, &faults);
                }
            }
        }
        let is_text = path.ends_with("meta.json");
        if faults.is_empty() {
            // Padding has no meaning, and a letter of an unknown key or white space little.
            let opened = Block::open(&disk, &folder(&block)).expect("it opened before");
            let is_all_there = check_rest(&opened, &block, &faults) == 0;
            assert!(is_all_there, "bit {bit} of {path} flipped, and nothing was told");
            continue;
        }
        for fault in &faults {
            assert!(fault.path().starts_with(folder(&block)), "{fault}");
            assert!(fault.offset().is_some() || is_text, "{fault} says no place");
        }
        let names_it = faults.iter().any(|fault| fault.path() == path);
        assert!(names_it || path.ends_with("index") || is_text, "{path}: {faults:?}");
        told.insert(path.file_name().unwrap_or_default().to_owned());
    }
    assert_eq!(Vec::from_iter(told), ["000001", "index", "meta.json", "tombstones"]);
}

/// Of a damaged file of chunks, only what stands at the damage is refused. Answers how many chunks
/// that are.
fn check_rest(opened: &Block, written: &SmallBlock, faults: &[BlockError]) -> usize {
    let mut refused = 0;
    for series in opened.series() {
        let series = series.expect("the index is whole");
        let chunks = written.series.get(&series.labels).expect("a series that was written");
        for (place, expected) in series.chunks.iter().zip(chunks) {
            match opened.chunk(place) {
                Ok(found) => assert_eq!(found.to_chunk(), *expected),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused <= 1, "one bit is in one chunk, {refused} are refused: {faults:?}");
    assert_eq!(opened.series().count(), written.series.len(), "every series is there");
    refused
}
