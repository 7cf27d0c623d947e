//! Temperatures and what cools, from `/sys/class/thermal`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, numbered, sys, sys_if_said, sys_number, sys_number_if_said};

const FOLDER: &str = "class/thermal";

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for (zone, name) in if_there(numbered(FOLDER, "thermal_zone"))?.unwrap_or_default() {
        let folder = format!("{FOLDER}/{name}");
        let kind = sys(&format!("{folder}/type"))?;
        // A sensor that is asleep says nothing.
        if let Some(temperature) = sys_number_if_said(&format!("{folder}/temp"))? {
            metrics
                .gauge("node_thermal_zone_temp", "Zone temperature in Celsius")
                .sample(&[("zone", &zone.to_string()), ("type", &kind)], temperature / 1000.0);
        }
    }
    for (device, name) in if_there(numbered(FOLDER, "cooling_device"))?.unwrap_or_default() {
        let folder = format!("{FOLDER}/{name}");
        let Some(current) = sys_number_if_said(&format!("{folder}/cur_state"))? else { continue };
        let kind = sys_if_said(&format!("{folder}/type"))?.unwrap_or_default();
        let device = device.to_string();
        let labels = [("name", &*device), ("type", &*kind)];
        metrics
            .gauge("node_cooling_device_cur_state", "Current throttle state of the cooling device")
            .sample(&labels, current);
        metrics
            .gauge("node_cooling_device_max_state", "Maximum throttle state of the cooling device")
            .sample(&labels, sys_number(&format!("{folder}/max_state"))?);
    }
    Ok(())
}
