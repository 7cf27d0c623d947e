//! Targets.

use std::collections::BTreeMap;

use axum::extract::State;
use narthex_model::{Labels, Timestamp, format_duration};
use narthex_scrape::{PoolView, TargetView};
use serde_json::{Value, json};

use crate::envelope::{Answer, ok};
use crate::params::Params;
use crate::query::LabelMap;
use crate::routes::Shared;
use crate::status::rfc3339;

/// `/api/v1/targets`
pub(crate) async fn targets(State(rooms): Shared, params: Params) -> Answer {
    let pools: Vec<PoolView> = rooms.scraper.targets();
    let wanted = params.get("scrapePool");
    let pools = || pools.iter().filter(|pool| wanted.is_none_or(|name| name == pool.job));
    let state = params.get("state").unwrap_or("any").to_lowercase();
    let is_shown = |kind: &str| state == kind || (state != "active" && state != "dropped");
    let active: Vec<Value> = pools()
        .filter(|_| is_shown("active"))
        .flat_map(|pool| pool.active.iter().map(|target| active(&pool.job, target)))
        .collect();
    let dropped: Vec<Value> = pools()
        .filter(|_| is_shown("dropped"))
        .flat_map(|pool| pool.dropped.iter().map(|labels| dropped(&pool.job, labels)))
        .collect();
    let counts: BTreeMap<&str, usize> =
        pools().map(|pool| (pool.job.as_str(), pool.dropped_count)).collect();
    ok(&json!({
        "activeTargets": active,
        "droppedTargets": dropped,
        "droppedTargetCounts": counts,
    }))
}

/// `/api/v1/scrape_pools`
pub(crate) async fn pools(State(rooms): Shared) -> Answer {
    let names: Vec<String> = rooms.scraper.targets().into_iter().map(|pool| pool.job).collect();
    ok(&json!({"scrapePools": names}))
}

fn active(job: &str, target: &TargetView) -> Value {
    json!({
        "discoveredLabels": labels(&target.discovered),
        "labels": labels(&target.labels),
        "scrapePool": job,
        "scrapeUrl": target.scrape_url,
        "globalUrl": target.global_url,
        "lastError": target.last_error,
        "lastScrape": target.last_scrape.map_or_else(never, rfc3339),
        "lastScrapeDuration": target.last_duration.as_secs_f64(),
        "health": target.health.name(),
        "scrapeInterval": format_duration(target.interval),
        "scrapeTimeout": format_duration(target.timeout),
    })
}

fn dropped(job: &str, discovered: &Labels) -> Value {
    json!({"discoveredLabels": labels(discovered), "scrapePool": job})
}

/// Go's zero time: how Prometheus says that something has not happened yet.
pub(crate) fn never() -> String {
    rfc3339(Timestamp::from_millis(-62_135_596_800_000))
}

/// Labels as a JSON object.
pub(crate) fn labels(labels: &Labels) -> Value {
    serde_json::to_value(LabelMap(labels)).unwrap_or_default()
}
