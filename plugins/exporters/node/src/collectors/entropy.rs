//! Randomness, from `/proc/sys/kernel/random`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, number, proc};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for (file, name, help) in [
        (
            "sys/kernel/random/entropy_avail",
            "node_entropy_available_bits",
            "Bits of available entropy.",
        ),
        ("sys/kernel/random/poolsize", "node_entropy_pool_size_bits", "Bits of entropy pool."),
    ] {
        metrics.gauge(name, help).set(number(file, Some(proc(file)?.trim()))?);
    }
    Ok(())
}
