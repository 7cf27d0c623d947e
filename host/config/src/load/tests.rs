use narthex_platform::RealDisk;

use super::*;

/// Loads `prometheus.yml` from a folder with these files.
fn load_files(files: &[(&str, &str)]) -> Result<Config, String> {
    load_files_with(files, false)
}

#[expect(clippy::disallowed_methods, reason = "the test acts as the operator")]
fn load_files_with(files: &[(&str, &str)], expands_env: bool) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let path = folder.join("prometheus.yml");
    let variable = |name: &str| (name == "ZONE").then(|| "z1".to_owned());
    let source = Source { disk: &RealDisk, path: &path, variable: &variable, expands_env };
    let loaded = load(&source);
    loaded.map_err(|error| {
        let text = narthex_settings::error_chain(&error);
        text.replace(&format!("{folder}/"), "")
    })
}

fn load_text(text: &str) -> Result<Config, String> {
    load_files(&[("prometheus.yml", text)])
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let message = load_text(text).expect_err("the file is refused");
    assert!(message.starts_with(expected), "{message}\ndoes not begin with\n{expected}");
}

#[test]
fn a_job_is_split_between_scraping_and_discovery() {
    let config = load_text(
        "global: { scrape_interval: 15s, external_labels: { zone: '$ZONE' } }\n\
         scrape_configs:\n\
         - job_name: a\n  scrape_timeout: 5s\n  static_configs: [{ targets: ['x:1', 'y:2'] }]\n  \
           dns_sd_configs: [{ names: [n] }, { names: [m], type: A }]\n\
         - job_name: b\n  exporter: { plugin: node, config: { collectors: [cpu] } }\n",
    )
    .unwrap();
    assert_eq!(config.external_labels.to_string(), r#"{zone="z1"}"#);
    let a = &config.jobs[0];
    assert_eq!((a.scrape.interval.as_secs(), a.scrape.timeout.as_secs()), (15, 5));
    assert_eq!(a.discovery.static_configs[0].targets.len(), 2);
    assert_eq!(a.discovery.providers[1].config["type"], "A");
    let uses: Vec<(&str, PluginKind)> =
        config.plugin_uses.iter().map(|u| (u.plugin.as_str(), u.kind)).collect();
    let expected = [
        ("dns", PluginKind::Discovery),
        ("dns", PluginKind::Discovery),
        ("node", PluginKind::Exporter),
    ];
    assert_eq!(uses, expected);
    let error = config.plugin_uses[2].error("/collectors/0", "no such collector");
    assert!(
        error.to_string().ends_with(
            "prometheus.yml:8:52: scrape_configs[1].exporter.config.collectors.0: no such collector"
        ),
        "{error}"
    );
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let config = load_files(&[
        ("prometheus.yml", "rule_files: ['rules/*.yml']\nscrape_config_files: ['more/*.yml']\nplugins: { dir: p }\n"),
        ("rules/a.yml", "groups: []\n"),
        ("rules/b.yml", "groups: []\n"),
        ("rules/c.txt", ""),
        ("more/x.yml", "scrape_configs: [{ job_name: x, bearer_token_file: secret }]\n"),
    ])
    .unwrap();
    assert_eq!(config.rule_files.len(), 2);
    assert!(config.plugins.dir.as_str().ends_with("/p"));
    assert!(format!("{:?}", config.jobs[0].scrape).contains("/more/secret"));
}

#[test]
fn the_alertmanagers_file_may_stand_beside_or_inside() {
    let text =
        "route: { receiver: a }\nreceivers: [{ name: a, webhook_configs: [{ url: http://h/ }] }]\n";
    let beside =
        load_files(&[("prometheus.yml", "alertmanager_config_file: am.yml\n"), ("am.yml", text)])
            .unwrap();
    let inside = load_text(
        "alertmanager:\n  route: { receiver: a }\n  \
         receivers: [{ name: a, webhook_configs: [{ url: http://h/ }] }]\n",
    )
    .unwrap();
    for config in [beside, inside] {
        assert_eq!(config.plugin_uses[0].kind, PluginKind::Notifier);
        assert_eq!(config.alerting.unwrap().receivers().len(), 1);
    }
}

#[test]
fn mistakes_are_named_with_file_line_and_key() {
    for (text, expected) in [
        ("scrape_confgs: [{}]", "prometheus.yml:1:1: unknown section \"scrape_confgs\""),
        (
            "remote_read:\n- url: x",
            "prometheus.yml:2:3: remote_read: not supported by this version",
        ),
        (
            "global: { scrape_interval: 5s, scrape_timeout: 10s }",
            "prometheus.yml:1:48: global.scrape_timeout: global scrape timeout greater than scrape interval",
        ),
        (
            "scrape_configs:\n- job_name: a\n  scrape_interval: 5s\n  scrape_timeout: 10s",
            "prometheus.yml:4:19: scrape_configs[0].scrape_timeout: scrape timeout greater",
        ),
        (
            "scrape_configs:\n-",
            "prometheus.yml:2:2: scrape_configs[0]: empty or null scrape config",
        ),
        (
            "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - regex: '('\n    target_label: x",
            "prometheus.yml:4:5: scrape_configs[0].relabel_configs[0]: regex: invalid regular",
        ),
        (
            "alertmanager: {}\nalertmanager_config_file: x",
            "prometheus.yml:2:27: alertmanager_config_file: give either",
        ),
        (
            "rule_files: ['a.yml', 'b/*/c.yml']",
            "prometheus.yml:1:23: rule_files[1]: a star may stand in the last part",
        ),
        ("rule_files: ['[.yml']", "prometheus.yml:1:14: rule_files[0]: a bracket or backslash"),
        (
            "scrape_configs:\n- job_name: a\n  static_configs: [{ targets: ['http://h'] }]",
            "prometheus.yml:3:32: scrape_configs[0].static_configs[0].targets: \"http://h\" is no address",
        ),
    ] {
        check_refused(text, expected);
    }
}

#[test]
fn files_that_do_not_exist_are_told_and_no_error() {
    let config = load_text("rule_files:\n- none.yml\n- none/*.yml\n").unwrap();
    let missing: Vec<String> = config.missing_files.iter().map(ToString::to_string).collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains("prometheus.yml:2:3: rule_files[0]: "), "{missing:?}");
    assert!(missing[0].ends_with("none.yml does not exist"), "{missing:?}");
}

