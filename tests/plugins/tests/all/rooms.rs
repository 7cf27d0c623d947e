//! Plugins as the other rooms see them.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;

use narthex_alerting::{AlertGroup, AlertStatus, GroupAlert, Notifiers, NotifyErrorKind};
use narthex_discovery::{Discoverer, Outlet, ProviderConfig, Providers};
use narthex_model::{Labels, TargetSet, Timestamp};
use narthex_platform::{Clock, Stop};
use narthex_plugin_tests::{Host, guest, plugin};
use serde_json::json;

pub(crate) fn group() -> AlertGroup {
    let labels = Labels::from_pairs([("alertname", "Down")]);
    let alert = GroupAlert {
        status: AlertStatus::Firing,
        fingerprint: "0123456789abcdef".to_owned(),
        labels: labels.clone(),
        annotations: Labels::default(),
        starts_at: Timestamp::from_millis(1_000),
        ends_at: None,
        generator_url: String::new(),
        value: Some(1.0),
    };
    AlertGroup {
        group_key: "{}:{}".to_owned(),
        receiver: "team".to_owned(),
        status: AlertStatus::Firing,
        group_labels: labels.clone(),
        common_labels: labels,
        common_annotations: Labels::default(),
        alerts: vec![alert],
        truncated_alerts: 0,
        external_url: "http://narthex.example".to_owned(),
        attempt: 1,
        idempotency_key: "1".to_owned(),
    }
}

#[tokio::test]
async fn a_notification_arrives_at_the_host_of_its_configuration() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&got).contains("\"alertname\":\"Down\"") {
            let count = stream.read(&mut buffer).unwrap();
            got.extend_from_slice(&buffer[..count]);
            assert!(count > 0, "{}", String::from_utf8_lossy(&got));
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let host = Host::start(&[("webhook", &plugin("webhook"))], "").await;
    assert!(host.plugins.is_known("webhook") && !host.plugins.is_known("other"));
    let config = json!({ "url": format!("http://127.0.0.1:{port}/hook") });
    host.notify("webhook", &config, &group()).await.unwrap();
    receiver.join().unwrap();
}

#[tokio::test]
async fn a_notifier_that_is_not_there_is_told_as_such() {
    let host = Host::start(&[("good", &guest("good"))], "").await;
    let error = host.notify("webhook", &json!({}), &group()).await.unwrap_err();
    assert!(error.message.contains("put webhook.wasm into the plugin folder"), "{error}");
    let error = host.notify("good", &json!({}), &group()).await.unwrap_err();
    assert_eq!(error.kind, NotifyErrorKind::Config);
}

/// A nameserver that answers every question with one A record, 192.0.2.7.
fn nameserver() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, peer)) = socket.recv_from(&mut buffer) {
            let mut answer = buffer[..count].to_vec();
            answer[2] |= 0x80; // an answer
            answer[7] = 1; // with one record
            answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
            socket.send_to(&answer, peer).ok();
        }
    });
    port
}

/// The first set that a discoverer tells.
pub(crate) async fn first_set(discoverer: Box<dyn Discoverer>) -> Arc<TargetSet> {
    let (out, mut told) = Outlet::for_tests(Clock::real());
    let (_stop, stopped) = Stop::pair();
    tokio::select! {
        () = discoverer.run(out, stopped) => panic!("the discoverer ended by itself"),
        set = told.next() => set,
    }
}

pub(crate) fn item(name: &str, config: serde_json::Value) -> ProviderConfig {
    ProviderConfig { name: name.to_owned(), config, http: None, folder: "".into() }
}

pub(crate) fn addresses(set: &Arc<TargetSet>) -> Vec<&str> {
    let targets = set.groups.iter().flat_map(|group| &group.targets);
    targets.filter_map(|target| target.get("__address__")).collect()
}

#[tokio::test]
async fn a_discovery_keeps_a_job_s_targets_up_to_date() {
    let yaml = format!("dns_servers: ['127.0.0.1:{}']", nameserver());
    let host = Host::start(&[("dns", &plugin("dns"))], &yaml).await;
    let config = json!({ "names": ["db.example.com"], "type": "A", "port": 5432 });
    let discoverer = host.plugins.discoverer(&item("dns", config)).unwrap();
    let set = first_set(discoverer).await;
    assert_eq!(addresses(&set), ["192.0.2.7:5432"]);
}

#[tokio::test]
async fn a_discovery_that_is_unknown_or_refuses_is_told_as_such() {
    let host = Host::start(&[("dns", &plugin("dns"))], "").await;
    let error = host.plugins.discoverer(&item("consul", json!({}))).unwrap_err().to_string();
    assert!(error.contains("put consul.wasm into the plugin folder"), "{error}");
    let error =
        host.plugins.discoverer(&item("dns", json!({ "nmaes": [] }))).unwrap_err().to_string();
    assert!(error.contains("configuration of plugin \"dns\""), "{error}");
}
