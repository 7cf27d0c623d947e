use narthex_model::Labels;
use narthex_settings::Document;

use super::Config;

fn load(text: &str) -> Result<Config, String> {
    let document = Document::parse("am.yml", text).map_err(|error| error.to_string())?;
    document.read().map_err(|error| error.to_string())
}

const TREE: &str = r#"
global: { resolve_timeout: 7m }
route:
  receiver: all
  group_by: [alertname, cluster]
  group_wait: 10s
  routes:
    - receiver: db
      matchers: [ 'service=~"mysql|pg"' ]
      group_interval: 1m
      continue: true
      routes:
        - match: { severity: page }
          receiver: pager
          group_by: ['...']
    - match_re: { team: 'a|b' }
      repeat_interval: 1h
receivers:
  - name: all
  - name: db
    webhook_configs:
      - url: http://127.0.0.1:1/
        send_resolved: false
      - url: http://127.0.0.1:2/
  - name: pager
    slack_configs: [{ channel: '#a' }]
"#;

#[track_caller]
fn check(labels: &[(&str, &str)], expected: &[&str]) {
    let config = load(TREE).unwrap();
    let labels = Labels::from_pairs(labels.iter().copied());
    let routes = config.routes();
    let keys: Vec<&str> =
        routes.matching(&labels).iter().map(|index| routes.0[*index].key.as_str()).collect();
    assert_eq!(keys, expected);
}

#[test]
fn alerts_find_their_routes() {
    check(&[("x", "y")], &["{}"]);
    check(&[("service", "pg")], &[r#"{}/{service=~"mysql|pg"}"#]);
    check(
        &[("service", "pg"), ("severity", "page"), ("team", "a")],
        &[r#"{}/{service=~"mysql|pg"}/{severity="page"}"#, r#"{}/{team=~"^(?:a|b)$"}"#],
    );
    check(&[("team", "ab")], &["{}"]);
}

#[test]
fn routes_inherit_and_receivers_resolve_to_notifiers() {
    let config = load(TREE).unwrap();
    let routes: Vec<String> = config
        .routes()
        .iter()
        .map(|route| {
            let (wait, interval) = (route.group_wait, route.group_interval);
            format!("{} {wait:?} {interval:?} {:?}", route.receiver, route.repeat_interval)
        })
        .collect();
    assert_eq!(
        routes,
        ["all 10s 300s 14400s", "db 10s 60s 14400s", "pager 10s 60s 14400s", "all 10s 300s 3600s",]
    );
    let integrations: Vec<String> = config
        .integrations()
        .map(|i| format!("{}[{}] {} {}", i.plugin, i.index, i.send_resolved, i.config))
        .collect();
    assert_eq!(
        integrations,
        [
            r#"webhook[0] false {"url":"http://127.0.0.1:1/"}"#,
            r#"webhook[1] true {"url":"http://127.0.0.1:2/"}"#,
            r##"slack[0] false {"channel":"#a"}"##,
        ]
    );
    assert_eq!(config.resolve_timeout().as_secs(), 420);
}

#[test]
fn wrong_files_are_refused_with_the_key() {
    for (text, expected) in [
        ("receivers: []", "key \"route\" is missing"),
        ("route: {}", "route.receiver: the root route must name a receiver"),
        ("route: { receiver: x }", "route.receiver: there is no receiver \"x\" under receivers"),
        (
            "route: { receiver: x, matchers: ['a=b'] }\nreceivers: [{ name: x }]",
            "route.matchers: the root route takes every alert",
        ),
        (
            "route: { receiver: x, routes: [{ receiver: y }] }\nreceivers: [{ name: x }]",
            "route.routes[0].receiver: there is no receiver \"y\"",
        ),
        (
            "route: { receiver: x, group_by: ['...', a] }\nreceivers: [{ name: x }]",
            "... stands for all labels and stands alone",
        ),
        (
            "route: { receiver: x, group_interval: 0 }\nreceivers: [{ name: x }]",
            "route.group_interval: must be longer than 0",
        ),
        ("route: { receiver: x, grup_by: [] }", "did you mean \"group_by\"?"),
        (
            "route: { receiver: x, routes: [{ matchers: ['a'] }] }",
            "route.routes[0].matchers[0]: \"a\" is no matcher",
        ),
        (
            "route: { receiver: x }\nreceivers: [{ name: x }, { name: x }]",
            "receivers[1]: the name \"x\" is not unique",
        ),
        (
            "route: { receiver: x }\nreceivers: [{ name: x, url: y }]",
            "url: unknown key in receiver \"x\"",
        ),
        (
            "route: { receiver: x, mute_time_intervals: [w] }\nreceivers: [{ name: x }]",
            "route.mute_time_intervals: the root route takes alerts at all times",
        ),
        (
            "route: { receiver: x, routes: [{ active_time_intervals: [w] }] }\nreceivers: [{ name: x }]",
            "route.routes[0].active_time_intervals: there is no interval \"w\"",
        ),
        (
            "route: { receiver: x }\nreceivers: [{ name: x }]\ntime_intervals: [{ name: w }]\n\
             mute_time_intervals: [{ name: w }]",
            "mute_time_intervals[0].name: the name \"w\" is not unique",
        ),
        (
            "global: { slack_api_uri: a }\nroute: { receiver: x }\n\
             receivers: [{ name: x, slack_configs: [{}] }]",
            "slack_api_uri: unknown key",
        ),
        (
            "global: { sntp_from: a }\nroute: { receiver: x }\nreceivers: [{ name: x }]",
            "sntp_from: unknown key; beside",
        ),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.starts_with("am.yml:") && error.contains(expected), "{text}: {error}");
    }
}
