//! Why a body is no exposition.

use narthex_model::InvalidClassic;
use narthex_model::protobuf::Malformed;

/// Where a body is no exposition, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// A line is none of the format.
    #[error("line {line}, column {column}: expected {expected}, found {found}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there, cut to a few bytes.
        found: String,
    },
    /// A message is no metric family.
    #[error("the message at byte {offset}: {problem}")]
    Message {
        /// Where the message of the family begins.
        offset: usize,
        /// What is wrong with it.
        problem: InvalidMessage,
    },
}

/// Why a message is no metric family.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidMessage {
    /// The bytes are no message at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A family's name is empty.
    #[error("a metric family has no name")]
    NoName,
    /// A label's name is empty.
    #[error("a label of {family} has no name")]
    NoLabelName {
        /// The family.
        family: String,
    },
    /// A text is none.
    #[error("{what} is not UTF-8")]
    NotUtf8 {
        /// What the text is.
        what: &'static str,
    },
    /// A kind of metric that there is not.
    #[error("{family} is of the unknown type {code}")]
    UnknownType {
        /// The family.
        family: String,
        /// Its type.
        code: u64,
    },
    /// Spans and buckets of a native histogram disagree.
    #[error("{family}: the {side} spans cover {covered} buckets, but {given} are given")]
    Buckets {
        /// The family.
        family: String,
        /// `positive` or `negative`.
        side: &'static str,
        /// Buckets by spans.
        covered: u64,
        /// Buckets in the list.
        given: usize,
    },
    /// More than the store can hold.
    #[error("a histogram has more than {max} buckets or spans")]
    TooManyBuckets {
        /// The bound.
        max: usize,
    },
    /// A classic histogram cannot be a native one.
    #[error("{family}: {problem}")]
    Classic {
        /// The family.
        family: String,
        /// What is wrong with it.
        problem: InvalidClassic,
    },
}
