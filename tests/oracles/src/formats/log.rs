//! Files of the log, read by a whole store.
//!
//! An input is a segment as it is, or a list of records (code, length in two bytes, payload) that
//! get their checksums here.
//!
//! Oracle: the store opens; what it shows is shown again after a restart, after another commit, and
//! after a checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::{Labels, Timestamp};
use narthex_platform::{Disk, Metrics, SimulatedClock, SimulatedDisk};
use narthex_storage::{Appendable, Columns, Queryable, TimeRange};
use narthex_tsdb::testing::{LogFileKind, log_file, log_records};
use narthex_tsdb::{Config, Tsdb};

use crate::generate::{FloatKind, FloatWalk, Target};
use crate::{Chance, Value};

const FOLDER: &str = "/data/log";

/// What a store shows of a series; `None`: it cannot be read, and says so.
type Shown = BTreeMap<Labels, Option<BTreeMap<i64, Value>>>;

fn segment_path(number: u32) -> Utf8PathBuf {
    Utf8Path::new(FOLDER).join(format!("{number:08}.log"))
}

fn checkpoint_path(number: u32) -> Utf8PathBuf {
    Utf8Path::new(FOLDER).join(format!("{number:08}.checkpoint"))
}

fn disk_with(path: &Utf8Path, bytes: &[u8]) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    disk.create_folder(Utf8Path::new(FOLDER)).expect("an empty disk");
    let mut file = disk.create(path).expect("an empty folder");
    file.append(bytes).expect("room");
    file.sync().expect("no fault");
    disk.sync_folder(Utf8Path::new(FOLDER)).expect("no fault");
    disk
}

/// The store on this disk, and the clock that moves it.
fn open(disk: &SimulatedDisk) -> Tsdb {
    disk.restart_after_kill();
    let clock = SimulatedClock::at(1_767_225_600_000).clock();
    let config = Config::new("/data");
    let shared: Arc<dyn Disk> = disk.shared();
    let store = Tsdb::open(config, shared, clock, &Metrics::new()).expect("damage is no error");
    store.replay_now().expect("damage is no error");
    store
}

fn shown(store: &Tsdb) -> Shown {
    let querier = store.querier(TimeRange::ALL).expect("a querier");
    let mut shown = Shown::new();
    for series in querier.select(&[]).expect("series") {
        let mut columns = Columns::default();
        let is_read = series.read(TimeRange::ALL, &mut columns).is_ok();
        let floats = columns.times.iter().zip(&columns.values);
        let floats = floats.map(|(at, value)| (*at, Value::from(*value)));
        let histograms = columns.histograms.iter();
        let histograms = histograms.map(|point| (point.at, Value::from(&*point.histogram)));
        let samples = floats.chain(histograms).collect();
        shown.insert(series.labels().clone(), is_read.then_some(samples));
    }
    shown
}

fn check_disk(disk: &SimulatedDisk) {
    let before = shown(&open(disk));
    let store = open(disk);
    assert_eq!(shown(&store), before, "another start shows the same");
    let mut batch = store.appender();
    let labels = Labels::from_pairs([("__name__", "fuzz"), ("new", "series")]);
    let appended = batch.series(&labels).and_then(|series| {
        let newest = before.get(&labels).into_iter().flatten().flatten();
        let at = newest.map(|(at, _)| *at).max().unwrap_or(0).saturating_add(1);
        batch.append(series, Timestamp::from_millis(at), 1.0)
    });
    if appended.is_ok() {
        batch.commit().expect("a disk that works");
    } else {
        drop(batch);
    }
    let after = shown(&store);
    for (labels, samples) in &before {
        let is_kept = match (after.get(labels), samples) {
            (Some(Some(now)), Some(then)) => then.iter().all(|(at, v)| now.get(at) == Some(v)),
            (Some(None), None) => true,
            _ => false,
        };
        assert!(is_kept, "{labels} is as before the commit");
    }
    drop(store);
    let store = open(disk);
    assert_eq!(shown(&store), after, "the commit is there after a restart, and all else");
    if store.checkpoint().is_ok() {
        assert_eq!(shown(&store), after, "a checkpoint changes nothing");
        drop(store);
        let store = open(disk);
        let damaged = store.damaged();
        assert_eq!(shown(&store), after, "what was saved comes back: {damaged:?}");
    }
}

pub(super) fn check_segment(bytes: &[u8]) {
    check_disk(&disk_with(&segment_path(1), bytes));
}

pub(super) fn check_records(bytes: &[u8]) {
    let file = log_file(LogFileKind::Segment, 1, &split(bytes));
    check_disk(&disk_with(&segment_path(1), &file));
}

pub(super) fn check_checkpoint(bytes: &[u8]) {
    let file = log_file(LogFileKind::Checkpoint, 1, &split(bytes));
    check_disk(&disk_with(&checkpoint_path(1), &file));
}

/// The records of an input.
fn split(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut records = Vec::new();
    while let Some(([code, low, high], rest)) = bytes.split_first_chunk::<3>() {
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (payload, rest) = rest.split_at(len);
        records.push((*code, payload.to_vec()));
        bytes = rest;
    }
    records
}

fn join(records: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, payload) in records {
        let Ok(len) = u16::try_from(payload.len()) else { continue };
        bytes.push(*code);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}

/// A disk on which a store wrote a little.
fn written(chance: &mut Chance, save: bool) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let series = 1 + chance.index(12);
    let target = Target::new(0, series);
    let mut walks: Vec<FloatWalk> =
        (0..series).map(|_| FloatWalk::new(*chance.pick(&FloatKind::ALL))).collect();
    let mut at = 1_767_225_600_000;
    for _ in 0..1 + chance.below(if save { 150 } else { 12 }) {
        at += 15_000;
        let mut batch = store.appender();
        for (index, walk) in walks.iter_mut().enumerate() {
            if chance.once_in(10) {
                continue;
            }
            let series = batch.series(&target.labels(index)).expect("room");
            let at = Timestamp::from_millis(at);
            batch.append(series, at, walk.next(chance)).expect("in order");
        }
        batch.commit().expect("a disk that works");
    }
    if save {
        store.checkpoint().expect("a disk that works");
    }
    drop(store);
    disk
}

/// A segment that a store wrote.
pub(super) fn segment(chance: &mut Chance) -> Vec<u8> {
    written(chance, false).read(&segment_path(1), 1 << 20).expect("the first segment")
}

/// The records of such a segment.
pub(super) fn records(chance: &mut Chance) -> Vec<u8> {
    let disk = written(chance, false);
    let file = disk.open(&segment_path(1)).expect("the first segment");
    join(&log_records(LogFileKind::Segment, 1, file).expect("a disk that works"))
}

/// The records of a checkpoint that a store wrote.
pub(super) fn checkpoint_records(chance: &mut Chance) -> Vec<u8> {
    let disk = written(chance, true);
    let file = disk.open(&checkpoint_path(2)).expect("the checkpoint");
    let records = log_records(LogFileKind::Checkpoint, 2, file).expect("a disk that works");
    join(&records)
}
