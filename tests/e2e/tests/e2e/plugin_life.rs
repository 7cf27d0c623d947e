//! What an operator does with plugins of a running host: over its API, by its configuration, by putting files.

use std::path::Path;

use narthex_harness::{Host, SECONDS, WebhookReceiver, http, wait_until};
use serde_json::Value;

use crate::support::{config, guest, plugin};

/// Jobs that ask the plugin `good` about these targets.
fn good(targets: &str) -> String {
    config(&format!(
        "scrape_configs:\n- job_name: good\n  exporter: {{ plugin: good }}\n  \
         static_configs: [{{ targets: [{targets}] }}]\n"
    ))
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(guest(name)).expect("the guest is built")
}

/// As an installer does: a new file, then a rename over the old one.
fn put(host: &Host, name: &str, content: &[u8]) {
    let folder = host.folder().path().join("plugins");
    let draft = folder.join("draft");
    std::fs::write(&draft, content).expect("the folder can be written");
    std::fs::rename(&draft, folder.join(format!("{name}.wasm"))).expect("the file is replaced");
}

/// The plugin as the API shows it.
fn shown(host: &Host, name: &str) -> Value {
    let plugins = host.json("/api/v1/plugins");
    let all = plugins["data"]["plugins"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|plugin| plugin["name"] == name).unwrap_or_default()
}

/// Waits until the plugin is shown so.
#[track_caller]
fn until_shown(host: &Host, what: &str, name: &str, holds: impl Fn(&Value) -> bool) {
    wait_until(what, 30 * SECONDS, || holds(&shown(host, name)));
}

/// An operator's word over the API: the status, and what is shown afterwards or why not.
fn operate(host: &Host, path: &str) -> (u16, Value) {
    let answer = http::post(&host.url(&format!("/api/v1/plugins/{path}")), "text/plain", b"");
    let body = answer.json();
    (answer.status, if body["status"] == "success" { body["data"].clone() } else { body })
}

#[test]
fn a_plugin_that_is_switched_off_stays_off_over_a_restart() {
    let mut host = Host::with_config(&good("a"))
        .file("plugins/good.wasm", bytes("good"))
        .flag("--web.enable-lifecycle")
        .expect_log("good")
        .start();
    host.wait_for_query("good_value", 20 * SECONDS, |s| s.len() == 1);
    assert_eq!(host.json("/api/v1/plugins")["data"]["isOperable"], true);

    let (status, disabled) = operate(&host, "good/disable");
    assert_eq!((status, &disabled["state"]), (200, &"disabled".into()));
    host.wait_for_query("up", 20 * SECONDS, |s| s[0].value == 0.0);
    let targets = host.json("/api/v1/targets");
    let reason = targets["data"]["activeTargets"][0]["lastError"].as_str().unwrap_or_default();
    assert!(reason.contains("POST /api/v1/plugins/good/enable enables it"), "{reason}");

    host.stop_and_restart();
    let again = shown(&host, "good");
    assert_eq!((&again["state"], &again["calls"]["total"]), (&"disabled".into(), &0.into()));
    let (status, enabled) = operate(&host, "good/enable");
    assert_eq!((status, &enabled["state"]), (200, &"ready".into()));
    host.wait_for_query("up", 20 * SECONDS, |s| s[0].value == 1.0);

    let (status, unknown) = operate(&host, "nobody/disable");
    assert_eq!((status, &unknown["errorType"]), (404, &"not_found".into()));
    assert_eq!(host.get("/api/v1/plugins/good/disable").status, 405);
    host.stop();
}

#[test]
fn without_leave_nobody_operates_a_plugin() {
    let host = Host::with_config(&good("a")).file("plugins/good.wasm", bytes("good")).start();
    assert_eq!(host.json("/api/v1/plugins")["data"]["isOperable"], false);
    for path in ["good/disable", "good/enable", "good/reload"] {
        let (status, refused) = operate(&host, path);
        let error = refused["error"].as_str().unwrap_or_default();
        assert_eq!(status, 403, "{path}: {refused}");
        assert!(error.contains("--web.enable-lifecycle"), "{error}");
    }
    assert_eq!(shown(&host, "good")["state"], "ready");
    host.stop();
}

