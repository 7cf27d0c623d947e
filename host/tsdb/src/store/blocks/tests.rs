//! Blocks of a store on the simulated disk: found, compacted, deleted from, retained, and all of it
//! cut short at every step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use narthex_model::{Labels, Matcher, Timestamp};
use narthex_platform::{Metrics, SimulatedClock, SimulatedDisk};
use narthex_storage::{Columns, Queryable, TimeRange};

use super::*;
use crate::block::{BlockMeta, BlockWriter, block_id};
use crate::config::{Config, Retention, RetentionRule, Settings};
use crate::encoding::{FloatEncoding, encode};
use crate::store::Tsdb;

const FOLDER: &str = "/data";
const HOUR: i64 = 3_600_000;
const JOBS: [&str; 3] = ["db", "debug", "web"];

/// Samples by job and time.
pub(in crate::store) type Samples = BTreeMap<(String, i64), f64>;

/// A block with a sample a minute of every job, in hours.
fn write_block(disk: &SimulatedDisk, number: u128, (from, to): (i64, i64)) -> (Ulid, Samples) {
    let shared = disk.shared();
    let folder = Utf8Path::new(FOLDER);
    shared.create_folder(folder).unwrap();
    let id = block_id(1_000, number);
    let symbols = ["", "__name__", "db", "debug", "job", "up", "web"];
    let mut writer = BlockWriter::create(&shared, folder, id, symbols).unwrap();
    let mut samples = Samples::new();
    for job in JOBS {
        let times: Vec<i64> = (from * HOUR..to * HOUR).step_by(600_000).collect();
        let values: Vec<f64> = times.iter().map(|at| *at as f64 + number as f64).collect();
        let all = times.iter().zip(&values);
        samples.extend(all.map(|(at, value)| ((job.to_owned(), *at), *value)));
        let mut chunks = Vec::new();
        encode(&Columns::from_floats(times, values), FloatEncoding::Xor, &mut chunks);
        writer.push(&labels(job), &chunks).unwrap();
    }
    writer.finish(BlockMeta::new(id, from * HOUR, to * HOUR)).unwrap();
    (id, samples)
}

fn labels(job: &str) -> Labels {
    Labels::from_pairs([("__name__", "up"), ("job", job)])
}

fn config(settings: Settings) -> Config {
    Config::new(FOLDER).with_settings(settings)
}

fn open_with(disk: &SimulatedDisk, settings: Settings) -> Tsdb {
    let clock = SimulatedClock::at(0);
    Tsdb::open(config(settings), disk.shared(), clock.clock(), &Metrics::new()).unwrap()
}

fn open(disk: &SimulatedDisk) -> Tsdb {
    open_with(disk, Settings::default())
}

/// All that a store shows.
pub(in crate::store) fn read(store: &Tsdb) -> Samples {
    let mut samples = Samples::new();
    for series in store.querier(TimeRange::ALL).unwrap().select(&[]).unwrap() {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).unwrap();
        assert!(columns.times.is_sorted_by(|a, b| a < b), "samples ascend");
        let job = series.labels().get("job").unwrap().to_owned();
        let all = columns.times.iter().zip(&columns.values);
        samples.extend(all.map(|(at, value)| ((job.clone(), *at), *value)));
    }
    samples
}

fn ids(store: &Tsdb) -> Vec<Ulid> {
    store.block_metas().iter().map(|meta| meta.ulid).collect()
}

fn folders(disk: &SimulatedDisk) -> BTreeSet<String> {
    let files = disk.shared().list(Utf8Path::new(FOLDER)).unwrap().into_iter();
    let is_ours = |name: &str| ["log", "head_chunks"].contains(&name);
    files.filter(|file| file.is_folder && !is_ours(&file.name)).map(|file| file.name).collect()
}

#[track_caller]
fn maintain(store: &Tsdb) {
    let failures = store.maintain_now(0);
    assert!(failures.is_empty(), "{failures:?}");
}

/// Four blocks of two hours, of which the first three become one.
fn four_blocks(disk: &SimulatedDisk) -> Samples {
    let blocks = [(6, 8), (8, 10), (10, 12), (12, 14)].into_iter().zip(1..);
    blocks.flat_map(|(times, number)| write_block(disk, number, times).1).collect()
}

