//! Pages, sizes, and answers that are not as they should be.

use narthex_sdk::{
    Error, ErrorKind, Json,
    http::Response,
    json::json,
    testing::{FakeHost, answer},
};

use super::{Cluster, config, full};
use crate::Kubernetes;

const SERVICES: &str = "/api/v1/services";

fn services(count: usize) -> Vec<Json> {
    let one = |number| {
        json!({
            "metadata": { "namespace": "n", "name": format!("s{number}") },
            "spec": { "ports": [{ "port": 1, "protocol": "TCP" }] },
        })
    };
    (0..count).map(one).collect()
}

fn service_config() -> String {
    config(json!({ "role": "service" }))
}

#[test]
fn a_list_is_read_page_by_page() {
    let cluster = Cluster::new().with(SERVICES, &services(1201));
    let host = cluster.host();
    let refreshed = host.refresh::<Kubernetes>(&service_config(), None).unwrap();
    assert_eq!(full(&refreshed).len(), 1201);
    let urls: Vec<String> = host.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(
        urls,
        [
            "http://api/api/v1/services?limit=500",
            "http://api/api/v1/services?limit=500&continue=500",
            "http://api/api/v1/services?limit=500&continue=1000",
        ]
    );
}

#[test]
fn a_page_that_is_cut_begins_the_list_again_with_smaller_ones() {
    let cluster = Cluster::new().with(SERVICES, &services(300));
    let cut = Response { truncated: true, ..answer(200, &[], "{\"items\":[") };
    cluster.answer_instead("limit=500", Ok(cut.clone()));
    cluster.answer_instead("continue=250", Ok(cut.clone()));
    let refreshed = cluster.host().refresh::<Kubernetes>(&service_config(), None).unwrap();
    assert_eq!(full(&refreshed).len(), 300);

    let always = FakeHost::new().http("http://api/", move |_| Ok(cut.clone()));
    let error = always.refresh::<Kubernetes>(&service_config(), None).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Exhausted, "list services: one object is longer than an answer may be")
    );
}

#[test]
fn a_list_that_the_server_forgot_midway_begins_again_once() {
    let forgotten = || Ok(answer(410, &[], r#"{"message":"continue expired","code":410}"#));
    let cluster = Cluster::new().with(SERVICES, &services(600));
    cluster.answer_instead("continue=500", forgotten());
    let refreshed = cluster.host().refresh::<Kubernetes>(&service_config(), None).unwrap();
    assert_eq!(full(&refreshed).len(), 600);
    cluster.answer_instead("continue=500", forgotten());
    cluster.answer_instead("continue=500", forgotten());
    let error = cluster.host().refresh::<Kubernetes>(&service_config(), None).unwrap_err();
    assert_eq!(error.message, "list services: continue expired (status 410)");
}

#[test]
fn what_a_list_told_in_vain_is_taken_back() {
    let page = json!({
        "metadata": { "resourceVersion": "1", "continue": "later" },
        "items": [services(1)[0], { "metadata": { "namespace": "n", "name": "gone" }, "spec": { "ports": [{ "port": 1 }] } }],
    });
    let cluster = Cluster::new().with(SERVICES, &services(2));
    cluster.answer_instead("limit=500", Ok(answer(200, &[], &page.to_string())));
    cluster.answer_instead("continue=later", Ok(answer(410, &[], "{}")));
    let refreshed = cluster.host().refresh::<Kubernetes>(&service_config(), None).unwrap();
    let sources: Vec<&str> = full(&refreshed).iter().map(|group| group.source.as_str()).collect();
    assert_eq!(sources, ["svc/n/s0/0", "svc/n/s1/0"]);
}

#[test]
fn a_list_without_end_ends() {
    let page = r#"{"metadata":{"resourceVersion":"1","continue":"again"},"items":[]}"#;
    let host = FakeHost::new().http_json("http://api/", page);
    let error = host.refresh::<Kubernetes>(&service_config(), None).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Exhausted, "list services: more than 10000 pages")
    );
}

#[track_caller]
fn fails(given: Result<Response, Error>, kind: ErrorKind, message: &str) -> Error {
    let cluster = Cluster::new();
    cluster.answer_instead(SERVICES, given);
    let error = cluster.host().refresh::<Kubernetes>(&service_config(), None).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (kind, message));
    error
}

#[test]
fn a_bad_answer_is_an_error_of_its_kind() {
    let forbidden = r#"{"kind":"Status","status":"Failure","message":"services is forbidden: User \"x\" cannot list resource \"services\"","reason":"Forbidden","code":403}"#;
    let error = fails(
        Ok(answer(403, &[], forbidden)),
        ErrorKind::Protocol,
        "list services: services is forbidden: User \"x\" cannot list resource \"services\" (status 403)",
    );
    assert!(!error.retryable);
    let error = fails(
        Ok(answer(429, &[("retry-after", "3")], r#"{"message":"too many requests"}"#)),
        ErrorKind::RateLimited,
        "list services: too many requests (status 429)",
    );
    assert_eq!((error.retryable, error.retry_after_ms), (true, Some(3000)));
    let error = fails(
        Ok(answer(500, &[], r#"{"message":"etcdserver: leader changed"}"#)),
        ErrorKind::Unreachable,
        "list services: etcdserver: leader changed (status 500)",
    );
    assert!(error.retryable);
    fails(
        Ok(answer(401, &[], "Unauthorized")),
        ErrorKind::Protocol,
        "list services: the server answered with status 401: Unauthorized",
    );
    fails(
        Err(Error::timeout("api:443: no answer")),
        ErrorKind::Timeout,
        "list services: api:443: no answer",
    );
    let html = fails(
        Ok(answer(200, &[], "<html>")),
        ErrorKind::Protocol,
        "list services: read the answer as JSON: expected value at line 1 column 1",
    );
    assert!(!html.retryable);
    fails(
        Ok(answer(200, &[], r#"{"metadata":{},"items":[{"spec":{}}]}"#)),
        ErrorKind::Protocol,
        "list services: read the answer as JSON: an object has no name",
    );
    fails(
        Ok(answer(
            200,
            &[],
            r#"{"items":[{"metadata":{"name":"a"},"spec":{"ports":[{"port":"x"}]}}]}"#,
        )),
        ErrorKind::Protocol,
        "list services: read the answer as JSON: invalid type: string \"x\", expected i32 at line 1 column 63",
    );
}
