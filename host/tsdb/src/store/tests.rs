use narthex_model::{Exemplar, Labels, Matcher, Timestamp};
use narthex_platform::{SimulatedClock, SimulatedDisk};
use narthex_storage::{AppendError, Columns, CommitError, SeriesRef, conformance};

use super::*;
use crate::{Named, Settings, SyncPolicy};

mod durability;
mod model;

pub(super) struct World {
    pub(super) disk: SimulatedDisk,
    pub(super) clock: SimulatedClock,
    metrics: Metrics,
}

impl World {
    pub(super) fn new() -> Self {
        let (disk, clock) = (SimulatedDisk::new(7), SimulatedClock::at(0));
        Self { disk, clock, metrics: Metrics::new() }
    }

    /// The store before the replay.
    pub(super) fn open_behind(&self, config: Config) -> Tsdb {
        Tsdb::open(config, self.disk.shared(), self.clock.clock(), &self.metrics).unwrap()
    }

    pub(super) fn open_with(&self, config: Config) -> Tsdb {
        let store = self.open_behind(config);
        store.replay_now().unwrap();
        store
    }

    pub(super) fn open(&self) -> Tsdb {
        self.open_with(Config::new("/data"))
    }
}

pub(super) fn labels(name: &str, instance: usize) -> Labels {
    Labels::from_pairs([("__name__", name.to_owned()), ("instance", instance.to_string())])
}

#[track_caller]
pub(super) fn write(store: &Tsdb, labels: &Labels, samples: &[(i64, f64)]) -> SeriesRef {
    let mut batch = store.appender();
    let series = batch.series(labels).unwrap();
    for (at, value) in samples {
        batch.append(series, Timestamp::from_millis(*at), *value).unwrap();
    }
    let done = batch.commit().unwrap();
    assert_eq!((done.samples, done.out_of_order), (samples.len(), 0));
    series
}

pub(super) fn read(store: &Tsdb, matchers: &[Matcher]) -> Vec<(String, Vec<(i64, f64)>)> {
    let found = store.querier(TimeRange::ALL).unwrap().select(matchers).unwrap();
    let series = found.iter().map(|series| {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).unwrap();
        let samples = columns.times.into_iter().zip(columns.values).collect();
        (series.labels().to_string(), samples)
    });
    series.collect()
}

#[test]
fn the_store_keeps_the_contract() {
    let mut worlds = Vec::new();
    conformance::run(&mut |_name| {
        let world = World::new();
        let store = world.open();
        worlds.push(world);
        Box::new(store)
    });
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let world = World::new();
    let store = world.open();
    let samples: Vec<(i64, f64)> =
        (0..500_i32).map(|i| (i64::from(i) * 15_000, f64::from(i % 7) / 10.0)).collect();
    let first = write(&store, &labels("up", 1), &samples[..300]);
    write(&store, &labels("up", 1), &samples[300..]);
    write(&store, &labels("up", 2), &[(7_000_000, 0.1)]);
    let before = read(&store, &[]);
    drop(store);
    world.disk.restart_after_kill();
    let store = world.open();
    assert_eq!(read(&store, &[]), before);
    assert!(store.damaged().is_empty(), "{:?}", store.damaged());
    assert_eq!(store.replay_progress().samples, 501);
    let mut batch = store.appender();
    let third = batch.series(&labels("up", 3)).unwrap();
    assert!(third.0 > first.0, "ids grow across restarts");
}

