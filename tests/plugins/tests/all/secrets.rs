//! Secrets of a configuration: the guest has placeholders, and the values go where the operator said.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use narthex_plugin_tests::{Host, guest};
use narthex_plugins::CallError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

/// What the tests keep secret.
const SECRET: &str = "hunter2\"&";

/// A server that sends back what it got, and tells the test too.
fn echo() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut got = String::new();
            let mut buffer = [0; 4096];
            while !is_whole(&got) {
                let count = stream.read(&mut buffer).unwrap_or(0);
                if count == 0 {
                    break;
                }
                got.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            let head = format!("x-echo: {SECRET}\r\nContent-Length: {}", got.len());
            write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n{got}").ok();
            asked.send(got).ok();
        }
    });
    (port, requests)
}

/// Whether a request has come as a whole, by the length that it says; a line is whole at its end.
fn is_whole(got: &str) -> bool {
    let Some((head, body)) = got.split_once("\r\n\r\n") else {
        return got.ends_with('\n') && !got.contains("HTTP/1.1");
    };
    let length = head.lines().find_map(|line| {
        let (name, length) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| length.parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}

async fn modes(keys: &str, more: &str) -> Host {
    let yaml = format!("allow: {{ modes: {{ secrets: [{keys}], {more} }} }}");
    Host::start(&[("modes", &guest("modes"))], &yaml).await
}

fn misuse(what: &str, mut config: Value) -> Value {
    config["mode"] = json!("misuse");
    config["what"] = json!(what);
    config
}

#[tokio::test]
async fn a_guest_gets_a_placeholder_and_another_one_each_time() {
    let host = modes("words", "").await;
    let tell = || host.collect("modes", misuse("tell", json!({ "words": SECRET })));
    let (first, second) = (tell().await.unwrap(), tell().await.unwrap());
    assert!(first.starts_with("# narthex-secret-0-") && first != second, "{first}{second}");
    let host = modes("words", "reveal_secrets: true").await;
    let told = host.collect("modes", misuse("tell", json!({ "words": SECRET }))).await.unwrap();
    assert_eq!(told, format!("# {SECRET}\n"));
    let grants = host.view("modes").grants;
    assert!(grants.iter().any(|grant| grant.capability == "secrets"), "{grants:?}");
}

#[tokio::test]
async fn the_target_gets_the_values_and_its_echo_gives_none_away() {
    let (port, requests) = echo();
    let host = modes("value, body, password", "").await;
    let config = json!({
        "url": format!("http://127.0.0.1:{port}/"), "name": "x-token", "value": SECRET,
        "body": SECRET, "password": SECRET,
    });
    let back =
        host.collect_from("modes", misuse("send", config), &format!("127.0.0.1:{port}")).await;
    let back = back.unwrap();
    let request = requests.recv().unwrap();
    assert!(request.contains(&format!("x-token: {SECRET}\r\n")), "{request}");
    assert!(request.ends_with("\r\n\r\nhunter2\\\"&"), "{request}");
    // base64 of me:hunter2"&
    assert!(request.contains("authorization: Basic bWU6aHVudGVyMiIm\r\n"), "{request}");
    assert!(back.contains("200") && back.contains("x-echo=narthex-secret-"), "{back}");
    for form in ["hunter2", "bWU6aHVudGVyMiIm"] {
        assert!(!back.contains(form), "{back}");
    }
}

#[tokio::test]
async fn another_host_gets_the_placeholder() {
    let (port, requests) = echo();
    // A pattern is no name: the operator did not say that this host may have the secret.
    let host = modes("value", "net: ['127.0.0.0/8:*']").await;
    let config = json!({
        "url": format!("http://127.0.0.1:{port}/"), "name": "authorization", "value": SECRET,
    });
    host.collect("modes", misuse("send", config)).await.unwrap();
    let request = requests.recv().unwrap();
    assert!(request.contains("authorization: narthex-secret-0-"), "{request}");
    assert!(!request.contains("hunter2"), "{request}");
}

#[tokio::test]
async fn a_redirect_takes_the_placeholder_along_and_not_the_value() {
    let (other, requests) = echo();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            assert!(stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0));
            let to = format!("http://127.0.0.1:{other}/?{SECRET}");
            let head = "Content-Length: 0\r\nConnection: close";
            write!(stream, "HTTP/1.1 307 Go\r\nLocation: {to}\r\n{head}\r\n\r\n").ok();
        }
    });
    let host = modes("value, body", "net: ['127.0.0.0/8:*']").await;
    let config = json!({
        "url": format!("http://127.0.0.1:{port}/"), "name": "x-token", "value": SECRET, "body": SECRET,
    });
    host.collect_from("modes", misuse("send", config), &format!("127.0.0.1:{port}")).await.unwrap();
    let request = requests.recv().unwrap();
    assert!(request.contains("x-token: narthex-secret-"), "{request}");
    assert!(!request.contains("hunter2"), "{request}");
}

