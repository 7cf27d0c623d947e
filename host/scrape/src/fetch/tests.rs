use std::io::{Read, Write};
use std::net::TcpListener;

use flate2::Compression;
use flate2::write::GzEncoder;
use narthex_client::{ClientOptions, HttpConfig};
use narthex_model::Labels;
use narthex_settings::Document;

use super::*;
use crate::config::{GlobalScrape, JobSpec};
use crate::memory::BodyMemory;

/// What a job gets from a server that answers so, and what the server was asked.
async fn fetch(extra: &str, answer: Vec<u8>) -> (Result<Body, FetchError>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 1024];
        while !asked.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut buffer).unwrap();
            asked.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(&answer).unwrap();
        String::from_utf8(asked).unwrap().to_ascii_lowercase()
    });
    let text = format!("job_name: j\nscrape_timeout: 9s\n{extra}");
    let spec: JobSpec = Document::parse("f.yml", &text).unwrap().read().unwrap();
    let job = spec.resolve(&GlobalScrape::default()).unwrap();
    let client = Client::new(HttpConfig::default(), ClientOptions::default()).unwrap();
    let target = Arc::new(Target {
        discovered: Labels::empty(),
        labels: Labels::empty(),
        address: address.to_string(),
        url: format!("http://{address}/metrics"),
        unix_socket: None,
        params: Vec::new(),
        interval: job.interval,
        timeout: job.timeout,
        histograms: job.histograms,
        hidden: Labels::empty(),
        hash: 0,
    });
    let body = HttpFetch::new(client, &job, ScrapeFeatures::default())
        .fetch(&target, &BodyMemory::new(1 << 20).share())
        .await;
    (body, server.join().unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

#[tokio::test]
async fn a_compressed_body_arrives_whole() {
    let head = "200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip";
    let (body, asked) = fetch("", answer(head, &gzip(b"x 1\n"))).await;
    let expected =
        Body { content_type: Some("text/plain".into()), bytes: Bytes::from_static(b"x 1\n") };
    assert_eq!(body.unwrap(), expected);
    assert!(asked.contains("accept: application/openmetrics-text;version=1.0.0"), "{asked}");
    assert!(asked.contains("x-prometheus-scrape-timeout-seconds: 9\r\n"), "{asked}");
    assert!(asked.contains("accept-encoding: gzip\r\n"), "{asked}");
}

#[tokio::test]
async fn a_job_may_do_without_compression() {
    let (_, asked) = fetch("enable_compression: false", answer("200 OK", b"")).await;
    assert!(asked.contains("accept-encoding: identity\r\n"), "{asked}");
}

#[tokio::test]
async fn only_the_status_200_has_samples() {
    for (head, reason) in [("404 Not Found", "404 Not Found"), ("204 No Content", "204 No Content")]
    {
        let (body, _) = fetch("", answer(head, b"")).await;
        assert_eq!(body.unwrap_err().to_string(), format!("server returned HTTP status {reason}"));
    }
}

#[tokio::test]
async fn a_page_of_an_error_is_not_judged_as_a_body() {
    for head in ["500 Internal Server Error", "500 Internal Server Error\r\nContent-Encoding: br"] {
        let (body, _) = fetch("body_size_limit: 1KB", answer(head, &[b'x'; 9000])).await;
        let error = body.unwrap_err().to_string();
        assert_eq!(error, "server returned HTTP status 500 Internal Server Error");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_once() {
    let head = "200 OK\r\nContent-Encoding: br";
    let (body, _) = fetch("", answer(head, b"x")).await;
    let told = narthex_settings::error_chain(&body.unwrap_err());
    assert_eq!(told, "undo Content-Encoding \"br\": unsupported");
}

#[test]
fn a_cap_that_nobody_set_is_told_as_such() {
    assert_eq!(too_large(7).to_string(), "body size limit of 7 bytes exceeded");
    let told = too_large(0).to_string();
    let expected = "the body is larger than 268435456 bytes; set body_size_limit to take it";
    assert!(told.starts_with(expected), "{told}");
}

#[tokio::test]
async fn a_body_needs_memory() {
    let (body, _) = fetch("", answer("200 OK", &vec![b'\n'; (1 << 20) + 1])).await;
    let error = body.unwrap_err().to_string();
    let expected = "no memory is left for the body: all bodies together have 1048576 bytes";
    assert!(error.starts_with(expected), "{error}");
}

#[tokio::test]
async fn what_is_asked_for_follows_the_job_and_its_target() {
    for (keys, expected) in [
        ("", "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"),
        ("scrape_native_histograms: true", "accept: application/vnd.google.protobuf;"),
        (
            "scrape_native_histograms: true\nscrape_protocols: [PrometheusText0.0.4]",
            "accept: text/plain;version=0.0.4;q=0.6,*/*;q=0.5\r\n",
        ),
        (
            "metric_name_escaping_scheme: dots",
            "accept: application/openmetrics-text;version=1.0.0;escaping=dots;q=0.6,",
        ),
        (
            "metric_name_validation_scheme: legacy",
            "accept: application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,",
        ),
    ] {
        let (_, asked) = fetch(keys, answer("200 OK", b"")).await;
        assert!(asked.contains(expected), "{keys}: {asked}");
    }
}

#[tokio::test]
async fn a_bomb_meets_the_limit() {
    let bomb = gzip(&vec![b'\n'; 10 << 20]);
    let head = "200 OK\r\nContent-Encoding: gzip";
    let (body, _) = fetch("body_size_limit: 1MB", answer(head, &bomb)).await;
    assert_eq!(body.unwrap_err().to_string(), "body size limit of 1048576 bytes exceeded");
}