#[test]
fn a_checkpoint_takes_the_place_of_the_log_before_it() {
    let world = World::new();
    let mut store = world.open();
    for round in 0..5_i32 {
        let samples: Vec<(i64, f64)> =
            (0..200_i32).map(|i| (i64::from(round * 200 + i) * 15_000, f64::from(i))).collect();
        write(&store, &labels("a", 1), &samples);
        write(&store, &labels(&format!("b{round}"), 1), &[(i64::from(round) * 3_000_000, 1.0)]);
        let before = read(&store, &[]);
        store.checkpoint().unwrap();
        write(&store, &labels("c", 1), &[(i64::from(round) * 3_000_000, 1.0)]);
        let names: Vec<String> = world
            .disk
            .list("/data/log".into())
            .unwrap()
            .into_iter()
            .map(|info| info.name)
            .collect();
        assert_eq!(names.len(), 2, "one checkpoint, one segment: {names:?}");
        drop(store);
        world.disk.restart_after_kill();
        store = world.open();
        assert!(store.damaged().is_empty(), "{:?}", store.damaged());
        let after = read(&store, &[]);
        assert!(
            before.iter().filter(|(name, _)| !name.starts_with('c')).all(|s| after.contains(s))
        );
        assert_eq!(after.len(), before.len() + usize::from(round == 0));
    }
}

#[test]
fn a_reader_sees_whole_commits_only() {
    let world = World::new();
    let store = world.open();
    write(&store, &labels("a", 1), &[(1_000, 1.0)]);
    let querier = store.querier(TimeRange::ALL).unwrap();
    write(&store, &labels("a", 1), &[(2_000, 2.0), (3_000, 3.0)]);
    write(&store, &labels("a", 2), &[(2_000, 2.0)]);
    let found = querier.select(&[]).unwrap();
    assert_eq!(found.len(), 1, "a series of a later commit is not there");
    let mut columns = Columns::default();
    found[0].read(TimeRange::ALL, &mut columns).unwrap();
    assert_eq!(columns.times, [1_000]);
    assert_eq!(querier.label_values("instance", &[]).unwrap(), ["1"]);
    assert_eq!(read(&store, &[]).len(), 2);
}

#[test]
fn two_batches_for_one_series_are_put_in_order_at_commit() {
    let world = World::new();
    let store = world.open();
    let (mut slow, mut fast) = (store.appender(), store.appender());
    let series = slow.series(&labels("a", 1)).unwrap();
    for (batch, times) in [(&mut slow, [1_000, 2_000]), (&mut fast, [2_000, 3_000])] {
        for at in times {
            batch.append(series, Timestamp::from_millis(at), 1.5).unwrap();
        }
    }
    assert_eq!(fast.commit().unwrap().samples, 2);
    let done = slow.commit().unwrap();
    assert_eq!((done.samples, done.out_of_order), (0, 2));
    assert_eq!(read(&store, &[])[0].1, [(2_000, 1.5), (3_000, 1.5)]);
}

#[test]
fn a_batch_under_way_keeps_its_series() {
    const HOUR: i64 = 3_600_000;
    let world = World::new();
    let config = Config::new("/data").with_retention(std::time::Duration::from_secs(3600)).unwrap();
    let store = world.open_with(config);
    let old = write(&store, &labels("old", 1), &[(0, 1.0)]);
    write(&store, &labels("new", 1), &[(4 * HOUR, 1.0)]);
    // All samples of the one are gone, and it goes with the next round but one.
    (0..3).for_each(|_| store.apply_retention(4 * HOUR));
    let mut batch = store.appender();
    batch.append(old, Timestamp::from_millis(4 * HOUR), 2.0).unwrap();
    (0..2).for_each(|_| store.apply_retention(4 * HOUR));
    let done = batch.commit().unwrap();
    assert_eq!((done.samples, done.out_of_order), (1, 0));
}

