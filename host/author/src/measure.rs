//! `bench`: what calls cost.

use std::time::Duration;

use camino::Utf8PathBuf;
use futures_util::StreamExt as _;
use narthex_plugins::{Heard, Tape};
use narthex_settings::error_chain;

use crate::case::Case;
use crate::console::{Console, Verdict};
use crate::session::{Session, World};
use crate::show::{failure, size, time};

/// How many calls are made.
#[derive(Clone, Debug)]
pub struct Load {
    /// In all.
    pub calls: usize,
    /// At one time.
    pub concurrency: usize,
    /// A case that stands for the world; without one the world itself is asked.
    pub replay: Option<Utf8PathBuf>,
}

/// Calls a component again and again.
///
/// # Errors
/// When the case cannot be read.
pub async fn measure(
    world: &World,
    session: &Session,
    load: &Load,
    console: Console,
) -> Result<Verdict, String> {
    let case = load.replay.as_ref().map(|file| Case::read(&*world.deps.disk, file));
    let case = case.transpose().map_err(|error| error_chain(&error))?;
    let began = session.clock.monotonic();
    let case = case.as_ref();
    let one = |_: usize| async move {
        match case {
            Some(case) => session.replay(case).await,
            None => session.ask(Tape::listening()).await,
        }
    };
    let calls = futures_util::stream::iter(0..load.calls).map(one);
    let mut calls = std::pin::pin!(calls.buffer_unordered(load.concurrency.max(1)));
    let mut all: Vec<Heard> = Vec::with_capacity(load.calls);
    while let Some(report) = calls.next().await {
        if let Err(error) = &report.reply {
            console.complain(&format!("call {}: {}", all.len() + 1, failure(error)));
            return Ok(Verdict::Bad);
        }
        all.push(report.heard);
    }
    let took = session.clock.monotonic().saturating_sub(began);
    console.say(&format!("compile, describe  {}", time(session.opened_in)));
    let lines = summary(&all, took);
    lines.iter().for_each(|line| console.say(line));
    Ok(Verdict::Good)
}

fn summary(all: &[Heard], took: Duration) -> Vec<String> {
    let sorted = |pick: fn(&Heard) -> Duration| {
        let mut times: Vec<Duration> = all.iter().map(pick).collect();
        times.sort();
        times
    };
    let (walls, cpus) = (sorted(|heard| heard.spent.wall), sorted(|heard| heard.spent.cpu));
    let row = |times: &[Duration]| {
        let [half, most] = [50, 99].map(|percent| time(quantile(times, percent)));
        format!("p50 {half}, p99 {most}")
    };
    let rate = f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX)) / took.as_secs_f64();
    let memory = all.iter().map(|heard| heard.spent.memory_bytes).max().unwrap_or(0);
    vec![
        format!("calls              {} in {}, {rate:.0}/s", all.len(), time(took)),
        format!("time of a call     {}", row(&walls)),
        format!("cpu of a call      {}", row(&cpus)),
        format!("memory, the most   {}", size(memory)),
    ]
}

/// The value below which so many of a hundred lie.
fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 50), Duration::from_millis(100));
        assert_eq!(quantile(&times, 99), Duration::from_millis(198));
        assert_eq!(quantile(&[], 99), Duration::ZERO);
    }
}
