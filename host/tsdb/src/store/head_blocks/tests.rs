//! The head becomes blocks: nothing is lost and nothing shown twice, whoever reads and whenever the
//! power fails.

use std::time::Duration;

use narthex_model::{Exemplar, Matcher, Timestamp};
use narthex_platform::{Metrics, SimulatedClock, SimulatedDisk};
use narthex_storage::{AppendError, Appendable, Columns, Queryable, TimeRange};

use super::*;
use crate::config::{Config, Settings};
use crate::encoding::Encoding;
use crate::store::blocks::tests::{Samples, read};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const JOBS: [&str; 3] = ["a", "b", "c"];

fn open(disk: &SimulatedDisk) -> Tsdb {
    let store = open_behind(disk);
    store.replay_now().unwrap();
    store
}

/// The store before the replay.
fn open_behind(disk: &SimulatedDisk) -> Tsdb {
    let window = Duration::from_secs(3 * 3600);
    let settings = Settings::default().with_out_of_order_window(window).unwrap();
    let config = Config::new("/data").with_settings(settings);
    let clock = SimulatedClock::at(0);
    Tsdb::open(config, disk.shared(), clock.clock(), &Metrics::new()).unwrap()
}

/// Stores a sample of each job; what the store takes is in the answer.
fn append(store: &Tsdb, at: i64, value: f64) -> Samples {
    let mut batch = store.appender();
    let mut samples = Samples::new();
    for job in JOBS {
        let labels = Labels::from_pairs([("__name__", "m"), ("job", job)]);
        let series = batch.series(&labels).unwrap();
        if batch.append(series, Timestamp::from_millis(at), value).is_ok() {
            samples.insert((job.to_owned(), at), value);
        }
    }
    if batch.commit().is_ok() { samples } else { Samples::new() }
}

/// A sample a minute from one hour to another.
fn append_hours(store: &Tsdb, from: i64, to: i64) -> Samples {
    let times = (from * HOUR..to * HOUR).step_by(usize::try_from(10 * MINUTE).unwrap());
    times.flat_map(|at| append(store, at, at as f64)).collect()
}

#[track_caller]
fn maintain(store: &Tsdb) {
    let failures = store.maintain_now(0);
    assert!(failures.is_empty(), "{failures:?}");
}

fn times(store: &Tsdb) -> Vec<(i64, i64)> {
    let metas = store.block_metas();
    metas.iter().map(|meta| (meta.min_time / HOUR, meta.max_time / HOUR)).collect()
}

#[test]
fn the_oldest_range_becomes_a_block_when_the_head_spans_half_of_the_next() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let mut samples = append_hours(&store, 10, 13);
    maintain(&store);
    assert!(times(&store).is_empty(), "there is less than one range and a half");
    samples.extend(append_hours(&store, 13, 14));
    maintain(&store);
    assert_eq!((times(&store), read(&store)), (vec![(10, 12)], samples.clone()));
    assert_eq!(
        store.stats(1).oldest_at.map(|at| at / HOUR),
        Some(12),
        "what is in a block does not count, although a chunk reaches over its end"
    );
    let sources = &store.block_metas()[0].compaction;
    assert_eq!((sources.level, sources.sources.len(), sources.parents.len()), (1, 1, 0));
    samples.extend(append_hours(&store, 14, 16));
    maintain(&store);
    assert_eq!((times(&store), read(&store)), (vec![(10, 12), (12, 14)], samples.clone()));
    drop(store);
    assert_eq!(read(&open(&disk)), samples, "a restart changes nothing");
}

#[test]
fn a_range_that_is_a_block_takes_no_samples_in_order() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    append_hours(&store, 10, 14);
    maintain(&store);
    let mut batch = store.appender();
    let labels = Labels::from_pairs([("__name__", "new"), ("job", "new")]);
    let series = batch.series(&labels).unwrap();
    let refused = batch.append(series, Timestamp::from_millis(8 * HOUR), 1.0);
    assert_eq!(refused, Err(AppendError::TooOld));
}

#[test]
fn samples_out_of_order_become_blocks_of_their_own() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let mut samples = append_hours(&store, 10, 13);
    samples.extend(append(&store, 11 * HOUR + 1, -1.0));
    samples.extend(append(&store, 12 * HOUR + 1, -2.0));
    samples.extend(append_hours(&store, 13, 14));
    let failures = store.maintain_now(0);
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(read(&store), samples);
    samples.extend(append(&store, 11 * HOUR + 2, -3.0));
    samples.extend(append_hours(&store, 14, 16));
    maintain(&store);
    assert_eq!(read(&store), samples);
    assert_eq!(times(&store), [(10, 12), (12, 14)], "blocks that overlap became one");
    drop(store);
    assert_eq!(read(&open(&disk)), samples);
}

