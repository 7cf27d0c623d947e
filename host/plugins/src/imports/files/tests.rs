#![expect(clippy::disallowed_methods, reason = "the tests act as other programs")]

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_platform::Clock;
use rustix::fs::inotify;

use super::files::Host;
use super::*;

struct Bench {
    temp: tempfile::TempDir,
    instance: Instance,
}

/// The clock of a call of ten seconds.
fn clock() -> clock::Instance {
    let clock = Clock::real();
    clock::Instance::instantiate(
        &clock,
        clock.monotonic() + Duration::from_secs(10),
        &Ear::default(),
    )
}

/// A plugin `x` with the root `r` (a file `f`, a folder `d`, links in and out) and the root `u`, of
/// which only the usage may be asked.
fn bench() -> Bench {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("root");
    fs::create_dir_all(root.join("d")).unwrap();
    fs::write(root.join("f"), "content").unwrap();
    fs::write(root.join("d/g"), "deeper").unwrap();
    fs::write(temp.path().join("secret"), "secret").unwrap();
    symlink("d/g", root.join("in")).unwrap();
    symlink("../secret", root.join("out")).unwrap();
    symlink("/etc/passwd", root.join("absolute")).unwrap();
    symlink("..", root.join("up")).unwrap();
    let path = Utf8PathBuf::from_path_buf(root).unwrap();
    let roots = BTreeMap::from([
        ("r".to_owned(), Root { path: path.clone(), access: Access::Read }),
        ("u".to_owned(), Root { path, access: Access::Usage }),
        ("proc".to_owned(), Root { path: "/proc".into(), access: Access::Read }),
        ("gone".to_owned(), Root { path: "/no/such/folder".into(), access: Access::Read }),
    ]);
    let waits = Arc::new(Waits::new(Clock::real()));
    let capability = Arc::new(Capability::configure("x", &roots, &waits));
    let instance = Instance::instantiate(Some(&capability), "x", &clock(), &Ear::default());
    Bench { temp, instance }
}

/// Reads a file: its content, or kind and message of the error.
async fn read(bench: &mut Bench, root: &str, path: &str, max: u32) -> String {
    match bench.instance.read(root.to_owned(), path.to_owned(), max).await.unwrap() {
        Ok(bytes) => String::from_utf8(bytes).unwrap(),
        Err(error) => format!("{:?}: {}", error.kind, error.message),
    }
}

#[tokio::test]
async fn files_are_read_beneath_their_root() {
    let bench = &mut bench();
    assert_eq!(read(bench, "r", "f", 100).await, "content");
    assert_eq!(read(bench, "r", "d/g", 100).await, "deeper");
    assert_eq!(read(bench, "r", "in", 100).await, "deeper");
    assert_eq!(read(bench, "r", "f", 7).await, "content");
    assert_eq!(
        read(bench, "r", "f", 6).await,
        "ErrorKind::Exhausted: \"f\" is longer than 6 bytes"
    );
}

#[tokio::test]
async fn what_is_no_regular_file_is_not_even_opened() {
    let bench = &mut bench();
    let pipe = bench.temp.path().join("root/pipe");
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, mode, 0).unwrap();
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    for watched in [&pipe, &bench.temp.path().join("root/f")] {
        inotify::add_watch(&watch, watched, inotify::WatchFlags::OPEN).unwrap();
    }
    let answer = read(bench, "r", "pipe", 9).await;
    assert_eq!(answer, "ErrorKind::Denied: \"pipe\" is no regular file");
    let mut events = [0; 512];
    assert_eq!(rustix::io::read(&watch, &mut events), Err(Errno::AGAIN));
    assert_eq!(read(bench, "r", "f", 9).await, "content");
    assert!(rustix::io::read(&watch, &mut events).is_ok());
}

#[tokio::test]
async fn a_root_is_opened_when_it_is_first_needed() {
    let bench = &mut bench();
    let root = bench.temp.path().join("later");
    let path = Utf8PathBuf::from_path_buf(root.clone()).unwrap();
    let roots = BTreeMap::from([("l".to_owned(), Root { path, access: Access::Read })]);
    let waits = Arc::new(Waits::new(Clock::real()));
    let capability = Arc::new(Capability::configure("x", &roots, &waits));
    bench.instance = Instance::instantiate(Some(&capability), "x", &clock(), &Ear::default());
    assert!(read(bench, "l", "f", 9).await.contains("for the root \"l\""));
    fs::create_dir(&root).unwrap();
    fs::write(root.join("f"), "content").unwrap();
    assert_eq!(read(bench, "l", "f", 9).await, "content");
    // What was opened stays open, whatever stands at its path.
    fs::rename(&root, bench.temp.path().join("moved")).unwrap();
    assert_eq!(read(bench, "l", "f", 9).await, "content");
}

