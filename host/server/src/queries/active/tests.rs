use std::collections::HashSet;

use narthex_platform::{SimulatedClock, SimulatedDisk};

use super::*;

const FOLDER: &str = "/data";
const PATH: &str = "/data/queries.active";

fn disk() -> Arc<dyn Disk> {
    let disk = Arc::new(SimulatedDisk::new(1));
    disk.create_folder(FOLDER.into()).unwrap();
    disk
}

fn open(disk: &Arc<dyn Disk>) -> ActiveQueries {
    let clock = SimulatedClock::at(5_000).clock();
    ActiveQueries::open(FOLDER.into(), Arc::clone(disk), clock)
}

fn left(disk: &Arc<dyn Disk>) -> Vec<String> {
    unfinished(&**disk, PATH.into()).into_iter().map(|query| query.query).collect()
}

#[test]
fn what_began_and_did_not_end_is_left() {
    let disk = disk();
    let active = open(&disk);
    let first = active.began("first");
    let second = active.began("second \"\n");
    let third = active.began("third");
    assert_eq!(active.list().len(), 3);
    active.ended(second);
    assert_eq!(left(&disk), ["first", "third"]);
    active.ended(third);
    active.ended(first);
    assert_eq!(left(&disk), [""; 0]);
    assert_eq!(active.list(), []);
}

#[test]
fn another_process_begins_anew() {
    let disk = disk();
    open(&disk).began("old");
    let active = open(&disk);
    assert_eq!(left(&disk), [""; 0]);
    active.began("new");
    assert_eq!(left(&disk), ["new"]);
}

#[test]
fn an_orderly_end_leaves_nothing() {
    let disk = disk();
    let active = open(&disk);
    let ticket = active.began("still running");
    active.close();
    active.began("too late");
    active.ended(ticket);
    assert_eq!(disk.read(PATH.into(), 1).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn long_queries_are_cut_between_characters() {
    let disk = disk();
    let active = open(&disk);
    active.began(&"ä".repeat(QUERY_BYTES_MAX));
    assert_eq!(left(&disk), ["ä".repeat(QUERY_BYTES_MAX / 2)]);
    active.began(&format!("x{}", "ä".repeat(QUERY_BYTES_MAX)));
    assert_eq!(left(&disk)[1], format!("x{}", "ä".repeat(QUERY_BYTES_MAX / 2 - 1)));
}

#[test]
fn the_file_stays_small_and_keeps_what_runs() {
    let disk = disk();
    let active = open(&disk);
    active.began("slow");
    let text = "q".repeat(QUERY_BYTES_MAX);
    for _ in 0..3_000 {
        let ticket = active.began(&text);
        active.ended(ticket);
    }
    let len = disk.read(PATH.into(), READ_BYTES_MAX).unwrap().len() as u64;
    assert!(len < FILE_BYTES_MAX + 2 * 1_100, "{len} bytes");
    assert_eq!(left(&disk), ["slow"]);
}

#[test]
fn a_torn_line_hides_no_other() {
    let mut bytes = began_line(1, "one", 5);
    bytes.extend(began_line(2, "two", 6));
    bytes.extend(line(&Line::Ended { ended: 1 }));
    for len in 0..bytes.len() {
        let found: HashSet<String> =
            parse(&bytes[..len]).into_iter().map(|query| query.query).collect();
        assert!(found.is_subset(&["one", "two"].map(str::to_owned).into()), "{found:?}");
    }
    assert_eq!(parse(&bytes), [Unfinished { query: "two".to_owned(), since: 6 }]);
    bytes.extend(b"\0\0 {\"began\":3} \xff");
    assert_eq!(parse(&bytes).len(), 1);
}

#[test]
fn the_file_of_a_prometheus_is_understood() {
    let disk = disk();
    let mut bytes = vec![b'['];
    for (query, end) in [("b", 1_000), ("a", 1_000), ("", 999)] {
        let mut slot = vec![0; 1_000];
        if !query.is_empty() {
            let entry = format!("{{\"query\":\"sum({query})\",\"timestamp_sec\":{}}}", query.len());
            slot[..entry.len()].copy_from_slice(entry.as_bytes());
            slot[999] = b',';
        }
        bytes.extend_from_slice(&slot[..end]);
    }
    disk.create(PATH.into()).unwrap().append(&bytes).unwrap();
    assert_eq!(left(&disk), ["sum(b)", "sum(a)"]);
    open(&disk);
    assert_eq!(left(&disk), [""; 0]);
}
