//! The load of the benchmarks: one data set, offered to be scraped or pushed, and queries on it.
//!
//! Enters: a [`Shape`] (how many targets, how many series each). Leaves: bodies in an exposition format, remote-write
//! requests, query results compared between servers, what plugins cost.
//! Always holds: a value is a pure function of target, series and step, so that every server gets the same data, a
//! backfill continues what was scraped, and an expected result can be computed. The generator costs a small part of
//! what the cheapest server costs.
//! Read first: `shape.rs` for the series, `values.rs` for their values, then `targets.rs`.
#![expect(
    clippy::disallowed_methods,
    reason = "the bans keep the host testable on simulated disks and clocks; this load is for real servers"
)]

mod shape;
mod values;

mod body;
mod parsing;
mod targets;

mod blocks;
mod push;

mod http;
mod queries;

mod alerts;
mod plugins;

pub use self::alerts::{AlertRun, run_alerts};
pub use self::blocks::{Blocks, Compacted, write_blocks};
pub use self::body::{Format, write_body};
pub use self::parsing::{Parsed, Reader, parse};
pub use self::plugins::{PluginRun, run_plugins};
pub use self::push::{Push, Pushed, push};
pub use self::queries::{Comparison, MixRun, QueryRun, Timing, query_names, run_mix, run_queries};
pub use self::shape::{Family, Member, Shape, Unit};
pub use self::targets::{Serve, serve};
pub use self::values::{BUCKETS, Seed, Value, histogram, single};
