//! Remote write: what a sender is told, and that what it is told holds after `kill -9`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use narthex_harness::{Host, HostBuilder, SECONDS, http};
use narthex_platform::Clock;
use narthex_remote::encode::{Family, Request, TimeSeries};
use serde_json::Value as Json;

use crate::push::{buckets, send, send_body};
use crate::samples::of_folder;
use crate::support::config;

fn host() -> HostBuilder {
    Host::with_config(&config("")).file("plugins/.keep", "")
}

fn receiver() -> HostBuilder {
    host().flag("--web.enable-remote-write-receiver").flag("--enable-feature=exemplar-storage")
}

#[test]
fn without_the_flag_nothing_is_taken() {
    let host = host().start();
    let answer = send(&host.address(), &[]);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (
            404,
            "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n"
        )
    );
    host.stop();
}

#[test]
fn a_sender_is_told_what_became_of_its_request() {
    let host = receiver().expect_log("remote write").start();
    let (address, now) = (host.address(), Clock::real().now_millis());
    let series = |samples: &[(i64, f64)]| {
        TimeSeries::new(&[("__name__", "pushed"), ("job", "a")]).with_samples(samples)
    };
    let answer = send(&address, &[series(&[(now - 1, 1.0), (now, 2.0)])]);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    let stored = |expression: &str| host.query(expression).first().map(|series| series.value);
    assert_eq!(stored("pushed"), Some(2.0));
    assert_eq!(stored("count_over_time(pushed[1m])"), Some(2.0));

    let check = |answer: http::Response, status: u16, text: &str| {
        assert_eq!((answer.status, answer.text()), (status, format!("{text}\n")));
    };
    // What stands before the refused sample is not kept either.
    let other = TimeSeries::new(&[("__name__", "other")]).with_samples(&[(now, 1.0)]);
    check(
        send(&address, &[other, series(&[(now - 1, 1.0)])]),
        400,
        &format!("out of order sample: pushed{{job=\"a\"}} at {}", now - 1),
    );
    assert_eq!(stored("other"), None);
    check(
        send(&address, &[series(&[(now, 3.0)])]),
        400,
        &format!("duplicate sample for timestamp: pushed{{job=\"a\"}} at {now}"),
    );
    let ahead = now + 3_600_000;
    check(
        send(&address, &[series(&[(ahead, 1.0)])]),
        400,
        &format!(
            "out of bounds: timestamp is too far in the future: pushed{{job=\"a\"}} at {ahead}"
        ),
    );
    let early = send(&address, &[series(&[(now - 7_200_000, 1.0)])]);
    assert_eq!(early.status, 400, "{early}");
    // Impossible labels alone are left out.
    let nameless = TimeSeries::new(&[("job", "b")]).with_samples(&[(now, 1.0)]);
    assert_eq!(send(&address, &[nameless, series(&[(now + 1, 4.0)])]).status, 204);
    check(send_body(&address, b""), 400, "snappy: corrupt input (the body is empty)");
    host.stop();
}

/// The first line of the answer to a request whose body is only announced.
fn announce(host: &Host, length: usize) -> String {
    let address = host.address();
    let mut stream = TcpStream::connect(&address).expect("the host listens");
    stream.set_read_timeout(Some(30 * SECONDS)).expect("a socket has a timeout");
    let head = format!(
        "POST /api/v1/write HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the host reads");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("the host answers");
    line.trim_end().to_owned()
}

#[test]
fn what_is_not_served_is_named() {
    let host = receiver().expect_log("remote write").start();
    let url = host.url("/api/v1/write");
    let check = |headers: &[(&str, &str)], body: &[u8], status: u16, text: &str| {
        let answer = http::send("POST", &url, headers, body).expect("the host answers");
        assert_eq!((answer.status, answer.text()), (status, format!("{text}\n")));
    };
    check(
        &[("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")],
        b"",
        415,
        "io.prometheus.write.v2.Request protobuf message is not accepted by this server; only accepts prometheus.WriteRequest",
    );
    check(
        &[("Content-Encoding", "zstd")],
        b"",
        415,
        "zstd encoding (compression) is not accepted by this server; only snappy is acceptable",
    );
    assert_eq!(announce(&host, (32 << 20) + 1), "HTTP/1.1 413 Payload Too Large");
    let get = http::get(&url);
    assert_eq!(get.status, 405);
    host.stop();
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let mut host = receiver().start();
    let from = Clock::real().now_millis() - 60_000;
    let address = host.address();
    for step in 0..20 {
        let at = from + step * 1_000;
        let whole = u32::try_from(step).expect("it is small");
        let mut request = Request::default();
        request.add_series(
            &TimeSeries::new(&[("__name__", "pushed")])
                .with_samples(&[(at, f64::from(whole))])
                .with_exemplar(at, 0.5, &[("trace_id", &step.to_string())]),
        );
        for (name, is_float) in [("whole", false), ("fractional", true)] {
            let series = TimeSeries::new(&[("__name__", name)]);
            request.add_series(&series.with_histogram(at, buckets(is_float, [whole, 1, 2])));
        }
        request.add_family(&Family {
            name: b"pushed".to_vec(),
            metric_type: narthex_model::MetricType::Counter,
            help: b"What was pushed.".to_vec(),
            unit: Vec::new(),
        });
        assert_eq!(send_body(&address, &request.finish()).status, 204);
    }
    let seen = |host: &Host| {
        let all = "query_range?query=pushed&step=1";
        let exemplars = "query_exemplars?query=pushed";
        let range = format!("&start={}&end={}", from / 1000, from / 1000 + 60);
        let counts = host.query("count_over_time(pushed[5m])");
        (
            host.json(&format!("/api/v1/{all}{range}")),
            host.json(&format!("/api/v1/{exemplars}{range}")),
            host.json("/api/v1/metadata?metric=pushed"),
            counts.iter().map(|series| series.value).collect::<Vec<_>>(),
        )
    };
    let before = seen(&host);
    assert_eq!(before.3, [20.0]);
    let exemplars = before.1.pointer("/data/0/exemplars").and_then(Json::as_array);
    assert_eq!(exemplars.map(Vec::len), Some(20));
    host.kill_and_restart();
    host.wait_until_replayed();
    assert_eq!(seen(&host), before);
    assert_eq!(send(&address, &[]).status, 204, "and goes on");
    host.process().kill();
    let all = of_folder(&host.folder().path().join("data"));
    for name in ["pushed", "whole", "fractional"] {
        let times: Vec<i64> = all[&format!("__name__={name};")].iter().map(|(at, _)| *at).collect();
        let wanted: Vec<i64> = (0..20).map(|step| from + step * 1_000).collect();
        assert_eq!(times, wanted, "{name}");
    }
}
