use std::collections::BTreeSet;

use super::*;

/// What Prometheus 3.14 has: methods, paths below `/api/v1` and the names of operations. Without the two
/// that this server does not have: `remoteRead` and `otlpWrite`.
const THEIRS: [(&str, &str, &str); 48] = [
    ("get", "/query", "query"),
    ("post", "/query", "query-post"),
    ("get", "/query_range", "query-range"),
    ("post", "/query_range", "query-range-post"),
    ("get", "/query_exemplars", "query-exemplars"),
    ("post", "/query_exemplars", "query-exemplars-post"),
    ("get", "/format_query", "format-query"),
    ("post", "/format_query", "format-query-post"),
    ("get", "/parse_query", "parse-query"),
    ("post", "/parse_query", "parse-query-post"),
    ("get", "/labels", "labels"),
    ("post", "/labels", "labels-post"),
    ("get", "/label/{name}/values", "label-values"),
    ("get", "/search/metric_names", "search-metric-names"),
    ("post", "/search/metric_names", "search-metric-names-post"),
    ("get", "/search/label_names", "search-label-names"),
    ("post", "/search/label_names", "search-label-names-post"),
    ("get", "/search/label_values", "search-label-values"),
    ("post", "/search/label_values", "search-label-values-post"),
    ("get", "/series", "series"),
    ("post", "/series", "series-post"),
    ("get", "/metadata", "get-metadata"),
    ("get", "/scrape_pools", "get-scrape-pools"),
    ("get", "/scrape_pools/config", "get-scrape-pool-config"),
    ("get", "/targets", "get-targets"),
    ("get", "/targets/metadata", "get-targets-metadata"),
    ("get", "/targets/relabel_steps", "get-targets-relabel-steps"),
    ("get", "/rules", "rules"),
    ("get", "/alerts", "alerts"),
    ("get", "/alertmanagers", "alertmanagers"),
    ("get", "/status/config", "get-status-config"),
    ("get", "/status/runtimeinfo", "get-status-runtimeinfo"),
    ("get", "/status/buildinfo", "get-status-buildinfo"),
    ("get", "/status/flags", "get-status-flags"),
    ("get", "/status/tsdb", "status-tsdb"),
    ("get", "/status/tsdb/blocks", "status-tsdb-blocks"),
    ("get", "/status/walreplay", "get-status-walreplay"),
    ("get", "/status/self_metrics", "get-status-self-metrics"),
    ("put", "/admin/tsdb/delete_series", "deleteSeriesPut"),
    ("post", "/admin/tsdb/delete_series", "deleteSeriesPost"),
    ("put", "/admin/tsdb/clean_tombstones", "cleanTombstonesPut"),
    ("post", "/admin/tsdb/clean_tombstones", "cleanTombstonesPost"),
    ("put", "/admin/tsdb/snapshot", "snapshotPut"),
    ("post", "/admin/tsdb/snapshot", "snapshotPost"),
    ("post", "/write", "remoteWrite"),
    ("get", "/notifications", "get-notifications"),
    ("get", "/notifications/live", "notifications-live"),
    ("get", "/features", "get-features"),
];

fn made(version: Version) -> Value {
    document(version, &table(), "http://server.test")
}

/// All operations, as method, path and the rest.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &'_ Value)| -> Vec<(String, String)> {
        methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())).collect()
    };
    let all: Vec<(String, String)> = paths.iter().flat_map(of_path).collect();
    all.into_iter()
        .map(|(method, path)| {
            let operation = &document["paths"][path.as_str()][method.as_str()];
            (method, path, operation)
        })
        .collect()
}

