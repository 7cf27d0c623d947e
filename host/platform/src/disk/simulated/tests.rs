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