#[test]
fn the_pinned_file_serves_and_no_other() {
    let host = Host::with_config(&good("a"))
        .file("plugins/good.wasm", bytes("good"))
        .flag("--web.enable-lifecycle")
        .expect_log("plugin refused")
        .start();
    let digest = shown(&host, "good")["digest"].as_str().unwrap_or_default().to_owned();
    let pin = format!("plugins: {{ dir: plugins, allow: {{ good: {{ sha256: '{digest}' }} }} }}");
    let pinned = good("a").replace("plugins: { dir: plugins }", &pin);
    assert_eq!(host.reload_with(&pinned).status, 200);
    assert_eq!(shown(&host, "good")["pinned"], digest.as_str());

    put(&host, "good", &bytes("good_v2"));
    until_shown(&host, "the other file is refused", "good", |it| {
        it["rejected"]["kind"] == "pinned" && it["version"] == "1.0.0"
    });
    // Without the pin the file that is there serves.
    assert_eq!(host.reload_with(&good("a")).status, 200);
    until_shown(&host, "the other file serves", "good", |it| {
        it["version"] == "2.0.0" && it["rejected"].is_null() && it["pinned"].is_null()
    });
    host.stop();
}

#[test]
fn a_worse_version_fails_its_probation_and_one_that_serves_by_force_is_rolled_back() {
    let host = Host::with_config(&good("a, trap"))
        .file("plugins/good.wasm", bytes("good"))
        .flag("--web.enable-lifecycle")
        .expect_log("good")
        .expect_log("scrape")
        .start();
    host.wait_for_query("good_value", 20 * SECONDS, |s| s.len() == 2);
    put(&host, "good", &bytes("good_v3"));
    until_shown(&host, "the worse version is refused", "good", |it| {
        it["rejected"]["kind"] == "probation" && it["version"] == "1.0.0"
    });
    let (status, refused) = operate(&host, "good/reload");
    let error = refused["error"].as_str().unwrap_or_default();
    assert_eq!(status, 400, "{refused}");
    assert!(error.contains("probation") && error.contains("it trapped"), "{error}");

    let (status, forced) = operate(&host, "good/reload?force=true");
    assert_eq!((status, &forced["version"]), (200, &"3.0.0".into()), "{forced}");
    assert_eq!(forced["previous"], "1.0.0");
    until_shown(&host, "the version before it serves again", "good", |it| {
        it["rejected"]["kind"] == "rolled-back" && it["version"] == "1.0.0"
    });
    host.wait_for_query("good_value == 1", 20 * SECONDS, |s| s.len() == 2);
    let loads = "narthex_plugin_loads_total";
    assert!(counted(&metrics(&host), loads, &[("outcome", "rolled_back")]) >= 1.0);
    assert!(counted(&metrics(&host), loads, &[("outcome", "probation")]) >= 2.0);
    host.stop();
}

#[test]
fn a_new_file_is_taken_at_the_operators_word() {
    let host = Host::with_config(&good("a"))
        .file("plugins/good.wasm", bytes("good"))
        .flag("--web.enable-lifecycle")
        .start();
    put(&host, "good", &bytes("good_v2"));
    let (status, reloaded) = operate(&host, "good/reload");
    assert_eq!((status, &reloaded["version"]), (200, &"2.0.0".into()), "{reloaded}");
    host.wait_for_query("good_value == 2", 20 * SECONDS, |s| s.len() == 1);
    host.stop();
}

#[test]
fn a_hang_up_takes_a_new_file_and_what_the_configuration_says_of_it_together() {
    let mut host = Host::with_config(&config("")).expect_log("plugin refused").start();
    std::fs::create_dir(host.folder().path().join("plugins")).expect("the folder is new");
    put(&host, "good", &bytes("good"));
    host.folder().write("narthex.yml", good("a"));
    host.process().hang_up();
    host.wait_for_query("good_value == 1", 20 * SECONDS, |s| s.len() == 1);

    // What another pin keeps from serving, serves with its own.
    let pin = |host: &mut Host, digest: &Value| {
        let pin = format!("plugins: {{ dir: plugins, allow: {{ good: {{ sha256: {digest} }} }} }}");
        host.folder().write("narthex.yml", good("a").replace("plugins: { dir: plugins }", &pin));
        host.process().hang_up();
        until_shown(host, "the pin counts", "good", |it| it["pinned"] == *digest);
    };
    let first = shown(&host, "good")["digest"].clone();
    pin(&mut host, &first);
    put(&host, "good", &bytes("good_v2"));
    until_shown(&host, "the other file is refused", "good", |it| {
        it["rejected"]["kind"] == "pinned" && it["version"] == "1.0.0"
    });
    let second = shown(&host, "good")["rejected"]["digest"].clone();
    pin(&mut host, &second);
    host.wait_for_query("good_value == 2", 20 * SECONDS, |s| s.len() == 1);
    assert_eq!(shown(&host, "good")["rejected"], Value::Null);
    host.stop();
}

