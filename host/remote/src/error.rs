//! Why a request was not stored, and whose fault that is.

use narthex_storage::{AppendError, CommitError};

use crate::headers::UnsupportedHeader;
use crate::wire::Malformed;

/// Why nothing of a request was stored. The texts begin as Prometheus' do, for those who look for
/// them in a sender's log.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The body, or what it unpacks to, is over the bound.
    #[error("{what} exceeds the {max} limit")]
    TooLarge {
        /// Which bound.
        what: &'static str,
        /// The bound, with its unit.
        max: String,
    },
    /// The body is of a kind that is not served.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedHeader),
    /// The body could not be read to its end.
    #[error("read the request body: {0}")]
    Body(String),
    /// The body did not come to its end in time.
    #[error("read the request body: it did not come within {seconds} s")]
    Late {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The body is not compressed by snappy's block format.
    #[error("{0}")]
    Snappy(String),
    /// What it unpacks to is no request.
    #[error("the request is no prometheus.WriteRequest: at byte {offset}: {reason}")]
    Malformed {
        /// Where the part begins that cannot be read.
        offset: usize,
        /// What is wrong with it.
        reason: Malformed,
    },
    /// A sample is too far ahead of this server's clock.
    #[error("out of bounds: timestamp is too far in the future: {series} at {at}")]
    Ahead {
        /// Its series.
        series: String,
        /// Its time.
        at: i64,
    },
    /// The store refuses a sample.
    #[error("{reason}: {series} at {at}")]
    Sample {
        /// Its series.
        series: String,
        /// Its time.
        at: i64,
        /// Why.
        reason: AppendError,
    },
    /// The store takes no more series.
    #[error("{reason}: {series}")]
    Series {
        /// Its labels.
        series: String,
        /// Why.
        reason: AppendError,
    },
    /// The store could not keep the batch.
    #[error("store the samples")]
    Commit(#[from] CommitError),
    /// Too many requests wait already.
    #[error(
        "too many requests at the same time: there was no turn for this one within {seconds} s"
    )]
    Busy {
        /// How long it was there.
        seconds: u64,
    },
    /// A bug of ours.
    #[error("the work failed: {0}")]
    Panicked(String),
}

/// Whose fault an error is: a sender tries again after the last two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is too large: 413.
    Size,
    /// The body is of a kind that is not served: 415.
    Kind,
    /// The request is wrong and stays so: 400.
    Request,
    /// The same request may be taken later: 503.
    Load,
    /// The store failed: 500.
    Store,
}

impl WriteError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::TooLarge { .. } => Fault::Size,
            Self::Unsupported(_) => Fault::Kind,
            Self::Snappy(_) | Self::Malformed { .. } | Self::Ahead { .. } => Fault::Request,
            Self::Sample { reason, .. } | Self::Series { reason, .. } => match reason {
                AppendError::OutOfOrder
                | AppendError::Duplicate
                | AppendError::OutOfBounds
                | AppendError::TooOld
                | AppendError::InvalidHistogram(_)
                | AppendError::ExemplarTooLong { .. } => Fault::Request,
                AppendError::UnknownSeries | AppendError::TooManySeries { .. } => Fault::Store,
            },
            Self::Body(_) | Self::Late { .. } | Self::Busy { .. } => Fault::Load,
            Self::Commit(_) | Self::Panicked(_) => Fault::Store,
        }
    }
}
