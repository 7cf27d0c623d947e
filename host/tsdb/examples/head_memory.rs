//! Measures the head: bytes and time per series and per sample, and how long a restart takes.
//!
//! `cargo run -p narthex-tsdb --example head_memory [targets] [series per target] [rounds]`
//!
//! The series are like those of monitored services: 8 labels, a mix of histograms' buckets,
//! counters and gauges, of which a quarter stands still.
#![expect(clippy::print_stdout, reason = "a program that measures")]

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_model::{Labels, Timestamp};
use narthex_platform::{Clock, Disk, Metrics, RealDisk};
use narthex_storage::{Appendable, SeriesRef};
use narthex_tsdb::{Config, Tsdb};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (targets, per_target, rounds) = (next(100)?, next(1_000)?, next(60)?);
    let series = targets * per_target;
    let samples = (series * rounds) as f64;
    let folder = std::env::temp_dir().join(format!("narthex-head-{}", std::process::id()));
    let folder = Utf8PathBuf::try_from(folder)?;
    let (disk, clock): (Arc<dyn Disk>, _) = (RealDisk::shared(), Clock::real());
    let rss_before = resident_bytes(&*disk);
    let open = || -> Result<Tsdb, Box<dyn std::error::Error>> {
        let config = Config::new(folder.clone());
        let store = Tsdb::open(config, Arc::clone(&disk), clock.clone(), &Metrics::new())?;
        store.replay_with(1)?;
        Ok(store)
    };
    let store = open()?;
    let mut refs: Vec<Vec<SeriesRef>> = Vec::new();
    let (mut creating, mut appending) = (Duration::ZERO, Duration::ZERO);
    let mut first_log = 0;
    for round in 0..rounds {
        for target in 0..targets {
            let begun = clock.monotonic();
            let mut batch = store.appender();
            if round == 0 {
                let found = (0..per_target).map(|index| batch.series(&labels(target, index)));
                refs.push(found.collect::<Result<_, _>>()?);
            }
            let at = Timestamp::from_millis((1 + round as i64) * 15_000);
            for (index, series) in refs.get(target).into_iter().flatten().enumerate() {
                batch.append(*series, at, value(target, index, round))?;
            }
            batch.commit()?;
            let took = clock.monotonic() - begun;
            *if round == 0 { &mut creating } else { &mut appending } += took;
        }
        if round == 0 {
            first_log = store.log_bytes_written();
        }
    }
    let later = samples - series as f64;
    let log = store.log_bytes_written();
    drop(refs);
    let rss = resident_bytes(&*disk).saturating_sub(rss_before) as f64;
    println!("series                   {series}");
    println!("samples                  {samples}");
    println!("resident bytes/series    {:.0}", rss / series as f64);
    println!("  of it slots and chunks {:.0}", store.series_bytes() as f64 / series as f64);
    println!("create ns/series         {:.0}", creating.as_nanos() as f64 / series as f64);
    println!("append ns/sample         {:.0}", appending.as_nanos() as f64 / later);
    println!("log bytes/new series     {:.1}", first_log as f64 / series as f64);
    println!("log bytes/sample, later  {:.2}", (log - first_log) as f64 / later);
    println!("log bytes/sample, all    {:.2}", log as f64 / samples);
    drop(store);
    let begun = clock.monotonic();
    let store = open()?;
    let took = clock.monotonic() - begun;
    println!("restart from log ms      {}", took.as_millis());
    println!("  ns/sample              {:.0}", took.as_nanos() as f64 / samples);
    let begun = clock.monotonic();
    store.checkpoint()?;
    println!("checkpoint ms            {}", (clock.monotonic() - begun).as_millis());
    drop(store);
    let begun = clock.monotonic();
    drop(open()?);
    println!("restart from checkpoint  {} ms", (clock.monotonic() - begun).as_millis());
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn labels(target: usize, index: usize) -> Labels {
    let family = index / 12;
    Labels::from_pairs([
        ("__name__", format!("service_request_duration_{family}_bucket")),
        ("cluster", "eu-west-1".to_owned()),
        ("instance", format!("10.0.{}.{}:9100", target / 250, target % 250)),
        ("job", format!("service-{}", target % 10)),
        ("le", format!("{}", (index % 12) as f64 / 10.0)),
        ("method", ["GET", "PUT", "POST"].get(family % 3).copied().unwrap_or("").to_owned()),
        ("namespace", format!("team-{}", target % 7)),
        ("path", format!("/api/v1/resource/{}", family % 20)),
    ])
}

/// Pure function of series and round: 40 % counters of buckets, 35 % counters of which a third
/// stands still, 25 % gauges with two decimals of which half stand still; 6 % are full floats.
fn value(target: usize, index: usize, round: usize) -> f64 {
    let noise = |round: usize| {
        let mut mixed = (target * 1_000_003 + index * 7_919 + round) as u64;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        (mixed ^ (mixed >> 33)) % 1_000
    };
    let sum = (round as u64 + 1) * 40 + noise(round) % 40;
    match index % 100 {
        0..40 => (sum + index as u64 * 1_000) as f64,
        40..52 => 12_345.0,
        52..75 => (sum * 3) as f64,
        75..87 => 0.25,
        87..94 => noise(round) as f64 / 100.0,
        _ => (noise(round) as f64 + 0.5).sqrt() * 1e3,
    }
}

/// Anonymous memory of this process.
fn resident_bytes(disk: &dyn Disk) -> u64 {
    let status = disk.read("/proc/self/status".into(), 1 << 16).unwrap_or_default();
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
