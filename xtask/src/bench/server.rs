//! The servers that are measured: how each is started, fed and asked.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::http;
use super::proc::Reading;
use crate::process::Tool;

/// How long a server may take until it answers at all.
const START_MAX: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Narthex,
    Prometheus,
    VictoriaMetrics,
}

/// A server's program.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
}

/// A server that runs; it is killed when this value ends.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    child: Child,
    pub(crate) began: Instant,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Narthex => "narthex",
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoria-metrics",
        }
    }

    /// Debian's package, which names its program after itself.
    pub(crate) fn package(self) -> &'static str {
        self.name()
    }

    /// A path that answers 200 once the server serves.
    fn ready_path(self) -> &'static str {
        match self {
            Self::Narthex | Self::Prometheus => "/-/ready",
            Self::VictoriaMetrics => "/health",
        }
    }

    /// The server's own counter of samples that came by scraping.
    pub(crate) fn scraped_counter(self) -> &'static str {
        match self {
            Self::Narthex | Self::Prometheus => "prometheus_tsdb_head_samples_appended_total",
            Self::VictoriaMetrics => "vm_rows_inserted_total{type=\"promscrape\"",
        }
    }

    /// Where remote write goes.
    pub(crate) fn write_path(self) -> &'static str {
        "/api/v1/write"
    }

    fn flags(self, config: &Path, data: &Path, port: u16) -> Vec<String> {
        let (config, data) = (config.display(), data.display());
        match self {
            Self::Narthex | Self::Prometheus => vec![
                format!("--config.file={config}"),
                format!("--storage.tsdb.path={data}"),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ],
            Self::VictoriaMetrics => vec![
                format!("-promscrape.config={config}"),
                format!("-storageDataPath={data}"),
                format!("-httpListenAddr=127.0.0.1:{port}"),
            ],
        }
    }
}

impl Program {
    /// What the program says of itself, cut to the version.
    pub(crate) fn version(&self) -> String {
        let text = Tool::new(&self.path).arg("--version").capture().unwrap_or_default();
        let word = text.split_whitespace().find(|word| word.contains(|c: char| c.is_ascii_digit()));
        let word = word.map(str::to_owned).or_else(|| self.packaged_version());
        word.unwrap_or_else(|| "unknown".to_owned())
    }

    /// Debian builds victoria-metrics without a version; its changelog begins with `name (version) sid`.
    fn packaged_version(&self) -> Option<String> {
        let doc = self.path.parent()?.parent()?.join("share/doc").join(self.kind.package());
        let text =
            Tool::new("gzip").arg("-dc").arg(doc.join("changelog.Debian.gz")).capture().ok()?;
        Some(text.split(['(', ')']).nth(1)?.to_owned())
    }

    /// Starts on `folder`, which keeps what an earlier start left; returns at once.
    pub(crate) fn start(
        &self,
        folder: &Path,
        config: &str,
        port: u16,
        more: &[&str],
    ) -> anyhow::Result<Server> {
        let file = folder.join("scrape.yml");
        std::fs::write(&file, config).with_context(|| format!("write {}", file.display()))?;
        let log = folder.join("log.txt");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .context("open the server's log")?;
        let began = Instant::now();
        let child = Command::new(&self.path)
            .args(self.kind.flags(&file, &folder.join("data"), port))
            .args(more)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the server's log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", self.path.display()))?;
        Ok(Server { kind: self.kind, port, child, began })
    }
}

impl Server {
    pub(crate) fn reading(&self) -> anyhow::Result<Reading> {
        Reading::of(self.child.id())
    }

    /// From now on the peak is of what comes.
    pub(crate) fn forget_peak(&self) -> anyhow::Result<()> {
        let path = format!("/proc/{}/clear_refs", self.child.id());
        std::fs::write(&path, "5").with_context(|| format!("write {path}"))
    }

    /// Asks until the server says that it serves.
    pub(crate) fn wait_ready(&mut self) -> anyhow::Result<()> {
        let path = self.kind.ready_path();
        let port = self.port;
        self.poll("serve", Duration::from_millis(50), || http::get(port, path).is_ok())
    }

    /// Asks `done` until it is so; the time since the server's start.
    pub(crate) fn poll(
        &mut self,
        what: &str,
        pause: Duration,
        mut done: impl FnMut() -> bool,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        while !done() {
            if let Some(status) = self.child.try_wait().context("ask for the server's end")? {
                bail!("{} ended with {status}; its log is beside its data", self.kind.name());
            }
            if began.elapsed() > START_MAX {
                bail!("{} did not {what} within {} s", self.kind.name(), START_MAX.as_secs());
            }
            std::thread::sleep(pause);
        }
        Ok(())
    }

    /// SIGKILL, to this process alone.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().context("kill the server")?;
        self.child.wait().context("wait for the server's end")?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.kill());
    }
}
