//! Settings of the server. Each is asked for by name: an answer to `CONFIG GET *` would hold passwords.

use narthex_sdk::Metrics;

use crate::resp::Reply;

/// The settings that are asked for.
pub(crate) const ASKED: &[&str] = &[
    "databases",
    "io-threads",
    "maxclients",
    "maxmemory",
    "repl-backlog-size",
    "client-output-buffer-limit",
];

/// The number of databases of a server that does not say it.
pub(crate) const DATABASES_DEFAULT: usize = 16;

/// No server has more; each is two series.
const DATABASES_MAX: usize = 10_000;

/// Adds one setting. Answers the number of databases, if it is this.
pub(crate) fn add(name: &str, answer: &Reply, metrics: &mut Metrics) -> Option<usize> {
    let value = answer.value(name)?;
    match name {
        "databases" => return value.parse().ok().map(|count: usize| count.min(DATABASES_MAX)),
        "client-output-buffer-limit" => add_limits(value, metrics),
        _ => {
            if let Ok(value) = value.parse::<f64>() {
                let metric = format!("redis_config_{}", name.replace('-', "_"));
                metrics.gauge(&metric, &format!("The setting {name}.")).set(value);
            }
        }
    }
    None
}

/// `normal 0 0 0 slave 268435456 67108864 60`: the class, the hard limit, the soft one, and for how long the soft one may
/// be passed.
fn add_limits(value: &str, metrics: &mut Metrics) {
    let words: Vec<&str> = value.split(' ').collect();
    for limit in words.chunks_exact(4) {
        let [class, hard, soft, seconds] = limit else { continue };
        for (kind, bytes) in [("hard", hard), ("soft", soft)] {
            if let Ok(bytes) = bytes.parse::<f64>() {
                metrics
                    .gauge(
                        "redis_config_client_output_buffer_limit_bytes",
                        "What may wait for a client before it is dropped.",
                    )
                    .sample(&[("class", class), ("limit", kind)], bytes);
            }
        }
        if let Ok(seconds) = seconds.parse::<f64>() {
            metrics
                .gauge(
                    "redis_config_client_output_buffer_limit_overcome_seconds",
                    "How long the soft limit may be passed before a client is dropped.",
                )
                .sample(&[("class", class), ("limit", "soft")], seconds);
        }
    }
}
