//! Watches: what changed, what it changes, and what happens when the thread is lost.

use narthex_sdk::{
    Change, ErrorKind, Json, Refreshed, TargetGroup,
    http::Response,
    json::json,
    testing::{FakeHost, answer},
};

use super::{Cluster, config, full, labels, shown, web_pod, web_service, with_attachments};
use crate::Kubernetes;

const PODS: &str = "/api/v1/pods";
const SERVICES: &str = "/api/v1/services";
const NODES: &str = "/api/v1/nodes";
const NAMESPACES: &str = "/api/v1/namespaces";
const REPLICA_SETS: &str = "/apis/apps/v1/replicasets";
const SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";

/// When the fake host's clock shows.
const NOW_MS: i64 = 1_767_225_600_000;

/// A discovery that goes on from answer to answer, as the host has it.
struct Following {
    cluster: Cluster,
    host: FakeHost,
    config: String,
    last: Refreshed,
}

impl Following {
    fn new(cluster: Cluster, more: Json) -> Self {
        let (host, config) = (cluster.host(), config(more));
        let last = host.refresh::<Kubernetes>(&config, None).unwrap();
        Self { cluster, host, config, last }
    }

    fn cursor(&self) -> Option<&str> {
        self.last.cursor.as_deref()
    }

    #[track_caller]
    fn next(&mut self) -> Change {
        let next = self.host.refresh::<Kubernetes>(&self.config, self.cursor()).unwrap();
        self.last = next.clone();
        next.change
    }

    /// Sources of what is new or other, and of what is gone.
    #[track_caller]
    fn delta(&mut self) -> (Vec<String>, Vec<String>) {
        let change = self.next();
        let Change::Delta(delta) = change else { panic!("not a delta: {change:?}") };
        let source = |group: TargetGroup| group.source;
        (delta.upsert.into_iter().map(source).collect(), delta.remove)
    }

    #[track_caller]
    fn upserted(&mut self) -> Vec<Vec<String>> {
        let change = self.next();
        let Change::Delta(delta) = change else { panic!("not a delta: {change:?}") };
        shown(&delta.upsert)
    }

    /// The keys in the plugin's store that begin with a text.
    fn keys(&self, prefix: &str) -> Vec<String> {
        self.host.run(|| narthex_sdk::kv::keys(prefix, 10_000)).unwrap()
    }
}

#[test]
fn a_watch_goes_on_from_the_version_of_the_list_and_of_the_last_event() {
    let cluster = Cluster::new().with(SERVICES, &[web_service()]);
    let mut following = Following::new(cluster, json!({ "role": "service" }));
    assert_eq!(following.last.next_in_ms, Some(0));
    assert_eq!(following.next(), Change::Unchanged);
    let bookmark = json!({ "kind": "Service", "metadata": { "resourceVersion": "150" } });
    following.cluster.tell(SERVICES, "BOOKMARK", &bookmark);
    assert_eq!(following.next(), Change::Unchanged);
    // The fake host's watches end at once, which the next call waits for.
    assert_eq!(following.last.next_in_ms, Some(1000));
    following.next();
    let urls: Vec<String> =
        following.host.requests().into_iter().skip(1).map(|request| request.url).collect();
    let watch = |version| {
        format!(
            "http://api/api/v1/services?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds=1"
        )
    };
    assert_eq!(urls, [watch(100), watch(100), watch(150)]);
}

#[test]
fn objects_come_change_and_go() {
    let mut following = Following::new(Cluster::new(), json!({ "role": "service" }));
    assert_eq!(full(&following.last).len(), 0);
    let mut service = web_service();
    service["spec"]["ports"] = json!([{ "port": 1 }, { "port": 2 }, { "port": 3 }]);
    following.cluster.tell(SERVICES, "ADDED", &service);
    let sources = ["svc/shop/web/0", "svc/shop/web/1", "svc/shop/web/2"].map(str::to_owned);
    assert_eq!(following.delta(), (sources.to_vec(), Vec::new()));

    following.cluster.tell(SERVICES, "MODIFIED", &service);
    assert_eq!(following.next(), Change::Unchanged, "no label has changed");

    service["spec"]["ports"][1]["name"] = json!("x");
    following.cluster.tell(SERVICES, "MODIFIED", &service);
    assert_eq!(following.delta(), (sources[1..2].to_vec(), Vec::new()), "the others are the same");

    service["spec"]["ports"] = json!([{ "port": 2 }]);
    following.cluster.tell(SERVICES, "MODIFIED", &service);
    assert_eq!(following.delta(), (sources[..1].to_vec(), sources[1..].to_vec()));

    following.cluster.tell(SERVICES, "DELETED", &service);
    assert_eq!(following.delta(), (Vec::new(), sources[..1].to_vec()));
    following.cluster.tell(SERVICES, "DELETED", &service);
    assert_eq!(following.next(), Change::Unchanged);
}

