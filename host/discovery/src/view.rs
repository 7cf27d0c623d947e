//! What can be seen of discovery from outside: the API renders this.

use narthex_model::Timestamp;

use crate::discoverer::SourceState;

/// Where the targets of one job come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// The job.
    pub job: String,
    /// Targets before relabeling, those of `static_configs` included.
    pub targets: usize,
    /// When the set last changed.
    pub updated_at: Option<Timestamp>,
    /// Its sources but `static_configs`, in the order of the file.
    pub sources: Vec<SourceView>,
}

/// One item of `<mechanism>_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceView {
    /// `file`, `dns`, …
    pub mechanism: String,
    /// Which item of the mechanism's list.
    pub index: usize,
    /// What it found.
    pub targets: usize,
    /// In so many groups.
    pub groups: usize,
    /// When it last answered without failure.
    pub succeeded_at: Option<Timestamp>,
    /// Since when it fails without a success in between.
    pub failing_since: Option<Timestamp>,
    /// Why; empty when it does not fail.
    pub reason: String,
    /// Failures since the start.
    pub failures: u64,
}

impl SourceView {
    pub(crate) fn new(mechanism: &str, index: usize, state: &SourceState) -> Self {
        let failing = state.failing.clone();
        Self {
            mechanism: mechanism.to_owned(),
            index,
            targets: state.set.groups.iter().map(|group| group.targets.len()).sum(),
            groups: state.set.groups.len(),
            succeeded_at: state.succeeded_at,
            failing_since: failing.as_ref().map(|failing| failing.since),
            reason: failing.map(|failing| failing.reason).unwrap_or_default(),
            failures: state.failures,
        }
    }

    /// How the source is, in a word: `ok`, `failing`, or `waiting` for the first answer.
    #[must_use]
    pub const fn health(&self) -> &'static str {
        match (self.failing_since, self.succeeded_at) {
            (Some(_), _) => "failing",
            (None, Some(_)) => "ok",
            (None, None) => "waiting",
        }
    }
}
