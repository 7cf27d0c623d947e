//! The document of the API, and whether answers are what it says.

mod requests;
mod schema;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use narthex_harness::http::Response;
use narthex_harness::{FakeTarget, Host, SECONDS, WebhookReceiver, http, wait_until};
use narthex_platform::Clock;
use narthex_remote::encode::TimeSeries;
use narthex_settings::{Document, Node, Value as Yaml};
use serde_json::{Number, Value, json};

use crate::notifications::Events;
use crate::push::{buckets, send};
use crate::shapes::{self, EXPOSED, RULES, escaped};
use crate::support::{config, plugin};

const ROUTING: &str = "
route:
  receiver: everybody
  group_by: [alertname]
  routes:
  - { receiver: database, matchers: [team=db], group_wait: 1s, labels: { tier: '1' } }
  - { receiver: nobody, matchers: [severity=none], mute_time_intervals: [always] }
receivers:
- { name: everybody }
- { name: database, labels: { owner: ada }, webhook_configs: [{ url: 'http://HOOK/' }] }
- { name: nobody }
inhibit_rules:
- { source_matchers: [alertname=Down], target_matchers: [severity=none] }
time_intervals:
- { name: always, time_intervals: [{ years: ['1970:2999'] }] }
";

/// What is read of a document.
fn json_of(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Scalar { text, plain: true } => match text.as_str() {
            "true" => true.into(),
            "false" => false.into(),
            text => text.parse::<Number>().map_or_else(|_| text.into(), Value::Number),
        },
        Yaml::Scalar { text, .. } => text.as_str().into(),
        Yaml::List(items) => items.iter().map(json_of).collect(),
        Yaml::Map(entries) => {
            entries.iter().map(|entry| (entry.key.to_string(), json_of(&entry.node))).collect()
        }
    }
}

fn document(host: &Host, version: &str) -> Value {
    let answer = host.get(&format!("/api/v1/openapi.yaml?openapi_version={version}"));
    assert_eq!(answer.header("content-type"), Some("application/yaml; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store, must-revalidate"));
    json_of(Document::parse("openapi.yaml", &answer.text()).expect("it is YAML").root())
}

/// A host whose answers are compared with its document.
pub(crate) struct Checked<'a> {
    host: &'a Host,
    document: Value,
    /// Names of operations with the codes that they answered.
    answered: RefCell<BTreeMap<String, BTreeSet<u16>>>,
    /// Names of schemas of which something was answered.
    met: RefCell<BTreeSet<String>>,
    /// Requests with what is wrong with their answers.
    wrong: RefCell<Vec<String>>,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(host: &'a Host) -> Self {
        let document = document(host, "3.2");
        Self {
            host,
            document,
            answered: RefCell::default(),
            met: RefCell::default(),
            wrong: RefCell::default(),
        }
    }

    fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().expect("an object").iter();
        paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("an object").iter();
            methods.map(|(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    /// The operation that a request asks for, if there is one.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |template: &str| {
            let asked: Vec<&str> = path.split('/').collect();
            let known: Vec<&str> = template.split('/').collect();
            asked.len() == known.len()
                && known.iter().zip(&asked).all(|(one, two)| one.starts_with('{') || one == two)
        };
        let method = method.to_lowercase();
        let mut found = self.operations().filter(|(at, by, _)| *by == method && fits(at));
        let first = found.next()?;
        assert!(found.next().is_none(), "{method} {path} has two operations");
        Some(first.2)
    }

    /// Sends a request that is written as in [`requests`].
    pub(crate) fn ask(&self, request: &str) -> Response {
        let mut parts = request.splitn(3, ' ');
        let method = parts.next().expect("a method");
        let path = parts.next().expect("a path");
        let body = parts.next().unwrap_or_default();
        let answer = if body.starts_with(['{', '[']) {
            let headers = [("Content-Type", "application/json")];
            let url = self.host.url(&escaped(path));
            http::send(method, &url, &headers, body.as_bytes()).expect("an answer")
        } else {
            shapes::ask(&self.host.url(""), request)
        };
        self.judge(method, path, &answer);
        answer
    }

    /// Compares an answer with what the document says of its request.
    fn judge(&self, method: &str, path: &str, answer: &Response) {
        let wrong = match self.operation(method, path) {
            Some(operation) => self.wrong(operation, answer),
            None if [404, 405].contains(&answer.status) => Vec::new(),
            None => vec!["is not in the document".to_owned()],
        };
        let start: String = answer.text().chars().take(300).collect();
        let wrong = wrong.iter().map(|what| format!("{method} {path}: {what}\n    {start}"));
        self.wrong.borrow_mut().extend(wrong);
    }

    fn wrong(&self, operation: &Value, answer: &Response) -> Vec<String> {
        let id = operation["operationId"].as_str().expect("a name").to_owned();
        self.answered.borrow_mut().entry(id).or_default().insert(answer.status);
        let told = &operation["responses"][answer.status.to_string()];
        if told.is_null() {
            return vec![format!("the code {} is not told", answer.status)];
        }
        let Some(contents) = told["content"].as_object() else {
            let is_empty = answer.body.is_empty();
            return if is_empty { Vec::new() } else { vec!["no body is told".to_owned()] };
        };
        let kind = answer.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        let Some(content) = contents.get(kind) else {
            return vec![format!("the type {kind:?} is not told")];
        };
        let mut met = self.met.borrow_mut();
        let mut problems = |schema: &Value, value: &Value| {
            schema::problems(&self.document, schema, value, &mut met)
        };
        let read = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
        match kind {
            "application/json" => problems(&content["schema"], &read(&answer.text())),
            "application/x-ndjson" => {
                let text = answer.text();
                text.lines()
                    .flat_map(|line| problems(&content["itemSchema"], &read(line)))
                    .collect()
            }
            _ => problems(&content["schema"], &answer.text().into()),
        }
    }

    /// The codes that each operation answered.
    ///
    /// # Panics
    /// When an answer was not what the document says of it.
    #[track_caller]
    pub(crate) fn finish(&self) -> BTreeMap<String, BTreeSet<u16>> {
        let wrong = self.wrong.take();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        self.answered.take()
    }
}

