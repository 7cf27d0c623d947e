//! What the containers of a Docker engine spend, under the names of cAdvisor where these mean the same, and how the engine
//! itself is, under its own.
//!
//! Enters: where the engine is. Leaves: one exposition, made of the engine's lists and, for each container, of its facts
//! and its statistics, which are asked for many at a time. What always holds: a container that goes away meanwhile, or
//! that cannot be asked, costs its own metrics and no others. Open this file; `container.rs` holds facts, `stats.rs`
//! statistics.
//!
//! ```
//! use narthex_sdk::testing::FakeHost;
//!
//! let base = "http+unix://%2Fvar%2Frun%2Fdocker.sock";
//! let host = FakeHost::new()
//!     .http_json(&format!("{base}/info"), r#"{"NCPU": 4, "Containers": 0}"#)
//!     .http_json(&format!("{base}/version"), "{}")
//!     .http_json(&format!("{base}/containers/json"), "[]");
//! let answer = host.collect::<dockerd::Dockerd>(r#"{"host": "unix:///var/run/docker.sock"}"#).unwrap();
//! assert!(answer.text().contains("\nengine_daemon_engine_cpus_cpus 4\n"));
//! ```

mod container;
mod engine;
mod stats;

use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, log};
use serde::Deserialize;

use self::{
    container::{Facts, Labels},
    engine::{Engine, Listed},
    stats::Stats,
};

/// The exporter.
pub struct Dockerd;

/// What the operator may set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    host: Option<String>,
    container_labels: Option<Vec<String>>,
}

impl Exporter for Dockerd {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "dockerd",
            env!("CARGO_PKG_VERSION"),
            "Containers of a Docker engine, as cAdvisor names them, and the engine.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        config.host.as_deref().map(Engine::new).transpose()?;
        Ok(Vec::new())
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let engine = match &config.host {
            Some(host) => Engine::new(host)?,
            None => Engine::new(&format!("tcp://{}", target.address))?,
        };
        let mut metrics = Metrics::new();
        let (info, containers) = engine.look()?;
        info.add(&mut metrics);
        add_containers(&engine, &config, &info, &containers, &mut metrics);
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!(Dockerd);

/// Asks for the facts of all containers, then for the statistics of those that have some and run, and adds both.
fn add_containers(
    engine: &Engine,
    config: &Config,
    info: &engine::Info,
    containers: &[Listed],
    metrics: &mut Metrics,
) {
    let mut running: Vec<(&Listed, Labels)> = Vec::new();
    let mut failed = 0_u32;
    for (container, facts) in containers.iter().zip(engine.facts::<Facts>(containers.iter())) {
        match facts {
            Ok(Some(facts)) => {
                let labels = Labels::new(container, &facts, info, config);
                facts.add(container, &labels, metrics);
                if container.runs() {
                    running.push((container, labels));
                }
            }
            Ok(None) => {}
            Err(error) => failed += told("facts", container, &error),
        }
    }
    let stats = engine.stats::<Stats>(running.iter().map(|(container, _)| *container));
    for ((container, labels), stats) in running.iter().zip(stats) {
        match stats {
            Ok(Some(stats)) => stats.add(labels, metrics),
            Ok(None) => {}
            Err(error) => failed += told("statistics", container, &error),
        }
    }
    metrics
        .gauge(
            "dockerd_scrape_failed_requests",
            "Containers of which the engine did not say all in time.",
        )
        .set(failed);
}

/// Tells that the engine did not say something of a container; one failure.
fn told(what: &str, container: &Listed, error: &Error) -> u32 {
    let fields: [(&str, &dyn std::fmt::Display); 3] =
        [("what", &what), ("container", &container.id), ("error", &error.message)];
    log::warn("the engine does not say it of a container", &fields);
    1
}

#[cfg(test)]
mod tests;
