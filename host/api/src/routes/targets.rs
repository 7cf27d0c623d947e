//! Targets, and the jobs that they belong to.

use super::series::metric_type;
use crate::endpoint::{Endpoint, Parameter, Tag};
use crate::schema::{
    Schema, duration_text, flag, labels, list, map, moment, named, number, object, text, whole,
    words,
};
use crate::targets;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/scrape_pools", "get-scrape-pools", targets::pools)
            .about(Tag::Targets, "Lists the jobs")
            .answers(object([("scrapePools", list(text()))])),
        Endpoint::get("/scrape_pools/config", "get-scrape-pool-config", targets::pool_config)
            .about(Tag::Targets, "Shows the configuration of a job, secrets hidden")
            .takes([pool("The job.").needed()])
            .answers(object([("yaml", text())]))
            .refuses(&[400, 500]),
        Endpoint::get("/targets", "get-targets", targets::targets)
            .about(Tag::Targets, "Lists targets, and those that were dropped")
            .takes([
                pool("Of this job alone."),
                Parameter::optional("state", text(), "`active`, `dropped` or `any`."),
            ])
            .answers(object([
                ("activeTargets", list(named("Target", target))),
                ("droppedTargets", list(dropped())),
                ("droppedTargetCounts", map(whole())),
            ])),
        Endpoint::get("/targets/metadata", "get-targets-metadata", targets::metadata)
            .about(Tag::Targets, "Tells what targets say of their metrics")
            .takes([
                Parameter::optional("match_target", text(), "Of targets with such labels alone."),
                Parameter::optional("metric", text(), "Of this metric alone."),
                Parameter::count("limit", "About so many entries; all, unless it is given."),
            ])
            .answers(list(metadata()))
            .refuses(&[400]),
        Endpoint::get(
            "/targets/relabel_steps",
            "get-targets-relabel-steps",
            targets::relabel_steps,
        )
        .about(Tag::Targets, "Shows what each rule of relabeling makes of labels")
        .takes([
            pool("The job.").needed(),
            Parameter::required("labels", text(), "Labels as a JSON object of texts."),
        ])
        .answers(object([("steps", list(step()))]))
        .refuses(&[400]),
    ]
}

fn pool(about: &'static str) -> Parameter {
    Parameter::optional("scrapePool", text(), about)
}

fn target() -> Schema {
    object([
        ("discoveredLabels", labels()),
        ("labels", labels()),
        ("scrapePool", text()),
        ("scrapeUrl", text()),
        ("globalUrl", text()),
        ("lastError", text()),
        ("lastScrape", moment()),
        ("lastScrapeDuration", number().about("Seconds.")),
        ("health", words(&["unknown", "up", "down"])),
        ("scrapeInterval", duration_text()),
        ("scrapeTimeout", duration_text()),
    ])
}

fn dropped() -> Schema {
    object([("discoveredLabels", labels()), ("scrapePool", text())])
}

fn metadata() -> Schema {
    let metadata =
        object([("target", labels()), ("type", metric_type()), ("help", text()), ("unit", text())]);
    metadata.and_maybe([("metric", text().about("Told unless one metric was asked for."))])
}

fn step() -> Schema {
    let rule = object([
        ("separator", text()),
        ("regex", text()),
        ("replacement", text()),
        ("action", text()),
    ]);
    let rule = rule.and_maybe([
        ("source_labels", list(text())),
        ("modulus", whole()),
        ("target_label", text()),
    ]);
    object([("rule", rule), ("output", labels()), ("keep", flag())])
}