#[test]
fn of_several_documents_the_first_is_read_and_shown_and_the_others_are_told() {
    let config =
        load_text("scrape_configs: [{ job_name: a }] # not: hunter2\n---\npassword: hunter2\n")
            .unwrap();
    assert_eq!(config.jobs.len(), 1);
    assert_eq!(config.shown(&|_, _, _| None), "scrape_configs: [{ job_name: a }]\n");
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("prometheus.yml:2:1: a second document"), "{warnings:?}");
}

#[test]
fn a_prober_is_told_of_urls() {
    load_text(
        "scrape_configs:\n- job_name: probe\n  static_configs: [{ targets: ['http://h/x'] }]\n  \
         relabel_configs: [{ source_labels: [__address__], target_label: __param_target }]\n",
    )
    .unwrap();
}

#[test]
fn the_classic_empty_alerting_section_is_taken() {
    load_text("alerting:\n  alertmanagers:\n  - static_configs:\n    - targets:\n      # - alertmanager:9093\n")
        .unwrap();
}

#[test]
fn alertmanagers_are_read_with_all_their_keys() {
    let text = "alerting:\n  alert_relabel_configs: [{ action: labeldrop, regex: replica }]\n  alertmanagers:\n  \
                - { scheme: https, path_prefix: /am, timeout: 3s, api_version: v2, bearer_token_file: t, \
                relabel_configs: [{ action: drop, regex: b, source_labels: [__address__] }], \
                alert_relabel_configs: [{ target_label: to, replacement: x }], \
                static_configs: [{ targets: [a, b] }], file_sd_configs: [{ files: [f.json] }], \
                dns_sd_configs: [{ names: [c] }] }\n  \
                - { static_configs: [{ targets: [d] }] }\n";
    let config = load_text(text).unwrap();
    let (notify, discovery) = (&config.alertmanagers.notify, &config.alertmanagers.discovery);
    let [one, other] = &notify.alertmanagers[..] else { panic!("{notify:?}") };
    assert_eq!((one.scheme.as_str(), one.path_prefix.as_str()), ("https", "/am"));
    assert_eq!((one.timeout.as_secs(), other.timeout.as_secs()), (3, 10));
    let rules = (notify.alert_relabel.len(), one.relabel.len(), one.alert_relabel.len());
    assert_eq!(rules, (1, 1, 1));
    assert!(format!("{:?}", one.http).contains("/t\""), "paths count from the file's folder");
    assert_eq!(discovery[0].static_configs[0].targets, ["a", "b"]);
    assert!(discovery[0].files[0].files[0].ends_with("/f.json"), "{discovery:?}");
    assert_eq!(discovery[0].providers[0].name, "dns");
    assert_eq!(discovery[1].static_configs[0].targets, ["d"]);
    assert_eq!(config.plugin_uses.len(), 1);
}

