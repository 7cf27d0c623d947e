//! Watchdogs that restart the machine, from `/sys/class/watchdog/<name>`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, class, sys_if_said, sys_number_if_said};

/// Metric and help by the file.
macro_rules! value {
    ($file:literal, $metric:literal) => {
        (
            $file,
            concat!("node_watchdog_", $metric),
            concat!("Value of /sys/class/watchdog/<watchdog>/", $file),
        )
    };
}
const VALUES: [(&str, &str, &str); 7] = [
    value!("bootstatus", "bootstatus"),
    value!("fw_version", "fw_version"),
    value!("nowayout", "nowayout"),
    value!("timeleft", "timeleft_seconds"),
    value!("timeout", "timeout_seconds"),
    value!("pretimeout", "pretimeout_seconds"),
    value!("access_cs0", "access_cs0"),
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for watchdog in class("watchdog", "watchdogs")? {
        let folder = format!("class/watchdog/{watchdog}");
        for (file, name, help) in VALUES {
            if let Some(value) = sys_number_if_said(&format!("{folder}/{file}"))? {
                metrics.gauge(name, help).sample(&[("name", &watchdog)], value);
            }
        }
        let fact =
            |file: &str| sys_if_said(&format!("{folder}/{file}")).map(Option::unwrap_or_default);
        metrics.gauge("node_watchdog_info", "Info of /sys/class/watchdog/<watchdog>").sample(
            &[
                ("name", &watchdog),
                ("options", &fact("options")?),
                ("identity", &fact("identity")?),
                ("state", &fact("state")?),
                ("status", &fact("status")?),
                ("pretimeout_governor", &fact("pretimeout_governor")?),
            ],
            1_u8,
        );
    }
    Ok(())
}