fn texts_under<'a>(key: &str, value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(key).and_then(Value::as_str));
            fields.values().for_each(|value| texts_under(key, value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| texts_under(key, item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let routes: BTreeSet<(String, String)> = table()
        .iter()
        .flat_map(|group| group.endpoints.iter().map(move |row| (group.prefix, row)))
        .flat_map(|(prefix, row)| {
            let path = format!("{prefix}{}", row.path);
            row.ways.iter().map(move |way| (way.method.name().to_owned(), path.clone()))
        })
        .collect();
    let documented = |version| -> BTreeSet<(String, String)> {
        let document = made(version);
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect()
    };
    assert_eq!(documented(Version::V32), routes);
    let endless = ("get".to_owned(), "/api/v1/notifications/live".to_owned());
    let without: BTreeSet<_> = routes.into_iter().filter(|route| *route != endless).collect();
    assert_eq!(documented(Version::V31), without, "there are no words for what has no end");
}

#[test]
fn operations_have_the_names_of_prometheus() {
    let document = made(Version::V32);
    let named: Vec<(String, String, &str)> = operations(&document)
        .into_iter()
        .map(|(method, path, operation)| (method, path, operation["operationId"].as_str().unwrap()))
        .collect();
    for (method, path, id) in THEIRS {
        let path = format!("/api/v1{path}");
        let ours = named.iter().find(|(by, at, _)| by == method && *at == path);
        assert_eq!(ours.map(|(_, _, id)| *id), Some(id), "{method} {path}");
    }
    let ids: BTreeSet<&str> = named.iter().map(|(_, _, id)| *id).collect();
    assert_eq!(ids.len(), named.len(), "a name stands twice");
}

#[test]
fn what_is_named_is_there_and_what_is_there_is_named() {
    for version in [Version::V31, Version::V32] {
        let document = made(version);
        let mut named = Vec::new();
        texts_under("$ref", &document, &mut named);
        let named: BTreeSet<&str> = named.into_iter().collect();
        let there = document["components"]["schemas"].as_object().unwrap().keys();
        let there: Vec<String> = there.map(|name| format!("#/components/schemas/{name}")).collect();
        let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
        // Data of streams is told in version 3.2 alone.
        match version {
            Version::V31 => assert!(named.is_subset(&there)),
            Version::V32 => assert_eq!(named, there),
        }
        let tags = Tag::ALL.map(|tag| tag.told().0);
        for (method, path, operation) in operations(&document) {
            let operation_of = format!("{method} {path}");
            assert!(tags.contains(&operation["tags"][0].as_str().unwrap()), "{operation_of}");
            assert_ne!(operation["summary"], "", "{operation_of} is told of");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|code| code.starts_with('2')), "{operation_of} succeeds");
        }
    }
}

#[test]
fn parameters_of_a_path_are_told() {
    for row in table().iter().flat_map(|group| &group.endpoints) {
        let in_path: Vec<String> = row
            .parameters
            .iter()
            .filter(|parameter| parameter.is_in_path)
            .map(|parameter| format!("{{{}}}", parameter.name))
            .collect();
        let in_braces: Vec<&str> =
            row.path.split('/').filter(|part| part.starts_with('{')).collect();
        assert_eq!(in_path, in_braces, "{}", row.path);
        let names: BTreeSet<&str> = row.parameters.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), row.parameters.len(), "a parameter of {} stands twice", row.path);
        let codes: BTreeSet<u16> = row.answers.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), row.answers.len(), "a code of {} stands twice", row.path);
    }
}

#[test]
fn the_document_is_always_the_same_and_is_read_as_it_was_written() {
    for version in [Version::V31, Version::V32] {
        let text = yaml(&made(version)).to_string();
        assert_eq!(text, yaml(&made(version)).to_string());
        let read = narthex_settings::Document::parse("openapi.yaml", &text).unwrap();
        assert_eq!(Yaml::from(read.root()).to_string(), text);
    }
}

#[test]
fn a_form_has_the_parameters_of_the_query() {
    let document = made(Version::V31);
    let range = &document["paths"]["/api/v1/query_range"];
    let name = |parameter: &Value| parameter["name"].as_str().unwrap().to_owned();
    let in_query: BTreeSet<String> =
        range["get"]["parameters"].as_array().unwrap().iter().map(name).collect();
    let kind = "application/x-www-form-urlencoded";
    let form = &range["post"]["requestBody"]["content"][kind]["schema"];
    let in_form: BTreeSet<String> =
        form["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(in_query, in_form);
    assert_eq!(form["required"], json!(["query", "start", "end", "step"]));
    assert_eq!(range["post"].get("parameters"), None);
}
