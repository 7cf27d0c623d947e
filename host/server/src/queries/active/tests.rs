use std::sync::mpsc;

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
fn a_query_that_json_makes_long_fits_its_slot() {
    let disk = disk();
    let active = open(&disk);
    active.began(&"\u{1}".repeat(QUERY_BYTES_MAX));
    active.began("next");
    assert_eq!(left(&disk), ["\u{1}".repeat(QUERY_BYTES_MAX / 8), "next".to_owned()]);
}

#[test]
fn slots_are_used_again() {
    let disk = disk();
    let active = open(&disk);
    active.began("slow");
    let text = "q".repeat(QUERY_BYTES_MAX);
    for _ in 0..3_000 {
        let long = active.began(&text);
        active.ended(long);
        let short = active.began("short");
        assert_eq!(left(&disk), ["slow", "short"]);
        active.ended(short);
    }
    assert_eq!(disk.read(PATH.into(), READ_BYTES_MAX).unwrap().len(), 2 * SLOT_BYTES);
    assert_eq!(left(&disk), ["slow"]);
}

#[test]
fn a_line_that_is_no_line_hides_no_other() {
    let mut bytes = line("one", 5);
    bytes.extend(line("two", 6));
    let found = |bytes: &[u8]| -> Vec<String> {
        parse(bytes).into_iter().map(|query| query.query).collect()
    };
    let both = ["one", "two"].map(str::to_owned);
    for len in 0..bytes.len() {
        assert!(both.starts_with(&found(&bytes[..len])), "{len} bytes");
    }
    assert_eq!(found(&bytes), both);
    bytes[..ENDED.len()].copy_from_slice(ENDED);
    assert_eq!(found(&bytes), ["two"]);
    bytes[..SLOT_BYTES].fill(0);
    bytes.extend(b"\0\0 {\"query\":3} \xff");
    assert_eq!(found(&bytes), ["two"]);
}

/// The first slot is written when the test says so.
#[derive(Debug)]
struct Stuck {
    begun: mpsc::SyncSender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl DiskSlots for Stuck {
    fn write_at(&self, offset: u64, _bytes: &[u8]) -> io::Result<()> {
        if offset == 0 {
            self.begun.send(()).unwrap();
            self.go.lock().recv().unwrap();
        }
        Ok(())
    }
}

#[test]
fn no_query_waits_for_what_another_one_writes() {
    let (begun, has_begun) = mpsc::sync_channel(1);
    let (go, wait) = mpsc::channel();
    let stuck = Stuck { begun, go: Mutex::new(wait) };
    let active = ActiveQueries { file: Some(Box::new(stuck)), ..open(&disk()) };
    std::thread::scope(|scope| {
        scope.spawn(|| active.began("stuck"));
        has_begun.recv().unwrap();
        let other = active.began("other");
        assert_eq!(active.list().len(), 2);
        active.ended(other);
        go.send(()).unwrap();
    });
    assert_eq!(active.list().len(), 1);
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
