use std::time::Duration;

use narthex_platform::{Metrics, RealDisk, SimulatedClock, SimulatedDisk};

use super::*;
use crate::discoverer::OutletReader;

/// The groups in short: `path:index labels: addresses`.
fn shown(groups: &[TargetGroup]) -> String {
    let lines = groups.iter().map(|group| {
        let addresses: Vec<&str> =
            group.targets.iter().filter_map(|target| target.get("__address__")).collect();
        format!("{} {}: {}", group.source, group.labels, addresses.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(path: &str, text: &str, expected: Result<&str, &str>) {
    let read = read::groups(Utf8Path::new(path), text.as_bytes());
    let read = read.map(|groups| shown(&groups)).map_err(|error| error_chain(&error));
    match (&read, expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text}"),
        (Err(got), Err(part)) => assert!(got.contains(part), "{got}\nhas not {part}"),
        _ => panic!("{read:?}\nand not\n{expected:?}"),
    }
}

#[test]
fn files_hold_a_list_of_groups() {
    let a = r#"f.json:0 {__meta_filepath="f.json", zone="a"}: x:1 y:2"#;
    check("f.json", r#"[{"targets": ["y:2", "x:1", "x:1"], "labels": {"zone": "a"}}]"#, Ok(a));
    check("f.json", "\t[{\"targets\":\t[]}]", Ok(r#"f.json:0 {__meta_filepath="f.json"}: "#));
    check(
        "f.yml",
        "- targets: [x:1]\n- labels: {n: 1}\n",
        Ok(
            "f.yml:0 {__meta_filepath=\"f.yml\"}: x:1\nf.yml:1 {__meta_filepath=\"f.yml\", n=\"1\"}: ",
        ),
    );
    check("f.YAML", "[]", Ok(""));
    check("f.yml", "", Ok(""));
    check("f.json", "null", Ok(""));
    let nulls = r#"[{"targets": null, "labels": null}]"#;
    check("f.json", nulls, Ok(r#"f.json:0 {__meta_filepath="f.json"}: "#));
    check("f.yml", "- {targets: , labels: }", Ok(r#"f.yml:0 {__meta_filepath="f.yml"}: "#));
    let lies = r#"[{"targets": ["x:1"], "labels": {"__meta_filepath": "/etc/passwd"}}]"#;
    check("f.json", lies, Ok(r#"f.json:0 {__meta_filepath="f.json"}: x:1"#));
}

#[test]
fn what_is_no_such_list_is_told_with_its_place() {
    check("f.json", "", Err("EOF while parsing"));
    check("f.json", "[{\"targets\": [1]}]", Err("line 1 column"));
    check("f.json", "[{\"tragets\": []}]", Err("unknown field `tragets`"));
    check("f.json", "[null]", Err("group 0 is null"));
    check("f.yml", "- targets: []\n-\n", Err("group 1 is null"));
    check("f.yml", "- tragets: []", Err("f.yml:1:3: [0]: unknown key \"tragets\""));
    check("f.yml", "- targets: [a: b]", Err("f.yml:1:13"));
    check("f.yml", "targets: []", Err("expected a list"));
}

fn write(disk: &dyn Disk, path: &str, text: &str) {
    disk.remove(path.into()).ok();
    disk.create(path.into()).unwrap().append(text.as_bytes()).unwrap();
}

fn looked(disk: &dyn Disk, known: Files) -> Look {
    look(disk, &["/d/*.json".to_owned(), "/d/one.yml".to_owned()], known)
}

fn groups(look: &Look) -> String {
    let groups: Vec<TargetGroup> =
        look.files.values().flat_map(|file| file.groups.iter().cloned()).collect();
    let shown = groups.iter().flat_map(|group| &group.targets);
    shown.filter_map(|target| target.get("__address__")).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_broken_file_keeps_its_groups_and_one_that_is_gone_has_none() {
    let disk = SimulatedDisk::new(1);
    assert_eq!(groups(&looked(&disk, Files::new())), "");
    disk.create_folder("/d".into()).unwrap();
    write(&disk, "/d/a.json", r#"[{"targets": ["a:1"]}]"#);
    write(&disk, "/d/b.json", r#"[{"targets": ["b:1"]}]"#);
    write(&disk, "/d/one.yml", "[targets: ['c:1']]");
    write(&disk, "/d/a.txt", "not ours");
    let look = looked(&disk, Files::new());
    assert_eq!(
        (groups(&look).as_str(), look.folders.as_slice()),
        ("a:1 b:1 c:1", &["/d".into()][..])
    );

    write(&disk, "/d/a.json", "[");
    write(&disk, "/d/b.json", r#"[{"targets": ["b:2"]}]"#);
    let look = looked(&disk, look.files);
    assert_eq!(groups(&look), "a:1 b:2 c:1");
    let (_, a) = look.files.first_key_value().unwrap();
    assert!(a.broken.as_ref().is_some_and(|broken| broken.contains("EOF")), "{a:?}");
    // It stays broken while it is the same.
    let look = looked(&disk, look.files);
    assert!(look.files.values().any(|file| file.broken.is_some()));

    disk.remove("/d/a.json".into()).unwrap();
    disk.remove("/d/one.yml".into()).unwrap();
    let look = looked(&disk, look.files);
    assert_eq!(groups(&look), "b:2");
    assert!(look.files.values().all(|file| file.broken.is_none()));
}

fn start(
    files: &[String],
    disk: Arc<dyn Disk>,
    clock: &Clock,
) -> (OutletReader, tokio::sync::watch::Sender<bool>, tokio::task::JoinSet<()>) {
    let config = FileConfig { files: files.to_vec(), refresh_interval: Duration::from_secs(300) };
    let telemetry = Telemetry::new(&Metrics::new(), "scrape");
    let discoverer = Box::new(FileDiscoverer { config, disk, clock: clock.clone(), telemetry });
    let (out, reader) = Outlet::for_tests(clock.clone());
    let (sender, stop) = Stop::pair();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(discoverer.run(out, stop));
    (reader, sender, tasks)
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test acts as another program")]
async fn a_change_in_a_watched_folder_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let file = folder.join("t.yml");
    std::fs::write(&file, "[targets: ['a:1']]").unwrap();
    // The clock stands still, so that nothing but the watch can tell.
    let clock = SimulatedClock::at(0).clock();
    let files = [folder.join("*.yml").into_string()];
    let (mut reader, _stop, _tasks) = start(&files, RealDisk::shared(), &clock);
    let path = format!("{file}:0 {{__meta_filepath=\"{file}\"}}");
    assert_eq!(shown(&reader.next().await.groups), format!("{path}: a:1"));
    let next = folder.join("next");
    std::fs::write(&next, "[targets: ['b:1']]").unwrap();
    std::fs::rename(&next, &file).unwrap();
    assert_eq!(shown(&reader.next().await.groups), format!("{path}: b:1"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(shown(&reader.next().await.groups), "");
    assert_eq!(reader.failure(), None);
}

#[tokio::test]
async fn what_cannot_be_watched_is_looked_at_at_every_interval() {
    let disk = SimulatedDisk::new(1);
    disk.create_folder("/not-on-this-machine".into()).unwrap();
    write(&disk, "/not-on-this-machine/t.json", r#"[{"targets": ["a:1"]}]"#);
    let simulated = SimulatedClock::at(0);
    let files = ["/not-on-this-machine/t.json".to_owned()];
    let (mut reader, _stop, _tasks) = start(&files, Arc::new(disk.clone()), &simulated.clock());
    assert_eq!(reader.next().await.groups.len(), 1);
    while simulated.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    write(&disk, "/not-on-this-machine/t.json", "[{},{}]");
    simulated.advance(Duration::from_secs(300));
    assert_eq!(reader.next().await.groups.len(), 2);
}
