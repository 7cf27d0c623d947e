//! Measures the head: bytes and time per series and per sample, and how long a restart takes.
//!
//! `cargo run -p narthex-tsdb --example head_memory [targets] [series per target] [rounds]`
//!
//! The series are like those of monitored services: 8 labels, a mix of histograms' buckets,
//! counters and gauges, of which a quarter stands still.
#![expect(clippy::print_stdout, reason = "a program that measures")]

#[path = "shared/workload.rs"]
mod workload;

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_model::Timestamp;
use narthex_platform::{Clock, Disk, Metrics, RealDisk};
use narthex_storage::{Appendable, SeriesRef};
use narthex_tsdb::{Config, Tsdb};

use self::workload::{labels, resident_bytes, value};

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
