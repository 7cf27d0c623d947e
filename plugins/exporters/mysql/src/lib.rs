//! What a MySQL or MariaDB says of itself: names, labels and types of Prometheus' `mysqld_exporter`, so that dashboards
//! and rules keep working.
//!
//! Enters: the target's address, a user and a password. Leaves: one exposition, made of the answers to some questions in
//! SQL. What always holds: a server that cannot be asked is an answer with `mysql_up 0` and a line in the log; a question
//! that it refuses costs its own metrics and no others. Open this file; `collectors.rs` holds what is asked, `client.rs`
//! and `packet.rs` the protocol.
//!
//! ```
//! use narthex_sdk::{Target, testing::FakeHost};
//!
//! let host = FakeHost::new().tcp("db:3306", &[]); // closes at once
//! let target = Target { address: "db:3306".into(), labels: vec![], params: vec![], timeout_ms: 1000 };
//! let answer = host.collect_from::<mysql::Mysql>(r#"{"user":"monitor"}"#, &target).unwrap();
//! assert!(answer.text().ends_with("\nmysql_up 0\n"));
//! ```

mod client;
mod collectors;
mod packet;
mod password;
mod value;

use narthex_sdk::{
    Error, Exporter, Exposition, Info, Metrics, Target, clock::Stopwatch, log, secrets,
};
use serde::Deserialize;

use self::{
    client::Client,
    collectors::{COLLECTORS, Collector},
};

/// The exporter.
pub struct Mysql;

/// What the operator may set. The schema holds the defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    user: String,
    password: String,
    tls: Option<String>,
    collectors: Option<Vec<String>>,
}

impl Exporter for Mysql {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "mysql",
            env!("CARGO_PKG_VERSION"),
            "What a MySQL or MariaDB says of itself, as mysqld_exporter names it.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        // A hash of a placeholder would be a failed login in the server's log, and nothing more.
        secrets::revealed("mysql", "password", &config.password)?;
        let mut metrics = Metrics::new();
        let watch = Stopwatch::start();
        let connected = Client::connect(&target.address, &config);
        metrics.gauge("mysql_up", "Whether the server could be asked.").set(connected.is_ok());
        match connected {
            Ok(mut client) => {
                took(&mut metrics, "connection", watch);
                run(&mut client, &chosen(&config, target), &mut metrics);
                client.quit();
            }
            // What the operator is to mend in the configuration is no state of the server.
            Err(error) if error.is_ours() => return Err(error),
            Err(error) => {
                let fields: [(&str, &dyn std::fmt::Display); 2] =
                    [("target", &target.address), ("error", &error.message)];
                log::warn("the server cannot be asked", &fields);
            }
        }
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!(Mysql);

/// The configured collectors, narrowed by the parameters `collect[]` of the scrape; all where these name none.
fn chosen(config: &Config, target: &Target) -> Vec<&'static Collector> {
    let configured = |collector: &&Collector| {
        config.collectors.as_ref().is_none_or(|names| names.iter().any(|own| own == collector.name))
    };
    let all: Vec<_> = COLLECTORS.iter().filter(configured).collect();
    let wanted: Vec<_> = target.params("collect[]").collect();
    let narrowed: Vec<_> =
        all.iter().copied().filter(|collector| wanted.contains(&collector.name)).collect();
    if narrowed.is_empty() { all } else { narrowed }
}

/// Runs collectors one after the other, as a connection has one question at a time, and says how each went.
fn run(client: &mut Client, collectors: &[&Collector], metrics: &mut Metrics) {
    // A server where a table is locked for long is not to hold the scrape; one that refuses this is asked all the same.
    if let Err(error) = client.query("SET SESSION lock_wait_timeout = 2") {
        log::debug("no timeout for locks", &[("error", &error.message)]);
    }
    for collector in collectors {
        let watch = Stopwatch::start();
        let outcome = (collector.collect)(client, metrics);
        let label = format!("collect.{}", collector.name);
        metrics
            .gauge("mysql_exporter_collector_success", "Whether a collector succeeded.")
            .sample(&[("collector", &label)], outcome.is_ok());
        took(metrics, &label, watch);
        if let Err(error) = outcome {
            let fields: [(&str, &dyn std::fmt::Display); 2] =
                [("collector", &collector.name), ("error", &error.message)];
            log::warn("collector failed", &fields);
        }
    }
}

fn took(metrics: &mut Metrics, what: &str, watch: Stopwatch) {
    metrics
        .gauge("mysql_exporter_collector_duration_seconds", "How long a collector took.")
        .sample(&[("collector", what)], watch.elapsed().as_secs_f64());
}

#[cfg(test)]
mod tests;