#[test]
fn of_an_object_that_changed_twice_the_last_state_counts() {
    let mut following = Following::new(Cluster::new(), json!({ "role": "pod" }));
    following.cluster.tell(PODS, "ADDED", &web_pod());
    following.cluster.tell(PODS, "DELETED", &web_pod());
    assert_eq!(following.next(), Change::Unchanged);
    let mut pod = web_pod();
    pod["status"] = json!({ "phase": "Pending" });
    following.cluster.tell(PODS, "ADDED", &pod);
    assert_eq!(following.next(), Change::Unchanged, "it has no address yet");
    following.cluster.tell(PODS, "MODIFIED", &web_pod());
    assert_eq!(following.delta().0.len(), 4);
}

fn with_name(mut object: Json, name: &str) -> Json {
    object["metadata"]["name"] = json!(name);
    object
}

fn slice() -> Json {
    json!({
        "metadata": {
            "name": "web-x", "namespace": "shop",
            "labels": { "kubernetes.io/service-name": "web" },
        },
        "addressType": "IPv4",
        "endpoints": [{
            "addresses": ["10.1.0.7"], "nodeName": "worker-1",
            "targetRef": { "kind": "Pod", "namespace": "shop", "name": "web-1" },
        }],
        "ports": [{ "port": 8080 }],
    })
}

/// A slice with everything that can be joined.
fn following_slices() -> Following {
    let cluster = with_attachments(Cluster::new())
        .with(SLICES, &[slice()])
        .with(SERVICES, &[web_service()])
        .with(PODS, &[web_pod()]);
    let attach = json!({ "node": true, "namespace": true, "deployment": true });
    Following::new(cluster, json!({ "role": "endpointslice", "attach_metadata": attach }))
}

#[test]
fn a_change_of_anything_that_is_joined_makes_the_targets_anew() {
    let mut following = following_slices();
    let mut pod = web_pod();
    pod["status"]["phase"] = json!("Failed");
    following.cluster.tell(PODS, "MODIFIED", &pod);
    assert_eq!(labels(&following.upserted()[0], "pod_phase"), ["pod_phase=Failed"]);

    let mut service = web_service();
    service["metadata"]["labels"] = json!({ "team": "b" });
    following.cluster.tell(SERVICES, "MODIFIED", &service);
    assert_eq!(labels(&following.upserted()[0], "service_label_"), ["service_label_team=b"]);

    let node = json!({ "metadata": { "name": "worker-1", "labels": { "zone": "z2" } } });
    following.cluster.tell(NODES, "MODIFIED", &node);
    assert_eq!(labels(&following.upserted()[0], "node_label_"), ["node_label_zone=z2"]);

    following.cluster.tell(NAMESPACES, "MODIFIED", &json!({ "metadata": { "name": "shop" } }));
    assert_eq!(labels(&following.upserted()[0], "namespace_"), [""; 0]);

    let owner = json!({ "metadata": { "namespace": "shop", "name": "web-7f" } });
    following.cluster.tell(REPLICA_SETS, "DELETED", &owner);
    assert_eq!(labels(&following.upserted()[0], "deployment"), [""; 0]);

    following.cluster.tell(PODS, "DELETED", &pod);
    let (upserted, removed) = following.delta();
    assert_eq!(upserted, ["endpointslice/shop/web-x/0"]);
    assert_eq!(removed, ["endpointslice/shop/web-x/1"], "the port that only the pod told of");

    // What was looked up in vain counts as well.
    following.cluster.tell(PODS, "ADDED", &web_pod());
    assert_eq!(following.delta().0.len(), 2);

    following.cluster.tell(SLICES, "DELETED", &slice());
    assert_eq!(following.delta().1.len(), 2);
}

