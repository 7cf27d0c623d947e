//! What a plugin costs, inside one process: instances, calls, samples, memory, and loading many of them.
//!
//! Always holds: the room is the one that the server runs, with its defaults; one thread calls where processor time
//! is told, so that it is the calls'. Components are copies of a guest of the tests under names of their own, for a plugin's file must be
//! named as it names itself.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use narthex_client::ClientOptions;
use narthex_platform::{Clock, Metrics, PointValue, RealDisk};
use narthex_plugins::{CollectTarget, Config, Deps, Environment, PluginKind, PluginState, Plugins};
use narthex_settings::Document;
use narthex_state::StateStore;
use narthex_wasm::{Budget, Sandbox, SandboxConfig};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// The guest of the tests that does what it is told, and the name that is replaced in copies of it.
const GUEST: &str = "modes";

/// Samples of one answer.
const ANSWERS: [u32; 4] = [1, 100, 1_000, 10_000];

/// What is measured.
#[derive(Clone, Debug)]
pub struct PluginRun {
    /// Where `modes.wasm` is.
    pub guests: Utf8PathBuf,
    /// Where `node.wasm` is.
    pub plugins: Utf8PathBuf,
    /// An empty folder for copies and compiled code.
    pub folder: Utf8PathBuf,
    /// How many copies are loaded at once.
    pub copies: u32,
    /// Calls of each kind.
    pub rounds: u32,
}

/// Measures all of it; the figures, by name.
///
/// # Errors
/// When a component is missing, or a call fails.
pub fn run_plugins(run: &PluginRun) -> anyhow::Result<Value> {
    // One thread: what it spends is what the calls spend.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        let bare = bare(run.rounds).await?;
        let calls = calls(run).await?;
        let node = node(run).await?;
        let copies = copies(run).await?;
        anyhow::Ok((bare, calls, node, copies))
    });
    let (bare, calls, node, copies) = figures?;
    // As many threads as a server has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let neighbor = runtime.block_on(neighbor(run))?;
    Ok(json!({
        "bare": bare, "calls": calls, "node": node, "copies": copies, "neighbor": neighbor,
    }))
}

/// The sandbox alone, with the smallest guest that has memory: making an instance, and calling into one.
async fn bare(rounds: u32) -> anyhow::Result<Value> {
    const GUEST: &str = r#"(component
        (core module $m (memory (export "memory") 2) (func (export "run")))
        (core instance $i (instantiate $m))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    let sandbox = Sandbox::start(SandboxConfig::default())?;
    let code = sandbox.compile(wat::parse_str(GUEST)?.into()).await?;
    let words = |error: narthex_wasm::wasmtime::Error| anyhow::anyhow!("{error:#}");
    let linker = sandbox.linker::<()>().map_err(words)?;
    let pre = linker.instantiate_pre(code.component()).map_err(words)?;
    let budget = Budget {
        memory_bytes: 4 << 20,
        cpu: Duration::from_secs(600),
        wall: Duration::from_secs(600),
        result_bytes: 1 << 20,
    };
    let mut cycle = Vec::new();
    for _ in 0..rounds {
        let began = cpu();
        let call = sandbox.begin(budget).await.context("a slot")?;
        let pre = pre.clone();
        let outcome = call.run((), move |store| {
            Box::pin(async move { pre.instantiate_async(store).await.map(|_| ()) })
        });
        outcome.await.result?;
        cycle.push(cpu() - began);
    }
    let call = sandbox.begin(budget).await.context("a slot")?;
    let outcome = call.run((), move |store| {
        Box::pin(async move {
            let instance = pre.instantiate_async(&mut *store).await?;
            let run = instance.get_typed_func::<(), ()>(&mut *store, "run")?;
            let began = cpu();
            for _ in 0..rounds {
                run.call_async(&mut *store, ()).await?;
            }
            Ok((cpu() - began) / f64::from(rounds))
        })
    });
    Ok(json!({ "instance_us": micros(&mut cycle), "call_us": outcome.await.result? * 1e6 }))
}

/// Calls of a Rust guest through the room: a fresh instance each, answers of several lengths.
async fn calls(run: &PluginRun) -> anyhow::Result<Value> {
    let files = [(GUEST, read(&run.guests, GUEST)?)];
    let room = Room::start(&run.folder.join("calls"), &files, "{}").await?;
    let target = CollectTarget { timeout: Duration::from_secs(60), ..CollectTarget::default() };
    let mut rows = Vec::new();
    for samples in ANSWERS {
        let config = json!({ "mode": "many_series", "count": samples });
        // Long answers are measured less often: each is a thousand short ones.
        let rounds = (run.rounds / samples.div_ceil(100)).max(20);
        let (mut spent, mut bytes) = (Vec::new(), 0);
        for _ in 0..rounds {
            let began = cpu();
            let answer = room.plugins.collect(GUEST, &config, &target).await?;
            spent.push(cpu() - began);
            bytes = answer.body.len();
        }
        rows.push(json!({
            "samples": samples,
            "bytes": bytes,
            "cpu_us": micros(&mut spent),
            "guest_memory_bytes": room.memory_peak(GUEST),
        }));
    }
    Ok(Value::Array(rows))
}

