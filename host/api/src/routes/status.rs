//! The program, its configuration and its store, and what it wants an operator to know.

use super::parameters::limit;
use crate::endpoint::{Content, Endpoint, Parameter, Tag};
use crate::schema::{
    Schema, flag, list, map, moment, named, number, object, one_of, text, whole, words,
};
use crate::{admin, discovery, features, notifications, openapi, replay, self_metrics, status};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = of_the_program();
    all.extend(of_the_store());
    all.extend(of_queries());
    all.extend(notices());
    all
}

fn of_the_program() -> Vec<Endpoint> {
    let pattern = "A regular expression; families whose whole names match are told.";
    let version = "`3.1`, unless it is `3.2`, which has words for streams.";
    vec![
        Endpoint::get("/status/config", "get-status-config", status::config)
            .about(Tag::Status, "Shows the configuration in force, secrets hidden")
            .answers(object([("yaml", text())])),
        Endpoint::get("/status/runtimeinfo", "get-status-runtimeinfo", status::runtime_info)
            .about(Tag::Status, "Tells how the program runs")
            .answers(object([
                ("hostname", text()),
                ("corruptionCount", whole()),
                ("startTime", moment()),
                ("CWD", text()),
                ("reloadConfigSuccess", flag()),
                ("lastConfigTime", moment()),
                ("serverTime", moment()),
                ("storageRetention", text()),
            ])),
        Endpoint::get("/status/buildinfo", "get-status-buildinfo", status::build_info)
            .about(Tag::Status, "Tells which version runs, and which Prometheus' API it has")
            .answers(build_of_prometheus()),
        Endpoint::get("/status/flags", "get-status-flags", status::flags)
            .about(Tag::Status, "Lists the flags of the command line")
            .answers(map(text())),
        Endpoint::get("/status/discovery", "get-status-discovery", discovery::discovery)
            .about(Tag::Status, "Tells how the sources of targets are")
            .takes([Parameter::optional("job", text(), "Of this job alone.")])
            .answers(object([
                ("jobs", list(named("DiscoveryJob", discovery_job))),
                ("alertmanagers", list(named("DiscoveryJob", discovery_job))),
            ])),
        Endpoint::get(
            "/status/self_metrics",
            "get-status-self-metrics",
            self_metrics::self_metrics,
        )
        .about(Tag::Status, "Shows the program's own metrics as JSON")
        .takes([Parameter::optional("metric_name_pattern", text(), pattern)])
        .answers(list(named("MetricFamily", family)))
        .refuses(&[400]),
        Endpoint::get("/features", "get-features", features::features)
            .about(Tag::Features, "Tells what this server can do, by the names of Prometheus")
            .answers(map(map(flag()))),
        Endpoint::get("/openapi.yaml", "get-openapi", openapi::openapi)
            .about(Tag::Features, "Shows this document")
            .takes([Parameter::optional("openapi_version", text(), version)])
            .answers_with(200, Content::Text(&["application/yaml"])),
    ]
}

fn of_the_store() -> Vec<Endpoint> {
    let entries = "Entries of each list; 10, unless it is given, and 10,000 at most.";
    vec![
        Endpoint::get("/status/tsdb", "status-tsdb", status::tsdb)
            .about(Tag::Status, "Tells what is in the head of the store")
            .takes([limit(entries)])
            .answers(head())
            .refuses(&[400]),
        Endpoint::get("/status/tsdb/blocks", "status-tsdb-blocks", admin::blocks)
            .about(Tag::Status, "Lists the blocks of the store")
            .answers(object([("blocks", list(block()))])),
        Endpoint::get("/status/walreplay", "get-status-walreplay", replay::status)
            .about(Tag::Status, "Tells how far the log of the store is read")
            .answers(object([
                ("min", whole()),
                ("max", whole()),
                ("current", whole()),
                ("state", words(&["waiting", "in progress", "done", "failed"])),
                ("bytes", whole()),
                ("bytesTotal", whole()),
                ("samples", whole()),
                ("percent", whole()),
            ])),
    ]
}

fn of_queries() -> Vec<Endpoint> {
    let order = words(&["duration", "slowest", "count", "samples"]);
    vec![
        Endpoint::get(
            "/status/active_queries",
            "get-status-active-queries",
            status::active_queries,
        )
        .about(Tag::Status, "Lists queries that are evaluated now")
        .answers(list(object([("query", text()), ("since", moment())]))),
        Endpoint::get("/status/top_queries", "get-status-top-queries", status::top_queries)
            .about(Tag::Status, "Lists the queries that cost most since the start")
            .takes([
                Parameter::optional("sort", order, "By which cost; by duration, unless given."),
                limit("Queries; 20, unless it is given, and 1,000 at most."),
            ])
            .answers(object([
                ("since", moment()),
                ("kept", whole()),
                ("forgotten", whole()),
                ("queries", list(cost())),
            ]))
            .refuses(&[400]),
    ]
}

