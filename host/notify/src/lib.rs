//! Sends alerts to other Alertmanagers, until they have them.
//!
//! Enters: what rules find ([`Alertmanagers::submit`]), and what discovery found of Alertmanagers.
//! Leaves: `POST /api/v2/alerts` to each of them.
//!
//! Always holds: every Alertmanager has a loop and a backlog of its own, so that one that hangs delays no
//! other; of an alert the newest news is kept, and sent again until it is taken, refused for good, or over
//! for a day; no backlog grows beyond its capacity. Time enters as `now`: only `target.rs` and `service.rs`
//! ask the clock.
//!
//! Open `backlog.rs` first, then `target.rs` and `plan.rs`; `service.rs` is the door.
//!
//! ```
//! use narthex_client::HttpConfig;
//! use narthex_model::NameScheme;
//! use narthex_notify::AlertmanagerKeys;
//! use narthex_settings::Document;
//! let keys: AlertmanagerKeys = Document::parse("prometheus.yml", "api_version: v1")?.read()?;
//! let error = keys.resolve(HttpConfig::default(), false, NameScheme::Utf8).unwrap_err();
//! assert_eq!(error.to_string(), "expected Alertmanager api version to be v2 but got v1");
//! # Ok::<(), narthex_settings::SettingsError>(())
//! ```

mod answer;
mod backlog;
mod config;
mod endpoints;
mod plan;
mod service;
mod target;
mod telemetry;
mod trouble;
mod wire;

pub use self::config::{
    AlertingKeys, AlertmanagerConfig, AlertmanagerKeys, Config, InvalidAlerting,
};
pub use self::plan::Found;
pub use self::service::{
    Alertmanagers, AlertmanagersView, Parts, PrepareError, Prepared, Settings,
};
