use std::net::SocketAddr;

use narthex_client::AddressGuard;
use parking_lot::Mutex;

use super::client::{Guard, Others};
use super::*;

fn request(method: &str) -> narthex_client::Request {
    narthex_client::Request {
        method: method.to_owned(),
        headers: [("Authorization", "secret"), ("Content-Type", "text/plain"), ("X-A", "b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        body: Bytes::from_static(b"body"),
        ..narthex_client::Request::get("", std::time::Duration::ZERO, 0)
    }
}

#[track_caller]
fn check(method: &str, status: u16, to: &str, expected: &str) {
    let from = Url::parse("http://a.example/x").unwrap();
    let to = from.join(to).unwrap();
    let mut request = request(method);
    redirected(&mut request, &from, &to, status);
    let headers: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    let got =
        format!("{} {} {} {}", request.method, request.url, headers.join(","), request.body.len());
    assert_eq!(got, expected);
}

#[test]
fn a_redirect_keeps_what_may_be_kept() {
    check("POST", 307, "/y", "POST http://a.example/y Authorization,Content-Type,X-A 4");
    check("POST", 302, "/y", "GET http://a.example/y Authorization,X-A 0");
    check("PUT", 302, "/y", "PUT http://a.example/y Authorization,Content-Type,X-A 4");
    check("PUT", 303, "/y", "GET http://a.example/y Authorization,X-A 0");
    check("GET", 301, "//b.example/y", "GET http://b.example/y Content-Type,X-A 4");
    check("GET", 301, "https://a.example/y", "GET https://a.example/y Content-Type,X-A 4");
}

#[test]
fn urls_with_secrets_or_other_schemes_are_refused() {
    for text in
        ["http://user:secret@a.example/", "ftp://a.example/", "a.example", "file:///etc/passwd"]
    {
        assert_eq!(parse_url(text).unwrap_err().kind, ErrorKind::Config, "{text}");
    }
}

#[test]
fn the_guard_lets_through_only_what_is_on_the_way() {
    let net = NetGrants { plugin: "x".to_owned(), ..NetGrants::default() };
    let guard = Guard { net, others: Others::Refused, admitted: Mutex::default() };
    let used = vec![crate::grant::Endpoint::parse("db.example:80").unwrap()];
    let call = NetGrants { plugin: "x".to_owned(), used, allowed: Vec::new() };
    let host = Host::parse("db.example").unwrap();
    let good: SocketAddr = "192.0.2.1:80".parse().unwrap();
    assert!(guard.check("db.example", good).is_err());
    {
        let _lease = guard.lease(&host, 80, call.admit("db.example", 80).unwrap());
        assert_eq!(guard.check("db.example", good), Ok(()));
        assert!(guard.check("other.example", good).is_err());
        let link_local: SocketAddr = "169.254.169.254:80".parse().unwrap();
        assert!(guard.check("db.example", link_local).unwrap_err().contains("link-local"));
    }
    assert!(guard.check("db.example", good).is_err());
}