#[test]
fn blocks_of_others_are_found_while_the_store_is_open() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let (id, samples) = write_block(&disk, 1, (0, 2));
    assert!(read(&store).is_empty());
    maintain(&store);
    assert_eq!((ids(&store), read(&store)), (vec![id], samples));
    disk.shared().remove_folder(&Utf8Path::new(FOLDER).join(id.to_string())).unwrap();
    maintain(&store);
    assert!(ids(&store).is_empty() && read(&store).is_empty());
}

#[test]
fn blocks_that_fill_a_level_become_one_and_their_folders_go() {
    let disk = SimulatedDisk::new(1);
    let samples = four_blocks(&disk);
    let store = open(&disk);
    maintain(&store);
    let metas = store.block_metas();
    let levels: Vec<u32> = metas.iter().map(|meta| meta.compaction.level).collect();
    assert_eq!((levels, read(&store)), (vec![2, 1], samples.clone()));
    assert_eq!(metas[0].compaction.parents.len(), 3);
    assert_eq!(folders(&disk).len(), 2, "{:?}", folders(&disk));
    drop(store);
    assert_eq!(read(&open(&disk)), samples);
}

#[test]
fn blocks_that_overlap_become_one_and_the_older_counts() {
    let disk = SimulatedDisk::new(1);
    let (_, first) = write_block(&disk, 1, (0, 2));
    let (_, second) = write_block(&disk, 2, (0, 3));
    let mut expected = second;
    expected.extend(first);
    let store = open(&disk);
    assert_eq!(read(&store), expected, "a query decides as the compaction");
    maintain(&store);
    assert_eq!((ids(&store).len(), read(&store)), (1, expected));
}

#[test]
fn what_a_crash_left_is_cleared_up_at_the_start() {
    let disk = SimulatedDisk::new(1);
    let samples = four_blocks(&disk);
    let unfinished =
        ["01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp-for-creation", "01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp"];
    let doomed = "01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp-for-deletion";
    let others = ["lost+found", "snapshots", "not-a-block.tmp"];
    for name in unfinished.iter().chain(&others).chain([&doomed]) {
        disk.shared().create_folder(&Utf8Path::new(FOLDER).join(name)).unwrap();
    }
    let store = open(&disk);
    assert_eq!((ids(&store).len(), read(&store)), (4, samples));
    let left = folders(&disk);
    assert!(others.iter().all(|name| left.contains(*name)), "{left:?}");
    assert_eq!(left.len(), 4 + others.len(), "{left:?}");
}

#[test]
fn a_damaged_block_is_reported_and_left_alone_and_the_rest_is_served() {
    let disk = SimulatedDisk::new(1);
    let (damaged, _) = write_block(&disk, 1, (0, 2));
    let (_, samples) = write_block(&disk, 2, (2, 4));
    let index = Utf8Path::new(FOLDER).join(damaged.to_string()).join("index");
    disk.flip_bit(&index, 3);
    let store = open(&disk);
    assert_eq!(read(&store), samples);
    let unreadable = store.unreadable_blocks();
    assert_eq!(unreadable.len(), 1);
    assert_eq!((&unreadable[0].path, unreadable[0].offset), (&index, Some(0)));
    maintain(&store);
    assert!(folders(&disk).contains(&damaged.to_string()));
}

#[test]
fn a_block_with_a_damaged_chunk_is_marked_and_holds_up_no_other() {
    let disk = SimulatedDisk::new(1);
    four_blocks(&disk);
    let later = [(18, 20), (20, 22), (22, 24), (24, 26)].into_iter().zip(11..);
    let later: Vec<Ulid> =
        later.map(|(times, number)| write_block(&disk, number, times).0).collect();
    let damaged = block_id(1_000, 2);
    let chunks = Utf8Path::new(FOLDER).join(damaged.to_string()).join("chunks/000001");
    disk.flip_bit(&chunks, 8 * 40);
    let store = open(&disk);
    assert_eq!(store.maintain_now(0).len(), 1);
    let failed: Vec<Ulid> = store
        .block_metas()
        .iter()
        .filter(|meta| meta.compaction.failed)
        .map(|meta| meta.ulid)
        .collect();
    assert_eq!(failed, [damaged]);
    maintain(&store);
    assert!(!ids(&store).contains(&later[0]), "the later ones became one");
    assert!(ids(&store).contains(&damaged));
}

