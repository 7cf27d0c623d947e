//! What an operator decides: pins, switches, reloads; and versions that roll back.

use narthex_plugin_tests::{Host, guest};
use narthex_plugins::{
    CallError, OperateError, PluginKind, PluginState, RejectedKind, digest_text,
};
use serde_json::json;

fn pin(digest: &str) -> String {
    format!("allow: {{ good: {{ sha256: '{digest}' }} }}")
}

async fn value(host: &Host) -> String {
    let body = host.collect("good", json!({})).await.unwrap();
    body.lines().find(|line| line.starts_with("good_value ")).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn only_the_pinned_file_serves() {
    let (v1, v2) = (guest("good"), guest("good_v2"));
    let (first, second) = (digest_text(&v1), digest_text(&v2));
    let host = Host::start(&[("good", &v1)], &pin(&first)).await.watched();
    assert_eq!(host.view("good").pinned.as_ref(), Some(&first));
    host.put("good", &v2);
    host.until("the other file is refused", |host| host.view("good").rejected.is_some()).await;
    let refused = host.view("good").rejected.unwrap();
    assert_eq!((refused.kind, &refused.digest), (RejectedKind::Pinned, &second));
    assert!(refused.message.contains(&first) && refused.message.contains(&second), "{refused:?}");
    assert_eq!(value(&host).await, "good_value 1");
    let rejections =
        |host: &Host| host.counter("narthex_plugin_loads_total", &[("outcome", "pinned")]);
    assert_eq!(rejections(&host), 1.0);

    // The file is there already; with the new pin it serves.
    host.reconfigure(&pin(&second)).await;
    assert_eq!(value(&host).await, "good_value 2");
    assert_eq!(host.view("good").rejected, None);
    // What serves is not what is pinned, and neither is the file.
    let error = host.try_prepare(&pin(&first)).await.unwrap_err().to_string();
    assert!(error.starts_with("plugins.allow.good: sha256: the version that serves"), "{error}");
    assert!(error.contains(&first) && error.contains(&second), "{error}");
    assert_eq!(value(&host).await, "good_value 2");
}

#[tokio::test]
async fn a_start_with_another_file_than_the_pinned_one_has_no_such_plugin() {
    let host = Host::start(&[("good", &guest("good"))], &pin(&digest_text(b"x"))).await;
    let view = host.view("good");
    assert_eq!((view.state, view.generation), (PluginState::Failed, 0));
    let error = host.collect("good", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("plugins.allow.good.sha256 pins sha256:2d711642"), "{error}");
}

#[tokio::test]
async fn a_disabled_plugin_is_not_called_until_it_is_enabled_and_a_restart_changes_nothing() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    host.plugins.disable("good").await.unwrap();
    let error = host.collect("good", json!({})).await.unwrap_err();
    assert!(matches!(error, CallError::Disabled { .. }), "{error}");
    assert!(error.to_string().contains("POST /api/v1/plugins/good/enable"), "{error}");
    let host = host.restart("").await;
    let view = host.view("good");
    assert_eq!((view.state, view.version.as_str()), (PluginState::Disabled, "1.0.0"));
    assert!(host.collect("good", json!({})).await.is_err());
    // The configuration is still judged by the schema, and not by the plugin.
    let kind = PluginKind::Exporter;
    let told = host.plugins.validate(kind, "good", &json!({ "sleep_ms": 70_000 })).await.unwrap();
    assert!(told[0].contains("is disabled over the API"), "{told:?}");
    assert!(host.plugins.validate(kind, "good", &json!({ "sleep": 1 })).await.is_err());
    assert_eq!(host.view("good").calls.total, 0);
    host.plugins.enable("good").await.unwrap();
    assert_eq!(value(&host).await, "good_value 1");
    assert_eq!(value(&host.restart("").await).await, "good_value 1");
}

