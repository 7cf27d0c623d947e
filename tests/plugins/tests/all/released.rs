//! Components that were built against released versions of the contract: files that are never made anew.
//!
//! Whoever built a plugin with version 1.0.0 keeps it; these stand for all of them.

use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use narthex_discovery::Providers;
use narthex_plugin_tests::Host;
use narthex_plugins::{CollectTarget, Given, PluginKind, PluginState};
use serde_json::json;

use crate::grants::serve;
use crate::rooms::{addresses, first_set, group, item};

#[expect(clippy::disallowed_methods, reason = "tests read their own inputs")]
fn released(version: &str, name: &str) -> Vec<u8> {
    let file = Path::new("../fixtures/plugins").join(version).join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("read {}: {error}", file.display()))
}

#[tokio::test]
async fn plugins_of_1_0_0_of_every_kind_answer() {
    let files = ["exporter", "discovery", "notifier"].map(|name| (name, released("1.0.0", name)));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &**bytes)).collect();
    let host = Host::start(&files, "").await;
    for (name, kind) in [
        ("exporter", PluginKind::Exporter),
        ("discovery", PluginKind::Discovery),
        ("notifier", PluginKind::Notifier),
    ] {
        let view = host.view(name);
        assert_eq!(
            (view.state, view.kind),
            (PluginState::Ready, Some(kind)),
            "{:?}",
            view.rejected
        );
        let config = json!({ "word": "hello" });
        let given = Given::from(&config);
        assert_eq!(host.plugins.validate(kind, name, given).await, Ok(vec!["hello".to_owned()]));
    }
    let target = CollectTarget {
        address: "db:1".to_owned(),
        labels: vec![("job".to_owned(), "x".to_owned())],
        timeout: Duration::from_secs(30),
        ..CollectTarget::default()
    };
    let answer = host.plugins.collect("exporter", &json!({ "word": "hello" }), &target).await;
    let answer = String::from_utf8(answer.unwrap().body).unwrap();
    assert!(answer.contains("released_calls 1"), "{answer}");
    assert!(answer.contains(r#"released_info{address="db:1",word="hello"} 1"#), "{answer}");
    let everything = json!({ "word": "everything" });
    let answer = host.plugins.collect("exporter", &everything, &target).await.unwrap();
    let answer = String::from_utf8(answer.body).unwrap();
    // Nothing was granted but the key-values: network, names and files answer errors, and each answers.
    assert!(answer.contains("released_refusals 9\n"), "{answer}");
    let receipt = host.notify("notifier", &json!({ "word": "hello" }), &group()).await.unwrap();
    assert_eq!((receipt.remote_id.as_deref(), receipt.note.as_str()), (Some("Down"), "hello"));
}

#[tokio::test]
async fn the_discovery_of_1_0_0_tells_its_targets() {
    let host = Host::start(&[("discovery", &released("1.0.0", "discovery"))], "").await;
    let discoverer = host.plugins.discoverer(&item("discovery", json!({ "word": "a:1" }))).unwrap();
    let set = first_set(discoverer).await;
    assert_eq!(addresses(&set), ["a:1"]);
}

#[tokio::test]
async fn the_watcher_of_1_0_0_is_told_how_each_answer_came() {
    let nameserver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns_port = nameserver.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((len, from)) = nameserver.recv_from(&mut query) {
            // The question again, as an answer without records.
            query[2] |= 0x80;
            nameserver.send_to(&query[..len], from).ok();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests make their own inputs")]
    let file = std::fs::File::create(folder.path().join("file")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_767_225_600)).unwrap();
    let yaml = format!(
        "allow: {{ watcher: {{ net: [\"127.0.0.1:{dns_port}\"], files: {{ root: {} }} }} }}",
        folder.path().display()
    );
    let host = Host::start(&[("watcher", &released("1.0.0", "watcher"))], &yaml).await;
    let address = format!("127.0.0.1:{}", serve(b"HTTP/1.1 204 No Content\r\n\r\n"));
    let body = host.collect_from("watcher", json!({ "dns_port": dns_port }), &address).await;
    let body = body.unwrap();
    for line in [
        r#"released_facts{of="probe"} 7"#,
        r#"released_facts{of="connection"} 3"#,
        r#"released_facts{of="exchange"} 3"#,
        "released_status 204",
        "released_message_bytes 19",
        "released_modified_ns 1767225600000000000",
    ] {
        assert!(body.contains(&format!("{line}\n")), "{line}: {body}");
    }
    // The state, and the fields of the structure that adjtimex(2) fills in.
    assert!(body.contains("released_clock_fields 17\n"), "{body}");
}

#[tokio::test]
async fn a_later_minor_version_runs_unless_it_asks_for_what_is_not_there() {
    let host = Host::start(&[("exporter", &released("made-up-1.1.0", "unused"))], "").await;
    let answer = host.collect("exporter", json!({ "word": "hello" })).await.unwrap();
    assert!(answer.contains("released_calls 1"), "{answer}");
    let host = Host::start(&[("exporter", &released("made-up-1.1.0", "used"))], "").await;
    assert_eq!(
        host.view("exporter").rejected.unwrap().message,
        "it imports `uptime-ms` of narthex:plugin/clock@1.1.0; this host offers \
         narthex:plugin/clock@1.0.0, which has no such function: the component needs a newer host"
    );
}
