//! What a Redis or Valkey says of itself: names, labels and types of `redis_exporter`, so that dashboards and rules keep
//! working.
//!
//! Enters: the target's address. Leaves: one exposition, made of the answers to a few commands that are sent together.
//! What always holds: a server that cannot be asked is an answer with `redis_up 0` and the reason; a command that the
//! server refuses costs its own metrics and no others. Open this file; `info.rs` holds most of the metrics, `resp.rs`
//! the protocol.
//!
//! ```
//! use narthex_sdk::{Target, testing::FakeHost};
//!
//! let info = "# Clients\r\nconnected_clients:3\r\n";
//! let answers = format!("+OK\r\n${}\r\n{info}\r\n*0\r\n*0\r\n:0\r\n*0\r\n", info.len());
//! let host = FakeHost::new().tcp("db:6379", &[answers.as_bytes()]);
//! let target = Target { address: "db:6379".into(), labels: vec![], params: vec![], timeout_ms: 1000 };
//! let answer = host.collect_from::<redis::Redis>(r#"{"config_command":"-"}"#, &target).unwrap();
//! assert!(answer.text().contains("\nredis_connected_clients 3\n"));
//! ```

mod client;
mod info;
mod latency;
mod names;
mod resp;
mod sentinel;
mod settings;

use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, clock::Stopwatch};
use serde::Deserialize;

use self::client::Client;

/// The exporter.
pub struct Redis;

/// What the operator may set. The schema holds the defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    user: String,
    password: String,
    tls: Option<String>,
    config_command: String,
    latency: bool,
    empty_databases: bool,
}

impl Exporter for Redis {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "redis",
            env!("CARGO_PKG_VERSION"),
            "What a Redis or Valkey says of itself, as redis_exporter names it.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if !config.user.is_empty() && config.password.is_empty() {
            return Err(Error::key("user", "a user needs a password"));
        }
        Ok(Vec::new())
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let mut metrics = Metrics::new();
        let watch = Stopwatch::start();
        let outcome = ask(&config, target, &mut metrics);
        // What the operator is to mend in the configuration is no state of the server.
        if let Err(error) = &outcome
            && error.is_ours()
        {
            return outcome.map(|()| metrics.text());
        }
        let reason = outcome.as_ref().err().map_or("", |error| error.message.as_str());
        metrics.gauge("redis_up", "Whether the server could be asked.").set(outcome.is_ok());
        metrics
            .gauge("redis_exporter_last_scrape_error", "Whether the scrape failed, and why.")
            .sample(&[("err", reason)], outcome.is_err());
        metrics
            .gauge("redis_exporter_last_scrape_duration_seconds", "How long the scrape took.")
            .set(watch.elapsed().as_secs_f64());
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!(Redis);

/// Connects, asks, and adds what the answers say.
fn ask(config: &Config, target: &Target, metrics: &mut Metrics) -> Result<(), Error> {
    let watch = Stopwatch::start();
    let connected = Client::connect(&target.address, config.tls.as_deref());
    metrics
        .gauge("redis_exporter_last_scrape_connect_time_seconds", "How long connecting took.")
        .set(watch.elapsed().as_secs_f64());
    let mut client = connected?;
    client.log_in(config, &target.address)?;

    let mut commands: Vec<Vec<&str>> =
        vec![vec!["CLIENT", "SETNAME", "narthex"], vec!["INFO", "ALL"]];
    let settings = if config.config_command == "-" { &[][..] } else { settings::ASKED };
    commands.extend(settings.iter().map(|name| vec![config.config_command.as_str(), "GET", name]));
    if config.latency {
        commands.extend(latency::ASKED.map(|command| command.to_vec()));
    }
    commands.extend(latency::SLOW_LOG_ASKED.map(|command| command.to_vec()));
    let mut answers = client.ask(&commands)?;

    answers.optional("CLIENT SETNAME");
    let text = answers.text("INFO")?;
    let info = info::Info::parse(&text);
    info.add(metrics);
    let mut databases = settings::DATABASES_DEFAULT;
    for name in settings {
        let answer = answers.optional("CONFIG GET");
        databases = settings::add(name, &answer, metrics).unwrap_or(databases);
    }
    if config.latency {
        latency::add_spikes(&answers.optional("LATENCY LATEST"), metrics);
        latency::add_histograms(&answers.optional("LATENCY HISTOGRAM"), &info, metrics);
    }
    let (length, newest) = (answers.optional("SLOWLOG LEN"), answers.optional("SLOWLOG GET"));
    latency::add_slow_log(&length, &newest, metrics);

    if info.is_cluster() {
        // A node of a cluster has one database.
        databases = 1;
        let mut answers = client.ask(&[vec!["CLUSTER", "INFO"]])?;
        if let Some(text) = answers.optional("CLUSTER INFO").as_text() {
            info::add_cluster(text, metrics);
        }
    }
    if config.empty_databases {
        info.add_empty_databases(databases, metrics);
    }
    if info.is_sentinel() {
        sentinel::add(&mut client, metrics)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
