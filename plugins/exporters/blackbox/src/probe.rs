//! What probes have in common: the time they have, the metrics they share, and whose fault a failure is.

use std::{net::SocketAddr, time::Duration};

use narthex_sdk::{Error, Exposition, Label, Metrics, clock::Stopwatch, facts};

/// A probe under way.
pub(crate) struct Probe {
    pub(crate) metrics: Metrics,
    watch: Stopwatch,
    time: Duration,
}

/// Why a probe did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operator's or ours: there is no answer.
    Ours(Error),
    /// What was probed is not as it should be: the answer says so.
    Theirs(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.is_ours() { Self::Ours(error) } else { Self::Theirs(error.message) }
    }
}

/// What was probed is not as it should be.
pub(crate) fn failed<T>(reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Theirs(reason.into()))
}

impl Probe {
    pub(crate) fn start(time: Duration) -> Self {
        Self { metrics: Metrics::new(), watch: Stopwatch::start(), time }
    }

    /// What is left of its time.
    pub(crate) fn left(&self) -> Duration {
        self.time.saturating_sub(self.watch.elapsed())
    }

    /// A gauge without labels.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: impl narthex_sdk::Value) {
        self.metrics.gauge(name, help).set(value);
    }

    /// Tells which address was probed, and how long its name took.
    pub(crate) fn add_address(&mut self, facts: &[Label]) {
        let took = facts::time(facts, "resolve-ns").unwrap_or_default();
        let address = facts::text(facts, "address").and_then(|text| text.parse().ok());
        let (protocol, hash) = match address.map(|address: SocketAddr| address.ip()) {
            Some(std::net::IpAddr::V4(ip)) => (4, hash(&ip.octets())),
            Some(std::net::IpAddr::V6(ip)) => (6, hash(&ip.octets())),
            None => (0, 0),
        };
        let help = "How long the name took to look up.";
        self.gauge("probe_dns_lookup_time_seconds", help, took.as_secs_f64());
        self.gauge("probe_ip_protocol", "The version of the internet protocol.", protocol);
        let help = "A hash of the address, to see when it changes.";
        self.gauge("probe_ip_addr_hash", help, hash);
    }

    /// The answer.
    pub(crate) fn finish(mut self, is_success: bool) -> Exposition {
        self.gauge("probe_success", "Whether the probe succeeded.", is_success);
        let took = self.watch.elapsed().as_secs_f64();
        self.gauge("probe_duration_seconds", "How long the probe took.", took);
        let time = self.time.as_secs_f64();
        self.gauge("probe_timeout_seconds", "How long the probe might have taken.", time);
        self.metrics.text()
    }
}

/// FNV-1a in 32 bits, by which blackbox_exporter tells addresses apart.
fn hash(octets: &[u8]) -> u32 {
    let step = |hash: u32, octet: &u8| (hash ^ u32::from(*octet)).wrapping_mul(16_777_619);
    octets.iter().fold(2_166_136_261, step)
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn addresses_have_the_hashes_that_fnv_gives_them() {
        assert_eq!(hash(b""), 0x811c_9dc5);
        assert_eq!(hash(b"a"), 0xe40c_292c);
        assert_eq!(hash(b"foobar"), 0xbf9c_f968);
    }
}
