//! What a container is: its labels, its limits, its state.

use std::collections::BTreeMap;

use narthex_sdk::{Metrics, clock, time};
use serde::Deserialize;

use crate::{
    Config,
    engine::{Info, Listed},
};

/// States of a container, in the engine's words.
const STATES: [&str; 7] =
    ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

/// Shares of a container that has no other, as the kernel counts them.
const SHARES_DEFAULT: i64 = 1024;
/// The kernel's period for quotas of processor time, in microseconds.
const PERIOD_DEFAULT: i64 = 100_000;

/// The answer of `/containers/{id}/json`. Maps may be null.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Facts {
    name: String,
    created: String,
    restart_count: u64,
    state: State,
    config: Settings,
    host_config: HostConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    #[serde(rename = "OOMKilled")]
    oom_killed: bool,
    exit_code: i64,
    started_at: String,
    health: Option<Health>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Health {
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Settings {
    labels: Option<BTreeMap<String, String>>,
}

/// Limits; 0 for none, as is -1.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    cgroup_parent: String,
    cpu_shares: i64,
    cpu_period: i64,
    cpu_quota: i64,
    nano_cpus: i64,
    memory: i64,
    memory_swap: i64,
    memory_reservation: i64,
}

/// What all metrics of a container have.
pub(crate) struct Labels(Vec<(String, String)>);

impl Labels {
    pub(crate) fn new(container: &Listed, facts: &Facts, info: &Info, config: &Config) -> Self {
        let group = info.group_of(&container.id, &facts.host_config.cgroup_parent);
        let mut labels = vec![
            ("id".to_owned(), group),
            ("image".to_owned(), container.image.clone()),
            ("name".to_owned(), facts.name.trim_start_matches('/').to_owned()),
        ];
        let is_chosen = |name: &String| {
            config.container_labels.as_ref().is_none_or(|chosen| chosen.contains(name))
        };
        for (name, value) in
            facts.config.labels.iter().flatten().filter(|(name, _)| is_chosen(name))
        {
            let name = format!("container_label_{}", narthex_sdk::sanitize(name));
            // Two names may differ in what no label of a metric can hold: the first stays.
            if !labels.iter().any(|(own, _)| *own == name) {
                labels.push((name, value.clone()));
            }
        }
        Self(labels)
    }

    /// These, and what tells samples of a metric apart.
    pub(crate) fn with<'a>(&'a self, own: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let common = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        common.chain(own.iter().copied()).collect()
    }
}

impl Facts {
    /// Adds state and limits.
    pub(crate) fn add(&self, container: &Listed, labels: &Labels, metrics: &mut Metrics) {
        let common = labels.with(&[]);
        let mut gauge = |name: &str, help: &str, value: f64| {
            metrics.gauge(name, help).sample(&common, value);
        };
        // Before its first start it was started in the year 1.
        let moment = |text: &str| time::parse_rfc3339(text).map(f64::floor).filter(|at| *at > 0.0);
        let created = moment(&self.created);
        for (name, help, value) in [
            ("container_creation_time_seconds", "When it was made.", created),
            (
                "container_start_time_seconds",
                "When it last started.",
                moment(&self.state.started_at).or(created),
            ),
        ] {
            if let Some(value) = value {
                gauge(name, help, value);
            }
        }
        let health = match self.state.health.as_ref().map(|health| health.status.as_str()) {
            Some("healthy") => 1.0,
            None | Some("" | "none") => -1.0,
            Some(_) => 0.0,
        };
        gauge("container_health_state", "1 is healthy, 0 is not, -1 has no check.", health);
        if container.runs() {
            let now_s = clock::now_ms().div_euclid(1000) as f64;
            gauge("container_last_seen", "When it was last seen.", now_s);
        } else {
            let code = self.state.exit_code as f64;
            gauge("dockerd_container_exit_code", "With what it ended.", code);
        }
        let killed = f64::from(u8::from(self.state.oom_killed));
        gauge("dockerd_container_oom_killed", "Whether it last ended for want of memory.", killed);
        self.add_limits(&common, metrics);
        metrics
            .counter("dockerd_container_restarts_total", "How often the engine restarted it.")
            .sample(&common, self.restart_count);
        for state in STATES {
            metrics
                .gauge("dockerd_container_state", "Whether a container is in a state.")
                .sample(&labels.with(&[("state", state)]), container.state == state);
        }
    }

    fn add_limits(&self, labels: &[(&str, &str)], metrics: &mut Metrics) {
        let limits = &self.host_config;
        let or = |value: i64, default: i64| if value > 0 { value } else { default };
        let period = or(limits.cpu_period, PERIOD_DEFAULT);
        // Processors by number are a quota in another unit.
        let quota = or(limits.cpu_quota, limits.nano_cpus / (1_000_000_000 / PERIOD_DEFAULT));
        for (name, help, value) in [
            ("cpu_period", "Period of the quota of processor time, in us.", Some(period)),
            (
                "cpu_quota",
                "Quota of processor time in a period, in us.",
                (quota > 0).then_some(quota),
            ),
            (
                "cpu_shares",
                "Share of processor time beside others.",
                Some(or(limits.cpu_shares, SHARES_DEFAULT)),
            ),
            ("memory_limit_bytes", "Limit of memory; 0 for none.", Some(or(limits.memory, 0))),
            (
                "memory_reservation_limit_bytes",
                "Memory that is kept under pressure; 0 for none.",
                Some(or(limits.memory_reservation, 0)),
            ),
            (
                "memory_swap_limit_bytes",
                "Limit of memory and swap together; 0 for none.",
                Some(or(limits.memory_swap, 0)),
            ),
        ] {
            if let Some(value) = value {
                metrics.gauge(&format!("container_spec_{name}"), help).sample(labels, value);
            }
        }
    }
}
