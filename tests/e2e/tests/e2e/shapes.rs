//! The API beside that of a Prometheus: codes, kinds of errors and shapes of answers.
//!
//! Always holds: a difference is a failure unless `shapes/known.rs` names it with its reason, and a
//! reason that explains nothing any more is a failure too.

mod known;
pub(crate) mod requests;
mod shape;

use std::collections::BTreeSet;
use std::path::Path;

use narthex_harness::http::Response;
use narthex_harness::{
    FakeTarget, Host, Peer, SECONDS, TempFolder, WebhookReceiver, http, peer, wait_until,
};
use narthex_platform::Clock;
use narthex_remote::encode::TimeSeries;

use self::known::{KNOWN, KNOWN_OF_SWITCHES, Known};
use self::requests::{REQUESTS, SWITCHED_OFF};
use self::shape::shape_of;
use crate::prometheus::{IDLE, Prometheus};
use crate::push::{buckets, send};

pub(crate) const RULES: &str = "
groups:
- name: alerts
  rules:
  - { alert: Down, expr: up == 0, labels: { severity: page }, annotations: { summary: 'It is down' } }
  - { alert: Later, expr: up == 0, for: 1h, keep_firing_for: 5m }
  - { alert: Never, expr: up > 1 }
- name: records
  rules:
  - { record: 'job:up:sum', expr: sum by (job) (up), labels: { team: a } }
  - { record: broken, expr: 'up * on() group_left() up' }
";

pub(crate) const EXPOSED: &str = r#"# HELP gauge A gauge.
# TYPE gauge gauge
gauge 1
{"dotted.name","dotted.label"="a"} 1
# HELP classic A histogram.
# TYPE classic histogram
classic_bucket{le="1.0"} 1 # {trace_id="a"} 0.5
classic_bucket{le="+Inf"} 2
classic_sum 3
classic_count 2
# EOF
"#;

const FLAGS: &[&str] = &[
    "--web.enable-admin-api",
    "--web.enable-lifecycle",
    "--web.enable-remote-write-receiver",
    "--enable-feature=exemplar-storage,native-histograms",
];

fn configuration(app: &FakeTarget, alerts: &WebhookReceiver, rules: &Path) -> String {
    let (app, alerts, rules) = (app.address(), alerts.address(), rules.display());
    format!(
        "
global:
  {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, external_labels: {{ site: x }} }}
rule_files: ['{rules}']
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{alerts}'] }}] }}] }}
scrape_configs:
- job_name: app
  static_configs: [{{ targets: ['{app}', 'dropped:1'] }}]
  relabel_configs: [{{ source_labels: [__address__], regex: 'dropped.*', action: drop }}]
- job_name: gone
  static_configs: [{{ targets: ['127.0.0.1:1'], labels: {{ team: b }} }}]
"
    )
}

/// A Prometheus and a host that know the same.
struct Pair {
    theirs: Prometheus,
    ours: Host,
}

impl Pair {
    fn start(program: &Path, configuration: &str, flags: &[&str]) -> Self {
        let theirs = Prometheus::start(program, configuration, flags);
        let mut ours = Host::with_config(&format!("plugins: {{ dir: plugins }}\n{configuration}"))
            .file("plugins/.keep", "")
            .expect_log("scrape")
            .expect_log("rule")
            .expect_log("remote write");
        for flag in flags {
            ours = ours.flag(flag);
        }
        Self { theirs, ours: ours.start() }
    }

    /// Waits until both have scraped, evaluated rules, and were pushed a native histogram.
    fn wait_until_known(&self) {
        let at = Clock::real().now_millis();
        let native = TimeSeries::new(&[("__name__", "native"), ("job", "pushed")])
            .with_histogram(at, buckets(true, [1, 2, 3]));
        for address in [self.ours.address(), self.theirs.address()] {
            send(&address, std::slice::from_ref(&native)).expect_success();
        }
        for request in [
            "GET /api/v1/query?query=ALERTS{alertname=\"Down\",alertstate=\"firing\"}",
            "GET /api/v1/query?query=job:up:sum{job=\"app\"}==1",
            "GET /api/v1/query?query=native",
        ] {
            wait_until(request, 60 * SECONDS, || {
                let has_result = |answer: &Response| {
                    answer.json()["data"]["result"]
                        .as_array()
                        .is_some_and(|found| !found.is_empty())
                };
                self.ask(request).iter().all(has_result)
            });
        }
        // Both have scraped everything once.
        wait_until("no target is unknown", 60 * SECONDS, || {
            self.ask("GET /api/v1/targets?state=active")
                .iter()
                .all(|answer| !answer.text().contains("\"health\":\"unknown\""))
        });
        wait_until("every rule was evaluated", 60 * SECONDS, || {
            self.ask("GET /api/v1/rules")
                .iter()
                .all(|answer| !answer.text().contains("\"health\":\"unknown\""))
        });
    }