#[test]
fn old_chunks_and_series_go_and_ids_do_not_come_back() {
    const HOUR: i64 = 3_600_000;
    let world = World::new();
    let config = Config::new("/data").with_retention(std::time::Duration::from_secs(3600)).unwrap();
    let store = world.open_with(config.clone());
    let old = write(&store, &labels("old", 1), &[(0, 1.0)]);
    let samples: Vec<(i64, f64)> = (0..400_i64).map(|i| (i * 30_000, 1.0)).collect();
    write(&store, &labels("kept", 1), &samples);
    let mut batch = store.appender();
    let never = batch.series(&labels("never", 1)).unwrap();
    drop(batch);
    for _ in 0..4 {
        store.apply_retention(4 * HOUR);
    }
    let found = read(&store, &[]);
    assert_eq!(found.len(), 1);
    let first = found[0].1[0].0;
    assert!(first > 0 && first <= samples[399].0 - HOUR, "whole chunks go: {first}");
    let mut batch = store.appender();
    let at = Timestamp::from_millis(4 * HOUR);
    assert_eq!(batch.append(old, at, 1.0), Err(AppendError::UnknownSeries));
    assert_eq!(batch.append(never, at, 1.0), Err(AppendError::UnknownSeries));
    let kept = batch.series(&labels("kept", 1)).unwrap();
    let late = batch.series(&labels("late", 1)).unwrap();
    assert_eq!(batch.append(late, Timestamp::from_millis(1), 1.0), Err(AppendError::OutOfBounds));
    assert!(late > never && kept > old);
    drop(batch);
    assert_eq!(store.stats(10).series, 2);
    store.checkpoint().unwrap();
    drop(store);
    world.disk.restart_after_kill();
    let store = world.open_with(config);
    assert_eq!(read(&store, &[]), found);
    let mut batch = store.appender();
    let again = batch.series(&labels("old", 1)).unwrap();
    assert!(again > late, "an id is not reused, even if its series left no trace");
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    let world = World::new();
    let store = world.open();
    write(&store, &labels("a", 1), &[(1_000, 1.0)]);
    world.disk.limit_bytes(Some(world.disk.used_bytes() + 10));
    let mut batch = store.appender();
    let series = batch.series(&labels("a", 1)).unwrap();
    batch.append(series, Timestamp::from_millis(2_000), 2.0).unwrap();
    let error = batch.commit().unwrap_err();
    assert!(
        matches!(&error, CommitError::Log { source } if source.kind() == io::ErrorKind::StorageFull)
    );
    assert_eq!(read(&store, &[])[0].1, [(1_000, 1.0)], "reads go on, nothing half is visible");
    world.disk.limit_bytes(None);
    write(&store, &labels("a", 1), &[(2_000, 2.5), (3_000, 3.0)]);
    let before = read(&store, &[]);
    drop(store);
    world.disk.restart_after_kill();
    let store = world.open();
    assert!(store.damaged().is_empty(), "{:?}", store.damaged());
    assert_eq!(read(&store, &[]), before);
}

#[test]
fn a_failed_sync_poisons_the_segment_and_a_new_one_goes_on() {
    let world = World::new();
    let config = Config::new("/data").with_sync(SyncPolicy::Always).unwrap();
    let store = world.open_with(config.clone());
    write(&store, &labels("a", 1), &[(1_000, 1.0)]);
    world.disk.fail_syncs(2);
    let commit = |at: i64, value: f64| {
        let mut batch = store.appender();
        let series = batch.series(&labels("a", 1)).unwrap();
        batch.append(series, Timestamp::from_millis(at), value).unwrap();
        batch.commit()
    };
    assert!(matches!(commit(2_000, 2.0), Err(CommitError::Log { .. })), "the sync failed");
    assert!(matches!(commit(2_000, 2.0), Err(CommitError::Log { .. })), "so did the new segment");
    assert!(matches!(commit(2_000, 2.0), Err(CommitError::Poisoned { .. })), "not tried too often");
    world.clock.advance(std::time::Duration::from_secs(2));
    commit(2_000, 3.0).unwrap();
    assert!(!store.checkpoint_is_due(), "nothing acknowledged is in danger");
    drop(store);
    world.disk.restart_after_power_cut();
    let store = world.open_with(config);
    assert_eq!(read(&store, &[])[0].1, [(1_000, 1.0), (2_000, 3.0)]);
}

#[test]
fn a_failed_sync_of_acknowledged_samples_wants_a_checkpoint() {
    let world = World::new();
    let store = world.open();
    write(&store, &labels("a", 1), &[(1_000, 1.0)]);
    world.disk.fail_syncs(1);
    assert!(store.sync().is_err());
    write(&store, &labels("a", 1), &[(2_000, 2.0)]);
    assert!(store.sync().is_err(), "the new segment is durable, the old one is not");
    assert!(store.checkpoint_is_due());
    store.checkpoint().unwrap();
    store.sync().unwrap();
    assert!(!store.checkpoint_is_due());
    drop(store);
    world.disk.restart_after_power_cut();
    assert_eq!(read(&world.open(), &[])[0].1, [(1_000, 1.0), (2_000, 2.0)]);
}