#[test]
fn a_reader_that_began_before_reads_to_its_end() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let samples = append_hours(&store, 10, 14);
    let series = store.querier(TimeRange::ALL).unwrap().select(&[]).unwrap();
    maintain(&store);
    let chunks = store.stats(1).chunks;
    let mut columns = Columns::default();
    series[0].read(TimeRange::ALL, &mut columns).unwrap();
    assert_eq!(columns.len(), samples.len() / JOBS.len());
    drop(series);
    maintain(&store);
    assert!(store.stats(1).chunks <= chunks);
    assert_eq!(read(&store), samples);
}

#[test]
fn a_flush_leaves_all_samples_in_blocks_and_none_in_the_head() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let mut samples = append_hours(&store, 10, 15);
    samples.extend(append(&store, 13 * HOUR + 1, -1.0));
    store.flush().unwrap();
    assert_eq!((store.stats(1).chunks, read(&store)), (0, samples.clone()));
    for _ in 0..3 {
        maintain(&store);
    }
    assert_eq!(store.stats(1).series, 0, "nobody asked for the series since");
    samples.extend(append(&store, 15 * HOUR, 7.0));
    assert_eq!(read(&store), samples, "and the store goes on");
    store.flush().unwrap();
    drop(store);
    disk.shared().remove_folder(Utf8Path::new("/data/log")).unwrap();
    assert_eq!(read(&open(&disk)), samples);
}

#[test]
fn a_second_sample_of_a_time_counts_the_same_before_and_after_it_is_in_a_block() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    append_hours(&store, 10, 14);
    maintain(&store);
    assert_eq!(times(&store), [(10, 12)]);
    // One of a time that is in a block, and two of one that is in none.
    for (at, value) in [(11 * HOUR, -1.0), (11 * HOUR + 1, -2.0)] {
        assert!(!append(&store, at, value).is_empty(), "it is late, not too late");
    }
    let before = read(&store);
    assert_eq!(before[&("a".to_owned(), 11 * HOUR)], (11 * HOUR) as f64);
    store.flush().unwrap();
    assert_eq!(read(&store), before);
    append(&store, 11 * HOUR + 1, -3.0);
    let before = read(&store);
    store.flush().unwrap();
    assert_eq!(read(&store), before);
    maintain(&store);
    assert_eq!(read(&store), before);
}

/// The encodings of all chunks of blocks.
fn encodings(blocks: &[Block]) -> Vec<Encoding> {
    let mut found = Vec::new();
    for block in blocks {
        for series in block.series() {
            let places = series.unwrap().chunks;
            found.extend(places.iter().map(|place| block.chunk(place).unwrap().encoding));
        }
    }
    found.dedup();
    found
}

#[test]
fn a_flush_and_the_head_of_a_snapshot_are_for_all_readers() {
    for (floats, own) in
        [(FloatEncoding::Dense, Encoding::Dense), (FloatEncoding::Xor2, Encoding::Xor2)]
    {
        let disk = SimulatedDisk::new(1);
        let config = Config::new("/data").with_settings(Settings::default().with_floats(floats));
        let clock = SimulatedClock::at(0);
        let store = Tsdb::open(config, disk.shared(), clock.clock(), &Metrics::new()).unwrap();
        store.replay_now().unwrap();
        let samples = append_hours(&store, 10, 14);
        let folder = store.snapshot("head", true).unwrap();
        let copy = disk.shared().list(&folder).unwrap().remove(0);
        let copy = Block::open(&disk.shared(), &folder.join(copy.name)).unwrap();
        assert_eq!(encodings(&[copy]), [Encoding::Xor]);
        maintain(&store);
        assert_eq!(encodings(&store.blocks()), [own]);
        store.flush().unwrap();
        assert_eq!(encodings(&store.blocks()), [Encoding::Xor]);
        assert_eq!(read(&store), samples);
    }
}

#[test]
fn a_snapshot_holds_the_head_too() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let mut samples = append_hours(&store, 10, 14);
    maintain(&store);
    samples.extend(append(&store, 13 * HOUR + 1, -1.0));
    let folder = store.snapshot("s", true).unwrap();
    let clock = SimulatedClock::at(0);
    let copy = Tsdb::open(Config::new(folder), disk.shared(), clock.clock(), &Metrics::new());
    assert_eq!(read(&copy.unwrap()), samples);
}

