use narthex_harness::{Answer, Replies, SECONDS, wait_until};

use super::{host, targets, wait_for_targets};

const INDEX: &str = "X-Consul-Index";
const LIST: &str = "/v1/catalog/services";

/// An instance of a service on the node n1, with one check.
fn instance(id: &str, port: u16, status: &str) -> String {
    format!(
        r#"{{"Node":{{"ID":"40e4a748","Node":"n1","Address":"10.0.0.1","Datacenter":"dc1",
             "TaggedAddresses":{{"lan":"10.0.0.1"}},"Meta":{{"rack":"7"}}}},
            "Service":{{"ID":"{id}","Service":"web","Tags":["v1"],"Address":"","Meta":null,"Port":{port}}},
            "Checks":[{{"CheckID":"serfHealth","Status":"passing"}},{{"CheckID":"service:{id}","Status":"{status}"}}]}}"#
    )
}

fn shown(id: &str, port: u16, status: &str) -> String {
    format!(
        "10.0.0.1:{port} __meta_consul_address=10.0.0.1 __meta_consul_dc=dc1 __meta_consul_health={status} \
         __meta_consul_metadata_rack=7 __meta_consul_node=n1 __meta_consul_service=web __meta_consul_service_id={id} \
         __meta_consul_service_port={port} __meta_consul_tagged_address_lan=10.0.0.1 __meta_consul_tags=,v1,"
    )
}

/// Waits until the host waits for a change of this path.
#[track_caller]
fn wait_until_watched(consul: &Replies, path: &str, index: u64) {
    wait_until("it is waited for", 60 * SECONDS, || {
        consul.requests().iter().any(|request| {
            request.path.starts_with(path) && request.param("index") == Some(&index.to_string())
        })
    });
}

#[test]
fn services_and_their_health_are_followed_by_blocking_queries() {
    let consul = Replies::start();
    consul.json("/v1/agent/self", r#"{"Config":{"Datacenter":"dc1","NodeName":"n1"}}"#);
    consul.json_at(LIST, INDEX, 10, r#"{"web":["v1"]}"#);
    let health = "/v1/health/service/web";
    consul.json_at(health, INDEX, 11, &format!("[{}]", instance("web1", 80, "passing")));
    let items = format!("{{ server: '{}', token: t0, refresh_interval: 1s }}", consul.address());
    let host = host("consul", &items).start();
    wait_for_targets(&host, &[&shown("web1", 80, "passing")]);
    assert!(consul.requests().iter().all(|request| request.header("x-consul-token") == Some("t0")));
    assert!(consul.requests()[1].path.contains("stale"));

    // The list does not change, and the service does: it is waited for too.
    wait_until_watched(&consul, health, 11);
    let two = format!("[{},{}]", instance("web1", 80, "critical"), instance("web2", 81, "passing"));
    consul.json_at(health, INDEX, 12, &two);
    wait_for_targets(&host, &[&shown("web1", 80, "critical"), &shown("web2", 81, "passing")]);

    // A service that leaves the list takes its targets along.
    wait_until_watched(&consul, LIST, 10);
    consul.json_at(LIST, INDEX, 13, "{}");
    wait_for_targets(&host, &[]);
    host.stop();
}

#[test]
fn a_server_that_fails_keeps_the_targets() {
    let consul = Replies::start();
    let health = "/v1/health/service/web";
    consul.json_at(health, INDEX, 1, &format!("[{}]", instance("web1", 80, "passing")));
    let items = format!(
        "{{ server: '{}', datacenter: dc1, services: [web], refresh_interval: 1s }}",
        consul.address()
    );
    let host = host("consul", &items).expect_log("discovery failed").start();
    wait_for_targets(&host, &[&shown("web1", 80, "passing")]);
    consul.answer(health, Answer::status(500, "No cluster leader"));
    let asked = consul.requests().len();
    wait_until("it is asked twice more", 60 * SECONDS, || consul.requests().len() > asked + 2);
    assert_eq!(targets(&host), [shown("web1", 80, "passing")]);
    consul.json_at(health, INDEX, 2, "[]");
    wait_for_targets(&host, &[]);
    host.stop();
}
