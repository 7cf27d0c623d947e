//! The way out. Reads are synchronous (memory and mapped files): run them on a blocking pool.

use std::fmt;

use narthex_model::{Labels, Matcher, Metadata, Timestamp};

/// A closed interval of time: both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// First.
    pub start: Timestamp,
    /// Last.
    pub end: Timestamp,
}

impl TimeRange {
    /// All time.
    pub const ALL: Self = Self { start: Timestamp::MIN, end: Timestamp::MAX };

    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at <= self.end
    }
}

/// Samples of one series, as two columns of the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Milliseconds since the epoch, strictly ascending.
    pub times: Vec<i64>,
    /// The values; staleness markers are among them.
    pub values: Vec<f64>,
}

impl Columns {
    /// How many samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Adds one sample.
    pub fn push(&mut self, at: i64, value: f64) {
        self.times.push(at);
        self.values.push(value);
    }

    /// Forgets all samples, keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
    }
}

/// Something that can be read.
pub trait Queryable: Send + Sync + fmt::Debug {
    /// A consistent view of `range`.
    ///
    /// # Errors
    /// When the store cannot be read now.
    fn querier(&self, range: TimeRange) -> Result<Box<dyn Querier>, ReadError>;

    /// What is known of metric families, ascending by name. `family`: only this one.
    fn metadata(&self, family: Option<&str>) -> Vec<(String, Metadata)>;
}

/// A view of a store in a time range.
pub trait Querier: Send + Sync {
    /// The series that satisfy all matchers and may have samples in the range, ascending by labels.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn Series>>, ReadError>;

    /// The label names of these series, ascending.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError>;

    /// The values of one label of these series, ascending.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError>;
}

/// One series of a result; its samples are decoded only when asked for.
pub trait Series: Send + Sync {
    /// Its identity.
    fn labels(&self) -> &Labels;

    /// An upper bound of the samples that `read` appends, without decoding.
    fn samples_max(&self) -> usize;

    /// Appends the samples within `range` (cut to the querier's) to `out`.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read; `out` then holds what came before.
    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError>;
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk refused.
    #[error("read {path}")]
    Io {
        /// The file.
        path: String,
        /// What the disk said.
        source: std::io::Error,
    },
    /// The bytes are not what was written.
    #[error("{path} is damaged at byte {offset}")]
    Damaged {
        /// The file, or `memory`.
        path: String,
        /// Where.
        offset: u64,
    },
}
