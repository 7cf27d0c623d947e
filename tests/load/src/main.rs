//! The program `narthex-load`: serves targets, pushes samples, asks queries.
//!
//! Progress and mistakes go to standard error, what was measured to standard output as one line of JSON.
#![expect(
    clippy::disallowed_methods,
    reason = "the bans keep the host testable on simulated disks and clocks; this load is for real servers"
)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use narthex_load::{
    AlertRun, Blocks, Format, MixRun, PluginRun, Push, QueryRun, Reader, Serve, Shape, parse, push,
    query_names, run_alerts, run_mix, run_plugins, run_queries, serve, write_blocks,
};
use serde_json::json;

const USAGE: &str = "\
Usage: narthex-load COMMAND [--KEY VALUE]...

  serve  --targets N --series N --interval SECONDS --port PORT [--format FORMAT] [--gzip yes]
         targets at 127.1.x.y:PORT; prints `ready` once all listen; the format is the one that is asked for, or
         always the same: text, openmetrics, protobuf, native (protobuf with native histograms)
  parse  --series N [--rounds N]
         reads the body of one target again and again, in each format
  push   --url URL --targets N --series N --steps N --interval SECONDS [--end UNIX_SECONDS] [--connections N] [--together N]
         backfills by remote write up to the end (now), so many samples of a series in a request (10)
  blocks --folder FOLDER --targets N --series N --interval SECONDS --floats xor|dense
         writes eight hours as blocks of two, and has the store make one of the first three
  query  --servers URL,URL --at UNIX_SECONDS [--rounds N] [--only NAME]
         asks the list of queries of every server, and compares with the first
  mix    --server URL --at UNIX_SECONDS --clients N --seconds N
         asks the list again and again, from so many clients
  queries
         the names of all queries
  plugins --guests FOLDER --plugins FOLDER --folder FOLDER [--copies N] [--rounds N]
         calls plugins in one process: instances, calls, answers of several lengths, the plugin node, many plugins (50)
  alerts --url URL --receiver PORT --alerts N --groups N --interval SECONDS --seconds N
         sends alerts round by round, and answers the notifications that come of them
  probe  --series N
         the name of a counter that every target has, and how many series of that name each has";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = words.split_first() else { bail!("{USAGE}") };
    let keys = Keys::read(rest)?;
    match command.as_str() {
        "serve" => serve(
            Serve {
                targets: keys.number("targets")?,
                series: keys.number("series")?,
                interval: keys.seconds("interval")?,
                port: keys.number("port")?,
                format: keys.format()?,
                gzip: keys.text("gzip").is_ok_and(|word| word == "yes"),
            },
            || println!("ready"),
        ),
        "parse" => run_parse(&keys),
        "push" => run_push(&keys),
        "blocks" => run_blocks(&keys),
        "query" => run_query(&keys),
        "mix" => mix(&keys),
        "queries" => {
            println!("{}", json!(query_names()));
            Ok(())
        }
        "plugins" => {
            let figures = run_plugins(&PluginRun {
                guests: keys.text("guests")?.into(),
                plugins: keys.text("plugins")?.into(),
                folder: keys.text("folder")?.into(),
                copies: keys.number_or("copies", 50)?,
                rounds: keys.number_or("rounds", 2000)?,
            })?;
            println!("{figures}");
            Ok(())
        }
        "alerts" => {
            let figures = run_alerts(&AlertRun {
                url: keys.text("url")?.to_owned(),
                receiver: keys.number("receiver")?,
                alerts: keys.number("alerts")?,
                groups: keys.number("groups")?,
                interval: keys.seconds("interval")?,
                duration: keys.seconds("seconds")?,
            })?;
            println!("{figures}");
            Ok(())
        }
        "probe" => {
            let shape = Shape::new(keys.number("series")?);
            let probe = shape.probe().context("a counter in so few series")?;
            println!("{}", json!({ "name": probe.name, "series": probe.members.len() }));
            Ok(())
        }
        _ => bail!("{USAGE}"),
    }
}

fn run_parse(keys: &Keys) -> anyhow::Result<()> {
    let (series, rounds) = (keys.number("series")?, keys.number_or("rounds", 2000)?);
    let readings = Reader::ALL.iter().map(|(name, reader)| {
        let read = parse(Shape::new(series), *reader, rounds)?;
        Ok(json!({
            "name": name,
            "bytes": read.bytes,
            "samples": read.samples,
            "nanos": read.nanos,
        }))
    });
    let readings = readings.collect::<anyhow::Result<Vec<_>>>()?;
    println!("{}", json!(readings));
    Ok(())
}

