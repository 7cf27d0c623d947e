//! What was acknowledged outlives failures of the disk, or a sync says that it may not.

use std::time::Duration;

use camino::Utf8Path;
use narthex_model::{Metadata, MetricType};

use super::*;
use crate::encoding::Encoding;
use crate::head::chunk_files::NewFile;
use crate::log::header::HEADER_BYTES;
use crate::testing::{LogFileKind, log_records};

#[track_caller]
fn after_power_cut(world: &World, store: Tsdb) -> Vec<(String, Vec<(i64, f64)>)> {
    drop(store);
    world.disk.restart_after_power_cut();
    read(&world.open(), &[])
}

#[test]
fn a_sync_that_fails_beside_a_checkpoint_is_not_forgotten() {
    let world = World::new();
    let store = world.open();
    write(&store, &labels("a", 1), &[(1_000, 1.0)]);
    let error = store.0.checkpoint(&|| {
        write(&store, &labels("a", 1), &[(2_000, 2.0)]);
        world.disk.fail_syncs(1);
        assert!(store.sync().is_err());
        write(&store, &labels("a", 1), &[(3_000, 3.0)]);
    });
    assert!(matches!(error, Err(MaintenanceError::Sync { .. })), "{error:?}");
    assert!(store.sync().is_err(), "what was lost beside the checkpoint is still nowhere");
    assert!(store.checkpoint_is_due());
    store.checkpoint().unwrap();
    store.sync().unwrap();
    let found = after_power_cut(&world, store);
    assert_eq!(found[0].1, [(1_000, 1.0), (2_000, 2.0), (3_000, 3.0)]);
}

#[test]
fn a_start_on_a_full_disk_answers_and_takes_writes_when_there_is_room() {
    let world = World::new();
    let store = world.open();
    write(&store, &labels("a", 1), &[(1_000, 1.0)]);
    drop(store);
    world.disk.restart_after_kill();
    world.disk.limit_bytes(Some(world.disk.used_bytes()));
    let store = world.open();
    assert_eq!(read(&store, &[])[0].1, [(1_000, 1.0)], "queries go on");
    let mut batch = store.appender();
    let series = batch.series(&labels("a", 1)).unwrap();
    batch.append(series, Timestamp::from_millis(2_000), 2.0).unwrap();
    assert!(batch.commit().is_err(), "there is no room for a segment");
    assert!(store.sync().is_err());
    world.disk.limit_bytes(None);
    world.clock.advance(Duration::from_secs(2));
    write(&store, &labels("a", 1), &[(3_000, 3.0)]);
    store.sync().unwrap();
    let found = after_power_cut(&world, store);
    assert_eq!(found[0].1, [(1_000, 1.0), (3_000, 3.0)]);
}

/// Fails the syncs of a rotation one after the other: of the old segment, of the header, of the name.
#[test]
fn a_rotation_that_fails_costs_nothing_that_was_acknowledged() {
    // Which names survive the power is a matter of chance.
    for (passing, seed) in (0..3).flat_map(|passing| (0..20).map(move |seed| (passing, seed))) {
        let world = World { disk: SimulatedDisk::new(seed), ..World::new() };
        let store = world.open();
        write(&store, &labels("a", 1), &[(1_000, 1.0)]);
        world.disk.fail_syncs_after(passing, 1);
        assert!(store.checkpoint().is_err(), "sync {passing} fails");
        world.disk.fail_syncs(0);
        world.clock.advance(Duration::from_secs(2));
        write(&store, &labels("a", 1), &[(2_000, 2.0)]);
        if store.sync().is_err() {
            store.checkpoint().unwrap();
        }
        let found = after_power_cut(&world, store);
        assert_eq!(found[0].1, [(1_000, 1.0), (2_000, 2.0)], "sync {passing} failed, seed {seed}");
    }
}

#[test]
fn a_damaged_chunk_keeps_the_log_and_a_restart_heals_it() {
    let world = World::new();
    let store = world.open();
    let samples: Vec<(i64, f64)> =
        (0..500_i32).map(|i| (i64::from(i) * 3_000, f64::from(i))).collect();
    let series = write(&store, &labels("a", 1), &samples);
    let before = read(&store, &[]);
    store.0.spill_chunks_beyond(0).unwrap();
    {
        let mut file = NewFile::new(99);
        // Not what the head takes it for.
        let place = file.push(Encoding::Histogram, b"\0\x01").unwrap();
        let file = file.finish(&store.0.disk, Utf8Path::new("/data")).unwrap();
        let (_, slot) = crate::head::series::split_ref(series);
        let mut slab = store.0.head.slab.writer();
        slab.get(slot).unwrap().sealed[1].damage(file, place);
    }
    let querier = store.querier(TimeRange::ALL).unwrap();
    let error = querier.select(&[]).unwrap()[0].read(TimeRange::ALL, &mut Columns::default());
    let place = "/data/head_chunks/00000099";
    assert!(
        matches!(&error, Err(ReadError::Damaged { path, offset: 16 }) if path == place),
        "{error:?}"
    );
    let error = narthex_settings::error_chain(&store.checkpoint().unwrap_err()).to_string();
    assert!(error.contains("byte 16 of /data/head_chunks/00000099"), "{error}");
    let error = narthex_settings::error_chain(&store.flush().unwrap_err()).to_string();
    assert!(error.contains(place), "{error}");
    drop(querier);
    drop(store);
    world.disk.restart_after_kill();
    let store = world.open();
    assert_eq!(read(&store, &[]), before);
    store.checkpoint().unwrap();
}

