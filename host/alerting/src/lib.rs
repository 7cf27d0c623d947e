//! Group, inhibit, silence, route, notify: what Alertmanager does, inside the server.
//!
//! Enters: [`AlertBatch`](narthex_model::AlertBatch)es from the rules' queue or by
//! [`Alerting::submit`], and at the start what is on disk. Leaves: calls of [`Notifiers`], one for each group and integration when
//! something changed or the repeat interval has passed.
//!
//! Always holds: an alert belongs to one group of every route that it matches; a group has at most
//! one delivery under way; what a receiver has taken is in the notification log, on disk,
//! before the next notification of that group, so that a crash repeats at most one delivery and a
//! restart repeats none. Time enters as `now`: only `service.rs` asks the clock.
//!
//! Open `dispatch.rs` first, then `alerts.rs` and `delivery.rs`; `silences.rs` and `intervals.rs` stand alone.
//!
//! ```
//! use narthex_alerting::Config;
//! let text = "route: { receiver: hook }\nreceivers: [{ name: hook, webhook_configs: [{ url: x }] }]";
//! let document = narthex_settings::Document::parse("alertmanager.yml", text)?;
//! let config: Config = document.read()?;
//! assert_eq!(config.integrations().next().unwrap().plugin, "webhook");
//! # Ok::<(), narthex_settings::SettingsError>(())
//! ```

mod acknowledge;
mod alerts;
mod config;
mod dedup;
mod delivery;
mod dispatch;
mod index;
mod inhibit;
mod intervals;
mod lanes;
mod log;
mod matchers;
mod notifiers;
mod order;
mod receivers;
mod route;
mod service;
mod silences;
mod trial;
mod views;
mod words;

pub use self::acknowledge::AcknowledgeError;
pub use self::alerts::Acknowledgement;
pub use self::config::{Config, ConfigError, Integration, Receiver};
pub use self::inhibit::InhibitRule;
pub use self::intervals::{IntervalError, TimeInterval};
pub use self::log::OpenError;
pub use self::matchers::{
    MatcherTextError, matcher_text, matchers_text, parse_matcher, parse_matchers,
};
pub use self::notifiers::{
    AlertGroup, AlertStatus, BoxFuture, GroupAlert, Notifiers, NotifyError, NotifyErrorKind,
    Receipt,
};
pub use self::order::label_order;
pub use self::receivers::LastNotification;
pub use self::route::{GroupBy, Route, Routes};
pub use self::service::{Alerting, Parts, PrepareError, Prepared};
pub use self::silences::{
    SILENCE_BYTES_MAX, SILENCES_MAX, Silence, SilenceError, SilenceState, SilenceTerms, Silences,
};
pub use self::trial::{Asked, GroupCount, Refusal, Trial, Verdict};
pub use self::views::{AlertView, GroupView, IntegrationView, ReceiverView};
pub use self::words::Words;

#[cfg(test)]
mod testing;
