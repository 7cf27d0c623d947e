//! `/api/v1/features`: what there is, by the names that Prometheus gives it, and whether it is switched on.
//! What only one of the two servers can have is not named.

use std::collections::BTreeMap;

use axum::extract::State;
use narthex_plugins::PluginKind;
use narthex_promql::{AggregateOp, Features};
use narthex_template::{Functions, PrometheusContext};

use crate::envelope::{Answer, ok};
use crate::routes::{Rooms, Shared};
use crate::search;

/// The operators of the language, those of selectors among them.
const OPERATORS: [&str; 21] = [
    "!=", "!~", "%", "*", "+", "-", "/", "<", "</", "<=", "==", "=~", ">", ">/", ">=", "@", "^",
    "and", "atan2", "or", "unless",
];

type Category = BTreeMap<String, bool>;

/// `/api/v1/features`
pub(crate) async fn features(State(rooms): Shared) -> Answer {
    ok(&of(&rooms))
}

fn of(rooms: &Rooms) -> BTreeMap<&'static str, Category> {
    let features = rooms.engine.config().features;
    let flags: BTreeMap<String, String> = rooms.server.flags().into_iter().collect();
    let named = flags.get("enable-feature").map_or("", String::as_str);
    let has = |name: &str| named.split(',').any(|given| given == name);
    let reloads = flags.get("config.auto-reload").is_some_and(|flag| flag == "true");
    let rules_at_once = flags.get("rules.max-concurrent-evals").and_then(|flag| flag.parse().ok());
    BTreeMap::from([
        ("api", api(rooms)),
        (
            "prometheus",
            category(&[
                ("agent_mode", false),
                ("auto_reload_config", reloads || has("auto-reload-config")),
                ("server_mode", true),
            ]),
        ),
        ("promql", promql(features)),
        ("promql_functions", functions(features)),
        ("promql_operators", operators(features)),
        (
            "rules",
            category(&[
                ("concurrent_rule_eval", rules_at_once.is_some_and(|most: usize| most > 1)),
                ("keep_firing_for", true),
                ("query_offset", true),
            ]),
        ),
        (
            "scrape",
            category(&[
                ("extra_scrape_metrics", true),
                ("start_timestamp_zero_ingestion", has("created-timestamp-zero-ingestion")),
                ("type_and_unit_labels", features.type_and_unit_labels),
            ]),
        ),
        ("service_discovery_providers", providers(rooms)),
        ("templating_functions", templates()),
        (
            "tsdb",
            category(&[
                ("exemplar_storage", rooms.tsdb.settings().exemplars_max() > 0),
                ("isolation", true),
                ("native_histograms", true),
            ]),
        ),
    ])
}

fn category(names: &[(&str, bool)]) -> Category {
    names.iter().map(|(name, is_on)| ((*name).to_owned(), *is_on)).collect()
}

fn api(rooms: &Rooms) -> Category {
    let mut api = category(&[
        ("admin", rooms.server.admin_allowed()),
        ("exclude_alerts", true),
        ("label_values_match", true),
        ("lifecycle", rooms.server.lifecycle_allowed()),
        ("openapi_3.1", true),
        ("openapi_3.2", true),
        ("otlp_write_receiver", false),
        ("query_stats", true),
        ("query_warnings", true),
        ("remote_write_receiver", rooms.remote.is_some()),
        ("search", true),
        ("time_range_labels", true),
        ("time_range_series", true),
    ]);
    api.extend(search::fuzz_names().map(|name| (format!("search_fuzz_alg_{name}"), true)));
    api
}

fn promql(features: Features) -> Category {
    let (extended, fills) = (features.extended_range_selectors, features.binop_fill_modifiers);
    category(&[
        ("anchored", extended),
        ("at_modifier", true),
        ("bool", true),
        ("by", true),
        ("delayed_name_removal", features.delayed_name_removal),
        ("duration_expr", true),
        ("fill", fills),
        ("fill_left", fills),
        ("fill_right", fills),
        ("group_left", true),
        ("group_right", true),
        ("ignoring", true),
        ("negative_offset", true),
        ("offset", true),
        ("on", true),
        ("per_query_lookback_delta", true),
        ("per_step_stats", features.per_step_stats),
        ("smoothed", extended),
        ("subqueries", true),
        ("type_and_unit_labels", features.type_and_unit_labels),
        ("without", true),
    ])
}

fn functions(features: Features) -> Category {
    let is_on = |is_experimental: bool| !is_experimental || features.experimental_functions;
    let all = narthex_promql::functions();
    all.map(|function| (function.name.to_owned(), is_on(function.is_experimental))).collect()
}

fn operators(features: Features) -> Category {
    let mut operators = category(&OPERATORS.map(|name| (name, true)));
    operators.extend(AggregateOp::ALL.iter().map(|op| {
        (op.name().to_owned(), !op.is_experimental() || features.experimental_functions)
    }));
    operators
}

/// Those that are built in, and those whose plugins are there.
fn providers(rooms: &Rooms) -> Category {
    let plugins = rooms.plugins.view().into_iter();
    let plugins = plugins.filter(|plugin| plugin.kind == Some(PluginKind::Discovery));
    let plugins = plugins.map(|plugin| plugin.name);
    let built_in = ["file", "static"].map(str::to_owned).into_iter();
    built_in.chain(plugins).map(|name| (name, true)).collect()
}

/// Beside those of the language of templates itself.
fn templates() -> Category {
    let language = Functions::builtin();
    let all = Functions::prometheus(&PrometheusContext::default());
    let ours = all.names().filter(|name| !language.names().any(|other| other == *name));
    ours.map(|name| (name.to_owned(), true)).collect()
}