#[test]
fn no_commit_is_acknowledged_before_what_it_leans_on() {
    let world = World::new();
    write(&world.open(), &labels("a", 1), &[(1_000, 1.0)]);
    world.disk.restart_after_kill();
    let config = Config::new("/data").with_sync(SyncPolicy::Always).unwrap();
    let store = world.open_behind(config);
    world.disk.fail_syncs(1);
    let mut batch = store.appender();
    let series = batch.series(&labels("a", 1)).unwrap();
    batch.append(series, Timestamp::from_millis(2_000), 2.0).unwrap();
    assert!(matches!(batch.commit(), Err(CommitError::Log { .. })));
    assert!(store.sync().is_err(), "it was not synced since");
    store.replay_now().unwrap();
    write(&store, &labels("a", 1), &[(2_000, 2.0)]);
    assert!(store.sync().is_err(), "and cannot be");
    store.checkpoint().unwrap();
    store.sync().unwrap();
    assert_eq!(after_power_cut(&world, store)[0].1, [(1_000, 1.0), (2_000, 2.0)]);
}

#[test]
fn metadata_of_any_length_is_saved() {
    let world = World::new();
    let store = world.open();
    let help = "h".repeat(700_000);
    let known: Vec<(String, Metadata)> = (0..5)
        .map(|number| {
            let (metric_type, unit) = (MetricType::Gauge, String::new());
            (format!("family_{number}"), Metadata { metric_type, help: help.clone(), unit })
        })
        .collect();
    for (family, metadata) in &known {
        store.0.head.metadata.write().insert(family.clone(), metadata.clone());
    }
    store.checkpoint().unwrap();
    let file = world.disk.shared().open("/data/log/00000002.checkpoint".into()).unwrap();
    let records = log_records(LogFileKind::Checkpoint, 2, file).unwrap();
    let longest = records.iter().map(|(_, payload)| payload.len()).max().unwrap();
    assert!(longest < 3 * help.len(), "{longest}");
    drop(store);
    world.disk.restart_after_kill();
    assert_eq!(world.open().metadata(None), known);
}

#[test]
fn damage_that_whole_records_follow_is_no_torn_tail() {
    let world = World::new();
    let store = world.open();
    for instance in 0..4 {
        write(&store, &labels("a", instance), &[(1_000, 1.0)]);
    }
    store.sync().unwrap();
    drop(store);
    world.disk.restart_after_power_cut();
    let path = Utf8Path::new("/data/log/00000001.log");
    let len = || world.disk.files().into_iter().find(|(found, _)| found == path).unwrap().1;
    let before = len();
    // In the length of the first record, which leads to no record then.
    world.disk.flip_bit(path, 8 * HEADER_BYTES as u64 + 20);
    let store = world.open();
    let damaged = store.damaged();
    assert!(!damaged.is_empty() && damaged.iter().all(|one| !one.is_torn_tail), "{damaged:?}");
    assert_eq!(damaged[0].offset, HEADER_BYTES as u64);
    assert_eq!(len(), before, "nothing is cut off");
}

#[test]
fn a_new_data_folder_outlives_the_power() {
    for seed in 0..20 {
        let world = World { disk: SimulatedDisk::new(seed), ..World::new() };
        let config = Config::new("/var/new/data");
        let store = world.open_with(config.clone());
        write(&store, &labels("a", 1), &[(1_000, 1.0)]);
        store.sync().unwrap();
        drop(store);
        world.disk.restart_after_power_cut();
        let found = read(&world.open_with(config), &[]);
        assert_eq!(found.len(), 1, "seed {seed}");
    }
}

#[test]
fn samples_out_of_order_behind_damage_are_taken() {
    let world = World::new();
    let settings =
        Settings::default().with_out_of_order_window(Duration::from_secs(3_600)).unwrap();
    let config = Config::new("/data").with_settings(settings);
    let store = world.open_with(config.clone());
    write(&store, &labels("a", 1), &[(1_000_000, 1.0)]);
    let first = world.disk.files().into_iter().find(|(path, _)| path.as_str().ends_with(".log"));
    let (path, first_end) = first.unwrap();
    write(&store, &labels("a", 1), &[(2_000_000, 2.0)]);
    write(&store, &labels("a", 1), &[(3_000_000, 3.0)]);
    write(&store, &labels("a", 1), &[(1_500_000, 1.5)]);
    drop(store);
    world.disk.restart_after_kill();
    // The second commit is lost, the third leans on it, the fourth does not.
    world.disk.flip_bit(&path, 8 * (first_end + 12));
    let store = world.open_with(config);
    assert_eq!(read(&store, &[])[0].1, [(1_000_000, 1.0), (1_500_000, 1.5)]);
    assert!(store.damaged().iter().all(|one| !one.is_torn_tail), "{:?}", store.damaged());
}
