//! The pages in a real browser. Pictures are kept as artefacts under `<target folder>/screenshots`.

use std::path::PathBuf;
use std::process::Command;

use narthex_harness::{Host, Peer, SECONDS, TempFolder, peer, repository};

use crate::support::{config, plugin};

/// Beside the test's own executable: cargo's target folder.
fn screenshots() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own executable");
    let target = test.ancestors().nth(3).expect("an executable lies in target/<profile>/deps");
    let folder = target.join("screenshots");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

fn chromium(program: &PathBuf, arguments: &[&str]) -> String {
    let profile = TempFolder::new();
    let output = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1280,900",
            "--virtual-time-budget=8000",
            "--timeout=20000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .output()
        .expect("chromium starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_page_shows_what_it_is_for() {
    let Some(program) = peer(Peer::Chromium) else { return };
    if !repository().join("host/web/ui/dist/index.html").is_file() {
        narthex_harness::skip("needs the browser pages: run `cargo xtask ui` (Node.js)");
        return;
    }
    let host = Host::with_config(&config(
        "rule_files: [rules.yml]\n\
         alertmanager: { route: { receiver: everybody }, receivers: [{ name: everybody }] }\n\
         scrape_configs:\n\
         - job_name: node\n  exporter: { plugin: node }\n  \
         static_configs: [{ targets: [localhost] }]\n\
         - job_name: gone\n  static_configs: [{ targets: ['127.0.0.1:1'] }]\n",
    ))
    .file(
        "rules.yml",
        "groups:\n- name: g\n  rules:\n  - alert: TargetDown\n    expr: up == 0\n    \
         annotations: { summary: '{{ $labels.job }} is down' }\n",
    )
    .copy("plugins/node.wasm", &plugin("node"))
    // The time of these pages stands still while a stream is open: they ask for notifications instead.
    .flag("--web.max-notifications-subscribers=0")
    .expect_log("scrape")
    .start();
    host.wait_for_query("rate(node_cpu_seconds_total[30s])", 60 * SECONDS, |s| s.len() >= 8);
    host.wait_for_query("ALERTS{alertstate='firing'}", 30 * SECONDS, |s| s.len() == 1);

    let query = "/query?g0.expr=sum%20by(mode)(rate(node_cpu_seconds_total%5B30s%5D))";
    // The share of each mode, in percent.
    let share = "/query?g0.expr=100*sum%20by(mode)(rate(node_cpu_seconds_total%5B30s%5D))\
                 /on()group_left()sum(rate(node_cpu_seconds_total%5B30s%5D))";
    for (page, path, wanted) in [
        ("query-table", &format!("{query}&g0.tab=table"), "idle"),
        ("query-graph", &format!("{query}&g0.tab=graph&g0.range_input=5m"), "idle"),
        ("query-explain", &format!("{share}&g0.tab=explain&g0.analyze=1"), "Measured: "),
        ("alerts", &"/alerts".to_owned(), "TargetDown"),
        ("targets", &"/targets".to_owned(), "127.0.0.1:1"),
        ("plugins", &"/plugins".to_owned(), "exporter"),
        ("service-discovery", &"/service-discovery".to_owned(), "127.0.0.1:1"),
        ("routing", &"/routing".to_owned(), "everybody"),
        ("groups", &"/groups?inhibited=true".to_owned(), "TargetDown"),
        ("silences", &"/silences".to_owned(), "Silence"),
        ("cost", &"/cost".to_owned(), "Rule groups"),
        ("tsdb-status", &"/tsdb-status".to_owned(), "node_cpu_seconds_total"),
        ("flags", &"/flags".to_owned(), "web.listen-address"),
        ("config", &"/config".to_owned(), "job_name: gone"),
        ("dashboards", &"/dashboards".to_owned(), "Machines"),
        ("dashboard", &"/dashboards?uid=node".to_owned(), "Processors busy"),
    ] {
        let text = chromium(&program, &["--dump-dom", &host.url(path)]);
        assert!(text.contains(wanted), "{page} does not show {wanted:?}:\n{text}");
        let picture = screenshots().join(format!("{page}.png"));
        chromium(&program, &[&format!("--screenshot={}", picture.display()), &host.url(path)]);
        let bytes = std::fs::metadata(&picture).map_or(0, |file| file.len());
        assert!(bytes > 10_000, "{} shows nothing", picture.display());
    }
    host.stop();
}
