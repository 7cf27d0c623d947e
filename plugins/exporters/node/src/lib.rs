//! The machine's own metrics: names, labels, types and values of Prometheus' `node_exporter`, so that dashboards and
//! rules keep working.
//!
//! Enters: files under the roots `proc` and `sys` and, where granted, `root` (usage of mount points), `os`, `udev` (names of
//! disks), `textfile` and `zoneinfo` (the time zone). Leaves: one exposition. What always holds: a collector that fails says
//! so in `node_scrape_collector_success` and fails no other. Open `collectors.rs` first.
//!
//! ```
//! use narthex_sdk::testing::FakeHost;
//!
//! let host = FakeHost::new().file("proc", "loadavg", "0.31 0.25 0.15 1/99 1234\n");
//! let answer = host.collect::<node::Node>(r#"{"collectors":["loadavg"]}"#).unwrap();
//! assert!(answer.text().contains("\nnode_load1 0.31\n"));
//! ```

mod collectors;
mod config;
mod filter;
mod source;
mod zone;

use std::time::Duration;

use narthex_sdk::{
    Error, Exporter, Exposition, Info, Metrics, Target,
    clock::{self, Stopwatch},
    files, log,
};

pub use self::config::Config;
use self::{
    collectors::{COLLECTORS, Collector, ipvs, os},
    source::{ROOT, Scrape, is_not_granted},
};

/// What a collector must find left of the call, or it is left out: enough to hand over what the others found.
const TIME_TO_ANSWER: Duration = Duration::from_millis(50);

/// The exporter.
pub struct Node;

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
        config.check()?;
        let labels = config.ipvs.backend_labels.iter().flatten();
        if let Some(unknown) =
            labels.into_iter().find(|label| !ipvs::LABELS.contains(&label.as_str()))
        {
            let known = ipvs::LABELS.join(", ");
            return Err(Error::config(format!("no label {unknown:?}; there are {known}"))
                .detail("key", "ipvs.backend_labels"));
        }
        let chosen = chosen(config, &[], &[])?;
        let mut remarks = Vec::new();
        for (collector, outcome) in [
            ("filesystem", files::usage(ROOT, "").map(|_usage| ())),
            ("os", os::release().map(|_text| ())),
        ] {
            if let Err(error) = outcome
                && is_not_granted(&error)
                && chosen.iter().any(|known| known.name == collector)
            {
                remarks.push(format!("the collector {collector} fails: {}", error.message));
            }
        }
        Ok(remarks)
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let wanted: Vec<_> = target.params("collect[]").collect();
        let unwanted: Vec<_> = target.params("exclude[]").collect();
        if !wanted.is_empty() && !unwanted.is_empty() {
            return Err(Error::config("collect[] and exclude[] exclude each other"));
        }
        let scrape = Scrape::new(&config);
        let mut metrics = Metrics::new();
        let (began, limit) = (Stopwatch::start(), clock::deadline());
        for collector in chosen(&config, &wanted, &unwanted)? {
            let is_late = limit.saturating_sub(began.elapsed()) < TIME_TO_ANSWER;
            run(collector, &scrape, &mut metrics, is_late);
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
fn run(collector: &Collector, scrape: &Scrape<'_>, metrics: &mut Metrics, is_late: bool) {
    let watch = Stopwatch::start();
    let outcome = match is_late {
        true => Err(Error::timeout("the other collectors took all the time")),
        false => (collector.collect)(scrape, metrics),
    };
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
        let fields: [(&str, &dyn std::fmt::Display); 2] =
            [("collector", &collector.name), ("error", &error.message)];
        // A machine without this kind of thing is no news.
        // What is not granted was told when the configuration was loaded.
        if error.is_not_found() || is_not_granted(&error) {
            log::debug("nothing to collect", &fields);
        } else {
            log::warn("collector failed", &fields);
        }
    }
}

#[cfg(test)]
mod tests;