#[tokio::test]
async fn what_the_file_disables_only_the_file_enables() {
    let off = "allow: { good: { enabled: false } }";
    let host = Host::start(&[("good", &guest("good"))], off).await;
    let error = host.collect("good", json!({})).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "plugin \"good\" is disabled by `plugins: { allow: { good: { enabled: false } } }`"
    );
    let error = host.plugins.enable("good").await.unwrap_err();
    assert!(matches!(error, OperateError::DisabledByFile { .. }), "{error}");
    host.reconfigure("").await;
    assert_eq!(value(&host).await, "good_value 1");
    let error = host.plugins.disable("bad").await.unwrap_err();
    assert!(matches!(error, OperateError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn a_version_that_is_killed_again_and_again_gives_way_to_the_one_before_it() {
    let (v1, v3) = (guest("good"), guest("good_v3"));
    let host = Host::start(&[("good", &v1)], "").await.watched();
    assert_eq!(value(&host).await, "good_value 1");
    host.put("good", &v3);
    host.until("the new version serves", |host| host.view("good").generation == 2).await;
    assert_eq!(host.view("good").previous.as_deref(), Some("1.0.0"));
    let trap = || host.collect_from("good", json!({}), "trap");
    for _ in 0..3 {
        assert!(matches!(trap().await, Err(CallError::Killed { .. })));
    }
    assert!(trap().await.unwrap().contains("good_value 1"), "and it is not left alone");
    let view = host.view("good");
    assert_eq!((view.state, view.generation, view.previous), (PluginState::Ready, 1, None));
    let refused = view.rejected.unwrap();
    assert_eq!((refused.kind, &refused.digest), (RejectedKind::RolledBack, &digest_text(&v3)));
    assert!(refused.message.starts_with("rolled back after 3 kills in a row: it trapped"));
    let count = |outcome| host.counter("narthex_plugin_loads_total", &[("outcome", outcome)]);
    assert_eq!((count("rolled_back"), count("ok")), (1.0, 2.0));
    // A reload of the configuration is no reason to try it again; an operator's word is.
    host.reconfigure("").await;
    assert_eq!(host.view("good").generation, 1);
    host.plugins.reload("good", true).await.unwrap();
    let view = host.view("good");
    assert_eq!((view.generation, view.version.as_str(), view.rejected), (3, "3.0.0", None));
    // And so is another file.
    host.put("good", &guest("good_v2"));
    host.until("the next version serves", |host| host.view("good").generation == 4).await;
}

#[tokio::test]
async fn a_version_that_fails_one_target_that_was_well_gives_way_too() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    let well = || host.collect_from("good", json!({}), "well");
    // More good targets than a probation asks about, and the one that the next version cannot do.
    for target in ["trap", "a", "b", "c"] {
        host.collect_from("good", json!({}), target).await.unwrap();
    }
    host.put("good", &guest("good_v3"));
    host.plugins.reload("good", true).await.unwrap();
    assert_eq!(host.view("good").version, "3.0.0");
    for _ in 0..3 {
        well().await.unwrap();
        host.collect_from("good", json!({}), "trap").await.unwrap_err();
    }
    let view = host.view("good");
    assert_eq!(view.rejected.unwrap().kind, RejectedKind::RolledBack);
    assert_eq!(value(&host).await, "good_value 1");

    // A target that no version can do is no reason.
    let host = Host::start(&[("good", &guest("good_v3"))], "").await;
    host.collect_from("good", json!({}), "well").await.unwrap();
    host.put("good", &rebuilt(&guest("good_v3")));
    host.plugins.reload("good", false).await.unwrap();
    for _ in 0..3 {
        host.collect_from("good", json!({}), "well").await.unwrap();
        host.collect_from("good", json!({}), "trap").await.unwrap_err();
    }
    assert_eq!((host.view("good").generation, host.view("good").rejected), (2, None));
    assert_eq!(host.view("good").pauses.len(), 1);
}

#[tokio::test]
async fn a_version_that_is_not_pinned_is_none_to_fall_back_on() {
    let (v1, v3) = (guest("good"), guest("good_v3"));
    let host = Host::start(&[("good", &v1)], "").await;
    assert_eq!(value(&host).await, "good_value 1");
    host.put("good", &v3);
    host.plugins.reload("good", true).await.unwrap();
    assert_eq!(host.view("good").previous.as_deref(), Some("1.0.0"));
    let pinned = pin(&digest_text(&v3));
    host.reconfigure(&pinned).await;
    assert_eq!(host.view("good").previous, None);
    for _ in 0..3 {
        host.collect_from("good", json!({}), "trap").await.unwrap_err();
    }
    let view = host.view("good");
    assert_eq!((view.version.as_str(), view.rejected, view.pauses.len()), ("3.0.0", None, 1));
    host.reconfigure(&pinned).await;
}

#[tokio::test]
async fn what_a_configuration_that_is_gone_asked_for_is_not_tried() {
    let host = tried("trap").await;
    // Nothing of the new configuration asks for it.
    host.reconfigure("").await;
    host.plugins.reload("good", false).await.unwrap();
    assert_eq!(host.view("good").version, "3.0.0");
}

#[tokio::test]
async fn many_calls_of_one_plugin_leave_slots_to_the_others() {
    let files: [(&str, &[u8]); 2] = [("modes", &guest("modes")), ("good", &guest("good"))];
    let host = Host::start(&files, "defaults: { wall: 10m }").await;
    let slow = json!({ "mode": "slow", "ms": 600_000 });
    let waiting =
        futures_util::future::join_all((0..100).map(|_| host.collect("modes", slow.clone())));
    let neighbor = async { value(&host).await };
    tokio::select! {
        biased;
        ended = waiting => panic!("{} calls ended", ended.len()),
        value = neighbor => assert_eq!(value, "good_value 1"),
    }
}

/// The component as another file with the same behavior: an empty section behind it.
fn rebuilt(component: &[u8]) -> Vec<u8> {
    [component, &[0, 2, 1, b'x']].concat()
}

/// A host in which the first version answered this target, and a worse one is in the folder.
async fn tried(target: &str) -> Host {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    host.collect_from("good", json!({}), target).await.unwrap();
    host.put("good", &guest("good_v3"));
    host
}

/// The worse version is refused, for this reason, and the one before it serves on.
async fn check_refused(target: &str, why: &str) -> Host {
    let host = tried(target).await;
    let error = host.plugins.reload("good", false).await.unwrap_err().to_string();
    assert!(error.contains("failed its probation") && error.contains(why), "{error}");
    let view = host.view("good");
    assert_eq!(view.rejected.unwrap().kind, RejectedKind::Probation);
    assert_eq!((view.generation, view.calls.total, view.calls.killed), (1, 1, 0));
    assert_eq!(host.counter("narthex_plugin_loads_total", &[("outcome", "probation")]), 1.0);
    assert!(host.collect_from("good", json!({}), target).await.unwrap().contains("good_value 1"));
    host
}

#[tokio::test]
async fn a_version_that_does_worse_never_serves() {
    check_refused("trap", "it trapped").await;
    check_refused("lie", "its answer is no exposition").await;
    let host = check_refused("defect", "does worse than version 1.0.0: this version forgot").await;
    // Unless an operator wants it to.
    host.plugins.reload("good", true).await.unwrap();
    assert_eq!(value(&host).await, "good_value 3");
}

#[tokio::test]
async fn a_target_that_is_away_says_nothing_about_a_version() {
    let host = tried("away").await;
    host.plugins.reload("good", false).await.unwrap();
    assert_eq!(host.view("good").version, "3.0.0");
}

#[tokio::test]
async fn a_trial_keeps_nothing() {
    let host = tried("keep").await;
    host.plugins.reload("good", false).await.unwrap();
    host.put("good", &guest("good_v2"));
    host.plugins.reload("good", false).await.unwrap();
    let body = host.collect_from("good", json!({}), "keep").await.unwrap();
    assert!(body.contains("good_value 2") && body.contains("value=\"\"} 1"), "{body}");
}

#[tokio::test]
async fn a_version_that_refuses_a_configuration_in_use_never_serves() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    let prepared = host.prepare("").await;
    let (kind, config) = (PluginKind::Exporter, json!({ "sleep_ms": 20_000 }));
    prepared.plugins().validate(kind, "good", &config).await.unwrap();
    host.plugins.commit(prepared);
    host.put("good", &guest("good_v3"));
    let error = host.plugins.reload("good", false).await.unwrap_err().to_string();
    assert!(error.contains("of a configuration in use it says: sleep_ms: this version has no"));
    // With the next configuration it is tried again.
    host.reconfigure("").await;
    assert_eq!(host.view("good").version, "1.0.0", "the configuration was in use until then");
    host.reconfigure("").await;
    assert_eq!(host.view("good").version, "3.0.0");
}

#[tokio::test]
async fn without_a_version_before_it_a_version_is_left_alone() {
    let host = Host::start(&[("good", &guest("good_v3"))], "").await;
    for _ in 0..3 {
        host.collect_from("good", json!({}), "trap").await.unwrap_err();
    }
    let error = host.collect_from("good", json!({}), "trap").await.unwrap_err();
    assert!(matches!(error, CallError::BackingOff { .. }), "{error}");
    assert_eq!(host.view("good").rejected, None);
}

#[tokio::test]
async fn a_reload_tells_why_a_file_is_refused() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    host.put("good", b"garbage");
    let error = host.plugins.reload("good", false).await.unwrap_err().to_string();
    assert!(error.contains("does not begin with \\0asm"), "{error}");
    host.put("good", &guest("good_v2"));
    host.plugins.reload("good", false).await.unwrap();
    assert_eq!(value(&host).await, "good_value 2");
}
