mod files;
mod paths;
mod secrets;
pub(crate) mod server;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use narthex_settings::{Document, error_chain};

use super::*;
use crate::request::WhenLarger;
use crate::secret::basic;

const WAIT: Duration = Duration::from_secs(10);

/// Answers one connection and hands back what was asked.
fn serve(answer: &'static [u8]) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 1024];
        let is_tls = |asked: &[u8]| asked.first() == Some(&0x16);
        while !asked.windows(4).any(|end| end == b"\r\n\r\n") && !is_tls(&asked) {
            let read = stream.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            asked.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer).unwrap();
        String::from_utf8_lossy(&asked).into_owned()
    });
    (url, server)
}

fn client(yaml: &str, options: ClientOptions) -> Client {
    let config = Document::parse("f.yml", yaml).unwrap().read().unwrap();
    Client::new(config, options).unwrap()
}

fn guarded(yaml: &str, guard: Option<Arc<dyn AddressGuard>>) -> Client {
    client(yaml, ClientOptions { guard, ..ClientOptions::default() })
}

fn get(url: &str) -> Request {
    Request::get(url, WAIT, 1000)
}

#[tokio::test]
async fn a_request_carries_what_the_configuration_says() {
    let (url, server) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi");
    let yaml = "basic_auth: {username: me, password: secret}\nhttp_headers: {X-Y: {values: [z]}}\n";
    let mut request = Request::get(url, WAIT, 100);
    request.headers.push(("Accept".to_owned(), "text/plain".to_owned()));
    let response = guarded(yaml, None).request(request).await.unwrap().successful().unwrap();
    assert_eq!((&*response.body, response.header("x-a")), (&b"hi"[..], Some("b")));
    let asked = server.join().unwrap().to_ascii_lowercase();
    let basic = basic("me", "secret").to_ascii_lowercase();
    for line in [
        "get /metrics http/1.1",
        &format!("authorization: {basic}"),
        "x-y: z",
        "accept: text/plain",
        "accept-encoding: gzip",
        &format!("user-agent: {}", USER_AGENT.to_ascii_lowercase()),
    ] {
        assert!(asked.contains(line), "{line} in {asked}");
    }
}

#[tokio::test]
async fn a_large_body_is_refused_or_cut() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
    let (url, _server) = serve(answer);
    let error = guarded("", None).request(Request::get(url, WAIT, 9)).await.unwrap_err();
    assert_eq!(error.to_string(), "the body is larger than 9 bytes");
    let (url, _server) = serve(answer);
    let request = Request { when_larger: WhenLarger::Truncate, ..Request::get(url, WAIT, 4) };
    let response = guarded("", None).request(request).await.unwrap();
    assert_eq!((&*response.body, response.truncated), (&b"0123"[..], true));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let (url, _server) = serve(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    let response = guarded("", None).request(Request::get(url, WAIT, 9)).await.unwrap();
    let error = response.successful().unwrap_err();
    assert_eq!(error.to_string(), "server returned HTTP status 503 Service Unavailable");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let request = Request::get(format!("http://{closed}/"), WAIT, 9);
    let error = guarded("", None).request(request).await.unwrap_err();
    assert!(matches!(error, RequestError::Connect { .. }), "{error:?}");
    assert!(error_chain(&error).contains("refused"), "{}", error_chain(&error));

    let (url, _server) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01");
    let error = guarded("", None).request(Request::get(url, WAIT, 9)).await.unwrap_err();
    assert!(matches!(error, RequestError::Broken { .. }), "{error:?}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let request = Request::get(url, Duration::from_millis(50), 9);
    let error = guarded("", None).request(request).await.unwrap_err();
    assert!(matches!(error, RequestError::Timeout { .. }), "{error:?}");

    let (url, _server) = serve(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let url = url.replace("http:", "https:");
    let error = guarded("", None).request(Request::get(url, WAIT, 9)).await.unwrap_err();
    assert!(matches!(error, RequestError::Tls { .. }), "{error:?}");

    let request = Request::get("ftp://localhost/", WAIT, 9);
    let error = guarded("", None).request(request).await.unwrap_err();
    assert!(matches!(error, RequestError::Invalid { what: "URL", .. }), "{error:?}");
}

#[tokio::test]
async fn only_the_body_of_the_wanted_status_is_read() {
    let wanted = |url: String| Request { body_of: Some(200), ..Request::get(url, WAIT, 1) };
    // Neither ends, and none could be decoded or is within its cap.
    for answer in [
        &b"HTTP/1.1 503 Service Unavailable\r\nContent-Encoding: br\r\nContent-Length: 9\r\n\r\nhi"
            [..],
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\nhi",
    ] {
        let (url, _server) = serve(answer);
        let response = guarded("", None).request(wanted(url)).await.unwrap();
        assert!(matches!(response.status, 404 | 503) && response.body.is_empty(), "{response:?}");
    }
    let (last, _server) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    let place = server::Server::start(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {last}\r\nContent-Length: 3\r\n\r\nfar")
    });
    let request = wanted(format!("http://127.0.0.1:{}/", place.port));
    let response = guarded("", None).request(request).await.unwrap();
    assert_eq!((response.status, &*response.body), (200, &b"x"[..]));
}

#[derive(Debug)]
struct OnlyPort(u16);

impl AddressGuard for OnlyPort {
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
        if address.port() == self.0 { Ok(()) } else { Err(format!("{host} is {address}")) }
    }
}

#[tokio::test]
async fn a_guard_sees_names_and_literal_addresses() {
    for host in ["localhost", "127.0.0.1"] {
        let (url, server) = serve(b"HTTP/1.1 204 No Content\r\n\r\n");
        let port: u16 = url.rsplit([':', '/']).nth(1).unwrap().parse().unwrap();
        let guarded = guarded("", Some(Arc::new(OnlyPort(port))));
        let request = Request::get(format!("http://{host}:{port}/"), WAIT, 9);
        assert_eq!(guarded.request(request).await.unwrap().status, 204);
        server.join().unwrap();
        let request = Request::get(format!("http://{host}:1/"), WAIT, 9);
        let error = guarded.request(request).await.unwrap_err();
        assert!(matches!(error, RequestError::Denied { .. }), "{error:?}");
    }
}