/// The component as another file with the same behavior: a section behind it that nobody reads.
fn rebuilt(component: &[u8], build: u8) -> Vec<u8> {
    // A custom section: its number, its length, its name's length, its name, its content.
    [component, &[0, 7, 5, b'b', b'u', b'i', b'l', b'd', build]].concat()
}

fn metrics(host: &Host) -> String {
    host.get("/metrics").text()
}

/// The sum of a counter of the host over all points with these labels.
fn counted(metrics: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let has = |line: &str| {
        let mut labels = labels.iter().map(|(name, value)| format!("{name}=\"{value}\""));
        labels.all(|label| line.contains(&label))
    };
    let lines = metrics.lines().filter(|line| line.starts_with(name) && has(line));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// How many versions take turns.
const VERSIONS: u8 = 10;

/// Replaces a plugin again and again, each time when the version before serves.
fn replace_many_times(host: &Host, name: &str, from: &Path) {
    let component = std::fs::read(from).expect("the component is built");
    for build in 0..VERSIONS {
        let before = shown(host, name)["generation"].clone();
        put(host, name, &rebuilt(&component, build));
        until_shown(host, "the next version serves", name, |it| it["generation"] != before);
    }
    assert!(shown(host, name)["rejected"].is_null());
}

#[test]
fn new_versions_under_load_cost_no_scrape() {
    let targets: Vec<String> = (0..40).map(|target| format!("t{target}")).collect();
    let slow = good(&targets.join(", "))
        .replace("{ plugin: good }", "{ plugin: good, config: { sleep_ms: 300 } }");
    let host = Host::with_config(&slow).file("plugins/good.wasm", bytes("good")).start();
    host.wait_for_query("good_value", 30 * SECONDS, |s| s.len() == 40);
    replace_many_times(&host, "good", &guest("good"));
    let up = host.wait_for_query("up", 20 * SECONDS, |s| s.len() == 40);
    assert!(up.iter().all(|target| target.value == 1.0));
    host.wait_for_query("min(min_over_time(up[1h])) == 1", SECONDS, |s| s.len() == 1);
    for outcome in ["refused", "killed", "denied", "busy", "backing_off", "disabled"] {
        let labels = [("plugin", "good"), ("outcome", outcome)];
        let calls = counted(&metrics(&host), "narthex_plugin_calls_total", &labels);
        assert_eq!(calls, 0.0, "{outcome}");
    }
    assert_eq!(shown(&host, "good")["generation"], u64::from(VERSIONS) + 1);
    host.stop();
}

#[test]
fn new_versions_under_load_cost_no_notification() {
    let receiver = WebhookReceiver::start();
    let rules = "groups:\n- name: all\n  rules:\n  - alert: Always\n    expr: good_value\n";
    let targets: Vec<String> = (0..20).map(|target| format!("t{target}")).collect();
    let alerting = format!(
        "rule_files: [rules.yml]\nalertmanager:\n  route: {{ receiver: local, group_by: [instance], group_wait: 1s, \
         group_interval: 1s, repeat_interval: 1s }}\n  receivers: [{{ name: local, webhook_configs: [{{ url: '{}' }}] }}]\n",
        receiver.url()
    );
    let host = Host::with_config(&(good(&targets.join(", ")) + &alerting))
        .file("rules.yml", rules)
        .file("plugins/good.wasm", bytes("good"))
        .copy("plugins/webhook.wasm", &plugin("webhook"))
        .start();
    wait_until("each group is notified of", 60 * SECONDS, || receiver.requests().len() >= 20);
    replace_many_times(&host, "webhook", &plugin("webhook"));
    let sent = receiver.requests().len();
    wait_until("notifications go on", 60 * SECONDS, || receiver.requests().len() >= sent + 20);
    assert_eq!(counted(&metrics(&host), "alertmanager_notifications_failed_total", &[]), 0.0);
    let of_webhook = ("plugin", "webhook");
    wait_until("every call is a notification that came", 60 * SECONDS, || {
        let metrics = metrics(&host);
        let calls = |labels: &[_]| counted(&metrics, "narthex_plugin_calls_total", labels);
        let (well, all) = (calls(&[of_webhook, ("outcome", "ok")]), calls(&[of_webhook]));
        assert_eq!(well, all, "no call ended otherwise");
        let came = f64::from(u32::try_from(receiver.requests().len()).unwrap_or(u32::MAX));
        well.to_bits() == came.to_bits()
    });
    host.stop();
}
