//! Finds the instances of services in Consul: the `consul_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: where Consul is and which services matter. Leaves: a target for each instance, healthy or not. What always
//! holds: a service that cannot be asked for keeps its targets, and that is told; a service is read again only when its
//! index moved; what there was no time to ask for is asked for first in the next call. Open
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
    Change, Delta, Discovery, Error, Info, Refreshed, TargetGroup,
    clock::{self, Stopwatch},
    http::Response,
    log,
};

pub use self::config::Config;
use self::{
    api::{Api, Watch},
    cursor::{Cursor, Known},
};

/// With less time than this another round of questions is left to the next call.
const ROUND_MIN: Duration = Duration::from_secs(5);

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
        Ok(Vec::new())
    }

    fn refresh(config: Config, cursor: Option<&str>, wait_ms: u32) -> Result<Refreshed, Error> {
        let watch = Stopwatch::start();
        let api = Api::new(&config)?;
        let before = cursor.and_then(Cursor::read);
        if let Some(before) = before.as_ref().filter(|before| !before.is_partial)
            && let Err(error) = wait(&config, &api, before, wait_ms)
        {
            // One service that cannot be waited for must not keep the others from being asked for.
            log::debug("nothing to wait for", &[("error", &error.message)]);
        }
        let refreshed = look(&config, &api, before)?;
        // As often as Prometheus asks: what was waited for counts.
        Ok(refreshed.next_in(config.refresh_interval.saturating_sub(watch.elapsed())))
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

/// Asks for all services that matter: what changed since the cursor, and the cursor of what is now.
fn look(config: &Config, api: &Api<'_>, before: Option<Cursor>) -> Result<Refreshed, Error> {
    let mut now = before.unwrap_or_default();
    let is_whole = now.services.is_none();
    if now.datacenter.is_empty() {
        now.datacenter = api.datacenter()?;
    }
    let mut names = config.services.clone();
    if config.needs_catalog() {
        (names, now.catalog) = api.services()?;
    }
    names.sort();
    names.dedup();

    let mut known = now.services.take().unwrap_or_default();
    let mut delta = Delta { upsert: Vec::new(), remove: Vec::new() };
    known.retain(|name, former| {
        let stays = names.binary_search(name).is_ok();
        if !stays {
            delta.remove.extend(former.sources(name));
        }
        stays
    });
    let first = names.partition_point(|name| *name < now.next);
    names.rotate_left(first);

    let mut failures = Vec::new();
    let mut asked = 0;
    for round in names.chunks(api::WATCHES_MAX) {
        if asked > 0 && clock::deadline() < ROUND_MIN {
            break;
        }
        asked += round.len();
        for (name, answer) in round.iter().zip(api.health(round)) {
            let former = known.get(name).copied().unwrap_or_default();
            match answer.and_then(|answer| read(config, &now, name, former, &answer)) {
                Ok(None) => {}
                Ok(Some((index, groups))) => {
                    delta.remove.extend(former.sources(name).skip(groups.len()));
                    known.insert(name.clone(), Known::new(index, &groups));
                    delta.upsert.extend(groups);
                }
                Err(error) => {
                    log::debug("a service keeps its targets", &[("error", &error.message)]);
                    failures.push(error.context(format!("ask for service {name}")));
                }
            }
        }
    }
    let others = names.len().saturating_sub(asked);
    now.next = names.get(asked).cloned().unwrap_or_default();
    if !failures.is_empty() && failures.len() == names.len() {
        let others = failures.len() - 1;
        return Err(failures.swap_remove(0).and_others(others));
    }
    if others > 0 {
        let message = format!("no time was left to ask for service {}", now.next);
        failures.push(Error::timeout(message).and_others(others - 1));
    }
    now.is_partial = !failures.is_empty();
    now.services = Some(known);
    let others = failures.len().saturating_sub(1);
    let failing = failures.into_iter().next().map(|error| error.and_others(others));
    let change = if is_whole {
        Change::Full(delta.upsert)
    } else if delta.upsert.is_empty() && delta.remove.is_empty() {
        Change::Unchanged
    } else {
        Change::Delta(delta)
    };
    Ok(Refreshed::new(change).cursor(Some(now.write())).failing(failing))
}

/// The index and the groups of a service; none when its index did not move.
fn read(
    config: &Config,
    now: &Cursor,
    name: &str,
    former: Known,
    answer: &Response,
) -> Result<Option<(u64, Vec<TargetGroup>)>, Error> {
    let index = api::index(answer);
    if index > 0 && index == former.index {
        return Ok(None);
    }
    let groups = instance::groups(answer, name, &now.datacenter, &config.tag_separator)?;
    Ok(Some((index, groups)))
}

impl Known {
    fn new(index: u64, groups: &[TargetGroup]) -> Self {
        Self { index, targets: u32::try_from(groups.len()).unwrap_or(u32::MAX) }
    }
}

#[cfg(test)]
mod tests;
