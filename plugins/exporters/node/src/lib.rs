//! The machine's own metrics: names, labels, types and values of Prometheus' `node_exporter`, so that dashboards and
//! rules keep working.
//!
//! Enters: files under the roots `proc`, `sys`, `root` (usage of mount points) and, where granted, `udev` (names of
//! disks) and `zoneinfo` (the time zone). Leaves: one exposition. What always holds: a collector that fails says so in
//! `node_scrape_collector_success` and fails no other. Open `collectors.rs` first.
//!
//! ```
//! use narthex_sdk::testing::FakeHost;
//!
//! let host = FakeHost::new().file("proc", "loadavg", "0.31 0.25 0.15 1/99 1234\n");
//! let answer = host.collect::<node::Node>(r#"{"collectors":["loadavg"]}"#).unwrap();
//! assert!(answer.text().contains("\nnode_load1 0.31\n"));
//! ```

mod collectors;
mod source;
mod zone;

use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, clock::Stopwatch, log};
use serde::Deserialize;

use self::collectors::{COLLECTORS, Collector};

/// The exporter.
pub struct Node;

/// What the operator may set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The collectors to run; absent for all.
    collectors: Option<Vec<String>>,
}

impl Exporter for Node {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "node",
            env!("CARGO_PKG_VERSION"),
            "The machine's own metrics, as node_exporter names them.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        chosen(config, &[], &[]).map(|_| Vec::new())
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let wanted: Vec<_> = target.params("collect[]").collect();
        let unwanted: Vec<_> = target.params("exclude[]").collect();
        let mut metrics = Metrics::new();
        for collector in chosen(&config, &wanted, &unwanted)? {
            run(collector, &mut metrics);
        }
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!(Node);

/// The configured collectors, narrowed by the parameters of the scrape.
fn chosen(
    config: &Config,
    wanted: &[&str],
    unwanted: &[&str],
) -> Result<Vec<&'static Collector>, Error> {
    let configured = config.collectors.iter().flatten().map(String::as_str);
    for name in configured.clone().chain(wanted.iter().copied()) {
        if !COLLECTORS.iter().any(|collector| collector.name == name) {
            let known: Vec<_> = COLLECTORS.iter().map(|collector| collector.name).collect();
            return Err(Error::config(format!(
                "no collector {name:?}; there are {}",
                known.join(", ")
            ))
            .detail("key", "collectors"));
        }
    }
    let is_chosen = |collector: &&Collector| {
        (config.collectors.is_none() || configured.clone().any(|name| name == collector.name))
            && (wanted.is_empty() || wanted.contains(&collector.name))
            && !unwanted.contains(&collector.name)
    };
    Ok(COLLECTORS.iter().filter(is_chosen).collect())
}

/// Runs one collector and says how it went. What it collected before it failed is kept, as node_exporter keeps it.
fn run(collector: &Collector, metrics: &mut Metrics) {
    let watch = Stopwatch::start();
    let outcome = (collector.collect)(metrics);
    let labels = [("collector", collector.name)];
    metrics
        .gauge(
            "node_scrape_collector_duration_seconds",
            "node_exporter: Duration of a collector scrape.",
        )
        .sample(&labels, watch.elapsed().as_secs_f64());
    metrics
        .gauge("node_scrape_collector_success", "node_exporter: Whether a collector succeeded.")
        .sample(&labels, outcome.is_ok());
    if let Err(error) = outcome {
        log::warn("collector failed", &[("collector", &collector.name), ("error", &error.message)]);
    }
}

#[cfg(test)]
mod tests;
