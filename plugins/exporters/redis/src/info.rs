//! The answer of `INFO`: lines of `field:value` in sections, and the metrics that they become.

use narthex_sdk::{Metrics, clock};

use crate::names::{COUNTERS, GAUGES};

/// Fields by their sections, in the order of the answer.
pub(crate) struct Info<'a> {
    fields: Vec<Field<'a>>,
}

struct Field<'a> {
    section: &'a str,
    name: &'a str,
    value: &'a str,
}

/// What `instance_info` tells as labels.
const OF_INSTANCE: [&str; 10] = [
    "role",
    "redis_version",
    "redis_build_id",
    "redis_mode",
    "os",
    "maxmemory_policy",
    "tcp_port",
    "run_id",
    "process_id",
    "master_replid",
];
/// What it tells of a Valkey besides.
const OF_VALKEY: [&str; 2] = ["valkey_version", "valkey_release_stage"];

const STATISTICS: &str = "cmdstat_";
const PERCENTILES: &str = "latency_percentiles_usec_";
const THREAD: &str = "used_active_time_io_thread_";

impl<'a> Info<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut fields = Vec::new();
        let mut section = "";
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("# ") {
                section = name;
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push(Field { section, name, value });
            }
        }
        Self { fields }
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.value("cluster_enabled") == Some("1")
    }

    pub(crate) fn is_sentinel(&self) -> bool {
        self.fields.iter().any(|field| field.section == "Sentinel")
    }

    /// The last value of a field.
    fn value(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().rfind(|field| field.name == name).map(|field| field.value)
    }

    fn of_section(&self, section: &str) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(move |field| field.section == section)
    }

    /// Microseconds that a command took so far, its subcommands included.
    pub(crate) fn microseconds_of(&self, command: &str) -> f64 {
        let own = self.of_section("Commandstats").filter(|field| {
            let rest = field.name.strip_prefix(STATISTICS);
            let rest = rest.and_then(|name| name.strip_prefix(command));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('|'))
        });
        own.filter_map(|field| part(field.value, "usec")).sum()
    }

    /// Adds all that it says.
    pub(crate) fn add(&self, metrics: &mut Metrics) {
        for field in &self.fields {
            match field.section {
                "Replication" if self.add_replica(field, metrics) => {}
                "Commandstats" => add_statistics(field, metrics),
                "Latencystats" => self.add_percentiles(field, metrics),
                "Errorstats" => add_error(field, metrics),
                "Keyspace" => add_database(field, metrics),
                "Sentinel" if add_watched(field, metrics) => {}
                _ => add_plain(field.name, field.value, metrics),
            }
        }
        self.add_start(metrics);
        self.add_instance(metrics);
    }

    /// Adds databases up to `count` of which it says nothing, as they have no keys.
    pub(crate) fn add_empty_databases(&self, count: usize, metrics: &mut Metrics) {
        for name in (0..count).map(|number| format!("db{number}")) {
            if !self.of_section("Keyspace").any(|field| field.name == name) {
                db_keys(metrics, &name, 0.0);
                db_keys_expiring(metrics, &name, 0.0);
            }
        }
    }

    fn add_start(&self, metrics: &mut Metrics) {
        if let Some(uptime) = self.value("uptime_in_seconds").and_then(number) {
            let now_s = clock::now_ms().div_euclid(1000);
            metrics
                .gauge("redis_start_time_seconds", "When the server started.")
                .set(now_s as f64 - uptime);
        }
    }

    fn add_instance(&self, metrics: &mut Metrics) {
        let own = OF_INSTANCE.map(|name| (name, self.value(name).unwrap_or_default()));
        let of_valkey = OF_VALKEY.iter().filter_map(|name| Some((*name, self.value(name)?)));
        let labels: Vec<_> = own.into_iter().chain(of_valkey).collect();
        metrics.gauge("redis_instance_info", "What the server is.").sample(&labels, true);
        if self.value("role") == Some("slave") {
            let labels = [
                ("master_host", self.value("master_host").unwrap_or_default()),
                ("master_port", self.value("master_port").unwrap_or_default()),
                ("read_only", self.value("slave_read_only").unwrap_or_default()),
            ];
            metrics.gauge("redis_slave_info", "Whose replica the server is.").sample(&labels, true);
        }
    }

    /// Adds a field that is about the other side of a replication. False if it is about something else.
    fn add_replica(&self, field: &Field<'_>, metrics: &mut Metrics) -> bool {
        if is_numbered(field.name, "slave") {
            add_connected_replica(field.value, metrics);
            return true;
        }
        // `master_link_status`; a KeyDB with several masters says `master_1_link_status`.
        let own = field.name.strip_prefix("master_");
        let (number, rest) = match own.and_then(|rest| rest.split_once('_')) {
            Some((number, rest)) if number.chars().all(|c| c.is_ascii_digit()) => {
                (format!("_{number}"), rest)
            }
            _ => (String::new(), own.unwrap_or_default()),
        };
        let (name, help, value) = match (field.name, rest) {
            ("slave_repl_offset", _) => {
                ("slave_repl_offset", "How far the replica has come.", number_or_zero(field.value))
            }
            (_, "link_status") => {
                let is_up = if field.value == "up" { 1.0 } else { 0.0 };
                ("master_link_up", "Whether the replica is connected to its master.", is_up)
            }
            (_, "last_io_seconds_ago") => (
                "master_last_io_seconds_ago",
                "Seconds since the master said something.",
                number_or_zero(field.value),
            ),
            (_, "sync_in_progress") => (
                "master_sync_in_progress",
                "Whether the master is sending everything.",
                number_or_zero(field.value),
            ),
            _ => return false,
        };
        let of_master = |what: &str| {
            self.value(&format!("master{number}_{what}"))
                .or_else(|| self.value(&format!("master_{what}")))
                .unwrap_or_default()
        };
        let labels = [("master_host", of_master("host")), ("master_port", of_master("port"))];
        metrics.gauge(&format!("redis_{name}"), help).sample(&labels, value);
        true
    }

    /// Percentiles are told without the number and the sum of what they are about; `Commandstats` has those.
    fn add_percentiles(&self, field: &Field<'_>, metrics: &mut Metrics) {
        let Some(command) = field.name.strip_prefix(PERCENTILES) else { return };
        let Some(statistics) = self.value(&format!("{STATISTICS}{command}")) else { return };
        let (Some(calls), Some(sum)) = (part(statistics, "calls"), part(statistics, "usec")) else {
            return;
        };
        let percentile =
            |(name, value): (&str, &str)| Some((number(name.strip_prefix('p')?)?, number(value)?));
        let percentiles: Vec<_> = parts(field.value).filter_map(percentile).collect();
        let family = metrics.summary(
            "redis_latency_percentiles_usec",
            "Percentiles of the time that a command took, in microseconds.",
        );
        family.summary(&[("cmd", command)], &percentiles, sum, whole(calls));
    }
}

