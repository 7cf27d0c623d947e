//! The pages in a real browser, which `host/web/ui/browser` drives. Pictures are kept under `<target folder>/screenshots`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use narthex_harness::{
    Host, Peer, Process, SECONDS, WebhookReceiver, peer, repository, skip, wait_until,
};

use crate::support::plugin;

/// Shorter than the runner's own patience, so that what the drive says is not lost.
const DRIVE_WITHIN: Duration = Duration::from_secs(580);

#[test]
fn every_page_shows_what_it_is_for_and_keeps_nobody_out() {
    drive(&["looks"]);
}

#[test]
fn people_find_and_change_what_pages_are_for() {
    drive(&["--exclude", "browser/looks.drive.ts"]);
}

/// Runs a part of the drive against a host of its own. What the drive says is the message of a failure.
#[track_caller]
fn drive(arguments: &[&str]) {
    let Some(chromium) = peer(Peer::Chromium) else { return };
    let ui = repository().join("host/web/ui");
    let vitest = ui.join("node_modules/vitest/vitest.mjs");
    if !ui.join("dist/index.html").is_file() || !vitest.is_file() {
        skip("needs the browser pages: run `cargo xtask ui` (Node.js)");
        return;
    }
    if let Err(error) = Command::new("node").arg("--version").output() {
        skip(&format!("needs Node.js: {error}"));
        return;
    }
    let receiver = WebhookReceiver::start();
    let host = host_with_everything(&receiver);
    let mut drive = Process::spawn(
        Command::new("node")
            .arg(vitest)
            .args(["run", "--config", "browser/vitest.config.ts"])
            .args(arguments)
            .current_dir(&ui)
            .env("NO_COLOR", "1")
            .env("NARTHEX_URL", host.url(""))
            .env("NARTHEX_CHROMIUM", chromium)
            .env("NARTHEX_SCREENSHOTS", screenshots()),
    );
    let status = drive.wait(DRIVE_WITHIN);
    assert!(status.success(), "the drive ended with {status}:\n{}", drive.output());
    host.stop();
}

/// A host with something of everything that pages show: series, alerts that fire, a target that is gone, one that was
/// dropped, receivers that were told, dashboards, and a word to its operator.
#[track_caller]
fn host_with_everything(receiver: &WebhookReceiver) -> Host {
    let files = repository().join("tests/e2e/tests/browser");
    let read = |name: &str| {
        std::fs::read_to_string(files.join(name)).expect("the files of the drive are there")
    };
    let config = read("narthex.yml").replace("http://127.0.0.1:9099/", &receiver.url());
    let mut host = Host::with_config(&config)
        .file("self.yml", read("self.yml"))
        .file("rules.yml", read("rules.yml"))
        .file("found.yml", read("found.yml"))
        .file("alertmanagers.yml", read("alertmanagers.yml"))
        .file("dashboards/modes.json", read("dashboards/modes.json"))
        .copy("plugins/node.wasm", &plugin("node"))
        .copy("plugins/webhook.wasm", &plugin("webhook"))
        .flag("--web.enable-lifecycle")
        .flag("--web.enable-admin-api")
        .expect_log("scrape")
        // Beside browsers the plugin may be left without the time that it needs.
        .expect_log("collector failed")
        .start();
    host.folder().write("self.yml", format!("- targets: ['{}']\n", host.address()));
    host.wait_for_query("rate(node_cpu_seconds_total[30s])", 60 * SECONDS, |s| s.len() >= 8);
    host.wait_for_query("ALERTS{alertstate='firing'}", 30 * SECONDS, |s| s.len() == 2);
    host.wait_for_query("up{job='narthex'} == 1", 30 * SECONDS, |s| s.len() == 1);
    wait_until("the receiver is told", 30 * SECONDS, || !receiver.requests().is_empty());
    host.expect_log("reload refused");
    assert_ne!(host.reload_with(&format!("{config}nonsense: 1\n")).status, 200);
    host
}

/// Beside the test's own executable: cargo's target folder.
fn screenshots() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own executable");
    let target = test.ancestors().nth(3).expect("an executable lies in target/<profile>/deps");
    let folder = target.join("screenshots");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}
