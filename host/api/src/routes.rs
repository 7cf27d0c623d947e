//! Which path is answered by which handler, and what is said of it.
//!
//! A row of the table is one endpoint. The router is made of the table, and so is the document at
//! `/api/v1/openapi.yaml`: what is not in it is not answered.

mod admin;
mod alerting;
mod alertmanager;
mod dashboards;
mod parameters;
mod plugins;
mod queries;
mod rules;
mod search;
mod series;
mod server;
mod status;
mod targets;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use narthex_alerting::Alerting;
use narthex_consoles::Consoles;
use narthex_dashboards::Dashboards;
use narthex_discovery::Discovery;
use narthex_notify::Alertmanagers;
use narthex_platform::{Clock, Metrics};
use narthex_plugins::Plugins;
use narthex_promql::Engine;
use narthex_remote::{Federation, Receiver};
use narthex_rules::Rules;
use narthex_scrape::Scraper;
use narthex_storage::Queryable;
use narthex_tsdb::Tsdb;

use crate::control::ServerControl;
use crate::endpoint::Group;
use crate::envelope::ApiError;
use crate::measured::measure;
use crate::notifications::Notifications;
use crate::{consoles, v2};

/// The rooms that handlers call.
pub struct Rooms {
    /// Answers queries.
    pub engine: Engine,
    /// Answers series, labels and metadata.
    pub store: Arc<dyn Queryable>,
    /// Knows where targets come from.
    pub discovery: Discovery,
    /// Knows the targets.
    pub scraper: Scraper,
    /// Takes remote write requests, where that is switched on.
    pub remote: Option<Receiver>,
    /// Answers servers that collect from this one.
    pub federation: Federation,
    /// Knows rules and alerts.
    pub rules: Rules,
    /// Knows who is notified of alerts.
    pub alerting: Alerting,
    /// Knows where other Alertmanagers are found.
    pub notify_discovery: Discovery,
    /// Knows which other Alertmanagers are told of alerts.
    pub alertmanagers: Alertmanagers,
    /// Knows the plugins.
    pub plugins: Plugins,
    /// Knows what an operator should know.
    pub notifications: Notifications,
    /// Makes pages of console templates.
    pub consoles: Consoles,
    /// Knows the dashboards.
    pub dashboards: Dashboards,
    /// The program's own metrics.
    pub metrics: Metrics,
    /// Results that one search may ask for; 0 is no bound.
    pub search_results_max: usize,
    /// Where others find this server, without a slash at its end.
    pub external_url: String,
    /// The time.
    pub clock: Clock,
    /// The store behind it, for its numbers.
    pub tsdb: Tsdb,
    /// The program as a whole.
    pub server: Arc<dyn ServerControl>,
}

impl std::fmt::Debug for Rooms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rooms")
    }
}

pub(crate) type Shared = State<Arc<Rooms>>;

/// All routes of the API; whatever is not found here is somebody else's.
pub fn router(rooms: Arc<Rooms>) -> Router {
    let [v1, v2, beside] = table();
    let v1_prefix = v1.prefix;
    let v1 = v1.into_router().method_not_allowed_fallback(wrong_method).fallback(any(unknown));
    Router::new()
        .nest(v1_prefix, v1)
        .nest(v2.prefix, v2.into_router().fallback(any(v2::unknown)))
        .merge(beside.into_router())
        .merge(consoles::router())
        .method_not_allowed_fallback(wrong_method)
        .route_layer(from_fn_with_state(Arc::clone(&rooms), measure))
        .with_state(rooms)
}

/// All endpoints: what is answered, and what `/api/v1/openapi.yaml` says of it.
pub(crate) fn table() -> [Group; 3] {
    let v1 = [
        queries::endpoints(),
        series::endpoints(),
        search::endpoints(),
        targets::endpoints(),
        rules::endpoints(),
        alerting::endpoints(),
        status::endpoints(),
        admin::endpoints(),
        plugins::endpoints(),
        dashboards::endpoints(),
    ];
    [
        Group { prefix: "/api/v1", endpoints: v1.into_iter().flatten().collect() },
        Group { prefix: "/api/v2", endpoints: alertmanager::endpoints() },
        Group { prefix: "", endpoints: server::endpoints() },
    ]
}

async fn unknown() -> Response {
    ApiError::not_found("no such endpoint; /api/v1 has query, query_range, series, labels, …")
        .into_response()
}

/// The header `Allow` names the right ones.
async fn wrong_method() -> Response {
    text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n")
}

/// A plain text.
pub(crate) fn text(status: StatusCode, body: impl Into<String>) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body.into()).into_response()
}