#[test]
fn a_change_that_no_label_tells_of_changes_nothing() {
    let mut following = following_slices();
    let header = following.keys("h/").remove(0);
    let kept = following.host.kv(&header);
    let mut pod = web_pod();
    pod["metadata"]["resourceVersion"] = json!("300");
    pod["status"]["containerStatuses"] =
        json!([{ "name": "web", "restartCount": 7, "containerID": "containerd://cc" }]);
    pod["status"]["conditions"][0]["lastProbeTime"] = json!("2026-01-01T00:00:00Z");
    following.cluster.tell(PODS, "MODIFIED", &pod);
    let node = json!({
        "metadata": { "name": "worker-1", "labels": { "zone": "z1" }, "annotations": { "rack": "r1" } },
        "status": { "conditions": [{ "type": "Ready", "status": "False" }] },
    });
    following.cluster.tell(NODES, "MODIFIED", &node);
    // Nothing is known of it.
    pod["metadata"]["namespace"] = json!("other");
    following.cluster.tell(PODS, "DELETED", &pod);
    assert_eq!(following.next(), Change::Unchanged);
    assert_eq!(following.host.kv(&header), kept, "nothing was written");
}

#[test]
fn pods_whose_node_appears_or_vanishes_follow_it() {
    let cluster = Cluster::new().with(PODS, &[web_pod()]);
    let role = json!({ "role": "pod", "attach_metadata": { "node": true } });
    let mut following = Following::new(cluster, role);
    assert_eq!(full(&following.last).len(), 0);
    let node = json!({ "metadata": { "name": "worker-1" } });
    following.cluster.tell(NODES, "ADDED", &node);
    assert_eq!(following.delta().0.len(), 4);
    following.cluster.tell(NODES, "DELETED", &node);
    assert_eq!(following.delta().1.len(), 4);
}

#[test]
fn a_version_that_the_server_forgot_lists_everything_again() {
    let mut following = following_slices();
    let records = following.keys("r/").len();
    let told = json!({ "kind": "Status", "code": 410, "reason": "Expired", "message": "too old" });
    following.cluster.tell(PODS, "ERROR", &told);
    assert_eq!(following.next(), Change::Unchanged, "the host has what there is");
    assert_eq!(following.last.next_in_ms, Some(5000));
    assert_eq!(following.keys("h/").len(), 2, "the answer may get lost");
    assert_eq!(following.next(), Change::Unchanged);
    assert_eq!((following.keys("h/").len(), following.keys("r/").len()), (1, records));

    // Meanwhile a slice came, one went, and one has another service.
    let mut other = with_name(slice(), "web-y");
    following.cluster.set(SLICES, &[other.clone()]);
    following.cluster.answer_instead("watch=true", Ok(answer(410, &[], "{}")));
    let new = ["endpointslice/shop/web-y/0", "endpointslice/shop/web-y/1"].map(str::to_owned);
    let gone = ["endpointslice/shop/web-x/0", "endpointslice/shop/web-x/1"].map(str::to_owned);
    assert_eq!(following.delta(), (new.to_vec(), gone.to_vec()));
    other["metadata"]["labels"] = json!({});
    following.cluster.set(SLICES, &[other]);
    following.cluster.answer_instead("watch=true", Ok(answer(410, &[], "{}")));
    assert_eq!(following.delta(), (new.to_vec(), Vec::new()));
}

#[test]
fn a_failed_watch_is_an_error_and_loses_nothing() {
    let mut following = following_slices();
    let fails = |following: &Following, given: Response| {
        following.cluster.answer_instead("pods?watch=true", Ok(given));
        following.host.refresh::<Kubernetes>(&following.config, following.cursor()).unwrap_err()
    };
    let mut service = web_service();
    service["metadata"]["labels"] = json!({ "team": "b" });
    following.cluster.tell("/api/v1/services", "MODIFIED", &service);
    let events = following.cluster.0.borrow().events.clone();

    let error = fails(&following, answer(503, &[], r#"{"message":"overloaded"}"#));
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Unreachable, "watch pods: overloaded (status 503)")
    );
    let line = |object: Json| answer(200, &[], &object.to_string());
    let told = json!({ "type": "ERROR", "object": { "code": 500, "message": "etcd is away" } });
    let error = fails(&following, line(told));
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Unreachable, "watch pods: etcd is away")
    );
    let error = fails(&following, line(json!({ "type": "NEW", "object": {} })));
    assert_eq!(error.kind, ErrorKind::Protocol);
    let why = "watch pods: read the answer as JSON: unknown variant `NEW`";
    assert!(error.message.starts_with(why), "{error:?}");

    // The other watches told of something each time, and tell it again, as their versions are the old ones.
    following.cluster.0.borrow_mut().events = events;
    assert_eq!(labels(&following.upserted()[0], "service_label_"), ["service_label_team=b"]);
}