#[tokio::test]
async fn a_connection_to_the_target_carries_the_values() {
    let (port, requests) = echo();
    let host = modes("words", "").await;
    let write = misuse("write", json!({ "host": "127.0.0.1", "port": port, "words": "hunter2\n" }));
    host.collect_from("modes", write, &format!("127.0.0.1:{port}")).await.unwrap();
    assert_eq!(requests.recv().unwrap(), "hunter2\n");
}

#[tokio::test]
async fn where_the_target_says_tls_a_connection_carries_no_value_before_it_is_encrypted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut plain = ["narthex-secret-0-", &"0".repeat(32)].concat().into_bytes();
        stream.read_exact(&mut plain).unwrap();
        let session = rustls::ServerConnection::new(tls()).unwrap();
        let mut encrypted = [0; "hunter2\n".len()];
        rustls::StreamOwned::new(session, stream).read_exact(&mut encrypted).unwrap();
        (plain, encrypted)
    });
    let host = modes("words", "tls: { any: { insecure_skip_verify: true } }").await;
    let config = json!({ "host": "127.0.0.1", "port": port, "words": "hunter2\n", "tls": "any" });
    let target = format!("https://127.0.0.1:{port}");
    // The server goes away without a farewell.
    host.collect_from("modes", misuse("write", config), &target).await.unwrap_err();
    let (plain, encrypted) = server.join().unwrap();
    assert!(plain.starts_with(b"narthex-secret-0-"), "{plain:?}");
    assert_eq!(&encrypted, b"hunter2\n");
}

fn tls() -> Arc<rustls::ServerConfig> {
    let certificate = include_bytes!("../../../../host/client/src/client/tests/server.pem");
    let key = include_bytes!("../../../../host/client/src/client/tests/server.key.pem");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let chain = vec![CertificateDer::from_pem_slice(certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key).unwrap();
    Arc::new(config.with_single_cert(chain, key).unwrap())
}

#[tokio::test]
async fn a_schema_that_refuses_a_secret_does_not_tell_it() {
    let files: [(&str, &[u8]); 1] = [("good", &guest("good"))];
    let host = Host::start(&files, "allow: { good: { secrets: [sleep_ms] } }").await;
    for secret in [json!(SECRET), json!(-271_828_182)] {
        let error = host.collect("good", json!({ "sleep_ms": secret })).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("sleep_ms: ") && error.contains("<secret>"), "{error}");
        assert!(!error.contains("hunter2") && !error.contains("271828"), "{error}");
    }
}

#[tokio::test]
async fn placeholders_are_hidden_from_people_as_secrets_are() {
    let host = modes("message", "").await;
    let failing = json!({ "mode": "failing", "message": SECRET });
    let Err(CallError::Refused(error)) = host.collect("modes", failing).await else {
        panic!("the guest fails");
    };
    assert_eq!(error.message, "<secret>");
}
