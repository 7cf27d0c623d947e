//! The ways on which a request leaves: redirects, proxies, sockets, names of certificates.

#![expect(clippy::disallowed_methods, reason = "certificates are written as an operator would")]

use std::io::{Read, Write};

use camino::Utf8Path;

use super::super::*;
use super::server::{Server, ok};
use super::{client, get};
use crate::secret::basic;

#[tokio::test]
async fn redirects_end() {
    let round = Server::start(|_| {
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
    });
    let url = format!("http://127.0.0.1:{}/", round.port);
    let error = client("", ClientOptions::default()).request(get(&url)).await.unwrap_err();
    assert_eq!(error.to_string(), "stopped after 10 redirects");
}

#[tokio::test]
async fn what_must_not_become_a_get_follows_only_redirects_that_leave_it_alone() {
    for (status, expected) in [(301, 301), (302, 302), (303, 303), (307, 200), (308, 200)] {
        let server = Server::start(move |asked| {
            if asked.starts_with("POST /there") {
                return ok("taken");
            }
            format!(
                "HTTP/1.1 {status} x\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        });
        let request = Request {
            method: "POST".to_owned(),
            may_become_get: false,
            ..get(&format!("http://127.0.0.1:{}/", server.port))
        };
        let response = client("", ClientOptions::default()).request(request).await.unwrap();
        assert_eq!(response.status, expected, "{status}");
    }
}

#[tokio::test]
async fn a_socket_is_connected_to_and_the_url_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("a.sock");
    let server = Server::on_socket(&path, |_| ok("local"));
    let request = Request { unix_socket: Some(path.clone()), ..get("http://engine:99/info") };
    let client = client("", ClientOptions::default());
    let response = client.request(request).await.unwrap();
    assert_eq!(&*response.body, b"local");
    let asked = server.asked();
    assert!(asked.starts_with("get /info ") && asked.contains("host: engine:99"), "{asked}");

    let request = Request { unix_socket: Some(path.join("none")), ..get("http://engine/") };
    let error = client.request(request).await.unwrap_err();
    assert!(matches!(error, RequestError::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_request_or_for_a_tunnel() {
    let proxy = Server::start(|asked| {
        if asked.starts_with("CONNECT") {
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        } else {
            ok("by proxy")
        }
    });
    let yaml = format!(
        "proxy_url: http://me:pw@127.0.0.1:{}\nno_proxy: past.test\nproxy_connect_header: {{X-Tunnel: [a, b]}}\n",
        proxy.port
    );
    let client = client(&yaml, ClientOptions::default());
    let response = client.request(get("http://far.test/x")).await.unwrap();
    assert_eq!(&*response.body, b"by proxy");
    let asked = proxy.asked();
    assert!(asked.starts_with("get http://far.test/x http/1.1"), "{asked}");
    let auth = format!("proxy-authorization: {}", basic("me", "pw").to_ascii_lowercase());
    assert!(asked.contains(&auth) && !asked.contains("x-tunnel"), "{asked}");

    client.request(get("https://far.test/x")).await.unwrap_err();
    let asked = proxy.asked();
    assert!(asked.starts_with("connect far.test:443 http/1.1"), "{asked}");
    assert!(asked.contains("x-tunnel: a\r\nx-tunnel: b") && asked.contains(&auth), "{asked}");

    client.request(get("http://past.test/x")).await.unwrap_err();
    assert_eq!(proxy.unseen(), 0);
}

#[tokio::test]
async fn names_are_looked_up_by_the_socks_proxy() {
    for scheme in ["socks5", "socks5h"] {
        let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let yaml = format!("proxy_url: {scheme}://{}\n", proxy.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = proxy.accept().unwrap();
            let mut part = |length: usize, answer: &[u8]| {
                let mut part = vec![0; length];
                stream.read_exact(&mut part).unwrap();
                stream.write_all(answer).unwrap();
                part
            };
            // RFC 1928: no authentication; then a connection to a name, whose length goes before it.
            part(3, &[5, 0]);
            let kind = part(4, &[])[3];
            let length = usize::from(part(1, &[])[0]);
            let name = String::from_utf8(part(length, &[])).unwrap();
            part(2, &[5, 0, 0, 1, 127, 0, 0, 1, 0, 1]);
            part(14, ok("by proxy").as_bytes());
            (kind, name)
        });
        let client = client(&yaml, ClientOptions::default());
        let response = client.request(get("http://localhost/")).await.unwrap();
        assert_eq!(&*response.body, b"by proxy");
        assert_eq!(asked.join().unwrap(), (3, "localhost".to_owned()));
    }
}

#[tokio::test]
async fn the_environment_is_asked_for_a_proxy_only_where_the_configuration_says_so() {
    let proxy = Server::start(|_| ok("by proxy"));
    let address = format!("127.0.0.1:{}", proxy.port);
    let environment =
        ProxyEnvironment::read(|name| (name == "http_proxy").then(|| address.clone()));
    let options = ClientOptions { environment, ..ClientOptions::default() };
    let asking = client("proxy_from_environment: true\n", options.clone());
    assert_eq!(&*asking.request(get("http://far.test/")).await.unwrap().body, b"by proxy");
    assert_eq!(proxy.unseen(), 1);
    client("", options).request(get("http://far.test/")).await.unwrap_err();
    assert_eq!(proxy.unseen(), 0);
}

/// A folder with the authority that signed the certificate of the test's server.
pub(super) fn authority() -> (tempfile::TempDir, ClientOptions) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), include_str!("authority_a.pem")).unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().to_owned();
    (folder, ClientOptions { folder: path, ..ClientOptions::default() })
}

#[tokio::test]
async fn a_certificate_may_be_for_another_name_than_the_host() {
    let server = Server::with_tls(|_| ok("secret"));
    let (_folder, options) = authority();
    let url = format!("https://127.0.0.1:{}/x", server.port);
    let plain = client("tls_config: {ca_file: ca.pem}\n", options.clone());
    let error = plain.request(get(&url)).await.unwrap_err();
    assert!(matches!(error, RequestError::Tls { .. }), "{error:?}");

    let named = client("tls_config: {ca_file: ca.pem, server_name: named.test}\n", options);
    assert_eq!(&*named.request(get(&url)).await.unwrap().body, b"secret");
    let (asked, host) = (server.asked(), format!("host: 127.0.0.1:{}", server.port));
    assert!(asked.starts_with("named.test\nget /x http/1.1"), "{asked}");
    assert!(asked.contains(&host), "{asked}");
}

#[tokio::test]
async fn a_certificate_may_be_for_another_name_over_a_socket_too() {
    let (folder, options) = authority();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("a.sock");
    let server = Server::with_tls_on_socket(&path, |_| ok("secret"));
    let named = client("tls_config: {ca_file: ca.pem, server_name: named.test}\n", options);
    let request = Request { unix_socket: Some(path), ..get("https://engine:99/x") };
    assert_eq!(&*named.request(request).await.unwrap().body, b"secret");
    let asked = server.asked();
    assert!(asked.starts_with("named.test\nget /x http/1.1"), "{asked}");
    assert!(asked.contains("host: engine:99"), "{asked}");
}

#[tokio::test]
async fn every_certificate_is_taken_where_none_is_checked() {
    let server = Server::with_tls(|_| ok("secret"));
    let client = client("tls_config: {insecure_skip_verify: true}\n", ClientOptions::default());
    let url = format!("https://127.0.0.1:{}/x", server.port);
    assert_eq!(&*client.request(get(&url)).await.unwrap().body, b"secret");
}