#[test]
fn an_answer_that_is_cut_is_taken_up_to_its_last_whole_event() {
    let mut following = Following::new(Cluster::new(), json!({ "role": "service" }));
    let mut service = web_service();
    service["metadata"]["resourceVersion"] = json!("170");
    let event = json!({ "type": "ADDED", "object": service });
    let body = format!("{event}\n{{\"type\":\"ADDED\",\"object\":{{\"metadata\":{{\"name");
    let cut = |body: &str| Ok(Response { truncated: true, ..answer(200, &[], body) });
    following.cluster.answer_instead("watch=true", cut(&body));
    assert_eq!(following.delta().0, ["svc/shop/web/0"]);
    assert_eq!(following.last.next_in_ms, Some(0), "more is waiting");
    assert_eq!(following.next(), Change::Unchanged);
    assert!(following.host.requests().last().unwrap().url.contains("resourceVersion=170&"));

    following.cluster.answer_instead("watch=true", cut("{\"type\":"));
    let refreshed = following.host.refresh::<Kubernetes>(&following.config, following.cursor());
    let error = refreshed.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Exhausted, "watch services: one event is longer than an answer may be")
    );
}

#[test]
fn what_was_in_an_answer_that_got_lost_is_told_again() {
    let mut following = following_slices();
    let cursor = following.last.cursor.clone();
    following.cluster.tell(PODS, "DELETED", &web_pod());
    let lost = following.delta();
    assert_eq!((lost.0.len(), lost.1.len()), (1, 1));
    following.last.cursor = cursor.clone();
    assert_eq!(following.delta(), lost);
    assert_eq!(following.next(), Change::Unchanged);
    // Lost twice in a row: once for what came, once for what went.
    following.cluster.tell(SLICES, "ADDED", &with_name(slice(), "web-z"));
    let before = following.last.cursor.clone();
    assert_eq!(following.delta().0.len(), 1);
    following.last.cursor.clone_from(&before);
    assert_eq!(following.delta().0, ["endpointslice/shop/web-z/0"]);
    following.cluster.tell(SLICES, "DELETED", &with_name(slice(), "web-z"));
    let before = following.last.cursor.clone();
    let lost = following.delta();
    following.last.cursor = before;
    assert_eq!(following.delta(), lost);
    // A cursor that is older than that is of no use.
    following.last.cursor = cursor;
    assert!(matches!(following.next(), Change::Full(_)));
}

#[test]
fn a_cursor_that_cannot_be_used_leads_to_a_new_list() {
    let mut following = following_slices();
    following.last.cursor = Some("7".into());
    assert!(matches!(following.next(), Change::Full(_)));
    following.config = config(json!({ "role": "endpointslice" }));
    assert!(matches!(following.next(), Change::Full(_)));
}

#[test]
fn states_that_nobody_uses_are_removed() {
    let mut following = following_slices();
    let records = following.keys("r/").len();
    assert!(records > 3);
    let at = |following: &Following, after_ms: i64, cursor: Option<&str>| {
        let host = following.host.clone().now_ms(NOW_MS + after_ms);
        host.refresh::<Kubernetes>(&following.config, cursor).unwrap()
    };
    let kept = |following: &Following| (following.keys("h/").len(), following.keys("r/").len());
    // A new process does not know whose the state is, until nobody has used it for three minutes.
    following.last = at(&following, 179_999, None);
    assert_eq!(kept(&following), (2, 2 * records));
    following.last = at(&following, 180_000, None);
    assert_eq!(kept(&following), (2, 2 * records), "the first is gone, the second young");
    // A state that is in use looks for others every five minutes.
    following.last = at(&following, 479_999, following.cursor());
    assert_eq!(kept(&following), (2, 2 * records));
    following.last = at(&following, 480_000, following.cursor());
    assert_eq!(kept(&following), (1, records));
    assert_eq!(following.last.change, Change::Unchanged);
}

#[test]
fn the_state_of_another_configuration_outlives_the_pauses_of_the_host() {
    let mut following = following_slices();
    let slices = following.last.cursor.clone();
    let minutes = |following: &Following, minutes: i64, config: &str, cursor: Option<&str>| {
        let host = following.host.clone().now_ms(NOW_MS + minutes * 60_000);
        host.refresh::<Kubernetes>(config, cursor).unwrap()
    };
    let nodes = config(json!({ "role": "node" }));
    following.last = minutes(&following, 119, &nodes, None);
    following.last = minutes(&following, 119, &following.config, slices.as_deref());
    assert_eq!(following.last.change, Change::Unchanged);
    minutes(&following, 240, &nodes, None);
    assert_eq!(following.keys("h/").len(), 1);
}

