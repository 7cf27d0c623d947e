//! The families of a body, with what is judged of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use narthex_model::{BUCKET_LABEL, METRIC_NAME, MetricType, QUANTILE_LABEL};

use crate::entry::Entry;
use crate::format::Format;
use crate::lint::LintError;
use crate::parse::Parser;

/// How many series a family has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cardinality {
    /// The family.
    pub metric: String,
    /// Its series.
    pub series: u64,
}

/// A family as far as it is judged.
pub(super) struct Family {
    pub(super) name: String,
    pub(super) metric_type: MetricType,
    pub(super) has_help: bool,
    /// Names of labels, but for the bounds and quantiles of a family that has them.
    pub(super) labels: BTreeSet<String>,
    /// A series stands twice.
    pub(super) has_twins: bool,
    series: u64,
    seen: HashSet<u128>,
}

impl Family {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            metric_type: MetricType::Unknown,
            has_help: false,
            labels: BTreeSet::new(),
            has_twins: false,
            series: 0,
            seen: HashSet::new(),
        }
    }

    pub(super) fn cardinality(&self) -> Cardinality {
        Cardinality { metric: self.name.clone(), series: self.series }
    }

    /// Whether series of this name are its own besides those that bear the family's.
    fn has_part(&self, suffix: &str) -> bool {
        match self.metric_type {
            MetricType::Histogram => matches!(suffix, "_bucket" | "_sum" | "_count"),
            MetricType::Summary => matches!(suffix, "_sum" | "_count"),
            MetricType::Counter
            | MetricType::Gauge
            | MetricType::GaugeHistogram
            | MetricType::Info
            | MetricType::StateSet
            | MetricType::Unknown => false,
        }
    }

    fn own_label(&self) -> Option<&'static str> {
        match self.metric_type {
            MetricType::Histogram => Some(BUCKET_LABEL),
            MetricType::Summary => Some(QUANTILE_LABEL),
            MetricType::Counter
            | MetricType::Gauge
            | MetricType::GaugeHistogram
            | MetricType::Info
            | MetricType::StateSet
            | MetricType::Unknown => None,
        }
    }
}

/// The families of a body that have series, in the order of their names.
pub(super) fn families(body: &[u8], format: Format) -> Result<Vec<Family>, LintError> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut parser = Parser::new(body, format);
    let mut before = String::new();
    while let Some(entry) = parser.next_entry()? {
        match entry {
            Entry::Help { family, .. } => of(&mut families, &family).has_help = true,
            Entry::Type { family, metric_type } => {
                of(&mut families, &family).metric_type = metric_type;
            }
            Entry::Unit { .. } | Entry::Histogram(_) => {}
            Entry::Sample(sample) => {
                let key = sample.series.key();
                let labels = sample.series.labels();
                let labels = labels
                    .map_err(|source| LintError::Series { metric: before.clone(), source })?;
                let name = labels.get(METRIC_NAME).unwrap_or("");
                let whole = family_of(&families, name).unwrap_or(name).to_owned();
                let family = of(&mut families, &whole);
                before = whole;
                family.series += 1;
                family.has_twins |= !family.seen.insert(key);
                let own = family.own_label();
                let told = labels.iter().map(|(name, _)| name);
                let told = told.filter(|name| *name != METRIC_NAME && Some(*name) != own);
                family.labels.extend(told.map(str::to_owned));
            }
        }
    }
    Ok(families.into_values().filter(|family| family.series > 0).collect())
}

fn of<'a>(families: &'a mut BTreeMap<String, Family>, name: &str) -> &'a mut Family {
    families.entry(name.to_owned()).or_insert_with(|| Family::new(name))
}

/// The histogram or summary that a series of this name is a part of.
fn family_of<'a>(families: &BTreeMap<String, Family>, name: &'a str) -> Option<&'a str> {
    let (before, _) = name.rsplit_once('_')?;
    let suffix = name.strip_prefix(before)?;
    families.get(before).filter(|family| family.has_part(suffix)).map(|_| before)
}
