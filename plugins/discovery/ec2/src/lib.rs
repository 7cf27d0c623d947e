//! Finds the instances of Amazon EC2: the `ec2_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: a region and filters. Leaves: a target for each instance that has an address. What always holds: an answer
//! is the whole region or an error; credentials and signatures are the host's business, no key passes through here.
//! Open this file first, then `api.rs` and `instance.rs`.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let host = FakeHost::new().http_status(
//!     "https://ec2.eu-west-1.amazonaws.com/",
//!     200,
//!     "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>
//!         <instanceId>i-1</instanceId><privateIpAddress>10.0.0.1</privateIpAddress>
//!      </item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
//! );
//! let found = host.refresh::<ec2::Ec2>(r#"{"region":"eu-west-1","port":9100}"#, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("every answer is full") };
//! assert_eq!(groups[0].targets, ["10.0.0.1:9100"]);
//! ```

mod api;
mod instance;
mod xml;

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::{Change, Discovery, Error, Info, Refreshed, duration, json, log};
use serde::Deserialize;

use self::api::Api;

/// The discovery.
pub struct Ec2;

/// An entry of `ec2_sd_configs`, without the keys that the host keeps to itself. The schema holds the defaults.
#[derive(Debug, Deserialize)]
pub struct Config {
    #[serde(default)]
    region: String,
    #[serde(default)]
    endpoint: String,
    #[serde(with = "duration::positive")]
    refresh_interval: Duration,
    port: u16,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    values: Vec<String>,
}

/// The ids of availability zones by name. They hardly ever change, so the first answer serves for good.
type Cursor = BTreeMap<String, String>;

impl Discovery for Ec2 {
    type Config = Config;

    fn describe() -> Info {
        Info::new("ec2", env!("CARGO_PKG_VERSION"), "Finds the instances of Amazon EC2.")
            .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if let Some(place) = config.filters.iter().position(|filter| filter.values.is_empty()) {
            let key = format!("filters[{place}].values");
            return Err(Error::key(&key, "the values of a filter cannot be empty"));
        }
        let is_web = |endpoint: &str| {
            let scheme = endpoint.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            matches!(scheme.as_deref(), Some("http" | "https"))
        };
        if !config.endpoint.is_empty() && !is_web(&config.endpoint) {
            return Err(Error::key("endpoint", "it must begin with https:// or http://"));
        }
        // It becomes a part of a host's name.
        if !config.region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            let reason = format!("{:?} is not the name of a region", config.region);
            return Err(Error::key("region", reason));
        }
        Ok(Vec::new())
    }

    fn refresh(config: Config, cursor: Option<&str>, _wait_ms: u32) -> Result<Refreshed, Error> {
        Self::validate(&config)?;
        if config.region.is_empty() {
            let reason = "none is configured, and neither environment nor profile name one";
            return Err(Error::key("region", reason));
        }
        let api = Api::new(&config);
        let known: Option<Cursor> = cursor.and_then(|cursor| json::from_str(cursor).ok());
        let zones = known.or_else(|| zones(&api));
        let mut groups = Vec::new();
        api.describe_instances(&config, |page| {
            for reservation in page.items("reservationSet") {
                let owner = reservation.text_of("ownerId");
                let instances = reservation.items("instancesSet");
                groups.extend(instances.filter_map(|instance| {
                    instance::target(&config, zones.as_ref(), owner, instance)
                }));
            }
        })?;
        let cursor = zones.and_then(|zones| json::to_string(&zones).ok());
        Ok(Refreshed::new(Change::Full(groups)).cursor(cursor).next_in(config.refresh_interval))
    }
}

narthex_sdk::discovery!(Ec2);

/// Targets are worth having without the ids of their zones: a failure is told to the plugin's author alone, and the
/// next refresh tries again.
fn zones(api: &Api) -> Option<Cursor> {
    match api.describe_availability_zones() {
        Ok(zones) => Some(zones.into_iter().collect()),
        Err(error) => {
            log::debug("no ids of availability zones", &[("error", &error.message)]);
            None
        }
    }
}

#[cfg(test)]
mod tests;
