//! The kernel's load balancer, from `/proc/net/ip_vs_stats` and `/proc/net/ip_vs`.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, hexadecimal, no_data, number, proc, proc_if_there};

const STATISTICS: &str = "net/ip_vs_stats";
const BACKENDS: &str = "net/ip_vs";

/// Columns of the statistics, in order.
const TOTALS: [(&str, &str); 5] = [
    ("node_ipvs_connections_total", "The total number of connections made."),
    ("node_ipvs_incoming_packets_total", "The total number of incoming packets."),
    ("node_ipvs_outgoing_packets_total", "The total number of outgoing packets."),
    ("node_ipvs_incoming_bytes_total", "The total amount of incoming data."),
    ("node_ipvs_outgoing_bytes_total", "The total amount of outgoing data."),
];

/// The labels of a backend, in order.
pub(crate) const LABELS: [&str; 6] =
    ["local_address", "local_port", "remote_address", "remote_port", "proto", "local_mark"];

/// A service: address, port, protocol, mark of the firewall.
#[derive(Default)]
struct Service {
    address: String,
    port: u16,
    proto: String,
    mark: String,
}

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let statistics = proc_if_there(STATISTICS)?.ok_or_else(|| no_data("load balancer"))?;
    // Two lines of heading.
    let mut words = statistics.lines().nth(2).unwrap_or_default().split_ascii_whitespace();
    for (name, help) in TOTALS {
        metrics.counter(name, help).set(hexadecimal(STATISTICS, words.next())?);
    }
    for (labels, [weight, active, inactive]) in backends(scrape)? {
        let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
        metrics
            .gauge(
                "node_ipvs_backend_connections_active",
                "The current active connections by local and remote address.",
            )
            .sample(&labels, active);
        metrics
            .gauge(
                "node_ipvs_backend_connections_inactive",
                "The current inactive connections by local and remote address.",
            )
            .sample(&labels, inactive);
        metrics
            .gauge(
                "node_ipvs_backend_weight",
                "The current backend weight by local and remote address.",
            )
            .sample(&labels, weight);
    }
    Ok(())
}

/// Weight and connections, added up over what the chosen labels do not tell apart.
type Backends = BTreeMap<Vec<(&'static str, String)>, [f64; 3]>;

fn backends(scrape: &Scrape<'_>) -> Result<Backends, Error> {
    let chosen = scrape.config.ipvs.backend_labels.as_ref();
    let is_chosen =
        |label: &str| chosen.is_none_or(|chosen| chosen.iter().any(|name| name == label));
    let mut backends = Backends::new();
    let mut service = Service::default();
    for line in proc(BACKENDS)?.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["->", "RemoteAddress:Port", ..] => {}
            ["->", remote, _forward, weight, active, inactive, ..] => {
                let (address, port) = endpoint(remote)?;
                let values = [
                    service.address.clone(),
                    service.port.to_string(),
                    address,
                    port.to_string(),
                    service.proto.clone(),
                    service.mark.clone(),
                ];
                let labels = LABELS.into_iter().zip(values).filter(|(label, _)| is_chosen(label));
                let sums = backends.entry(labels.collect()).or_default();
                for (sum, word) in sums.iter_mut().zip([weight, active, inactive]) {
                    *sum += number(BACKENDS, Some(word))?;
                }
            }
            [proto @ ("TCP" | "UDP"), local, ..] => {
                let (address, port) = endpoint(local)?;
                service = Service { address, port, proto: proto.into(), mark: String::new() };
            }
            ["FWM", mark, ..] => {
                service = Service { proto: "FWM".into(), mark: mark.into(), ..Service::default() };
            }
            _ => {}
        }
    }
    Ok(backends)
}

/// `C0A80016:0CEA` or `[2620:0000:…]:0050`.
fn endpoint(text: &str) -> Result<(String, u16), Error> {
    let parsed = text.rsplit_once(':').and_then(|(address, port)| {
        let port = u16::from_str_radix(port, 16).ok()?;
        let address = match address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(six) => IpAddr::V6(six.parse::<Ipv6Addr>().ok()?),
            None => IpAddr::V4(Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?)),
        };
        Some((address.to_string(), port))
    });
    parsed
        .ok_or_else(|| Error::protocol(format!("{BACKENDS} has {text:?} where an address belongs")))
}
