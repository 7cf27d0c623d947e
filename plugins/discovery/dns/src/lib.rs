//! Finds targets by DNS: the `dns_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: names and a record type. Leaves: a target for each record. What always holds: a name that cannot be looked up
//! keeps the targets that it had, and that is told; a name that does not exist has none. Open this file; there is no other.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let host = FakeHost::new().dns("web.example", "A", &["192.0.2.1"]);
//! let found = host.refresh::<dns::Dns>(r#"{"names":["web.example"],"type":"A","port":80}"#, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("the first answer is full") };
//! assert_eq!(groups[0].targets, ["192.0.2.1:80"]);
//! ```

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use narthex_sdk::{
    Change, Delta, Discovery, Error, Info, Label, Refreshed, TargetGroup, clock, dns, duration,
    json, log,
};
use serde::Deserialize;

/// A lookup is given this long, if the names after it have as much.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// More could not be looked up in the time of a call, and what a cursor says of them would not fit into it.
const NAMES_MAX: usize = 10_000;

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
    #[serde(with = "duration::positive")]
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

/// How many groups each name had when it was last looked up, by the names in order: what a later answer removes.
type Cursor = Vec<u32>;

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
            return Err(Error::key("names", "at least one name is needed"));
        }
        if config.names.len() > NAMES_MAX {
            return Err(Error::key("names", format!("more than {NAMES_MAX} names")));
        }
        if config.kind != Kind::Srv && config.port == 0 {
            return Err(Error::key("port", "needed for all record types except SRV"));
        }
        Ok(Vec::new())
    }

    fn refresh(config: Config, cursor: Option<&str>, _wait_ms: u32) -> Result<Refreshed, Error> {
        Self::validate(&config)?;
        let names: Vec<&String> =
            config.names.iter().collect::<BTreeSet<_>>().into_iter().collect();
        // A cursor that cannot be read is one of another version: begin afresh.
        let before: Option<Cursor> = cursor.and_then(|cursor| json::from_str(cursor).ok());
        let before = before.filter(|counts| counts.len() == names.len());
        let is_first = before.is_none();
        let mut counts = before.unwrap_or_else(|| vec![0; names.len()]);

        let mut delta = Delta { upsert: Vec::new(), remove: Vec::new() };
        let mut failures = Vec::new();
        for ((name, had), left) in names.iter().zip(&mut counts).zip((1..=count(&names)).rev()) {
            let timeout = LOOKUP_TIMEOUT.min(clock::deadline() / left);
            match look_up(&config, name, timeout) {
                Ok(found) => {
                    let now = count(&found);
                    delta.remove.extend((now..*had).map(|place| source(name, place)));
                    delta.upsert.extend(found);
                    *had = now;
                }
                Err(error) => {
                    log::debug("lookup failed", &[("name", name), ("error", &error.message)]);
                    failures.push(error.context(format!("look up {name}")));
                }
            }
        }
        let others = failures.len().saturating_sub(1);
        let failing = failures.into_iter().next().map(|error| error.and_others(others));
        let change = match &failing {
            Some(error) if others + 1 == names.len() => return Err(error.clone()),
            // What failed keeps what it had: say only what is known to have changed.
            Some(_) if !is_first => Change::Delta(delta),
            Some(_) | None => Change::Full(delta.upsert),
        };
        let refreshed = Refreshed::new(change).cursor(json::to_string(&counts).ok());
        Ok(refreshed.next_in(config.refresh_interval).failing(failing))
    }
}

narthex_sdk::discovery!(Dns);

fn count<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}

/// A group's source: the name, and the group's place among those of the name.
fn source(name: &str, place: u32) -> String {
    format!("{name}/{place}")
}

/// The targets of a group and the labels of its own.
type Found = (Vec<String>, Vec<(&'static str, String)>);

/// The groups of one name. Records of SRV, MX and NS have labels of their own, so each is a group; addresses share one.
fn look_up(config: &Config, name: &str, timeout: Duration) -> Result<Vec<TargetGroup>, Error> {
    let port = config.port;
    let found: Vec<Found> = match config.kind {
        Kind::Srv => services(dns::srv(name, timeout)?),
        Kind::Mx => hosts(dns::mx(name, timeout)?, port, "__meta_dns_mx_record_target"),
        Kind::Ns => hosts(dns::ns(name, timeout)?, port, "__meta_dns_ns_record_target"),
        Kind::A => vec![addresses(dns::addresses(name, "A", timeout)?, port)],
        Kind::Aaaa => vec![addresses(dns::addresses(name, "AAAA", timeout)?, port)],
    };
    let group = |(place, (targets, own)): (u32, Found)| {
        let own = own.into_iter().map(|(label, value)| Label::new(label, value));
        let labels = [Label::new("__meta_dns_name", name)].into_iter().chain(own).collect();
        TargetGroup { source: source(name, place), targets, labels }
    };
    Ok((0..).zip(found).map(group).collect())
}

fn services(records: Vec<dns::Srv>) -> Vec<Found> {
    let group = |(host, port): (String, u16)| {
        let address = address(&host, port);
        let labels = vec![
            ("__meta_dns_srv_record_target", host),
            ("__meta_dns_srv_record_port", port.to_string()),
        ];
        (vec![address], labels)
    };
    let records = records.into_iter().map(|record| (record.target, record.port));
    in_order(records).into_iter().map(group).collect()
}

fn hosts(hosts: Vec<String>, port: u16, label: &'static str) -> Vec<Found> {
    let group = |host: String| (vec![address(&host, port)], vec![(label, host)]);
    in_order(hosts).into_iter().map(group).collect()
}

fn addresses(addresses: Vec<IpAddr>, port: u16) -> Found {
    let target = |address| SocketAddr::new(address, port).to_string();
    (in_order(addresses).into_iter().map(target).collect(), Vec::new())
}

/// A rooted name ends in a dot, which nobody writes in an address.
fn address(host: &str, port: u16) -> String {
    format!("{}:{port}", host.trim_end_matches('.'))
}

/// Each once and sorted: nameservers turn the order of their records with each answer, and that is no change.
fn in_order<T: Ord>(found: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    found.into_iter().collect()
}

#[cfg(test)]
mod tests;
