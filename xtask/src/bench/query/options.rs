//! The flags of `cargo xtask bench query`.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::super::options::peers;
use super::super::server::Kind;

/// How much is asked about, how often, and beside whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) targets: usize,
    /// Of each target.
    pub(super) series: usize,
    /// Samples of each series, 15 s apart.
    pub(super) steps: u64,
    /// How often each query is asked.
    pub(super) rounds: usize,
    /// How long the mix is asked.
    pub(super) seconds: u64,
    pub(super) peers: Vec<Kind>,
    /// Programs that an earlier call built are measured.
    pub(super) is_built: bool,
}

impl Options {
    /// 20 000 series over six hours. Families have a fixed size on a target: many small targets make a
    /// query about one of them look at a thousand series and more.
    fn full() -> Self {
        Self {
            targets: 100,
            series: 200,
            steps: 1440,
            rounds: 15,
            seconds: 20,
            peers: vec![Kind::Prometheus, Kind::VictoriaMetrics],
            is_built: false,
        }
    }

    /// About two minutes in all.
    fn quick() -> Self {
        Self { targets: 20, rounds: 5, seconds: 5, ..Self::full() }
    }

    pub(super) fn read(words: &[String]) -> anyhow::Result<Self> {
        let quick = words.iter().any(|word| word == "--quick");
        let mut options = if quick { Self::quick() } else { Self::full() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--quick" {
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
                "--steps" => options.steps = number()?,
                "--rounds" => options.rounds = usize::try_from(number()?.max(1))?,
                "--seconds" => options.seconds = number()?.max(1),
                "--peers" => options.peers = peers(value)?,
                _ => bail!("no option `{word}`; see `cargo xtask bench --help`"),
            }
        }
        Ok(options)
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "targets": self.targets,
            "series_a_target": self.series,
            "steps": self.steps,
            "rounds": self.rounds,
            "mix_seconds": self.seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_change_the_defaults() {
        let read = |words: &str| {
            Options::read(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        assert_eq!(read("").unwrap(), Options::full());
        let options = read("--rounds 3 --quick --no-build --peers none").unwrap();
        assert_eq!((options.targets, options.rounds, options.is_built), (20, 3, true));
        assert_eq!(options.peers, []);
        assert!(read("--what 1").is_err() && read("--rounds").is_err());
    }
}
