//! What a plugin may do, and the words with which the rest is refused.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};

use narthex_plugin_tests::{Host, guest};
use narthex_plugins::{CallError, GuestError, GuestErrorKind};
use serde_json::{Value, json};

/// The message of a refusal.
async fn denied(host: &Host, config: Value, address: &str) -> String {
    match host.collect_from("modes", config, address).await {
        Err(CallError::Refused(error)) => {
            assert_eq!(error.kind, GuestErrorKind::Denied, "{}", error.message);
            error.message
        }
        other => panic!("{other:?}"),
    }
}

async fn modes(yaml: &str) -> Host {
    Host::start(&[("modes", &guest("modes"))], yaml).await
}

/// A server that answers every connection with the same bytes.
pub(crate) fn serve(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // The answer is the same whatever is asked.
            if stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0) {
                stream.write_all(answer).ok();
            }
        }
    });
    port
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

#[tokio::test]
async fn an_exporter_reaches_its_target_and_nothing_else() {
    let host = modes("").await;
    let (target, other) = (serve(OK), serve(OK));
    let fetch = |port: u16| json!({ "mode": "net", "url": format!("http://127.0.0.1:{port}/") });
    let address = format!("127.0.0.1:{target}");
    let body = host.collect_from("modes", fetch(target), &address).await.unwrap();
    assert!(body.contains("guest_value 200"), "{body}");
    assert_eq!(
        denied(&host, fetch(other), &address).await,
        format!(
            "plugin \"modes\" may not connect to 127.0.0.1:{other}; to allow it: \
             plugins: {{ allow: {{ modes: {{ net: [\"127.0.0.1:{other}\"] }} }} }}"
        )
    );
    // A connection that is kept from an earlier call opens nothing for a later one.
    assert!(denied(&host, fetch(target), "").await.contains("may not connect"));
}

#[tokio::test]
async fn the_line_in_a_refusal_grants_what_was_refused() {
    let port = serve(b"hello yourself");
    let host = modes("").await;
    let connect = json!({ "mode": "tcp", "host": "127.0.0.1", "port": port });
    let message = denied(&host, connect.clone(), "").await;
    let (_, line) = message.split_once("to allow it: plugins: ").unwrap();
    let host = modes(line).await;
    let body = host.collect("modes", connect).await.unwrap();
    assert!(body.contains("guest_value 14"), "{body}");
    let view = host.view("modes");
    let grant = view.grants.iter().find(|grant| grant.capability == "net").unwrap();
    assert_eq!(grant.detail, format!("127.0.0.1:{port}"));
    assert_eq!(grant.source, "plugins.allow.modes");
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_host_is_refused() {
    let host = modes("").await;
    let answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/secrets\r\nContent-Length: 0\r\n\r\n";
    let port = serve(answer);
    let fetch = json!({ "mode": "net", "url": format!("http://127.0.0.1:{port}/") });
    let message = denied(&host, fetch, &format!("127.0.0.1:{port}")).await;
    assert!(message.contains("may not connect to 169.254.169.254:80"), "{message}");
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_after_resolution() {
    // `localhost` names loopback and is let through; its numeric disguises are other names.
    let port = serve(OK);
    let host = modes("").await;
    let fetch = |name: &str| json!({ "mode": "net", "url": format!("http://{name}:{port}/") });
    let address = format!("localhost:{port}");
    assert!(host.collect_from("modes", fetch("localhost"), &address).await.is_ok());
    for disguise in ["2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let message = denied(&host, fetch(disguise), &address).await;
        assert!(message.contains("may not connect to"), "{message}");
    }
}

#[tokio::test]
async fn a_connection_that_is_kept_for_a_target_serves_nothing_that_a_star_admits() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // One connection answers as often as it is asked.
            std::thread::spawn(move || {
                while stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0) {
                    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok();
                }
            });
        }
    });
    let host = modes("allow: { modes: { net: ['*:*'] } }").await;
    let fetch = || json!({ "mode": "net", "url": format!("http://localhost:{port}/") });
    let target = format!("localhost:{port}");
    for _ in 0..2 {
        host.collect_from("modes", fetch(), &target).await.unwrap();
        let message = denied(&host, fetch(), "").await;
        assert!(message.contains("an address of this machine"), "{message}");
    }
}

#[tokio::test]
async fn many_requests_are_answered_in_order() {
    let port = serve(OK);
    let host = modes("").await;
    let url = format!("http://127.0.0.1:{port}/");
    let config = json!({ "mode": "net_many", "url": url, "count": 9, "in_flight": 3 });
    let body = host.collect_from("modes", config, &format!("127.0.0.1:{port}")).await.unwrap();
    assert!(body.contains("guest_value 9"), "{body}");
}

#[tokio::test]
async fn files_are_read_beneath_granted_roots_only() {
    let host = modes("allow: { modes: { files: { p: /proc } } }").await;
    let read = |root: &str, path: &str| json!({ "mode": "file", "root": root, "path": path });
    assert!(host.collect("modes", read("p", "uptime")).await.is_ok());
    for (path, why) in [("../etc/passwd", "without .."), ("self/root/etc/passwd", "link")] {
        let message = denied(&host, read("p", path), "").await;
        assert!(message.contains(why), "{message}");
    }
    let message = denied(&host, read("etc", "passwd"), "").await;
    assert_eq!(
        message,
        "plugin \"modes\" may not read files of \"etc\"; to allow it: \
         plugins: { allow: { modes: { files: { etc: /its/folder } } } }"
    );
}

#[tokio::test]
async fn names_are_looked_up_only_when_they_are_one_s_own() {
    let host = modes("").await;
    let look_up = json!({ "mode": "dns", "name": "exfiltrated.example.com", "kind": "A" });
    let message = denied(&host, look_up, "db.example.com:80").await;
    assert!(message.contains("may not look up exfiltrated.example.com"), "{message}");
}