fn host(app: &FakeTarget, hook: &WebhookReceiver) -> Host {
    let (app, hook) = (app.address(), hook.address());
    let rest = format!(
        "
dashboards: {{ dir: boards }}
alertmanager_config_file: alertmanager.yml
rule_files: [rules.yml]
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{hook}'] }}] }}] }}
scrape_configs:
- job_name: app
  static_configs: [{{ targets: ['{app}', 'dropped:1'] }}]
  relabel_configs: [{{ source_labels: [__address__], regex: 'dropped.*', action: drop }}]
- job_name: gone
  static_configs: [{{ targets: ['127.0.0.1:1'], labels: {{ team: b }} }}]
"
    );
    Host::with_config(&config(&rest))
        .file("rules.yml", RULES)
        .file("alertmanager.yml", ROUTING.replace("HOOK", &hook.to_string()))
        .file("boards/.keep", "")
        .file("boards/broken.json", "{")
        .copy("plugins/webhook.wasm", &plugin("webhook"))
        .file("plugins/broken.wasm", "no component")
        .flag("--web.enable-admin-api")
        .flag("--web.enable-lifecycle")
        .flag("--web.enable-remote-write-receiver")
        .flag("--enable-feature=promql-extended-range-selectors,promql-binop-fill-modifiers,promql-per-step-stats")
        .expect_log("scrape")
        .expect_log("rule")
        .expect_log("remote write")
        .expect_log("broken")
        .start()
}

fn push(host: &Host) -> Response {
    let native = TimeSeries::new(&[("__name__", "native"), ("job", "pushed")])
        .with_histogram(Clock::real().now_millis(), buckets(true, [1, 2, 3]));
    send(&host.address(), std::slice::from_ref(&native))
}

/// Until everything that can be told of is there.
fn wait_until_known(host: &Host) {
    host.wait_for_query("ALERTS{alertname='Down'}", 60 * SECONDS, |series| !series.is_empty());
    wait_until("all was scraped and evaluated", 60 * SECONDS, || {
        ["/api/v1/targets?state=active", "/api/v1/rules"]
            .iter()
            .all(|path| !host.get(path).text().contains("\"health\":\"unknown\""))
    });
    wait_until("the alert has come to its group", 60 * SECONDS, || {
        host.json("/api/v2/alerts").to_string().contains("Down")
    });
}

