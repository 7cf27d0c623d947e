//! What the receiver counts of itself.

use narthex_platform::{Counter, Histogram, Metrics};

/// Seconds: from a request of a few samples to one that waits for a sync.
const SECONDS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];

#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) accepted: Counter,
    pub(crate) refused: Counter,
    pub(crate) failed: Counter,
    pub(crate) seconds: Histogram,
    pub(crate) bytes: Counter,
    pub(crate) samples: Counter,
    pub(crate) invalid_labels: Counter,
}

impl Telemetry {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let requests = |outcome| {
            let help = "Remote write requests by what became of them.";
            metrics.counter("narthex_remote_write_requests_total", help, &[("outcome", outcome)])
        };
        Self {
            accepted: requests("accepted"),
            refused: requests("refused"),
            failed: requests("failed"),
            seconds: metrics.histogram(
                "narthex_remote_write_request_seconds",
                "From the whole body to the answer.",
                &[],
                &SECONDS,
            ),
            bytes: metrics.counter(
                "narthex_remote_write_bytes_total",
                "Bytes of bodies, compressed, that were received.",
                &[],
            ),
            samples: metrics.counter(
                "narthex_remote_write_samples_total",
                "Samples and histograms that were stored.",
                &[],
            ),
            invalid_labels: metrics.counter(
                "prometheus_api_remote_write_invalid_labels_samples_total",
                "The total number of received remote write samples and histogram samples which were rejected due to invalid labels.",
                &[],
            ),
        }
    }
}