#[test]
fn alertmanagers_that_cannot_be_are_refused_with_their_place() {
    for (item, expected) in [
        (
            "api_version: v1",
            "1:44: alerting.alertmanagers[0].api_version: expected Alertmanager api version to be v2",
        ),
        ("scheme: ftp", "alerting.alertmanagers[0].scheme: scheme \"ftp\" is not spoken"),
        ("sigv4: {}", "alerting.alertmanagers[0].sigv4: requests are not signed for AWS"),
        ("sigv4: {}, basic_auth: {}", "alerting.alertmanagers[0]: at most one of basic_auth"),
        ("bearer_token: a, basic_auth: {}", "alerting.alertmanagers[0]: at most one of basic_auth"),
        ("tiemout: 1s", "alerting.alertmanagers[0]: unknown key \"tiemout\""),
        ("static_configs: [{ targets: ['http://a'] }]", "targets: \"http://a\" is no address"),
        ("relabel_configs: [null]", "alerting.alertmanagers[0].relabel_configs[0]: "),
    ] {
        let text = format!("alerting: {{ alertmanagers: [{{ {item} }}] }}");
        let message = load_text(&text).expect_err(&text);
        assert!(message.contains(expected), "{message}\nhas no\n{expected}");
    }
    check_refused(
        "alerting: { alertmanagers: a }",
        "prometheus.yml:1:28: alerting.alertmanagers: expected a list",
    );
}

#[test]
fn secrets_are_not_shown() {
    let config = load_text(
        "scrape_configs: [{ job_name: a, basic_auth: { username: u, password: hunter2 } }]",
    )
    .unwrap();
    let shown = config.shown(&|_, _, _| None);
    assert!(shown.contains("password: <secret>") && !shown.contains("hunter2"));
}

#[test]
fn storage_and_retention_rules_are_read() {
    let config = load_text(
        "storage:\n  tsdb: { out_of_order_time_window: 10m, retention: { time: 30d, size: 1GB } }\n\
         retention_rules:\n- { match: '{job=\"debug\"}', time: 2d }\n\
         - { match: 'http_requests_total{code=~\"5..\"}', time: 1y }\n",
    )
    .unwrap();
    let settings = config.store_settings(&Settings::default()).unwrap();
    assert_eq!(settings.retention().bytes, Some(1 << 30));
    assert_eq!(settings.out_of_order_window().as_secs(), 600);
    let rules: Vec<(usize, u64)> = settings
        .retention_rules()
        .iter()
        .map(|rule| (rule.matchers.len(), rule.time.as_secs() / 86_400))
        .collect();
    assert_eq!(rules, [(1, 2), (2, 365)]);
    let defaults = load_text("retention_rules:\n").unwrap();
    assert_eq!(defaults.store_settings(&Settings::default()).unwrap(), Settings::default());
}

#[test]
fn a_retention_rule_that_cannot_be_is_refused_with_its_place() {
    check_refused(
        "retention_rules:\n- { match: 'rate(a[5m])', time: 2d }\n",
        "prometheus.yml:2:12: retention_rules[0].match: \"rate(a[5m])\" is no plain series selector",
    );
    check_refused(
        "retention_rules:\n- { match: 'a', time: 2s }\n",
        "prometheus.yml:2:23: retention_rules[0].time: a retention of 2s is shorter than a minute",
    );
    check_refused(
        "retention_rules:\n- { match: 'a' }\n",
        "prometheus.yml:2:3: retention_rules[0]: key \"time\" is missing",
    );
    check_refused(
        "storage: { tsdb: { retention: { tyme: 2d } } }\n",
        "prometheus.yml:1:33: storage.tsdb.retention: unknown key \"tyme\"",
    );
}

