//! The SDK for plugins of Narthex.
//!
//! Enters: a configuration as JSON, and what the plugin asks of the host. Leaves: metrics, targets or a receipt, always
//! as values; a failure is an [`Error`] whose kind tells the host what to do next. What always holds: a call starts with
//! nothing remembered, and everything outside the guest is reached through this crate, so that the same code runs in the
//! sandbox and, natively, against [`testing::FakeHost`]. Open `plugin.rs` first.
//!
//! ```
//! use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, files, testing::FakeHost};
//!
//! struct Uptime;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {}
//!
//! impl Exporter for Uptime {
//!     type Config = Config;
//!
//!     fn describe() -> Info {
//!         Info::new("uptime", env!("CARGO_PKG_VERSION"), "How long the machine has been up.")
//!     }
//!
//!     fn collect(_: Config, _: &Target) -> Result<Exposition, Error> {
//!         let text = files::read_string("proc", "uptime")?;
//!         let seconds = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
//!         let seconds = seconds.ok_or_else(|| Error::protocol("proc/uptime holds no number"))?;
//!         let mut metrics = Metrics::new();
//!         metrics.gauge("uptime_seconds", "Time since boot.").set(seconds);
//!         Ok(metrics.text())
//!     }
//! }
//!
//! narthex_sdk::exporter!(Uptime);
//!
//! let host = FakeHost::new().file("proc", "uptime", "12.5 3.0\n");
//! let answer = host.collect::<Uptime>("{}").unwrap();
//! assert!(answer.text().contains("uptime_seconds 12.5"));
//! ```

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod component;
mod config;
mod error;
mod host;
mod plugin;
mod targets;

mod metrics;

#[cfg(feature = "alertmanager")]
pub mod alertmanager;
pub mod base64;
pub mod clock;
pub mod dns;
pub mod duration;
pub mod facts;
pub mod files;
pub mod http;
pub mod kv;
pub mod log;
pub mod secrets;
pub mod tcp;
pub mod time;

#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use self::{
    bindings::{
        discovery::exports::narthex::plugin::discovery_api::{
            Change, Delta, Refreshed, TargetGroup,
        },
        exporter::exports::narthex::plugin::exporter_api::Target,
        host::narthex::plugin::types::{Error, ErrorKind, Exposition, Label},
        lifecycle::exports::narthex::plugin::lifecycle::Info,
        notifier::exports::narthex::plugin::notifier_api::{
            Alert, AlertGroup, AlertStatus, Receipt,
        },
    },
    metrics::{Family, Histogram, Metrics, Part, Value},
    plugin::{Discovery, Exporter, Notifier},
    targets::{Labels, host_port, sanitize},
};
pub use serde_json::{self as json, Value as Json};

/// The tutorial is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