    fn ask(&self, request: &str) -> [Response; 2] {
        [self.ours.url(""), format!("http://{}", self.theirs.address())]
            .map(|server| ask(&server, request))
    }

    /// The requests that are answered otherwise, as a list to read, and what of `known` explains nothing.
    fn differences(&self, requests: &[&str], known: &[Known]) -> (String, Vec<&'static str>) {
        let mut unexplained = String::new();
        let mut met = BTreeSet::new();
        for request in requests {
            let answers = self.ask(request);
            let lines = differing_lines(&answers);
            if lines.is_empty() {
                continue;
            }
            match known.iter().find(|known| known.covers(request, &lines)) {
                Some(known) => {
                    met.insert(known.reason);
                }
                None => {
                    let [ours, theirs] = answers.each_ref().map(beginning);
                    let lines = lines.join("\n");
                    unexplained +=
                        &format!("--- {request}\n{lines}\nours   {ours}\ntheirs {theirs}\n");
                }
            }
        }
        let idle = known.iter().map(|known| known.reason).filter(|reason| !met.contains(reason));
        (unexplained, idle.collect())
    }
}

/// What one shape has and the other has not, with `+` where it is ours. Of answers with different
/// codes their first lines alone, as nothing else is comparable.
fn differing_lines(answers: &[Response; 2]) -> Vec<String> {
    let shapes = answers.each_ref().map(shape_of);
    let [ours, theirs] = shapes.each_ref().map(|shape| {
        shape.lines().map(str::trim).map(|line| line.trim_end_matches(',')).collect::<Vec<_>>()
    });
    if shapes[0] == shapes[1] {
        return Vec::new();
    }
    let count = if ours[0] == theirs[0] { usize::MAX } else { 1 };
    let only = |sign: char, those: &[&str], others: &[&str]| -> Vec<String> {
        let those = those.iter().take(count);
        those.filter(|line| !others.contains(line)).map(|line| format!("{sign}{line}")).collect()
    };
    let mut lines = only('+', &ours, &theirs);
    lines.extend(only('-', &theirs, &ours));
    lines.sort();
    lines.dedup();
    if lines.is_empty() {
        // The same lines in another order or number.
        lines = vec![shapes[0].clone(), shapes[1].clone()];
    }
    lines
}

fn beginning(answer: &Response) -> String {
    answer.text().chars().take(500).collect()
}

/// Sends a request that is written as in [`requests`].
pub(crate) fn ask(server: &str, request: &str) -> Response {
    let mut parts = request.splitn(3, ' ');
    let method = parts.next().unwrap_or_default();
    let path = escaped(parts.next().unwrap_or_default());
    let form = escaped(parts.next().unwrap_or_default());
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let headers = if form.is_empty() { &[][..] } else { &headers };
    let url = format!("{server}{path}");
    http::send(method, &url, headers, form.as_bytes())
        .unwrap_or_else(|error| panic!("{method} {url}: {error}"))
}

/// Encodes what no address may have, and nothing that has a meaning in one.
pub(crate) fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '^' | '\\' | '`' => {
                format!("%{:02X}", u32::from(c))
            }
            other => other.to_string(),
        })
        .collect()
}

#[test]
fn answers_have_the_shapes_of_prometheus() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let app = FakeTarget::start();
    app.serve_open_metrics(EXPOSED);
    let alerts = WebhookReceiver::start();
    let folder = TempFolder::new();
    let rules = folder.write("rules.yml", RULES);
    let pair = Pair::start(&program, &configuration(&app, &alerts, &rules), FLAGS);
    pair.wait_until_known();
    let (differences, idle) = pair.differences(REQUESTS, KNOWN);
    assert!(differences.is_empty(), "\n{differences}");
    assert_eq!(idle, [""; 0], "these explain nothing");
    pair.ours.stop();
}

#[test]
fn what_is_switched_off_is_refused_as_prometheus_refuses_it() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let pair = Pair::start(&program, IDLE, &[]);
    let (differences, idle) = pair.differences(SWITCHED_OFF, KNOWN_OF_SWITCHES);
    assert!(differences.is_empty(), "\n{differences}");
    assert_eq!(idle, [""; 0], "these explain nothing");
    pair.ours.stop();
}
