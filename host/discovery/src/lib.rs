//! Where targets come from.
//!
//! Enters: what a job's configuration says (`static_configs`, `<name>_sd_configs`). Leaves: one
//! channel a job that always holds the whole, current [`TargetSet`](narthex_model::TargetSet).
//!
//! Always holds: a job's set is whole, never a part of an update; a provider that fails keeps its
//! last set; a job whose configuration did not change is not disturbed by a reload.
//!
//! Open `manager.rs` first. Providers other than `static` come from outside by [`Providers`].

mod config;
mod manager;

pub use self::config::{JobDiscovery, ProviderConfig, StaticConfig};
pub use self::manager::{
    Busy, Discoverer, Discovery, JobTargets, PrepareError, Prepared, ProviderError, Providers,
};
