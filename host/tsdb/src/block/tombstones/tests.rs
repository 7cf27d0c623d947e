use std::collections::BTreeSet;

use narthex_platform::SimulatedDisk;
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn deleted_times_are_a_set(
        deletions in prop::collection::vec((0_u64..3, 0_i64..60, 0_i64..12), 0..40),
    ) {
        let (mut tombstones, mut model) = (Tombstones::default(), BTreeSet::new());
        for (series, start, len) in deletions {
            tombstones.add(series, Interval { start, end: start + len - 1 });
            model.extend((start..start + len).map(|at| (series, at)));
        }
        for series in 0..3 {
            for at in -1..80 {
                let expected = model.contains(&(series, at));
                prop_assert_eq!(tombstones.contains(series, at), expected);
            }
            let intervals = tombstones.of(series);
            // A time that is not deleted lies between two of them.
            prop_assert!(intervals.is_sorted_by(|a, b| a.end + 1 < b.start));
        }
        prop_assert_eq!(Tombstones::from_bytes(&tombstones.to_bytes()), Ok(tombstones));
    }

    #[test]
    fn a_file_of_anything_is_read_or_refused(mut bytes: Vec<u8>, is_framed: bool) {
        if is_framed {
            let sum = crc32c::crc32c(&bytes);
            bytes.splice(0..0, [0x01, 0x30, 0xba, 0x30, 1]);
            bytes.extend_from_slice(&sum.to_be_bytes());
        }
        let read = Tombstones::from_bytes(&bytes);
        // What is read can be written and is the same.
        if let Ok(read) = read {
            prop_assert_eq!(Tombstones::from_bytes(&read.to_bytes()), Ok(read));
        }
    }
}

#[test]
fn all_time_can_be_deleted() {
    let mut tombstones = Tombstones::default();
    tombstones.add(7, Interval { start: 5, end: 6 });
    tombstones.add(7, Interval { start: i64::MAX, end: i64::MAX });
    tombstones.add(7, Interval { start: i64::MIN, end: i64::MAX });
    assert_eq!(tombstones.of(7), [Interval { start: i64::MIN, end: i64::MAX }]);
    assert!(!tombstones.contains(8, 5));
}

#[test]
fn a_changed_byte_is_found() {
    let mut tombstones = Tombstones::default();
    tombstones.add(1, Interval { start: -3, end: 1_000 });
    let bytes = tombstones.to_bytes();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(Tombstones::from_bytes(&changed).is_err(), "byte {place}");
    }
}

#[test]
fn without_a_file_nothing_is_deleted() {
    let disk = SimulatedDisk::new(1).shared();
    disk.create_folder("/b".into()).unwrap();
    assert_eq!(Tombstones::read(&*disk, "/b".into()).unwrap(), (Tombstones::default(), 0));
    Tombstones::default().write(&*disk, "/b".into()).unwrap();
    assert_eq!(Tombstones::read(&*disk, "/b".into()).unwrap().1, 9);
}
