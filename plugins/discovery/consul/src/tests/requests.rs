//! What is asked, and where.

use super::{Consul, answer, at, consul, full};
use narthex_sdk::testing::FakeHost;

#[track_caller]
fn urls(host: &FakeHost, config: &str) -> Vec<String> {
    host.refresh::<Consul>(config, None).unwrap();
    host.requests().into_iter().map(|request| request.url).collect()
}

fn anywhere() -> FakeHost {
    FakeHost::new().http("http", |request| {
        let body = if request.url.contains("/catalog/") { "{}" } else { "[]" };
        Ok(at(5, body))
    })
}

#[test]
fn the_agent_is_asked_for_its_datacenter_once() {
    let host = consul(|path, _| {
        Ok(match path {
            "/agent/self" => {
                answer(200, &[], r#"{"Config":{"Datacenter":"east","NodeName":"n"},"Member":{}}"#)
            }
            "/catalog/services" => at(3, r#"{"consul":[],"web":["v1"]}"#),
            _ => at(4, r#"[{"Node":{"Address":"a"},"Service":{"Port":1}}]"#),
        })
    });
    let refreshed = host.refresh::<Consul>("{}", None).unwrap();
    assert_eq!(full(&refreshed)[0].labels[1].value, "east");
    host.refresh::<Consul>("{}", refreshed.cursor.as_deref()).unwrap();
    let urls: Vec<_> = host.requests().into_iter().map(|request| request.url).collect();
    let base = "http://localhost:8500/v1";
    assert_eq!(
        urls,
        [
            format!("{base}/agent/self"),
            format!("{base}/catalog/services?stale="),
            format!("{base}/health/service/consul?stale="),
            format!("{base}/health/service/web?stale="),
            format!("{base}/catalog/services?stale="),
            format!("{base}/health/service/consul?stale="),
            format!("{base}/health/service/web?stale="),
        ]
    );
}

#[test]
fn every_key_reaches_the_question() {
    let config = r#"{
        "server": "consul.example:8501", "scheme": "https", "path_prefix": "/consul/", "datacenter": "dc 2",
        "namespace": "team", "partition": "part", "allow_stale": false, "services": ["a/b"], "tags": ["x", "y=z"],
        "node_meta": {"rack": "7"}, "filter": "ServiceName != \"q\"", "health_filter": "Service.Port > 1"
    }"#;
    let host = FakeHost::new().http("https://consul.example:8501/consul/v1/", |request| {
        let is_catalog = request.url.contains("/catalog/");
        Ok(at(5, if is_catalog { r#"{"a/b":["x","y=z"],"c":["x"]}"# } else { "[]" }))
    });
    let base = "https://consul.example:8501/consul/v1";
    let common = "dc=dc%202&ns=team&partition=part&node-meta=rack%3A7";
    assert_eq!(
        urls(&host, config),
        [
            format!("{base}/catalog/services?{common}&filter=ServiceName%20%21%3D%20%22q%22"),
            format!(
                "{base}/health/service/a%2Fb?{common}&tag=x&tag=y%3Dz&filter=Service.Port%20%3E%201"
            ),
        ]
    );
}

#[test]
fn the_server_may_be_a_url_or_a_socket() {
    let first = |server: &str, more: &str| {
        let config = format!(r#"{{"server":"{server}","services":["w"],"datacenter":"d"{more}}}"#);
        urls(&anywhere(), &config).remove(0)
    };
    let path = "/v1/health/service/w?dc=d&stale=";
    assert_eq!(first("http://c:8500", ""), format!("http://c:8500{path}"));
    assert_eq!(first("http://c:8500/x/", ""), format!("http://c:8500/x{path}"));
    assert_eq!(first("https://c", ""), format!("https://c{path}"));
    assert_eq!(first("http://c", r#","scheme":"https""#), format!("https://c{path}"));
    assert_eq!(first("c.example", ""), format!("http://c.example{path}"));
    assert_eq!(
        first("unix:///run/consul.sock", ""),
        format!("http+unix://%2Frun%2Fconsul.sock{path}")
    );
}

#[test]
fn token_and_password_are_sent_as_headers() {
    let host = anywhere();
    let config =
        r#"{"services":["w"],"datacenter":"d","token":"t0","username":"me","password":"pw"}"#;
    host.refresh::<Consul>(config, None).unwrap();
    let request = &host.requests()[0];
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|header| (header.name.as_str(), header.value.as_str()))
        .collect();
    assert_eq!(headers, [("x-consul-token", "t0"), ("authorization", "Basic bWU6cHc=")]);
    assert_eq!(request.timeout_ms, Some(8_000), "in time to read it before the call's deadline");
}

#[test]
fn the_catalog_is_asked_only_when_services_must_be_found() {
    let asks_catalog = |keys: &str| {
        let config = format!(r#"{{"datacenter":"d"{keys}}}"#);
        urls(&anywhere(), &config).iter().any(|url| url.contains("/catalog/"))
    };
    assert!(asks_catalog(""));
    assert!(!asks_catalog(r#","services":["a"]"#));
    assert!(asks_catalog(r#","services":["a"],"tags":["t"]"#));
    assert!(asks_catalog(r#","services":["a"],"filter":"f""#));
    assert!(!asks_catalog(r#","services":["a"],"health_filter":"f""#));
}
