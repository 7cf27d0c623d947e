//! Where targets come from.
//!
//! Enters: what a job's configuration says (`static_configs`, `file_sd_configs` and other
//! `<name>_sd_configs`). Leaves: one channel a job that always holds the whole, current
//! [`TargetSet`](narthex_model::TargetSet), and how its sources are ([`JobView`]).
//!
//! Always holds: a job's set is whole, never a part of an update; a source that fails keeps its
//! last set and says since when; a job whose configuration did not change is not disturbed by a
//! reload, and neither is a source that any job keeps.
//!
//! Open `room.rs` first. Sources other than files come from outside by [`Providers`].

mod room;

mod source;

mod job;

mod config;

mod discoverer;
mod file;

mod telemetry;
mod view;

pub use self::config::{FileConfig, FileConfigError, JobDiscovery, ProviderConfig, StaticConfig};
pub use self::discoverer::{Discoverer, Outlet, OutletReader, ProviderError, Providers};
pub use self::room::{Discovery, DiscoveryParts, JobTargets, PrepareError, Prepared};
pub use self::view::{JobView, SourceView};