#[test]
fn a_cut_at_any_step_loses_nothing_that_was_synced() {
    let run = |disk: &SimulatedDisk| {
        let store = open(disk);
        let mut samples = append_hours(&store, 10, 13);
        samples.extend(append(&store, 11 * HOUR + 1, -1.0));
        samples.extend(append_hours(&store, 13, 14));
        store.sync().unwrap();
        (store, samples)
    };
    let disk = SimulatedDisk::new(3);
    let (store, _) = run(&disk);
    let begun = disk.steps();
    store.maintain_now(0);
    store.flush().unwrap();
    let steps = disk.steps() - begun;
    drop(store);
    for step in 0..steps {
        let disk = SimulatedDisk::new(step);
        let (store, samples) = run(&disk);
        disk.cut_power_after(disk.steps() + step);
        store.maintain_now(0);
        drop(store.flush());
        drop(store);
        disk.restart_after_power_cut();
        let store = open(&disk);
        assert_eq!(read(&store), samples, "step {step}");
        maintain(&store);
        assert_eq!(read(&store), samples, "step {step}, after a round");
    }
}

#[test]
fn a_full_disk_keeps_the_head_and_a_later_round_writes_it() {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk);
    let mut samples = append_hours(&store, 10, 14);
    disk.limit_bytes(Some(disk.used_bytes()));
    assert!(!store.maintain_now(0).is_empty());
    assert!(append(&store, 14 * HOUR, 1.0).is_empty(), "nothing is acknowledged");
    assert_eq!(read(&store), samples);
    disk.limit_bytes(None);
    store.maintain_now(0);
    samples.extend(append(&store, 14 * HOUR + 1, 1.0));
    maintain(&store);
    assert_eq!((times(&store), read(&store)), (vec![(10, 12)], samples));
}

#[test]
fn what_was_deleted_stays_away_after_a_kill_and_after_a_power_cut() {
    for power in [false, true] {
        let disk = SimulatedDisk::new(7);
        let store = open(&disk);
        let mut expected = append_hours(&store, 10, 14);
        maintain(&store);
        let (start, end) = (11 * HOUR, 13 * HOUR);
        let range =
            TimeRange { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) };
        store.delete_series(&[Matcher::equal("job", "b")], range).unwrap();
        expected.retain(|(job, at), _| job != "b" || !(start..=end).contains(at));
        assert_eq!(read(&store), expected, "in the block and in the head");
        drop(store);
        if power {
            disk.restart_after_power_cut();
        } else {
            disk.restart_after_kill();
        }
        let store = open(&disk);
        assert_eq!(read(&store), expected, "power cut: {power}");
        store.clean_tombstones().unwrap();
        assert_eq!(read(&store), expected);
        let left = store.blocks().iter().map(|block| block.tombstones().len()).sum::<usize>();
        assert_eq!(left, 0, "the bytes are gone");
    }
}

#[test]
fn a_whole_series_can_be_deleted_and_written_again() {
    let disk = SimulatedDisk::new(8);
    let store = open(&disk);
    let mut expected = append_hours(&store, 10, 11);
    store.delete_series(&[Matcher::equal("job", "c")], TimeRange::ALL).unwrap();
    expected.retain(|(job, _), _| job != "c");
    assert_eq!(read(&store), expected);
    expected.extend(append_hours(&store, 12, 13));
    assert_eq!(read(&store), expected);
    disk.restart_after_kill();
    assert_eq!(read(&open(&disk)), expected);
}

#[test]
fn a_series_that_lost_all_its_samples_is_defined_again() {
    let disk = SimulatedDisk::new(9);
    let store = open(&disk);
    let mut expected = append_hours(&store, 10, 11);
    store.flush().unwrap();
    assert_eq!(store.stats(1).series, JOBS.len() as u64, "the series are still there");
    expected.extend(append_hours(&store, 12, 13));
    drop(store);
    disk.restart_after_kill();
    let store = open(&disk);
    assert!(store.damaged().is_empty(), "{:?}", store.damaged());
    assert_eq!(read(&store), expected);
}

#[test]
fn what_is_still_replayed_is_neither_deleted_nor_copied() {
    let disk = SimulatedDisk::new(10);
    let store = open(&disk);
    let mut expected = append_hours(&store, 10, 11);
    drop(store);
    disk.restart_after_kill();
    let store = open_behind(&disk);
    let matchers = [Matcher::equal("job", "b")];
    let refused = store.delete_series(&matchers, TimeRange::ALL).unwrap_err();
    assert_eq!(refused.to_string(), "the log is still being replayed");
    assert!(store.snapshot("s", true).is_err());
    let names = disk.shared().list(Utf8Path::new("/data")).unwrap();
    assert!(names.iter().all(|file| file.name != "snapshots"), "no half of a snapshot");
    store.replay_now().unwrap();
    store.delete_series(&matchers, TimeRange::ALL).unwrap();
    expected.retain(|(job, _), _| job != "b");
    assert_eq!(read(&store), expected);
}

