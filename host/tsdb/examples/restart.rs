//! Measures a restart after the process was killed: when the store opens, when it answers in full,
//! when the log is replayed, and how much memory that takes over what the store has afterwards.
//!
//! `cargo run --release -p narthex-tsdb --example restart [targets] [series per target] [rounds]`
//!
//! One process writes and ends without a word, once with a checkpoint before and once without;
//! another replays, so that neither measures the other's memory.
#![expect(clippy::print_stdout, reason = "a program that measures")]

#[path = "shared/workload.rs"]
mod workload;

use std::process::Command;
use std::sync::Arc;
use std::thread;

use camino::Utf8PathBuf;
use narthex_model::{Matcher, Timestamp};
use narthex_platform::{Clock, Disk, Metrics, RealDisk};
use narthex_storage::{Appendable, Columns, Queryable, TimeRange};
use narthex_tsdb::{Config, ReplayState, Tsdb};

use self::workload::{labels, resident_bytes, value};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What is written.
#[derive(Clone, Copy)]
struct Load {
    targets: usize,
    per_target: usize,
    rounds: usize,
}

fn main() -> Outcome {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let part = match arguments.first().map(String::as_str) {
        Some("write" | "write-checkpoint" | "replay") => arguments.remove(0),
        _ => String::new(),
    };
    let folder = if part.is_empty() { String::new() } else { arguments.remove(0) };
    let mut numbers = arguments.iter().map(|argument| argument.parse::<usize>());
    let mut next = |default| numbers.next().unwrap_or(Ok(default));
    let load = Load { targets: next(100)?, per_target: next(1_000)?, rounds: next(60)? };
    match part.as_str() {
        "write" => write(&folder, load, false),
        "write-checkpoint" => write(&folder, load, true),
        "replay" => replay(&folder, load),
        _ => measure(load),
    }
}

fn measure(load: Load) -> Outcome {
    println!("{} series, {} rounds", load.targets * load.per_target, load.rounds);
    for write in ["write", "write-checkpoint"] {
        let folder = std::env::temp_dir().join(format!("narthex-restart-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        for part in [write, "replay"] {
            let numbers = [load.targets, load.per_target, load.rounds].map(|n| n.to_string());
            let mut command = Command::new(std::env::current_exe()?);
            command.arg(part).arg(&folder).args(numbers).status()?;
        }
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn write(folder: &str, load: Load, with_checkpoint: bool) -> Outcome {
    let disk: Arc<dyn Disk> = RealDisk::shared();
    let store = Tsdb::open(Config::new(folder), Arc::clone(&disk), Clock::real(), &Metrics::new())?;
    let mut refs = Vec::new();
    for round in 0..load.rounds {
        for target in 0..load.targets {
            let mut batch = store.appender();
            if round == 0 {
                let found = (0..load.per_target).map(|index| batch.series(&labels(target, index)));
                refs.push(found.collect::<Result<Vec<_>, _>>()?);
            }
            let at = Timestamp::from_millis((1 + round as i64) * 15_000);
            for (index, series) in refs.get(target).into_iter().flatten().enumerate() {
                batch.append(*series, at, value(target, index, round))?;
            }
            batch.commit()?;
        }
        if with_checkpoint && round + 3 == load.rounds {
            store.checkpoint()?;
        }
    }
    drop(refs);
    let kind = if with_checkpoint { "checkpoint and log" } else { "log alone" };
    println!("{kind}: written, resident MiB {}", resident_bytes(&*disk) >> 20);
    store.sync()?;
    std::process::abort();
}

fn replay(folder: &str, load: Load) -> Outcome {
    let (disk, clock): (Arc<dyn Disk>, _) = (RealDisk::shared(), Clock::real());
    let folder = Utf8PathBuf::from(folder);
    let store = Tsdb::open(Config::new(folder), Arc::clone(&disk), clock.clone(), &Metrics::new())?;
    let opened = clock.monotonic();
    let worker = thread::spawn({
        let store = store.clone();
        move || store.replay_with(1)
    });
    let target = load.targets / 2;
    let mut batch = store.appender();
    let at = Timestamp::from_millis((1 + load.rounds as i64) * 15_000);
    for index in 0..load.per_target {
        let series = batch.series(&labels(target, index))?;
        batch.append(series, at, value(target, index, load.rounds))?;
    }
    batch.commit()?;
    let committed = clock.monotonic();
    let (mut first, mut whole, mut peak) = (None, None, 0);
    loop {
        let is_done = store.replay_progress().state == ReplayState::Done;
        if whole.is_none() {
            let samples = samples_of(&store, target)?;
            first = first.or_else(|| (samples > 0).then(|| clock.monotonic()));
            if samples == load.rounds + 1 {
                whole = Some(clock.monotonic());
            }
        }
        peak = peak.max(resident_bytes(&*disk));
        if is_done && whole.is_some() {
            break;
        }
        thread::sleep(std::time::Duration::from_millis(5));
    }
    worker.join().expect("the replay does not panic")?;
    let took = clock.monotonic() - opened;
    let processor = processor_millis(&*disk);
    let after = resident_bytes(&*disk);
    println!("  open                   {} ms", opened.as_millis());
    println!("  first commit           {} ms", committed.as_millis());
    println!("  first answer           {} ms", first.unwrap_or_default().as_millis());
    println!("  first whole answer     {} ms", whole.unwrap_or_default().as_millis());
    println!("  replayed               {} ms", took.as_millis());
    println!("  processor time         {processor} ms");
    println!("  resident MiB at most   {}", peak >> 20);
    println!("  resident MiB after     {}", after >> 20);
    println!("  ratio                  {:.2}", peak as f64 / after as f64);
    println!("  damages                {:?}", store.damaged());
    Ok(())
}

/// Samples of one series in the middle.
fn samples_of(store: &Tsdb, target: usize) -> Result<usize, Box<dyn std::error::Error>> {
    let wanted = labels(target, 7);
    let matchers: Vec<Matcher> =
        wanted.iter().map(|(name, value)| Matcher::equal(name, value)).collect();
    let mut columns = Columns::default();
    for series in store.querier(TimeRange::ALL)?.select(&matchers)? {
        series.read(TimeRange::ALL, &mut columns)?;
    }
    Ok(columns.times.len())
}

/// Processor time of this process: a busy machine stretches all others.
fn processor_millis(disk: &dyn Disk) -> u64 {
    let stat = disk.read("/proc/self/stat".into(), 1 << 12).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let ticks = stat.rsplit(')').next().unwrap_or("").split_whitespace().skip(11).take(2);
    // A tick is a hundredth of a second on every Linux that this runs on.
    ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
}
