//! The same rule files and the same target under a real Prometheus and a host.

use std::path::Path;

use narthex_harness::{FakeTarget, Host, Peer, SECONDS, TempFolder, http, peer, wait_for};
use serde_json::{Value, json};

use crate::prometheus::{Both, Prometheus};
use crate::support::config;

const FIRST: &str = r#"
groups:
- name: records
  labels: { team: a, kind: group }
  rules:
  - { record: 'rec:sum', expr: 'sum(temperature) by (room)', labels: { kind: own } }
  - { record: 'rec:chain', expr: 'rec:sum{kind="own"} * 2' }
  - { record: 'rec:without', expr: 'temperature{room="attic"}', labels: { room: '', instance: '' } }
  - { record: 'rec:scalar', expr: '1 + 2' }
  - { record: 'rec:same', expr: temperature, labels: { room: x } }
  - { record: 'rec:text', expr: '"text"' }
  - { record: 'rec:many', expr: 'temperature + on () group_left () temperature' }
  - { record: 'rec:nothing', expr: 'temperature > 1000' }
- name: limited
  limit: 1
  rules:
  - { record: 'rec:limited', expr: temperature }
  - { record: 'rec:within', expr: 'max(temperature)' }
  - { alert: Limited, expr: temperature }
- name: nothing
"#;

const SECOND: &str = r#"
groups:
- name: alerts
  query_offset: 1s
  labels: { team: '{{ $labels.room }}s' }
  rules:
  - alert: Hot
    expr: temperature > 60
    for: 1s
    labels: { severity: page, value: 'v{{ $value }}', region: '{{ $externalLabels.region }}' }
    annotations:
      summary: '{{ $labels.room | toUpper }} has {{ printf "%.1f" $value }} in {{ $externalLabels.region }}'
      others: '{{ range query "temperature" | sortByLabel "room" }}{{ .Labels.room }}={{ .Value }} {{ end }}'
      broken: '{{ $labels.room | toTime }}'
  - { alert: Held, expr: temperature > 60, keep_firing_for: 1h }
  - { alert: Waits, expr: temperature > 60, for: 1h }
  - { alert: Twice, expr: temperature, labels: { room: same } }
  - { alert: Without, expr: 'temperature{room="attic"}', labels: { room: '' } }
  - { alert: Never, expr: temperature > 1000 }
  - { record: 'rec:alerts', expr: 'count by (alertname, alertstate) (ALERTS)' }
"#;

const ALL: [&str; 4] = [
    "{__name__=~'rec:.*'}",
    "ALERTS",
    "count by (alertname) (ALERTS_FOR_STATE)",
    "count_over_time(ALERTS{alertname='Waits'}[1h]) > bool 0",
];

