//! Loading, replacing, refusing, removing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use narthex_plugin_tests::{Host, guest, plugin};
use narthex_plugins::{PluginKind, PluginState, digest_text};
use serde_json::json;

/// The reason for which a file is refused that never served.
async fn refused(name: &str, bytes: &[u8]) -> String {
    let host = Host::start(&[(name, bytes)], "").await;
    let view = host.view(name);
    assert_eq!((view.state, view.generation, view.kind), (PluginState::Failed, 0, None));
    let message = view.rejected.unwrap().message;
    let error = host.collect(name, json!({})).await.unwrap_err().to_string();
    assert!(error.contains(&message), "{error}");
    message
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[tokio::test]
async fn a_plugin_tells_who_it_is() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    let view = host.view("good");
    assert_eq!((view.kind, view.version.as_str()), (Some(PluginKind::Exporter), "1.0.0"));
    assert_eq!((view.state, view.generation), (PluginState::Ready, 1));
    assert!(view.imports.contains(&"narthex:plugin/log@1.0.0".to_owned()), "{:?}", view.imports);
    assert_eq!(view.limits.memory_bytes, 64 << 20);
}

#[tokio::test]
async fn a_refusal_is_one_short_line_whatever_names_the_file_has() {
    // A name in the places that words of a refusal may tell: exports that no world has.
    let name = "x".repeat(100_000);
    let text = format!(
        r#"(component (core module $m (func (export "run")))
            (core instance $i (instantiate $m)) (func $f (canon lift (core func $i "run")))
            (instance $n (export "run" (func $f))) (export "{name}:p/q@1.0.0" (instance $n)))"#
    );
    let message = refused("x", &component(&text)).await;
    assert!(message.len() < 5_000, "{} bytes", message.len());
    assert!(!message.contains(char::is_control), "{message}");
}

#[tokio::test]
async fn what_is_not_wanted_yet_is_compiled_later_and_keeps_nobody_waiting() {
    let (good, other) = (guest("good"), component("(component)"));
    let host = Host::start_cold_but(&[("good", &good), ("x", &other)], &["good"]).await;
    // The other one had its turn.
    assert_eq!(host.view("x").state, PluginState::Failed);
    let view = host.view("good");
    assert_eq!((view.state, view.generation), (PluginState::Compiling, 0));
    assert_eq!(view.compiling.unwrap().digest, digest_text(&good));
    let error = host.collect("good", json!({})).await.unwrap_err().to_string();
    assert!(error.starts_with("plugin \"good\" is being compiled"), "{error}");
    let host = host.watched();
    host.until("it serves", |host| host.view("good").state == PluginState::Ready).await;
    assert_eq!((host.view("good").compiling, host.view("good").generation), (None, 1));
    assert!(host.collect("good", json!({})).await.unwrap().contains("good_value 1"));
}

#[tokio::test]
async fn a_file_that_is_changed_while_it_waits_is_taken_as_it_is_then() {
    let host = Host::start_cold_but(&[("good", &guest("good"))], &["good"]).await;
    host.put("good", b"no component");
    let host = host.watched();
    host.until("it is refused", |host| host.view("good").rejected.is_some()).await;
    let view = host.view("good");
    assert_eq!((view.state, view.compiling), (PluginState::Failed, None));
}

