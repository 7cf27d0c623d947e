//! Errors of memory, from `/sys/devices/system/edac/mc/mc<n>`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, numbered, sys_number};

const CONTROLLERS: &str = "devices/system/edac/mc";

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for (id, name) in if_there(numbered(CONTROLLERS, "mc"))?.unwrap_or_default() {
        let folder = format!("{CONTROLLERS}/{name}");
        let controller = &*id.to_string();
        let read = |file: &str| sys_number(&format!("{folder}/{file}"));
        metrics
            .counter("node_edac_correctable_errors_total", "Total correctable memory errors.")
            .sample(&[("controller", controller)], read("ce_count")?);
        metrics
            .counter("node_edac_uncorrectable_errors_total", "Total uncorrectable memory errors.")
            .sample(&[("controller", controller)], read("ue_count")?);
        let unknown = (read("ce_noinfo_count")?, read("ue_noinfo_count")?);
        add(metrics, controller, "unknown", unknown);
        for (row, name) in numbered(&folder, "csrow")? {
            let read = |file: &str| sys_number(&format!("{folder}/{name}/{file}"));
            add(metrics, controller, &row.to_string(), (read("ce_count")?, read("ue_count")?));
        }
    }
    Ok(())
}

/// The errors of a row of chips, correctable and not.
fn add(metrics: &mut Metrics, controller: &str, row: &str, (ce, ue): (f64, f64)) {
    let labels = [("controller", controller), ("csrow", row)];
    metrics
        .counter(
            "node_edac_csrow_correctable_errors_total",
            "Total correctable memory errors for this csrow.",
        )
        .sample(&labels, ce);
    metrics
        .counter(
            "node_edac_csrow_uncorrectable_errors_total",
            "Total uncorrectable memory errors for this csrow.",
        )
        .sample(&labels, ue);
}