#[test]
fn deleted_samples_go_at_once_and_their_bytes_with_the_next_cleaning() {
    let disk = SimulatedDisk::new(1);
    let (_, mut samples) = write_block(&disk, 1, (0, 4));
    let store = open(&disk);
    let range =
        TimeRange { start: Timestamp::from_millis(HOUR), end: Timestamp::from_millis(2 * HOUR) };
    let block = store.blocks().remove(0);
    block.delete(&[Matcher::equal("job", "db")], range).unwrap();
    samples.retain(|(job, at), _| job != "db" || !(HOUR..=2 * HOUR).contains(at));
    assert_eq!(read(&store), samples);
    assert_eq!(store.block_metas()[0].stats.num_tombstones, 1);
    store.clean_tombstones().unwrap();
    let meta = store.block_metas().remove(0);
    assert_eq!((meta.stats.num_tombstones, read(&store)), (0, samples.clone()));
    assert_eq!(meta.stats.num_samples, samples.len() as u64);
    store.blocks()[0].delete(&[], TimeRange::ALL).unwrap();
    store.clean_tombstones().unwrap();
    assert!(ids(&store).is_empty() && folders(&disk).is_empty(), "{:?}", folders(&disk));
}

#[test]
fn a_snapshot_is_a_data_folder_of_its_own() {
    let disk = SimulatedDisk::new(1);
    let samples = four_blocks(&disk);
    let store = open(&disk);
    let folder = store.snapshot("today", true).unwrap();
    maintain(&store);
    assert_eq!(
        store.snapshot("../today", true).unwrap_err().to_string(),
        "\"../today\" is no name for a snapshot"
    );
    let clock = SimulatedClock::at(0);
    let copy = Tsdb::open(Config::new(folder), disk.shared(), clock.clock(), &Metrics::new());
    assert_eq!(read(&copy.unwrap()), samples);
}

fn retention(time_hours: Option<u64>, bytes: Option<u64>) -> Settings {
    let time = time_hours.map(|hours| Duration::from_secs(hours * 3600));
    Settings::default().with_retention(Retention { time, bytes, percentage: None }).unwrap()
}

#[test]
fn blocks_beyond_the_time_or_the_size_go() {
    let disk = SimulatedDisk::new(1);
    four_blocks(&disk);
    let store = open_with(&disk, retention(Some(4), None));
    maintain(&store);
    let oldest = read(&store).keys().map(|(_, at)| *at).min();
    assert_eq!(oldest, Some(10 * HOUR));
    let log = store.0.log_bytes();
    let newest = store.blocks().last().unwrap().size_bytes();
    let settings = retention(None, Some(log + newest));
    store.commit(store.prepare(settings).unwrap());
    maintain(&store);
    assert_eq!(ids(&store).len(), 1);
}

fn rules(rules: &[(&str, u64)], settings: Settings) -> Settings {
    let rule = |(job, hours): &(&str, u64)| RetentionRule {
        matchers: vec![Matcher::equal("job", *job)],
        time: Duration::from_secs(hours * 3600),
    };
    settings.with_retention_rules(rules.iter().map(rule).collect()).unwrap()
}

/// The oldest hour that is there of each job.
fn oldest_hours(store: &Tsdb) -> Vec<Option<i64>> {
    let samples = read(store);
    let oldest = |job: &str| {
        let times = samples.keys().filter(|(of, _)| of == job).map(|(_, at)| *at);
        times.min().map(|at| at / HOUR)
    };
    JOBS.iter().map(|job| oldest(job)).collect()
}

#[test]
fn a_rule_lets_series_go_before_the_others() {
    let disk = SimulatedDisk::new(1);
    write_block(&disk, 1, (0, 2));
    write_block(&disk, 2, (6, 12));
    write_block(&disk, 3, (12, 14));
    let store = open_with(&disk, rules(&[("debug", 4)], retention(Some(24), None)));
    maintain(&store);
    assert_eq!(oldest_hours(&store), [Some(0), Some(10), Some(0)]);
    let series: Vec<u64> = store.block_metas().iter().map(|meta| meta.stats.num_series).collect();
    assert_eq!(series, [2, 3, 3], "where all of it is over its bytes are gone");
    // Much of the second block is deleted, which is another reason to write it anew.
    maintain(&store);
    let before = ids(&store);
    maintain(&store);
    assert_eq!(ids(&store), before, "nothing is written twice");
    assert_eq!(oldest_hours(&store), [Some(0), Some(10), Some(0)]);
}

