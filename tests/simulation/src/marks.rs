//! What happened in a history: a seed that never came by a place says nothing about it.

use std::collections::BTreeMap;

/// Something worth to have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A commit was acknowledged.
    Commit,
    /// A commit was refused.
    RefusedCommit,
    /// A commit was tried again for the same time.
    SecondTry,
    /// Two batches for the same series were open at once.
    Race,
    /// Samples were refused for their order.
    RefusedSample,
    /// Samples out of order were taken.
    OutOfOrder,
    /// A series ended and another took its place.
    Churn,
    /// A sync succeeded.
    Sync,
    /// A sync failed.
    FailedSync,
    /// A checkpoint was written.
    Checkpoint,
    /// A checkpoint could not be written.
    FailedCheckpoint,
    /// A retention round ran.
    Retention,
    /// The disk was full and got room again.
    FullDisk,
    /// A query was compared.
    Query,
    /// The process was killed.
    Kill,
    /// The power failed.
    PowerCut,
    /// The store was opened again.
    Restart,
    /// The power failed while the store was opened.
    CutAtStart,
    /// A commit was acknowledged while the log was replayed.
    CommitWhileReplaying,
    /// The process ended while the log was replayed.
    EndWhileReplaying,
    /// Blocks became one.
    Compaction,
    /// A step of a round, or of a cleaning, failed.
    FailedMaintenance,
    /// Samples were deleted from a block.
    Deletion,
    /// A snapshot was compared.
    Snapshot,
    /// Bits were flipped and it was told.
    ToldDamage,
}

impl Mark {
    /// All of them: a thousand seeds leave none out.
    pub const ALL: [Self; 25] = [
        Self::Commit,
        Self::RefusedCommit,
        Self::SecondTry,
        Self::Race,
        Self::RefusedSample,
        Self::OutOfOrder,
        Self::Churn,
        Self::Sync,
        Self::FailedSync,
        Self::Checkpoint,
        Self::FailedCheckpoint,
        Self::Retention,
        Self::FullDisk,
        Self::Query,
        Self::Kill,
        Self::PowerCut,
        Self::Restart,
        Self::CutAtStart,
        Self::CommitWhileReplaying,
        Self::EndWhileReplaying,
        Self::Compaction,
        Self::FailedMaintenance,
        Self::Deletion,
        Self::Snapshot,
        Self::ToldDamage,
    ];
}

/// How often what happened.
#[derive(Clone, Debug, Default)]
pub struct Marks(BTreeMap<Mark, u64>);

impl Marks {
    /// Notes that it happened.
    pub fn note(&mut self, mark: Mark) {
        *self.0.entry(mark).or_default() += 1;
    }

    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (mark, count) in &other.0 {
            *self.0.entry(*mark).or_default() += count;
        }
    }

    /// How often it happened.
    #[must_use]
    pub fn count(&self, mark: Mark) -> u64 {
        self.0.get(&mark).copied().unwrap_or(0)
    }

    /// What never happened.
    #[must_use]
    pub fn missing(&self) -> Vec<Mark> {
        Mark::ALL.into_iter().filter(|mark| self.count(*mark) == 0).collect()
    }
}