/// A service whose targets take this many bytes each.
fn large_service(number: usize, bytes: usize, ports: usize) -> Json {
    let ports: Vec<Json> = (1..=ports).map(|port| json!({ "port": port })).collect();
    json!({
        "metadata": {
            "namespace": "n", "name": format!("s{number:03}"), "annotations": { "a": "x".repeat(bytes) },
        },
        "spec": { "ports": ports },
    })
}

#[test]
fn an_object_that_cannot_be_kept_costs_the_others_nothing() {
    let cluster =
        Cluster::new().with(SERVICES, &[large_service(1, 10, 1), large_service(2, 1 << 20, 1)]);
    let following = Following::new(cluster, json!({ "role": "service" }));
    let sources: Vec<&str> =
        full(&following.last).iter().map(|group| group.source.as_str()).collect();
    assert_eq!(sources, ["svc/n/s001/0"]);
}

#[test]
fn what_does_not_fit_into_one_answer_is_told_by_the_next() {
    let bytes = (1 << 20) - 1000;
    let services: Vec<Json> = (0..30).map(|number| large_service(number, bytes, 1)).collect();
    let cluster = Cluster::new().with(SERVICES, &services);
    let mut following = Following::new(cluster, json!({ "role": "service" }));
    let mut sources: Vec<String> =
        full(&following.last).iter().map(|group| group.source.clone()).collect();
    assert_eq!(sources.len(), 13);
    assert_eq!((following.last.next_in_ms, following.last.more), (Some(0), true));
    // An answer that is lost midway is told again.
    let cursor = following.last.cursor.clone();
    let lost = following.delta();
    following.last.cursor = cursor;
    let again = following.delta();
    assert_eq!(again, lost);
    sources.extend(again.0);
    assert_eq!((following.last.next_in_ms, following.last.more), (Some(0), true));
    sources.extend(following.delta().0);
    assert!(!following.last.more);
    let expected: Vec<String> = (0..30).map(|number| format!("svc/n/s{number:03}/0")).collect();
    assert_eq!(sources, expected);
    assert_eq!(following.host.requests().len(), 1, "no watch until all is told");
    assert_eq!(following.next(), Change::Unchanged);
    assert_eq!(following.host.requests().len(), 2);

    // When the state is gone the host, which has all of them, must not take the first part for the whole.
    following.last.cursor = Some("7".into());
    assert!(matches!(following.next(), Change::Full(groups) if groups.len() == 13));
    assert!(following.last.more);
}

#[test]
fn an_object_that_does_not_fit_into_one_answer_is_told_in_parts() {
    let mut following = Following::new(Cluster::new(), json!({ "role": "service" }));
    following.cluster.tell(SERVICES, "ADDED", &large_service(1, 1 << 19, 60));
    let mut told = Vec::new();
    for count in [24, 24, 12] {
        let (upserted, removed) = following.delta();
        assert_eq!((upserted.len(), removed.len()), (count, 0));
        told.extend(upserted);
    }
    let expected: Vec<String> = (0..60).map(|place| format!("svc/n/s001/{place}")).collect();
    assert_eq!(told, expected);
    assert_eq!(following.next(), Change::Unchanged);
    following.cluster.tell(SERVICES, "MODIFIED", &large_service(1, 1, 2));
    let (upserted, removed) = following.delta();
    assert_eq!((upserted.len(), removed.len()), (2, 58));
}

#[test]
fn many_streams_take_turns() {
    let names: Vec<String> = (0..40).map(|number| format!("n{number}")).collect();
    let role = json!({ "role": "service", "namespaces": { "names": names } });
    let mut following = Following::new(Cluster::new(), role);
    let mut watched = Vec::new();
    for _ in 0..5 {
        let before = following.host.requests().len();
        following.next();
        let requests = following.host.requests();
        watched.extend(requests[before..].iter().map(|request| request.url.clone()));
        assert_eq!(requests.len() - before, 16);
    }
    for name in &names {
        let of_name = format!("/namespaces/{name}/");
        assert_eq!(watched.iter().filter(|url| url.contains(&of_name)).count(), 2, "{name}");
    }
    // With ten seconds all of them have three each.
    let host = following.host.clone().deadline_ms(60_000);
    let before = host.requests().len();
    host.refresh_waiting::<Kubernetes>(&following.config, following.cursor(), 10_000).unwrap();
    let requests = host.requests();
    assert_eq!(requests.len() - before, 40);
    assert!(requests[before..].iter().all(|request| request.url.contains("timeoutSeconds=3")));
    assert_eq!(requests[before].timeout_ms, Some(13_000));
}
