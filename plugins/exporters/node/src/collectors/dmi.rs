//! Makers, models and serial numbers, from `/sys/class/dmi/id`. Serial numbers are there for root alone.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, no_data, sys_if_said, sys_names};

/// Files, which are labels too, but for `sys_vendor`.
const FILES: [&str; 20] = [
    "bios_date",
    "bios_release",
    "bios_vendor",
    "bios_version",
    "board_asset_tag",
    "board_name",
    "board_serial",
    "board_vendor",
    "board_version",
    "chassis_asset_tag",
    "chassis_serial",
    "chassis_vendor",
    "chassis_version",
    "product_family",
    "product_name",
    "product_serial",
    "product_sku",
    "product_uuid",
    "product_version",
    "sys_vendor",
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let there = sys_names("class/dmi/id")?;
    let mut found = Vec::new();
    for file in FILES.into_iter().filter(|file| there.iter().any(|name| name == file)) {
        if let Some(value) = sys_if_said(&format!("class/dmi/id/{file}"))? {
            found.push((if file == "sys_vendor" { "system_vendor" } else { file }, value));
        }
    }
    if found.is_empty() {
        return Err(no_data("desktop management information"));
    }
    let labels: Vec<_> = found.iter().map(|(label, value)| (*label, value.as_str())).collect();
    metrics
        .gauge(
            "node_dmi_info",
            "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, \
             bios_version, board_asset_tag, board_name, board_serial, board_vendor, board_version, \
             chassis_asset_tag, chassis_serial, chassis_vendor, chassis_version, product_family, \
             product_name, product_serial, product_sku, product_uuid, product_version, \
             system_vendor if provided by DMI.",
        )
        .sample(&labels, 1_u8);
    Ok(())
}
