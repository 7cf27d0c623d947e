//! How long commands took: spikes, histograms, and the log of slow commands.

use narthex_sdk::{Histogram, Metrics};

use crate::{info::Info, resp::Reply};

/// What is asked, in the order of the answers.
pub(crate) const ASKED: [&[&str]; 2] = [&["LATENCY", "LATEST"], &["LATENCY", "HISTOGRAM"]];
/// The same of the slow log.
pub(crate) const SLOW_LOG_ASKED: [&[&str]; 2] = [&["SLOWLOG", "LEN"], &["SLOWLOG", "GET", "1"]];

/// `LATENCY LATEST`: for each event its name, when it was, how long it took and the longest, in milliseconds.
pub(crate) fn add_spikes(answer: &Reply, metrics: &mut Metrics) {
    for spike in answer.list() {
        let [event, at, took_ms, ..] = spike.list() else { continue };
        let (Some(event), Some(at), Some(took_ms)) =
            (event.as_text(), at.as_number(), took_ms.as_number())
        else {
            continue;
        };
        let labels = [("event_name", event)];
        metrics
            .gauge("redis_latency_spike_last", "When the last spike of latency was.")
            .sample(&labels, at);
        metrics
            .gauge("redis_latency_spike_duration_seconds", "How long the last spike took.")
            .sample(&labels, took_ms as f64 / 1e3);
    }
}

/// `LATENCY HISTOGRAM`: for each command its calls, and cumulative counts by bounds in microseconds.
pub(crate) fn add_histograms(answer: &Reply, info: &Info<'_>, metrics: &mut Metrics) {
    for (command, facts) in answer.pairs() {
        let fact = |name: &str| facts.pairs().find(|(own, _)| *own == name).map(|(_, value)| value);
        let Some(calls) = fact("calls").and_then(Reply::as_number) else { continue };
        let buckets = fact("histogram_usec").map(Reply::list).unwrap_or_default();
        let buckets: Vec<(f64, u64)> = buckets
            .chunks_exact(2)
            .filter_map(|bucket| match bucket {
                [bound, count] => {
                    Some((bound.as_number()? as f64, count.as_number()?.try_into().ok()?))
                }
                _ => None,
            })
            .collect();
        let bounds: Vec<f64> = buckets.iter().map(|(bound, _)| *bound).collect();
        let mut histogram = Histogram::new(&bounds);
        let mut counted: u64 = 0;
        for (bound, count) in buckets {
            histogram.add(bound, count.saturating_sub(counted));
            counted = count;
        }
        let calls = u64::try_from(calls).unwrap_or_default();
        histogram.add(f64::INFINITY, calls.saturating_sub(counted));
        histogram.add_sum(info.microseconds_of(command));
        metrics
            .histogram(
                "redis_commands_latencies_usec",
                "The time that a command took, in microseconds.",
            )
            .histogram(&[("cmd", command)], &histogram);
    }
}

/// `SLOWLOG LEN`, and the newest entry: its number, when it was, and how long it took in microseconds.
pub(crate) fn add_slow_log(length: &Reply, newest: &Reply, metrics: &mut Metrics) {
    if let Some(length) = length.as_number() {
        metrics.gauge("redis_slowlog_length", "Entries in the slow log.").set(length);
    }
    if *newest == Reply::Nothing {
        return;
    }
    let entry = newest.list().first().map(Reply::list).unwrap_or_default();
    let number = |index: usize| entry.get(index).and_then(Reply::as_number).unwrap_or_default();
    metrics.gauge("redis_slowlog_last_id", "The number of the newest entry.").set(number(0));
    metrics
        .gauge("redis_last_slow_execution_duration_seconds", "How long the newest entry took.")
        .set(number(2) as f64 / 1e6);
}
