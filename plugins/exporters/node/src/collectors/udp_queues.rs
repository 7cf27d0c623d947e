//! Bytes that wait in UDP sockets, from `/proc/net/udp` and `udp6`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, hexadecimal, no_data, proc_if_there};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let mut found = false;
    for (file, ip) in [("net/udp", "v4"), ("net/udp6", "v6")] {
        let Some(text) = proc_if_there(file)? else { continue };
        found = true;
        let (mut sent, mut received) = (0.0, 0.0);
        // The first line is a heading; the fifth column is `tx_queue:rx_queue`.
        for line in text.lines().skip(1) {
            let queues = line.split_ascii_whitespace().nth(4).and_then(|word| word.split_once(':'));
            sent += hexadecimal(file, queues.map(|(tx, _)| tx))?;
            received += hexadecimal(file, queues.map(|(_, rx)| rx))?;
        }
        metrics
            .gauge(
                "node_udp_queues",
                "Number of allocated memory in the kernel for UDP datagrams in bytes.",
            )
            .sample(&[("queue", "tx"), ("ip", ip)], sent)
            .sample(&[("queue", "rx"), ("ip", ip)], received);
    }
    if found { Ok(()) } else { Err(no_data("UDP sockets")) }
}
