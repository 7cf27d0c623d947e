use narthex_platform::RealDisk;

use super::*;
use crate::tree::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

fn temp() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("state");
    (folder, path)
}

#[tokio::test]
async fn what_was_written_is_there_after_a_reopen() {
    let (_folder, path) = temp();
    let store = StateStore::open(path.clone(), RealDisk::shared()).unwrap();
    store.tree("a").unwrap().put(b"k", b"v").unwrap();
    store.durable().await.unwrap();
    drop(store);
    let store = StateStore::open(path, RealDisk::shared()).unwrap();
    assert_eq!(store.tree("a").unwrap().get(b"k").unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(store.tree("b").unwrap().get(b"k").unwrap(), None);
    assert_eq!(store.moved_aside(), None);
}

#[test]
fn a_store_that_is_open_is_left_alone() {
    let (_folder, path) = temp();
    let _open = StateStore::open(path.clone(), RealDisk::shared()).unwrap();
    let error = StateStore::open(path, RealDisk::shared()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test damages the store as a disk would")]
fn a_damaged_store_is_moved_aside_and_begins_anew() {
    let (_folder, path) = temp();
    let store = StateStore::open(path.clone(), RealDisk::shared()).unwrap();
    store.tree("a").unwrap().put(b"k", b"v").unwrap();
    drop(store);
    std::fs::write(path.join("conf"), "not what it was").unwrap();
    let store = StateStore::open(path.clone(), RealDisk::shared()).unwrap();
    let aside = store.moved_aside().unwrap();
    assert_eq!(aside.file_name(), Some("state.damaged-1"));
    assert!(aside.join("db").exists());
    assert_eq!(store.tree("a").unwrap().get(b"k").unwrap(), None);
}

#[test]
fn a_scan_is_sorted_and_bounded_and_leaves_out_damage() {
    let tree = StateStore::in_memory().unwrap().tree("t").unwrap();
    for key in ["p/c", "p/a", "q", "p/b"] {
        tree.put(key.as_bytes(), key.as_bytes()).unwrap();
    }
    tree.put_raw(b"p/aa", b"\x01????damaged");
    let keys = |limit| -> Vec<String> {
        let found = tree.scan_prefix(b"p/", limit).unwrap();
        found.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
    };
    assert_eq!(keys(9), ["p/a", "p/b", "p/c"]);
    assert_eq!(keys(2), ["p/a", "p/b"]);
    let error = tree.get(b"p/aa").unwrap_err().to_string();
    assert_eq!(error, "the value of key p/aa in t is damaged");
    assert!(tree.delete(b"p/aa").unwrap() && !tree.delete(b"p/aa").unwrap());
}

#[test]
fn compare_and_set_changes_only_what_is_as_expected() {
    let tree = StateStore::in_memory().unwrap().tree("t").unwrap();
    assert!(tree.compare_and_set(b"k", None, Some(b"1")).unwrap());
    assert!(!tree.compare_and_set(b"k", None, Some(b"2")).unwrap());
    assert!(!tree.compare_and_set(b"k", Some(b"0"), Some(b"2")).unwrap());
    assert!(tree.compare_and_set(b"k", Some(b"1"), None).unwrap());
    assert_eq!(tree.get(b"k").unwrap(), None);
}

#[test]
fn keys_and_values_are_bounded() {
    let tree = StateStore::in_memory().unwrap().tree("t").unwrap();
    let error = tree.put(&vec![b'k'; KEY_BYTES_MAX + 1], b"").unwrap_err();
    assert!(matches!(error, StateError::KeyTooLong { .. }));
    let error = tree.put(b"k", &vec![0; VALUE_BYTES_MAX + 1]).unwrap_err();
    assert!(matches!(error, StateError::ValueTooLong { .. }));
}
