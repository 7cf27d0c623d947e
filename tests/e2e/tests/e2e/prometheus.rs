//! A real Prometheus beside a host.

use std::path::Path;
use std::process::Command;

use narthex_harness::{Process, SECONDS, TempFolder, free_port, http, wait_until};

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
        let folder = TempFolder::new();
        let file = folder.write("prometheus.yml", config);
        let address = format!("127.0.0.1:{}", free_port());
        let process = Process::spawn(
            Command::new(program)
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                .args(flags),
        );
        let ready = format!("http://{address}/-/ready");
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