#[tokio::test]
async fn a_changed_configuration_counts_from_the_next_call_on() {
    let port = serve(b"hello");
    let host = modes("").await;
    let connect = json!({ "mode": "tcp", "host": "127.0.0.1", "port": port });
    denied(&host, connect.clone(), "").await;
    let yaml = format!("allow: {{ modes: {{ net: ['127.0.0.1:{port}'], cpu: 2s }} }}");
    host.reconfigure(&yaml).await;
    assert!(host.collect("modes", connect.clone()).await.is_ok());
    assert_eq!(host.view("modes").limits.cpu.as_secs(), 2);
    host.reconfigure("").await;
    denied(&host, connect, "").await;
}

#[tokio::test]
async fn key_values_outlive_calls_and_restarts() {
    let host = modes("").await;
    let count = || json!({ "mode": "kv" });
    assert!(host.collect("modes", count()).await.unwrap().contains("guest_value 1"));
    assert!(host.collect("modes", count()).await.unwrap().contains("guest_value 2"));
    let host = host.restart("").await;
    assert!(host.collect("modes", count()).await.unwrap().contains("guest_value 3"));
}

#[tokio::test]
async fn tls_is_spoken_by_profiles_that_the_operator_bound() {
    let host = modes("allow: { modes: { tls: { any: { insecure_skip_verify: true } } } }").await;
    let port = serve(OK);
    let address = format!("127.0.0.1:{port}");
    let refused = async |profile: &str| {
        let config = json!({ "mode": "tcp", "host": "127.0.0.1", "port": port, "tls": profile });
        match host.collect_from("modes", config, &address).await {
            Err(CallError::Refused(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let error = refused("other").await;
    assert_eq!(error.kind, GuestErrorKind::Config);
    assert_eq!(
        error.message,
        "no TLS profile \"other\" is bound to plugin \"modes\"; to bind one: \
         plugins: { allow: { modes: { tls: { other: { ca_file: ca.pem } } } } }"
    );
    // The server speaks no TLS: both profiles are there and find that out.
    for profile in ["any", "default"] {
        let error = refused(profile).await;
        assert_eq!(error.kind, GuestErrorKind::Protocol, "{}", error.message);
        assert!(error.message.contains("TLS with 127.0.0.1"), "{}", error.message);
    }
}

/// The error of a call.
async fn refused(host: &Host, config: Value, address: &str) -> GuestError {
    match host.collect_from("modes", config, address).await {
        Err(CallError::Refused(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_watched_request_is_granted_as_others_are() {
    let host = modes("").await;
    let answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/secrets\r\nContent-Length: 0\r\n\r\n";
    let (target, other) = (serve(answer), serve(OK));
    let address = format!("127.0.0.1:{target}");
    let probe = |url: String| json!({ "mode": "probe", "url": url });
    let to = |port: u16| probe(format!("http://127.0.0.1:{port}/"));
    let body = host.collect_from("modes", to(target), &address).await.unwrap();
    assert!(body.contains("guest_value 302"), "a redirect is not followed: {body}");
    let message = denied(&host, to(other), &address).await;
    assert!(message.contains(&format!("may not connect to 127.0.0.1:{other}")), "{message}");
    let (disguised, named) =
        (probe(format!("http://0x7f.1:{target}/")), format!("localhost:{target}"));
    assert!(denied(&host, disguised, &named).await.contains("may not connect to"));

    for (url, options, said) in [
        ("http+unix://%2Frun%2Fx.sock/", json!([]), "a unix socket cannot be probed"),
        (&*format!("http://{address}/"), json!([["ip", "5"]]), "option ip is \"5\""),
        (&*format!("http://{address}/"), json!([["proxy", "x"]]), "no option is named \"proxy\""),
    ] {
        let error =
            refused(&host, json!({ "mode": "probe", "url": url, "options": options }), &address);
        let error = error.await;
        assert_eq!(error.kind, GuestErrorKind::Config, "{}", error.message);
        assert!(error.message.contains(said), "{}", error.message);
    }
}

#[tokio::test]
async fn a_failed_exchange_tells_how_far_it_came() {
    let host = modes("").await;
    let port = serve(OK);
    let address = format!("127.0.0.1:{port}");
    // The server speaks no TLS.
    let probe = json!({ "mode": "probe", "url": format!("https://{address}/") });
    let error = refused(&host, probe, &address).await;
    assert_eq!(error.kind, GuestErrorKind::Protocol, "{}", error.message);
    let names: Vec<&str> = error.details.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["address", "resolve-ns", "connect-ns"]);
    assert_eq!(error.details[0].1, address);
}

#[tokio::test]
async fn a_nameserver_is_asked_over_udp_and_nothing_else_is_sent() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((len, from)) = server.recv_from(&mut query) {
            // The question again, as an answer without records.
            query[2] |= 0x80;
            server.send_to(&query[..len], from).ok();
        }
    });
    let host = modes("").await;
    let address = format!("127.0.0.1:{port}");
    let ask =
        |query: &[u8]| json!({ "mode": "ask", "host": "127.0.0.1", "port": port, "query": query });
    let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01";
    let body = host.collect_from("modes", ask(query), &address).await.unwrap();
    assert!(body.contains(&format!("guest_value {}", query.len())), "{body}");
    let long = [&query[..], &[0; 500]].concat();
    for wrong in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"", &long] {
        let error = refused(&host, ask(wrong), &address).await;
        assert_eq!(error.kind, GuestErrorKind::Config, "{}", error.message);
    }
    let message = denied(&host, ask(query), "").await;
    assert!(message.contains("may not connect to 127.0.0.1"), "{message}");
}
