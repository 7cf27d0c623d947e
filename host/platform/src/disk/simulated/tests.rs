use std::collections::BTreeSet;

use super::*;

const FOLDER: &str = "/data";

fn disk_with_folder(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    disk.create_folder(FOLDER.into()).unwrap();
    disk
}

#[test]
fn synced_bytes_and_names_survive_every_power_cut() {
    for seed in 0..50 {
        let disk = disk_with_folder(seed);
        let path = Utf8Path::new("/data/a");
        let mut file = disk.create(path).unwrap();
        file.append(&[7; 3000]).unwrap();
        file.sync().unwrap();
        disk.sync_folder(FOLDER.into()).unwrap();
        file.append(&[8; 3000]).unwrap();
        disk.restart_after_power_cut();
        let bytes = disk.read(path, 10_000).unwrap();
        assert!(bytes.len() >= 3000 && bytes[..3000].iter().all(|byte| *byte == 7));
        assert!(bytes[3000..].iter().all(|byte| *byte == 8 || *byte == 0), "torn, not invented");
        assert!(file.append(&[1]).is_err(), "handles of an earlier life are dead");
    }
}

#[test]
fn an_unsynced_rename_survives_by_chance_only() {
    let mut outcomes = BTreeSet::new();
    for seed in 0..50 {
        let disk = disk_with_folder(seed);
        disk.create("/data/a.tmp".into()).unwrap();
        disk.sync_folder(FOLDER.into()).unwrap();
        disk.rename("/data/a.tmp".into(), "/data/a".into()).unwrap();
        disk.restart_after_power_cut();
        let names = disk.list(FOLDER.into()).unwrap().into_iter().map(|info| info.name);
        outcomes.insert(names.collect::<Vec<_>>());
    }
    assert_eq!(Vec::from_iter(outcomes), [["a"], ["a.tmp"]]);
}

#[test]
fn the_power_fails_in_the_chosen_step() {
    let disk = disk_with_folder(1);
    disk.cut_power_after(disk.steps() + 1);
    let mut file = disk.create("/data/a".into()).unwrap();
    assert!(file.append(b"x").is_err() && disk.is_off());
    assert!(disk.list(FOLDER.into()).is_err());
    disk.restart_after_kill();
    assert!(disk.list(FOLDER.into()).is_ok());
}

#[test]
fn bytes_of_a_failed_sync_are_lost_even_if_a_later_one_succeeds() {
    let disk = disk_with_folder(2);
    let path = Utf8Path::new("/data/a");
    let mut file = disk.create(path).unwrap();
    disk.sync_folder(FOLDER.into()).unwrap();
    file.append(b"aa").unwrap();
    disk.fail_syncs(1);
    assert!(file.sync().is_err());
    file.append(b"bb").unwrap();
    file.sync().unwrap();
    assert_eq!(disk.read(path, 9).unwrap(), b"aabb", "the running system still sees them");
    disk.restart_after_power_cut();
    assert_eq!(disk.read(path, 9).unwrap(), b"\0\0bb");
}

#[test]
fn a_full_disk_takes_a_part_and_says_so() {
    let disk = disk_with_folder(3);
    let mut file = disk.create("/data/a".into()).unwrap();
    disk.limit_bytes(Some(3));
    assert_eq!(file.append(b"12345").unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.used_bytes(), 3);
    disk.limit_bytes(None);
    file.append(b"45").unwrap();
    disk.flip_bit("/data/a".into(), 0);
    assert_eq!(disk.read("/data/a".into(), 9).unwrap(), b"02345");
}

