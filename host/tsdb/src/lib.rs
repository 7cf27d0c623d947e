//! The local store: log, head, chunks.
//!
//! Enters: batches of samples through [`narthex_storage::Appendable`]. Leaves: series through
//! [`narthex_storage::Queryable`], numbers about itself through [`Tsdb::stats`] and metrics.
//!
//! Always holds: a sample is visible only after its record is in the log; what was acknowledged
//! survives `kill -9`, and a power cut as far as [`SyncPolicy`] says; damage is reported and the
//! rest is served; series ids are never reused.
//!
//! Open `store.rs` first, then `store/commit.rs` for the way in and `querier.rs` for the way out.
//! docs/formats/log.md and docs/formats/chunks.md draw what is on disk.
//!
//! ```
//! use narthex_model::{Labels, Timestamp};
//! use narthex_platform::{Metrics, SimulatedClock, SimulatedDisk};
//! use narthex_storage::{Appendable, Columns, Queryable, TimeRange};
//! use narthex_tsdb::{Config, Tsdb};
//!
//! let (disk, clock) = (SimulatedDisk::new(1), SimulatedClock::at(0));
//! let store = Tsdb::open(Config::new("/data"), disk.shared(), clock.clock(), &Metrics::new())?;
//! let mut batch = store.appender();
//! let up = batch.series(&Labels::from_pairs([("__name__", "up")]))?;
//! batch.append(up, Timestamp::from_millis(1_000), 1.0)?;
//! batch.commit()?;
//!
//! let found = store.querier(TimeRange::ALL)?.select(&[])?;
//! let mut columns = Columns::default();
//! found[0].read(TimeRange::ALL, &mut columns)?;
//! assert_eq!((columns.times, columns.values), (vec![1_000], vec![1.0]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod block;
mod budget;
mod builder;
mod compaction;
mod config;
#[cfg(test)]
mod drawn;
pub mod encoding;
mod export;
mod head;
mod import;
mod log;
mod observed;
mod querier;
mod stats;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use self::budget::{ReadBudget, ReadPermit};
pub use self::builder::{BlockBuilder, Unordered};
pub use self::compaction::write::CompactError;
pub use self::config::{
    Config, InvalidConfig, Retention, RetentionRule, Settings, StorageSection, SyncPolicy,
};
pub use self::export::{ExportError, Exported, export_block};
pub use self::import::ImportError;
pub use self::stats::{Named, Stats};
pub use self::store::{
    AdminError, Damaged, ImportProgress, MaintenanceError, OpenError, PreparedSettings,
    ReplayError, ReplayProgress, ReplayState, SettingsRefused, Tsdb, UnreadableBlock,
};
