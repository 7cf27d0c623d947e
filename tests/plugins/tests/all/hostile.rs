//! Guests that misbehave: each ends its own call, is told why, and disturbs nobody.

use narthex_plugin_tests::{Host, guest};
use narthex_plugins::{CallError, PluginState};
use serde_json::{Value, json};

use crate::listening::listening;

/// Short budgets, so that the tests do not wait long for guests that spend them.
const TIGHT: &str = "defaults: { memory: 16MiB, cpu: 200ms, wall: 5s }";

/// The guest is stopped for this reason, is counted, and answers the next call as if nothing was.
#[track_caller]
fn assert_killed(error: &CallError, word: &str, message: &str) {
    let CallError::Killed { reason, .. } = error else { panic!("{error:?}") };
    assert_eq!(reason.word(), word, "{error}");
    assert!(error.to_string().contains(message), "{error}");
}

async fn check(config: Value, word: &str, message: &str) {
    let host = Host::start(&[("modes", &guest("modes"))], TIGHT).await;
    let error = host.collect("modes", config).await.unwrap_err();
    assert_killed(&error, word, message);
    let labels = [("plugin", "modes"), ("reason", word)];
    assert_eq!(host.counter("narthex_plugin_kills_total", &labels), 1.0);
    let view = host.view("modes");
    assert_eq!((view.calls.killed, view.last_error.unwrap().kind), (1, "killed"));
    let body = host.collect("modes", json!({ "mode": "well" })).await.unwrap();
    assert!(body.contains("guest_ok 1"), "{body}");
}

#[tokio::test]
async fn a_panic_is_a_trap_with_its_last_words() {
    check(json!({ "mode": "panic" }), "trap", "this guest was told to panic").await;
}

#[tokio::test]
async fn an_endless_loop_spends_its_processor_time() {
    check(json!({ "mode": "endless_loop" }), "cpu", "used up its 200ms of processor time").await;
}

#[tokio::test]
async fn endless_calls_of_the_host_spend_processor_time_too() {
    check(json!({ "mode": "endless_calls" }), "cpu", "used up its 200ms").await;
}

#[tokio::test]
async fn a_memory_bomb_is_named_as_such() {
    check(json!({ "mode": "memory_bomb" }), "memory", "limit of 16 MiB").await;
}

#[tokio::test]
async fn a_deep_recursion_is_named_as_such() {
    check(json!({ "mode": "deep_recursion" }), "stack", "recurses too deep").await;
}

#[tokio::test]
async fn a_wild_read_is_a_trap() {
    check(json!({ "mode": "wild_read" }), "trap", "out of bounds").await;
}

#[tokio::test]
async fn an_oversized_result_is_not_taken() {
    let host = Host::start(&[("modes", &guest("modes"))], "").await;
    let config = json!({ "mode": "oversized", "bytes": 20 << 20 });
    let error = host.collect("modes", config).await.unwrap_err();
    assert_killed(&error, "result", "more than 16384 KiB");
    let config = json!({ "mode": "oversized", "bytes": 8 << 20 });
    assert_eq!(host.collect("modes", config).await.unwrap().len(), 8 << 20);
}

#[tokio::test]
async fn a_guest_that_does_not_answer_is_ended_at_its_time() {
    let yaml = "defaults: { cpu: 10m, wall: 300ms }";
    let host = Host::start(&[("modes", &guest("modes"))], yaml).await;
    let error = host.collect("modes", json!({ "mode": "endless_loop" })).await.unwrap_err();
    assert_killed(&error, "wall", "did not answer within 300ms");
}

#[tokio::test]
async fn a_guest_that_waits_is_woken_in_time_to_answer() {
    let host = Host::start(&[("modes", &guest("modes"))], "defaults: { wall: 1s }").await;
    // The host's sleep ends a little before the call does.
    let body = host.collect("modes", json!({ "mode": "slow", "ms": 600_000 })).await.unwrap();
    assert!(body.contains("guest_ok 1"), "{body}");
}

#[tokio::test]
async fn a_long_error_is_cut() {
    let host = Host::start(&[("modes", &guest("modes"))], "").await;
    let config = json!({ "mode": "long_error", "bytes": 1_000_000 });
    let CallError::Refused(error) = host.collect("modes", config).await.unwrap_err() else {
        panic!("the guest answers an error");
    };
    assert!(error.message.len() <= 4100 && error.details.len() == 16, "{}", error.message.len());
}

