//! Bytes to samples and back: the text format 0.0.4 and OpenMetrics 0.0.1 and 1.0.
//!
//! Enters: the body that a target or an exporter plugin answered with, and its `Content-Type`.
//! Leaves: one [`Entry`] a line, borrowed from the body; and, the other way, the server's own
//! metrics as text ([`render`]).
//!
//! Always holds: a line costs no allocation; an [`Entry`] was checked in full; any bytes give
//! entries or an error with line and column, never a panic. What the OpenMetrics specification
//! forbids but Prometheus takes (a falling counter, histogram buckets out of order, families that
//! interleave) is taken here too: `tests/openmetrics.rs` lists every such case.
//!
//! Open `parse.rs` first, then `series.rs`.
//!
//! ```
//! use narthex_exposition::{Entry, Format, Parser};
//! let mut parser = Parser::new(b"up{job=\"node\"} 1\n", Format::Text004);
//! let Ok(Some(Entry::Sample(sample))) = parser.next_entry() else { panic!() };
//! assert_eq!(sample.series.labels().unwrap().to_string(), r#"up{job="node"}"#);
//! assert_eq!(sample.reading.value, 1.0);
//! ```

mod format;
mod number;
mod parse;
mod series;
mod text;
mod write;

pub use self::format::{ContentTypeError, Format, Protocol, UnknownProtocol, accept_header};
pub use self::number::{format_float, format_openmetrics_float, parse_float};
pub use self::parse::{Entry, ParseError, Parser, Sample};
pub use self::series::{Exemplar, LabelsError, Reading, SeriesText};
pub use self::write::render;
