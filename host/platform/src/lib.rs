//! The only door to disk and clock, the owner of every task, the named queues between rooms, and
//! the server's own metrics.
//!
//! Enters: the operating system. Leaves: traits that tests replace ([`Clock`], [`Disk`]), tasks
//! with a name and an end ([`Tasks`]), bounded queues ([`queue`]), files of lines ([`Journal`]),
//! counters ([`Metrics`]).
//!
//! Always holds: no other crate reads the clock, opens a file or spawns a task by itself.
//!
//! Open `tasks.rs` first.

mod clock;
mod disk;
mod glob;
mod journal;
mod metrics;
pub mod queue;
mod tasks;
mod watch;

pub use self::clock::{Clock, SimulatedClock};
pub use self::disk::{
    Disk, DiskFile, DiskLock, DiskSlots, DiskSpace, FileBytes, FileInfo, OverlayDisk, RealDisk,
    Resolved, SimulatedDisk, read_inside, read_to_string, replace,
};
pub use self::glob::expand as expand_pattern;
pub use self::journal::{Journal, JournalFile, JournalWriter};
pub use self::metrics::{
    Counter, Family, FamilyKind, Gauge, Histogram, Metrics, MetricsSource, Point, PointValue,
    Summary,
};
pub use self::tasks::{Stop, TaskError, Tasks};
pub use self::watch::{WatchError, Watcher, watch_folders};