#[test]
fn a_second_store_on_the_same_folder_is_refused() {
    let world = World::new();
    let _store = world.open();
    let second =
        Tsdb::open(Config::new("/data"), world.disk.shared(), world.clock.clock(), &world.metrics);
    assert_eq!(
        second.unwrap_err().to_string(),
        "/data/lock is locked: another process uses this data folder"
    );
}

#[test]
fn full_chunks_move_to_files_and_are_read_there() {
    let world = World::new();
    let store = world.open();
    let samples: Vec<(i64, f64)> = (0..1_000_i64).map(|i| (i * 3_000, i as f64 / 7.0)).collect();
    for instance in 0..5 {
        write(&store, &labels("a", instance), &samples);
    }
    let (before, bytes) = (read(&store, &[]), store.series_bytes());
    store.0.spill_chunks_beyond(0).unwrap();
    assert_eq!(read(&store, &[]), before);
    assert!(store.series_bytes() < bytes / 2, "{} of {bytes}", store.series_bytes());
    let files = || world.disk.shared().list("/data/head_chunks".into()).unwrap();
    assert_eq!(files().len(), 1);
    store.0.spill_chunks_beyond(0).unwrap();
    assert_eq!(files().len(), 1, "what is in a file stays there");
    store.checkpoint().unwrap();
    drop(store);
    assert!(files().is_empty(), "a file goes with its chunks");
    world.disk.restart_after_power_cut();
    let store = world.open();
    assert_eq!(read(&store, &[]), before, "the checkpoint has all");
    assert!(store.damaged().is_empty(), "{:?}", store.damaged());
}

#[test]
fn chunks_stay_in_memory_while_the_disk_is_full() {
    let world = World::new();
    let store = world.open();
    let samples: Vec<(i64, f64)> = (0..1_000_i64).map(|i| (i * 3_000, i as f64 / 7.0)).collect();
    write(&store, &labels("a", 1), &samples);
    let before = read(&store, &[]);
    world.disk.limit_bytes(Some(world.disk.used_bytes() + 100));
    let error = store.0.spill_chunks_beyond(0).unwrap_err();
    assert_eq!(error.to_string(), "write chunks of the head to /data/head_chunks");
    assert_eq!(read(&store, &[]), before);
    world.disk.limit_bytes(None);
    store.0.spill_chunks_beyond(0).unwrap();
    assert_eq!(read(&store, &[]), before);
}

fn few_exemplars() -> Config {
    let settings = Settings::default().with_exemplars_max(3).unwrap();
    Config::new("/data").with_settings(settings)
}

#[test]
fn exemplars_survive_restarts_and_checkpoints() {
    let world = World::new();
    let store = world.open_with(few_exemplars());
    for at in [1_000, 2_000, 3_000, 4_000] {
        let mut batch = store.appender();
        let series = batch.series(&labels("up", usize::from(at == 3_000))).unwrap();
        let at = Timestamp::from_millis(at);
        batch.append(series, at, 1.0).unwrap();
        let trace = Labels::from_pairs([("trace_id", at.millis().to_string())]);
        batch.exemplar(series, Exemplar { labels: trace, value: 0.5, at }).unwrap();
        assert_eq!(batch.commit().unwrap().exemplars, 1);
    }
    let all = |store: &Tsdb| store.exemplars(TimeRange::ALL, &[vec![]]).unwrap();
    let found = all(&store);
    let times = |one: &narthex_storage::SeriesExemplars| {
        one.exemplars.iter().map(|exemplar| exemplar.at.millis()).collect::<Vec<_>>()
    };
    assert_eq!(found.iter().map(times).collect::<Vec<_>>(), [vec![2_000, 4_000], vec![3_000]]);
    let mut store = store;
    for round in 0..2 {
        if round == 1 {
            store.checkpoint().unwrap();
        }
        drop(store);
        world.disk.restart_after_kill();
        store = world.open_with(few_exemplars());
        assert!(store.damaged().is_empty(), "{:?}", store.damaged());
        assert_eq!(all(&store), found);
    }
    let mut batch = store.appender();
    let series = batch.series(&labels("up", 0)).unwrap();
    let at = Timestamp::from_millis(3_999);
    let late = Exemplar { labels: Labels::empty(), value: 0.5, at };
    assert_eq!(batch.exemplar(series, late), Err(AppendError::OutOfOrder));
}