fn notices() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/notifications", "get-notifications", notifications::all)
            .about(Tag::Notifications, "Lists what an operator should know now")
            .answers(list(named("Notification", notification))),
        Endpoint::get("/notifications/live", "notifications-live", notifications::live)
            .about(Tag::Notifications, "Tells what an operator should know, as it changes")
            .answers_with(200, Content::Events(named("Notification", notification)))
            .answers_with(204, Content::Nothing),
    ]
}

/// What a program was built from.
pub(super) fn build() -> Schema {
    object([
        ("version", text()),
        ("revision", text()),
        ("branch", text()),
        ("buildUser", text()),
        ("buildDate", text()),
        ("goVersion", text()),
    ])
}

pub(super) fn build_of_prometheus() -> Schema {
    build().and([("narthexVersion", text())])
}

fn discovery_job() -> Schema {
    let source = object([
        ("mechanism", text()),
        ("index", whole()),
        ("health", words(&["ok", "failing", "waiting"])),
        ("targets", whole()),
        ("groups", whole()),
        ("lastSuccess", moment().or_null()),
        ("failingSince", moment().or_null()),
        ("lastError", text()),
        ("failures", whole()),
    ]);
    object([
        ("job", text()),
        ("targets", whole()),
        ("lastUpdate", moment().or_null()),
        ("sources", list(source)),
    ])
}

/// A family of metrics, as the JSON of its protobuf.
fn family() -> Schema {
    let float = || one_of([number(), words(&["NaN", "Infinity", "-Infinity"])]);
    let count = || text().about("A whole number.");
    let one = |name, value| object([(name, value)]).and_maybe([("label", list(label()))]);
    let histogram = object([
        ("sampleCount", count()),
        ("sampleSum", float()),
        ("bucket", list(object([("cumulativeCount", count()), ("upperBound", float())]))),
    ]);
    let summary = object([
        ("sampleCount", count()),
        ("sampleSum", float()),
        ("quantile", list(object([("quantile", float()), ("value", float())]))),
    ]);
    object([
        ("name", text()),
        ("help", text()),
        ("type", words(&["COUNTER", "GAUGE", "HISTOGRAM", "SUMMARY"])),
        (
            "metric",
            list(one_of([
                one("counter", object([("value", float())])),
                one("gauge", object([("value", float())])),
                one("histogram", histogram),
                one("summary", summary),
            ])),
        ),
    ])
}

fn label() -> Schema {
    object([("name", text()), ("value", text())])
}

fn head() -> Schema {
    let counts = || list(object([("name", text()), ("value", whole())]));
    let head = object([
        ("numSeries", whole()),
        ("numLabelPairs", whole()),
        ("chunkCount", whole()),
        ("minTime", whole().about("Milliseconds since the Unix epoch.")),
        ("maxTime", whole().about("Milliseconds since the Unix epoch.")),
    ]);
    object([
        ("headStats", head),
        ("seriesCountByMetricName", counts()),
        ("labelValueCountByLabelName", counts()),
        ("memoryInBytesByLabelName", counts()),
        ("seriesCountByLabelValuePair", counts()),
    ])
}

/// The file `meta.json` of a block, to which other programs may add.
fn block() -> Schema {
    let range = || [("ulid", text()), ("minTime", whole()), ("maxTime", whole())];
    let stats = object([]).and_maybe([
        ("numSamples", whole()),
        ("numFloatSamples", whole()),
        ("numHistogramSamples", whole()),
        ("numSeries", whole()),
        ("numChunks", whole()),
        ("numTombstones", whole()),
    ]);
    let compaction = object([("level", whole())]).and_maybe([
        ("sources", list(text())),
        ("deletable", flag()),
        ("parents", list(object(range()))),
        ("failed", flag()),
        ("hints", list(text())),
    ]);
    let block = object(range()).and([
        ("stats", stats.and_others()),
        ("compaction", compaction.and_others()),
        ("version", whole()),
    ]);
    block.and_others()
}

fn cost() -> Schema {
    object([
        ("query", text()),
        ("count", whole()),
        ("failed", whole()),
        ("durationSum", number().about("Seconds.")),
        ("durationMax", number().about("Seconds.")),
        ("samplesSum", whole()),
        ("samplesMax", whole()),
        ("last", moment()),
    ])
}

fn notification() -> Schema {
    object([("text", text()), ("date", moment()), ("active", flag())])
}
