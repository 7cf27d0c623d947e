//! What a Grafana asks of its data source, told of us as of a Prometheus: the requests of its back end, in its
//! words. Of an Alertmanager's data source see `alertmanager/api.rs`.

use narthex_harness::http::Response;
use narthex_harness::{FakeTarget, Host, SECONDS, http};
use narthex_platform::Clock;
use serde_json::{Value, json};

use crate::openapi::Checked;
use crate::support::config;

const EXPOSED: &str = r#"# HELP requests Answered.
# TYPE requests counter
requests_total{code="200"} 1 # {trace_id="abc"} 0.5
requests_total{code="404"} 2
# HELP load How busy it is.
# TYPE load gauge
load 0.5
{"dotted.name","dotted.label"="a b"} 1
# EOF
"#;

const RULES: &str = "
groups:
- { name: records, rules: [{ record: 'load:max', expr: max(load), labels: { team: a } }] }
- { name: alerts, rules: [{ alert: Busy, expr: load > 0, annotations: { summary: 'It is busy' } }] }
";

/// What a user may have written among the settings of the data source: it stands in each request.
const CUSTOM: &str = "max_source_resolution=5m&tenant=a";

/// A Grafana with a data source that asks by POST where that can be, as new ones do.
struct Grafana<'a> {
    checked: Checked<'a>,
}

impl Grafana<'_> {
    fn get(&self, path: &str, parameters: &str) -> Response {
        self.checked.ask(&format!("GET {path}?{parameters}&{CUSTOM}"))
    }

    fn post(&self, path: &str, parameters: &str) -> Response {
        self.checked.ask(&format!("POST {path}?{CUSTOM} {parameters}"))
    }

    /// The data of an answer to POST, which is that to GET: a data source may be set to either.
    #[track_caller]
    fn both(&self, path: &str, parameters: &str) -> Value {
        let [posted, got] = [self.post(path, parameters), self.get(path, parameters)].map(data);
        assert_eq!(posted, got, "{path}?{parameters}");
        posted
    }
}

#[track_caller]
fn data(answer: Response) -> Value {
    let told = answer.expect_success().json();
    assert_eq!(told["status"], "success");
    told["data"].clone()
}

