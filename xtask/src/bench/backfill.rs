//! Six hours at once by remote write: what that costs, and how large blocks are.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::load::{free_port, to_f64, unix_now};
use super::measures::Measures;
use super::server::{Kind, Program, Server};
use super::{Bench, http};
use crate::process::Tool;

/// Seconds between steps of the backfill.
const INTERVAL: u64 = 15;
/// A configuration that scrapes nothing.
pub(super) const QUIET: &str = "global:\n  scrape_interval: 15s\n";

pub(super) fn measure(
    bench: &Bench<'_>,
    program: &Program,
    measures: &mut Measures,
) -> anyhow::Result<()> {
    let folder = bench.fresh(&format!("{}-blocks", program.kind.name()))?;
    match program.kind {
        // The store's own code writes and joins the blocks: what was pushed is not a block within a run.
        Kind::Narthex => {
            let more = ["--web.enable-remote-write-receiver"];
            let mut server = program.start(&folder, QUIET, free_port()?, &more)?;
            server.wait_ready()?;
            measure_push(bench, &server, measures)?;
            server.kill()?;
            for (floats, key) in [("xor", "block_xor"), ("dense", "block_dense")] {
                joined(bench, &folder.join(floats), floats, key, measures)?;
            }
            Ok(())
        }
        Kind::Prometheus => {
            let more = ["--web.enable-remote-write-receiver", "--web.enable-admin-api"];
            let mut server = program.start(&folder, QUIET, free_port()?, &more)?;
            server.wait_ready()?;
            measure_push(bench, &server, measures)?;
            let answer = http::request(server.port, "POST", "/api/v1/admin/tsdb/snapshot")?;
            let answer: Value =
                serde_json::from_str(&answer).context("read the answer to a snapshot")?;
            let name = answer
                .pointer("/data/name")
                .and_then(Value::as_str)
                .context("a snapshot's name")?;
            blocks(&folder.join("data/snapshots").join(name), "block_xor", measures)
        }
        Kind::VictoriaMetrics => {
            let mut server = program.start(&folder, QUIET, free_port()?, &[])?;
            server.wait_ready()?;
            let samples = measure_push(bench, &server, measures)?;
            merged(&mut server)?;
            let bytes = http::metric(server.port, "vm_data_size_bytes")?;
            // Neither XOR nor dense; it stands where the smaller goal is.
            measures.set("block_dense", bytes / samples);
            Ok(())
        }
    }
}

/// Three blocks of two hours, and what it takes to make one of them.
fn joined(
    bench: &Bench<'_>,
    folder: &Path,
    floats: &str,
    key: &'static str,
    measures: &mut Measures,
) -> anyhow::Result<()> {
    let options = &bench.options;
    let text = Tool::new(&bench.load)
        .args(["blocks", "--floats", floats, "--interval", &INTERVAL.to_string()])
        .args(["--targets", &options.backfill_targets.to_string()])
        .args(["--series", &options.series.to_string(), "--folder"])
        .arg(folder)
        .capture()?;
    let answer: Value = serde_json::from_str(&text).context("read what narthex-load answers")?;
    let number = |key| {
        answer.get(key).and_then(Value::as_f64).with_context(|| format!("{key} of the blocks"))
    };
    let samples = number("samples")?;
    measures.set(key, number("bytes")? / samples);
    measures.set("index_a_series", number("index_bytes")? / number("series")?.max(1.0));
    let cost = if floats == "xor" { "compaction_cpu" } else { "compaction_dense_cpu" };
    measures.set(cost, number("cpu_seconds")? / samples * 1e6);
    Ok(())
}

/// Everything to disk, then one part of each partition.
fn merged(server: &mut Server) -> anyhow::Result<()> {
    let port = server.port;
    http::get(port, "/internal/force_flush")?;
    http::get(port, "/internal/force_merge")?;
    server.poll("end its merges", Duration::from_millis(200), || {
        http::metric(port, "vm_active_force_merges").is_ok_and(|active| active == 0.0)
    })?;
    http::get(port, "/internal/force_flush")?;
    Ok(())
}

/// What is pushed.
pub(super) struct Backfill {
    pub(super) targets: usize,
    pub(super) series: usize,
    pub(super) steps: u64,
    /// No sample is later; seconds since the epoch.
    pub(super) end: f64,
}

/// How many samples came, and in how many seconds.
pub(super) fn push(load: &Path, server: &Server, amount: &Backfill) -> anyhow::Result<(f64, f64)> {
    let url = format!("http://127.0.0.1:{}{}", server.port, server.kind.write_path());
    let output = Command::new(load)
        .args(["push", "--url", &url])
        .args(["--targets", &amount.targets.to_string()])
        .args(["--series", &amount.series.to_string()])
        .args(["--steps", &amount.steps.to_string(), "--interval", &INTERVAL.to_string()])
        .args(["--end", &format!("{:.0}", amount.end)])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("start the generator")?;
    if !output.status.success() {
        bail!("the push ended with {}", output.status);
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).context("read what the push answers")?;
    let number =
        |key| answer.get(key).and_then(Value::as_f64).with_context(|| format!("{key} of the push"));
    Ok((number("samples")?, number("seconds")?))
}

/// Pushes all steps; how many samples that are.
fn measure_push(
    bench: &Bench<'_>,
    server: &Server,
    measures: &mut Measures,
) -> anyhow::Result<f64> {
    let options = &bench.options;
    let before = server.reading()?;
    let amount = Backfill {
        targets: options.backfill_targets,
        series: options.series,
        steps: options.backfill_steps,
        end: unix_now(),
    };
    let (samples, seconds) = push(&bench.load, server, &amount)?;
    measures.set("push_cpu", (server.reading()?.cpu - before.cpu) / samples * 1e6);
    measures.set("push_rate", samples / seconds / 1e6);
    Ok(samples)
}

/// Chunks and index of all blocks in a folder, divided by their samples.
fn blocks(folder: &Path, key: &'static str, measures: &mut Measures) -> anyhow::Result<()> {
    let (mut bytes, mut index, mut samples, mut series) = (0, 0, 0, 0);
    for entry in std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let block = entry.context("list blocks")?.path();
        let Ok(meta) = std::fs::read_to_string(block.join("meta.json")) else { continue };
        let meta: Value = serde_json::from_str(&meta).context("read a block's meta.json")?;
        let stat =
            |key| meta.pointer(&format!("/stats/{key}")).and_then(Value::as_u64).unwrap_or(0);
        let own = std::fs::metadata(block.join("index")).context("find a block's index")?.len();
        index += own;
        bytes += own + super::bytes_under(&block.join("chunks"))?;
        samples += stat("numSamples");
        series += stat("numSeries");
    }
    if samples == 0 {
        bail!("no samples in the blocks of {}", folder.display());
    }
    measures.set(key, to_f64(bytes) / to_f64(samples));
    measures.set("index_a_series", to_f64(index) / to_f64(series.max(1)));
    Ok(())
}
