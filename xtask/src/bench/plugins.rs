//! `cargo xtask bench plugins`: what a plugin costs: an instance, a call, its samples, its memory; the plugin `node`
//! beside `prometheus-node-exporter`; a thousand targets asked through plugins; new versions while scrapes go on.
//!
//! Always holds: node and its peer read the same machine in the same run, and of both only what it takes to make the
//! answer is counted: the peer's process over its HTTP, ours from the call to the bytes. Nothing here decides a test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::load::{Window, free_port, to_f64};
use super::proc::Reading;
use super::report::{aligned, figure};
use super::server::{Kind, Program, Server};
use super::{STEP, http, report};
use crate::process::Tool;
use crate::workspace::Workspace;
use crate::{peers, plugins, steps};

/// A scrape by `node` may take this part of the processor time of the peer's.
const NODE_GOAL: f64 = 0.5;

/// All copies together, from compiled code.
const WARM_LOAD_GOAL_MS: f64 = 100.0;

/// Between two versions of the plugin that is replaced.
const RELOAD_EVERY: Duration = Duration::from_millis(250);

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Options {
    rounds: u32,
    warm_up: Duration,
    window: Duration,
    is_built: bool,
}

impl Options {
    fn read(words: &[String]) -> anyhow::Result<Self> {
        let seconds = Duration::from_secs;
        let mut options =
            Self { rounds: 3000, warm_up: seconds(20), window: seconds(60), is_built: false };
        for word in words {
            match word.as_str() {
                "--quick" => {
                    options.rounds = 500;
                    (options.warm_up, options.window) = (seconds(11), seconds(20));
                }
                "--no-build" => options.is_built = true,
                _ => bail!("no option `{word}`; there are --quick and --no-build"),
            }
        }
        Ok(options)
    }
}