/// What has no name before it is made.
fn ask_for_what_was_made(checked: &Checked<'_>) {
    let held = checked.ask("GET /api/v2/acknowledgements").json();
    let fingerprint = held[0]["fingerprint"].as_str().expect("an acknowledgement");
    checked.ask(&format!("DELETE /api/v2/acknowledgement/{fingerprint}"));
    let silences = checked.ask("GET /api/v2/silences").json();
    let silence = silences[0]["id"].as_str().expect("a silence");
    checked.ask(&format!("GET /api/v2/silence/{silence}"));
    checked.ask(&format!("DELETE /api/v2/silence/{silence}"));
    wait_until("a receiver was told", 60 * SECONDS, || {
        let told = checked.ask("GET /api/v1/alerting/receivers").json();
        told["data"].to_string().contains("\"lastDuration\":\"")
    });
}

#[test]
fn answers_are_what_the_document_says() {
    let app = FakeTarget::start();
    app.serve_open_metrics(EXPOSED);
    let hook = WebhookReceiver::start();
    let mut host = host(&app, &hook);
    wait_until_known(&host);
    host.expect_log("reload refused");

    let checked = Checked::new(&host);
    checked.judge("POST", "/api/v1/write", &push(&host));
    for request in shapes::requests::REQUESTS.iter().chain(requests::REQUESTS) {
        checked.ask(request);
    }
    ask_for_what_was_made(&checked);
    let mut events = Events::follow(&host);
    assert_ne!(host.reload_with(&config("nonsense: 1\n")).status, 200);
    let event = events.next().expect("an event");
    let path = "/paths/~1api~1v1~1notifications~1live/get/responses/200/content/text~1event-stream";
    let live = checked.document.pointer(path).expect("the stream is told");
    let data = &live["itemSchema"]["properties"]["data"]["contentSchema"];
    let wrong = schema::problems(&checked.document, data, &event, &mut BTreeSet::new());
    assert_eq!(wrong, [""; 0]);
    assert_eq!(checked.ask("GET /api/v1/notifications").json()["data"], json!([event]));

    let answered = checked.finish();
    let is_answered =
        |id: &&str| answered.get(*id).is_some_and(|codes| codes.iter().any(|code| *code < 300));
    let ids =
        checked.operations().filter_map(|(_, _, operation)| operation["operationId"].as_str());
    let unanswered: BTreeSet<&str> = ids.filter(|id| !is_answered(id)).collect();
    let without = BTreeSet::from(["notifications-live", "quit-post", "quit-put"]);
    assert_eq!(unanswered, without, "these were not answered");
    let met = checked.met.take();
    let named = checked.document["components"]["schemas"].as_object().expect("an object").keys();
    let unmet: Vec<&String> = named.filter(|name| !met.contains(*name)).collect();
    assert_eq!(unmet, ["Duration", "PostedMatcher", "Time"], "only requests have these");
    host.stop();
}

#[test]
fn what_is_switched_off_is_refused_as_the_document_says() {
    let host = Host::with_config("plugins: { dir: plugins }\n").file("plugins/.keep", "").start();
    let checked = Checked::new(&host);
    for request in shapes::requests::SWITCHED_OFF.iter().chain(requests::SWITCHED_OFF) {
        checked.ask(request);
    }
    let answered = checked.finish();
    for id in ["quit-post", "quit-put", "disable-plugin", "write-dashboard", "reload-put"] {
        assert!(answered[id].contains(&403), "{id}: {:?}", answered[id]);
    }
    host.stop();
}

#[test]
fn a_document_of_version_3_1_leaves_out_what_has_no_end() {
    let host = Host::with_config("")
        .flag("--web.external-url=http://monitoring.test/a/")
        .flag("--web.route-prefix=/")
        .start();
    let (old, new) = (document(&host, "3.1"), document(&host, "3.2"));
    assert_eq!(document(&host, ""), old);
    assert_eq!(document(&host, "4"), old);
    assert_eq!((&old["openapi"], &new["openapi"]), (&json!("3.1.0"), &json!("3.2.0")));
    assert_eq!(new["servers"], json!([{"url": "http://monitoring.test/a"}]));
    let names = |document: &Value| -> BTreeSet<String> {
        document["paths"].as_object().expect("an object").keys().cloned().collect()
    };
    let only_new: Vec<String> = names(&new).difference(&names(&old)).cloned().collect();
    assert_eq!(only_new, ["/api/v1/notifications/live"]);
    host.stop();
}
