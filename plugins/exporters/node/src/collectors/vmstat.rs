//! Paging, from `/proc/vmstat`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, number, proc};

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let fields = &scrape.config.vmstat;
    for line in proc("vmstat")?.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(field) = words.next().filter(|field| fields.has(field, is_wanted)) else {
            continue;
        };
        let value = number("vmstat", words.next())?;
        metrics
            .untyped(
                &format!("node_vmstat_{field}"),
                &format!("/proc/vmstat information field {field}."),
            )
            .set(value);
    }
    Ok(())
}

/// `^(oom_kill|pgpg|pswp|pg.*fault).*`, as node_exporter has it.
fn is_wanted(field: &str) -> bool {
    ["oom_kill", "pgpg", "pswp"].iter().any(|prefix| field.starts_with(prefix))
        || field.strip_prefix("pg").is_some_and(|rest| rest.contains("fault"))
}
