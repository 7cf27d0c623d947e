//! The memory of all guests together: large calls wait for one another, small ones for nobody.

use narthex_plugin_tests::{Host, guest};
use narthex_plugins::CallError;
use serde_json::{Value, json};

const HELD: &str = "narthex_plugins_memory_bytes";
const WAITS: &str = "narthex_plugins_memory_waits_total";

async fn host(yaml: &str) -> Host {
    let files: [(&str, &[u8]); 2] = [("modes", &guest("modes")), ("good", &guest("good"))];
    Host::start(&files, yaml).await
}

fn hold(mib: u64) -> Value {
    json!({ "mode": "misuse", "what": "hold_on", "bytes": mib << 20 })
}

/// Runs `work` once two calls have asked for so many MiB each and one of them has them.
async fn while_two_hold<T>(host: &Host, mib: u64, work: impl Future<Output = T>) -> T {
    let holders =
        async { tokio::join!(host.collect("modes", hold(mib)), host.collect("modes", hold(mib))) };
    let work = async {
        #[expect(clippy::cast_precision_loss, reason = "a few MiB")]
        let wanted = (mib << 20) as f64;
        host.until("memory is held", |host| host.counter(HELD, &[]) >= wanted).await;
        work.await
    };
    tokio::select! {
        biased;
        ended = holders => panic!("a guest that holds on ended: {ended:?}"),
        answer = work => answer,
    }
}

#[tokio::test]
async fn a_small_guest_answers_while_large_ones_hold_and_want_all_there_is() {
    // 2 MiB are set aside for each call, 256 MiB are shared.
    let host = host("memory_total: 512MiB\ndefaults: { memory: 400MiB, wall: 1h }").await;
    let answer = while_two_hold(&host, 300, async {
        host.until("the second waits", |host| host.counter(WAITS, &[]) >= 1.0).await;
        host.collect("good", json!({})).await
    });
    assert!(Box::pin(answer).await.unwrap().contains("good_value 1"));
    // What was given up holds nothing.
    assert_eq!(host.counter(HELD, &[]), 0.0);
}

#[tokio::test]
async fn a_guest_that_finds_no_memory_in_its_time_is_not_to_blame() {
    // What is set aside for a call is less than any guest needs.
    let yaml = "
memory_total: 64MiB
defaults: { memory: 64MiB, wall: 1h }
allow: { good: { wall: 1s } }";
    let host = host(yaml).await;
    let crowded = while_two_hold(&host, 40, async {
        for _ in 0..4 {
            let error = host.collect("good", json!({})).await.unwrap_err();
            assert!(matches!(error, CallError::Crowded { .. }), "{error}");
            assert!(error.to_string().ends_with("64 MiB; raise plugins.memory_total"), "{error}");
        }
    });
    Box::pin(crowded).await;
    let labels = [("plugin", "good"), ("outcome", "crowded")];
    assert_eq!(host.counter("narthex_plugin_calls_total", &labels), 4.0);
    assert_eq!(host.view("good").calls.killed, 0);
    assert!(host.collect("good", json!({})).await.unwrap().contains("good_value 1"));
}

#[tokio::test]
async fn a_larger_total_counts_with_the_next_configuration() {
    let yaml =
        |total: &str| format!("memory_total: {total}\ndefaults: {{ memory: 64MiB, wall: 1h }}");
    let host = host(&yaml("64MiB")).await;
    let answer = while_two_hold(&host, 40, async {
        let waiting = async { host.collect("good", json!({})).await };
        let raise = async {
            host.until("two wait", |host| host.counter(WAITS, &[]) >= 2.0).await;
            host.reconfigure(&yaml("1GiB")).await;
        };
        tokio::join!(waiting, raise).0
    });
    assert!(Box::pin(answer).await.unwrap().contains("good_value 1"));
}
