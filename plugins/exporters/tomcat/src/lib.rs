//! Memory, threads and requests of a Tomcat, as the status page of its manager tells them.
//!
//! Enters: the target's address, and a user with the role `manager-status`. Leaves: one exposition. What always holds: a
//! server that cannot be asked, or answers another page, is an answer with `tomcat_up 0`; a user that is refused is an
//! error of the configuration. Open this file; `xml.rs` reads the tags.
//!
//! ```
//! use narthex_sdk::testing::FakeHost;
//!
//! let page = "<status><jvm><memory free='20' total='50' max='100'/></jvm></status>";
//! let host = FakeHost::new().http_status("http://localhost/manager/status?XML=true", 200, page);
//! let answer = host.collect::<tomcat::Tomcat>(r#"{"user":"watcher","password":"x"}"#).unwrap();
//! assert!(answer.text().contains("\njvm_memory_used_bytes{area=\"heap\"} 30\n"));
//! ```

mod xml;

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, http::Request, log};
use serde::Deserialize;

use self::xml::{Tag, tags};

/// A connector with a thousand workers takes some hundred kilobytes.
const PAGE_BYTES_MAX: u32 = 8 << 20;

/// The exporter.
pub struct Tomcat;

/// What the operator may set. The schema holds the defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    user: String,
    password: String,
    path: String,
    scheme: String,
}

impl Exporter for Tomcat {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "tomcat",
            env!("CARGO_PKG_VERSION"),
            "Memory, threads and requests of a Tomcat, from the status of its manager.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let mut metrics = Metrics::new();
        let outcome = ask(&config, target).and_then(|page| add(&page, &mut metrics));
        if let Err(error) = &outcome {
            // What the operator is to mend in the configuration is no state of the server.
            if error.is_ours() {
                return outcome.map(|()| metrics.text());
            }
            log::warn("tomcat was not asked", &[("error", &error.message)]);
            metrics = Metrics::new();
        }
        metrics.gauge("tomcat_up", "Whether the manager's status was read.").set(outcome.is_ok());
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!(Tomcat);

/// The page.
fn ask(config: &Config, target: &Target) -> Result<String, Error> {
    let url = format!("{}://{}{}?XML=true", config.scheme, target.address, config.path);
    let request = Request::get(&url)
        .basic_auth(&config.user, &config.password)
        .timeout(Duration::from_millis(target.timeout_ms.into()))
        .body_bytes_max(PAGE_BYTES_MAX);
    let answer = request.send()?;
    if matches!(answer.status, 401 | 403) {
        let (user, status) = (&config.user, answer.status);
        return Err(Error::config(format!(
            "{url} answered {status} to {user:?}: it needs its password, the role manager-status, \
             and an address that the manager's RemoteAddrValve lets in"
        )));
    }
    let answer = answer.expect_success()?;
    if answer.truncated {
        return Err(Error::exhausted(format!("{url} is longer than {PAGE_BYTES_MAX} bytes")));
    }
    Ok(answer.text())
}

/// Adds what the page says.
fn add(page: &str, metrics: &mut Metrics) -> Result<(), Error> {
    let mut connector = String::new();
    let mut stages: BTreeMap<(String, &str), u32> = BTreeMap::new();
    let mut is_status = false;
    for tag in tags(page) {
        let tag = tag.map_err(|place| {
            Error::protocol(format!("the manager's status is no XML at byte {place}"))
        })?;
        match tag.name {
            "status" => is_status = true,
            "memory" => add_heap(&tag, metrics)?,
            "memorypool" => add_pool(&tag, metrics)?,
            // Quotation marks stand around the name that people know from the log.
            "connector" => connector = tag.text("name")?.trim_matches('"').to_owned(),
            "threadInfo" => add_threads(&connector, &tag, metrics)?,
            "requestInfo" => add_requests(&connector, &tag, metrics)?,
            "worker" => {
                *stages.entry((connector.clone(), stage(&tag.text("stage")?))).or_default() += 1;
            }
            _ => {}
        }
    }
    // A page that was broken off says less than there is.
    if !is_status || !page.trim_end().ends_with("</status>") {
        return Err(Error::protocol("the page is not the status of Tomcat's manager"));
    }
    let workers = metrics.gauge("tomcat_connector_workers", "Workers by what they do.");
    for ((connector, stage), count) in &stages {
        workers.sample(&[("connector", connector), ("stage", stage)], *count);
    }
    Ok(())
}

fn add_heap(memory: &Tag<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let (free, total, max) =
        (memory.number("free")?, memory.number("total")?, memory.number("max")?);
    for (name, value) in [("used", total - free), ("committed", total), ("max", max)] {
        let family = metrics.gauge(&format!("jvm_memory_{name}_bytes"), "Memory of the heap.");
        family.sample(&[("area", "heap")], value);
    }
    Ok(())
}

fn add_pool(pool: &Tag<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let name = pool.text("name")?;
    for (metric, attribute) in [
        ("used", "usageUsed"),
        ("committed", "usageCommitted"),
        ("max", "usageMax"),
        ("init", "usageInit"),
    ] {
        let family = metrics.gauge(&format!("jvm_memory_pool_{metric}_bytes"), "Pools of memory.");
        family.sample(&[("pool", &name)], pool.number(attribute)?);
    }
    Ok(())
}

fn add_threads(connector: &str, threads: &Tag<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for (metric, help, attribute) in [
        ("threads", "Threads now.", "currentThreadCount"),
        ("threads_busy", "Threads that work on a request.", "currentThreadsBusy"),
        ("threads_max", "Threads there may be.", "maxThreads"),
    ] {
        let family = metrics.gauge(&format!("tomcat_connector_{metric}"), help);
        family.sample(&[("connector", connector)], threads.number(attribute)?);
    }
    Ok(())
}

fn add_requests(connector: &str, requests: &Tag<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    /// The page tells times in milliseconds.
    const MS: f64 = 1e-3;
    for (metric, help, attribute, unit) in [
        ("requests_total", "Requests.", "requestCount", 1.0),
        ("errors_total", "Requests that failed.", "errorCount", 1.0),
        ("processing_seconds_total", "Time that requests took.", "processingTime", MS),
        ("received_bytes_total", "Bytes of requests.", "bytesReceived", 1.0),
        ("sent_bytes_total", "Bytes of answers.", "bytesSent", 1.0),
    ] {
        let family = metrics.counter(&format!("tomcat_connector_{metric}"), help);
        family.sample(&[("connector", connector)], requests.number(attribute)? * unit);
    }
    metrics
        .gauge("tomcat_connector_processing_seconds_max", "The longest time that a request took.")
        .sample(&[("connector", connector)], requests.number("maxTime")? * MS);
    Ok(())
}

/// What the letters of the page mean.
fn stage(letter: &str) -> &'static str {
    match letter {
        "P" => "parse",
        "S" => "service",
        "F" => "finishing",
        "K" => "keepalive",
        "R" => "ready",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests;
