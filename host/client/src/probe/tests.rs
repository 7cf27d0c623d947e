use std::convert::Infallible;
use std::net::SocketAddr;

use hyper::service::service_fn;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::client::ClientOptions;
use crate::client::tests::server::{Server, ok};
use crate::config::TlsConfig;

#[derive(Debug)]
struct Anywhere;

impl AddressGuard for Anywhere {
    fn check(&self, _: &str, _: SocketAddr) -> Result<(), String> {
        Ok(())
    }
}

#[derive(Debug)]
struct Nowhere;

impl AddressGuard for Nowhere {
    fn check(&self, _: &str, address: SocketAddr) -> Result<(), String> {
        Err(format!("{} is out of bounds", address.ip()))
    }
}

fn believing_anybody() -> Encryption {
    let config = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
    Encryption::read(&config, &ClientOptions::default()).unwrap()
}

/// A probe that may go anywhere.
fn usual(encryption: &Encryption) -> Probe<'_> {
    Probe {
        versions: &[],
        guard: &Anywhere,
        encryption,
        server_name: None,
        host: None,
        speaks_http2: true,
    }
}

async fn send(url: &str, timeout: Duration) -> (Result<Response, RequestError>, Course) {
    send_as(usual(&believing_anybody()), url, timeout).await
}

async fn send_as(
    probe: Probe<'_>,
    url: &str,
    timeout: Duration,
) -> (Result<Response, RequestError>, Course) {
    let mut course = Course::default();
    let outcome = probe.send(&Request::get(url, timeout, 1 << 20), &mut course).await;
    (outcome, course)
}

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_answer_comes_with_what_each_step_took() {
    let server = Server::start(|_| {
        "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 2\r\n\r\nhi".to_owned()
    });
    let url = format!("http://127.0.0.1:{}/here?a=b", server.port);
    let (response, course) = send(&url, SOON).await;
    let response = response.unwrap();
    assert_eq!((response.status, &*response.body), (302, &b"hi"[..]));
    let asked = server.asked();
    let host = format!("host: 127.0.0.1:{}\r\n", server.port);
    assert!(asked.starts_with("get /here?a=b http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&host) && asked.contains("connection: close"), "{asked}");
    assert_eq!(asked.trim_end().lines().count(), 3, "nothing else is added: {asked}");
    assert_eq!(course.steps.address.unwrap().port(), server.port);
    let Steps { resolve, connect, tls, .. } = course.steps;
    assert!(resolve.is_some() && connect.is_some() && tls.is_none(), "{resolve:?} {tls:?}");
    assert!(course.processing.is_some() && course.transfer.is_some());
    assert_eq!((course.http_version, course.body_bytes), (Some("1.1"), 2));
}

#[tokio::test]
async fn the_host_is_what_the_caller_says() {
    let server = Server::start(|_| ok("hi"));
    let url = format!("http://127.0.0.1:{}/", server.port);
    let encryption = believing_anybody();
    let probe = Probe { host: Some("named.test"), ..usual(&encryption) };
    send_as(probe, &url, SOON).await.0.unwrap();
    assert!(server.asked().contains("host: named.test\r\n"));
}

#[tokio::test]
async fn tls_is_told_too() {
    let server = Server::with_tls(|_| ok("hi"));
    let url = format!("https://127.0.0.1:{}/", server.port);
    let encryption = believing_anybody();
    let probe = Probe { server_name: Some("named.test"), ..usual(&encryption) };
    let (response, course) = send_as(probe, &url, SOON).await;
    assert_eq!(&*response.unwrap().body, b"hi");
    assert!(server.asked().starts_with("named.test\n"));
    assert!(course.steps.tls.is_some());
    assert_eq!((course.encryption.unwrap().0, course.certificates.len()), ("TLS 1.3", 1));
}

#[tokio::test]
async fn http2_is_spoken_where_the_server_does() {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain =
        [CertificateDer::from_pem_slice(include_bytes!("../client/tests/server.pem")).unwrap()];
    let key =
        PrivateKeyDer::from_pem_slice(include_bytes!("../client/tests/server.key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(chain.to_vec(), key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        let beside = Beside::default();
        let answer = service_fn(|request: hyper::Request<Incoming>| async move {
            let said = format!("{} {}", request.method(), request.uri());
            Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from(said))))
        });
        let builder = hyper::server::conn::http2::Builder::new(beside.clone());
        beside.run_while(builder.serve_connection(TokioIo::new(stream), answer)).await.ok();
    };
    let url = format!("https://127.0.0.1:{port}/x?y");
    let ((response, course), ()) = tokio::join!(send(&url, SOON), server);
    assert_eq!(&*response.unwrap().body, format!("GET {url}").as_bytes());
    assert_eq!(course.http_version, Some("2"));
}

#[tokio::test]
async fn a_failure_tells_how_far_it_came() {
    let (outcome, course) = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        send(&url, SOON).await
    };
    assert!(matches!(outcome, Err(RequestError::Connect { .. })), "{outcome:?}");
    assert!(course.steps.address.is_some() && course.steps.connect.is_none());

    let encryption = believing_anybody();
    let probe = Probe { guard: &Nowhere, ..usual(&encryption) };
    let (outcome, course) = send_as(probe, "http://127.0.0.1:1/", SOON).await;
    let said = outcome.unwrap_err().to_string();
    assert_eq!(said, "connecting to 127.0.0.1 is not allowed: 127.0.0.1 is out of bounds");
    assert_eq!(course.steps.address, None);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let (outcome, course) = send(&url, Duration::from_millis(300)).await;
    assert!(matches!(outcome, Err(RequestError::Timeout { .. })), "{outcome:?}");
    assert!(course.steps.connect.is_some() && course.processing.is_none());

    let clear = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", clear.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = clear.accept().await.unwrap();
        stream.write_all(b"this is not TLS").await.unwrap();
        stream
    };
    let ((outcome, course), _stream) = tokio::join!(send(&url, SOON), server);
    assert!(matches!(outcome, Err(RequestError::Tls { .. })), "{outcome:?}");
    assert!(course.steps.connect.is_some() && course.steps.tls.is_none());
}
