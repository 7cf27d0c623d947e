//! The clock, its zone and its sources.

use narthex_sdk::{Error, Metrics, clock};

use crate::{
    source::{Scrape, numbered, sys},
    zone,
};

const CLOCK_SOURCES: &str = "devices/system/clocksource";

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let now_ms = clock::now_ms();
    metrics
        .gauge("node_time_seconds", "System time in seconds since epoch (1970).")
        .set(now_ms as f64 / 1000.0);
    let zone = zone::local(now_ms.div_euclid(1000));
    metrics
        .gauge("node_time_zone_offset_seconds", "System time zone offset in seconds.")
        .sample(&[("time_zone", &zone.name)], zone.offset_seconds);
    for (index, (_, source)) in numbered(CLOCK_SOURCES, "clocksource")?.into_iter().enumerate() {
        let device = index.to_string();
        let read = |file: &str| sys(&format!("{CLOCK_SOURCES}/{source}/{file}"));
        for available in read("available_clocksource")?.split_ascii_whitespace() {
            metrics
                .gauge(
                    "node_time_clocksource_available_info",
                    "Available clocksources read from '/sys/devices/system/clocksource'.",
                )
                .sample(&[("clocksource", available), ("device", &device)], 1_u8);
        }
        metrics
            .gauge(
                "node_time_clocksource_current_info",
                "Current clocksource read from '/sys/devices/system/clocksource'.",
            )
            .sample(&[("clocksource", &read("current_clocksource")?), ("device", &device)], 1_u8);
    }
    Ok(())
}
