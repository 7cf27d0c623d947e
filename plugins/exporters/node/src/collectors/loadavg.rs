//! Load averages, from `/proc/loadavg`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, number, proc};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let loadavg = proc("loadavg")?;
    let mut words = loadavg.split_ascii_whitespace();
    for (name, help) in [
        ("node_load1", "1m load average."),
        ("node_load5", "5m load average."),
        ("node_load15", "15m load average."),
    ] {
        metrics.gauge(name, help).set(number("loadavg", words.next())?);
    }
    Ok(())
}