#[tokio::test]
async fn the_time_of_the_last_change_is_told() {
    let bench = &mut bench();
    let file = fs::File::options().write(true).open(bench.temp.path().join("root/f")).unwrap();
    let at = std::time::UNIX_EPOCH + Duration::from_nanos(1_767_225_600_250_000_000);
    file.set_modified(at).unwrap();
    let asked = bench.instance.modified("r".to_owned(), "f".to_owned()).await.unwrap();
    assert_eq!(asked.unwrap(), 1_767_225_600_250_000_000);
    for (root, path) in [("r", "out"), ("u", "f")] {
        let refused = bench.instance.modified(root.to_owned(), path.to_owned()).await.unwrap();
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Denied, "{root}:{path}");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_its_root() {
    let bench = &mut bench();
    for path in ["../secret", "d/../../secret", "/etc/passwd", "out", "absolute", "up/secret"] {
        let answer = read(bench, "r", path, 100).await;
        assert!(answer.starts_with("ErrorKind::Denied: "), "{path}: {answer}");
    }
    let answer = read(bench, "proc", "self/root/etc/passwd", 100).await;
    assert!(answer.contains("leads through a link of the kernel"), "{answer}");
    let answer = read(bench, "proc", "self/fd/0", 100).await;
    assert!(answer.contains("leads through a link of the kernel"), "{answer}");
}

#[tokio::test]
async fn a_root_that_was_not_granted_names_the_line_that_grants_it() {
    let bench = &mut bench();
    assert_eq!(
        read(bench, "etc", "passwd", 100).await,
        "ErrorKind::Denied: plugin \"x\" may not read files of \"etc\"; to allow it: \
         plugins: { allow: { x: { files: { etc: /its/folder } } } }"
    );
    assert!(read(bench, "u", "f", 100).await.contains("may not read files of \"u\""));
    bench.instance = Instance::instantiate(None, "x", &clock(), &Ear::default());
    assert!(read(bench, "r", "f", 100).await.contains("may not read files of \"r\""));
}

#[tokio::test]
async fn errors_of_the_system_carry_their_name() {
    let bench = &mut bench();
    for (root, path, errno) in
        [("r", "no", "ENOENT"), ("r", "d", "EISDIR"), ("gone", "a", "ENOENT")]
    {
        let answer = bench.instance.read(root.to_owned(), path.to_owned(), 9).await.unwrap();
        let error = answer.unwrap_err();
        assert_eq!(
            (error.details[0].name.as_str(), error.details[0].value.as_str()),
            ("errno", errno)
        );
    }
}

#[tokio::test]
async fn folders_are_listed_in_order_and_within_a_limit() {
    let bench = &mut bench();
    let listed = bench.instance.list_dir("r".to_owned(), String::new(), 9).await.unwrap().unwrap();
    let names: Vec<&str> = listed.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["absolute", "d", "f", "in", "out", "up"]);
    assert_eq!(listed[1].kind, files::EntryKind::Directory);
    assert_eq!(listed[2].kind, files::EntryKind::File);
    assert_eq!(listed[3].kind, files::EntryKind::Symlink);
    let error = bench.instance.list_dir("r".to_owned(), String::new(), 5).await.unwrap();
    assert_eq!(error.unwrap_err().kind, ErrorKind::Exhausted);
}

#[tokio::test]
async fn links_are_told_and_not_followed() {
    let bench = &mut bench();
    let target = bench.instance.read_link("r".to_owned(), "out".to_owned()).await.unwrap();
    assert_eq!(target.unwrap(), "../secret");
    let error = bench.instance.read_link("r".to_owned(), "f".to_owned()).await.unwrap();
    assert_eq!(error.unwrap_err().details[0].value, "EINVAL");
}

#[tokio::test]
async fn usage_needs_no_right_to_read() {
    let bench = &mut bench();
    let usage = bench.instance.usage("u".to_owned(), "d".to_owned()).await.unwrap().unwrap();
    assert!(usage.block_size > 0 && usage.blocks > 0);
}

#[test]
fn a_plugin_of_that_name_reads_proc_and_sys_and_nothing_else_by_itself() {
    let names =
        |plugin| default_roots(plugin).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("node"), ["proc", "sys"]);
    assert!(names("nodes").is_empty());
}

#[test]
fn the_root_proc_shows_the_machine_and_not_its_processes() {
    for shown in
        ["stat", "meminfo", "net/dev", "sys/kernel/arch", "self/mounts", "1/mountinfo", "self/auxv"]
    {
        assert!(is_about_machine(shown), "{shown} is about the machine");
    }
    for hidden in [
        "self/environ",
        "thread-self/environ",
        "1/environ",
        "./1/./environ",
        "1//mem",
        "42/cmdline",
        "self/task/1/environ",
        "kcore",
        "kmsg",
    ] {
        assert!(!is_about_machine(hidden), "{hidden} is about a process or memory");
    }
}
