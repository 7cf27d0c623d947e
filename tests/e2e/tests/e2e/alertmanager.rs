//! Alerting beside Debian's Alertmanager: the same requests, the same routing, the same alerts.

mod api;
mod commands;
mod crash;
mod mail;
mod notifications;
mod receivers;
mod rogues;
mod routing;
mod sender;
mod story;
mod times;
mod tool;

use std::path::Path;
use std::process::Command;

use narthex_harness::{Host, Process, SECONDS, TempFolder, free_port, http, wait_until};
use serde_json::Value;

use crate::support::{config, plugin};

/// A running Alertmanager; it ends when it is dropped.
pub(crate) struct Alertmanager {
    _process: Process,
    _folder: TempFolder,
    address: String,
}

impl Alertmanager {
    /// Starts the program and waits until it is ready.
    #[track_caller]
    fn start(program: &Path, routing: &str) -> Self {
        Self::start_with(program, routing, &[])
    }

    /// The same with more flags.
    #[track_caller]
    fn start_with(program: &Path, routing: &str, flags: &[&str]) -> Self {
        let started = Self::spawn(program, routing, TempFolder::new(), flags);
        let ready = format!("http://{}/-/ready", started.address);
        wait_until("Alertmanager is ready", 60 * SECONDS, || {
            http::send("GET", &ready, &[], b"").is_ok_and(|answer| answer.status == 200)
        });
        started
    }

    /// Starts the program on a folder that may have files for it.
    #[track_caller]
    pub(crate) fn spawn(program: &Path, routing: &str, folder: TempFolder, flags: &[&str]) -> Self {
        let file = folder.write("alertmanager.yml", routing);
        let address = format!("127.0.0.1:{}", free_port());
        // Debian's build reads its default templates from /usr/share, and a fetched one has them beside it.
        let share = program.ancestors().nth(2).expect("a program lies in usr/bin").join("share");
        let script =
            "mount -t overlay overlay -o lowerdir=\"$0\":/usr/share /usr/share && exec \"$@\"";
        let process = Process::spawn(
            Command::new("unshare")
                .args(["--map-root-user", "--mount", "sh", "-c", script])
                .args([&share, program])
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--storage.path={}", folder.path().join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                .arg("--cluster.listen-address=")
                .args(flags),
        );
        Self { _process: process, _folder: folder, address }
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

/// An Alertmanager and a host with the same routing.
struct Both {
    theirs: Alertmanager,
    ours: Host,
}

impl Both {
    #[track_caller]
    fn start(program: &Path, routing: &str) -> Self {
        let theirs = Alertmanager::start(program, routing);
        let ours = routing_host(routing);
        Self { theirs, ours }
    }

    /// Base addresses, ours first.
    fn urls(&self) -> [String; 2] {
        [self.ours.url(""), format!("http://{}", self.theirs.address)]
    }

    /// What both answer to a request: status and body.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &str) -> [(u16, Value); 2] {
        self.urls().map(|url| ask(method, &format!("{url}{path}"), body))
    }

    /// Sends alerts to both.
    #[track_caller]
    fn send(&self, alerts: &Value) {
        for (status, body) in self.ask("POST", "/api/v2/alerts", &alerts.to_string()) {
            assert_eq!(status, 200, "{body}");
        }
    }
}

/// A host that routes by this alertmanager.yml.
fn routing_host(routing: &str) -> Host {
    Host::with_config(&config("alertmanager_config_file: alertmanager.yml\n"))
        .file("alertmanager.yml", routing)
        .copy("plugins/webhook.wasm", &plugin("webhook"))
        .start()
}

/// A request with JSON; an answer without JSON is told as text.
#[track_caller]
fn ask(method: &str, url: &str, body: &str) -> (u16, Value) {
    let headers = [("Content-Type", "application/json")];
    let answer = match http::send(method, url, &headers, body.as_bytes()) {
        Ok(answer) => answer,
        Err(error) => panic!("{method} {url}: {error}"),
    };
    let body = serde_json::from_slice(&answer.body).unwrap_or_else(|_| answer.text().into());
    (answer.status, body)
}