#[test]
fn a_rule_keeps_series_longer_than_the_others() {
    let disk = SimulatedDisk::new(1);
    for (number, hour) in [(1, 0), (2, 6), (3, 12), (4, 24)] {
        write_block(&disk, number, (hour, hour + 2));
    }
    let store = open_with(&disk, rules(&[("db", 20)], retention(Some(6), None)));
    maintain(&store);
    assert_eq!(oldest_hours(&store), [Some(6), Some(24), Some(24)]);
    let series: Vec<u64> = store.block_metas().iter().map(|meta| meta.stats.num_series).collect();
    assert_eq!(series.iter().sum::<u64>(), 1 + 1 + 3, "{series:?}");
}

#[test]
fn the_first_rule_that_matches_counts() {
    let disk = SimulatedDisk::new(1);
    write_block(&disk, 1, (0, 2));
    write_block(&disk, 2, (12, 14));
    let mut settings = rules(&[("db", 20), ("debug", 4)], retention(Some(24), None));
    let mut all = settings.retention_rules().to_vec();
    all.push(RetentionRule { matchers: Vec::new(), time: Duration::from_secs(3600) });
    settings = settings.with_retention_rules(all).unwrap();
    let store = open_with(&disk, settings);
    maintain(&store);
    assert_eq!(oldest_hours(&store), [Some(0), Some(12), Some(12)]);
}

#[test]
fn retention_works_on_a_full_disk_and_queries_go_on() {
    let disk = SimulatedDisk::new(1);
    four_blocks(&disk);
    let store = open_with(&disk, retention(None, None));
    disk.limit_bytes(Some(disk.used_bytes()));
    let before = read(&store);
    assert!(!store.maintain_now(0).is_empty(), "there is no room for a compaction");
    assert_eq!(read(&store), before);
    assert!(store.block_metas().iter().all(|meta| !meta.compaction.failed));
    let log = store.0.log_bytes();
    let bytes: u64 = store.blocks().iter().skip(1).map(Block::size_bytes).sum();
    store.commit(store.prepare(retention(None, Some(log + bytes))).unwrap());
    store.maintain_now(0);
    assert_eq!(read(&store).keys().map(|(_, at)| *at).min(), Some(8 * HOUR));
    disk.limit_bytes(None);
    maintain(&store);
}

/// Cuts the power after every step of `work`, and looks what is there afterwards.
fn cut_everywhere(prepare: &dyn Fn(&SimulatedDisk), work: &dyn Fn(&Tsdb), look: &dyn Fn(&Tsdb)) {
    let disk = SimulatedDisk::new(7);
    prepare(&disk);
    let (store, begun) = (open(&disk), disk.steps());
    work(&store);
    let steps = disk.steps() - begun;
    drop(store);
    assert!(steps > 0, "something was done");
    for step in 0..steps {
        let disk = SimulatedDisk::new(step);
        prepare(&disk);
        let store = open(&disk);
        disk.cut_power_after(disk.steps() + step);
        work(&store);
        drop(store);
        disk.restart_after_power_cut();
        let store = open(&disk);
        look(&store);
        maintain(&store);
        look(&store);
    }
}

#[test]
fn a_compaction_that_is_cut_loses_nothing_and_shows_nothing_twice() {
    let expected = four_blocks(&SimulatedDisk::new(1));
    cut_everywhere(
        &|disk| drop(four_blocks(disk)),
        &|store| drop(store.maintain_now(0)),
        &|store| assert_eq!(read(store), expected),
    );
}

#[test]
fn a_deletion_that_is_cut_happened_or_did_not() {
    let prepare = |disk: &SimulatedDisk| drop(write_block(disk, 1, (0, 4)));
    let (_, all) = write_block(&SimulatedDisk::new(1), 1, (0, 4));
    let mut rest = all.clone();
    rest.retain(|(job, _), _| job != "db");
    cut_everywhere(
        &prepare,
        &|store| {
            let block = store.blocks().remove(0);
            if block.delete(&[Matcher::equal("job", "db")], TimeRange::ALL).is_ok() {
                drop(store.clean_tombstones());
            }
        },
        &|store| {
            let found = read(store);
            assert!(found == all || found == rest, "{} samples", found.len());
        },
    );
}

