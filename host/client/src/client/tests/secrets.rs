//! Where secrets do not go.

use super::super::*;
use super::server::{Server, ok};
use super::{client, get};

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let far = Server::start(|_| ok("far"));
    let location = format!("http://localhost:{}/there", far.port);
    let near = Server::start(move |_| {
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    });
    let yaml = "authorization: {credentials: hush}\nhttp_headers: {X-A: {values: [b]}, \
                Cookie: {values: [c]}, X-Key: {values: [open], secrets: [hush]}}\n";
    let url = format!("http://127.0.0.1:{}/", near.port);
    let response = client(yaml, ClientOptions::default()).request(get(&url)).await.unwrap();
    assert_eq!(&*response.body, b"far");
    let asked = near.asked();
    assert!(asked.contains("x-key: open\r\nx-key: hush"), "{asked}");
    assert!(asked.contains("authorization: bearer hush") && asked.contains("cookie: c"), "{asked}");
    let asked = far.asked();
    assert!(asked.starts_with("get /there ") && asked.contains("x-a: b"), "{asked}");
    assert!(asked.contains("x-key: open"), "{asked}");
    assert!(!asked.contains("hush") && !asked.contains("cookie"), "{asked}");

    let yaml = format!("{yaml}follow_redirects: false\n");
    let response = client(&yaml, ClientOptions::default()).request(get(&url)).await.unwrap();
    assert_eq!((response.status, far.unseen()), (302, 0));
}

#[tokio::test]
async fn secrets_are_not_in_debug_output() {
    let tokens = Server::start(|_| ok("{\"access_token\": \"hush-token\"}"));
    let target = Server::start(|_| ok("x"));
    let (tokens, proxy) = (tokens.port, format!("127.0.0.1:{}", target.port));
    let address = format!("http://env:hush-env@{proxy}");
    let environment =
        ProxyEnvironment::read(|name| (name == "http_proxy").then(|| address.clone()));
    for more in [
        format!(
            "oauth2: {{client_id: me, client_secret: hush-secret, token_url: 'http://127.0.0.1:{tokens}'}}\n\
             proxy_url: http://me:hush-proxy@{proxy}\nproxy_connect_header: {{X-B: [hush-connect]}}\n"
        ),
        "basic_auth: {username: me, password: hush-basic}\nproxy_from_environment: true\n"
            .to_owned(),
    ] {
        let yaml = format!("http_headers: {{X-A: {{secrets: [hush-header]}}}}\n{more}");
        let options =
            ClientOptions { environment: environment.clone(), ..ClientOptions::default() };
        let client = client(&yaml, options);
        client.request(get("http://far.test/")).await.unwrap();
        let shown = format!("{client:?}");
        assert!(shown.contains(&proxy) && !shown.contains("hush"), "{shown}");
    }
}
