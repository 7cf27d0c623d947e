//! What a call may spend: an overrun is a value, a number in the metrics, and a line in what is shown.

use narthex_plugin_tests::{Host, guest};
use narthex_plugins::{Budgeted, CallError, GuestErrorKind};
use serde_json::{Value, json};

use crate::grants::serve;
use crate::listening::listening;

/// An answer with a body of 1,000 bytes.
fn long_answer() -> u16 {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n";
    serve(Box::leak(format!("{head}{}", "x".repeat(1000)).into_boxed_str()).as_bytes())
}

/// A call that spends more than `budget` allows: the guest is told so, and so is everybody.
async fn check(budget: &str, config: Value, port: u16, (what, message): (Budgeted, &str)) {
    let yaml = format!("allow: {{ modes: {{ {budget} }} }}");
    let host = Host::start(&[("modes", &guest("modes"))], &yaml).await;
    let target = format!("127.0.0.1:{port}");
    let asked = host.collect_from("modes", config, &target).await;
    let Err(CallError::Refused(error)) = asked else { panic!("{budget}: {asked:?}") };
    assert_eq!(error.kind, GuestErrorKind::Exhausted, "{budget}: {error}");
    assert!(error.message.contains(message), "{budget}: {error}");
    assert_exceeded(&host, what);
    let body = host.collect("modes", json!({ "mode": "well" })).await.unwrap();
    assert!(body.contains("guest_ok 1"), "{body}");
}

/// This budget, and no other, was not enough in one call.
#[track_caller]
fn assert_exceeded(host: &Host, what: Budgeted) {
    let exceeded = host.view("modes").exceeded;
    let shown: Vec<_> = exceeded.iter().map(|one| (one.budget, one.total)).collect();
    assert_eq!(shown, [(what, 1)]);
    let labels = [("plugin", "modes"), ("budget", what.word())];
    assert_eq!(host.counter("narthex_plugin_budget_exceeded_total", &labels), 1.0);
}

#[tokio::test]
async fn requests_have_a_budget() {
    let port = long_answer();
    let url = format!("http://127.0.0.1:{port}/");
    let config = json!({ "mode": "net_many", "url": url, "count": 3, "in_flight": 1 });
    let message = "plugin \"modes\" asked the network as often as it may in one call (requests: 2); \
         to allow it: plugins: { allow: { modes: { requests: 8 } } }";
    check("requests: 2", config, port, (Budgeted::Requests, message)).await;
    let config = json!({ "mode": "tcp", "host": "127.0.0.1", "port": port });
    check("requests: 0", config, port, (Budgeted::Requests, "(requests: 0)")).await;
}

#[tokio::test]
async fn bytes_from_the_network_have_a_budget() {
    let port = long_answer();
    let url = format!("http://127.0.0.1:{port}/");
    let line = "(bytes_in: 999); to allow it: plugins: { allow: { modes: { bytes_in: 3996B } } }";
    let expected = (Budgeted::BytesIn, line);
    check("bytes_in: 999B", json!({ "mode": "net", "url": url }), port, expected).await;
    check("bytes_in: 999B", json!({ "mode": "probe", "url": url }), port, expected).await;
    let config = json!({ "mode": "tcp", "host": "127.0.0.1", "port": port });
    check("bytes_in: 999B", config, port, expected).await;
    // The body is within it, and the headers are beyond it.
    let expected = (Budgeted::BytesIn, "(bytes_in: 1000)");
    check("bytes_in: 1000B", json!({ "mode": "net", "url": url }), port, expected).await;
    let host = Host::start(&[("modes", &guest("modes"))], "").await;
    let target = format!("127.0.0.1:{port}");
    host.collect_from("modes", json!({ "mode": "net", "url": url }), &target).await.unwrap();
    let headers = "content-length: 1000\r\nconnection: close\r\n".len();
    let peaks = host.view("modes").peaks;
    assert_eq!(peaks.bytes_in, u64::try_from(1000 + headers).unwrap());
    assert_eq!(peaks.bytes_out, u64::try_from(url.len()).unwrap());
}

