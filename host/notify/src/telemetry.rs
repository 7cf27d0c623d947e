//! What the room counts, with the names of Prometheus.

use std::time::Duration;

use narthex_platform::{Counter, Histogram, Metrics, Summary};

/// Upper bounds of durations, in seconds.
const BOUNDS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

/// The label that names an Alertmanager, by its URL.
pub(crate) const ALERTMANAGER: &str = "alertmanager";

/// What is counted of one Alertmanager.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    sent: Counter,
    errors: Counter,
    dropped: Counter,
    took: Summary,
    took_buckets: Histogram,
}

impl Counts {
    pub(crate) fn of(url: &str, metrics: &Metrics) -> Self {
        let labels = [(ALERTMANAGER, url)];
        let counter = |name: &str, help: &str| metrics.counter(name, help, &labels);
        let help = "How long it took to send alerts.";
        Self {
            sent: counter(
                "prometheus_notifications_sent_total",
                "Alerts that Alertmanagers have taken.",
            ),
            errors: counter(
                "prometheus_notifications_errors_total",
                "Alerts in requests that failed; they are sent again.",
            ),
            dropped: counter(
                "prometheus_notifications_dropped_total",
                "Alerts that were given up: refused, over for long, or for want of room.",
            ),
            took: metrics.summary("prometheus_notifications_latency_seconds", help, &labels),
            took_buckets: metrics.histogram(
                "prometheus_notifications_latency_histogram_seconds",
                help,
                &labels,
                &BOUNDS,
            ),
        }
    }

    pub(crate) fn sent(&self, alerts: usize, took: Duration) {
        self.sent.add(number(alerts));
        self.took.observe_duration(took);
        self.took_buckets.observe_duration(took);
    }

    pub(crate) fn failed(&self, alerts: usize) {
        self.errors.add(number(alerts));
    }

    pub(crate) fn given_up(&self, alerts: usize) {
        self.dropped.add(number(alerts));
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
