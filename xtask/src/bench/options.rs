//! The flags of `cargo xtask bench storage` and `scrape`.

use std::time::Duration;

use anyhow::{Context as _, bail};

use super::server::Kind;

/// How much is measured, and beside whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) targets: usize,
    /// Of each target.
    pub(crate) series: usize,
    /// Seconds between scrapes.
    pub(crate) interval: u64,
    /// Before anything counts: series are created, caches fill.
    pub(crate) warm_up: Duration,
    /// The window that counts.
    pub(crate) window: Duration,
    pub(crate) peers: Vec<Kind>,
    /// Zero: no blocks are measured.
    pub(crate) backfill_targets: usize,
    pub(crate) backfill_steps: u64,
    /// Programs that an earlier call built are measured.
    pub(crate) is_built: bool,
}

impl Options {
    /// 100 000 series every five seconds; blocks of six hours at 15 s.
    fn full() -> Self {
        Self {
            targets: 100,
            series: 1000,
            interval: 5,
            warm_up: Duration::from_secs(45),
            window: Duration::from_secs(60),
            peers: vec![Kind::Prometheus, Kind::VictoriaMetrics],
            backfill_targets: 20,
            backfill_steps: 1440,
            is_built: false,
        }
    }

    /// About three minutes in all.
    fn quick() -> Self {
        Self {
            targets: 40,
            interval: 2,
            warm_up: Duration::from_secs(10),
            window: Duration::from_secs(20),
            backfill_targets: 2,
            ..Self::full()
        }
    }

    pub(crate) fn of_storage(words: &[String]) -> anyhow::Result<Self> {
        Self::read(words, Self::full(), Self::quick())
    }

    /// 100 000 samples a second: a server that sleeps between two scrapes is measured waking up.
    pub(crate) fn of_scrape(words: &[String]) -> anyhow::Result<Self> {
        let full = Self {
            targets: 200,
            interval: 2,
            warm_up: Duration::from_secs(20),
            window: Duration::from_secs(40),
            backfill_targets: 0,
            ..Self::full()
        };
        let (warm_up, window) = (Duration::from_secs(6), Duration::from_secs(12));
        let quick = Self { targets: 100, interval: 1, warm_up, window, ..full.clone() };
        Self::read(words, full, quick)
    }

    fn read(words: &[String], full: Self, quick: Self) -> anyhow::Result<Self> {
        let is_quick = words.iter().any(|word| word == "--quick");
        let mut options = if is_quick { quick } else { full };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--quick" {
                continue;
            }
            if word == "--no-blocks" {
                options.backfill_targets = 0;
                continue;
            }
            if word == "--no-build" {
                options.is_built = true;
                continue;
            }
            let value = words.next().with_context(|| format!("a value for {word}"))?;
            let number =
                || value.parse::<u64>().with_context(|| format!("{word} {value}: a whole number"));
            match word.as_str() {
                "--targets" => options.targets = usize::try_from(number()?)?,
                "--series" => options.series = usize::try_from(number()?)?,
                "--interval" => options.interval = number()?.max(1),
                "--warm-up" => options.warm_up = Duration::from_secs(number()?),
                "--seconds" => options.window = Duration::from_secs(number()?.max(1)),
                "--peers" => options.peers = peers(value)?,
                _ => bail!("no option `{word}`; see `cargo xtask bench --help`"),
            }
        }
        Ok(options)
    }

    pub(crate) fn active_series(&self) -> usize {
        self.targets * self.series
    }
}

/// `none` or names separated by commas.
pub(super) fn peers(list: &str) -> anyhow::Result<Vec<Kind>> {
    let names = list.split(',').filter(|name| !matches!(*name, "" | "none"));
    let known = [Kind::Prometheus, Kind::VictoriaMetrics];
    names
        .map(|name| {
            let kind = known.into_iter().find(|kind| kind.package() == name);
            kind.with_context(|| {
                format!("no peer `{name}`; there are prometheus and victoria-metrics")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> anyhow::Result<Options> {
        Options::of_storage(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_change_the_defaults() {
        assert_eq!(read("").unwrap(), Options::full());
        assert_eq!(read("--quick").unwrap(), Options::quick());
        let options =
            read("--targets 3 --quick --seconds 7 --peers prometheus --no-blocks").unwrap();
        assert_eq!((options.targets, options.series, options.backfill_targets), (3, 1000, 0));
        assert_eq!((options.window.as_secs(), options.peers), (7, vec![Kind::Prometheus]));
        assert_eq!(read("--peers none").unwrap().peers, []);
    }

    #[test]
    fn mistakes_are_named() {
        for (words, expected) in [
            ("--peers mimir", "no peer `mimir`"),
            ("--targets many", "--targets many"),
            ("--targets", "a value for --targets"),
            ("--what 1", "no option `--what`"),
        ] {
            let error = format!("{:#}", read(words).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
