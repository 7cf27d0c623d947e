//! The plan of a query, over HTTP.

use narthex_harness::http::encode;
use narthex_harness::{FakeTarget, Host, SECONDS};
use serde_json::{Value, json};

use crate::support::config;

/// A host with two series of `jobs_total`, whose queries may hold little.
fn host() -> (FakeTarget, Host) {
    let target = FakeTarget::start();
    target.serve("# TYPE jobs_total counter\njobs_total{kind=\"a\"} 3\njobs_total{kind=\"b\"} 4\n");
    let host = Host::with_config(&config(&format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    )))
    .flag("--query.max-memory=64KiB")
    .start();
    host.wait_for_query("jobs_total", 15 * SECONDS, |s| s.len() == 2);
    (target, host)
}

fn explain_path(query: &str, rest: &str) -> String {
    format!("/api/v1/query_explain?query={}{rest}", encode(query))
}

#[track_caller]
fn check(data: &Value, operator: &str, rows: &Value) {
    let plan = &data["plan"];
    assert_eq!((&plan["operator"], &plan["actual"]["rows"]), (&operator.into(), rows), "{data}");
}

#[test]
fn a_plan_says_what_is_expected_and_once_analyzed_what_came() {
    let (_target, host) = host();
    let query = "sum by (job) (jobs_total)";
    let planned = &host.json(&explain_path(query, ""))["data"];
    check(planned, "Aggregate", &Value::Null);
    assert_eq!(planned["plan"]["detail"], "sum by (job)");
    let select = &planned["plan"]["inputs"][0];
    assert_eq!((&select["operator"], &select["query"]), (&"Select".into(), &"jobs_total".into()));
    assert_eq!(select["position"], json!({ "start": 14, "end": 24 }));
    assert_eq!(
        (&select["estimate"]["series"], &select["estimate"]["rows"]),
        (&json!(2), &json!(2))
    );
    assert!(planned["actual"].is_null(), "it was not run: {planned}");

    let analyzed = &host.json(&explain_path(query, "&analyze=true"))["data"];
    check(analyzed, "Aggregate", &json!(1));
    assert_eq!(analyzed["plan"]["inputs"][0]["actual"]["rows"], 2);
    assert_eq!(analyzed["actual"]["series"], 2);
    host.stop();
}

#[test]
fn a_query_that_would_hold_too_much_has_a_plan_but_is_not_run() {
    let (_target, host) = host();
    // From 1970 to 2096, so that it has samples whenever the test runs.
    let range = "&start=0&end=4000000000&step=400000";
    let planned = &host.json(&explain_path("jobs_total", range))["data"];
    check(planned, "Select", &Value::Null);
    assert_eq!(planned["plan"]["steps"], 10_001);
    assert_eq!(planned["isWithinMemoryLimit"], false);
    assert_eq!(planned["memoryLimitBytes"], 64 * 1024);

    let refused = host.get(&explain_path("jobs_total", &format!("{range}&analyze=true")));
    assert_eq!((refused.status, &refused.json()["errorType"]), (422, &"execution".into()));
    assert!(refused.text().contains("--query.max-memory"), "{}", refused.text());
    let neither = host.get(&explain_path("jobs_total", "&analyze=perhaps"));
    assert_eq!((neither.status, &neither.json()["errorType"]), (400, &"bad_data".into()));
    host.stop();
}
