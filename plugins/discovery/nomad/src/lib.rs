//! Finds the instances of services in Nomad: the `nomad_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: where Nomad is, a region and a namespace. Leaves: a target for each instance that is registered with Nomad's own
//! services. What always holds: an answer is whole; when a single service cannot be asked for, all targets stay. Open this
//! file for the course of a call and `api.rs` for what is asked.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let services = r#"[{"Namespace":"default","Services":[{"ServiceName":"web","Tags":[]}]}]"#;
//! let instances = r#"[{"ID":"web-1","ServiceName":"web","Address":"10.0.0.1","Port":80}]"#;
//! let host = FakeHost::new()
//!     .http_json("http://localhost:4646/v1/services?", services)
//!     .http_json("http://localhost:4646/v1/service/web?", instances);
//! let found = host.refresh::<nomad::Nomad>("{}", None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("the first answer is full") };
//! assert_eq!(groups[0].targets, ["10.0.0.1:80"]);
//! ```

mod api;

use std::time::Duration;

use narthex_sdk::{
    Change, Discovery, Error, Info, Labels, Refreshed, TargetGroup, clock::Stopwatch, duration,
    host_port,
};
use serde::Deserialize;

use self::api::{Api, Instance};

/// The discovery.
pub struct Nomad;

/// An entry of `nomad_sd_configs`. The schema holds the defaults; the keys of the HTTP client are the host's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    server: String,
    region: String,
    namespace: String,
    tag_separator: String,
    allow_stale: bool,
    #[serde(with = "duration::positive")]
    refresh_interval: Duration,
}

impl Discovery for Nomad {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "nomad",
            env!("CARGO_PKG_VERSION"),
            "Finds the instances of services that Nomad knows.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        Api::new(config)?;
        Ok(Vec::new())
    }

    fn refresh(config: Config, cursor: Option<&str>, wait_ms: u32) -> Result<Refreshed, Error> {
        let watch = Stopwatch::start();
        let api = Api::new(&config)?;
        // The index of the list moves with every registration, so it stands for all instances.
        let before = cursor.and_then(|index| index.parse::<u64>().ok()).filter(|index| *index > 0);
        let wait = Duration::from_millis(wait_ms.into());
        if let Some(index) = before
            && !wait.is_zero()
        {
            api.wait(index, wait)?;
        }

        let (services, index) = api.services()?;
        let change = if before == Some(index) {
            Change::Unchanged
        } else {
            let found = api.instances(&services)?;
            Change::Full(found.iter().map(|instance| group(&config, instance)).collect())
        };
        let pause = config.refresh_interval.saturating_sub(watch.elapsed());
        Ok(Refreshed::new(change).cursor(Some(index.to_string())).next_in(pause))
    }
}

narthex_sdk::discovery!(Nomad);

fn group(config: &Config, instance: &Instance) -> TargetGroup {
    let mut labels = Labels::new();
    labels
        .set("__meta_nomad_address", &instance.address)
        .set("__meta_nomad_dc", &instance.datacenter)
        .set("__meta_nomad_namespace", &instance.namespace)
        .set("__meta_nomad_node_id", &instance.node_id)
        .set("__meta_nomad_service", &instance.service_name)
        .set("__meta_nomad_service_address", &instance.address)
        .set("__meta_nomad_service_id", &instance.id)
        .set("__meta_nomad_service_port", instance.port);
    if let Some(tags) = instance.tags.as_ref().filter(|tags| !tags.is_empty()) {
        // With separators at both ends a regular expression need not think of the first and the last tag.
        let separator = &config.tag_separator;
        labels.set("__meta_nomad_tags", format!("{separator}{}{separator}", tags.join(separator)));
    }
    TargetGroup::one(&instance.id, host_port(&instance.address, instance.port), &labels)
}

#[cfg(test)]
mod tests;
