//! Finds the containers of a Docker engine: the `docker_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: where the engine is. Leaves: a target for each TCP port of each running container in each of its networks. What
//! always holds: an answer is whole; an engine that cannot be asked changes nothing. Open this file; `container.rs` holds
//! the labels, `engine.rs` what is asked.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let containers = r#"[{"Id":"c1","Names":["/web"],"Ports":[{"PrivatePort":80,"Type":"tcp"}],
//!     "NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2"}}}}]"#;
//! let host = FakeHost::new()
//!     .http_json("http+unix://%2Fvar%2Frun%2Fdocker.sock/containers/json", containers)
//!     .http_json("http+unix://%2Fvar%2Frun%2Fdocker.sock/networks", "[]");
//! let found = host.refresh::<docker::Docker>(r#"{"host":"unix:///var/run/docker.sock"}"#, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("every answer is full") };
//! assert_eq!(groups[0].targets, ["172.17.0.2:80"]);
//! ```

mod container;
mod engine;

use std::time::Duration;

use narthex_sdk::{Change, Discovery, Error, Info, Refreshed, duration};
use serde::Deserialize;

use self::engine::{Engine, Filter};

/// The discovery.
pub struct Docker;

/// An entry of `docker_sd_configs`. The schema holds the defaults; the keys of the HTTP client are the host's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    host: String,
    port: u16,
    filters: Vec<Filter>,
    host_networking_host: String,
    match_first_network: bool,
    #[serde(with = "duration::positive")]
    refresh_interval: Duration,
}

impl Discovery for Docker {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "docker",
            env!("CARGO_PKG_VERSION"),
            "Finds the running containers of a Docker engine.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        Engine::new(&config.host, config.refresh_interval)?;
        Ok(Vec::new())
    }

    fn refresh(config: Config, _cursor: Option<&str>, _wait_ms: u32) -> Result<Refreshed, Error> {
        let engine = Engine::new(&config.host, config.refresh_interval)?;
        let mut answers = engine::ask(&[
            engine.list("/containers/json", &config.filters),
            engine.list("/networks", &[]),
        ]);
        let containers = engine::read(&mut answers, "containers")?;
        let networks = engine::read(&mut answers, "networks")?;
        let networks = engine::network_labels(&networks, "__meta_docker_");
        let change = Change::Full(container::groups(&config, &containers, &networks));
        Ok(Refreshed::new(change).next_in(config.refresh_interval))
    }
}

narthex_sdk::discovery!(Docker);

#[cfg(test)]
mod tests;
