//! Metrics that other programs wrote into files `*.prom` of the root `textfile`.
//!
//! A file that is not well-formed is left out as a whole, and `node_textfile_scrape_error` says so.

mod parse;

use std::collections::{BTreeMap, btree_map::Entry};

use narthex_sdk::{Error, Metrics, files, log};

use self::parse::{Family, Kind};
use crate::source::{Scrape, is_not_granted};

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let mut has_failed = false;
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut changed: Vec<(String, i64)> = Vec::new();
    for root in &scrape.config.textfile.roots {
        let entries = match files::list(root, "") {
            Ok(entries) => entries,
            // Nobody granted it: as node_exporter without a directory.
            Err(error) if is_not_granted(&error) => continue,
            Err(error) => {
                warn(root, &error.message);
                has_failed = true;
                continue;
            }
        };
        for entry in entries.iter().filter(|entry| entry.name.ends_with(".prom")) {
            let text = files::read_string(root, &entry.name).map_err(|error| error.message);
            match text.and_then(|text| parse::families(&text)) {
                Ok(found) => {
                    for family in found {
                        has_failed |= !merge(&mut families, family, &entry.name);
                    }
                    // A file that is gone by now was read all the same.
                    if let Ok(at_ns) = files::modified(root, &entry.name) {
                        // Whole seconds, as node_exporter tells them.
                        let at = at_ns.div_euclid(1_000_000_000);
                        changed.push((format!("{root}/{}", entry.name), at));
                    }
                }
                Err(reason) => {
                    warn(&entry.name, &reason);
                    has_failed = true;
                }
            }
        }
    }
    for (name, family) in &families {
        family.add_to(metrics, name);
    }
    for (file, at) in &changed {
        metrics
            .gauge("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.")
            .sample(&[("file", file)], *at as f64);
    }
    metrics
        .gauge(
            "node_textfile_scrape_error",
            "1 if there was an error opening or reading a file, 0 otherwise",
        )
        .set(has_failed);
    Ok(())
}

fn warn(file: &str, reason: &str) {
    log::warn("a text file is left out", &[("file", &file), ("reason", &reason)]);
}

/// Joins samples of one name from several files. Of files that explain a name differently the first is right.
fn merge(families: &mut BTreeMap<String, Family>, found: Family, file: &str) -> bool {
    match families.entry(found.name.clone()) {
        Entry::Vacant(place) => {
            place.insert(Family { files: vec![file.to_owned()], ..found });
            true
        }
        Entry::Occupied(mut place) => {
            let known = place.get_mut();
            if found.help.is_some() && known.help.is_some() && found.help != known.help {
                warn(file, &format!("it explains {} in other words than another file", found.name));
                return false;
            }
            known.help = known.help.take().or(found.help);
            known.samples.extend(found.samples);
            known.files.push(file.to_owned());
            true
        }
    }
}

impl Family {
    fn add_to(&self, metrics: &mut Metrics, name: &str) {
        let help = match &self.help {
            Some(help) => help.clone(),
            None => format!("Metric read from {}", self.files.join(", ")),
        };
        let family = match self.kind {
            Kind::Counter => metrics.counter(name, &help),
            Kind::Gauge => metrics.gauge(name, &help),
            Kind::Untyped => metrics.untyped(name, &help),
            Kind::Histogram => metrics.histogram(name, &help),
            Kind::Summary => metrics.summary(name, &help),
        };
        for sample in &self.samples {
            let labels: Vec<_> =
                sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            match sample.part {
                None => family.sample(&labels, sample.value),
                Some(part) => family.part(part, &labels, sample.value),
            };
        }
    }
}
