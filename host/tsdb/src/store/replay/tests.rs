use narthex_model::{Labels, Timestamp};
use narthex_platform::Disk;
use narthex_storage::{Appendable, Appender};

use super::*;
use crate::Config;
use crate::store::tests::{World, labels, read, write};

type Found = Vec<(String, Vec<(i64, f64)>)>;

fn config() -> Config {
    Config::new("/data")
}

/// Three lives: one ends with a checkpoint and segments after it, one without a word, and the
/// last begins; answers the disk and what was there.
fn a_log() -> (World, Found) {
    let world = World::new();
    let store = world.open();
    for round in 0..150_i32 {
        let mut batch = store.appender();
        for instance in 0..12 {
            let series = batch.series(&labels("a", instance)).unwrap();
            let at = Timestamp::from_millis(i64::from(round) * 1_000);
            batch.append(series, at, f64::from(round)).unwrap();
        }
        batch.commit().unwrap();
        if round == 70 {
            store.checkpoint().unwrap();
        }
        if round == 100 {
            write(&store, &labels("b", 1), &[(1, 1.0)]);
        }
    }
    drop(store);
    world.disk.restart_after_kill();
    let store = world.open();
    write(&store, &labels("c", 1), &[(150_000, 0.5), (151_000, 0.75)]);
    write(&store, &labels("a", 3), &[(150_000, 7.0)]);
    let all = read(&store, &[]);
    drop(store);
    world.disk.restart_after_kill();
    (world, all)
}

fn steps_of(world: &World) -> usize {
    let store = world.open_behind(config());
    let mut steps = 1;
    while store.replay_step().unwrap() {
        steps += 1;
    }
    drop(store);
    world.disk.restart_after_kill();
    steps
}

fn append(batch: &mut dyn Appender, labels: &Labels, at: i64, value: f64) {
    let series = batch.series(labels).unwrap();
    batch.append(series, Timestamp::from_millis(at), value).unwrap();
}

#[test]
fn an_opened_store_works_before_its_log_is_read() {
    let (world, before) = a_log();
    let store = world.open_behind(config());
    assert_eq!(store.replay_progress().state, ReplayState::Waiting);
    assert_eq!(read(&store, &[]), []);
    write(&store, &labels("a", 1), &[(200_000, 2.0)]);
    assert_eq!(read(&store, &[])[0].1, [(200_000, 2.0)]);
    assert!(store.checkpoint().is_err() && !store.checkpoint_is_due());
    store.replay_now().unwrap();
    let progress = store.replay_progress();
    assert_eq!((progress.state, progress.percent()), (ReplayState::Done, 100));
    assert_eq!(progress.bytes_done, progress.bytes_total);
    let mut expected = before;
    let changed = expected.iter_mut().find(|(name, _)| *name == labels("a", 1).to_string());
    changed.unwrap().1.push((200_000, 2.0));
    assert_eq!(read(&store, &[]), expected);
    assert!(store.damaged().is_empty(), "{:?}", store.damaged());
    store.checkpoint().unwrap();
    drop(store);
    world.disk.restart_after_kill();
    assert_eq!(read(&world.open(), &[]), expected);
}

/// Writes known, unknown and new series in the middle of a replay, at every step of it; ends the
/// process there, or lets it finish.
#[test]
fn commits_in_any_step_of_a_replay_are_kept() {
    let (world, _) = a_log();
    let steps = steps_of(&world);
    drop(world);
    for step in (0..steps).step_by(7) {
        for finishes in [false, true] {
            let (world, before) = a_log();
            let store = world.open_behind(config());
            for _ in 0..step {
                store.replay_step().unwrap();
            }
            let at = 300_000;
            let mut batch = store.appender();
            for instance in 0..12 {
                append(&mut *batch, &labels("a", instance), at, 9.0);
            }
            append(&mut *batch, &labels("new", 1), at, 9.0);
            batch.commit().unwrap();
            let new = read(&store, &[]);
            assert_eq!(new.iter().filter(|(_, samples)| samples.contains(&(at, 9.0))).count(), 13);
            if finishes {
                store.replay_now().unwrap();
                write(&store, &labels("a", 0), &[(at + 1, 10.0)]);
            }
            drop(store);
            world.disk.restart_after_kill();
            let mut expected = before;
            for (name, samples) in &mut expected {
                if name.starts_with('a') {
                    samples.push((at, 9.0));
                }
                if finishes && *name == labels("a", 0).to_string() {
                    samples.push((at + 1, 10.0));
                }
            }
            expected.push((labels("new", 1).to_string(), vec![(at, 9.0)]));
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            let mut found = read(&world.open(), &[]);
            found.sort_by(|a, b| a.0.cmp(&b.0));
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found, expected, "step {step}, finishes: {finishes}");
            }
            assert_eq!(found.len(), expected.len());
        }
    }
}

