//! Bytes to samples and back: the text formats 0.0.4 and 1.0.0, OpenMetrics 0.0.1 and 1.0, and
//! delimited protobuf.
//!
//! Enters: the body that a target or an exporter plugin answered with, and its `Content-Type`.
//! Leaves: one [`Entry`] a line, or a value of a message, borrowed from the body; and, the other
//! way, families as any of the protocols ([`Writer`]).
//!
//! Always holds: a number costs no allocation; an [`Entry`] was checked in full, but for the
//! labels of a message, which [`SeriesText::labels`] checks; any bytes give
//! entries or an error with its place, never a panic. What the OpenMetrics specification
//! forbids but Prometheus takes (a falling counter, histogram buckets out of order, families that
//! interleave) is taken here too: `tests/openmetrics.rs` lists every such case, and
//! `tests/conformance/exposition/differences.test` what is read otherwise than Prometheus reads it.
//!
//! Open `parse.rs` first, then `lines.rs` and `proto.rs`.
//!
//! ```
//! use narthex_exposition::{Entry, Format, Parser};
//! let mut parser = Parser::new(b"up{job=\"node\"} 1\n", Format::Text004);
//! let Ok(Some(Entry::Sample(sample))) = parser.next_entry() else { panic!() };
//! assert_eq!(sample.series.labels().unwrap().to_string(), r#"up{job="node"}"#);
//! assert_eq!(sample.reading.value, 1.0);
//! ```

mod answer;
mod collected;
mod custom;
mod entry;
mod error;
mod escape;
mod exemplar;
mod format;
mod lines;
mod lint;
mod media_type;
mod number;
mod options;
mod parse;
mod parts;
mod proto;
mod protocol;
mod series;
mod text;
mod write;

#[cfg(test)]
mod testing;

pub use self::answer::Answer;
pub use self::collected::{LABELS_BYTES_MAX, LabelsError};
pub use self::entry::{Entry, Reading, Sample};
pub use self::error::{InvalidMessage, ParseError};
pub use self::escape::{Escaping, UnknownEscaping};
pub use self::exemplar::{Exemplar, Exemplars};
pub use self::format::{ContentTypeError, ContentTypeRemark, Format};
pub use self::lint::{Cardinality, LintError, Linted, Problem, lint};
pub use self::media_type::MalformedMediaType;
pub use self::number::{format_float, format_openmetrics_float, parse_float};
pub use self::options::Options;
pub use self::parse::Parser;
pub use self::protocol::{Protocol, UnknownProtocol, accept_header};
pub use self::series::{SeriesText, TYPE_LABEL, UNIT_LABEL};
pub use self::write::{ClassicBucket, FamilyHead, Measured, MeasuredValue, Writer, render};