#[tokio::test]
async fn bytes_to_the_network_have_a_budget() {
    let port = long_answer();
    let config = json!({ "mode": "tcp", "host": "127.0.0.1", "port": port });
    check("bytes_out: 5B", config, port, (Budgeted::BytesOut, "(bytes_out: 5)")).await;
    let config = json!({ "mode": "net", "url": format!("http://127.0.0.1:{port}/") });
    check("bytes_out: 9B", config, port, (Budgeted::BytesOut, "(bytes_out: 9)")).await;
}

#[tokio::test]
async fn samples_have_a_budget() {
    let config = json!({ "mode": "many_series", "count": 6 });
    let message = "answers more samples than it may in one call (samples: 5)";
    check("samples: 5", config, 1, (Budgeted::Samples, message)).await;
}

#[tokio::test]
async fn what_is_kept_has_a_budget() {
    check("kv: 70B", json!({ "mode": "kv" }), 1, (Budgeted::Kv, "keeps all of its")).await;
}

#[tokio::test]
async fn lines_of_the_log_have_a_budget_and_the_last_are_shown() {
    let _listening = listening();
    let yaml = "allow: { modes: { log_lines: 5 } }";
    let host = Host::start(&[("modes", &guest("modes"))], yaml).await;
    host.collect("modes", json!({ "mode": "chatty", "lines": 8 })).await.unwrap();
    assert_exceeded(&host, Budgeted::LogLines);
    let dropped = host.counter("narthex_plugin_log_lines_dropped_total", &[("plugin", "modes")]);
    assert_eq!(dropped, 3.0);
    let view = host.view("modes");
    let lines: Vec<_> = view.logs.iter().map(|line| (line.level, &*line.fields)).collect();
    let expected = [0, 1, 2, 3, 4].map(|line| ("info", format!("line=\"{line}\"")));
    assert_eq!(lines, expected.each_ref().map(|(level, fields)| (*level, &**fields)));
    assert_eq!((&*view.logs[0].message, view.logs[0].call), ("chatty", "collect"));
    assert_eq!((view.limits.log_lines, view.peaks.log_lines), (5, 8));
}

#[tokio::test]
async fn kills_for_a_budget_count_among_its_overruns() {
    for (mode, what) in [
        (json!({ "mode": "endless_loop" }), Budgeted::Cpu),
        (json!({ "mode": "memory_bomb" }), Budgeted::Memory),
        (json!({ "mode": "oversized", "bytes": 20 << 20 }), Budgeted::Result),
    ] {
        let yaml = "defaults: { memory: 32MiB, cpu: 200ms, wall: 1h }";
        let yaml = if what == Budgeted::Result { "" } else { yaml };
        let host = Host::start(&[("modes", &guest("modes"))], yaml).await;
        host.collect("modes", mode).await.unwrap_err();
        assert_exceeded(&host, what);
    }
}

#[tokio::test]
async fn the_most_that_a_call_spent_is_shown_beside_what_it_may() {
    let host = Host::start(&[("modes", &guest("modes"))], "").await;
    let port = long_answer();
    let target = format!("127.0.0.1:{port}");
    let config = json!({ "mode": "tcp", "host": "127.0.0.1", "port": port });
    host.collect_from("modes", config, &target).await.unwrap();
    host.collect("modes", json!({ "mode": "many_series", "count": 50 })).await.unwrap();
    host.collect("modes", json!({ "mode": "kv" })).await.unwrap();
    let view = host.view("modes");
    let peaks = view.peaks;
    assert_eq!((peaks.requests, peaks.bytes_out, peaks.samples), (1, 6, 50));
    assert!(peaks.bytes_in > 1000 && peaks.result_bytes > 50, "{peaks:?}");
    assert!(peaks.memory_bytes > 0 && peaks.wall >= peaks.cpu && !view.calls.cpu.is_zero());
    assert_eq!((peaks.kv_bytes > 64, view.limits.kv_bytes), (true, 16 << 20));
    assert!(view.exceeded.is_empty(), "{:?}", view.exceeded);
    let labels = [("plugin", "modes")];
    assert_eq!(host.counter("narthex_plugin_call_cpu_seconds", &labels), 3.0);
}