pub(super) fn run(workspace: &Workspace, words: &[String]) -> anyhow::Result<ExitCode> {
    let options = Options::read(words)?;
    plugins::ensure(workspace)?;
    plugins::ensure_guests(workspace)?;
    if !options.is_built {
        super::build(workspace)?;
    }
    let folder = workspace.target.join("bench");
    let bench = Bench {
        workspace,
        options,
        program: Program { kind: Kind::Narthex, path: workspace.target.join("release/narthex") },
        plugins: workspace.root.join("plugins/dist"),
        guests: plugins::guests_folder(workspace),
        folder,
    };
    let timed = |what: &str, work: &dyn Fn() -> anyhow::Result<Value>| {
        workspace.steps.timed(STEP, what, work).with_context(|| what.to_owned())
    };
    let inside = timed("calls, memory, many plugins", &|| bench.inside())?;
    let peer = timed("prometheus-node-exporter is asked", &|| bench.node_exporter())?;
    let short = timed("answers of 1,000 samples are stored", &|| bench.stored(20, 1000))?;
    let long = timed("answers of 10,000 samples are stored", &|| bench.stored(2, 10_000))?;
    let many = timed("1,000 targets every 10 s", &|| bench.many_targets())?;
    let reloads = timed("new versions while scrapes go on", &|| bench.reloads())?;
    let figures = json!({
        "machine": report::machine(workspace),
        "inside": inside, "node_exporter": peer,
        "stored": [short, long], "many_targets": many, "reloads": reloads,
    });
    steps::answer(&tables(&figures));
    let file = bench.folder.join("plugins.json");
    std::fs::write(&file, format!("{figures:#}\n"))
        .with_context(|| format!("write {}", file.display()))?;
    workspace.steps.say(STEP, format_args!("figures are in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

struct Bench<'a> {
    workspace: &'a Workspace,
    options: Options,
    program: Program,
    /// `node.wasm` is there.
    plugins: PathBuf,
    /// `modes.wasm`, `good.wasm` and `good_v2.wasm` are there.
    guests: PathBuf,
    folder: PathBuf,
}

impl Bench<'_> {
    /// As `narthex-load plugins` measures it.
    fn inside(&self) -> anyhow::Result<Value> {
        let folder = super::fresh(&self.folder, "plugins")?;
        let load = self.workspace.target.join("release/narthex-load");
        let text = Tool::new(&load)
            .args(["plugins", "--rounds", &self.options.rounds.to_string()])
            .arg("--guests")
            .arg(&self.guests)
            .arg("--plugins")
            .arg(&self.plugins)
            .arg("--folder")
            .arg(&folder)
            .capture()?;
        serde_json::from_str(&text).context("read what narthex-load answers")
    }

    /// What one answer costs the peer of `node`, with its default collectors; null where it cannot be had.
    fn node_exporter(&self) -> anyhow::Result<Value> {
        let Some(program) = peers::benched(self.workspace, "prometheus-node-exporter")? else {
            self.workspace.steps.say(STEP, "prometheus-node-exporter cannot be had here");
            return Ok(Value::Null);
        };
        let port = free_port()?;
        let peer = Peer::start(&program, port)?;
        let warm = http::get(port, "/metrics")?;
        let samples = warm.lines().filter(|line| !line.starts_with('#')).count();
        let scrapes = self.options.rounds.min(300);
        let before = Reading::of(peer.0.id())?;
        for _ in 0..scrapes {
            http::get(port, "/metrics")?;
        }
        let cpu = Reading::of(peer.0.id())?.cpu - before.cpu;
        let cpu_ms = cpu * 1e3 / f64::from(scrapes);
        Ok(json!({ "samples": samples, "cpu_ms": cpu_ms, "scrapes": scrapes }))
    }

    /// From the guest to the head: what a server takes for answers of so many samples, every second.
    fn stored(&self, targets: usize, samples: u32) -> anyhow::Result<Value> {
        let job = Job { plugin: "modes", config: many_series(samples), targets, interval: 1 };
        let server = self.start("stored", &job)?;
        let window = Window::measure(&server, self.options.window)?;
        let scrapes = window.samples / f64::from(samples);
        Ok(json!({
            "samples": samples,
            "cpu_ms_a_scrape": window.cpu * 1e3 / scrapes,
            "cpu_us_a_sample": window.cpu * 1e6 / window.samples,
        }))
    }

    fn many_targets(&self) -> anyhow::Result<Value> {
        let job = Job { plugin: "modes", config: many_series(100), targets: 1000, interval: 10 };
        let server = self.start("many-targets", &job)?;
        let before = Calls::of(&server)?;
        let window = Window::measure(&server, self.options.window)?;
        let calls = Calls::of(&server)?.since(before);
        Ok(json!({
            "targets": 1000,
            "samples_a_target": 100,
            "calls_a_second": calls.ok / window.seconds,
            "failed": calls.failed,
            "cores": window.cpu / window.seconds,
            "resident_bytes": window.steady.resident,
        }))
    }

    /// Two versions of a plugin take turns, several times a second.
    fn reloads(&self) -> anyhow::Result<Value> {
        let targets = 100;
        let job = Job { plugin: "good", config: "{}".to_owned(), targets, interval: 1 };
        let server = self.start("reloads", &job)?;
        let folder = self.folder.join("reloads/plugins");
        let before = Calls::of(&server)?;
        let (began, mut written) = (Instant::now(), 0_u32);
        while began.elapsed() < self.options.window {
            let version = if written.is_multiple_of(2) { "good_v2" } else { "good" };
            self.put(&folder, version, "good")?;
            written += 1;
            std::thread::sleep(RELOAD_EVERY);
        }
        let seconds = began.elapsed().as_secs_f64();
        let calls = Calls::of(&server)?.since(before);
        Ok(json!({
            "targets": targets,
            "versions_written": written,
            "versions_loaded": calls.loaded,
            "scrapes": calls.ok,
            "scrapes_expected": to_f64(u64::try_from(targets)?) * seconds,
            "failed": calls.failed,
        }))
    }

    /// A server that asks plugins alone, warmed up.
    fn start(&self, name: &str, job: &Job) -> anyhow::Result<Server> {
        let folder = super::fresh(&self.folder, name)?;
        let plugins = folder.join("plugins");
        std::fs::create_dir_all(&plugins)
            .with_context(|| format!("create {}", plugins.display()))?;
        self.put(&plugins, job.plugin, job.plugin)?;
        let mut server = self.program.start(&folder, &job.yaml(), free_port()?, &[])?;
        server.wait_ready()?;
        std::thread::sleep(self.options.warm_up);
        Ok(server)
    }

    /// Puts a guest into a plugin folder by renaming, as an operator should.
    fn put(&self, folder: &Path, file: &str, name: &str) -> anyhow::Result<()> {
        let from = self.guests.join(format!("{file}.wasm"));
        let (draft, to) = (folder.join("draft"), folder.join(format!("{name}.wasm")));
        std::fs::copy(&from, &draft).with_context(|| format!("copy {}", from.display()))?;
        std::fs::rename(&draft, &to).with_context(|| format!("write {}", to.display()))
    }
}

fn many_series(count: u32) -> String {
    format!("{{ mode: many_series, count: {count} }}")
}

/// Targets that are asked through a plugin.
struct Job {
    plugin: &'static str,
    config: String,
    targets: usize,
    /// Seconds.
    interval: u64,
}

impl Job {
    fn yaml(&self) -> String {
        let Self { plugin, config, targets, interval } = self;
        let names: Vec<String> = (0..*targets).map(|index| format!("t{index}")).collect();
        format!(
            "global: {{ scrape_interval: {interval}s, scrape_timeout: {interval}s }}\n\
             plugins: {{ dir: plugins }}\n\
             scrape_configs:\n  - job_name: load\n    \
             exporter: {{ plugin: {plugin}, config: {config} }}\n    \
             static_configs: [{{ targets: [{}] }}]\n",
            names.join(", ")
        )
    }
}

/// The server's own counters of plugins.
#[derive(Debug, Clone, Copy)]
struct Calls {
    ok: f64,
    /// However.
    failed: f64,
    /// Versions that took over.
    loaded: f64,
}

impl Calls {
    fn of(server: &Server) -> anyhow::Result<Self> {
        let text = http::get(server.port, "/metrics")?;
        let sum = |name: &str, is_ok: bool| -> f64 {
            let lines = text
                .lines()
                .filter(|line| line.starts_with(name) && line.contains("outcome=\"ok\"") == is_ok);
            lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
        };
        Ok(Self {
            ok: sum("narthex_plugin_calls_total{", true),
            failed: sum("narthex_plugin_calls_total{", false),
            loaded: sum("narthex_plugin_loads_total{", true),
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            ok: self.ok - before.ok,
            failed: self.failed - before.failed,
            loaded: self.loaded - before.loaded,
        }
    }
}

/// The peer's process; it ends with this value.
struct Peer(Child);

impl Peer {
    fn start(program: &Path, port: u16) -> anyhow::Result<Self> {
        let child = Command::new(program)
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let peer = Self(child);
        let began = Instant::now();
        while http::get(port, "/").is_err() {
            if began.elapsed() > Duration::from_secs(30) {
                bail!("{} does not answer", program.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

/// The figures for people.
fn tables(figures: &Value) -> String {
    let at = |place: &str| figures.pointer(place).and_then(Value::as_f64);
    let row =
        |name: &str, value: Option<f64>, note: String| vec![name.to_owned(), figure(value), note];
    let mebibytes = |bytes: Option<f64>| bytes.map(|bytes| bytes / f64::from(1 << 20));
    let mut lines = vec![vec!["plugins".to_owned(), String::new(), "goal".to_owned()]];
    lines.push(row(
        "an instance made and dropped, us",
        at("/inside/bare/instance_us/p50"),
        String::new(),
    ));
    lines.push(row("a call into an instance, us", at("/inside/bare/call_us"), String::new()));
    for (index, samples) in ["1", "100", "1,000", "10,000"].iter().enumerate() {
        let call = at(&format!("/inside/calls/{index}/cpu_us/p50"));
        lines.push(row(&format!("a call that answers {samples} samples, us"), call, String::new()));
    }
    let memory = mebibytes(at("/inside/calls/2/guest_memory_bytes"));
    lines.push(row("memory of a call with 1,000 samples, MiB", memory, String::new()));
    for index in 0..2 {
        let samples = at(&format!("/stored/{index}/samples")).unwrap_or_default();
        let cpu = at(&format!("/stored/{index}/cpu_ms_a_scrape"));
        lines.push(row(&format!("{samples} samples from guest to head, ms"), cpu, String::new()));
    }
    let copies = at("/inside/copies/plugins").unwrap_or_default();
    let warm = at("/inside/copies/warm_ms");
    lines.push(row(
        &format!("{copies} plugins loaded anew, ms"),
        at("/inside/copies/cold_ms"),
        String::new(),
    ));
    let note = goal(warm, WARM_LOAD_GOAL_MS);
    lines.push(row(&format!("{copies} plugins from compiled code, ms"), warm, note));
    let idle = at("/inside/copies/idle_bytes_a_plugin").map(|bytes| bytes / 1024.0);
    lines.push(row("memory of a plugin that is not called, KiB", idle, String::new()));
    for (state, title) in [("quiet", "alone"), ("crowded", "beside 8 endless calls of another")] {
        for percentile in ["p50", "p99"] {
            let value = at(&format!("/inside/neighbor/{state}_us/{percentile}"));
            let title = format!("a call {title}, {percentile}, us");
            lines.push(row(&title, value, String::new()));
        }
    }
    let (ours, theirs) = (at("/inside/node/cpu_ms"), at("/node_exporter/cpu_ms"));
    lines.push(row("a scrape of node, CPU ms", ours, String::new()));
    lines.push(row("a scrape of prometheus-node-exporter, CPU ms", theirs, String::new()));
    let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
    lines.push(row("ours / peer", ratio, goal(ratio, NODE_GOAL)));
    let cores = at("/many_targets/cores");
    lines.push(row("1,000 targets every 10 s, cores", cores, "< 2".to_owned()));
    lines.push(row(
        "calls that failed there",
        at("/many_targets/failed"),
        goal(at("/many_targets/failed"), 0.0),
    ));
    lines.push(row(
        "versions that took over under load",
        at("/reloads/versions_loaded"),
        String::new(),
    ));
    lines.push(row("scrapes meanwhile", at("/reloads/scrapes"), String::new()));
    lines.push(row(
        "scrapes that failed meanwhile",
        at("/reloads/failed"),
        goal(at("/reloads/failed"), 0.0),
    ));
    aligned(&lines)
}

fn goal(value: Option<f64>, most: f64) -> String {
    match value {
        Some(value) if value <= most => format!("<= {most}, met"),
        Some(_) => format!("<= {most}, missed"),
        None => format!("<= {most}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_judged_and_what_is_missing_stays_empty() {
        let figures = json!({
            "inside": { "node": { "cpu_ms": 1.0 }, "copies": { "plugins": 50, "warm_ms": 120.5 } },
            "node_exporter": { "cpu_ms": 4.0 },
            "reloads": { "failed": 1.0 },
        });
        let table = tables(&figures);
        let cells = |title: &str| {
            let mut rows = table.lines().map(|line| line.split('|').map(str::trim));
            let row = rows.find(|cells| cells.clone().nth(1) == Some(title)).unwrap();
            row.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(cells("ours / peer"), ["", "ours / peer", "0.250", "<= 0.5, met", ""]);
        let warm = "50 plugins from compiled code, ms";
        assert_eq!(cells(warm), ["", warm, "120", "<= 100, missed", ""]);
        let failed = "scrapes that failed meanwhile";
        assert_eq!(cells(failed), ["", failed, "1.00", "<= 0, missed", ""]);
        let call = "a call into an instance, us";
        assert_eq!(cells(call), ["", call, "-", "", ""]);
    }

    #[test]
    fn a_job_is_a_configuration() {
        let job = Job { plugin: "modes", config: many_series(3), targets: 2, interval: 10 };
        let yaml = job.yaml();
        assert!(yaml.contains("targets: [t0, t1]"), "{yaml}");
        assert!(yaml.contains("config: { mode: many_series, count: 3 }"), "{yaml}");
    }

    #[test]
    fn options_are_named() {
        let read = |words: &[&str]| {
            Options::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(read(&["--quick"]).unwrap().rounds, 500);
        assert!(read(&["--what"]).unwrap_err().to_string().contains("no option `--what`"));
    }
}