fn some(matcher_job: &str) -> [Matcher; 1] {
    [Matcher::equal("job", matcher_job)]
}

fn millis(start: i64, end: i64) -> TimeRange {
    TimeRange { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) }
}

#[test]
fn what_was_deleted_stays_away_although_commits_go_on_before_the_head_lets_go() {
    let disk = SimulatedDisk::new(11);
    let store = open(&disk);
    let mut expected = append_hours(&store, 10, 14);
    expected.extend(append(&store, 11 * HOUR + 1, -1.0));
    // The steps of a deletion, with commits between them while somebody reads.
    let reader = store.querier(TimeRange::ALL).unwrap();
    let mut rounds = store.0.blocks_lock();
    store.0.flush_head(&mut rounds.head).unwrap();
    // The open chunks, in order and out of order, would go on behind what is in blocks now.
    expected.extend(append(&store, 14 * HOUR, 1.0));
    expected.extend(append(&store, 13 * HOUR + 1, 1.0));
    assert_eq!(read(&store), expected, "in head, or in blocks, or in both");
    drop(reader);
    store.0.wait_for_readers(&mut rounds.head).unwrap();
    store.checkpoint_after_blocks().unwrap();
    drop(rounds);
    for block in store.blocks() {
        block.delete(&some("b"), millis(11 * HOUR, 12 * HOUR - 1)).unwrap();
    }
    expected.retain(|(job, at), _| job != "b" || !(11 * HOUR..12 * HOUR).contains(at));
    assert_eq!(read(&store), expected);
    let mut store = store;
    for how in ["kill", "power cut"] {
        drop(store);
        if how == "kill" {
            disk.restart_after_kill();
        } else {
            disk.restart_after_power_cut();
        };
        store = open(&disk);
        assert_eq!(read(&store), expected, "{how}");
        store.flush().unwrap();
        assert_eq!(read(&store), expected, "{how}, as blocks");
    }
}

#[test]
fn a_chunk_over_the_end_of_a_block_makes_no_second_block_after_a_restart() {
    for has_checkpoint in [false, true] {
        let disk = SimulatedDisk::new(12);
        let store = open(&disk);
        let mut expected = append_hours(&store, 10, 14);
        // Whoever reads keeps the head from letting go, and so from a checkpoint.
        let reader = (!has_checkpoint).then(|| store.querier(TimeRange::ALL).unwrap());
        maintain(&store);
        drop(reader);
        drop(store);
        disk.restart_after_kill();
        let store = open(&disk);
        assert_eq!(store.stats(1).oldest_at, Some(12 * HOUR), "checkpoint: {has_checkpoint}");
        expected.extend(append_hours(&store, 14, 16));
        maintain(&store);
        assert_eq!(times(&store), [(10, 12), (12, 14)], "checkpoint: {has_checkpoint}");
        assert_eq!(read(&store), expected);
    }
}

#[test]
fn a_series_that_is_kept_for_its_exemplar_loses_its_samples() {
    let disk = SimulatedDisk::new(13);
    let store = open(&disk);
    let mut expected = append_hours(&store, 10, 11);
    let at = 11 * HOUR;
    let mut batch = store.appender();
    let labels = Labels::from_pairs([("__name__", "m"), ("job", "b")]);
    let series = batch.series(&labels).unwrap();
    batch.append(series, Timestamp::from_millis(at), 1.0).unwrap();
    let exemplar = Exemplar {
        labels: Labels::from_pairs([("trace_id", "x")]),
        value: 1.0,
        at: Timestamp::from_millis(at),
    };
    batch.exemplar(series, exemplar).unwrap();
    assert_eq!(batch.commit().unwrap().exemplars, 1);
    expected.insert(("b".to_owned(), at), 1.0);
    store.delete_series(&some("b"), millis(0, at - 1)).unwrap();
    expected.retain(|(job, time), _| job != "b" || *time == at);
    assert_eq!((read(&store), times(&store)), (expected.clone(), vec![(10, 11)]));
    drop(store);
    disk.restart_after_kill();
    let store = open(&disk);
    assert_eq!(read(&store), expected);
    let exemplars = store.exemplars(TimeRange::ALL, &[vec![]]).unwrap();
    assert_eq!(exemplars.len(), 1, "the exemplar has its series");
    store.flush().unwrap();
    assert_eq!((read(&store), times(&store)), (expected, vec![(10, 11)]), "no second block");
}

