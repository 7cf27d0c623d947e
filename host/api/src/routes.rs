//! Which path is answered by which handler.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use narthex_alerting::Alerting;
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
use crate::envelope::ApiError;
use crate::measured::measure;
use crate::notifications::Notifications;
use crate::{
    admin, alerting, ast, dashboards, discovery, exemplars, explain, features, federate,
    notifications, plugins, query, replay, rules, search, self_metrics, series, status, targets,
    v2, write,
};

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
    /// Knows the dashboards.
    pub dashboards: Dashboards,
    /// The program's own metrics.
    pub metrics: Metrics,
    /// Results that one search may ask for; 0 is no bound.
    pub search_results_max: usize,
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
    Router::new()
        .nest("/api/v1", v1())
        .nest("/api/v2", v2::router())
        .route("/federate", get(federate::federate))
        .route("/metrics", get(status::metrics))
        .route("/version", get(status::version))
        .route("/-/healthy", get(status::healthy))
        .route("/-/ready", get(status::ready))
        .route("/-/reload", post(status::reload).put(status::reload))
        .route("/-/quit", post(status::quit).put(status::quit))
        .method_not_allowed_fallback(wrong_method)
        .route_layer(from_fn_with_state(Arc::clone(&rooms), measure))
        .with_state(rooms)
}

fn v1() -> Router<Arc<Rooms>> {
    Router::new()
        .route("/query", get(query::instant).post(query::instant))
        .route("/query_range", get(query::range).post(query::range))
        .route("/query_explain", get(explain::explain).post(explain::explain))
        .route("/query_exemplars", get(exemplars::exemplars).post(exemplars::exemplars))
        .route("/format_query", get(query::format).post(query::format))
        .route("/parse_query", get(ast::parse).post(ast::parse))
        .route("/series", get(series::series).post(series::series))
        .route("/labels", get(series::names).post(series::names))
        .route("/label/{name}/values", get(series::values))
        .nest("/search", search::router())
        .route("/metadata", get(series::metadata))
        .route("/write", post(write::write))
        .route("/targets", get(targets::targets))
        .route("/targets/metadata", get(targets::metadata))
        .route("/targets/relabel_steps", get(targets::relabel_steps))
        .route("/scrape_pools", get(targets::pools))
        .route("/scrape_pools/config", get(targets::pool_config))
        .route("/rules", get(rules::rules))
        .route("/alerts", get(rules::alerts))
        .route("/alertmanagers", get(discovery::alertmanagers))
        .route("/alerting/routes", get(alerting::routes))
        .route("/alerting/trial", post(alerting::trial))
        .route("/alerting/receivers", get(alerting::receivers))
        .route("/plugins", get(plugins::plugins))
        .route("/plugins/{name}/disable", post(plugins::disable))
        .route("/plugins/{name}/enable", post(plugins::enable))
        .route("/plugins/{name}/reload", post(plugins::reload))
        .nest("/dashboards", dashboards::router())
        .route("/notifications", get(notifications::all))
        .route("/notifications/live", get(notifications::live))
        .route("/status/buildinfo", get(status::build_info))
        .route("/status/runtimeinfo", get(status::runtime_info))
        .route("/status/self_metrics", get(self_metrics::self_metrics))
        .route("/features", get(features::features))
        .route("/status/config", get(status::config))
        .route("/status/flags", get(status::flags))
        .route("/status/tsdb", get(status::tsdb))
        .route("/status/discovery", get(discovery::discovery))
        .route("/status/active_queries", get(status::active_queries))
        .route("/status/top_queries", get(status::top_queries))
        .route("/status/walreplay", get(replay::status))
        .route("/status/tsdb/blocks", get(admin::blocks))
        .route("/admin/tsdb/delete_series", post(admin::delete_series).put(admin::delete_series))
        .route(
            "/admin/tsdb/clean_tombstones",
            post(admin::clean_tombstones).put(admin::clean_tombstones),
        )
        .route("/admin/tsdb/snapshot", post(admin::snapshot).put(admin::snapshot))
        .method_not_allowed_fallback(wrong_method)
        .fallback(any(unknown))
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