/// Says of the only chunk of a series that it has no samples; its checksum is right.
fn empty_first_chunk(disk: &SimulatedDisk, id: Ulid) {
    let path = Utf8Path::new(FOLDER).join(id.to_string()).join("chunks/000001");
    let mut bytes = disk.shared().read(&path, u64::MAX).unwrap();
    let mut cursor = crate::encoding::varint::Cursor::new(&bytes[8..]);
    let before = cursor.remaining();
    let len = usize::try_from(cursor.unsigned().unwrap()).unwrap();
    let from = 8 + before - cursor.remaining();
    bytes[from + 1..from + 3].copy_from_slice(&[0, 0]);
    let sum = crc32c::crc32c(&bytes[from..=from + len]).to_be_bytes();
    bytes[from + 1 + len..from + 5 + len].copy_from_slice(&sum);
    narthex_platform::replace(&*disk.shared(), &path, &bytes).unwrap();
}

#[test]
fn a_block_that_no_writer_takes_holds_up_no_other() {
    let disk = SimulatedDisk::new(1);
    four_blocks(&disk);
    let later = [(18, 20), (20, 22), (22, 24), (24, 26)].into_iter().zip(11..);
    let later: Vec<Ulid> =
        later.map(|(times, number)| write_block(&disk, number, times).0).collect();
    empty_first_chunk(&disk, block_id(1_000, 2));
    let store = open(&disk);
    assert_eq!(store.maintain_now(0).len(), 1);
    let failed = store.block_metas().iter().filter(|meta| meta.compaction.failed).count();
    assert_eq!(failed, 3, "which of the parents it was is not known");
    maintain(&store);
    assert!(!ids(&store).contains(&later[0]), "the later ones became one");
}

#[test]
fn samples_out_of_order_count_after_those_in_order_before_and_after_they_become_one() {
    let disk = SimulatedDisk::new(1);
    let (late, late_samples) = write_block(&disk, 1, (0, 3));
    let (_, in_order) = write_block(&disk, 2, (1, 3));
    let folder = Utf8Path::new(FOLDER).join(late.to_string());
    let (mut meta, _) = BlockMeta::read(&*disk.shared(), &folder).unwrap();
    meta.compaction.hints = vec![crate::block::FROM_OUT_OF_ORDER.to_owned()];
    meta.write(&*disk.shared(), &folder).unwrap();
    let mut expected = late_samples;
    expected.extend(in_order);
    let store = open(&disk);
    assert_eq!(read(&store), expected);
    maintain(&store);
    assert_eq!((ids(&store).len(), read(&store)), (1, expected));
}

#[test]
fn a_rule_for_other_series_is_applied_to_blocks_that_an_older_one_is_done_with() {
    let disk = SimulatedDisk::new(1);
    write_block(&disk, 1, (6, 12));
    write_block(&disk, 2, (12, 14));
    let store = open_with(&disk, rules(&[("debug", 4)], retention(Some(24), None)));
    maintain(&store);
    let settings = rules(&[("db", 4)], retention(Some(24), None));
    store.commit(store.prepare(settings).unwrap());
    maintain(&store);
    assert_eq!(oldest_hours(&store), [Some(10), Some(10), Some(6)]);
}

#[test]
fn a_rule_tries_once_to_write_a_damaged_block_anew() {
    let disk = SimulatedDisk::new(1);
    let (damaged, _) = write_block(&disk, 1, (0, 2));
    write_block(&disk, 2, (12, 14));
    empty_first_chunk(&disk, damaged);
    let store = open_with(&disk, rules(&[("debug", 4)], retention(Some(24), None)));
    assert_eq!(store.maintain_now(0).len(), 1);
    maintain(&store);
    assert!(store.block_metas()[0].compaction.failed);
    assert_eq!(oldest_hours(&store)[1], Some(12), "the tombstones hide the samples");
}

#[test]
fn what_was_imported_from_prometheus_does_not_count_against_the_retention() {
    let disk = SimulatedDisk::new(1);
    let folder = Utf8Path::new(FOLDER);
    for name in ["wal", "log"] {
        disk.shared().create_folder(&folder.join(name)).unwrap();
    }
    let put = |name: &str, bytes: &[u8]| {
        narthex_platform::replace(&*disk.shared(), &folder.join(name), bytes).unwrap();
    };
    put("wal/00000000", &[0; 10_000]);
    put("wal/00000001", &[0; 3_000]);
    let marker = r#"{"version": 1, "files": [{"path": "wal/00000000", "bytes": 10000}]}"#;
    put("log/imported.json", marker.as_bytes());
    let store = open(&disk);
    let bytes = store.0.log_bytes();
    assert!((3_000..10_000).contains(&bytes), "{bytes}");
}
