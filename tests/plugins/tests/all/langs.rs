//! The examples of the SDKs for JavaScript and Python, as `cargo xtask langs` makes them: one of each kind.

use std::time::Duration;

use narthex_discovery::{Outlet, Providers};
use narthex_harness::{Answer, Replies, skip};
use narthex_platform::{Clock, Stop};
use narthex_plugin_tests::{Host, example};
use narthex_plugins::PluginState;
use serde_json::{Value, json};

use crate::rooms::{group, item};

/// A host with a language's examples; `None`, and said, where they could not be made.
async fn host(language: &str, names: [&str; 3]) -> Option<Host> {
    let mut files = Vec::new();
    for name in names {
        let Some(bytes) = example(name) else {
            skip(&format!("`cargo xtask langs` could not make the examples in {language} here"));
            return None;
        };
        files.push((name, bytes));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let host = Host::start(&files, "").await;
    for name in names {
        let view = host.view(name);
        assert_eq!(view.state, PluginState::Ready, "{name}: {:?}", view.rejected);
    }
    Some(host)
}

fn samples(body: &str) -> Vec<&str> {
    body.lines().filter(|line| !line.starts_with('#')).collect()
}

/// The first targets of a discovery, and those after its source `changes`.
async fn targets(
    host: &Host,
    name: &str,
    config: Value,
    changes: impl FnOnce(),
) -> [Vec<String>; 2] {
    let discoverer = host.plugins.discoverer(&item(name, config)).unwrap();
    let (out, mut told) = Outlet::for_tests(Clock::real());
    let (_stop, stopped) = Stop::pair();
    let sets = async {
        let first = addresses(&*told.next().await);
        changes();
        loop {
            let next = addresses(&*told.next().await);
            if next != first {
                return [first, next];
            }
        }
    };
    tokio::select! {
        () = discoverer.run(out, stopped) => panic!("the discoverer ended by itself"),
        sets = sets => sets,
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("{name} told no change"),
    }
}

fn addresses(set: &narthex_model::TargetSet) -> Vec<String> {
    let targets = set.groups.iter().flat_map(|group| &group.targets);
    targets.filter_map(|target| target.get("__address__")).map(str::to_owned).collect()
}

/// Has a notifier deliver; what the receiver got.
async fn delivered(host: &Host, name: &str, config: &Value, to: &Replies) -> (String, Value) {
    host.notify(name, config, &group()).await.unwrap();
    let request = to.requests().pop().unwrap();
    (format!("{} {}", request.method, request.path), request.json())
}

#[tokio::test]
async fn examples_in_javascript_answer_in_the_sandbox() {
    let Some(host) = host("js", ["elasticsearch", "puppetdb", "ntfy"]).await else { return };

    let cluster = Replies::start();
    let health = json!({
        "status": "green", "number_of_nodes": 3, "number_of_data_nodes": 2,
        "active_shards": 20, "unassigned_shards": 0,
    });
    cluster.json("/_cluster/health", &health.to_string());
    let address = cluster.address().to_string();
    let body = host.collect_from("elasticsearch", json!({}), &address).await.unwrap();
    let samples = samples(&body);
    assert!(samples.contains(&r#"elasticsearch_cluster_health_status{color="green"} 1"#), "{body}");
    assert!(samples.contains(&"elasticsearch_cluster_shards{state=\"active\"} 20"), "{body}");
    // The statistics of nodes are 404 here: an error of the host is a value in the guest.
    assert!(samples.contains(&"elasticsearch_nodes_answered 0"), "{body}");
    let refused = host.collect_from("elasticsearch", json!({}), "127.0.0.1:1").await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("ask for the cluster's health: "), "{refused}");

    let database = Replies::start();
    let resource = |name: &str| {
        json!([{
            "certname": name, "resource": "1", "type": "Class", "title": "Käse", "exported": false,
            "tags": ["a"], "file": "/site.pp", "environment": "prod", "parameters": {},
        }])
    };
    database.json("/pdb/query/v4", &resource("a.example").to_string());
    let config = json!({ "url": database.url(""), "query": "resources {}", "port": 9100, "refresh_interval": "10ms" });
    let changed = || database.json("/pdb/query/v4", &resource("b.example").to_string());
    let found = targets(&host, "puppetdb", config, changed).await;
    assert_eq!(found, [["a.example:9100"], ["b.example:9100"]]);

    let server = Replies::start();
    server.json("/", r#"{"id": "m1"}"#);
    let config = json!({ "url": server.url("/"), "topic": "oncall" });
    let (asked, message) = delivered(&host, "ntfy", &config, &server).await;
    assert_eq!(asked, "POST /");
    assert_eq!(message["title"], "[FIRING 1] Down");
    server.answer("/", Answer::status(503, "later"));
    let error = host.notify("ntfy", &config, &group()).await.unwrap_err();
    assert!(error.message.contains("status 503: later"), "{error}");
}

#[tokio::test]
async fn examples_in_python_answer_in_the_sandbox() {
    let Some(host) = host("python", ["memcached", "eureka", "matrix"]).await else { return };

    let address = memcached("STAT uptime 12\r\nSTAT get_hits 5\r\nSTAT version 1.6\r\nEND\r\n");
    let body = host.collect_from("memcached", json!({}), &address).await.unwrap();
    let expected = [
        r#"memcached_commands_total{command="get",status="hits"} 5"#,
        "memcached_uptime_seconds 12",
        r#"memcached_version_info{version="1.6"} 1"#,
    ];
    assert_eq!(samples(&body), expected);
    let other = memcached("HTTP/1.1 400 Bad Request\r\n\r\n");
    let error = host.collect_from("memcached", json!({}), &other).await.unwrap_err().to_string();
    assert!(error.contains("memcached answered"), "{error}");

    let registry = Replies::start();
    let apps = |host: &str| {
        let body = format!(
            "<applications><application><name>Käse</name><instance><hostName>{host}</hostName>\
             <port enabled=\"true\">8080</port></instance></application></applications>"
        );
        Answer::ok("application/xml", body)
    };
    registry.answer("/apps", apps("a.example"));
    let config = json!({ "server": registry.url(""), "refresh_interval": "10ms" });
    let changed = || registry.answer("/apps", apps("b.example"));
    let found = targets(&host, "eureka", config, changed).await;
    assert_eq!(found, [["a.example:8080"], ["b.example:8080"]]);

    let server = Replies::start();
    let path = "/_matrix/client/v3/rooms/%21r%3Ax/send/m.room.message/1";
    server.json(path, r#"{"event_id": "$1"}"#);
    let config = json!({ "homeserver": server.url(""), "room": "!r:x", "access_token": "t" });
    let (asked, message) = delivered(&host, "matrix", &config, &server).await;
    assert_eq!(asked, format!("PUT {path}"));
    assert_eq!(message["body"], "[FIRING 1] Down\nDown");
    let alias = json!({ "homeserver": server.url(""), "room": "#r:x", "access_token": "t" });
    let error = host.notify("matrix", &alias, &group()).await.unwrap_err();
    assert!(error.message.contains("404"), "{error}");
}

/// A server that answers every connection alike once it was asked, and closes it.
fn memcached(answer: &'static str) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut asked = [0; 7];
            stream.read_exact(&mut asked).unwrap();
            assert_eq!(&asked, b"stats\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}