#[test]
fn variables_stand_in_values_where_that_is_asked_for() {
    let text = "scrape_configs:\n- job_name: '${ZONE}-${NONE:-a}' # ${NONE}\n  sample_limit: ${NONE:-7}\n  \
                relabel_configs: [{ target_label: x, replacement: '${ZONE}' }]\n";
    let config = load_files_with(&[("prometheus.yml", text)], true).unwrap();
    let job = &config.jobs[0];
    assert_eq!((job.name.as_str(), job.scrape.limits.samples), ("z1-a", 7));
    assert!(format!("{:?}", job.scrape.relabel).contains("${ZONE}"));
    assert_eq!(config.shown(&|_, _, _| None), text.replace(" # ${NONE}", ""));
    assert_eq!(
        load_text(text).unwrap_err().split(": ").nth(1),
        Some("scrape_configs[0].sample_limit")
    );
    let unset = load_files_with(&[("prometheus.yml", "rule_files: ['${NONE}']")], true);
    assert_eq!(
        unset.unwrap_err(),
        "prometheus.yml:1:14: rule_files: the variable NONE is not set; set it, or write ${NONE:-a default}"
    );
}

#[test]
fn an_external_label_of_a_variable_that_is_not_set_is_told() {
    let config = load_text("global: { external_labels: { a: 'x$NONE' } }").unwrap();
    assert_eq!(config.external_labels.to_string(), r#"{a="x"}"#);
    let told = config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().concat();
    assert!(
        told.ends_with("global.external_labels: the variable NONE is not set or empty"),
        "{told}"
    );
}

#[test]
fn a_job_is_shown_with_what_is_in_force_and_without_secrets() {
    let config = load_files_with(
        &[
            (
                "prometheus.yml",
                "global: { scrape_interval: 15s, sample_limit: 7 }\n\
                 scrape_config_files: [more/j.yml]\n\
                 scrape_configs:\n- job_name: 'a b'\n",
            ),
            (
                "more/j.yml",
                "scrape_configs:\n- job_name: ${ZONE}\n  basic_auth: { username: u, password: hunter2 }\n  \
                   metrics_path: /${ZONE}\n  scrape_timeout: 5s\n  params: { module: [x] }\n  \
                   file_sd_configs: [{ files: [t.yml] }]\n  relabel_configs:\n  \
                   - { source_labels: [a, b], target_label: c }\n",
            ),
        ],
        true,
    )
    .unwrap();
    let jobs = config.shown_jobs(&|_, _, _| None);
    let shown = |index: usize| jobs.of(&config.jobs[index].scrape).unwrap();
    assert!(shown(0).starts_with("job_name: \"a b\"\nhonor_labels: false\n"), "{}", shown(0));
    assert!(!jobs.of(&config.jobs[1].scrape).unwrap().contains("hunter2"));
    let second = shown(1);
    for line in [
        "job_name: ${ZONE}\n",
        "scrape_interval: 15s\nscrape_timeout: 5s\nscrape_protocols:\n- OpenMetricsText1.0.0\n",
        "metrics_path: /${ZONE}\nscheme: http\n",
        "sample_limit: 7\n",
        "relabel_configs:\n- source_labels:\n  - a\n  - b\n  separator: \";\"\n  regex: \"(.*)\"\n  \
         target_label: c\n  replacement: $1\n  action: replace\n",
        "basic_auth:\n  username: u\n  password: <secret>\n",
        "params:\n  module:\n  - x\n",
        "follow_redirects: true\nenable_http2: true\n",
    ] {
        assert!(second.contains(line), "{line}is not in\n{second}");
    }
    let files = second.lines().find(|line| line.ends_with("/more/t.yml"));
    assert!(files.is_some_and(|line| line.starts_with("  - /")), "{second}");
}