/// The plugin `node` on this machine.
async fn node(run: &PluginRun) -> anyhow::Result<Value> {
    let files = [("node", read(&run.plugins, "node")?)];
    let yaml = "allow: { node: { cpu: 10s, files: { root: { path: /, access: usage }, os: /usr/lib } } }\n";
    let room = Room::start(&run.folder.join("node"), &files, yaml).await?;
    let address = "localhost".to_owned();
    let target =
        CollectTarget { address, timeout: Duration::from_secs(60), ..CollectTarget::default() };
    let (mut samples, before) = (0, process_cpu());
    let rounds = run.rounds.min(300);
    for _ in 0..rounds {
        let answer = room.plugins.collect("node", &json!({}), &target).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
    }
    // Reading files has threads of its own: all of the process is counted.
    let cpu_ms = (process_cpu() - before) * 1e3 / f64::from(rounds);
    Ok(json!({ "samples": samples, "cpu_ms": cpu_ms, "scrapes": rounds }))
}

/// How long calls of a plugin wait while another one computes without an end in many calls at once.
async fn neighbor(run: &PluginRun) -> anyhow::Result<Value> {
    const BUSY: &str = "m0001";
    /// Endless calls at one time.
    const BUSY_CALLS: usize = 8;
    let bytes = read(&run.guests, GUEST)?;
    let files = [(GUEST, bytes.clone()), (BUSY, renamed(&bytes, GUEST, BUSY)?)];
    // The busy one is ended again and again, and must not be left alone for it.
    let yaml = format!("allow: {{ {BUSY}: {{ cpu: 10m, wall: 10m }} }}");
    let room = Room::start(&run.folder.join("neighbor"), &files, &yaml).await?;
    let rounds = run.rounds.min(500);
    let quiet = latencies(&room, rounds).await?;
    let endless = json!({ "mode": "endless_loop" });
    let target = CollectTarget { timeout: Duration::from_secs(600), ..CollectTarget::default() };
    let busy: Vec<_> = (0..BUSY_CALLS)
        .map(|_| {
            let (plugins, endless, target) =
                (room.plugins.clone(), endless.clone(), target.clone());
            tokio::spawn(async move { plugins.collect(BUSY, &endless, &target).await })
        })
        .collect();
    let crowded = latencies(&room, rounds).await?;
    ensure!(busy.iter().all(|call| !call.is_finished()), "an endless call ended");
    for call in busy {
        call.abort();
    }
    Ok(json!({ "busy_calls": BUSY_CALLS, "quiet_us": quiet, "crowded_us": crowded }))
}

