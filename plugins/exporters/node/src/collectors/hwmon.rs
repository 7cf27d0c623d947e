//! Sensors of temperatures, voltages, fans and more, from `/sys/class/hwmon/hwmon<n>`.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Metrics, files};

use crate::source::{SYS, Scrape, class, if_there, sys};

/// What the files of a sensor begin with; others in the folder are no sensors.
const KINDS: [&str; 14] = [
    "vrm",
    "beep_enable",
    "update_interval",
    "in",
    "cpu",
    "fan",
    "pwm",
    "temp",
    "curr",
    "power",
    "energy",
    "humidity",
    "intrusion",
    "freq",
];

/// Property and value, by sensor.
type Sensors = BTreeMap<String, BTreeMap<String, String>>;

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let filter = scrape.config.hwmon.chips();
    let mut outcome = Ok(());
    for (folder, chip) in chips()? {
        if filter.hides(&chip) {
            continue;
        }
        // One broken chip does not hide the others.
        if let Err(error) = collect_chip(scrape, metrics, &folder, &chip) {
            outcome = Err(error);
        }
    }
    outcome
}

/// Folders and names. Several monitors may share a device: then the chip's own word, or its number, tells them apart, as in
/// node_exporter from 1.12 on.
fn chips() -> Result<Vec<(String, String)>, Error> {
    let mut chips = Vec::new();
    for number in class("hwmon", "hardware monitors")? {
        let folder = format!("class/hwmon/{number}");
        let own = sys(&format!("{folder}/name")).map(|name| clean(&name)).unwrap_or_default();
        chips.push((chip_name(&folder, &own)?, own, folder, clean(&number)));
    }
    let named = chips.iter().map(|(name, own, folder, number)| {
        let same: Vec<_> = chips.iter().filter(|(other, ..)| other == name).collect();
        let is_told_by_word = same.iter().filter(|(_, other, ..)| other == own).count() == 1;
        let name = match (same.len(), is_told_by_word && !own.is_empty()) {
            (1, _) => name.clone(),
            (_, true) => format!("{name}_{own}"),
            (_, false) => format!("{name}_{number}"),
        };
        (folder.clone(), name)
    });
    Ok(named.collect())
}

fn collect_chip(
    scrape: &Scrape<'_>,
    metrics: &mut Metrics,
    folder: &str,
    chip: &str,
) -> Result<(), Error> {
    let mut sensors = Sensors::new();
    read_sensors(folder, &mut sensors)?;
    // Old drivers have their files there.
    if_there(read_sensors(&format!("{folder}/device"), &mut sensors))?;
    if let Ok(name) = sys(&format!("{folder}/name"))
        && let name = clean(&name)
        && !name.is_empty()
    {
        metrics
            .gauge("node_hwmon_chip_names", "Annotation metric for human-readable chip names")
            .sample(&[("chip", chip), ("chip_name", &name)], 1_u8);
    }
    let filter = scrape.config.hwmon.sensors();
    for (sensor, properties) in &sensors {
        if !filter.hides(&format!("{chip};{sensor}")) {
            add_sensor(metrics, chip, sensor, properties);
        }
    }
    Ok(())
}

/// A name that does not depend on the order in which drivers were loaded: bus and device (`platform_coretemp_0`), else what
/// the chip calls itself, else the number.
fn chip_name(folder: &str, own: &str) -> Result<String, Error> {
    let names = [device_name(folder), Some(own.to_owned())];
    if let Some(name) = names.into_iter().flatten().find(|name| !name.is_empty()) {
        return Ok(name);
    }
    let number = folder.rsplit('/').next().map(clean).unwrap_or_default();
    if number.is_empty() {
        return Err(Error::protocol(format!("{folder} has no name")));
    }
    Ok(number)
}