#[test]
fn a_lock_is_held_by_one_until_it_is_dropped() {
    let disk = disk_with_folder(4);
    let lock = disk.lock("/data/lock".into()).unwrap();
    assert_eq!(disk.lock("/data/lock".into()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    drop(lock);
    disk.lock("/data/lock".into()).unwrap();
}

/// Names of what is in the folder.
fn names(disk: &SimulatedDisk, folder: &str) -> Vec<String> {
    disk.list(folder.into()).unwrap().into_iter().map(|info| info.name).collect()
}

/// A file with its bytes and its name durable.
fn write(disk: &SimulatedDisk, path: &str, bytes: &[u8]) {
    let mut file = disk.create(path.into()).unwrap();
    file.append(bytes).unwrap();
    file.sync().unwrap();
    disk.sync_folder(Utf8Path::new(path).parent().unwrap()).unwrap();
}

#[test]
fn an_unsynced_rename_of_a_folder_is_whole_or_not_at_all() {
    let mut outcomes = BTreeSet::new();
    for seed in 0..50 {
        let disk = disk_with_folder(seed);
        disk.create_folder("/data/b.tmp/chunks".into()).unwrap();
        write(&disk, "/data/b.tmp/meta", b"m");
        write(&disk, "/data/b.tmp/chunks/1", b"c");
        disk.sync_folder(FOLDER.into()).unwrap();
        disk.rename("/data/b.tmp".into(), "/data/b".into()).unwrap();
        assert_eq!(disk.read("/data/b/chunks/1".into(), 9).unwrap(), b"c");
        disk.restart_after_power_cut();
        let folder = names(&disk, FOLDER);
        assert_eq!(folder.len(), 1);
        let inside = Utf8Path::new(FOLDER).join(&folder[0]);
        assert_eq!(names(&disk, inside.as_str()), ["chunks", "meta"]);
        assert_eq!(disk.read(&inside.join("chunks/1"), 9).unwrap(), b"c");
        outcomes.extend(folder);
    }
    assert_eq!(Vec::from_iter(outcomes), ["b", "b.tmp"]);
}

#[test]
fn a_synced_rename_keeps_what_was_synced_inside_and_nothing_else() {
    let mut lost = 0;
    for seed in 0..50 {
        let disk = disk_with_folder(seed);
        disk.create_folder("/data/b.tmp".into()).unwrap();
        write(&disk, "/data/b.tmp/meta", b"m");
        disk.create("/data/b.tmp/late".into()).unwrap();
        disk.rename("/data/b.tmp".into(), "/data/b".into()).unwrap();
        disk.sync_folder(FOLDER.into()).unwrap();
        disk.restart_after_power_cut();
        let inside = names(&disk, "/data/b");
        assert!(inside.contains(&"meta".to_owned()));
        lost += usize::from(inside.len() == 1);
    }
    assert!((1..50).contains(&lost), "a name that is not synced survives by chance: {lost}");
}

#[test]
fn a_folder_that_is_not_synced_takes_what_is_in_it_along() {
    let mut outcomes = BTreeSet::new();
    for seed in 0..50 {
        let disk = disk_with_folder(seed);
        disk.create_folder("/data/b".into()).unwrap();
        write(&disk, "/data/b/a", b"a");
        disk.restart_after_power_cut();
        outcomes.insert(disk.read("/data/b/a".into(), 9).is_ok());
    }
    assert_eq!(outcomes.len(), 2);
}

#[test]
fn a_hard_link_is_a_name_of_its_own_for_the_same_bytes() {
    let disk = disk_with_folder(5);
    write(&disk, "/data/a", b"a");
    disk.create_folder("/data/snapshot".into()).unwrap();
    disk.sync_folder(FOLDER.into()).unwrap();
    disk.hard_link("/data/a".into(), "/data/snapshot/a".into()).unwrap();
    let again = disk.hard_link("/data/a".into(), "/data/snapshot/a".into()).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(disk.used_bytes(), 1, "the bytes are there once");
    disk.sync_folder("/data/snapshot".into()).unwrap();
    disk.remove("/data/a".into()).unwrap();
    disk.sync_folder(FOLDER.into()).unwrap();
    disk.open("/data/snapshot/a".into()).unwrap().append(b"b").unwrap();
    disk.restart_after_kill();
    assert_eq!(disk.read("/data/snapshot/a".into(), 9).unwrap(), b"ab");
    disk.restart_after_power_cut();
    assert_eq!(disk.files().len(), 1, "the old name is gone for good");
    assert_eq!(disk.read("/data/snapshot/a".into(), 9).unwrap()[0], b'a');
}

#[test]
fn a_folder_is_removed_file_by_file() {
    let disk = disk_with_folder(6);
    disk.create_folder("/data/b/chunks".into()).unwrap();
    write(&disk, "/data/b/meta", b"m");
    write(&disk, "/data/b/chunks/1", b"c");
    let onto = disk.rename("/data/b/chunks".into(), "/data/b".into()).unwrap_err();
    assert_eq!(onto.kind(), io::ErrorKind::DirectoryNotEmpty);
    disk.cut_power_after(disk.steps() + 2);
    assert!(disk.remove_folder("/data/b".into()).is_err());
    disk.restart_after_kill();
    assert!(names(&disk, "/data/b").len() <= 2 && names(&disk, FOLDER) == ["b"]);
    disk.remove_folder("/data/b".into()).unwrap();
    assert_eq!(disk.remove_folder("/data/b".into()).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(names(&disk, FOLDER).is_empty());
}

#[test]
fn what_is_written_after_a_cut_of_the_file_is_what_a_sync_keeps() {
    let mut outcomes = BTreeSet::new();
    for seed in 0..50 {
        let disk = disk_with_folder(seed);
        write(&disk, "/data/a", b"aaaa");
        let mut file = disk.open("/data/a".into()).unwrap();
        file.truncate(1).unwrap();
        file.append(b"bbbbb").unwrap();
        if seed % 2 == 0 {
            file.sync().unwrap();
            disk.restart_after_power_cut();
            assert_eq!(disk.read("/data/a".into(), 9).unwrap(), b"abbbbb");
        } else {
            disk.restart_after_power_cut();
            outcomes.insert(disk.read("/data/a".into(), 9).unwrap());
        }
    }
    assert!(outcomes.contains(&b"aaaa"[..]) && outcomes.len() > 2, "{outcomes:?}");
}

#[test]
fn a_failing_write_and_a_failing_sync_of_a_folder_say_so() {
    let disk = disk_with_folder(7);
    let mut file = disk.create("/data/a".into()).unwrap();
    disk.fail_writes(1);
    assert!(file.append(b"aa").is_err() && file.len().unwrap() <= 2);
    file.append(b"b").unwrap();
    disk.fail_syncs(1);
    assert!(disk.sync_folder(FOLDER.into()).is_err());
    disk.sync_folder(FOLDER.into()).unwrap();
    disk.restart_after_power_cut();
    assert_eq!(names(&disk, FOLDER), ["a"]);
}

#[test]
fn slots_are_written_over_where_they_are() {
    let disk = disk_with_folder(3);
    let slots = disk.create_slots("/data/a".into()).unwrap();
    assert!(disk.create_slots("/data/a".into()).is_err(), "it is there");
    slots.write_at(4, b"bbbb").unwrap();
    slots.write_at(0, b"aa").unwrap();
    slots.write_at(6, b"cccc").unwrap();
    assert_eq!(disk.read("/data/a".into(), 99).unwrap(), b"aa\0\0bbcccc");
    disk.limit_bytes(Some(11));
    slots.write_at(0, b"dddd").unwrap();
    assert!(slots.write_at(9, b"eee").is_err(), "there is room for one byte more");
    assert_eq!(disk.read("/data/a".into(), 99).unwrap(), b"ddddbbccceee"[..11].to_vec());
    disk.restart_after_kill();
    assert!(slots.write_at(0, b"f").is_err(), "its process is gone");
    assert_eq!(disk.read("/data/a".into(), 99).unwrap()[..4], *b"dddd");
}
