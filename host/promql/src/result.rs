//! What a query answers, and why it may not.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use narthex_model::{FloatHistogram, Labels, Timestamp};
use narthex_storage::{Columns, ReadError};

use crate::ast::ValueType;
use crate::observer::QueryOrigin;
use crate::span::{ParseError, Position};

/// The answer to a query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryResult {
    /// The value.
    pub value: Value,
    /// What probably makes the value wrong.
    pub warnings: Vec<Annotation>,
    /// What may make the value surprising.
    pub infos: Vec<Annotation>,
    /// What the query cost.
    pub stats: QueryStats,
}

/// A value. A range query answers with a matrix always.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Scalar {
        /// The time of evaluation.
        at: Timestamp,
        /// The number.
        value: f64,
    },
    /// A text.
    String {
        /// The time of evaluation.
        at: Timestamp,
        /// The text.
        value: String,
    },
    /// One value a series, in the order of the query (`sort`, `topk`).
    Vector(Vec<VectorSample>),
    /// Any number of samples a series, ascending by labels.
    Matrix(Vec<MatrixSeries>),
}

impl Value {
    /// The type, named as the HTTP API does by [`ValueType::name`].
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::Scalar { .. } => ValueType::Scalar,
            Self::String { .. } => ValueType::String,
            Self::Vector(_) => ValueType::Vector,
            Self::Matrix(_) => ValueType::Matrix,
        }
    }
}

/// The value of a sample.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A distribution. Shared: many steps and operators look at the same one.
    Histogram(Arc<FloatHistogram>),
}

impl SampleValue {
    /// The number; nothing for a histogram.
    #[must_use]
    pub const fn float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Histogram(_) => None,
        }
    }
}

impl fmt::Display for SampleValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => write!(f, "{value}"),
            Self::Histogram(histogram) => write!(f, "{histogram}"),
        }
    }
}

/// One sample of a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSample {
    /// The series.
    pub labels: Labels,
    /// The time of evaluation.
    pub at: Timestamp,
    /// The value.
    pub value: SampleValue,
}

/// One series of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixSeries {
    /// The series.
    pub labels: Labels,
    /// Its samples; never empty, no staleness markers.
    pub points: Columns,
}

/// A remark on an answer, in Prometheus' words, with the place in the query that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Annotation {
    /// Begins with `PromQL warning: ` or `PromQL info: `.
    pub message: String,
    /// Where the expression begins.
    pub position: Position,
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.position)
    }
}

/// What a query cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryStats {
    /// Series read from the store.
    pub series: u64,
    /// Samples read from the store.
    pub samples: u64,
    /// Samples looked at over all steps: one that stands in the windows of ten steps counts ten
    /// times. A native histogram counts as many floats as fill its size.
    pub samples_looked_at: u64,
    /// The same of each step; empty unless it was asked for and
    /// [`Features::per_step_stats`](crate::Features::per_step_stats) is on.
    pub samples_of_steps: Vec<(Timestamp, u64)>,
    /// The most samples held in memory at once.
    pub samples_peak: u64,
    /// The most bytes held in memory at once.
    pub bytes_peak: u64,
    /// Time spent waiting for other queries.
    pub queued: Duration,
    /// Time spent planning.
    pub prepared: Duration,
    /// Time spent computing.
    pub evaluated: Duration,
}

/// Settings of one query.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// How far an instant selector looks back; the engine's when absent.
    pub lookback: Option<Duration>,
    /// How long the query may take; the engine's when absent or longer.
    pub timeout: Option<Duration>,
    /// Ends the query early.
    pub cancel: Cancel,
    /// Whether the samples of each step are counted.
    pub with_step_stats: bool,
    /// Who asks, for the journals of queries.
    pub origin: Option<Arc<QueryOrigin>>,
}

/// A flag that ends a query early. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every query that holds this flag.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the query shall end.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a query has no answer. [`QueryError::kind`] says how the HTTP API reports it.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is no query.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The query makes no sense for the data.
    #[error("{0}")]
    Execution(String),
    /// The query needs more samples in memory than it may hold.
    #[error("query processing would load too many samples into memory in query execution")]
    TooManySamples,
    /// The query holds more bytes, or is expected to, than it may.
    #[error("{}", too_much_memory(*.max, *.estimate))]
    TooMuchMemory {
        /// The limit.
        max: usize,
        /// What it would have come to, when that was clear before it began.
        estimate: Option<usize>,
    },
    /// The query took longer than it may.
    #[error("query timed out in {stage}")]
    Timeout {
        /// What it was doing.
        stage: &'static str,
    },
    /// The one who asked went away.
    #[error("query was canceled in {stage}")]
    Canceled {
        /// What it was doing.
        stage: &'static str,
    },
    /// The store could not be read.
    #[error("expanding series")]
    Storage(#[from] ReadError),
}

fn too_much_memory(max: usize, estimate: Option<usize>) -> String {
    let mib = |bytes: usize| bytes.div_ceil(1 << 20);
    let what = match estimate {
        Some(bytes) => format!("query is expected to hold {} MiB of memory", mib(bytes)),
        None => "query holds too much memory in query execution".to_owned(),
    };
    let max = mib(max);
    format!("{what}: {max} MiB are allowed; narrow it, or raise --query.max-memory")
}

/// How the HTTP API reports an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `bad_data`, status 400
    BadData,
    /// `execution`, status 422
    Execution,
    /// `timeout`, status 503
    Timeout,
    /// `canceled`, status 499
    Canceled,
    /// `internal`, status 500
    Internal,
}

impl ErrorKind {
    /// The value of `errorType`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::Internal => "internal",
        }
    }
}

impl QueryError {
    /// How the HTTP API reports it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Parse(_) => ErrorKind::BadData,
            Self::Execution(_) | Self::TooManySamples | Self::TooMuchMemory { .. } => {
                ErrorKind::Execution
            }
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::Canceled { .. } => ErrorKind::Canceled,
            Self::Storage(_) => ErrorKind::Internal,
        }
    }
}
