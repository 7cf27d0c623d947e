//! What a store is: how samples go in ([`Appender`]) and come out ([`Querier`]).
//!
//! Enters: label sets and samples, a batch per scrape or rule evaluation. Leaves: series in label
//! order, their samples as columns; [`MergedQuerier`] makes one store of several.
//!
//! Always holds: a querier sees whole commits only, or nothing of them; series come out ascending
//! by labels, each at most once; samples come out ascending by time, staleness markers included.
//!
//! Open `appender.rs` and `querier.rs` first; `memory.rs` is the reference store that tests and
//! other rooms compare with; `conformance.rs` (feature `testing`) is the suite every store runs.

mod appender;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod memory;
mod merge;
mod querier;

pub use self::appender::{AppendError, Appendable, Appender, CommitError, Committed, SeriesRef};
pub use self::memory::MemoryStore;
pub use self::merge::{MergedQuerier, merge_columns};
pub use self::querier::{
    Columns, HistogramPoint, Querier, Queryable, ReadError, Series, SeriesExemplars, TimeRange,
};
