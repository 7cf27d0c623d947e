//! One small machine for each collector: `machines/<collector>.txt` has its files, and what the collector says of them.
//!
//! A file is `-- path --` and its content, a link is `-- path -> target --`; the first part of a path is the root. The
//! last is `-- expected --`. An end-to-end test shows the same files to the real node_exporter and compares its words with
//! the expected ones.

#![expect(clippy::disallowed_methods, reason = "tests put files where the fake host reads them")]

use std::{fs, os::unix::fs::symlink, path::Path};

use expect_test::expect_file;
use narthex_sdk::testing::FakeHost;

use crate::Node;

/// Where the expected words begin.
const EXPECTED: &str = "-- expected --\n";

/// The files of a machine, in a folder that ends with the value.
fn unpack(machine: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (mut path, mut content) = (None, String::new());
    let write = |path: Option<&str>, content: &str| match path.map(|path| path.split_once(" -> ")) {
        None => {}
        Some(Some((link, target))) => symlink(target, place(folder.path(), link)).unwrap(),
        Some(None) => fs::write(place(folder.path(), path.unwrap()), content).unwrap(),
    };
    for line in machine.lines() {
        if let Some(next) = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --")) {
            write(path.replace(next), &std::mem::take(&mut content));
        } else {
            content.push_str(line);
            content.push('\n');
        }
    }
    // The last one is not of the machine.
    folder
}

/// A place whose parents are there.
fn place(folder: &Path, path: &str) -> std::path::PathBuf {
    let place = folder.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    place
}

/// Compares what a collector says of its machine; `UPDATE_EXPECT=1` writes it down.
#[track_caller]
fn check(collector: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("machines/{collector}.txt"));
    let text = fs::read_to_string(&file).unwrap();
    let (machine, _) = text.split_once(EXPECTED).unwrap();
    let folder = unpack(&format!("{machine}{EXPECTED}"));
    let root = |name: &str| folder.path().join(name);
    let host = FakeHost::new()
        .directory("proc", root("proc"))
        .directory("sys", root("sys"))
        .directory("udev", root("udev"))
        .directory("os", root("rootfs/usr/lib"));
    let host = match root("textfile").is_dir() {
        true => host.directory("textfile", root("textfile")),
        false => host,
    };
    let config = format!(r#"{{"collectors":["{collector}"]}}"#);
    let answer = host.collect::<Node>(&config).unwrap().text();
    // The files of a machine were changed just now.
    let is_told = |line: &&str| {
        !line.contains("node_scrape_collector_") && !line.contains("node_textfile_mtime_seconds")
    };
    let words: Vec<_> = answer.lines().filter(is_told).collect();
    expect_file![file].assert_eq(&format!("{machine}{EXPECTED}{}\n", words.join("\n")));
}

macro_rules! machines {
    ($($collector:ident)*) => { $(
        #[test]
        fn $collector() {
            check(stringify!($collector));
        }
    )* };
}

machines! {
    arp bcache bcachefs bonding btrfs conntrack cpu cpufreq diskstats dmi edac entropy fibrechannel filefd hwmon infiniband
    ipvs kernel_hung loadavg mdadm meminfo netclass netdev netstat nfs nfsd nvme os powersupplyclass pressure rapl
    schedstat selinux sockstat softnet stat tapestats textfile thermal_zone udp_queues vmstat watchdog xfs zfs
}

/// `time`, `timex`, `uname` and `filesystem` ask the host for more than files; their tests are elsewhere.
#[test]
fn every_collector_has_a_machine() {
    for collector in crate::COLLECTORS {
        let file = format!("machines/{}.txt", collector.name);
        let is_there = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).is_file();
        assert_eq!(is_there, !["time", "timex", "uname", "filesystem"].contains(&collector.name));
    }
}
