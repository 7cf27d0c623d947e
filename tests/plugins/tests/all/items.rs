//! What an item of the configuration says and its plugin never sees: credentials, sockets, accounts.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use camino::Utf8PathBuf;
use narthex_client::HttpConfig;
use narthex_discovery::{Discoverer, Outlet, OutletReader, ProviderConfig, Providers};
use narthex_model::TargetSet;
use narthex_platform::{Clock, RealDisk, Stop};
use narthex_plugin_tests::{Host, plugin};
use narthex_plugins::{Environment, Given, PluginKind};
use narthex_settings::Document;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::rooms::addresses;

/// Answers one connection by the request's first line; `asked` gets the request.
fn answer(mut stream: impl Read + Write, answers: &[(&str, &str)], asked: &Sender<String>) {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    while !request.contains("\r\n\r\n") {
        let count = stream.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            return;
        }
        request.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    let line = request.lines().next().unwrap_or_default();
    let found = answers.iter().find(|(part, _)| line.contains(part));
    let (status, body) = found.map_or(("404 Not Found", ""), |(_, body)| ("200 OK", *body));
    let length = body.len();
    let head = "Connection: close\r\nContent-Type: application/json\r\nContent-Length";
    write!(stream, "HTTP/1.1 {status}\r\n{head}: {length}\r\n\r\n{body}").ok();
    asked.send(request).ok();
}

pub(crate) fn serve(answers: &'static [(&'static str, &'static str)]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            answer(stream, answers, &asked);
        }
    });
    (port, requests)
}

pub(crate) fn item(name: &str, config: Value, http: &str) -> ProviderConfig {
    let document = Document::parse("f.yml", http).unwrap();
    let http = (!http.is_empty()).then(|| document.read::<HttpConfig>().unwrap());
    ProviderConfig { name: name.to_owned(), config, http, folder: "/".into() }
}

/// A discoverer that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) told: OutletReader,
    _stop: tokio::sync::watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

pub(crate) fn run(discoverer: Box<dyn Discoverer>) -> Running {
    let (out, told) = Outlet::for_tests(Clock::real());
    let (_stop, stopped) = Stop::pair();
    let mut _tasks = JoinSet::new();
    _tasks.spawn(discoverer.run(out, stopped));
    Running { told, _stop, _tasks }
}

async fn first_set(host: &Host, item: &ProviderConfig) -> Arc<TargetSet> {
    run(host.plugins.discoverer(item).unwrap()).told.next().await
}

async fn failure(running: &Running) -> String {
    loop {
        if let Some(reason) = running.told.failure() {
            return reason;
        }
        tokio::task::yield_now().await;
    }
}

const TARGETS: &[(&str, &str)] = &[("GET /targets", r#"[{"targets": ["a:1"]}]"#)];

#[tokio::test]
async fn the_host_logs_in_where_the_item_says() {
    let host = Host::start(&[("http", &plugin("http"))], "").await;
    let (port, requests) = serve(TARGETS);
    let url = format!("http://127.0.0.1:{port}/targets");
    let keys = json!({ "url": url, "basic_auth": { "username": "u", "password": "p" } });
    let item = item("http", keys, "basic_auth: { username: u, password: p }");
    let given = Given::new(&item.config, item.http.as_ref(), "/".into());
    assert!(host.plugins.takes_http(PluginKind::Discovery, "http"));
    assert_eq!(host.plugins.validate(PluginKind::Discovery, "http", given).await, Ok(Vec::new()));
    assert_eq!(addresses(&first_set(&host, &item).await), ["a:1"]);
    let request = requests.recv().unwrap().to_lowercase();
    assert!(request.contains("authorization: basic dtpw"), "{request}");
}

#[tokio::test]
async fn a_secret_that_a_server_sends_back_is_not_shown() {
    let host = Host::start(&[("http", &plugin("http"))], "").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap();
            let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let is_own = |line: &&str| line.starts_with("authorization:") || line.starts_with("x:");
            let body = request.lines().find(is_own).unwrap_or_default();
            let head = format!("Connection: close\r\nContent-Length: {}", body.len());
            write!(stream, "HTTP/1.1 500 Oh\r\n{head}\r\n\r\n{body}").ok();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    RealDisk::shared()
        .create(file.to_str().unwrap().into())
        .and_then(|mut file| file.append(b"from-a-file\n"))
        .unwrap();
    for (keys, secret) in [
        ("authorization: { credentials: hunter2 }".to_owned(), "hunter2"),
        (format!("authorization: {{ credentials_file: {} }}", file.display()), "from-a-file"),
        ("basic_auth: { username: u, password: hunter2 }".to_owned(), "dTpodW50ZXIy"),
        ("http_headers: { x: { secrets: [hunter2] } }".to_owned(), "hunter2"),
    ] {
        let config = json!({ "url": format!("http://127.0.0.1:{port}/") });
        let running = run(host.plugins.discoverer(&item("http", config, &keys)).unwrap());
        let told = failure(&running).await;
        assert!(told.contains("<secret>") && !told.contains(secret), "{keys}: {told}");
        let view = host.view("http").last_error.unwrap().message;
        assert!(view.contains("<secret>") && !view.contains(secret), "{keys}: {view}");
    }
}

#[tokio::test]
async fn keys_that_no_schema_knows_are_refused() {
    let host = Host::start(&[("http", &plugin("http"))], "").await;
    let config = json!({ "url": "http://h/", "basic_autth": {} });
    let error = host.plugins.discoverer(&item("http", config, "")).unwrap_err().to_string();
    assert!(error.contains("basic_autth: unknown key"), "{error}");
}

#[tokio::test]
async fn a_redirect_takes_no_credentials_along() {
    let host = Host::start(&[("http", &plugin("http"))], "").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (other, requests) = serve(TARGETS);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            assert!(stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0));
            let to = format!("http://127.0.0.1:{other}/targets");
            let head = "Content-Length: 0\r\nConnection: close";
            write!(stream, "HTTP/1.1 302 Found\r\nLocation: {to}\r\n{head}\r\n\r\n").ok();
        }
    });
    let config = json!({ "url": format!("http://127.0.0.1:{port}/x") });
    let item = item("http", config, "authorization: { credentials: hunter2 }");
    let running = run(host.plugins.discoverer(&item).unwrap());
    let reason = failure(&running).await;
    assert!(reason.contains(&format!("may not connect to 127.0.0.1:{other}")), "{reason}");
    host.reconfigure(&format!("allow: {{ http: {{ net: ['127.0.0.1:{other}'] }} }}")).await;
    assert_eq!(addresses(&first_set(&host, &item).await), ["a:1"]);
    let request = requests.recv().unwrap().to_lowercase();
    assert!(!request.contains("hunter2") && !request.contains("authorization"), "{request}");
}

