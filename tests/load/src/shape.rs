//! Which series a target has: families of histograms, counters and gauges with labels as services have them.
//!
//! All targets have the same families; what differs is `job` and `instance`, which the scraping server adds, and the
//! values.

use crate::values::BUCKETS;

/// Series of one histogram: its buckets, the sum and the count.
const HISTOGRAM_SERIES: usize = BUCKETS.len() + 2;
/// Instances of one family, as far as there are enough.
const HISTOGRAMS_A_FAMILY: usize = 12;
const COUNTERS_A_FAMILY: usize = 15;
const GAUGES_A_FAMILY: usize = 10;

const COMPONENTS: [&str; 8] = [
    "http_server",
    "grpc_client",
    "db_pool",
    "cache_tier",
    "queue_work",
    "auth_guard",
    "search_idx",
    "blob_store",
];
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const CODES: [&str; 5] = ["200", "201", "404", "429", "500"];
const REGIONS: [&str; 3] = ["eu-central-1", "us-east-2", "ap-south-1"];

/// The series of every target.
#[derive(Debug)]
pub struct Shape {
    /// In the order in which a body shows them.
    pub families: Vec<Family>,
    series: usize,
}

/// Series of one name and kind.
#[derive(Debug)]
pub struct Family {
    /// As `TYPE` names it in the text format; counters with `_total`.
    pub name: String,
    /// What people read.
    pub help: String,
    /// What its members are.
    pub unit: Unit,
    /// One a label set.
    pub members: Vec<Member>,
}

/// How values of a family move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Twelve buckets, sum and count.
    Histogram,
    /// Counts whole things.
    Counter,
    /// Counts seconds in hundredths.
    Seconds,
    /// A whole number that goes up and down.
    Level,
    /// A number with two decimals that goes up and down.
    Hundredths,
    /// Every bit of the double is used.
    Ratio,
}

/// One label set of a family.
#[derive(Debug)]
pub struct Member {
    /// Place among all members of a target; with the target it seeds the values.
    pub number: u64,
    /// Always the same value.
    pub constant: bool,
    /// Pairs that the body shows, ascending by name, without `le`.
    pub labels: Vec<(&'static str, String)>,
}

impl Family {
    /// Series that one member counts for.
    #[must_use]
    pub const fn series_a_member(&self) -> usize {
        if matches!(self.unit, Unit::Histogram) { HISTOGRAM_SERIES } else { 1 }
    }
}

impl Shape {
    /// About 40 % histogram series, 35 % counters, 25 % gauges: exactly `series` in all.
    #[must_use]
    pub fn new(series: usize) -> Self {
        let histograms = series * 40 / 100 / HISTOGRAM_SERIES;
        let counters = series * 35 / 100;
        let gauges = series - histograms * HISTOGRAM_SERIES - counters;
        let mut shape = Self { families: Vec::new(), series };
        let mut number = 0;
        let parts = [
            (histograms, HISTOGRAMS_A_FAMILY, Kind::Histogram),
            (counters, COUNTERS_A_FAMILY, Kind::Counter),
            (gauges, GAUGES_A_FAMILY, Kind::Gauge),
        ];
        for (members, a_family, kind) in parts {
            for index in 0..members.div_ceil(a_family) {
                let count = a_family.min(members - index * a_family);
                shape.families.push(kind.family(index, count, &mut number));
            }
        }
        shape
    }

    /// Series of one target.
    #[must_use]
    pub const fn series(&self) -> usize {
        self.series
    }

    /// Series of one target whose name is `name`, a gauge or counter.
    #[must_use]
    pub fn series_named(&self, name: &str) -> usize {
        self.families
            .iter()
            .find(|family| family.name == name)
            .map_or(0, |family| family.members.len())
    }

    /// A counter for queries that must find data: the first family that counts whole things.
    #[must_use]
    pub fn probe(&self) -> Option<&Family> {
        self.families.iter().find(|family| family.unit == Unit::Counter)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Histogram,
    Counter,
    Gauge,
}

impl Kind {
    fn family(self, index: usize, count: usize, number: &mut u64) -> Family {
        let component = pick(&COMPONENTS, index);
        let turn = index / COMPONENTS.len();
        let (name, unit) = match self {
            Self::Histogram => {
                (format!("{component}_{turn:02}_request_duration_seconds"), Unit::Histogram)
            }
            Self::Counter if index % 3 == 2 => {
                (format!("{component}_{turn:02}_processing_cpu_seconds_total"), Unit::Seconds)
            }
            Self::Counter => {
                (format!("{component}_{turn:02}_operations_handled_total"), Unit::Counter)
            }
            Self::Gauge => match index % 10 {
                2 | 5 | 8 => (format!("{component}_{turn:02}_pool_utilization_ratio"), Unit::Ratio),
                0 | 3 | 6 | 9 => {
                    (format!("{component}_{turn:02}_connections_in_state"), Unit::Level)
                }
                _ => {
                    (format!("{component}_{turn:02}_temperature_of_unit_celsius"), Unit::Hundredths)
                }
            },
        };
        let help =
            format!("What the {component} of turn {turn} does, as its own instrumentation says.");
        let members = (0..count).map(|place| member(self, index, place, number)).collect();
        Family { name, help, unit, members }
    }
}

fn member(kind: Kind, family: usize, place: usize, number: &mut u64) -> Member {
    let own = *number;
    *number += 1;
    let constant = match kind {
        Kind::Histogram => false,
        // A third of most families never happens.
        Kind::Counter => place % 3 == 1 && family % 5 != 4,
        Kind::Gauge => place % 2 == 1,
    };
    let labels = vec![
        ("code", pick(&CODES, place).to_owned()),
        ("handler", format!("/v1/items/{:02}", place / 5 + family % 7)),
        ("method", pick(&METHODS, place).to_owned()),
        ("region", pick(&REGIONS, place).to_owned()),
        ("shard", format!("s{place:02}")),
    ];
    Member { number: own, constant, labels }
}

fn pick(words: &[&'static str], index: usize) -> &'static str {
    words.get(index % words.len()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_target_has_exactly_the_series_that_were_asked_for() {
        for series in [50, 500, 1000, 1234] {
            let shape = Shape::new(series);
            let counted: usize = shape
                .families
                .iter()
                .map(|family| family.members.len() * family.series_a_member())
                .sum();
            assert_eq!(counted, series);
        }
    }

    #[test]
    fn no_two_families_or_members_are_the_same() {
        let shape = Shape::new(1000);
        let mut names = BTreeSet::new();
        for family in &shape.families {
            assert!(names.insert(&family.name), "{}", family.name);
            let labels: BTreeSet<_> = family.members.iter().map(|member| &member.labels).collect();
            assert_eq!(labels.len(), family.members.len(), "{}", family.name);
        }
        let probe = shape.probe().unwrap();
        assert_eq!(shape.series_named(&probe.name), probe.members.len());
    }
}