/// The last two parts of the path to which the link `device` leads.
fn device_name(folder: &str) -> Option<String> {
    let base = resolved(folder);
    let target = files::read_link(SYS, &format!("{folder}/device")).ok()?;
    let path = join(&base, &target);
    let mut parts = path.rsplit('/').map(clean);
    let (device, bus) = (parts.next()?, parts.next().unwrap_or_default());
    match (bus.as_str(), device.as_str()) {
        ("", _) => Some(device),
        (_, "") => None,
        _ => Some(format!("{bus}_{device}")),
    }
}

/// A folder of a class is a link to the device's own folder.
fn resolved(folder: &str) -> String {
    let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
    match files::read_link(SYS, folder) {
        Ok(target) => join(parent, &target),
        Err(_) => folder.to_owned(),
    }
}

/// Follows a relative link from a folder.
fn join(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// `temp1_crit_alarm` is the property `crit_alarm` of the sensor `temp1`.
fn read_sensors(folder: &str, sensors: &mut Sensors) -> Result<(), Error> {
    for entry in files::list(SYS, folder)? {
        let Some((kind, number, property)) = split(&entry.name) else { continue };
        if !KINDS.contains(&kind) {
            continue;
        }
        // What a driver cannot say now is left out.
        if let Ok(value) = sys(&format!("{folder}/{}", entry.name)) {
            let sensor = sensors.entry(format!("{kind}{number}")).or_default();
            sensor.insert(property.to_owned(), value);
        }
    }
    Ok(())
}

/// Kind, number (0 without one) and property. Kinds have underscores of their own, but no digits.
fn split(name: &str) -> Option<(&str, u32, &str)> {
    match name.find(|character: char| character.is_ascii_digit()) {
        Some(place) => {
            let (kind, rest) = name.split_at_checked(place).filter(|(kind, _)| !kind.is_empty())?;
            let property = rest.trim_start_matches(|character: char| character.is_ascii_digit());
            let number = rest.strip_suffix(property)?.parse().ok()?;
            if property.is_empty() {
                return Some((kind, number, ""));
            }
            Some((kind, number, property.strip_prefix('_').filter(|rest| !rest.is_empty())?))
        }
        None if KINDS.contains(&name) => Some((name, 0, "")),
        None => {
            // `pwm_enable`: the shortest kind that leaves a property.
            let (kind, property) = name.split_once('_')?;
            Some((kind, 0, property))
        }
    }
}

fn add_sensor(
    metrics: &mut Metrics,
    chip: &str,
    sensor: &str,
    properties: &BTreeMap<String, String>,
) {
    let kind = sensor.trim_end_matches(|character: char| character.is_ascii_digit());
    let labels = [("chip", chip), ("sensor", sensor)];
    if let Some(label) = properties.get("label") {
        metrics
            .gauge("node_hwmon_sensor_label", "Label for given chip and sensor")
            .sample(&[labels[0], labels[1], ("label", label)], 1_u8);
    }
    let own = properties.get("").map_or("", String::as_str);
    match kind {
        "beep_enable" => {
            metrics
                .gauge("node_hwmon_beep_enabled", "Hardware beep enabled")
                .sample(&labels, own == "1");
        }
        "vrm" => {
            if let Ok(version) = own.parse::<f64>() {
                metrics
                    .gauge("node_hwmon_voltage_regulator_version", "Hardware voltage regulator")
                    .sample(&labels, version);
            }
        }
        "update_interval" => {
            if let Ok(ms) = own.parse::<f64>() {
                metrics
                    .gauge("node_hwmon_update_interval_seconds", "Hardware monitor update interval")
                    .sample(&labels, ms * 0.001);
            }
        }
        _ => {
            for (property, text) in properties.iter().filter(|(property, _)| *property != "label") {
                if let Ok(value) = text.parse::<f64>() {
                    add_property(metrics, &labels, (kind, property), properties, value);
                }
            }
        }
    }
}

/// The kernel's units are thousandths and millionths; the metrics are in plain ones.
fn add_property(
    metrics: &mut Metrics,
    labels: &[(&str, &str); 2],
    (kind, property): (&str, &str),
    properties: &BTreeMap<String, String>,
    value: f64,
) {
    const MILLI: f64 = 0.001;
    let micro = value / 1_000_000.0;
    let mut name = format!("node_hwmon_{kind}");
    // The input is the value itself, unless there is a file that is.
    if property == "input" {
        if properties.contains_key("") {
            name.push_str("_input");
        }
    } else if !property.is_empty() {
        name.push('_');
        name.push_str(&clean(property));
    }
    let (suffix, help, value) = match (kind, property) {
        (_, "fault" | "alarm") => {
            ("", format!("Hardware sensor {property} status ({kind})"), value)
        }
        (_, "beep") => {
            ("_enabled", "Hardware monitor sensor has beeping enabled".to_owned(), value)
        }
        ("in" | "cpu", _) => {
            ("_volts", format!("Hardware monitor for voltage ({property})"), value * MILLI)
        }
        ("temp", property) if property != "type" => {
            let property = if property.is_empty() { "input" } else { property };
            ("_celsius", format!("Hardware monitor for temperature ({property})"), value * MILLI)
        }
        ("curr", _) => {
            ("_amps", format!("Hardware monitor for current ({property})"), value * MILLI)
        }
        ("energy", _) => {
            let help = format!("Hardware monitor for joules used so far ({property})");
            metrics.counter(&format!("{name}_joule_total"), &help).sample(labels, micro);
            return;
        }
        ("power", "accuracy") => {
            ("", "Hardware monitor power meter accuracy, as a ratio".to_owned(), micro)
        }
        ("power", "average_interval" | "average_interval_min" | "average_interval_max") => {
            let help = format!("Hardware monitor power usage update interval ({property})");
            ("_seconds", help, value * MILLI)
        }
        ("power", _) => {
            ("_watt", format!("Hardware monitor for power usage in watts ({property})"), micro)
        }
        ("humidity", _) => {
            let help = format!(
                "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage) ({property})"
            );
            ("", help, micro)
        }
        ("fan", "input" | "min" | "max" | "target") => {
            let help = format!("Hardware monitor for fan revolutions per minute ({property})");
            ("_rpm", help, value)
        }
        ("freq", "input") => {
            let Some(label) = properties.get("label") else { return };
            let labels = [labels[0], ("sensor", &*clean(label))];
            metrics
                .gauge(&format!("{name}_freq_mhz"), "Hardware monitor for GPU frequency in MHz")
                .sample(&labels, micro);
            return;
        }
        _ => ("", format!("Hardware monitor {kind} element {property}"), value),
    };
    name.push_str(suffix);
    metrics.gauge(&name, &help).sample(labels, value);
}

/// Lower case, and `_` for what a name may not contain, none at the ends.
fn clean(name: &str) -> String {
    let keep = |character: char| match character.to_ascii_lowercase() {
        character @ ('a'..='z' | '0'..='9' | ':' | '_') => character,
        _ => '_',
    };
    name.chars().map(keep).collect::<String>().trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{join, split};

    #[test]
    fn files_are_split_into_kind_number_and_property() {
        assert_eq!(split("temp1_crit_alarm"), Some(("temp", 1, "crit_alarm")));
        assert_eq!(split("pwm2"), Some(("pwm", 2, "")));
        assert_eq!(split("update_interval"), Some(("update_interval", 0, "")));
        assert_eq!(split("in0_input"), Some(("in", 0, "input")));
        assert_eq!(split("pwm_enable"), Some(("pwm", 0, "enable")));
        assert_eq!(split("name"), None);
        assert_eq!(split("1wire"), None);
    }

    #[test]
    fn links_are_followed_in_the_text() {
        let device = join("class/hwmon", "../../devices/platform/coretemp.0/hwmon/hwmon0");
        assert_eq!(device, "devices/platform/coretemp.0/hwmon/hwmon0");
        assert_eq!(join(&device, "../../../coretemp.0"), "devices/platform/coretemp.0");
    }
}
