//! Asks an HTTP endpoint for targets: the `http_sd_configs` of Prometheus, key for key and label for label.
//!
//! Enters: a URL. Leaves: the groups that stand in its answer, each with the label `__meta_url`. What always holds: an
//! answer replaces the former list whole, and an answer that is not such a list changes nothing. Open this file; the
//! shape of the list is in `list.rs`.
//!
//! ```
//! use narthex_sdk::{Change, testing::FakeHost};
//!
//! let host = FakeHost::new().http_json("http://inventory/", r#"[{"targets":["a:80"],"labels":{"team":"x"}}]"#);
//! let found = host.refresh::<http::Http>(r#"{"url":"http://inventory/targets"}"#, None).unwrap();
//! let Change::Full(groups) = found.change else { panic!("every answer is full") };
//! assert_eq!(groups[0].targets, ["a:80"]);
//! ```

mod list;

use std::time::Duration;

use narthex_sdk::{
    Change, Discovery, Error, Info, Refreshed, clock, duration,
    http::{Origin, Response},
};
use serde::Deserialize;

/// The discovery.
pub struct Http;

/// An entry of `http_sd_configs`. The schema holds the defaults; the keys of the HTTP client are the host's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    url: String,
    #[serde(with = "duration::positive")]
    refresh_interval: Duration,
}

impl Discovery for Http {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "http",
            env!("CARGO_PKG_VERSION"),
            "Asks an HTTP endpoint for a list of targets in JSON.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        origin(config)?;
        Ok(Vec::new())
    }

    fn refresh(config: Config, _cursor: Option<&str>, _wait_ms: u32) -> Result<Refreshed, Error> {
        let origin = origin(&config)?;
        let groups = origin
            .get(origin.path())
            .header("accept", "application/json")
            .header(
                "x-prometheus-refresh-interval-seconds",
                &config.refresh_interval.as_secs_f64().to_string(),
            )
            .timeout(config.refresh_interval.min(clock::deadline()))
            .send()
            .and_then(Response::expect_success)
            .and_then(|answer| list::groups(&answer, &config.url))
            .map_err(|error| error.context(format!("ask {} for targets", origin.shown())))?;
        let change = Change::Full(groups);
        Ok(Refreshed::new(change).next_in(config.refresh_interval))
    }
}

narthex_sdk::discovery!(Http);

fn origin(config: &Config) -> Result<Origin, Error> {
    let refused = |reason: &str| Error::key("url", reason);
    let is_web =
        |scheme: &str| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if config.url.is_empty() {
        return Err(refused("it is missing"));
    }
    if config.url.split_once("://").is_some_and(|(scheme, _)| !is_web(scheme)) {
        return Err(refused("its scheme must be http or https"));
    }
    Origin::parse(&config.url).map_err(refused)
}

#[cfg(test)]
mod tests;