/// Both on the same files, scraping the same target.
fn start(program: &Path, target: &FakeTarget, rules: &TempFolder) -> Both {
    let files: Vec<String> = [("a.yml", FIRST), ("b.yml", SECOND)]
        .map(|(name, text)| rules.write(name, text).display().to_string())
        .to_vec();
    let jobs = format!(
        "rule_files: {files:?}\nscrape_configs:\n- job_name: fake\n  \
         static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    );
    let global = "scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s";
    let labels = "external_labels: { region: eu }";
    let theirs = format!("global: {{ {global}, {labels} }}\n{jobs}");
    let ours =
        config(&jobs).replace("evaluation_interval", &format!("{labels}, evaluation_interval"));
    let theirs = Prometheus::start(program, &theirs, &["--web.enable-lifecycle"]);
    let ours = Host::with_config(&ours)
        .file("plugins/.keep", "")
        .flag("--web.enable-lifecycle")
        .expect_log("evaluating a rule failed")
        .expect_log("a template of an alert failed")
        .start();
    Both { theirs, ours }
}

/// Waits until both say the same, and it is as wanted.
#[track_caller]
fn wait_until_same(
    what: &str,
    mut answers: impl FnMut() -> [Value; 2],
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    wait_for(&format!("both say the same of {what}"), 60 * SECONDS, || {
        let [ours, theirs] = answers();
        if ours == theirs && wanted(&theirs) {
            return Ok(theirs);
        }
        Err(format!("ours {ours:#}\ntheirs {theirs:#}"))
    })
}

/// What an instant query finds, without times.
fn found(both: &Both, query: &str) -> [Value; 2] {
    both.vectors(query).map(|series| {
        let mut shown: Vec<String> =
            series.iter().map(|one| format!("{} {}", one["metric"], one["value"][1])).collect();
        shown.sort();
        json!(shown)
    })
}

/// An answer without what the time makes differ: when it was, how long it took. The texts of errors
/// that queries and templates give are each program's own.
fn timeless(mut value: Value) -> Value {
    blank(&mut value);
    value
}

/// What the time, and in a token the version, makes differ.
const TIMES: [&str; 5] =
    ["evaluationTime", "lastEvaluation", "activeAt", "keepFiringSince", "groupNextToken"];

fn blank(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // Ours alone.
            fields.remove("queryOffset");
            for name in TIMES {
                if let Some(field) = fields.get_mut(name) {
                    *field = json!("is there");
                }
            }
            // They say null where alerts are left out.
            if fields.get("alerts").is_some_and(Value::is_null) {
                fields.insert("alerts".to_owned(), json!([]));
            }
            // Which of the series that cannot be matched comes first is chance.
            if fields.get("name").is_some_and(|name| name == "rec:many") {
                fields.remove("lastError");
            }
            // Before 3.6 they leave out labels of recording rules that have none.
            if fields.get("labels").is_some_and(|labels| *labels == json!({})) {
                fields.remove("labels");
            }
            // Where in a template an error is, counts from another place.
            if let Some(Value::String(text)) = fields.get_mut("broken")
                && text
                    .starts_with("<error expanding template: error executing template __alert_Hot")
                && text.ends_with("invalid syntax>")
            {
                "an error".clone_into(text);
            }
            fields.values_mut().for_each(blank);
        }
        Value::Array(items) => {
            items.iter_mut().for_each(blank);
            if items.iter().all(|item| item["activeAt"].is_string()) {
                items.sort_by_key(|alert| alert["labels"].to_string());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[track_caller]
fn check_series(both: &Both, wanted: &str, is_there: bool) {
    for query in ALL {
        wait_until_same(query, || found(both, query), |_| true);
    }
    let all = || found(both, "{__name__=~'rec:.*|ALERTS'}");
    wait_until_same("all", all, |all| all.to_string().contains(wanted) == is_there);
}

#[test]
fn prometheus_and_we_evaluate_the_same_rules_alike() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let target = FakeTarget::start();
    let rules = TempFolder::new();
    target.serve("temperature{room=\"attic\"} 70\ntemperature{room=\"cellar\"} 20\n");
    let both = start(&program, &target, &rules);
    check_series(&both, "Without", true);
    let all_rules = || both.json("/api/v1/rules").map(timeless);
    let alerts = || both.json("/api/v1/alerts").map(timeless);
    wait_until_same("rules", all_rules, |rules| {
        let text = rules.to_string();
        ["firing", "pending", "inactive", "\"err\""].iter().all(|state| text.contains(state))
    });
    wait_until_same("alerts", alerts, |_| true);

    // Another room, and one that is cold again: alerts end, are held, begin.
    target.serve("temperature{room=\"attic\"} 20\ntemperature{room=\"hall\"} 99.5\n");
    check_series(&both, "hall", true);
    wait_until_same("rules", all_rules, |rules| rules.to_string().contains("keepFiringSince"));
    wait_until_same("alerts", alerts, |_| true);

    // All series end, and those of the rules with them.
    target.serve("other 1\n");
    check_series(&both, "Without", false);
    wait_until_same("rules", all_rules, |_| true);
    both.ours.stop();
}

/// The names of the groups, one by one from page to page.
fn pages(address: &str) -> Vec<Value> {
    let first = format!("http://{address}/api/v1/rules?group_limit=1");
    let (mut url, mut names) = (first.clone(), Vec::new());
    while names.len() < 10 {
        let page = http::get(&url).expect_success().json();
        names.push(page["data"]["groups"][0]["name"].clone());
        let Some(token) = page["data"]["groupNextToken"].as_str() else { break };
        url = format!("{first}&group_next_token={token}");
    }
    names
}

#[test]
fn prometheus_and_we_show_the_same_part_of_the_rules() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let target = FakeTarget::start();
    let rules = TempFolder::new();
    target.serve("temperature{room=\"attic\"} 70\ntemperature{room=\"cellar\"} 20\n");
    let both = start(&program, &target, &rules);
    let file = http::encode(&rules.path().join("b.yml").display().to_string());
    check_series(&both, "Without", true);
    for query in [
        "type=alert",
        "type=Record",
        "type=",
        "rule_name[]=Hot&rule_name[]=rec:sum",
        "rule_group[]=limited",
        "rule_group[]=no_such",
        &format!("file[]={file}"),
        "match[]=%7Bkind=%22own%22%7D",
        "match[]=%7Bkind=~%22own|group%22%7D&match[]=%7Bseverity=%22page%22%7D&type=alert",
        "exclude_alerts=true",
        "exclude_alerts=1&group_limit=2",
        "group_limit=5",
        "group_limit=1",
        "group_limit=3&type=alert",
    ] {
        let path = format!("/api/v1/rules?{query}");
        wait_until_same(query, || both.json(&path).map(timeless), |_| true);
    }
    let [theirs, ours] =
        [&both.theirs.address(), &both.ours.address()].map(|address| pages(address));
    assert_eq!(ours, theirs);
    assert_eq!(json!(ours), json!(["limited", "records", "alerts"]));
    for query in [
        "type=alerts",
        "exclude_alerts=x",
        "group_limit=0",
        "group_limit=-1",
        "group_limit=x",
        "group_limit=3000000000",
        "group_next_token=x",
        "group_limit=1&group_next_token=x",
        "match[]=%7B",
        "match[]=%7B%7D",
    ] {
        let path = format!("/api/v1/rules?{query}");
        let theirs =
            http::send("GET", &format!("http://{}{path}", both.theirs.address()), &[], b"");
        let (ours, theirs) = (both.ours.get(&path), theirs.expect("an answer"));
        assert_eq!(ours.status, theirs.status, "{query}: {ours}\n{theirs}");
        assert_eq!(ours.json()["errorType"], theirs.json()["errorType"], "{query}");
    }
    both.ours.stop();
}

/// When the alert of this name and room became active, by each of both.
fn active_since(both: &Both, name: &str) -> [Option<Value>; 2] {
    both.json("/api/v1/alerts").map(|answer| {
        let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let found = alerts.iter().find(|alert| alert["labels"]["alertname"] == name);
        found.map(|alert| alert["activeAt"].clone())
    })
}

#[test]
fn a_reload_keeps_and_ends_the_same_under_prometheus_and_us() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let target = FakeTarget::start();
    let rules = TempFolder::new();
    target.serve("temperature{room=\"attic\"} 70\n");
    let both = start(&program, &target, &rules);
    let all = "{__name__=~'rec:.*|ALERTS'}";
    wait_until_same(all, || found(&both, all), |all| all.to_string().contains("firing"));
    let before = wait_for("the alert waits in both", 60 * SECONDS, || {
        let since = active_since(&both, "Waits");
        if since.iter().all(Option::is_some) { Ok(since) } else { Err(format!("{since:?}")) }
    });
    // A group has another name, a rule another expression; a recording and an alerting rule are gone.
    let first = FIRST.replace("name: records", "name: renamed").replace("'1 + 2'", "'1 + 3'");
    let first = first.replace("  - { record: 'rec:without'", "  - { record: 'rec:new'");
    let second = SECOND
        .replace("alert: Waits, expr: temperature > 60", "alert: Waits, expr: temperature > 50");
    let second =
        second.replace("  - { alert: Held, expr: temperature > 60, keep_firing_for: 1h }\n", "");
    assert!(first != FIRST && !second.contains("Held") && second.contains("> 50"));
    rules.write("a.yml", first);
    rules.write("b.yml", second);
    for address in [both.theirs.address(), both.ours.address()] {
        let url = format!("http://{address}/-/reload");
        http::post(&url, "text/plain", b"").expect_success();
    }
    wait_until_same(
        all,
        || found(&both, all),
        |all| {
            let all = all.to_string();
            !all.contains("rec:without") && !all.contains("Held") && all.contains("rec:new")
        },
    );
    assert_eq!(active_since(&both, "Waits"), before, "it goes on waiting");
    let all_rules = || both.json("/api/v1/rules").map(timeless);
    wait_until_same("rules", all_rules, |rules| rules.to_string().contains("renamed"));
    both.ours.stop();
}
