//! Batteries and chargers, from `/sys/class/power_supply/<name>`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, class, integer, sys_if_said, sys_names};

/// What the kernel says in millionths.
const MICRO: f64 = 1e6;
/// What it says in tenths.
const TENTHS: f64 = 10.0;
/// What it says in plain numbers.
const PLAIN: f64 = 1.0;

/// Texts, which are labels when they are there.
const FACTS: [&str; 11] = [
    "capacity_level",
    "charge_type",
    "health",
    "manufacturer",
    "model_name",
    "serial_number",
    "status",
    "technology",
    "type",
    "usb_type",
    "scope",
];

/// File, metric, help, divisor.
macro_rules! value {
    ($file:literal, $name:literal, $divisor:expr) => {
        (
            $file,
            concat!("node_power_supply_", $name),
            concat!($name, " value of /sys/class/power_supply/<power_supply>."),
            $divisor,
        )
    };
}
const VALUES: [(&str, &str, &str, f64); 49] = [
    value!("authentic", "authentic", PLAIN),
    value!("calibrate", "calibrate", PLAIN),
    value!("capacity", "capacity", PLAIN),
    value!("capacity_alert_max", "capacity_alert_max", PLAIN),
    value!("capacity_alert_min", "capacity_alert_min", PLAIN),
    value!("cycle_count", "cyclecount", PLAIN),
    value!("online", "online", PLAIN),
    value!("present", "present", PLAIN),
    value!("time_to_empty_now", "time_to_empty_seconds", PLAIN),
    value!("time_to_full_now", "time_to_full_seconds", PLAIN),
    value!("current_boot", "current_boot", MICRO),
    value!("current_max", "current_max", MICRO),
    value!("current_now", "current_ampere", MICRO),
    value!("energy_empty", "energy_empty", MICRO),
    value!("energy_empty_design", "energy_empty_design", MICRO),
    value!("energy_full", "energy_full", MICRO),
    value!("energy_full_design", "energy_full_design", MICRO),
    value!("energy_now", "energy_watthour", MICRO),
    value!("voltage_boot", "voltage_boot", MICRO),
    value!("voltage_max", "voltage_max", MICRO),
    value!("voltage_max_design", "voltage_max_design", MICRO),
    value!("voltage_min", "voltage_min", MICRO),
    value!("voltage_min_design", "voltage_min_design", MICRO),
    value!("voltage_now", "voltage_volt", MICRO),
    value!("voltage_ocv", "voltage_ocv", MICRO),
    value!("charge_control_limit", "charge_control_limit", MICRO),
    value!("charge_control_limit_max", "charge_control_limit_max", MICRO),
    value!("charge_counter", "charge_counter", MICRO),
    value!("charge_empty", "charge_empty", MICRO),
    value!("charge_empty_design", "charge_empty_design", MICRO),
    value!("charge_full", "charge_full", MICRO),
    value!("charge_full_design", "charge_full_design", MICRO),
    value!("charge_now", "charge_ampere", MICRO),
    value!("charge_term_current", "charge_term_current", MICRO),
    value!("constant_charge_current", "constant_charge_current", MICRO),
    value!("constant_charge_current_max", "constant_charge_current_max", MICRO),
    value!("constant_charge_voltage", "constant_charge_voltage", MICRO),
    value!("constant_charge_voltage_max", "constant_charge_voltage_max", MICRO),
    value!("precharge_current", "precharge_current", MICRO),
    value!("input_current_limit", "input_current_limit", MICRO),
    value!("power_now", "power_watt", MICRO),
    value!("temp", "temp_celsius", TENTHS),
    value!("temp_alert_max", "temp_alert_max_celsius", TENTHS),
    value!("temp_alert_min", "temp_alert_min_celsius", TENTHS),
    value!("temp_ambient", "temp_ambient_celsius", TENTHS),
    value!("temp_ambient_max", "temp_ambient_max_celsius", TENTHS),
    value!("temp_ambient_min", "temp_ambient_min_celsius", TENTHS),
    value!("temp_max", "temp_max_celsius", TENTHS),
    value!("temp_min", "temp_min_celsius", TENTHS),
];

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let ignored = scrape.config.powersupply.ignored_supplies.as_ref();
    for supply in class("power_supply", "power supplies")? {
        if ignored.is_some_and(|ignored| ignored.matches(&supply)) {
            continue;
        }
        let folder = format!("class/power_supply/{supply}");
        // A supply has few of the many files that there may be.
        let there = sys_names(&folder)?;
        let has = |file: &str| there.iter().any(|name| name == file);
        let mut facts = Vec::new();
        for file in FACTS.into_iter().filter(|file| has(file)) {
            let value = sys_if_said(&format!("{folder}/{file}"))?.unwrap_or_default();
            if !value.is_empty() {
                facts.push((file, value));
            }
        }
        let labels: Vec<_> = [("power_supply", supply.as_str())]
            .into_iter()
            .chain(facts.iter().map(|(name, value)| (*name, value.as_str())))
            .collect();
        metrics
            .gauge("node_power_supply_info", "info of /sys/class/power_supply/<power_supply>.")
            .sample(&labels, 1_u8);
        for (file, name, help, divisor) in VALUES.into_iter().filter(|(file, ..)| has(file)) {
            let path = format!("{folder}/{file}");
            let Some(text) = sys_if_said(&path)? else { continue };
            let value = integer(&path, &text)? / divisor;
            metrics.gauge(name, help).sample(&[("power_supply", &supply)], value);
        }
    }
    Ok(())
}
