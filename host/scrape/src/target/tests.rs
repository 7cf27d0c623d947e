use narthex_settings::Document;

use super::*;
use crate::config::{GlobalScrape, JobSpec};

fn job(text: &str) -> JobConfig {
    let spec: JobSpec = Document::parse("f.yml", text).unwrap().read().unwrap();
    spec.resolve(&GlobalScrape::default()).unwrap()
}

fn build_one(text: &str, own: &[(&str, &str)]) -> Result<Built, TargetError> {
    let own = Labels::from_pairs(own.iter().copied());
    build(&job(text), &own, &Labels::from_pairs([("group", "g"), ("__meta_a", "m")]))
}

#[track_caller]
fn target(text: &str, own: &[(&str, &str)]) -> Target {
    match build_one(text, own) {
        Ok(Built::Target(target)) => *target,
        Ok(Built::Dropped(labels)) => panic!("dropped: {labels}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_target_gets_its_labels_and_url() {
    let target = target("job_name: j", &[(ADDRESS, "h:1"), ("x", "y")]);
    assert_eq!(target.labels.to_string(), r#"{group="g", instance="h:1", job="j", x="y"}"#);
    assert_eq!(target.url, "http://h:1/metrics");
    assert_eq!(
        target.discovered.to_string(),
        r#"{__address__="h:1", __always_scrape_classic_histograms__="false", __convert_classic_histograms_to_nhcb__="false", __meta_a="m", __metrics_path__="/metrics", __scheme__="http", __scrape_interval__="1m", __scrape_native_histograms__="false", __scrape_timeout__="10s", group="g", job="j", x="y"}"#
    );
}

#[test]
fn rules_change_everything() {
    let text = r#"
job_name: j
params: {module: [a, b c], other: [d]}
relabel_configs:
  - {target_label: __address__, replacement: "x:2"}
  - {target_label: __scheme__, replacement: https}
  - {target_label: __metrics_path__, replacement: "probe?x"}
  - {target_label: __param_module, replacement: "&"}
  - {target_label: __param_new, replacement: n}
  - {target_label: __scrape_interval__, replacement: 5s}
  - {target_label: __scrape_timeout__, replacement: 2s}
  - {target_label: instance, replacement: me}
  - {source_labels: [__meta_a], target_label: meta}
"#;
    let target = target(text, &[(ADDRESS, "h:1")]);
    assert_eq!(target.url, "https://x:2/probe%3Fx?module=%26&module=b+c&new=n&other=d");
    assert_eq!(target.labels.to_string(), r#"{group="g", instance="me", job="j", meta="m"}"#);
    let seconds = (target.interval.as_secs(), target.timeout.as_secs());
    assert_eq!(seconds, (5, 2));
}

#[test]
fn a_target_behind_another_socket_is_another_target() {
    let on = |path| target("job_name: j", &[(ADDRESS, "h:1"), (UNIX_SOCKET, path)]);
    let target = on("/run/a.sock");
    assert_eq!(target.unix_socket.as_deref().map(|path| path.as_str()), Some("/run/a.sock"));
    assert_eq!(target.url, "http://h:1/metrics");
    assert_ne!(target.hash, on("/run/b.sock").hash);
}

#[test]
fn an_exporter_target_needs_no_port() {
    let text = "job_name: node\nexporter: {plugin: node}\nparams: {a: [b]}\n";
    let target = target(text, &[(ADDRESS, "localhost")]);
    assert_eq!(target.url, "plugin://node/localhost?a=b");
    assert_eq!(target.labels.get(INSTANCE), Some("localhost"));
}

#[test]
fn a_target_says_what_becomes_of_its_histograms() {
    let text = "job_name: j\nscrape_native_histograms: true\nrelabel_configs:\n  \
                - {source_labels: [x], target_label: __convert_classic_histograms_to_nhcb__}\n  \
                - {source_labels: [x], target_label: __scrape_native_histograms__, regex: T, replacement: ''}\n";
    let histograms = |own: &[(&str, &str)]| {
        let one = target(text, &[&[(ADDRESS, "h:1")], own].concat()).histograms;
        (one.native, one.to_custom_buckets, one.classic_too)
    };
    assert_eq!(histograms(&[]), (true, false, false));
    assert_eq!(histograms(&[("x", "T")]), (true, true, false));
    assert_eq!(histograms(&[(NATIVE, "0"), (CLASSIC_TOO, "TRUE")]), (false, false, true));
}

#[test]
fn a_plugin_sees_all_labels_after_relabeling() {
    let text = "job_name: j\nexporter: {plugin: p}\nrelabel_configs:\n  \
                - {target_label: __new, replacement: n}\n  - {action: labeldrop, regex: __meta_a}\n";
    let hidden = target(text, &[(ADDRESS, "h")]).hidden;
    assert_eq!(hidden.get("__new"), Some("n"));
    assert_eq!((hidden.get("__meta_a"), hidden.get("job")), (None, None));
    assert!(target("job_name: j", &[(ADDRESS, "h:1")]).hidden.is_empty());
}

#[test]
fn what_is_no_target_says_why() {
    let error = |rules: &str, own: &[(&str, &str)]| {
        let text = format!("job_name: j\nrelabel_configs: [{rules}]");
        match build_one(&text, own) {
            Err(error) => error.to_string(),
            Ok(Built::Dropped(labels)) => format!("dropped {labels}"),
            Ok(Built::Target(_)) => "a target".to_owned(),
        }
    };
    assert_eq!(error("", &[]), "no address");
    assert!(error("", &[(ADDRESS, "http://h:1")]).contains("holds a slash"));
    let rule = "{target_label: __scrape_interval__, replacement: 1s}";
    assert!(error(rule, &[(ADDRESS, "h:1")]).contains("longer than scrape interval"));
    let rule = "{target_label: __scrape_timeout__, replacement: '0'}";
    assert!(error(rule, &[(ADDRESS, "h:1")]).contains("__scrape_timeout__ is \"0\""));
    let labels = [(ADDRESS, "h:1"), (NATIVE, "yes")];
    assert_eq!(error("", &labels), format!("{NATIVE} is \"yes\", which is neither true nor false"));
    let dropped = error("{action: drop, source_labels: [job], regex: j}", &[(ADDRESS, "h:1")]);
    assert!(dropped.starts_with("dropped {__address__="), "{dropped}");
}

#[test]
fn the_identity_does_not_hold_the_interval() {
    let slow = target("job_name: j\nscrape_interval: 1m", &[(ADDRESS, "h:1")]);
    let fast = target("job_name: j\nscrape_interval: 15s", &[(ADDRESS, "h:1")]);
    let other = target("job_name: j\nmetrics_path: /x", &[(ADDRESS, "h:1")]);
    assert_eq!(slow.hash, fast.hash);
    assert_ne!(slow.hash, other.hash);
}