#[test]
fn a_commit_under_way_while_the_head_becomes_blocks_is_taken_and_found() {
    let disk = SimulatedDisk::new(14);
    let config = Config::new("/data");
    let open = || {
        let clock = SimulatedClock::at(0);
        let store = Tsdb::open(config.clone(), disk.shared(), clock.clock(), &Metrics::new());
        let store = store.unwrap();
        store.replay_now().unwrap();
        store
    };
    let store = open();
    let mut expected = append_hours(&store, 10, 11);
    // A scrape of which the time is that of its begin, and a faster one of another target.
    let mut batch = store.appender();
    for job in ["b", "new"] {
        let series = Labels::from_pairs([("__name__", "m"), ("job", job)]);
        let series = batch.series(&series).unwrap();
        batch.append(series, Timestamp::from_millis(11 * HOUR), 7.0).unwrap();
        expected.insert((job.to_owned(), 11 * HOUR), 7.0);
    }
    let mut faster = store.appender();
    let series = Labels::from_pairs([("__name__", "m"), ("job", "a")]);
    let series = faster.series(&series).unwrap();
    faster.append(series, Timestamp::from_millis(11 * HOUR + 1), 8.0).unwrap();
    faster.commit().unwrap();
    expected.insert(("a".to_owned(), 11 * HOUR + 1), 8.0);
    store.flush().unwrap();
    let done = batch.commit().unwrap();
    assert_eq!((done.samples, done.out_of_order), (2, 0));
    assert_eq!(read(&store), expected);
    drop(store);
    disk.restart_after_kill();
    let store = open();
    assert_eq!(read(&store), expected, "after a kill");
    store.flush().unwrap();
    assert_eq!((read(&store), store.stats(1).chunks), (expected, 0), "as blocks");
}

#[test]
fn a_head_without_samples_begins_where_the_newest_block_ends() {
    let disk = SimulatedDisk::new(15);
    let store = open(&disk);
    append_hours(&store, 10, 12);
    store.flush().unwrap();
    drop(store);
    disk.shared().remove_folder(Utf8Path::new("/data/log")).unwrap();
    let store = open(&disk);
    let expected = read(&store);
    assert_eq!(store.0.head.counts.valid_from.load(Ordering::Relaxed), 12 * HOUR - 10 * MINUTE + 1);
    append(&store, 12 * HOUR, 1.0);
    drop(store);
    disk.restart_after_kill();
    let mut expected = expected;
    expected.extend(JOBS.map(|job| ((job.to_owned(), 12 * HOUR), 1.0)));
    assert_eq!(read(&open(&disk)), expected);
}

#[test]
fn a_deletion_waits_until_the_floor_is_durable() {
    let disk = SimulatedDisk::new(16);
    let store = open(&disk);
    let mut expected = append_hours(&store, 10, 14);
    store.sync().unwrap();
    // As when the round fails after the block.
    store.0.write_in_order(12 * HOUR).unwrap();
    store.delete_series(&some("b"), millis(11 * HOUR, 12 * HOUR - 1)).unwrap();
    expected.retain(|(job, at), _| job != "b" || !(11 * HOUR..12 * HOUR).contains(at));
    assert_eq!(read(&store), expected);
    drop(store);
    disk.restart_after_power_cut();
    assert_eq!(read(&open(&disk)), expected);
}

#[test]
fn late_samples_that_could_not_be_written_are_written_by_the_next_round() {
    let disk = SimulatedDisk::new(17);
    let store = open(&disk);
    let mut expected = append_hours(&store, 10, 13);
    expected.extend(append(&store, 11 * HOUR + 1, -1.0));
    expected.extend(append_hours(&store, 13, 14));
    // As when the disk is full after the block in order.
    store.0.write_in_order(12 * HOUR).unwrap();
    store.0.blocks_lock().head.late_is_due = true;
    maintain(&store);
    let late = store.0.found(Share::OutOfOrder);
    assert!(late.is_empty(), "they left the head");
    assert_eq!(read(&store), expected);
}

#[test]
fn nothing_is_deleted_before_prometheus_files_are_imported() {
    let disk = SimulatedDisk::new(18);
    let wal = Utf8Path::new("/data/wal");
    disk.shared().create_folder(wal).unwrap();
    disk.shared().create(&wal.join("00000000")).unwrap().append(&[0; 1 << 15]).unwrap();
    let store = open(&disk);
    let refused = store.delete_series(&some("b"), TimeRange::ALL).unwrap_err();
    assert_eq!(refused.to_string(), "what Prometheus left behind is not imported yet");
    store.import_now().unwrap();
    store.delete_series(&some("b"), TimeRange::ALL).unwrap();
}