fn host(target: &FakeTarget) -> Host {
    target.serve_open_metrics(EXPOSED);
    let jobs = format!(
        "rule_files: [rules.yml]\nscrape_configs:\n- job_name: app\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    );
    let host = Host::with_config(&config(&jobs))
        .file("rules.yml", RULES)
        .file("plugins/.keep", "")
        .start();
    host.wait_for_query("load:max", 30 * SECONDS, |series| series.len() == 1);
    host.wait_for_query("ALERTS", 30 * SECONDS, |series| series.len() == 1);
    // Enough for a rate.
    host.wait_for_query("count_over_time(load[1m]) > 1", 30 * SECONDS, |series| series.len() == 1);
    host
}

/// A second after everything that is known.
fn seconds_now() -> i64 {
    Clock::real().now_millis() / 1000 + 1
}

/// *Save & test*, and what is found out when the data source is first used.
#[test]
fn the_data_source_is_taken_for_a_prometheus() {
    let target = FakeTarget::start();
    let host = host(&target);
    let grafana = Grafana { checked: Checked::new(&host) };

    let sum = grafana.both("/api/v1/query", "query=1%2B1&time=4");
    assert_eq!(sum, json!({"resultType": "scalar", "result": [4, "2"]}));
    let build = data(grafana.get("/api/v1/status/buildinfo", ""));
    assert_eq!(build.get("features"), None, "a server with features is taken for a Mimir");
    assert_eq!(build.get("application"), None);
    let version = build["version"].as_str().expect("a version");
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(parts.len() == 3 && parts >= vec![2, 24, 0], "{version} has match[] of labels");
    let named = data(grafana.get("/api/v1/query", "query=prometheus_build_info"));
    assert_eq!(named["resultType"], "vector");

    // Far in the future: milliseconds where seconds are meant.
    let now = Clock::real().now_millis();
    let probe = format!("query=test&start={}&end={now}", now - 3_600_000);
    assert_eq!(grafana.both("/api/v1/query_exemplars", &probe), json!([]));
    let names: Vec<Value> = data(grafana.get("/api/v1/rules", ""))["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| group["rules"][0]["name"].clone())
        .collect();
    assert_eq!(names, ["Busy", "load:max"]);
    assert!(data(grafana.get("/api/v1/status/flags", "")).is_object());

    // Who has an API for rules answers here; what is not found must not read as if a group were missing.
    for path in ["/rules/test/test", "/config/v1/rules/test/test", "/api/prom/rules/test/test"] {
        let answer = http::get(&host.url(path));
        assert_eq!(answer.status, 404, "{path}: {answer}");
        let text = answer.text();
        assert!(
            !text.contains("group does not exist") && !text.contains("no rule groups"),
            "{text}"
        );
    }
    grafana.checked.finish();
    host.stop();
}

/// Panels, and what they do not understand.
#[test]
fn panels_are_filled() {
    let target = FakeTarget::start();
    let host = host(&target);
    let grafana = Grafana { checked: Checked::new(&host) };
    let now = seconds_now();

    // Times are floats; the step may be a part of a second.
    let range = |query: &str, step: &str| {
        let asked =
            format!("query={query}&start={}.5&end={now}.25&step={step}&timeout=60s", now - 5);
        grafana.both("/api/v1/query_range", &asked)
    };
    let load = range("load", "0.5");
    assert_eq!(load["resultType"], "matrix");
    assert_eq!(load["result"][0]["metric"]["__name__"], "load");
    assert_eq!(range("nothing_has_this_name", "15")["result"], json!([]));
    let hour = format!("query=vector(1)&start={}&end={now}&step=3600", now - 7_200);
    let hour = grafana.both("/api/v1/query_range", &hour);
    assert_eq!(hour["result"][0]["values"].as_array().map(Vec::len), Some(3));
    let at = format!("query=load&time={now}.125&timeout=60s");
    assert_eq!(grafana.both("/api/v1/query", &at)["result"][0]["value"][1], "0.5");

    let shown = format!("query=requests_total&start={}&end={}", now - 600, now + 600);
    let exemplars = grafana.both("/api/v1/query_exemplars", &shown);
    assert_eq!(exemplars[0]["exemplars"][0]["labels"], json!({"trace_id": "abc"}));
    assert_eq!(exemplars[0]["seriesLabels"]["code"], "200");

    // Errors are told beside the panel, remarks above it.
    for answer in [
        grafana.post("/api/v1/query", "query=load{"),
        grafana.get("/api/v1/query_range", "query=load&start=2&end=1&step=1"),
    ] {
        assert_eq!(answer.status, 400);
        let told = answer.json();
        assert_eq!((&told["status"], &told["errorType"]), (&json!("error"), &json!("bad_data")));
        assert!(told["error"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let told = grafana.post("/api/v1/query", "query=rate(load[1m])").expect_success().json();
    assert!(told["infos"][0].as_str().is_some_and(|text| text.contains("load")), "{told}");
    let told = grafana.post("/api/v1/query", "query=quantile(2,load)").expect_success().json();
    assert!(told["warnings"][0].as_str().is_some_and(|text| text.contains('2')), "{told}");
    grafana.checked.finish();
    host.stop();
}

/// Variables and the editor of queries.
#[test]
fn names_and_values_are_found() {
    let target = FakeTarget::start();
    let host = host(&target);
    let grafana = Grafana { checked: Checked::new(&host) };
    let now = seconds_now();
    let within = format!("limit=40000&start={}&end={}", now - 3_600, now + 60);
    let texts = |found: Value| -> Vec<String> {
        let found = found.as_array().expect("a list").clone();
        found.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    };

    let names = texts(grafana.both("/api/v1/labels", &within));
    assert!(
        ["__name__", "code", "dotted.label"].iter().all(|name| names.contains(&(*name).into()))
    );
    let of_one = format!("{within}&match[]=requests_total{{code=\"404\"}}");
    let expected = ["__name__", "code", "instance", "job"];
    assert_eq!(texts(grafana.both("/api/v1/labels", &of_one)), expected);

    let values = |name: &str, parameters: &str| {
        texts(data(grafana.get(&format!("/api/v1/label/{name}/values"), parameters)))
    };
    let metrics = values("__name__", &within);
    assert!(["load", "dotted.name"].iter().all(|name| metrics.contains(&(*name).into())));
    assert_eq!(values("code", &of_one), ["404"]);
    assert_eq!(values("code", &format!("{within}&match[]=load")), [""; 0]);
    assert_eq!(values("U__dotted_2e_label", &within), ["a b"]);
    let quoted = format!("{within}&match[]={{\"dotted.name\"}}");
    assert_eq!(values("U__dotted_2e_label", &quoted), ["a b"]);
    assert_eq!(values("__name__", "limit=1").len(), 1, "and there are more");

    let all = grafana.both("/api/v1/series", &format!("{within}&match[]={{__name__!=\"\"}}"));
    assert!(all.as_array().is_some_and(|all| all.iter().all(|series| series["__name__"] != "")));
    let two = format!("{within}&match[]=load&match[]=requests_total");
    assert_eq!(grafana.both("/api/v1/series", &two).as_array().map(Vec::len), Some(3));

    let metadata = data(grafana.get("/api/v1/metadata", "limit=40000"));
    let counter = json!({"type": "counter", "help": "Answered.", "unit": ""});
    assert_eq!(metadata["requests"][0], counter, "{metadata}");
    grafana.checked.finish();
    host.stop();
}

/// The list of alert rules.
#[test]
fn rules_are_found_page_by_page() {
    let target = FakeTarget::start();
    let host = host(&target);
    let grafana = Grafana { checked: Checked::new(&host) };
    let rules = |parameters: &str| data(grafana.get("/api/v1/rules", parameters));
    let names = |found: &Value| -> Vec<String> {
        let groups = found["groups"].as_array().expect("groups").iter();
        groups.map(|group| group["name"].as_str().expect("a name").to_owned()).collect()
    };

    let first = rules("group_limit=1");
    assert_eq!(names(&first), ["alerts"]);
    let token = first["groupNextToken"].as_str().expect("there is another page");
    let second = rules(&format!("group_limit=1&group_next_token={token}"));
    assert_eq!((names(&second), second.get("groupNextToken")), (vec!["records".to_owned()], None));

    let alerting = rules("type=alert&rule_name[]=Busy&rule_group[]=alerts");
    let rule = &alerting["groups"][0]["rules"][0];
    assert_eq!((&rule["state"], &rule["health"]), (&json!("firing"), &json!("ok")));
    assert_eq!(rule["alerts"][0]["labels"]["alertname"], "Busy");
    assert_eq!(rule["alerts"][0]["annotations"]["summary"], "It is busy");
    let file = alerting["groups"][0]["file"].as_str().expect("a file");
    assert_eq!(names(&rules(&format!("file[]={file}"))), ["alerts", "records"]);
    assert_eq!(names(&rules("rule_group[]=nothing")), [""; 0]);
    grafana.checked.finish();
    host.stop();
}
