//! Bonds of network devices, from `/sys/class/net/<bond>/bonding`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, no_data, sys};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let masters = if_there(sys("class/net/bonding_masters"))?;
    for master in masters.ok_or_else(|| no_data("bonds"))?.split_ascii_whitespace() {
        let slaves = sys(&format!("class/net/{master}/bonding/slaves"))?;
        let (mut count, mut active) = (0_u32, 0_u32);
        for slave in slaves.split_ascii_whitespace() {
            count += 1;
            active += u32::from(is_up(master, slave)?);
        }
        let labels = [("master", master)];
        metrics
            .gauge("node_bonding_slaves", "Number of configured slaves per bonding interface.")
            .sample(&labels, count);
        metrics
            .gauge("node_bonding_active", "Number of active slaves per bonding interface.")
            .sample(&labels, active);
    }
    Ok(())
}

/// Old kernels call the link `slave_…`.
fn is_up(master: &str, slave: &str) -> Result<bool, Error> {
    let status =
        |prefix| sys(&format!("class/net/{master}/{prefix}_{slave}/bonding_slave/mii_status"));
    let status = match if_there(status("lower"))? {
        Some(text) => text,
        None => status("slave")?,
    };
    Ok(status == "up")
}
