//! Configurations that Prometheus refuses as well, and which requests follow from those that it takes.

use narthex_sdk::{Error, ErrorKind, Json, json::json, testing::FakeHost};

use super::{Cluster, config};
use crate::Kubernetes;

fn judged(config: &Json) -> Result<Vec<String>, Error> {
    FakeHost::new().validate::<Kubernetes>(&config.to_string())
}

#[track_caller]
fn refused(config: &Json, message: &str) {
    let error = judged(config).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Config, message), "{config}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let https = "https://localhost:1234";
    refused(
        &json!({ "role": "endpoints", "api_server": https, "namespaces": { "own_namespace": true } }),
        "namespaces.own_namespace: needs the account of a pod; it cannot be used together with api_server",
    );
    refused(
        &json!({ "role": "endpoints", "kubeconfig_file": "/k", "namespaces": { "own_namespace": true } }),
        "namespaces.own_namespace: cannot be used together with kubeconfig_file",
    );
    refused(&json!({ "api_server": https }), "missing field `role`");
    refused(
        &json!({ "role": "pod", "api_server": "ftp://x" }),
        "api_server: its scheme must be http, https, tcp or unix",
    );
    let unknown = judged(&json!({ "role": "vacation" })).unwrap_err().message;
    assert!(unknown.starts_with("role: unknown variant `vacation`, expected one of `node`"));
    let unknown = judged(&json!({ "role": "pod", "namespaces": { "foo": "bar" } })).unwrap_err();
    assert!(unknown.message.starts_with("namespaces.foo: unknown field `foo`"));
}

fn selecting(role: &str, selectors: &[(&str, &str, &str)]) -> Json {
    let selectors: Vec<Json> = selectors
        .iter()
        .map(|(role, label, field)| json!({ "role": role, "label": label, "field": field }))
        .collect();
    json!({ "role": role, "selectors": selectors })
}

#[test]
fn selectors_that_cannot_work_are_refused() {
    let of = |role| (role, "foo=bar", "metadata.status=Running");
    refused(
        &selecting("endpoints", &[of("node"), of("service"), of("endpoints")]),
        "selectors[0].role: the endpoints role supports only pod, service, endpoints selectors, not node",
    );
    refused(
        &selecting("endpointslice", &[of("endpoints")]),
        "selectors[0].role: the endpointslice role supports only pod, service, endpointslice selectors, not endpoints",
    );
    refused(
        &selecting("ingress", &[of("node")]),
        "selectors[0].role: the ingress role supports only ingress selectors, not node",
    );
    refused(
        &selecting("node", &[of("pod")]),
        "selectors[0].role: the node role supports only node selectors, not pod",
    );
    refused(
        &selecting("pod", &[of("node"), of("service")]),
        "selectors[1].role: the pod role supports only pod, node selectors, not service",
    );
    refused(
        &selecting("service", &[of("pod")]),
        "selectors[0].role: the service role supports only service selectors, not pod",
    );
    refused(
        &selecting("endpoints", &[of("pod"), of("pod")]),
        "selectors[1].role: a second selector for the role pod",
    );
    refused(
        &selecting("endpoints", &[("pod", "", "metadata.status-Running")]),
        "selectors[0].field: invalid selector \"metadata.status-Running\": \"metadata.status-Running\" is no field and value",
    );
    refused(
        &selecting("endpoints", &[("pod", "foo bar", "")]),
        "selectors[0].label: invalid selector \"foo bar\": \"bar\" is no operator and value",
    );
}

#[test]
fn what_prometheus_takes_is_taken() {
    let https = "https://localhost:1234";
    let of = |role| (role, "foo in (bar,baz)", "metadata.status=Running");
    for config in [
        json!({ "role": "endpoints" }),
        json!({ "role": "endpoints", "kubeconfig_file": "/k" }),
        // As the host fills it in from the file, and from the account of its pod.
        json!({ "role": "endpoints", "kubeconfig_file": "/k", "api_server": https }),
        json!({
            "role": "pod", "api_server": https, "own_namespace": "home",
            "namespaces": { "own_namespace": true },
        }),
        json!({ "role": "pod", "api_server": "kubernetes:443" }),
        json!({ "role": "pod", "namespaces": { "own_namespace": true, "names": ["a"] } }),
        selecting("endpoints", &[of("pod"), of("service"), of("endpoints")]),
        selecting("endpointslice", &[of("pod"), of("service"), of("endpointslice")]),
        selecting("ingress", &[of("ingress")]),
        selecting("node", &[of("node")]),
        selecting("pod", &[of("node"), of("pod")]),
        selecting("service", &[of("service")]),
    ] {
        assert_eq!(judged(&config), Ok(Vec::new()), "{config}");
    }
}

