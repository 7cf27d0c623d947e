//! Sockets by protocol and state, from `/proc/net/sockstat` and `sockstat6`.

use narthex_sdk::{Error, Metrics, files};

use crate::source::{PROC, Scrape, number, proc_if_there};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let page_bytes = page_bytes();
    for file in ["net/sockstat", "net/sockstat6"] {
        let Some(text) = proc_if_there(file)? else { continue };
        for line in text.lines() {
            let Some((protocol, pairs)) = line.split_once(':') else { continue };
            let mut words = pairs.split_ascii_whitespace();
            while let Some(state) = words.next() {
                let value = number(file, words.next())?;
                if protocol == "sockets" {
                    metrics
                        .gauge("node_sockstat_sockets_used", "Number of IPv4 sockets in use.")
                        .set(value);
                    continue;
                }
                add(metrics, protocol, state, value);
                if state == "mem" {
                    add(metrics, protocol, "mem_bytes", value * page_bytes);
                }
            }
        }
    }
    Ok(())
}

fn add(metrics: &mut Metrics, protocol: &str, state: &str, value: f64) {
    let name = format!("node_sockstat_{protocol}_{state}");
    metrics.gauge(&name, &format!("Number of {protocol} sockets in state {state}.")).set(value);
}

/// The size of a page, which the kernel tells each process in its auxiliary vector; 4 KiB where that is not to be had.
fn page_bytes() -> f64 {
    /// `AT_PAGESZ` of `getauxval(3)`.
    const PAGE_SIZE_KEY: u64 = 6;
    let vector = files::read(PROC, "self/auxv").unwrap_or_default();
    let (words, _) = vector.as_chunks::<8>();
    let (pairs, _) = words.as_chunks::<2>();
    let size = pairs.iter().find(|[key, _]| u64::from_le_bytes(*key) == PAGE_SIZE_KEY);
    let size = size.and_then(|[_, size]| u32::try_from(u64::from_le_bytes(*size)).ok());
    size.map_or(4096.0, f64::from)
}
