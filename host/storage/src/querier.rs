//! The way out. Reads are synchronous (memory and mapped files): run them on a blocking pool.

use std::fmt;

use std::sync::Arc;

use narthex_model::{Exemplar, Labels, Matcher, Metadata, NativeHistogram, Timestamp};

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

/// A histogram at a time; shared, because many steps of a query look at the same one.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramPoint {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// When its counting began, in milliseconds since the epoch; 0 where that is not known.
    pub start: i64,
    /// The sample; a staleness marker is one whose sum is the marker.
    pub histogram: Arc<NativeHistogram>,
}

/// Samples of one series: floats as two columns of the same length, histograms as a list beside
/// them. A time stands in one of the two only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Milliseconds since the epoch, strictly ascending.
    pub times: Vec<i64>,
    /// The values; staleness markers are among them.
    pub values: Vec<f64>,
    /// When the counting of each float began, in milliseconds, 0 where it is not known. Empty when
    /// it is known of none, else as long as `times`.
    pub starts: Vec<i64>,
    /// Native histograms, strictly ascending by time.
    pub histograms: Vec<HistogramPoint>,
}

impl Columns {
    /// Floats without start times.
    #[must_use]
    pub fn from_floats(times: Vec<i64>, values: Vec<f64>) -> Self {
        Self { times, values, ..Self::default() }
    }

    /// How many floats.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// How many samples of all kinds.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.times.len() + self.histograms.len()
    }

    /// Whether there is no sample of any kind.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.histograms.is_empty()
    }

    /// Adds one float.
    #[inline]
    pub fn push(&mut self, at: i64, value: f64) {
        self.push_with_start(at, value, 0);
    }

    /// Adds one float of which it is known when its counting began; 0: it is not.
    #[inline]
    pub fn push_with_start(&mut self, at: i64, value: f64, start: i64) {
        if start != 0 || !self.starts.is_empty() {
            self.starts.resize(self.times.len(), 0);
            self.starts.push(start);
        }
        self.times.push(at);
        self.values.push(value);
    }

    /// Adds one histogram.
    pub fn push_histogram(&mut self, at: i64, histogram: Arc<NativeHistogram>) {
        self.push_histogram_with_start(at, histogram, 0);
    }

    /// Adds one histogram of which it is known when its counting began; 0: it is not.
    pub fn push_histogram_with_start(
        &mut self,
        at: i64,
        histogram: Arc<NativeHistogram>,
        start: i64,
    ) {
        self.histograms.push(HistogramPoint { at, start, histogram });
    }

    /// Forgets all samples, keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.starts.clear();
        self.histograms.clear();
    }
}

/// Exemplars of one series, ascending by time.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesExemplars {
    /// The series.
    pub labels: Labels,
    /// What was observed.
    pub exemplars: Vec<Exemplar>,
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

    /// The exemplars within `range` of series that satisfy all matchers of one of the selectors,
    /// ascending by labels.
    ///
    /// # Errors
    /// When the store cannot be read now.
    fn exemplars(
        &self,
        range: TimeRange,
        selectors: &[Vec<Matcher>],
    ) -> Result<Vec<SeriesExemplars>, ReadError>;
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
    /// All queries together hold as much as they may.
    #[error(
        "queries together would hold {wanted_bytes} bytes of samples, more than the {max_bytes} \
         allowed; narrow the query or raise the limit"
    )]
    TooMuch {
        /// What it would have come to.
        wanted_bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
}
