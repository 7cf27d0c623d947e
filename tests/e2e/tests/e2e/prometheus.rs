//! A real Prometheus beside a host.

use std::path::Path;
use std::process::Command;

use narthex_harness::{Host, Process, SECONDS, TempFolder, free_port, http, wait_until};
use serde_json::Value;

use crate::support::config;

/// The configuration of one that does nothing by itself.
pub(crate) const IDLE: &str = "global: { scrape_interval: 1m }\n";

/// One on a folder of its own. Dropping it kills it.
pub(crate) struct Prometheus {
    _process: Process,
    _folder: TempFolder,
    address: String,
}

impl Prometheus {
    /// Starts the program and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(program: &Path, config: &str, flags: &[&str]) -> Self {
        Self::start_by(&mut Command::new(program), config, flags)
    }

    /// The same by a command that runs the program with the arguments that are added to it.
    #[track_caller]
    pub(crate) fn start_by(command: &mut Command, config: &str, flags: &[&str]) -> Self {
        let folder = TempFolder::new();
        let file = folder.write("prometheus.yml", config);
        let address = format!("127.0.0.1:{}", free_port());
        let process = Process::spawn(
            command
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                .args(flags),
        );
        let mut prefix = flags.iter().filter_map(|flag| flag.strip_prefix("--web.route-prefix="));
        let prefix = prefix.next_back().unwrap_or_default().trim_end_matches('/');
        let ready = format!("http://{address}{prefix}/-/ready");
        wait_until("Prometheus is ready", 60 * SECONDS, || {
            http::send("GET", &ready, &[], b"").is_ok_and(|answer| answer.status == 200)
        });
        Self { _process: process, _folder: folder, address }
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }
}

/// A Prometheus and a host that scrape the same targets.
pub(crate) struct Both {
    pub(crate) theirs: Prometheus,
    pub(crate) ours: Host,
}

impl Both {
    /// Starts both with these jobs.
    #[track_caller]
    pub(crate) fn start(program: &Path, jobs: &str, flags: &[&str]) -> Self {
        let jobs = format!("scrape_configs:\n{jobs}");
        let theirs = format!("global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n{jobs}");
        let theirs = Prometheus::start(program, &theirs, flags);
        let ours = Host::with_config(&config(&jobs)).file("plugins/.keep", "").start();
        Self { theirs, ours }
    }

    /// What we and they answer to a path, each 2xx.
    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> [Value; 2] {
        let url = format!("http://{}{path}", self.theirs.address());
        [self.ours.json(path), http::get(&url).expect_success().json()]
    }

    /// The series that an instant query finds.
    #[track_caller]
    pub(crate) fn vectors(&self, query: &str) -> [Vec<Value>; 2] {
        let path = format!("/api/v1/query?query={}", http::encode(query));
        self.json(&path)
            .map(|answer| answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }
}
