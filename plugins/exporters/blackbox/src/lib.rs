//! Probes of HTTP, TCP and DNS: modules, metrics and types of `blackbox_exporter`, so that its configuration, dashboards
//! and rules keep working.
//!
//! Enters: modules, and of each call the parameters `target` and `module`. Leaves: one exposition. What always holds: a
//! probe that fails is an answer with `probe_success 0` and what is known by then; what the operator is to mend, such as a
//! module that does not exist or a host that was not granted, is an error that says so. Open this file; `probe.rs` holds
//! what probes have in common, `http.rs`, `tcp.rs` and `dns.rs` one each.
//!
//! ```
//! use narthex_sdk::{Label, Target, testing::FakeHost};
//!
//! let host = FakeHost::new().http_status("http://shop.test/", 200, "open");
//! let params = vec![Label::new("target", "http://shop.test/"), Label::new("module", "http_2xx")];
//! let target = Target { address: "shop.test".into(), labels: vec![], params, timeout_ms: 10_000 };
//! let answer = host.collect_from::<blackbox::Blackbox>("{}", &target).unwrap();
//! assert!(answer.text().contains("\nprobe_success 1\n"));
//! ```

mod certificate;
mod der;
mod dns;
mod http;
mod location;
mod message;
mod module;
mod probe;
mod record;
mod tcp;

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::{Error, Exporter, Exposition, Info, Target, clock, log};
use serde::Deserialize;

use self::{
    module::{Module, Prober},
    probe::{Failure, Probe},
};

/// The module of targets that name none.
const MODULE_DEFAULT: &str = "http_2xx";

/// An answer is written before the scrape gives up, as `--timeout-offset` has it.
const ANSWER: Duration = Duration::from_millis(500);

/// And before the host ends the call.
const CALL_ENDS: Duration = Duration::from_millis(100);

/// The exporter.
pub struct Blackbox;

/// What the operator may set. The schema holds the defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    modules: BTreeMap<String, Module>,
}

impl Exporter for Blackbox {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "blackbox",
            env!("CARGO_PKG_VERSION"),
            "Probes of HTTP, TCP and DNS, as blackbox_exporter names them.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        let mut warnings = Vec::new();
        for (name, module) in &config.modules {
            match module.check() {
                Ok(()) => {}
                Err(error) if module.is_of_no_use() => {
                    warnings.push(format!("modules.{name}: {}", error.message));
                }
                Err(error) => return Err(error.context(format!("modules.{name}"))),
            }
        }
        Ok(warnings)
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let param = |name: &str| {
            let found = target.params.iter().find(|param| param.name == name);
            found.map(|param| param.value.as_str()).filter(|value| !value.is_empty())
        };
        let name = param("module").unwrap_or(MODULE_DEFAULT);
        let module = config.modules.get(name).ok_or_else(|| {
            let known: Vec<&str> = config.modules.keys().map(String::as_str).collect();
            Error::config(format!("no module is named {name:?}; known: {}", known.join(", ")))
        })?;
        module.check().map_err(|error| error.context(format!("modules.{name}")))?;
        let asked = param("target").ok_or_else(|| {
            Error::config(
                "the parameter target is missing; relabel __param_target to what is to be probed",
            )
        })?;
        let mut probe = Probe::start(time_for(module, target));
        let outcome = match module.prober {
            Prober::Http => http::probe(&module.http, asked, param("hostname"), &mut probe),
            Prober::Tcp => tcp::probe(&module.tcp, asked, param("hostname"), &mut probe),
            Prober::Dns => dns::probe(&module.dns, asked, &mut probe),
            Prober::Icmp | Prober::Grpc | Prober::Unix | Prober::Websocket => Ok(()),
        };
        match outcome {
            Ok(()) => {}
            Err(Failure::Ours(error)) => return Err(error),
            Err(Failure::Theirs(ref reason)) => {
                log::info(
                    "probe failed",
                    &[("module", &name), ("target", &asked), ("reason", reason)],
                );
            }
        }
        Ok(probe.finish(outcome.is_ok()))
    }
}

narthex_sdk::exporter!(Blackbox);

/// How long a probe may take.
fn time_for(module: &Module, target: &Target) -> Duration {
    let scrape = Duration::from_millis(target.timeout_ms.into());
    let longest = scrape.checked_sub(ANSWER).filter(|left| !left.is_zero()).unwrap_or(scrape);
    let own = module.timeout.filter(|own| !own.is_zero()).unwrap_or(Duration::MAX);
    own.min(longest).min(clock::deadline().saturating_sub(CALL_ENDS))
}

#[cfg(test)]
mod tests;
