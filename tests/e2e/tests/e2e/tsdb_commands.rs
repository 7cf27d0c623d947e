//! `narthex tsdb` beside `promtool tsdb`: the same folders, the same lines.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use narthex_harness::{
    FakeTarget, Host, Peer, Process, SECONDS, TempFolder, binary, free_port, http, peer, wait_until,
};

use crate::support::config;

/// Two blocks' worth of floats: a counter of four series, a gauge that is not always there.
pub(crate) fn openmetrics() -> String {
    let mut text = String::from("# TYPE requests counter\n");
    for code in ["200", "404", "500", "a\\\"b"] {
        for step in 0..300_i64 {
            let (at, value) = (1_700_000_000 + step * 30, step * 3);
            writeln!(text, "requests_total{{code=\"{code}\",job=\"web\"}} {value} {at}")
                .expect("a string takes all");
        }
    }
    text.push_str("# TYPE temperature gauge\n");
    for step in (0..300_i64).filter(|step| step % 50 < 40) {
        let (at, value) = (1_700_000_000 + step * 30, (step % 7) as f64 * 0.1 - 0.2);
        writeln!(text, "temperature{{room=\"büro\"}} {value} {at}.5").expect("a string takes all");
    }
    text.push_str("# EOF\n");
    text
}

#[track_caller]
pub(crate) fn run(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// Lines in no order: what counts alike stands in any.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Rows of `list` without names, chunks and sizes: those of a block made twice differ, and how many
/// samples share a chunk is each program's own affair.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|cells| {
            [cells.get(1..5), cells.get(6..7)].into_iter().flatten().flatten().copied().collect()
        })
        .collect()
}

#[test]
fn both_make_the_same_blocks_of_openmetrics_and_read_each_others() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = TempFolder::new();
    folder.write("input.txt", openmetrics());
    let (ours, theirs) = (binary(), promtool);
    let path = folder.path();
    let make = ["tsdb", "create-blocks-from", "openmetrics", "input.txt"];
    let told_by_us = run(&ours, path, &[&make[..], &["ours"]].concat());
    let told_by_them = run(&theirs, path, &[&make[..], &["theirs"]].concat());
    assert_eq!(rows(&told_by_us), rows(&told_by_them));
    assert_eq!(told_by_us.lines().count(), 3, "a header and two blocks: {told_by_us}");

    for data in ["ours", "theirs"] {
        // promtool wants to see a log, be it empty.
        std::fs::create_dir_all(path.join(data).join("wal")).unwrap();
        let both = |arguments: &[&str]| {
            let arguments = [arguments, &[data]].concat();
            (run(&ours, path, &arguments), run(&theirs, path, &arguments))
        };
        for arguments in [&["tsdb", "list"][..], &["tsdb", "list", "-r"], &["tsdb", "dump"]] {
            let (us, them) = both(arguments);
            assert_eq!(us, them, "{arguments:?} {data}");
        }
        let some = ["tsdb", "dump", "--match={code=~'2.*'}", "--max-time=1700001000000"];
        let (us, them) = both(&some);
        assert_eq!(us, them);
        assert_eq!(us.lines().count(), 34, "one series up to the time");
        let (us, them) = both(&["tsdb", "dump-openmetrics"]);
        assert_eq!(us, them);
        for analyze in [&["tsdb", "analyze"][..], &["tsdb", "analyze", "--extended"]] {
            let (us, them) = both(analyze);
            assert_eq!(sorted(&us), sorted(&them), "{analyze:?} {data}");
        }
        let (us, them) = both(&["tsdb", "analyze", "--match=temperature"]);
        assert_eq!(sorted(&us), sorted(&them));
    }

    let verified = run(&ours, path, &["tsdb", "verify", "theirs"]);
    assert!(verified.contains("no damage"), "{verified}");
}

