//! Finds targets in a Kubernetes cluster: the `kubernetes_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: a role, and what narrows it down. Leaves: a group for each target. What always holds: the first answer is a
//! list of everything, later ones tell what changed in watches of a few seconds; what a group was made of is kept in
//! between, so that a change of any of it makes the group anew; what does not fit into an answer, or was in one that got
//! lost, is told by the next. Where the API is and who may ask it is the host's business.
//!
//! Open `follow.rs` first, then `store.rs`, and `roles.rs` for the labels.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let services = r#"{"metadata": {"resourceVersion": "7"}, "items": [
//!     {"metadata": {"namespace": "web", "name": "shop"}, "spec": {"ports": [{"port": 80}]}}]}"#;
//! let host = FakeHost::new().http_json("http://api/api/v1/services?", services);
//! let config = r#"{"api_server": "http://api", "role": "service"}"#;
//! let found = host.refresh::<kubernetes::Kubernetes>(config, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("the first answer is full") };
//! assert_eq!(groups[0].targets, ["shop.web.svc:80"]);
//! ```

mod follow;
mod stream;
mod tell;

mod api;
mod read;

mod index;
mod states;
mod store;

mod objects;
mod roles;
mod target;

mod config;
mod hash;
mod selector;

use narthex_sdk::{Discovery, Error, Info, Refreshed};

pub use self::config::Config;
use self::follow::Follower;

/// The discovery.
pub struct Kubernetes;

impl Discovery for Kubernetes {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "kubernetes",
            env!("CARGO_PKG_VERSION"),
            "Finds nodes, pods, services, endpoints and ingresses of a Kubernetes cluster.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        config.check()?;
        Ok(Vec::new())
    }

    fn refresh(config: Config, cursor: Option<&str>, wait_ms: u32) -> Result<Refreshed, Error> {
        Follower::new(&config)?.refresh(cursor, wait_ms)
    }
}

narthex_sdk::discovery!(Kubernetes);

#[cfg(test)]
mod tests;
