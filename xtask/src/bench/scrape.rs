//! Scraping for a while, then SIGKILL and a start on what is left.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};

use super::measures::Measures;
use super::proc::Reading;
use super::server::{Program, Server};
use super::{Bench, bytes_under, http};

/// Between readings of memory.
const SLICE: Duration = Duration::from_secs(1);
/// How long memory is watched behind the first right answer: replays may go on behind it.
const AFTER_RESTART: Duration = Duration::from_secs(3);
/// As memory per series is told.
const KB: f64 = 1000.0;
const MIB: f64 = 1024.0 * 1024.0;

/// The generator's process; it ends with this value.
struct Targets {
    child: Child,
    port: u16,
}

impl Targets {
    fn start(bench: &Bench<'_>) -> anyhow::Result<Self> {
        let port = free_port()?;
        let options = &bench.options;
        let mut child = Command::new(&bench.load)
            .args(["serve", "--targets", &options.targets.to_string()])
            .args(["--series", &options.series.to_string()])
            .args(["--interval", &options.interval.to_string(), "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", bench.load.display()))?;
        let out = child.stdout.take().context("the generator's output")?;
        let targets = Self { child, port };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).context("read the generator's output")?;
        if line.trim() != "ready" {
            bail!("the generator did not start");
        }
        Ok(targets)
    }
}

impl Drop for Targets {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

pub(super) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("ask for the port")?.port())
}

pub(super) fn unix_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The same for every server: 127.1.x.y are the generator's targets.
fn config(bench: &Bench<'_>, port: u16) -> String {
    let addresses = (0..bench.options.targets)
        .map(|index| format!("\"127.1.{}.{}:{port}\"", index / 250, index % 250 + 1));
    let addresses: Vec<String> = addresses.collect();
    let interval = bench.options.interval;
    format!(
        "global:\n  scrape_interval: {interval}s\n  scrape_timeout: {interval}s\n\
         scrape_configs:\n  - job_name: load\n    static_configs:\n      - targets: [{}]\n",
        addresses.join(", ")
    )
}

pub(super) fn measure(
    bench: &Bench<'_>,
    program: &Program,
    measures: &mut Measures,
) -> anyhow::Result<()> {
    let targets = Targets::start(bench)?;
    let folder = bench.fresh(program.kind.name())?;
    let config = config(bench, targets.port);
    let mut server = program.start(&folder, &config, free_port()?, &[])?;
    server.wait_ready()?;
    std::thread::sleep(bench.options.warm_up);
    let steady = window(bench, &server, measures)?;
    let data = folder.join("data");
    measures.set("data_mib", to_f64(bytes_under(&data)?) / MIB);

    let killed_at = unix_now();
    server.kill()?;
    let mut server = program.start(&folder, &config, server.port, &[])?;
    restart(bench, &mut server, killed_at, &steady, measures)
}

/// The window that counts; its median reading.
fn window(bench: &Bench<'_>, server: &Server, measures: &mut Measures) -> anyhow::Result<Reading> {
    let counter = server.kind.scraped_counter();
    let samples_before = http::metric(server.port, counter)?;
    let (before, began) = (server.reading()?, std::time::Instant::now());
    let mut readings = Vec::new();
    while began.elapsed() < bench.options.window {
        std::thread::sleep(SLICE);
        readings.push(server.reading()?);
    }
    let (after, took) = (server.reading()?, began.elapsed().as_secs_f64());
    let samples = http::metric(server.port, counter)? - samples_before;
    if samples <= 0.0 {
        bail!("nothing was scraped");
    }
    readings.sort_by_key(|reading| reading.anonymous);
    let steady = readings.get(readings.len() / 2).copied().unwrap_or(after);
    let series = to_f64(u64::try_from(bench.options.active_series())?);
    let offered = series / to_f64(bench.options.interval);
    measures.set("ingested_percent", samples / took / offered * 100.0);
    measures.set("scrape_cpu", (after.cpu - before.cpu) / samples * 1e6);
    measures.set("anonymous_kb_a_series", to_f64(steady.anonymous) / series / KB);
    measures.set("anonymous_mib", to_f64(steady.anonymous) / MIB);
    measures.set("peak_mib", to_f64(after.peak) / MIB);
    measures
        .set("written_a_sample", to_f64(after.written.saturating_sub(before.written)) / samples);
    Ok(steady)
}

/// From the start of the process to the first answer that has every series from before the kill.
fn restart(
    bench: &Bench<'_>,
    server: &mut Server,
    killed_at: f64,
    steady: &Reading,
    measures: &mut Measures,
) -> anyhow::Result<()> {
    let probe = &bench.probe;
    let query = format!("count(last_over_time({}[10m]))", probe.name);
    let expected = to_f64(u64::try_from(bench.options.targets * probe.series)?);
    let port = server.port;
    server.poll("answer right after a kill", Duration::from_millis(5), || {
        http::number(port, &query, killed_at) == Some(expected)
    })?;
    measures.set("restart_s", server.began.elapsed().as_secs_f64());
    // What takes the samples in again behind the answers, where a server does it so.
    let replay = "prometheus_tsdb_data_replay_duration_seconds";
    let mut done = http::metric(port, replay).unwrap_or(0.0);
    std::thread::sleep(AFTER_RESTART);
    done = done.max(http::metric(port, replay).unwrap_or(0.0));
    if done > 0.0 {
        measures.set("replay_s", done);
    }
    let peak = server.reading()?.peak;
    measures.set("restart_peak_ratio", to_f64(peak) / to_f64(steady.resident.max(1)));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes here stay below 2^53")]
pub(super) fn to_f64(count: u64) -> f64 {
    count as f64
}