#[test]
fn a_clock_that_went_back_loses_nothing() {
    let (world, before) = a_log();
    let store = world.open_behind(config());
    // The replay knows times up to 149 000.
    write(&store, &labels("a", 2), &[(50_500, 1.5), (60_000, 2.5), (149_500, 3.5)]);
    let mut expected = before.iter().find(|(name, _)| *name == labels("a", 2).to_string()).cloned();
    let samples = &mut expected.as_mut().unwrap().1;
    samples.retain(|(at, _)| *at != 60_000);
    samples.extend([(50_500, 1.5), (60_000, 2.5), (149_500, 3.5)]);
    samples.sort_by_key(|(at, _)| *at);
    store.replay_now().unwrap();
    let found = |store: &Tsdb| {
        read(store, &[]).into_iter().find(|(name, _)| *name == labels("a", 2).to_string())
    };
    assert_eq!(found(&store), expected, "the newer sample of a time counts");
    write(&store, &labels("a", 2), &[(150_000, 4.5)]);
    expected.as_mut().unwrap().1.push((150_000, 4.5));
    drop(store);
    for _ in 0..2 {
        world.disk.restart_after_kill();
        let store = world.open();
        assert_eq!(found(&store), expected, "also when the log is read again");
        assert!(store.damaged().is_empty(), "{:?}", store.damaged());
        store.checkpoint().unwrap();
    }
}

#[test]
fn workers_come_to_the_same_as_one_thread() {
    for workers in [1, 2, 8] {
        let (world, before) = a_log();
        let store = world.open_behind(config());
        write(&store, &labels("new", 1), &[(1, 1.0)]);
        store.replay_with(workers).unwrap();
        let mut found = read(&store, &[]);
        found.retain(|(name, _)| !name.contains("new"));
        assert_eq!(found, before, "{workers} workers");
        let alone = world.disk.clone();
        drop(store);
        alone.restart_after_kill();
        let store = world.open();
        let progress = store.replay_progress();
        assert_eq!(read(&store, &[]).len(), before.len() + 1);
        assert!(progress.samples > 1_000, "{progress:?}");
    }
}

#[test]
fn ids_are_never_given_out_twice() {
    let world = World::new();
    let mut newest = 0;
    for life in 0..4 {
        let store = world.open_behind(config());
        let mut batch = store.appender();
        for instance in 0..3 {
            let series = batch.series(&labels("a", life * 10 + instance)).unwrap().0;
            assert!(series > newest, "life {life}");
            newest = series;
            batch
                .append(narthex_storage::SeriesRef(series), Timestamp::from_millis(1), 1.0)
                .unwrap();
        }
        batch.commit().unwrap();
        if life == 1 {
            // More ids than the segment's header has room for.
            store.0.head.reserve_ids((newest >> 26) + (1 << 20));
            newest = write(&store, &labels("far", 1), &[(1, 1.0)]).0;
            let names = world.disk.list("/data/log".into()).unwrap();
            assert_eq!(names.len(), 3, "a segment was begun that says so: {names:?}");
        }
        drop(store);
        world.disk.restart_after_kill();
    }
    assert_eq!(read(&world.open(), &[]).len(), 13);
}

#[test]
fn lives_without_commits_use_no_ids() {
    let world = World::new();
    for _ in 0..5 {
        drop(world.open_behind(config()));
        world.disk.restart_after_kill();
    }
    let first = world.open().appender().series(&labels("a", 1)).unwrap();
    assert!(first.0 >> 26 <= 1 << 17, "{first:?}");
}

/// The example that docs/formats/log.md drew for version 1 of the header.
#[test]
fn a_log_of_version_1_is_read() {
    let drawn = "4e58544c 01010000 01000000 00000000 0000000000000000 03d908b1 \
        22000000 01 c1b9da3b 05 085f5f6e616d655f5f 027570 036a6f62 0161 0162 02 010200010203 \
        010200010204 0b000000 02 8271fa09 00 d00f 02 0202 dd 0002 010a \
        0a000000 02 1b53dbd9 00 b0ea01 02 0202 b0 0232";
    let digits: Vec<char> = drawn.chars().filter(char::is_ascii_hexdigit).collect();
    let bytes = digits.chunks(2).map(|pair| u8::from_str_radix(&String::from_iter(pair), 16));
    let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().unwrap();
    let world = World::new();
    world.disk.create_folder("/data/log".into()).unwrap();
    world.disk.create("/data/log/00000001.log".into()).unwrap().append(&bytes).unwrap();
    let store = world.open();
    assert!(store.damaged().is_empty(), "{:?}", store.damaged());
    let found = read(&store, &[]);
    assert_eq!(found[0].1, [(1_000, 1.0), (16_000, 1.0)]);
    assert_eq!(found[1].1, [(1_000, 0.5), (16_000, 0.75)]);
    let next = store.appender().series(&labels("new", 1)).unwrap();
    assert_eq!(next.0 >> 26, 3, "ids go on after those that were found");
}