/// From the wish to the answer.
async fn latencies(room: &Room, rounds: u32) -> anyhow::Result<Value> {
    let (config, target) = (
        json!({ "mode": "well" }),
        CollectTarget { timeout: Duration::from_secs(60), ..CollectTarget::default() },
    );
    let mut seconds = Vec::new();
    for _ in 0..rounds {
        let began = Instant::now();
        room.plugins.collect(GUEST, &config, &target).await?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    Ok(micros(&mut seconds))
}

/// Many plugins: loaded anew, then from compiled code; what each holds while nobody calls it.
async fn copies(run: &PluginRun) -> anyhow::Result<Value> {
    let bytes = read(&run.guests, GUEST)?;
    let mut files = Vec::new();
    let names: Vec<String> = (0..run.copies).map(|index| format!("m{index:04}")).collect();
    for name in &names {
        files.push((name.as_str(), renamed(&bytes, GUEST, name)?));
    }
    let folder = run.folder.join("copies");
    let began = Instant::now();
    let cold_room = Room::start(&folder, &files, "{}").await?;
    let cold = began.elapsed();
    drop(cold_room);
    let before = resident_anonymous()?;
    let (began, cpu_began) = (Instant::now(), process_cpu());
    let room = Room::start(&folder, &[], "{}").await?;
    let (warm, warm_cpu) = (began.elapsed(), process_cpu() - cpu_began);
    let held = resident_anonymous()?.saturating_sub(before);
    let stats = room.plugins.cache_stats();
    let ready = room.plugins.view().iter().filter(|view| view.state == PluginState::Ready).count();
    ensure!(ready == names.len(), "{ready} of {} copies are ready", names.len());
    for name in &names {
        room.plugins.check(PluginKind::Exporter, name, &json!({ "mode": "well" }))?;
    }
    Ok(json!({
        "plugins": names.len(),
        "cold_ms": cold.as_secs_f64() * 1e3,
        "warm_ms": warm.as_secs_f64() * 1e3,
        "warm_cpu_ms": warm_cpu * 1e3,
        "found_in_cache": stats.hits,
        "idle_bytes_a_plugin": held / u64::from(run.copies.max(1)),
    }))
}

/// A room of plugins as the server has one.
struct Room {
    plugins: Plugins,
    metrics: Metrics,
}

impl Room {
    async fn start(
        folder: &Utf8Path,
        files: &[(&str, Vec<u8>)],
        yaml: &str,
    ) -> anyhow::Result<Self> {
        let dir = folder.join("plugins");
        std::fs::create_dir_all(&dir).with_context(|| format!("create {dir}"))?;
        for (name, bytes) in files {
            let file = dir.join(format!("{name}.wasm"));
            std::fs::write(&file, bytes).with_context(|| format!("write {file}"))?;
        }
        let mut config: Config = Document::parse("bench.yml", yaml)?.read()?;
        config.dir = dir;
        let metrics = Metrics::new();
        let deps = Deps {
            clock: Clock::real(),
            disk: RealDisk::shared(),
            metrics: metrics.clone(),
            state: StateStore::in_memory()?,
            client: ClientOptions::default(),
            environment: Environment::default(),
            cache_folder: Some(folder.join("compiled")),
        };
        let plugins = Plugins::load(config, deps).await?;
        if let Some(failed) = plugins.view().iter().find(|view| view.state != PluginState::Ready) {
            let why = failed.rejected.as_ref().map_or("", |rejected| rejected.message.as_str());
            bail!("plugin {} is not ready: {why}", failed.name);
        }
        Ok(Self { plugins, metrics })
    }

    /// The most memory that one call used, in bytes.
    fn memory_peak(&self, plugin: &str) -> f64 {
        let families = self.metrics.gather();
        let family = families.iter().filter(|family| family.name == "narthex_plugin_memory_bytes");
        let points = family.flat_map(|family| &family.points);
        let own = points.filter(|point| point.labels.iter().any(|(_, value)| value == plugin));
        let number = own.map(|point| match &point.value {
            PointValue::Number(number) => *number,
            PointValue::Histogram { .. } | PointValue::Summary { .. } => 0.0,
        });
        number.fold(0.0, f64::max)
    }
}

fn read(folder: &Utf8Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let file = folder.join(format!("{name}.wasm"));
    std::fs::read(&file).with_context(|| format!("read {file}"))
}

/// The component under another name of the same length.
fn renamed(bytes: &[u8], old: &str, new: &str) -> anyhow::Result<Vec<u8>> {
    ensure!(old.len() == new.len(), "{new:?} has another length than {old:?}");
    let mut copy = bytes.to_vec();
    let mut at = 0;
    while let Some(place) = copy.get(at..).and_then(|rest| find(rest, old.as_bytes())) {
        at += place;
        let Some(name) = copy.get_mut(at..at + old.len()) else { break };
        name.copy_from_slice(new.as_bytes());
    }
    Ok(copy)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The best, the middle and nearly the worst of what was measured, as microseconds.
fn micros(seconds: &mut [f64]) -> Value {
    seconds.sort_by(f64::total_cmp);
    let at = |index: usize| seconds.get(index).map_or(0.0, |seconds| seconds * 1e6);
    let (middle, late) = (seconds.len() / 2, seconds.len() * 99 / 100);
    json!({ "min": at(0), "p50": at(middle), "p99": at(late) })
}

fn cpu() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

fn process_cpu() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

#[expect(clippy::cast_precision_loss, reason = "no process has 2^53 ns")]
fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Anonymous memory of this process that is resident, in bytes.
fn resident_anonymous() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(Path::new("/proc/self/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("RssAnon")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_new_name_everywhere() {
        let copy = renamed(b"(modes) modes_ok mode", "modes", "m0001").unwrap();
        assert_eq!(copy, b"(m0001) m0001_ok mode");
        assert!(renamed(b"", "modes", "m1").is_err());
    }

    #[test]
    fn the_middle_and_the_best_are_told() {
        let expected = json!({ "min": 1.0, "p50": 2.0, "p99": 3.0 });
        assert_eq!(micros(&mut [3e-6, 1e-6, 2e-6]), expected);
    }
}