#[test]
fn stats_tell_where_the_series_come_from() {
    let world = World::new();
    let store = world.open();
    for instance in 0..3 {
        write(&store, &labels("up", instance), &[(1_000, 1.0)]);
    }
    write(&store, &labels("down", 1), &[(2_000, 1.0)]);
    let stats = store.stats(1);
    assert_eq!((stats.series, stats.chunks, stats.label_pairs), (4, 4, 5));
    assert_eq!((stats.oldest_at, stats.newest_at), (Some(1_000), Some(2_000)));
    assert_eq!(stats.series_by_metric, [Named { name: "up".into(), count: 3 }]);
    assert_eq!(stats.values_by_label, [Named { name: "instance".into(), count: 3 }]);
    let families = world.metrics.gather();
    let series = families.iter().find(|family| family.name == "prometheus_tsdb_head_series");
    let value = &series.unwrap().points[0].value;
    assert_eq!(*value, narthex_platform::PointValue::Number(4.0));
}

#[test]
fn readers_and_writers_at_once_agree() {
    let world = World::new();
    let store = world.open();
    let write_rounds = |name: &str| {
        for round in 0..200_i64 {
            let mut batch = store.appender();
            for instance in 0..20 {
                let series = batch.series(&labels(name, instance)).unwrap();
                batch.append(series, Timestamp::from_millis(round), 1.0).unwrap();
            }
            assert_eq!(batch.commit().unwrap().samples, 20);
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| write_rounds("first"));
        threads.spawn(|| write_rounds("second"));
        for _ in 0..200 {
            for name in ["first", "second"] {
                let found = read(&store, &[Matcher::equal("__name__", name)]);
                let lens = found.iter().map(|(_, samples)| samples.len());
                let lens = lens.collect::<std::collections::BTreeSet<_>>();
                assert!(lens.len() <= 1, "a commit is seen whole: {lens:?}");
            }
        }
    });
    assert_eq!(read(&store, &[]).len(), 40);
}

/// The example drawn in docs/formats/log.md.
#[test]
fn the_drawn_log_is_what_is_written_and_read() {
    let page = include_str!("../../../../docs/formats/log.md");
    let (_, section) = page.split_once("\n## Example\n").expect("its section");
    let drawn = crate::drawn::example(section);
    let series = ["a", "b"].map(|job| Labels::from_pairs([("__name__", "up"), ("job", job)]));
    let world = World::new();
    let store = world.open();
    for (at, values) in [(1_000, [1.0, 0.5]), (16_000, [1.0, 0.75])] {
        let mut batch = store.appender();
        for (labels, value) in series.iter().zip(values) {
            let series = batch.series(labels).unwrap();
            batch.append(series, Timestamp::from_millis(at), value).unwrap();
        }
        batch.commit().unwrap();
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x} ")).collect::<String>();
    let written = world.disk.read("/data/log/00000001.log".into(), 1 << 20).unwrap();
    assert_eq!(hex(&written), hex(&drawn));

    let other = World::new();
    other.disk.create_folder("/data/log".into()).unwrap();
    other.disk.create("/data/log/00000001.log".into()).unwrap().append(&drawn).unwrap();
    let read_back = other.open();
    assert!(read_back.damaged().is_empty(), "{:?}", read_back.damaged());
    assert_eq!(read(&read_back, &[]), read(&store, &[]));
}
