//! Typed metrics, rendered into the text that a scrape would have answered.
//!
//! Invariant: the output is well-formed whatever names and values come in: a character that a name may not contain
//! becomes `_`, label values are escaped, families are contiguous and sorted by name.

mod family;
mod histogram;

use std::collections::BTreeMap;

use crate::Exposition;

use self::family::{Kind, sanitized};
pub use self::{
    family::{Family, Part, Value},
    histogram::Histogram,
};

/// The families of one answer. A family is made by its first mention; a later mention returns the same one, and its
/// type and help remain as they were.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    families: BTreeMap<String, Family>,
}

impl Metrics {
    /// No families.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value that only grows until it is reset. By convention its name ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str) -> &mut Family {
        self.family(name, help, Kind::Counter)
    }

    /// A value that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str) -> &mut Family {
        self.family(name, help, Kind::Gauge)
    }

    /// A value of which the kind is not known.
    pub fn untyped(&mut self, name: &str, help: &str) -> &mut Family {
        self.family(name, help, Kind::Untyped)
    }

    /// A distribution in buckets; add samples by [`Family::histogram`].
    pub fn histogram(&mut self, name: &str, help: &str) -> &mut Family {
        self.family(name, help, Kind::Histogram)
    }

    /// Quantiles that the other side computed; add samples by [`Family::summary`], or by [`Family::sample`] and
    /// [`Family::part`].
    pub fn summary(&mut self, name: &str, help: &str) -> &mut Family {
        self.family(name, help, Kind::Summary)
    }

    fn family(&mut self, name: &str, help: &str, kind: Kind) -> &mut Family {
        let name = sanitized(name, true);
        if !self.families.contains_key(&*name) {
            let family = Family::new(name.clone().into_owned(), help, kind);
            self.families.insert(name.clone().into_owned(), family);
        }
        self.families.get_mut(&*name).expect("it was made if it was not there")
    }

    /// Prometheus text 0.0.4: every name is kept as it is. The safe choice.
    pub fn text(&self) -> Exposition {
        let mut body = String::new();
        for family in self.families.values() {
            family.write_text(&mut body);
        }
        Exposition {
            content_type: "text/plain; version=0.0.4; charset=utf-8".into(),
            body: body.into(),
        }
    }

    /// OpenMetrics 1.0, which adds units. It knows counters only by the suffix `_total`: a counter without it is
    /// rendered as `unknown`.
    pub fn open_metrics(&self) -> Exposition {
        let mut body = String::new();
        for family in self.families.values() {
            family.write_open_metrics(&mut body);
        }
        body.push_str("# EOF\n");
        Exposition {
            content_type: "application/openmetrics-text; version=1.0.0; charset=utf-8".into(),
            body: body.into(),
        }
    }
}

#[cfg(test)]
mod tests;