#[test]
fn what_a_running_server_has_open_can_be_dumped_and_is_left_alone() {
    let target = FakeTarget::start();
    target.serve("answer 42\n");
    let jobs = format!(
        "scrape_configs:\n- job_name: fake\n  scrape_interval: 100ms\n  scrape_timeout: 100ms\n  \
         static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    );
    let host = Host::with_config(&config(&jobs)).start();
    host.wait_for_query("count_over_time(answer[1m]) > 3", 30 * SECONDS, |s| s.len() == 1);
    let data = host.folder().path().join("data");
    let text = run(&binary(), &data, &["tsdb", "dump", "--match=answer", "."]);
    assert!(text.lines().count() > 3, "{text}");
    assert!(text.starts_with("{__name__=\"answer\", instance="), "{text}");
    let left = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("sandbox")).collect();
    assert!(left.is_empty(), "{left:?}");
    host.wait_for_query("count_over_time(answer[1m]) > 6", 30 * SECONDS, |s| s.len() == 1);
    host.stop();
}

#[test]
fn damage_is_named_with_file_and_byte() {
    let folder = TempFolder::new();
    folder.write("input.txt", openmetrics());
    let path = folder.path();
    run(&binary(), path, &["tsdb", "create-blocks-from", "openmetrics", "-q", "input.txt", "data"]);
    let block = std::fs::read_dir(path.join("data")).unwrap().next().unwrap().unwrap().path();
    let chunks = block.join("chunks/000001");
    let mut bytes = std::fs::read(&chunks).unwrap();
    bytes[100] ^= 4;
    std::fs::write(&chunks, bytes).unwrap();
    let output =
        Command::new(binary()).args(["tsdb", "verify", "data"]).current_dir(path).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("chunks/000001") && said.contains("byte "), "{said}");
}

#[test]
fn rules_are_evaluated_over_the_past_by_a_server() {
    let Some(prometheus) = peer(Peer::Prometheus) else { return };
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = TempFolder::new();
    let path = folder.path();
    folder.write("input.txt", openmetrics());
    folder.write(
        "rules.yml",
        "groups:\n- name: g\n  interval: 1m\n  rules:\n  - record: job:requests:rate\n    \
         expr: sum by (job) (rate(requests_total[5m]))\n    labels: { made: up }\n  \
         - record: seven\n    expr: vector(7)\n  \
         - alert: Never\n    expr: vector(0) > 1\n",
    );
    folder.write("prometheus.yml", "");
    run(&promtool, path, &["tsdb", "create-blocks-from", "openmetrics", "-q", "input.txt", "src"]);
    let port = free_port();
    let server = Process::spawn(
        Command::new(prometheus)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=src"])
            .args(["--storage.tsdb.retention.time=100y"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(path),
    );
    let url = format!("http://127.0.0.1:{port}");
    wait_until("prometheus is ready", 60 * SECONDS, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
            && http::get(&format!("{url}/-/ready")).status == 200
    });
    let make = |program: &Path, out: &str| {
        let url = format!("--url={url}");
        let out = format!("--output-dir={out}");
        let arguments = [
            "tsdb",
            "create-blocks-from",
            "rules",
            "--start=1700000000",
            "--end=1700009000",
            &url,
            &out,
            "rules.yml",
        ];
        run(program, path, &arguments)
    };
    make(&binary(), "ours");
    make(&promtool, "theirs");
    let dump = |data: &str| {
        // promtool wants to see a log, be it empty.
        std::fs::create_dir_all(path.join(data).join("wal")).unwrap();
        run(&promtool, path, &["tsdb", "dump", data])
    };
    let (us, them) = (dump("ours"), dump("theirs"));
    // Each server gives a group its own place within the interval.
    let series = |text: &str| {
        let lines = text.lines().filter_map(|line| line.rsplit_once("} "));
        lines.map(|(series, _)| series.to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(series(&us), series(&them));
    assert!(us.lines().count().abs_diff(them.lines().count()) <= 1, "{us}\n{them}");
    assert!(us.contains(r#"{__name__="job:requests:rate", job="web", made="up"}"#), "{us}");
    for dumped in [&us, &them] {
        let sevens = dumped.lines().filter_map(|line| line.strip_prefix(r#"{__name__="seven"} "#));
        let values: Vec<&str> = sevens.filter_map(|line| line.split(' ').next()).collect();
        assert!(values.len() > 100 && values.iter().all(|value| *value == "7"), "{values:?}");
    }
    drop(server);
}
