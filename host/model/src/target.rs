//! What discovery hands to scraping.

use crate::Labels;

/// Targets that share a source and labels. `targets` hold `__address__` and whatever else is
/// particular to one of them; `labels` apply to all where the target has none of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetGroup {
    /// Unique within its discoverer; an update with the same source replaces the group.
    pub source: String,
    /// One set of labels a target.
    pub targets: Vec<Labels>,
    /// Labels of all targets of the group.
    pub labels: Labels,
}

/// All groups of one job at one time, ascending by source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetSet {
    /// The groups.
    pub groups: Vec<TargetGroup>,
}
