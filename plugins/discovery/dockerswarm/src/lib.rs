//! Finds services, tasks and nodes of a Docker swarm: the `dockerswarm_sd_configs` of Prometheus, key for key and label for
//! label.
//!
//! Enters: where a manager of the swarm is, and a role. Leaves: a target for each address and TCP port of what has this
//! role. What always holds: an answer is whole; a manager that cannot be asked changes nothing. Open this file; each role
//! has its file, and `engine.rs`, which is that of `docker`, says what is asked.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let host = FakeHost::new().http_json("http://manager:2375/nodes", r#"[{"ID":"n1","Status":{"Addr":"10.0.0.1"}}]"#);
//! let found = host.refresh::<dockerswarm::DockerSwarm>(r#"{"host":"tcp://manager:2375","role":"nodes"}"#, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("every answer is full") };
//! assert_eq!(groups[0].targets, ["10.0.0.1:80"]);
//! ```

#[path = "../../docker/src/engine.rs"]
mod engine;
mod nodes;
mod services;
mod tasks;

use std::{net::IpAddr, time::Duration};

use narthex_sdk::{Change, Discovery, Error, Info, Refreshed, TargetGroup, duration};
use serde::Deserialize;

use self::engine::{Engine, Filter};

/// What the names of all labels begin with.
const PREFIX: &str = "__meta_dockerswarm_";

/// The discovery.
pub struct DockerSwarm;

/// An entry of `dockerswarm_sd_configs`. The schema holds the defaults; the keys of the HTTP client are the host's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    host: String,
    role: Role,
    port: u16,
    filters: Vec<Filter>,
    #[serde(with = "duration::positive")]
    refresh_interval: Duration,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Services,
    Tasks,
    Nodes,
}

impl Discovery for DockerSwarm {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "dockerswarm",
            env!("CARGO_PKG_VERSION"),
            "Finds services, tasks and nodes of a Docker swarm.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        Engine::new(&config.host, config.refresh_interval)?;
        Ok(Vec::new())
    }

    fn refresh(config: Config, _cursor: Option<&str>, _wait_ms: u32) -> Result<Refreshed, Error> {
        let engine = Engine::new(&config.host, config.refresh_interval)?;
        let groups = match config.role {
            Role::Services => find_services(&config, &engine)?,
            Role::Tasks => find_tasks(&config, &engine)?,
            Role::Nodes => find_nodes(&config, &engine)?,
        };
        let change = Change::Full(groups);
        Ok(Refreshed::new(change).next_in(config.refresh_interval))
    }
}

narthex_sdk::discovery!(DockerSwarm);

fn find_services(config: &Config, engine: &Engine) -> Result<Vec<TargetGroup>, Error> {
    let mut answers =
        engine::ask(&[engine.list("/services", &config.filters), engine.list("/networks", &[])]);
    let services = engine::read(&mut answers, "services")?;
    let networks = engine::read(&mut answers, "networks")?;
    services::groups(config, &services, &engine::network_labels(&networks, PREFIX))
}

fn find_tasks(config: &Config, engine: &Engine) -> Result<Vec<TargetGroup>, Error> {
    let mut answers = engine::ask(&[
        engine.list("/tasks", &config.filters),
        engine.list("/services", &[]),
        engine.list("/nodes", &[]),
        engine.list("/networks", &[]),
    ]);
    let tasks: Vec<tasks::Task> = engine::read(&mut answers, "tasks")?;
    let services: Vec<services::Service> = engine::read(&mut answers, "services")?;
    let nodes: Vec<nodes::Node> = engine::read(&mut answers, "nodes")?;
    let networks = engine::read(&mut answers, "networks")?;
    let swarm = tasks::Swarm {
        services: services.iter().map(|service| (service.id.as_str(), service)).collect(),
        nodes: nodes.iter().map(|node| (node.id.as_str(), node)).collect(),
        networks: engine::network_labels(&networks, PREFIX),
    };
    tasks::groups(config, &tasks, &swarm)
}

fn find_nodes(config: &Config, engine: &Engine) -> Result<Vec<TargetGroup>, Error> {
    let mut answers = engine::ask(&[engine.list("/nodes", &config.filters)]);
    Ok(nodes::groups(config, &engine::read(&mut answers, "nodes")?))
}

/// The address of `10.0.1.3/24`; none when it is empty.
fn address(cidr: &str) -> Result<Option<IpAddr>, Error> {
    if cidr.is_empty() {
        return Ok(None);
    }
    let address = cidr.split_once('/').and_then(|(address, bits)| {
        let bits = bits.parse::<u8>().ok()?;
        let address = address.parse::<IpAddr>().ok()?;
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(address)
    });
    address.map(Some).ok_or_else(|| Error::protocol(format!("{cidr:?} is no address of a network")))
}

#[cfg(test)]
mod tests;
