//! Scraping for a while, then SIGKILL and a start on what is left.

use std::time::Duration;

use super::load::{Load, Targets, Window, free_port, to_f64, unix_now};
use super::measures::Measures;
use super::proc::Reading;
use super::server::{Program, Server};
use super::{Bench, bytes_under, http};

/// How long memory is watched behind the first right answer: replays may go on behind it.
const AFTER_RESTART: Duration = Duration::from_secs(3);
/// As memory per series is told.
const KB: f64 = 1000.0;
const MIB: f64 = 1024.0 * 1024.0;

pub(super) fn measure(
    bench: &Bench<'_>,
    program: &Program,
    measures: &mut Measures,
) -> anyhow::Result<()> {
    let targets = Targets::start(&bench.load, &bench.options, Load::default())?;
    let folder = bench.fresh(program.kind.name())?;
    let config = targets.config("");
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
    let window = Window::measure(server, bench.options.window)?;
    let series = to_f64(u64::try_from(bench.options.active_series())?);
    let offered = series / to_f64(bench.options.interval);
    let Window { samples, seconds, cpu, steady, last, written } = window;
    measures.set("ingested_percent", samples / seconds / offered * 100.0);
    measures.set("scrape_cpu", cpu / samples * 1e6);
    measures.set("anonymous_kb_a_series", to_f64(steady.anonymous) / series / KB);
    measures.set("anonymous_mib", to_f64(steady.anonymous) / MIB);
    measures.set("peak_mib", to_f64(last.peak) / MIB);
    measures.set("written_a_sample", to_f64(written) / samples);
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