/// Adds the answer of `CLUSTER INFO`, which has no sections.
pub(crate) fn add_cluster(text: &str, metrics: &mut Metrics) {
    for field in Info::parse(text).fields {
        add_plain(field.name, field.value, metrics);
    }
}

/// Adds a field whose value is a number or a state, by the tables.
fn add_plain(name: &str, value: &str, metrics: &mut Metrics) {
    let Some(value) = number(value) else { return };
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(field, _)| *field == name).map(|(_, metric)| *metric)
    };
    let help = format!("The field {name} of INFO.");
    if is_numbered(name, THREAD)
        && let Some(thread) = name.strip_prefix(THREAD)
    {
        metrics
            .counter(
                "redis_active_time_io_thread_seconds_total",
                "Time that a thread for input and output was busy.",
            )
            .sample(&[("thread", thread)], value);
    } else if name == "latest_fork_usec" {
        metrics.gauge("redis_latest_fork_seconds", "How long the last fork took.").set(value / 1e6);
    } else if let Some(metric) = find(GAUGES) {
        metrics.gauge(&format!("redis_{metric}"), &help).set(value);
    } else if let Some(metric) = find(COUNTERS) {
        metrics.counter(&format!("redis_{metric}"), &help).set(value);
    } else if name.starts_with("cluster_") {
        metrics.gauge(&format!("redis_{name}"), &help).set(value);
    }
}

fn add_statistics(field: &Field<'_>, metrics: &mut Metrics) {
    let Some(command) = field.name.strip_prefix(STATISTICS) else { return };
    let labels = [("cmd", command)];
    for (own, metric, help, scale) in [
        ("calls", "commands_total", "How often a command was called.", 1.0),
        ("usec", "commands_duration_seconds_total", "How long a command took, all calls.", 1e6),
        (
            "rejected_calls",
            "commands_rejected_calls_total",
            "How often a command was refused before it ran.",
            1.0,
        ),
        ("failed_calls", "commands_failed_calls_total", "How often a command failed.", 1.0),
    ] {
        if let Some(value) = part(field.value, own) {
            metrics.counter(&format!("redis_{metric}"), help).sample(&labels, value / scale);
        }
    }
}

