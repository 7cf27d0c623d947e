//! Alerts to a server that notifies of them, and the receiver that it notifies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::http::{Connection, split};

/// Alerts in one request: what a Prometheus sends unless it is told otherwise.
const ALERTS_A_REQUEST: usize = 256;

/// A notification larger than this is a mistake.
const NOTIFICATION_BYTES_MAX: u64 = 64 << 20;

/// What is sent where.
#[derive(Debug, Clone)]
pub struct AlertRun {
    /// The server, without a path.
    pub url: String,
    /// The port at which the receiver listens.
    pub receiver: u16,
    /// How many alerts fire.
    pub alerts: usize,
    /// In how many groups, by `alertname`.
    pub groups: usize,
    /// Between the beginnings of two rounds, in each of which every alert is sent.
    pub interval: Duration,
    /// How long alerts are sent.
    pub duration: Duration,
}

/// What the receiver has seen.
#[derive(Debug, Default)]
struct Seen {
    notifications: AtomicU64,
    bytes: AtomicU64,
}

/// Sends alerts round by round, and asks for all alerts and the metrics each second meanwhile.
///
/// # Errors
/// When the server refuses alerts or is not there.
pub fn run_alerts(run: &AlertRun) -> anyhow::Result<Value> {
    let seen = Arc::new(Seen::default());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, run.receiver)).context("listen")?;
    let for_receiver = Arc::clone(&seen);
    // Ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&for_receiver);
            thread::spawn(move || receive(stream, &seen));
        }
    });
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let looks = scope.spawn(|| look(&run.url, &ends));
        let sent = send(run);
        ends.store(true, Ordering::Release);
        let looks = looks.join().map_err(|_| anyhow::anyhow!("the reader panicked"))??;
        let [alerts, metrics] = looks;
        let (rounds, posts) = sent?;
        Ok(json!({
            "rounds": rounds,
            "posts": posts.len(),
            "post_ms": distribution(posts),
            "alerts_ms": distribution(alerts),
            "metrics_ms": distribution(metrics),
            "notifications": seen.notifications.load(Ordering::Acquire),
            "notified_bytes": seen.bytes.load(Ordering::Acquire),
        }))
    })
}

fn send(run: &AlertRun) -> anyhow::Result<(u64, Vec<f64>)> {
    let (host, _) = split(&run.url)?;
    let mut connection = Connection::open(host)?;
    let (began, mut rounds, mut posts) = (Instant::now(), 0, Vec::new());
    while began.elapsed() < run.duration {
        let round = Instant::now();
        for body in &bodies(run, rounds) {
            let body = body.to_string();
            let asked = Instant::now();
            let headers = "Content-Type: application/json\r\n";
            let (status, body) = connection.post("/api/v2/alerts", headers, body.as_bytes())?;
            posts.push(asked.elapsed().as_secs_f64() * 1e3);
            ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(&body));
        }
        rounds += 1;
        thread::sleep(run.interval.saturating_sub(round.elapsed()));
    }
    Ok((rounds, posts))
}

/// Two groups after one another share a cluster, and the first of them is critical: inhibition may go
/// by that. The text of every tenth alert has a value, which is another one in every round.
fn bodies(run: &AlertRun, round: u64) -> Vec<Value> {
    let alerts: Vec<Value> = (0..run.alerts)
        .map(|index| {
            let group = index % run.groups.max(1);
            let value = if index.is_multiple_of(10) { round } else { 0 };
            let severity = if group.is_multiple_of(2) { "critical" } else { "warning" };
            json!({
                "labels": {
                    "alertname": format!("Alert{group}"),
                    "cluster": format!("c{}", group / 2),
                    "instance": format!("host-{index}.example:9100"),
                    "job": "node",
                    "severity": severity,
                },
                "annotations": {
                    "summary": format!("host-{index} does not do what it should"),
                    "description": format!("The value is {value}% above its threshold."),
                },
                "generatorURL": "http://prometheus.example/graph?g0.expr=up",
            })
        })
        .collect();
    alerts.chunks(ALERTS_A_REQUEST).map(|part| json!(part)).collect()
}

/// What a person and a Prometheus ask of the server.
fn look(url: &str, ends: &AtomicBool) -> anyhow::Result<[Vec<f64>; 2]> {
    let (host, _) = split(url)?;
    let mut connection = Connection::open(host)?;
    let mut looks = [Vec::new(), Vec::new()];
    while !ends.load(Ordering::Acquire) {
        for (path, looks) in ["/api/v2/alerts", "/metrics"].iter().zip(&mut looks) {
            let asked = Instant::now();
            let (status, _) = connection.get(path)?;
            ensure!(status == 200, "{path}: status {status}");
            looks.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        thread::sleep(Duration::from_secs(1));
    }
    Ok(looks)
}

/// Answers 200 to every request on a connection.
fn receive(stream: TcpStream, seen: &Seen) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut len = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line.trim_end().is_empty() { break } else { continue }
            };
            if name.eq_ignore_ascii_case("content-length") {
                len = value.trim().parse().context("the length of a notification")?;
            }
        }
        ensure!(len <= NOTIFICATION_BYTES_MAX, "a notification of {len} bytes");
        let read = std::io::copy(&mut (&mut stream).take(len), &mut std::io::sink())?;
        seen.notifications.fetch_add(1, Ordering::AcqRel);
        seen.bytes.fetch_add(read, Ordering::AcqRel);
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
}

fn distribution(mut millis: Vec<f64>) -> Value {
    millis.sort_by(f64::total_cmp);
    let at = |percent: usize| millis.get((millis.len().saturating_sub(1)) * percent / 100);
    json!({ "p50": at(50), "p99": at(99), "max": at(100) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_dealt_to_groups_and_requests() {
        let run = AlertRun {
            url: String::new(),
            receiver: 0,
            alerts: 520,
            groups: 4,
            interval: Duration::ZERO,
            duration: Duration::ZERO,
        };
        let bodies = bodies(&run, 7);
        let lens: Vec<usize> = bodies.iter().map(|it| it.as_array().unwrap().len()).collect();
        assert_eq!(lens, [256, 256, 8]);
        let labels = |index: usize| bodies[0][index]["labels"].clone();
        assert_eq!(labels(2)["alertname"], json!("Alert2"));
        assert_eq!((&labels(2)["cluster"], &labels(3)["cluster"]), (&json!("c1"), &json!("c1")));
        assert_eq!(labels(3)["severity"], json!("warning"));
    }

    #[test]
    fn a_distribution_has_its_largest() {
        let told = distribution((1..=200).map(f64::from).collect());
        assert_eq!(told, json!({ "p50": 100.0, "p99": 198.0, "max": 200.0 }));
        assert_eq!(distribution(Vec::new()), json!({ "p50": null, "p99": null, "max": null }));
    }
}
