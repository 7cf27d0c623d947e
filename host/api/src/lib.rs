//! The HTTP API: Prometheus' v1, Alertmanager's v2, `/federate`, and `/api/v1/plugins`.
//!
//! Enters: requests. Leaves: answers in Prometheus' shapes (reference: docs/querying/api.md of
//! Prometheus 3). JSON shapes live here and nowhere below.
//!
//! Always holds: a handler checks its parameters, calls one room and shapes the answer; it holds
//! no logic of its own. Whatever blocks (queries, reads) runs on the blocking pool, and stops when
//! the client goes away.
//!
//! Open `routes.rs` first: its table has all endpoints, and is what `/api/v1/openapi.yaml` is made of.

mod admin;
mod alerting;
mod ast;
mod consoles;
mod control;
mod dashboards;
mod discovery;
mod endpoint;
mod envelope;
mod exemplars;
mod explain;
mod features;
mod federate;
mod measured;
mod notifications;
mod openapi;
mod origin;
mod params;
mod plugins;
mod query;
mod replay;
mod routes;
mod rules;
mod schema;
mod search;
mod self_metrics;
mod series;
mod stats;
mod status;
mod targets;
mod v2;
mod write;

pub use self::control::{
    QueryCost, QueryOrder, ReloadError, RunningQuery, ServerControl, TopQueries,
};
pub use self::notifications::Notifications;
pub use self::routes::{Rooms, router};
pub use self::stats::StatsBody;
pub use self::status::PROMETHEUS;