fn add_error(field: &Field<'_>, metrics: &mut Metrics) {
    let kind = field.name.strip_prefix("errorstat_");
    if let (Some(kind), Some(count)) = (kind, part(field.value, "count")) {
        metrics
            .counter("redis_errors_total", "Errors that were answered, by their first word.")
            .sample(&[("err", kind)], count);
    }
}

/// `db0:keys=1,expires=0,avg_ttl=0`; KeyDB adds `cached_keys`.
fn add_database(field: &Field<'_>, metrics: &mut Metrics) {
    let (Some(keys), Some(expiring)) = (part(field.value, "keys"), part(field.value, "expires"))
    else {
        return;
    };
    db_keys(metrics, field.name, keys);
    db_keys_expiring(metrics, field.name, expiring);
    let labels = [("db", field.name)];
    if let Some(ttl_ms) = part(field.value, "avg_ttl") {
        metrics
            .gauge("redis_db_avg_ttl_seconds", "The mean time that expiring keys have left.")
            .sample(&labels, ttl_ms / 1000.0);
    }
    if let Some(cached) = part(field.value, "cached_keys") {
        metrics.gauge("redis_db_keys_cached", "Keys in memory.").sample(&labels, cached);
    }
}

fn db_keys(metrics: &mut Metrics, database: &str, count: f64) {
    metrics.gauge("redis_db_keys", "Keys in a database.").sample(&[("db", database)], count);
}

fn db_keys_expiring(metrics: &mut Metrics, database: &str, count: f64) {
    metrics
        .gauge("redis_db_keys_expiring", "Keys in a database that expire.")
        .sample(&[("db", database)], count);
}

/// `slave0:ip=10.0.0.1,port=6379,state=online,offset=17,lag=0`.
fn add_connected_replica(value: &str, metrics: &mut Metrics) {
    let text =
        |name| parts(value).find(|(own, _)| *own == name).map(|(_, v)| v).unwrap_or_default();
    let labels =
        [("slave_ip", text("ip")), ("slave_port", text("port")), ("slave_state", text("state"))];
    let Some(offset) = part(value, "offset") else { return };
    metrics
        .gauge("redis_connected_slave_offset_bytes", "How far a replica has come.")
        .sample(&labels, offset);
    if let Some(lag) = part(value, "lag") {
        metrics
            .gauge("redis_connected_slave_lag_seconds", "Seconds since a replica said something.")
            .sample(&labels, lag);
    }
}

/// `master0:name=users,status=ok,address=10.0.0.1:6379,slaves=2,sentinels=3`, as a sentinel says it. False if it is
/// about something else.
fn add_watched(field: &Field<'_>, metrics: &mut Metrics) -> bool {
    if !is_numbered(field.name, "master") {
        return false;
    }
    let text =
        |name| parts(field.value).find(|(own, _)| *own == name).map(|(_, v)| v).unwrap_or_default();
    let status = text("status");
    let labels = [("master_name", text("name")), ("master_address", text("address"))];
    let [name, address] = labels;
    metrics
        .gauge("redis_sentinel_master_status", "Whether a master is well.")
        .sample(&[name, address, ("master_status", status)], status == "ok");
    for (own, metric, help) in [
        ("slaves", "sentinel_master_slaves", "Replicas of a master."),
        ("sentinels", "sentinel_master_sentinels", "Sentinels that watch a master."),
    ] {
        if let Some(value) = part(field.value, own) {
            metrics.gauge(&format!("redis_{metric}"), help).sample(&labels, value);
        }
    }
    true
}

fn is_numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `a=1,b=2`.
fn parts(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split(',').filter_map(|part| part.split_once('='))
}

fn part(value: &str, name: &str) -> Option<f64> {
    parts(value).find(|(own, _)| *own == name).and_then(|(_, value)| number(value))
}

/// A number, or a state as one.
fn number(text: &str) -> Option<f64> {
    match text {
        "ok" | "true" => Some(1.0),
        "err" | "fail" | "false" => Some(0.0),
        _ => text.parse().ok(),
    }
}

fn number_or_zero(text: &str) -> f64 {
    number(text).unwrap_or_default()
}

/// A count as it stands in the text, which has no fraction.
fn whole(count: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let whole = count as u64;
    whole
}
