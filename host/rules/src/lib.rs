//! Recording and alerting rules, evaluated on a schedule.
//!
//! Enters: rule files as text, the query engine, a store, what an earlier process kept. Leaves: samples of recording rules, the
//! series `ALERTS` and `ALERTS_FOR_STATE`, and [`AlertBatch`](narthex_model::AlertBatch)es for
//! whoever is an [`AlertSink`]; [`alert_queue`] is one.
//!
//! Always holds: a rule sees what those before it in its group wrote, and nothing of those after
//! it, also where rules are evaluated beside each other; a group never runs beside itself; an alert whose template fails is sent with the
//! error in place of the text; a reload keeps the state of every rule whose name and labels did
//! not change, and a restart that of the alerts that fire. Time enters as `now`: only `service.rs` asks the clock.
//!
//! Open `active.rs` first, then `group.rs`; `service.rs` is the loop.
//!
//! ```
//! use narthex_rules::RuleFiles;
//! let text = "groups: [{ name: g, rules: [{ record: a }] }]";
//! let error = RuleFiles::read([("r.yml", text)]).unwrap_err();
//! assert!(error.to_string().contains("field 'expr' must be set in rule"));
//! ```

mod active;
mod alerting_rule;
mod beside;
mod catch_up;
mod config;
mod expand;
mod file;
mod group;
mod kept;
mod levels;
mod measures;
mod recording_rule;
mod rehearsal;
mod restore;
mod schedule;
mod service;
mod sink;
mod views;
mod write;

pub use self::active::AlertState;
pub use self::config::RulesConfig;
pub use self::file::{Reading, Recording, RuleFileErrors, RuleFiles};
pub use self::rehearsal::Rehearsal;
pub use self::service::{Parts, Prepared, Rules, alert_queue};
pub use self::sink::AlertSink;
pub use self::views::{AlertView, GroupView, Health, RuleKind, RuleView};
