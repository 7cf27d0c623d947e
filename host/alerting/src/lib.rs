//! Group, inhibit, silence, route, notify: what Alertmanager does, inside the server.
//!
//! Enters: [`AlertBatch`](narthex_model::AlertBatch)es from the rules' queue or by
//! [`Alerting::submit`]. Leaves: calls of [`Notifiers`], one for each group and integration when
//! something changed or the repeat interval has passed.
//!
//! Always holds: an alert belongs to one group of every route that it matches; a group has at most
//! one delivery under way; what a receiver acknowledged is in the notification log, on disk,
//! before the next notification of that group, so that a crash repeats at most one delivery and a
//! restart repeats none. Time enters as `now`: only `service.rs` asks the clock.
//!
//! Open `dispatch.rs` first, then `delivery.rs`; `silences.rs` and `intervals.rs` stand alone.
//!
//! ```
//! use narthex_alerting::Config;
//! let text = "route: { receiver: hook }\nreceivers: [{ name: hook, webhook_configs: [{ url: x }] }]";
//! let document = narthex_settings::Document::parse("alertmanager.yml", text)?;
//! let config: Config = document.read()?;
//! assert_eq!(config.integrations().next().unwrap().plugin, "webhook");
//! # Ok::<(), narthex_settings::SettingsError>(())
//! ```

mod config;
mod dedup;
mod delivery;
mod dispatch;
mod inhibit;
mod intervals;
mod log;
mod matchers;
mod notifiers;
mod receivers;
mod route;
mod service;
mod silences;
mod views;
mod words;

pub use self::config::{Config, ConfigError, Integration, Receiver};
pub use self::inhibit::InhibitRule;
pub use self::intervals::{IntervalError, TimeInterval};
pub use self::log::OpenLogError;
pub use self::matchers::{
    MatcherTextError, matcher_text, matchers_text, parse_matcher, parse_matchers,
};
pub use self::notifiers::{
    AlertGroup, AlertStatus, BoxFuture, GroupAlert, Notifiers, NotifyError, NotifyErrorKind,
    Receipt,
};
pub use self::receivers::LastNotification;
pub use self::route::{GroupBy, Route, Routes};
pub use self::service::{Alerting, Parts, PrepareError, Prepared};
pub use self::silences::{
    SILENCE_BYTES_MAX, SILENCES_MAX, Silence, SilenceError, SilenceState, SilenceTerms, Silences,
};
pub use self::views::{AlertView, GroupView, IntegrationView, ReceiverView};
pub use self::words::Words;

#[cfg(test)]
mod testing;
