//! What `narthex tsdb` says of input and folders that are not as they should be, and what it leaves.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use narthex_harness::{Peer, TempFolder, binary, peer};

use crate::tsdb_commands::{openmetrics, run};

/// Runs one that must fail; gives what it said.
#[track_caller]
fn refused(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// Samples of a series with `between` others between the first and the rest.
fn two(between: usize, first: &str, rest: &[&str]) -> String {
    let mut text = format!("# TYPE a gauge\n{first}\n# TYPE b gauge\n");
    for at in 0..between {
        writeln!(text, "b 1 {at}").expect("a string takes all");
    }
    text.push_str("# TYPE a gauge\n");
    for line in rest {
        writeln!(text, "{line}").expect("a string takes all");
    }
    text.push_str("# EOF\n");
    text
}

#[test]
fn samples_that_come_late_or_twice_are_refused_with_their_line() {
    let folder = TempFolder::new();
    let path = folder.path();
    let make = ["tsdb", "create-blocks-from", "openmetrics", "input.txt", "out"];
    // More than one batch of ours and of promtool lie between them, or none.
    for between in [0, 120_000] {
        for (rest, what) in [
            (["a 2 50", "a 3 200"], "out of order sample"),
            (["a 2 100", "a 3 200"], "duplicate sample for"),
        ] {
            folder.write("input.txt", two(between, "a 1 100", &rest));
            let said = refused(&binary(), path, &make);
            let line = format!("line {}: a: {what}", between + 5);
            assert!(said.contains(&line), "{line} in {said}");
            assert!(std::fs::read_dir(path.join("out")).unwrap().next().is_none(), "no block");
            if let Some(promtool) = peer(Peer::Promtool).filter(|_| between > 0) {
                let said = refused(&promtool, path, &make);
                assert!(said.contains(what), "{said}");
            }
        }
        folder.write("input.txt", two(between, "a 1 100", &["a 1 100", "a 3 200"]));
        let data = format!("data{between}");
        let make = ["tsdb", "create-blocks-from", "-q", "openmetrics", "input.txt", &data];
        run(&binary(), path, &make);
        let found = run(&binary(), path, &["tsdb", "dump", "--match=a", &data]);
        assert_eq!(found, "{__name__=\"a\"} 1 100000\n{__name__=\"a\"} 3 200000\n");
    }
}

#[test]
fn text_comes_through_pipes() {
    let folder = TempFolder::new();
    folder.write("input.txt", openmetrics());
    let path = folder.path();
    let mut child = Command::new(binary())
        .args(["tsdb", "create-blocks-from", "openmetrics", "-q", "/dev/stdin", "piped"])
        .current_dir(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(openmetrics().as_bytes()).expect("it reads");
    drop(input);
    assert!(child.wait().expect("it ends").success());
    run(&binary(), path, &["tsdb", "create-blocks-from", "openmetrics", "-q", "input.txt", "read"]);
    let dump = |data: &str| run(&binary(), path, &["tsdb", "dump", data]);
    assert_eq!(dump("piped"), dump("read"));
}

/// Names in the data folder that are no blocks.
fn others(data: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(data).expect("the folder can be read");
    let names = entries.map(|entry| entry.expect("it can be read").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.len() != 26)
        .collect();
    names.sort();
    names
}

#[test]
fn a_sandbox_goes_with_its_command_and_at_the_latest_with_the_next() {
    let folder = TempFolder::new();
    folder.write("input.txt", openmetrics());
    let (path, data) = (folder.path(), folder.path().join("data"));
    run(&binary(), path, &["tsdb", "create-blocks-from", "openmetrics", "-q", "input.txt", "data"]);
    let mut child = Command::new(binary())
        .args(["tsdb", "dump", "data"])
        .current_dir(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    assert_eq!(others(&data), [""; 0], "nothing is left");

    // One whose process is gone, one in use, and one of which that is not known.
    for name in ["gone", "used"] {
        let sandbox = data.join(format!("narthex-sandbox-{name}"));
        std::fs::create_dir(&sandbox).expect("a folder can be made");
        std::fs::write(sandbox.join("lock"), "").expect("a file can be written");
    }
    std::fs::create_dir(data.join("narthex-sandbox-unknown")).expect("a folder can be made");
    let used = std::fs::File::open(data.join("narthex-sandbox-used/lock")).expect("it is there");
    used.lock().expect("nobody has it");
    run(&binary(), path, &["tsdb", "dump", "--match=temperature", "data"]);
    assert_eq!(others(&data), ["narthex-sandbox-unknown", "narthex-sandbox-used"]);
}

#[test]
fn a_block_that_cannot_be_opened_is_no_success() {
    let folder = TempFolder::new();
    folder.write("input.txt", openmetrics());
    let (path, data) = (folder.path(), folder.path().join("data"));
    run(&binary(), path, &["tsdb", "create-blocks-from", "openmetrics", "-q", "input.txt", "data"]);
    let block = std::fs::read_dir(&data).unwrap().next().unwrap().unwrap().path();
    std::fs::write(block.join("index"), "no index").expect("a file can be written");
    let name = block.file_name().unwrap().to_string_lossy().into_owned();
    for command in [&["tsdb", "dump", "data"][..], &["tsdb", "flush", "data"]] {
        let said = refused(&binary(), path, command);
        assert!(said.contains(&name) && said.contains("one block cannot be opened"), "{said}");
        assert!(!said.contains("can go on"), "{said}");
    }
}

#[test]
fn flush_makes_no_store_of_what_is_none() {
    let folder = TempFolder::new();
    let path = folder.path();
    std::fs::create_dir(path.join("empty")).expect("a folder can be made");
    let said = refused(&binary(), path, &["tsdb", "flush", "empty"]);
    assert!(said.contains("no block, no log/ and no wal/"), "{said}");
    assert_eq!(others(&path.join("empty")), [""; 0]);
    refused(&binary(), path, &["tsdb", "flush", "nowhere"]);
    assert!(!path.join("nowhere").exists());
}

#[test]
fn a_selector_that_says_a_time_is_refused() {
    let folder = TempFolder::new();
    let path = folder.path();
    std::fs::create_dir(path.join("data")).expect("a folder can be made");
    for selector in ["--match=up offset 1h", "--match=up @ 5", "--match=up[5m]"] {
        let said = refused(&binary(), path, &["tsdb", "dump", selector, "data"]);
        assert!(said.contains("no plain series selector"), "{said}");
    }
}
