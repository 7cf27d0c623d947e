use std::net::SocketAddr;

use narthex_client::{AddressGuard, ClientOptions, HttpConfig};
use parking_lot::Mutex;

use super::client::Guard;
use super::*;
use crate::grant::Host;
use crate::profiles::Access;

#[test]
fn urls_of_other_schemes_are_refused() {
    for text in ["ftp://a.example/", "a.example", "file:///etc/passwd"] {
        assert_eq!(parse_url(text).unwrap_err().kind, ErrorKind::Config, "{text}");
    }
}

#[test]
fn a_request_has_so_many_headers_and_no_longer_ones() {
    let request = |url: &str, count: usize, value: usize| {
        let header = Label { name: "x".to_owned(), value: "v".repeat(value) };
        http::Request {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: vec![header; count],
            body: Vec::new(),
            auth: None,
            timeout_ms: None,
            max_body: None,
        }
    };
    let long = "x".repeat(HEAD_BYTES_MAX + 1);
    for (url, count, value, said) in [
        ("http://a.example/", 101, 1, "101 headers; 100 are allowed"),
        ("http://a.example/", 2, 128 << 10, "262171 bytes; 262144 are allowed"),
        (long.as_str(), 0, 0, "262145 bytes; 262144 are allowed"),
    ] {
        let refused = check_headers(&request(url, count, value)).unwrap_err();
        assert!(refused.message.contains(said), "{}", refused.message);
    }
    assert!(check_headers(&request("http://a.example/", 100, 2_000)).is_ok());
}

#[test]
fn the_guard_lets_through_only_what_is_on_the_way() {
    let net = NetGrants { plugin: "x".to_owned(), ..NetGrants::default() };
    let guard = Guard { net, admitted: Mutex::default() };
    let used = Arc::new(crate::grant::Endpoint::parse("db.example:80").into_iter().collect());
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

#[test]
fn the_client_of_an_item_judges_its_own_endpoints_too() {
    let endpoints = Arc::new(crate::grant::Endpoint::parse("db.example:80").into_iter().collect());
    let access = Access { http: HttpConfig::default(), follows_redirects: true, signer: None };
    let options = ClientOptions::default();
    let own = OwnClient::new("x", &[], endpoints, access, &options).unwrap();
    // A connection that outlives its request, to a name that leads elsewhere by now.
    for address in ["169.254.169.254:80", "192.0.2.1:80"] {
        let refused = own.capability.by_name.guard.check("db.example", address.parse().unwrap());
        assert!(refused.unwrap_err().contains("no request to db.example is on the way"));
    }
}

#[tokio::test]
async fn the_first_of_many_ends_the_wait_for_the_others() {
    use std::future::{pending, ready};
    let none: Vec<std::future::Ready<u8>> = Vec::new();
    assert_eq!(first_of(none).await, []);
    let boxed: Vec<futures_util::future::BoxFuture<'_, u8>> =
        vec![pending().boxed(), ready(1).boxed(), pending().boxed(), ready(3).boxed()];
    assert_eq!(first_of(boxed).await, [None, Some(1), None, Some(3)]);
}
