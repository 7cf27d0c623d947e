//! Names and values found by parts of them, and what the server says it can do.

use narthex_harness::{FakeTarget, Host, SECONDS, http};
use serde_json::{Value, json};

use crate::support::config;

fn lines(answer: &http::Response) -> Vec<Value> {
    let text = answer.text();
    assert!(text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn host(target: &FakeTarget) -> Host {
    target.serve(
        "# HELP http_requests_total Answered.\n# TYPE http_requests_total counter\n\
         http_requests_total{code=\"200\"} 1\nhttp_requests_total{code=\"404\"} 1\n\
         # TYPE http_duration gauge\nhttp_duration 1\n# TYPE queue gauge\nqueue 1\n",
    );
    let jobs = format!(
        "scrape_configs:\n- job_name: fake\n  scrape_interval: 1s\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    );
    let host = Host::with_config(&config(&jobs))
        .file("plugins/.keep", "")
        .flag("--web.search.max-limit=50")
        .flag("--enable-feature=promql-experimental-functions")
        .start();
    host.wait_for_query("queue", 15 * SECONDS, |series| series.len() == 1);
    host
}

#[test]
fn names_are_found_by_parts_of_them_line_by_line() {
    let target = FakeTarget::start();
    let host = host(&target);
    let ask = |path: &str| lines(&host.get(&format!("/api/v1/search/{path}")));

    let answer = host.get("/api/v1/search/metric_names?search[]=http");
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson; charset=utf-8"));
    let trailer = json!({"status": "success", "has_more": false});
    let both = json!({"results": [{"name": "http_duration"}, {"name": "http_requests_total"}]});
    assert_eq!(lines(&answer), [both, trailer.clone()]);

    let told = ask(
        "metric_names?search[]=requests&include_metadata=1&include_score=1&fuzz_alg=jarowinkler",
    );
    let one = &told[0]["results"][0];
    assert_eq!(one["type"], "counter");
    assert_eq!(one["help"], "Answered.");
    let score = one["score"].as_f64().expect("a score");
    assert!((score - (1.0 - 0.9 * 5.0 / 11.0)).abs() < 1e-9, "{score}");

    let told = ask("metric_names?search[]=HT_R&case_sensitive=false&sort_by=score");
    assert_eq!(
        told[0]["results"],
        json!([{"name": "http_requests_total"}, {"name": "http_duration"}])
    );

    let told = ask("label_values?label=code&limit=1");
    assert_eq!(
        told,
        [json!({"results": [{"value": "200"}]}), json!({"status": "success", "has_more": true})]
    );
    let told = ask("label_values?label=code&batch_size=1&sort_by=alpha&sort_dir=dsc");
    let expected = [
        json!({"results": [{"value": "404"}]}),
        json!({"results": [{"value": "200"}]}),
        trailer.clone(),
    ];
    assert_eq!(told, expected);
    let told = ask("label_names?match[]=queue&match[]=http_requests_total&search[]=o");
    assert_eq!(told[0]["results"], json!([{"name": "code"}, {"name": "job"}]));
    let told = ask("label_names?match[]=nothing");
    assert_eq!(told, [json!({"results": []}), trailer]);

    let form = b"search[]=queue&match[]=%7Bjob%3D%22fake%22%7D";
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let url = host.url("/api/v1/search/metric_names");
    let posted = http::send("POST", &url, &headers, form).expect("the host answers");
    assert_eq!(lines(&posted)[0]["results"], json!([{"name": "queue"}]));

    // Browsers ask so.
    let packed =
        http::send("GET", &url, &[("accept-encoding", "gzip")], b"").expect("the host answers");
    assert_eq!((packed.status, packed.header("content-encoding")), (200, Some("gzip")));

    for path in [
        "label_values",
        "metric_names?limit=51",
        "metric_names?sort_by=x",
        "label_names?start=2&end=1",
    ] {
        let refused = host.get(&format!("/api/v1/search/{path}"));
        let body: Value = serde_json::from_str(&refused.text()).expect("an error is JSON");
        assert_eq!((refused.status, &body["errorType"]), (400, &json!("bad_data")), "{path}");
    }
    host.stop();
}

#[test]
fn the_server_says_what_it_can_do_and_how_it_is() {
    let target = FakeTarget::start();
    let host = host(&target);
    let features = host.json("/api/v1/features");
    let features = &features["data"];
    for (category, name, is_on) in [
        ("api", "search", true),
        ("api", "search_fuzz_alg_jarowinkler", true),
        ("api", "admin", false),
        ("prometheus", "agent_mode", false),
        ("promql", "anchored", false),
        ("promql_functions", "rate", true),
        ("promql_functions", "mad_over_time", true),
        ("promql_operators", "limitk", true),
        ("promql_operators", "</", true),
        ("service_discovery_providers", "file", true),
        ("templating_functions", "humanize1024", true),
        ("tsdb", "native_histograms", true),
    ] {
        assert_eq!(features[category][name], is_on, "{category} {name}");
    }
    assert!(features["templating_functions"]["printf"].is_null());

    let told = host.json("/api/v1/status/self_metrics?metric_name_pattern=narthex_build_.*");
    let families = told["data"].as_array().expect("a list");
    assert_eq!(families.len(), 1);
    assert_eq!(families[0]["type"], "GAUGE");
    assert_eq!(families[0]["metric"][0]["gauge"]["value"], 1.0);
    assert_eq!(
        host.json("/api/v1/status/self_metrics?metric_name_pattern=narthex")["data"],
        json!([])
    );
    assert_eq!(host.get("/api/v1/status/self_metrics?metric_name_pattern=(").status, 400);
    host.stop();
}
