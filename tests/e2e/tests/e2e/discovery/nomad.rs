use narthex_harness::{Replies, SECONDS, wait_until};

use super::{host, wait_for_targets};

const INDEX: &str = "X-Nomad-Index";
const LIST: &str = "/v1/services";

fn instance(id: &str, port: u16) -> String {
    format!(
        r#"{{"ID":"{id}","ServiceName":"redis","Namespace":"default","NodeID":"n1","Datacenter":"dc1","JobID":"example",
            "AllocID":"a1","Tags":["db"],"Address":"10.0.0.13","Port":{port}}}"#
    )
}

fn shown(id: &str, port: u16) -> String {
    format!(
        "10.0.0.13:{port} __meta_nomad_address=10.0.0.13 __meta_nomad_dc=dc1 __meta_nomad_namespace=default \
         __meta_nomad_node_id=n1 __meta_nomad_service=redis __meta_nomad_service_address=10.0.0.13 \
         __meta_nomad_service_id={id} __meta_nomad_service_port={port} __meta_nomad_tags=,db,"
    )
}

#[test]
fn services_are_followed_by_blocking_queries() {
    let nomad = Replies::start();
    let list = r#"[{"Namespace":"default","Services":[{"ServiceName":"redis","Tags":["db"]}]}]"#;
    nomad.json_at(LIST, INDEX, 5, list);
    nomad.json_at("/v1/service/redis", INDEX, 5, &format!("[{}]", instance("first", 1)));
    let items = format!(
        "{{ server: '{}', refresh_interval: 1s, authorization: {{ credentials: t0 }} }}",
        nomad.url("")
    );
    let host = host("nomad", &items).start();
    wait_for_targets(&host, &[&shown("first", 1)]);
    let first = &nomad.requests()[0];
    assert_eq!(first.path, "/v1/services?region=global&namespace=default&stale=");
    assert_eq!(first.header("authorization"), Some("Bearer t0"));

    wait_until("the list is waited for", 60 * SECONDS, || {
        nomad.requests().iter().any(|request| request.param("index") == Some("5"))
    });
    nomad.json_at(
        "/v1/service/redis",
        INDEX,
        6,
        &format!("[{},{}]", instance("first", 1), instance("second", 2)),
    );
    nomad.json_at(LIST, INDEX, 6, list);
    wait_for_targets(&host, &[&shown("first", 1), &shown("second", 2)]);
    host.stop();
}
