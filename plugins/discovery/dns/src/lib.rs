//! Finds targets by DNS: the `dns_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: names and a record type. Leaves: a target for each record. What always holds: a name that cannot be looked up
//! keeps the targets that it had; a name that does not exist has none. Open this file; there is no other.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let host = FakeHost::new().dns("web.example", "A", &["192.0.2.1"]);
//! let found = host.refresh::<dns::Dns>(r#"{"names":["web.example"],"type":"A","port":80}"#, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("the first answer is full") };
//! assert_eq!(groups[0].targets, ["192.0.2.1:80"]);
//! ```

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::{
    Change, Delta, Discovery, Error, Info, Label, Refreshed, TargetGroup, clock, dns, duration,
    json, log,
};
use serde::Deserialize;

/// A lookup is given this long, if the names after it have as much.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// The discovery.
pub struct Dns;

/// An entry of `dns_sd_configs`. The schema holds the defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    names: Vec<String>,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    port: u16,
    #[serde(with = "duration")]
    refresh_interval: Duration,
}

/// A type of record, whatever its letters' case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
enum Kind {
    Srv,
    A,
    Aaaa,
    Mx,
    Ns,
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "SRV" => Ok(Self::Srv),
            "A" => Ok(Self::A),
            "AAAA" => Ok(Self::Aaaa),
            "MX" => Ok(Self::Mx),
            "NS" => Ok(Self::Ns),
            _ => Err(format!("{text:?} is none of SRV, A, AAAA, MX and NS")),
        }
    }
}

/// The groups that each name had when it was last looked up: what a later delta removes.
type Cursor = BTreeMap<String, Vec<String>>;

impl Discovery for Dns {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "dns",
            env!("CARGO_PKG_VERSION"),
            "Finds targets by DNS records: SRV, A, AAAA, MX, NS.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if config.names.is_empty() {
            return Err(Error::config("names: at least one name is needed").detail("key", "names"));
        }
        if config.kind != Kind::Srv && config.port == 0 {
            return Err(
                Error::config("port: needed for all record types except SRV").detail("key", "port")
            );
        }
        if config.refresh_interval.is_zero() {
            return Err(Error::config("refresh_interval: must be longer than 0")
                .detail("key", "refresh_interval"));
        }
        Ok(Vec::new())
    }

    fn refresh(config: Config, cursor: Option<&str>, _wait_ms: u32) -> Result<Refreshed, Error> {
        Self::validate(&config)?;
        // A cursor that cannot be read is one of another version: begin afresh.
        let before: Option<Cursor> = cursor.and_then(|cursor| json::from_str(cursor).ok());
        let mut known = before.clone().unwrap_or_default();
        known.retain(|name, _| config.names.contains(name));

        let mut groups = Vec::new();
        let mut failure = None;
        for (name, left) in config.names.iter().zip((1..=count(&config.names)).rev()) {
            let timeout = LOOKUP_TIMEOUT.min(clock::deadline() / left);
            match look_up(&config, name, timeout) {
                Ok(found) => {
                    known.insert(
                        name.clone(),
                        found.iter().map(|group| group.source.clone()).collect(),
                    );
                    groups.extend(found);
                }
                Err(error) => {
                    log::warn("lookup failed", &[("name", name), ("error", &error.message)]);
                    failure = Some(error.context(format!("look up {name}")));
                }
            }
        }
        let change = match (before, failure) {
            (_, Some(error)) if groups.is_empty() => return Err(error),
            // What failed keeps what it had: say only what is known to have changed.
            (Some(before), Some(_)) => {
                let remains = |source: &String| known.values().flatten().any(|kept| kept == source);
                let remove =
                    before.into_values().flatten().filter(|source| !remains(source)).collect();
                Change::Delta(Delta { upsert: groups, remove })
            }
            (None, _) | (Some(_), None) => Change::Full(groups),
        };
        Ok(Refreshed {
            change,
            cursor: json::to_string(&known).ok(),
            next_in_ms: Some(duration::millis(config.refresh_interval)),
        })
    }
}

narthex_sdk::discovery!(Dns);

fn count(names: &[String]) -> u32 {
    u32::try_from(names.len()).unwrap_or(u32::MAX)
}

/// The groups of one name. Records of SRV, MX and NS have labels of their own, so each is a group; addresses share one.
fn look_up(config: &Config, name: &str, timeout: Duration) -> Result<Vec<TargetGroup>, Error> {
    Ok(match config.kind {
        Kind::Srv => dns::srv(name, timeout)?
            .into_iter()
            .map(|record| {
                let labels = [
                    ("__meta_dns_srv_record_target", record.target.clone()),
                    ("__meta_dns_srv_record_port", record.port.to_string()),
                ];
                group_of_record(name, &record.target, record.port, &labels)
            })
            .collect(),
        Kind::Mx => {
            records(name, config.port, "__meta_dns_mx_record_target", dns::mx(name, timeout)?)
        }
        Kind::Ns => {
            records(name, config.port, "__meta_dns_ns_record_target", dns::ns(name, timeout)?)
        }
        Kind::A => vec![addresses(config, name, "A", timeout)?],
        Kind::Aaaa => vec![addresses(config, name, "AAAA", timeout)?],
    })
}

fn records(name: &str, port: u16, label: &str, targets: Vec<String>) -> Vec<TargetGroup> {
    targets
        .into_iter()
        .map(|target| group_of_record(name, &target, port, &[(label, target.clone())]))
        .collect()
}

fn group_of_record(name: &str, target: &str, port: u16, labels: &[(&str, String)]) -> TargetGroup {
    // A rooted name ends in a dot, which nobody writes in an address.
    let address = format!("{}:{port}", target.trim_end_matches('.'));
    let own = labels.iter().map(|(label, value)| Label::new(label, value));
    TargetGroup {
        source: format!("{name}/{address}"),
        targets: vec![address.clone()],
        labels: [Label::new("__meta_dns_name", name)].into_iter().chain(own).collect(),
    }
}

fn addresses(
    config: &Config,
    name: &str,
    kind: &str,
    timeout: Duration,
) -> Result<TargetGroup, Error> {
    let found = dns::addresses(name, kind, timeout)?;
    Ok(TargetGroup {
        source: name.into(),
        targets: found
            .into_iter()
            .map(|address| std::net::SocketAddr::new(address, config.port).to_string())
            .collect(),
        labels: vec![Label::new("__meta_dns_name", name)],
    })
}

#[cfg(test)]
mod tests;
