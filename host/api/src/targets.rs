//! Targets.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use narthex_model::{Labels, Matcher, RelabelRule, Timestamp, format_duration};
use narthex_promql::parse_any_selector;
use narthex_scrape::{FamilyMetadata, PoolView, RelabelStep, TargetView};
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::query::LabelMap;
use crate::routes::Shared;
use crate::status::rfc3339;

/// `/api/v1/targets`
pub(crate) async fn targets(State(rooms): Shared, params: Params) -> Answer {
    let all: Vec<PoolView> = rooms.scraper.targets();
    let wanted = params.get("scrapePool");
    let pools = || all.iter().filter(|pool| wanted.is_none_or(|name| name == pool.job));
    let state = params.get("state").unwrap_or("any").to_lowercase();
    let is_shown = |kind: &str| state == kind || state == "any";
    let active: Vec<Value> = pools()
        .filter(|_| is_shown("active"))
        .flat_map(|pool| pool.active.iter().map(|target| active(&pool.job, target)))
        .collect();
    let dropped: Vec<Value> = pools()
        .filter(|_| is_shown("dropped"))
        .flat_map(|pool| pool.dropped.iter().map(|labels| dropped(&pool.job, labels)))
        .collect();
    // Of every pool, whichever is asked for: so are they in Prometheus.
    let counts: BTreeMap<&str, usize> =
        all.iter().map(|pool| (pool.job.as_str(), pool.dropped_count)).collect();
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

/// `/api/v1/scrape_pools/config`
pub(crate) async fn pool_config(State(rooms): Shared, params: Params) -> Answer {
    let name = given(&params, "scrapePool")?;
    let job = rooms.scraper.job(name).ok_or_else(|| no_such_pool(name))?;
    let server = Arc::clone(&rooms.server);
    let joined = tokio::task::spawn_blocking(move || server.pool_text(&job)).await;
    let text = joined.map_err(|panic| ApiError::internal(format!("write it: {panic}")))?;
    ok(&json!({"yaml": text.ok_or_else(|| no_such_pool(name))?}))
}

/// A parameter that must be given.
fn given<'a>(params: &'a Params, name: &str) -> Result<&'a str, ApiError> {
    let missing = || ApiError::bad_data(format!("no {name} parameter provided"));
    params.get(name).ok_or_else(missing)
}

fn no_such_pool(name: &str) -> ApiError {
    let why = format!("error retrieving scrape config: scrape pool {name:?} not found");
    ApiError::bad_data(why)
}

/// `/api/v1/targets/metadata`
pub(crate) async fn metadata(State(rooms): Shared, params: Params) -> Answer {
    let wanted = Wanted::new(&params)?;
    ok(&wanted.of(&rooms.scraper.targets()))
}

/// What is asked for of what targets say of their families.
struct Wanted<'a> {
    /// Entries after which no target is looked at; the one before is told whole.
    limit: usize,
    matchers: Vec<Matcher>,
    metric: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn new(params: &'a Params) -> Result<Self, ApiError> {
        let limit = params.count("limit")?;
        let matchers = params.get("match_target").map(parse_any_selector).transpose();
        let matchers = matchers.map_err(|error| {
            ApiError::bad_data(format!("invalid parameter \"match_target\": {error}"))
        })?;
        let matchers = matchers.unwrap_or_default();
        Ok(Self { limit, matchers, metric: params.get("metric") })
    }

    fn of(&self, pools: &[PoolView]) -> Vec<Value> {
        let matches = |labels: &Labels| {
            let value = |name: &str| labels.get(name).unwrap_or("");
            self.matchers.iter().all(|matcher| matcher.matches(value(matcher.name())))
        };
        let mut found = Vec::new();
        for target in pools.iter().flat_map(|pool| &pool.active) {
            if found.len() >= self.limit {
                break;
            }
            if matches(&target.labels) {
                let families = target.families.iter();
                let families =
                    families.filter(|family| self.metric.is_none_or(|name| name == family.family));
                found.extend(families.map(|family| self.shape(&target.labels, family)));
            }
        }
        found
    }

    fn shape(&self, target: &Labels, family: &FamilyMetadata) -> Value {
        let metadata = &family.metadata;
        let mut shape = json!({
            "target": labels(target),
            "type": metadata.metric_type.name(),
            "help": metadata.help,
            "unit": metadata.unit,
        });
        // Whoever asks for one metric knows its name.
        if let (Some(shape), None) = (shape.as_object_mut(), self.metric) {
            shape.insert("metric".to_owned(), family.family.clone().into());
        }
        shape
    }
}

/// `/api/v1/targets/relabel_steps`
pub(crate) async fn relabel_steps(State(rooms): Shared, params: Params) -> Answer {
    let job = given(&params, "scrapePool")?;
    let labels: BTreeMap<String, String> = serde_json::from_str(given(&params, "labels")?)
        .map_err(|error| ApiError::bad_data(format!("error parsing labels: {error}")))?;
    let steps = rooms.scraper.relabel_steps(job, &Labels::from_pairs(labels));
    let steps = steps.ok_or_else(|| no_such_pool(job))?;
    ok(&json!({"steps": steps.iter().map(step).collect::<Vec<_>>()}))
}

fn step(step: &RelabelStep) -> Value {
    let output = step.labels.clone().unwrap_or_else(Labels::empty);
    json!({"rule": rule(&step.rule), "output": labels(&output), "keep": step.labels.is_some()})
}

/// A rule by its keys in the configuration, without those that are empty.
fn rule(rule: &RelabelRule) -> Value {
    let spec = rule.to_spec();
    let mut shape = json!({
        "separator": spec.separator,
        "regex": spec.regex,
        "replacement": spec.replacement,
        "action": spec.action.name(),
    });
    if let Some(shape) = shape.as_object_mut() {
        if !spec.source_labels.is_empty() {
            shape.insert("source_labels".to_owned(), spec.source_labels.into());
        }
        if spec.modulus != 0 {
            shape.insert("modulus".to_owned(), spec.modulus.into());
        }
        if !spec.target_label.is_empty() {
            shape.insert("target_label".to_owned(), spec.target_label.into());
        }
    }
    shape
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

#[cfg(test)]
mod tests;
