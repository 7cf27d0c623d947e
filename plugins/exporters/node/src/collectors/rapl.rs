//! Energy that parts of the processor used, from `/sys/class/powercap`. The kernel shows it to root alone.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, class, if_there, no_data, sys, sys_number};

/// A part of the processor whose energy is counted.
struct Zone {
    name: String,
    index: u64,
    folder: String,
}

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    for zone in zones()? {
        let file = format!("class/powercap/{}/energy_uj", zone.folder);
        let microjoules = sys_number(&file).map_err(|error| match error.errno() {
            Some("EACCES" | "EPERM") => no_data("counts of energy that this user may read"),
            _ => error,
        })?;
        let index = zone.index.to_string();
        let path = format!("/sys/class/powercap/{}", zone.folder);
        let labels = [("index", &*index), ("path", &*path)];
        if scrape.config.rapl.enable_zone_label {
            metrics
                .counter("node_rapl_joules_total", "Current RAPL value in joules")
                .sample(&[labels[0], labels[1], ("rapl_zone", &*zone.name)], microjoules / 1e6);
        } else {
            metrics
                .counter(
                    &format!("node_rapl_{}_joules_total", in_a_name(&zone.name)),
                    &format!("Current RAPL {} value in joules", zone.name),
                )
                .sample(&labels, microjoules / 1e6);
        }
    }
    Ok(())
}

/// `package-0` is the zone `package` with the index 0. Zones of the same name without a number are counted.
fn zones() -> Result<Vec<Zone>, Error> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut zones = Vec::new();
    for folder in class("powercap", "counts of energy")? {
        let Some(name) = if_there(sys(&format!("class/powercap/{folder}/name")))? else { continue };
        let numbered = name
            .split_once('-')
            .and_then(|(zone, number)| Some((zone.to_owned(), number.parse::<u64>().ok()?)));
        let (name, index) = match numbered {
            Some(numbered) => numbered,
            None => {
                let index = seen.get(&name).copied().unwrap_or(0);
                (name, index)
            }
        };
        seen.insert(name.clone(), index + 1);
        zones.push(Zone { name, index, folder });
    }
    Ok(zones)
}

/// Runs of what a name may not contain, with the underscores around them, are one underscore.
fn in_a_name(text: &str) -> String {
    let mut name = String::new();
    let mut is_gap = false;
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || (character == '_' && !is_gap) {
            name.push(character);
            is_gap = false;
        } else if !is_gap && character != '_' {
            name.truncate(name.trim_end_matches('_').len());
            name.push('_');
            is_gap = true;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::in_a_name;

    #[test]
    fn names_of_zones_become_parts_of_names() {
        assert_eq!(in_a_name("package"), "package");
        assert_eq!(in_a_name("a_ -_b"), "a_b");
        assert_eq!(in_a_name("core__x"), "core__x");
    }
}