fn run_push(keys: &Keys) -> anyhow::Result<()> {
    let (steps, interval): (u64, _) = (keys.number("steps")?, keys.seconds("interval")?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let end: i64 = keys.number_or("end", i64::try_from(now)?)?;
    let whole = i64::try_from(interval.as_millis())? * i64::try_from(steps)?;
    let pushed = push(&Push {
        url: keys.text("url")?.to_owned(),
        targets: keys.number("targets")?,
        series: keys.number("series")?,
        steps,
        first_at: end * 1000 - whole,
        interval,
        connections: keys.number_or("connections", 2)?,
        together: keys.number_or("together", 10)?,
    })?;
    println!("{}", json!({ "samples": pushed.samples, "seconds": pushed.duration.as_secs_f64() }));
    Ok(())
}

fn run_blocks(keys: &Keys) -> anyhow::Result<()> {
    let done = write_blocks(&Blocks {
        folder: keys.text("folder")?.into(),
        targets: keys.number("targets")?,
        series: keys.number("series")?,
        interval: keys.seconds("interval")?,
        is_dense: keys.text("floats")? == "dense",
    })?;
    println!(
        "{}",
        json!({
            "samples": done.samples,
            "series": done.series,
            "bytes": done.bytes,
            "index_bytes": done.index_bytes,
            "bytes_before": done.bytes_before,
            "cpu_seconds": done.cpu_seconds,
        })
    );
    Ok(())
}

fn run_query(keys: &Keys) -> anyhow::Result<()> {
    let run = QueryRun {
        servers: keys.text("servers")?.split(',').map(str::to_owned).collect(),
        at: keys.number("at")?,
        rounds: keys.number_or("rounds", 7)?,
        only: keys.text("only").unwrap_or_default().to_owned(),
    };
    let timings = run_queries(&run)?;
    let rows = timings.iter().map(|timing| {
        let millis: Vec<Vec<f64>> = timing.latencies.iter().map(|all| millis(all)).collect();
        let comparison: Vec<String> =
            timing.comparison.iter().map(|found| format!("{found:?}")).collect();
        json!({ "name": timing.name, "millis": millis, "comparison": comparison })
    });
    println!("{}", json!({ "servers": run.servers, "queries": rows.collect::<Vec<_>>() }));
    Ok(())
}

fn mix(keys: &Keys) -> anyhow::Result<()> {
    let run = MixRun {
        server: keys.text("server")?.to_owned(),
        at: keys.number("at")?,
        clients: keys.number("clients")?,
        duration: keys.seconds("seconds")?,
    };
    let began = std::time::Instant::now();
    let latencies = run_mix(&run)?;
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", json!({ "seconds": seconds, "millis": millis(&latencies) }));
    Ok(())
}

fn millis(durations: &[Duration]) -> Vec<f64> {
    durations.iter().map(|duration| duration.as_secs_f64() * 1000.0).collect()
}

/// `--key value` pairs.
struct Keys(BTreeMap<String, String>);

impl Keys {
    fn read(words: &[String]) -> anyhow::Result<Self> {
        let mut keys = BTreeMap::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let key =
                word.strip_prefix("--").with_context(|| format!("`{word}` begins with --"))?;
            let value = words.next().with_context(|| format!("a value for --{key}"))?;
            keys.insert(key.to_owned(), value.clone());
        }
        Ok(Self(keys))
    }

    fn text(&self, key: &str) -> anyhow::Result<&str> {
        self.0.get(key).map(String::as_str).with_context(|| format!("--{key} is missing"))
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> anyhow::Result<T> {
        let text = self.text(key)?;
        text.parse().ok().with_context(|| format!("--{key} {text} is no number of its kind"))
    }

    fn number_or<T: std::str::FromStr>(&self, key: &str, default: T) -> anyhow::Result<T> {
        if self.0.contains_key(key) { self.number(key) } else { Ok(default) }
    }

    fn format(&self) -> anyhow::Result<Option<Format>> {
        let Ok(wanted) = self.text("format") else { return Ok(None) };
        let found = Format::ALL.into_iter().find(|(name, _)| *name == wanted);
        let names = Format::ALL.map(|(name, _)| name).join(", ");
        let (_, format) = found.with_context(|| format!("--format {wanted}: one of {names}"))?;
        Ok(Some(format))
    }

    fn seconds(&self, key: &str) -> anyhow::Result<Duration> {
        Duration::try_from_secs_f64(self.number(key)?).with_context(|| format!("--{key} is a time"))
    }
}