/// The paths and queries that a first call asks for.
#[track_caller]
fn asks(more: Json, expected: &[&str]) {
    let host = Cluster::new().host();
    host.refresh::<Kubernetes>(&config(more), None).unwrap();
    let requests = host.requests();
    let paths: Vec<&str> = requests
        .iter()
        .map(|request| request.url.strip_prefix("http://api").unwrap().strip_suffix("limit=500"))
        .map(|path| path.unwrap().trim_end_matches(['?', '&']))
        .collect();
    assert_eq!(paths, expected);
}

#[test]
fn each_role_asks_for_what_it_joins_and_for_its_own_kind_last() {
    asks(json!({ "role": "node", "attach_metadata": { "namespace": true } }), &["/api/v1/nodes"]);
    asks(json!({ "role": "service" }), &["/api/v1/services"]);
    asks(
        json!({ "role": "ingress", "attach_metadata": { "namespace": true, "node": true } }),
        &["/api/v1/namespaces", "/apis/networking.k8s.io/v1/ingresses"],
    );
    asks(json!({ "role": "pod", "attach_metadata": { "job": true } }), &["/api/v1/pods"]);
    asks(
        json!({ "role": "pod", "attach_metadata": super::all_attached() }),
        &[
            "/api/v1/nodes",
            "/api/v1/namespaces",
            "/apis/apps/v1/replicasets",
            "/apis/batch/v1/jobs",
            "/api/v1/pods",
        ],
    );
    asks(
        json!({ "role": "endpoints" }),
        &["/api/v1/services", "/api/v1/pods", "/api/v1/endpoints"],
    );
    asks(
        json!({ "role": "endpointslice", "namespaces": { "names": ["a", "b", "a"] } }),
        &[
            "/api/v1/namespaces/a/services",
            "/api/v1/namespaces/b/services",
            "/api/v1/namespaces/a/pods",
            "/api/v1/namespaces/b/pods",
            "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices",
            "/apis/discovery.k8s.io/v1/namespaces/b/endpointslices",
        ],
    );
}

#[test]
fn selectors_go_to_the_kinds_of_their_roles() {
    let mut config = selecting("pod", &[("pod", "a=b", "c=d"), ("node", "e in (f,g)", "")]);
    config["attach_metadata"] = json!({ "node": true, "namespace": true });
    asks(
        config,
        &[
            "/api/v1/nodes?labelSelector=e%20in%20%28f%2Cg%29",
            "/api/v1/namespaces",
            "/api/v1/pods?labelSelector=a%3Db&fieldSelector=c%3Dd",
        ],
    );
}

#[test]
fn the_own_namespace_is_what_the_host_says() {
    asks(
        json!({ "role": "pod", "namespaces": { "own_namespace": true }, "own_namespace": "home" }),
        &["/api/v1/namespaces/home/pods"],
    );
    asks(
        json!({
            "role": "pod", "own_namespace": "home",
            "namespaces": { "own_namespace": true, "names": ["a", "home"] },
        }),
        &["/api/v1/namespaces/a/pods", "/api/v1/namespaces/home/pods"],
    );
    asks(json!({ "role": "pod", "own_namespace": "home" }), &["/api/v1/pods"]);
    let unknown = config(json!({ "role": "pod", "namespaces": { "own_namespace": true } }));
    let error = Cluster::new().host().refresh::<Kubernetes>(&unknown, None).unwrap_err();
    assert_eq!(
        error.message,
        "namespaces.own_namespace: the host does not know the namespace that it runs in"
    );
}

#[test]
fn the_server_may_have_a_path_and_lack_a_scheme() {
    for (server, url) in [
        (
            "https://rancher/k8s/clusters/c-1/",
            "https://rancher/k8s/clusters/c-1/api/v1/nodes?limit=500",
        ),
        ("kubernetes:443", "http://kubernetes:443/api/v1/nodes?limit=500"),
    ] {
        let host = FakeHost::new().http_json("http", r#"{"metadata":{},"items":null}"#);
        let config = json!({ "role": "node", "api_server": server }).to_string();
        host.refresh::<Kubernetes>(&config, None).unwrap();
        assert_eq!(host.requests()[0].url, url);
    }
    let error = FakeHost::new().refresh::<Kubernetes>(r#"{"role":"node"}"#, None).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Config, "api_server: neither the operator nor the host named one")
    );
}
