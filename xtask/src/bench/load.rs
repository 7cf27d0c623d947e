//! The generator's process as targets, and the window in which a server that scrapes them is watched.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};

use super::http;
use super::options::Options;
use super::proc::Reading;
use super::server::Server;

/// Between readings of memory.
const SLICE: Duration = Duration::from_secs(1);

/// What targets answer with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Load {
    /// As the generator calls it; `None`: what the server asks for.
    pub(super) format: Option<&'static str>,
    pub(super) gzip: bool,
}

/// The generator's process; it ends with this value.
pub(super) struct Targets {
    child: Child,
    port: u16,
    count: usize,
    interval: u64,
}

impl Targets {
    pub(super) fn start(program: &Path, options: &Options, load: Load) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--targets", &options.targets.to_string()])
            .args(["--series", &options.series.to_string()])
            .args(["--interval", &options.interval.to_string(), "--port", &port.to_string()])
            .args(["--gzip", if load.gzip { "yes" } else { "no" }])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(format) = load.format {
            command.args(["--format", format]);
        }
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let out = child.stdout.take().context("the generator's output")?;
        let targets = Self { child, port, count: options.targets, interval: options.interval };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).context("read the generator's output")?;
        if line.trim() != "ready" {
            bail!("the generator did not start");
        }
        Ok(targets)
    }

    /// The same for every server, but for lines of its `global` section: 127.1.x.y are the targets.
    pub(super) fn config(&self, global: &str) -> String {
        let Self { port, interval, .. } = self;
        let addresses = (0..self.count)
            .map(|index| format!("\"127.1.{}.{}:{port}\"", index / 250, index % 250 + 1));
        let addresses: Vec<String> = addresses.collect();
        format!(
            "global:\n  scrape_interval: {interval}s\n  scrape_timeout: {interval}s\n{global}\
             scrape_configs:\n  - job_name: load\n    static_configs:\n      - targets: [{}]\n",
            addresses.join(", ")
        )
    }
}

impl Drop for Targets {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// What a server did while it was watched.
pub(super) struct Window {
    /// That it took, as it says itself.
    pub(super) samples: f64,
    pub(super) seconds: f64,
    /// Seconds of processor time.
    pub(super) cpu: f64,
    /// Bytes.
    pub(super) written: u64,
    /// The reading in the middle, by memory.
    pub(super) steady: Reading,
    pub(super) last: Reading,
}

impl Window {
    pub(super) fn measure(server: &Server, length: Duration) -> anyhow::Result<Self> {
        let counter = server.kind.scraped_counter();
        let samples_before = http::metric(server.port, counter)?;
        let (before, began) = (server.reading()?, Instant::now());
        let mut readings = Vec::new();
        while began.elapsed() < length {
            std::thread::sleep(SLICE);
            readings.push(server.reading()?);
        }
        let (last, seconds) = (server.reading()?, began.elapsed().as_secs_f64());
        let samples = http::metric(server.port, counter)? - samples_before;
        if samples <= 0.0 {
            bail!("nothing was scraped");
        }
        readings.sort_by_key(|reading| reading.anonymous);
        let steady = readings.get(readings.len() / 2).copied().unwrap_or(last);
        let cpu = last.cpu - before.cpu;
        let written = last.written.saturating_sub(before.written);
        Ok(Self { samples, seconds, cpu, written, steady, last })
    }
}

pub(super) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("ask for the port")?.port())
}

pub(super) fn unix_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes here stay below 2^53")]
pub(super) fn to_f64(count: u64) -> f64 {
    count as f64
}