#[tokio::test]
async fn a_flood_of_log_lines_is_dropped_and_counted() {
    // A guest asks whether its lines are wanted; here they are.
    let _listening = listening();
    let host = Host::start(&[("modes", &guest("modes"))], "").await;
    host.collect("modes", json!({ "mode": "chatty", "lines": 10_000 })).await.unwrap();
    let dropped = host.counter("narthex_plugin_log_lines_dropped_total", &[("plugin", "modes")]);
    assert!(dropped > 9_000.0, "{dropped}");
}

#[tokio::test]
async fn a_neighbor_answers_while_an_endless_loop_runs() {
    // One thread for all: the neighbors end only if the loop gives it back again and again.
    let files: [(&str, &[u8]); 2] = [("modes", &guest("modes")), ("good", &guest("good"))];
    let host = Host::start(&files, "defaults: { cpu: 10m, wall: 10m }").await;
    let busy = host.collect("modes", json!({ "mode": "endless_loop" }));
    let neighbors = async {
        for _ in 0..10 {
            let body = host.collect("good", json!({})).await.unwrap();
            assert!(body.contains("good_value 1"), "{body}");
        }
    };
    tokio::select! {
        biased;
        ended = busy => panic!("the endless loop ended: {ended:?}"),
        () = neighbors => {}
    }
}

#[tokio::test]
async fn a_plugin_that_is_killed_again_and_again_is_left_alone() {
    let host = Host::start(&[("modes", &guest("modes"))], TIGHT).await;
    for _ in 0..3 {
        let error = host.collect("modes", json!({ "mode": "panic" })).await.unwrap_err();
        assert_killed(&error, "trap", "unreachable");
    }
    let error = host.collect("modes", json!({ "mode": "panic" })).await.unwrap_err();
    assert!(matches!(error, CallError::BackingOff { kills: 3, .. }), "{error}");
    assert!(error.to_string().contains("3 failures in a row"), "{error}");
    let view = host.view("modes");
    assert_eq!((view.state, view.pauses.len()), (PluginState::BackingOff, 1));
    let labels = [("plugin", "modes"), ("outcome", "backing_off")];
    assert_eq!(host.counter("narthex_plugin_calls_total", &labels), 1.0);
}

#[tokio::test]
async fn one_bad_target_silences_no_other() {
    let host = Host::start(&[("modes", &guest("modes"))], TIGHT).await;
    let of = |mode: &'static str, target: &'static str| {
        host.collect_from("modes", json!({ "mode": mode }), target)
    };
    for _ in 0..3 {
        assert_killed(&of("panic", "bad:1").await.unwrap_err(), "trap", "unreachable");
    }
    let error = of("panic", "bad:1").await.unwrap_err();
    assert!(matches!(error, CallError::BackingOff { .. }), "{error}");
    assert!(of("well", "good:1").await.is_ok());
    let view = host.view("modes");
    assert_eq!((view.state, view.pauses[0].target.as_str()), (PluginState::Ready, "bad:1"));
}

#[tokio::test]
async fn a_plugin_that_fails_every_target_is_left_alone_as_a_whole() {
    let host = Host::start(&[("modes", &guest("modes"))], TIGHT).await;
    let panic = json!({ "mode": "panic" });
    for target in 0..10 {
        let target = target.to_string();
        let error = host.collect_from("modes", panic.clone(), &target).await.unwrap_err();
        assert_killed(&error, "trap", "unreachable");
    }
    let error = host.collect("modes", json!({ "mode": "well" })).await.unwrap_err();
    assert!(matches!(error, CallError::BackingOff { kills: 10, .. }), "{error}");
    assert_eq!(host.view("modes").state, PluginState::BackingOff);
}

#[tokio::test]
async fn an_error_of_the_guest_is_no_kill_and_a_row_of_them_is_shown() {
    let host = Host::start(&[("modes", &guest("modes"))], TIGHT).await;
    for _ in 0..5 {
        assert_eq!(host.view("modes").state, PluginState::Ready);
        let config = json!({ "mode": "failing", "message": "the door is closed" });
        let error = host.collect("modes", config).await.unwrap_err();
        assert_eq!(error.to_string(), "the door is closed");
    }
    let view = host.view("modes");
    assert_eq!((view.state, view.calls.errors, view.calls.killed), (PluginState::Failing, 5, 0));
    host.collect("modes", json!({ "mode": "well" })).await.unwrap();
    assert_eq!(host.view("modes").state, PluginState::Ready);
}