#[tokio::test]
async fn a_socket_of_the_item_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join("docker.sock")).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    let (asked, _requests) = channel();
    const CONTAINERS: &str = r#"[{"Id": "c1", "Names": ["/web"], "Ports": [],
        "NetworkSettings": {"Networks": {"n": {"NetworkID": "n1", "IPAddress": "10.0.0.7"}}}}]"#;
    const NETWORKS: &str = r#"[{"Id": "n1", "Name": "n"}]"#;
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            answer(stream, &[("/containers/json", CONTAINERS), ("/networks", NETWORKS)], &asked);
        }
    });
    let host = Host::start(&[("docker", &plugin("docker"))], "").await;
    let config = json!({ "host": format!("unix://{path}"), "port": 9100 });
    let set = first_set(&host, &item("docker", config, "")).await;
    assert_eq!(addresses(&set), ["10.0.0.7:9100"]);
}

#[tokio::test]
async fn requests_to_a_cloud_are_signed_with_keys_that_no_guest_sees() {
    const INSTANCES: &str = "<DescribeInstancesResponse><reservationSet><item><ownerId>1</ownerId>\
        <instancesSet><item><instanceId>i-1</instanceId><privateIpAddress>10.0.0.8</privateIpAddress>\
        <instanceState><name>running</name></instanceState></item></instancesSet></item>\
        </reservationSet></DescribeInstancesResponse>";
    let (port, requests) = serve(&[(" / ", INSTANCES), ("/?", INSTANCES)]);
    let environment = Environment::new(|name| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKID".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some("hunter2".to_owned()),
        "AWS_REGION" => Some("eu-1".to_owned()),
        _ => None,
    });
    let files = [("ec2", &*plugin("ec2"))];
    let host = Host::start_in(&files, "", environment).await;
    let config = json!({ "endpoint": format!("http://127.0.0.1:{port}"), "port": 9100 });
    let mut running = run(host.plugins.discoverer(&item("ec2", config, "")).unwrap());
    let request = loop {
        match requests.try_recv() {
            Ok(request) => break request.to_lowercase(),
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert!(request.contains("authorization: aws4-hmac-sha256 credential=akid/"), "{request}");
    assert!(request.contains("/eu-1/ec2/aws4_request") && !request.contains("hunter2"));
    assert_eq!(addresses(&running.told.next().await), ["10.0.0.8:9100"]);
}

#[tokio::test]
async fn an_account_that_is_not_there_fails_the_source_and_not_the_reload() {
    let host = Host::start(&[("kubernetes", &plugin("kubernetes"))], "").await;
    let config = json!({ "role": "node" });
    let checked = host.plugins.validate(PluginKind::Discovery, "kubernetes", &config).await;
    assert_eq!(checked, Ok(Vec::new()));
    let running = run(host.plugins.discoverer(&item("kubernetes", config, "")).unwrap());
    let reason = failure(&running).await;
    assert!(reason.contains("does not run in a cluster"), "{reason}");
}
