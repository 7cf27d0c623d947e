//! The nouns every room shares: labels, samples, timestamps, matchers, relabeling, targets, alerts.
//!
//! Enters: nothing. Leaves: plain values. No I/O, no clock, no file format: this crate derives no
//! serde, so that formats and nouns change apart.
//!
//! Always holds: a [`Labels`] is sorted by name, holds no name twice and no empty value; a
//! [`Matcher`] holds a regular expression that compiled.
//!
//! Open `labels.rs` first.
//!
//! ```
//! use narthex_model::{Labels, Matcher, MatchOp};
//! let labels = Labels::from_pairs([("job", "node"), ("__name__", "up")]);
//! let matcher = Matcher::new(MatchOp::Regex, "job", "no.*").unwrap();
//! assert!(matcher.matches(labels.get("job").unwrap_or("")));
//! assert_eq!(labels.to_string(), r#"up{job="node"}"#);
//! ```

mod alert;
mod compensated;
mod duration;
mod exemplar;
mod histogram;
mod labels;
mod matcher;
mod metadata;
mod names;
mod number;
pub mod protobuf;
mod quote;
mod relabel;
mod sample;
mod target;
mod timestamp;

pub use self::alert::{Alert, AlertBatch, fingerprint};
pub use self::compensated::CompensatedSum;
pub use self::duration::{DurationError, format_duration, parse_duration};
pub use self::exemplar::{EXEMPLAR_LABELS_CHARS_MAX, Exemplar};
pub use self::histogram::{
    Bucket, BucketLayout, CUSTOM_BUCKETS_SCHEMA, ClassicHistogram, CounterReset,
    EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN, FloatHistogram, HistogramMean, HistogramSum,
    Incompatible, IntegerHistogram, InvalidClassic, InvalidHistogram, Merged, NativeHistogram,
    Span, buckets_in, exponential_bound, indexed, upper_bound,
};
pub use self::labels::{
    BUCKET_LABEL, INSTANCE, JOB, Labels, LabelsBuilder, METRIC_NAME, QUANTILE_LABEL, is_label_name,
    is_metric_name,
};
pub use self::matcher::{AnchoredRegex, MatchOp, Matcher, MatcherError, expand_match};
pub use self::metadata::{Metadata, MetricType};
pub use self::names::NameScheme;
pub use self::number::Shortest;
pub use self::quote::Quoted;
pub use self::relabel::{RelabelAction, RelabelError, RelabelRule, RelabelSpec, relabel};
pub use self::sample::{STALE_NAN_BITS, Sample, is_stale, stale_nan};
pub use self::target::{TargetGroup, TargetSet};
pub use self::timestamp::Timestamp;
