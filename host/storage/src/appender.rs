//! The way in.

use std::fmt;
use std::sync::Arc;

use narthex_model::{Exemplar, InvalidHistogram, Labels, Metadata, NativeHistogram, Timestamp};

/// A store's own name for a series, handed back so that the next append of the same series needs
/// no lookup. Stays valid until the series is dropped; then [`AppendError::UnknownSeries`] says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesRef(pub u64);

/// Something that takes samples.
pub trait Appendable: Send + Sync + fmt::Debug {
    /// Starts a batch. Batches of different appenders may run at the same time.
    fn appender(&self) -> Box<dyn Appender + '_>;
}

/// One batch. Nothing of it is visible before [`Appender::commit`]; dropping it takes it back.
pub trait Appender: Send {
    /// The reference of a series, created when it is new.
    ///
    /// # Errors
    /// When the store takes no more series.
    fn series(&mut self, labels: &Labels) -> Result<SeriesRef, AppendError>;

    /// The reference of a series that is there.
    fn find(&mut self, labels: &Labels) -> Option<SeriesRef>;

    /// From now on a sample that is older than the newest of its series is refused, also by a store
    /// that takes some out of order.
    fn in_order_only(&mut self) {}

    /// Adds a sample to a series.
    ///
    /// # Errors
    /// The sample is refused, the batch stays usable.
    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) -> Result<(), AppendError>;

    /// Adds a native histogram to a series.
    ///
    /// # Errors
    /// The sample is refused, the batch stays usable.
    fn append_histogram(
        &mut self,
        series: SeriesRef,
        at: Timestamp,
        histogram: Arc<NativeHistogram>,
    ) -> Result<(), AppendError>;

    /// Says when the counting of the sample appended last to `series` began. A store that keeps no
    /// start times forgets it.
    fn started(&mut self, _series: SeriesRef, _start: Timestamp) {}

    /// Adds an exemplar to a series. The same exemplar again is taken silently.
    ///
    /// # Errors
    /// The exemplar is refused, the batch stays usable.
    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) -> Result<(), AppendError>;

    /// Says what a metric family is.
    fn metadata(&mut self, family: &str, metadata: &Metadata);

    /// Makes the batch visible and durable as far as the store's sync policy goes.
    ///
    /// # Errors
    /// Nothing of the batch was stored.
    fn commit(self: Box<Self>) -> Result<Committed, CommitError>;
}

/// What a commit stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Samples stored.
    pub samples: usize,
    /// Series that did not exist before.
    pub series_created: usize,
    /// Samples refused at commit because another batch wrote the series meanwhile.
    pub out_of_order: usize,
    /// Exemplars stored.
    pub exemplars: usize,
}

/// Why one sample or series was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// The reference names no series (any more); ask for it again by labels.
    #[error("unknown series")]
    UnknownSeries,
    /// Older than the newest sample of the series.
    #[error("out of order sample")]
    OutOfOrder,
    /// Another value is stored for the same time.
    #[error("duplicate sample for timestamp")]
    Duplicate,
    /// Older than what the store still takes.
    #[error("out of bounds")]
    OutOfBounds,
    /// Older than the out-of-order window reaches.
    #[error("too old sample")]
    TooOld,
    /// Not a histogram.
    #[error("invalid histogram: {0}")]
    InvalidHistogram(#[from] InvalidHistogram),
    /// The labels of an exemplar are too long.
    #[error("the labels of the exemplar have more than {max} characters")]
    ExemplarTooLong {
        /// The limit.
        max: usize,
    },
    /// The store holds as many series as it may.
    #[error("series limit of {max} reached")]
    TooManySeries {
        /// The limit.
        max: usize,
    },
}

/// Why a batch was not stored.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Writing the log failed; nothing of the batch is visible.
    #[error("write the log")]
    Log {
        /// What the disk said.
        source: std::io::Error,
    },
    /// An earlier write or sync failed, so that nothing can be acknowledged any more.
    #[error("the store refuses writes since a failed write: {reason}")]
    Poisoned {
        /// The first failure.
        reason: String,
    },
}
