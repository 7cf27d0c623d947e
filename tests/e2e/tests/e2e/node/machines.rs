//! The machines of the plugin's own tests, shown to the peer: what the tests expect of each collector is what the peer
//! says, in names, labels, types, helps and values.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use narthex_harness::{Peer, TempFolder, peer, repository};

use super::Answering;
use super::said::Said;

/// Machines that the peer does not look at: it asks the real machine for SELinux, wherever its folders are.
const NOT_COMPARED: [&str; 1] = ["selinux"];

/// Not expected: words about the scrape, and when the files of a machine were changed.
const NOT_EXPECTED: [&str; 3] =
    ["node_scrape_collector_", "node_exporter_build_info", "node_textfile_mtime_seconds"];

#[test]
fn what_the_tests_of_each_collector_expect_is_what_node_exporter_says() {
    let Some(node_exporter) = peer(Peer::NodeExporter) else { return };
    let machines = repository().join("plugins/exporters/node/machines");
    let mut compared = 0;
    for entry in fs::read_dir(machines).expect("the plugin has machines").flatten() {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".txt").to_owned();
        if NOT_COMPARED.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("a machine is a text");
        let (machine, expected) = text.split_once("-- expected --\n").expect("an expectation");
        let folder = TempFolder::new();
        unpack(machine, folder.path());
        let peer = Answering::start(&node_exporter, &flags(folder.path(), &name));
        // Where the peer tells a path it is one below its folders.
        let said = peer.said().replace(&folder.path().display().to_string(), "");
        assert!(
            said.contains(&format!("node_scrape_collector_success{{collector=\"{name}\"}} 1\n")),
            "{name}: the peer makes nothing of the machine: {said}"
        );
        let (said, expected) = (Said::parse(&said), Said::parse(expected));
        let (said, expected) = (said.without(&NOT_EXPECTED), expected.without(&NOT_EXPECTED));
        assert_eq!(expected, said, "{name}: expected, and what the peer says");
        compared += 1;
    }
    assert!(compared > 40, "{compared} collectors were compared");
}

/// One collector, over the folders of a machine, and without asking the kernel itself.
fn flags(folder: &Path, collector: &str) -> Vec<String> {
    let at = |flag: &str, name: &str| format!("--{flag}={}", folder.join(name).display());
    vec![
        "--collector.disable-defaults".to_owned(),
        format!("--collector.{collector}"),
        at("path.procfs", "proc"),
        at("path.sysfs", "sys"),
        at("path.udev.data", "udev"),
        at("path.rootfs", "rootfs"),
        at("collector.textfile.directory", "textfile"),
        "--no-collector.arp.netlink".to_owned(),
        "--no-collector.netdev.netlink".to_owned(),
        "--web.disable-exporter-metrics".to_owned(),
    ]
}

/// Puts `-- path --` with its content, and `-- path -> target --`, into a folder.
fn unpack(machine: &str, folder: &Path) {
    for root in ["proc", "sys", "udev", "rootfs", "textfile"] {
        fs::create_dir_all(folder.join(root)).expect("make a root");
    }
    // The first part is what the machine is about.
    for part in machine.split("\n-- ").skip(1) {
        let (head, content) = part.split_once(" --").expect("a head ends");
        let content = content.strip_prefix('\n').unwrap_or(content);
        let content = content.strip_suffix('\n').unwrap_or(content);
        let (path, target) = match head.split_once(" -> ") {
            Some((path, target)) => (path, Some(target)),
            None => (head, None),
        };
        let place = folder.join(path);
        fs::create_dir_all(place.parent().expect("a path has a root")).expect("make a folder");
        match target {
            Some(target) => symlink(target, place).expect("make a link"),
            None if content.is_empty() => fs::write(place, "").expect("write a file"),
            None => fs::write(place, format!("{content}\n")).expect("write a file"),
        }
    }
}
