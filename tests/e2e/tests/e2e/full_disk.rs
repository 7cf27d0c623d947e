//! The disk is full, and then it is not: on a real file system of a few megabytes.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use narthex_harness::{FakeTarget, Host, SECONDS, skip, wait_until};

use crate::support::config;

/// Mounts a small file system as the data folder, in a mount namespace of its own, and becomes the
/// host. The folder is the working folder's `data`.
const MOUNT: &str = "mkdir -p data && mount -t tmpfs -o size=8m tmpfs data && exec \"$0\" \"$@\"";
const UNDER: [&str; 5] = ["unshare", "--map-root-user", "--mount", "sh", "-c"];

/// Whether this machine lets a process mount something for itself.
fn can_mount() -> bool {
    let (program, arguments) = UNDER.split_first().expect("a program");
    let mount = "mount -t tmpfs -o size=1m tmpfs /mnt";
    let status = Command::new(program).args(arguments).arg(mount).output();
    status.is_ok_and(|output| output.status.success())
}

fn count(host: &Host) -> f64 {
    host.query("count_over_time(a[1h])").first().map_or(0.0, |series| series.value)
}

#[test]
fn a_full_disk_stops_writes_only_and_only_while_it_is_full() {
    if !can_mount() {
        return skip("a full disk: this machine lets nobody mount a small file system");
    }
    let target = FakeTarget::start();
    // So many that the rest of a page takes no two scrapes.
    let others = (0..3000).map(|number| format!("b{{n=\"{number}\"}} {number}.25\n"));
    target.serve(&format!("a 1\n{}", others.collect::<String>()));
    let mut host = Host::with_config(&config(&format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    )))
    .file("plugins/.keep", "")
    .under(&[UNDER.as_slice(), &[MOUNT]].concat())
    // What a full disk makes the host say.
    .expect_log("No space left on device")
    .expect_log("write the log")
    .expect_log("the log")
    .start();
    wait_until("samples come in", 30 * SECONDS, || count(&host) >= 3.0);

    // The ballast is laid into the host's own view of the file system.
    let ballast = PathBuf::from(format!(
        "/proc/{}/root{}/data/ballast",
        host.process().id(),
        host.folder().path().display()
    ));
    let mut file = File::create(&ballast).expect("a file on the small file system");
    while file.write_all(&[7; 4096]).is_ok() {}
    drop(file);
    let failures = |host: &Host| {
        let series = "prometheus_tsdb_wal_writes_failed_total ";
        let metrics = host.get("/metrics").text();
        let line = metrics.lines().find_map(|line| line.strip_prefix(series).map(str::to_owned));
        line.and_then(|value| value.trim().parse::<f64>().ok()).unwrap_or(0.0)
    };
    wait_until("writes are refused", 60 * SECONDS, || failures(&host) >= 2.0);
    let before = count(&host);
    assert!(before >= 3.0, "queries go on");

    std::fs::remove_file(&ballast).expect("remove the ballast");
    wait_until("writes go on without a restart", 30 * SECONDS, || count(&host) >= before + 2.0);
    host.stop();
}
