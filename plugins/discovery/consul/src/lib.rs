//! Finds the instances of services in Consul: the `consul_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: where Consul is and which services matter. Leaves: a target for each instance, healthy or not. What always
//! holds: a service that cannot be asked for keeps its targets; a service is read again only when its index moved. Open
//! this file for the course of a call, `api.rs` for what is asked, `instance.rs` for the labels.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let instance = r#"[{"Node":{"Node":"n1","Address":"10.0.0.1"},"Service":{"ID":"web1","Port":80},"Checks":[]}]"#;
//! let host = FakeHost::new().http_json("http://localhost:8500/v1/health/service/web?", instance);
//! let config = r#"{"datacenter":"dc1","services":["web"]}"#;
//! let found = host.refresh::<consul::Consul>(config, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("the first answer is full") };
//! assert_eq!(groups[0].targets, ["10.0.0.1:80"]);
//! ```

mod api;
mod config;
mod cursor;
mod instance;

use std::time::Duration;

use narthex_sdk::{
    Change, Delta, Discovery, Error, Info, Refreshed, TargetGroup, clock::Stopwatch, duration, log,
};

pub use self::config::Config;
use self::{
    api::{Api, Watch},
    cursor::{Cursor, Known},
};

/// The discovery.
pub struct Consul;

impl Discovery for Consul {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "consul",
            env!("CARGO_PKG_VERSION"),
            "Finds the instances of services in Consul, with their health.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        Api::new(config)?;
        if config.refresh_interval.is_zero() {
            return Err(Error::config("refresh_interval: must be longer than 0")
                .detail("key", "refresh_interval"));
        }
        Ok(Vec::new())
    }

    fn refresh(config: Config, cursor: Option<&str>, wait_ms: u32) -> Result<Refreshed, Error> {
        let watch = Stopwatch::start();
        let api = Api::new(&config)?;
        let before = cursor.and_then(Cursor::read);
        if let Some(before) = &before {
            wait(&config, &api, before, wait_ms)?;
        }
        let (change, after) = look(&config, &api, before)?;
        // As often as Prometheus asks: what was waited for counts.
        let pause = config.refresh_interval.saturating_sub(watch.elapsed());
        Ok(Refreshed {
            change,
            cursor: Some(after.write()),
            next_in_ms: Some(duration::millis(pause)),
        })
    }
}

narthex_sdk::discovery!(Consul);

/// Waits until what was found may have changed.
fn wait(config: &Config, api: &Api<'_>, before: &Cursor, wait_ms: u32) -> Result<(), Error> {
    let wait = Duration::from_millis(wait_ms.into());
    let catalog = config.needs_catalog().then_some(Watch::Catalog { index: before.catalog });
    let services = before.services.iter().flatten();
    let all: Vec<_> = catalog
        .into_iter()
        .chain(services.map(|(name, known)| Watch::Service { name, index: known.index }))
        .collect();
    let covers_all = before.services.is_some()
        && all.len() <= api::WATCHES_MAX
        && all.iter().all(|watch| watch.index() > 0);
    let (watched, wait) = match all.as_slice() {
        [_, ..] if covers_all => (all.as_slice(), wait),
        // The services are asked for once in `refresh_interval`, and sooner when their list changes.
        [catalog @ Watch::Catalog { index: 1.. }, ..] => {
            (std::slice::from_ref(catalog), wait.min(config.refresh_interval))
        }
        _ => return Ok(()),
    };
    if wait.is_zero() { Ok(()) } else { api.wait(watched, wait) }
}

/// Asks for all services that matter; what changed since the cursor, and the cursor of what is now.
fn look(config: &Config, api: &Api<'_>, before: Option<Cursor>) -> Result<(Change, Cursor), Error> {
    let is_first = before.is_none();
    let mut now = before.unwrap_or_default();
    let is_whole = now.services.is_none();
    let mut known = now.services.take().unwrap_or_default();

    if now.datacenter.is_empty() {
        now.datacenter = api.datacenter()?;
    }
    let mut names = config.services.clone();
    if config.needs_catalog() {
        (names, now.catalog) = api.services()?;
    }
    names.sort();
    names.dedup();

    let mut delta = Delta { upsert: Vec::new(), remove: Vec::new() };
    let mut failure = None;
    for (name, answer) in names.iter().zip(api.health(&names)) {
        let former = known.get(name).copied().unwrap_or_default();
        let found = answer.and_then(|answer| {
            let index = api::index(&answer);
            if index > 0 && index == former.index {
                return Ok(None);
            }
            let groups = instance::groups(&answer, name, &now.datacenter, &config.tag_separator)?;
            Ok(Some((index, groups)))
        });
        match found {
            Ok(None) => {}
            Ok(Some((index, groups))) => {
                delta.remove.extend(former.sources(name).skip(groups.len()));
                known.insert(name.clone(), Known::new(index, &groups));
                delta.upsert.extend(groups);
            }
            Err(error) => {
                let error = error.context(format!("ask for service {name}"));
                log::warn("a service keeps its targets", &[("error", &error.message)]);
                failure = Some(error);
            }
        }
    }
    known.retain(|name, former| {
        let stays = names.binary_search(name).is_ok();
        if !stays {
            delta.remove.extend(former.sources(name));
        }
        stays
    });
    now.services = Some(known);

    match failure {
        // A part must not stand for the whole, unless there is nothing yet that it would replace.
        Some(error) if is_whole && (!is_first || delta.upsert.is_empty()) => Err(error),
        Some(error) if delta.upsert.is_empty() && delta.remove.is_empty() => Err(error),
        _ if is_whole => Ok((Change::Full(delta.upsert), now)),
        _ if delta.upsert.is_empty() && delta.remove.is_empty() => Ok((Change::Unchanged, now)),
        _ => Ok((Change::Delta(delta), now)),
    }
}

impl Known {
    fn new(index: u64, groups: &[TargetGroup]) -> Self {
        Self { index, targets: u32::try_from(groups.len()).unwrap_or(u32::MAX) }
    }
}

#[cfg(test)]
mod tests;
