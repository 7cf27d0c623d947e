//! Neighbours by device, from `/proc/net/arp`.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Metrics};

use crate::{
    filter::nothing,
    source::{Scrape, proc},
};

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let filter = scrape.config.arp.filter(nothing);
    let arp = proc("net/arp")?;
    let mut entries: BTreeMap<&str, u32> = BTreeMap::new();
    // The first line is a heading.
    for device in arp.lines().skip(1).filter_map(|line| line.split_ascii_whitespace().nth(5)) {
        *entries.entry(device).or_default() += 1;
    }
    for (device, count) in entries.into_iter().filter(|(device, _)| !filter.hides(device)) {
        metrics
            .gauge("node_arp_entries", "ARP entries by device")
            .sample(&[("device", device)], count);
    }
    Ok(())
}