#[tokio::test]
async fn an_operator_s_reload_compiles_a_file_that_waits() {
    let host = Host::start_cold_but(&[("good", &guest("good"))], &["good"]).await;
    host.plugins.reload("good", false).await.unwrap();
    let view = host.view("good");
    assert_eq!((view.state, view.compiling, view.generation), (PluginState::Ready, None, 1));
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_in_words() {
    assert!(refused("x", b"not wasm at all").await.contains("does not begin with \\0asm"));
    assert!(refused("x", b"").await.contains("only 0 bytes"));
    let core = component("(module)");
    assert!(refused("x", &core).await.contains("build it for the target wasm32-wasip2"));
    let good = guest("good");
    let half = &good[..good.len() / 2];
    assert!(refused("good", half).await.contains("the component is damaged"));
    let mut flipped = good.clone();
    flipped[good.len() / 3] ^= 0x55;
    flipped[good.len() / 2] ^= 0x55;
    refused("x", &flipped).await;
}

#[tokio::test]
async fn a_wrong_world_or_version_is_named() {
    let empty = component("(component)");
    let message = refused("x", &empty).await;
    assert!(message.contains("exports none of narthex:plugin/exporter-api"), "{message}");
    assert!(message.ends_with("it exports nothing"), "{message}");
    let newer = component(r#"(component (import "narthex:plugin/files@2.0.0" (instance)))"#);
    assert_eq!(
        refused("x", &newer).await,
        "it imports narthex:plugin/files@2.0.0, this host offers narthex:plugin/files@1.0.0"
    );
    let foreign = component(r#"(component (import "acme:gpu/run@1.0.0" (instance)))"#);
    let expected = "it imports acme:gpu/run@1.0.0, which this host does not offer";
    assert_eq!(refused("x", &foreign).await, expected);
    let wrong = component(
        r#"(component
            (import "narthex:plugin/clock@1.0.0"
                (instance (export "wall-ms" (func (param "a" u32) (result s64)))))
            (instance $api)
            (export "narthex:plugin/exporter-api@1.0.0" (instance $api)))"#,
    );
    assert_eq!(
        refused("x", &wrong).await,
        "`wall-ms` of narthex:plugin/clock@1.0.0 is not that of this host's \
         narthex:plugin/clock@1.0.0: the parameters a in the component, no parameters in the host; \
         it does not export narthex:plugin/lifecycle@1.0.0, which this host asks of every plugin; \
         it exports narthex:plugin/exporter-api@1.0.0 without `collect`, which \
         narthex:plugin/exporter-api@1.0.0 of this host has"
    );
}

#[tokio::test]
async fn a_name_that_is_not_the_file_s_is_refused() {
    let expected = "it says that its name is \"good\"; its file is named other.wasm";
    assert_eq!(refused("other", &guest("good")).await, expected);
    let message = refused("Not-A-Name", &guest("good")).await;
    assert!(message.contains("is no name of a plugin"), "{message}");
}

#[tokio::test]
async fn compiled_code_is_found_again_at_the_next_start() {
    let host = Host::start_cold(&[("good", &guest("good"))]).await;
    // It is compiled first, and then taken from the disk as any other.
    assert_eq!((host.plugins.cache_stats().hits, host.plugins.cache_stats().misses), (1, 1));
    let host = host.restart("").await;
    assert_eq!((host.plugins.cache_stats().hits, host.plugins.cache_stats().misses), (1, 0));
    assert!(host.collect("good", json!({})).await.is_ok());
}

#[tokio::test]
async fn a_bad_file_changes_nothing_while_the_old_version_serves() {
    let good = guest("good");
    let host = Host::start(&[("good", &good)], "").await.watched();
    for bad in [b"garbage".as_slice(), &good[..good.len() / 2], &component("(module)"), b""] {
        host.put("good", bad);
        let digest_before = host.view("good").digest;
        let is_refused = |host: &Host| {
            host.view("good").rejected.is_some_and(|rejected| rejected.digest == digest_text(bad))
        };
        host.until("the bad file is refused", is_refused).await;
        let view = host.view("good");
        assert_eq!((view.state, view.generation), (PluginState::Ready, 1));
        assert_eq!(view.digest, digest_before);
        assert!(host.collect("good", json!({})).await.unwrap().contains("good_value 1"));
    }
    host.put("good", &good);
    host.until("the good file is taken", |host| host.view("good").rejected.is_none()).await;
    assert_eq!(host.view("good").generation, 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_as_refused() {
    let host = Host::start(&[("good", &guest("good"))], "").await.watched();
    // A file of which no byte can be read, whoever asks.
    host.put_link("good", "/proc/self/mem");
    host.put_link("new", "/proc/self/mem");
    let is_told = |host: &Host, name: &str| {
        let rejected = host.find(name).and_then(|view| view.rejected);
        rejected.is_some_and(|rejected| rejected.message.starts_with("it cannot be read: "))
    };
    host.until("both files are refused", |host| is_told(host, "good") && is_told(host, "new"))
        .await;
    assert_eq!(
        (host.view("good").state, host.view("new").state),
        (PluginState::Ready, PluginState::Failed)
    );
    assert!(host.collect("good", json!({})).await.unwrap().contains("good_value 1"));
    for name in ["good", "new"] {
        let error = host.plugins.reload(name, false).await.unwrap_err().to_string();
        assert!(error.contains("is refused: it cannot be read: Input/output error"), "{error}");
    }
    let error = host.collect("new", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("it cannot be read"), "{error}");
    host.put("good", &guest("good"));
    host.until("the file is read again", |host| host.view("good").rejected.is_none()).await;
    assert_eq!(host.view("good").generation, 1);
    host.remove("good");
    let error = host.plugins.reload("good", false).await.unwrap_err().to_string();
    assert!(error.ends_with("good.wasm is gone"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_takes_over_under_load_without_a_failed_call() {
    let host = Arc::new(Host::start(&[("good", &guest("good"))], "").await.watched());
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (host, stop, calls) = (Arc::clone(&host), Arc::clone(&stop), Arc::clone(&calls));
            #[expect(clippy::disallowed_methods, reason = "the test joins the task")]
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let body = host.collect("good", json!({ "sleep_ms": 2 })).await;
                    assert!(body.unwrap().contains("good_value "));
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // This call begins on the first version and ends after the third is live.
    let long = host.collect("good", json!({ "sleep_ms": 4_000 }));
    let swaps = async {
        let bytes = [guest("good_v2"), guest("good")];
        for (generation, bytes) in [(2, &bytes[0]), (3, &bytes[1]), (4, &bytes[0])] {
            host.put("good", bytes);
            let served = |host: &Host| host.view("good").generation == generation;
            host.until("the next version serves", served).await;
        }
    };
    let (long, ()) = tokio::join!(long, swaps);
    assert!(long.unwrap().contains("good_value 1"), "a call ends on the version it began on");
    assert!(host.collect("good", json!({})).await.unwrap().contains("good_value 2"));
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(calls.load(Ordering::Relaxed) > 0);
    let view = host.view("good");
    assert_eq!((view.calls.errors, view.calls.killed, view.version.as_str()), (0, 0, "2.0.0"));
}

/// What a reload may change: versions and grants as they are shown, and what was counted and said.
fn state(host: &Host) -> String {
    let views = host.plugins.view();
    let counted = host.counter("narthex_plugin_calls_total", &[])
        + host.counter("narthex_plugin_loads_total", &[]);
    format!("{views:#?} {counted}")
}

#[tokio::test]
async fn a_prepared_reload_is_judged_by_what_will_be_and_changes_nothing_until_then() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    let before = state(&host);
    host.put("good", &guest("good_v2"));
    host.put("modes", &guest("modes"));
    let allowed = "allow: { good: { net: ['db:5432'], memory: 32MiB }, modes: { kv: 1MiB } }";
    let kind = PluginKind::Exporter;
    {
        let prepared = host.prepare(allowed).await;
        let coming = prepared.plugins();
        assert_eq!(coming.validate(kind, "good", &json!({})).await, Ok(Vec::new()));
        assert!(coming.validate(kind, "good", &json!({ "sleep_ms": 70_000 })).await.is_err());
        assert_eq!(coming.check(kind, "modes", &json!({ "mode": "well" })), Ok(()));
        let versions: Vec<String> = coming.view().into_iter().map(|view| view.version).collect();
        assert_eq!(versions, ["2.0.0", "0.1.0"]);
        let grants = coming.view().into_iter().flat_map(|view| view.grants);
        assert!(grants.map(|grant| grant.detail).any(|detail| detail == "db:5432"));
        assert_eq!(state(&host), before);
    }
    assert_eq!(state(&host), before);
    assert!(host.collect("good", json!({})).await.unwrap().contains("good_value 1"));
    assert!(host.collect("modes", json!({})).await.is_err());

    host.reconfigure(allowed).await;
    let view = host.view("good");
    assert_eq!((view.generation, view.version.as_str()), (2, "2.0.0"));
    assert_eq!(view.limits.memory_bytes, 32 << 20);
    assert!(view.grants.iter().any(|grant| grant.detail == "db:5432"), "{:?}", view.grants);
    assert!(host.collect("good", json!({})).await.unwrap().contains("good_value 2"));
    assert!(host.collect("modes", json!({ "mode": "well" })).await.is_ok());
    assert_eq!(host.view("modes").generation, 1);

    host.put("good", b"garbage");
    host.reconfigure("").await;
    let view = host.view("good");
    assert_eq!((view.generation, view.limits.memory_bytes), (2, 64 << 20));
    assert!(view.rejected.is_some());
}

#[tokio::test]
async fn a_reload_keeps_the_watcher_away_until_it_is_decided() {
    let host = Host::start(&[("good", &guest("good"))], "").await.watched();
    let prepared = host.prepare("").await;
    host.put("good", &guest("good_v2"));
    assert_eq!(host.view("good").generation, 1);
    host.plugins.commit(prepared);
    host.until("the next version serves", |host| host.view("good").generation == 2).await;
}

#[tokio::test]
async fn a_file_that_comes_is_loaded_and_one_that_goes_is_unloaded() {
    let host = Host::start(&[], "").await.watched();
    assert!(host.plugins.view().is_empty());
    let error = host.collect("good", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("put good.wasm into the plugin folder"), "{error}");
    host.put("good", &guest("good"));
    host.until("it is loaded", |host| host.find("good").is_some_and(|view| view.generation == 1))
        .await;
    host.remove("good");
    host.until("it is unloaded", |host| host.find("good").is_none()).await;
    assert!(host.collect("good", json!({})).await.is_err());
}

#[tokio::test]
async fn a_configuration_is_judged_by_schema_and_then_by_the_plugin() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    let (plugins, kind) = (&host.plugins, PluginKind::Exporter);
    let judge = async |config| {
        let judged = plugins.validate(kind, "good", &config).await;
        judged.map(|warnings| warnings.join(";")).unwrap_or_else(|error| error.to_string())
    };
    assert_eq!(judge(json!({ "sleep_ms": 1 })).await, "");
    assert_eq!(judge(json!({ "sleep_ms": 20_000 })).await, "sleep_ms is long");
    assert!(judge(json!({ "sleep_ms": 70_000 })).await.contains("nobody waits longer"));
    let expected =
        "configuration of plugin \"good\": sleep: unknown key (known here: sleep_ms, token)";
    assert_eq!(judge(json!({ "sleep": 1 })).await, expected);
    assert_eq!(plugins.check(kind, "good", &json!({ "sleep_ms": 1 })), Ok(()));
    let error = plugins.check(PluginKind::Notifier, "good", &json!({})).unwrap_err().to_string();
    assert!(error.contains("is no notifier"), "{error}");
}

#[tokio::test]
async fn the_node_plugin_reads_this_machine() {
    let host = Host::start(&[("node", &plugin("node"))], "").await;
    let body = host.collect("node", json!({ "collectors": ["uname", "loadavg", "cpu"] })).await;
    let body = body.unwrap();
    for metric in ["node_uname_info{", "node_load1 ", "node_cpu_seconds_total{cpu=\"0\""] {
        assert!(body.contains(metric), "{metric} in {body}");
    }
    let view = host.view("node");
    let details: Vec<&str> = view.grants.iter().map(|grant| grant.detail.as_str()).collect();
    assert!(details.contains(&"proc = /proc"), "{details:?}");
}
