//! A cluster that answers as the API does, and the roles against it.

mod bounds;
mod configuration;
mod endpoints;
mod endpointslice;
mod follow;
mod ingress;
mod node;
mod pod;
mod service;

use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, rc::Rc};

use narthex_sdk::{
    Change, Error, Json, Refreshed, TargetGroup,
    http::{Request, Response},
    json::json,
    testing::{FakeHost, answer},
};

use crate::Kubernetes;

/// Objects by path, and what the next watch of a path tells.
#[derive(Clone, Default)]
struct Cluster(Rc<RefCell<Objects>>);

#[derive(Default)]
struct Objects {
    lists: BTreeMap<String, Vec<Json>>,
    events: BTreeMap<String, String>,
    /// Answers that come before any other, by a part of their URL.
    instead: Vec<(String, Result<Response, Error>)>,
    /// Pages are never longer than this.
    page_max: usize,
}

impl Cluster {
    fn new() -> Self {
        let cluster = Self::default();
        cluster.0.borrow_mut().page_max = usize::MAX;
        cluster
    }

    /// Adds objects to a list.
    fn with(self, path: &str, objects: &[Json]) -> Self {
        let mut inner = self.0.borrow_mut();
        inner.lists.entry(path.into()).or_default().extend(objects.iter().cloned());
        drop(inner);
        self
    }

    /// Replaces a list.
    fn set(&self, path: &str, objects: &[Json]) {
        self.0.borrow_mut().lists.insert(path.into(), objects.to_vec());
    }

    /// Has the next watch of a path tell of an object.
    fn tell(&self, path: &str, kind: &str, object: &Json) {
        let mut inner = self.0.borrow_mut();
        let events = inner.events.entry(path.into()).or_default();
        writeln!(events, "{}", json!({ "type": kind, "object": object })).unwrap();
    }

    /// Has the next request whose URL holds a text answered otherwise.
    fn answer_instead(&self, part: &str, answer: Result<Response, Error>) {
        self.0.borrow_mut().instead.push((part.into(), answer));
    }

    fn host(&self) -> FakeHost {
        let cluster = self.clone();
        FakeHost::new().http("http://api/", move |request| cluster.respond(request))
    }

    fn respond(&self, request: &Request) -> Result<Response, Error> {
        let mut inner = self.0.borrow_mut();
        if let Some(place) = inner.instead.iter().position(|(part, _)| request.url.contains(part)) {
            return inner.instead.remove(place).1;
        }
        let (path, query) =
            request.url.strip_prefix("http://api").unwrap().split_once('?').unwrap();
        let query: BTreeMap<&str, &str> =
            query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        if query.contains_key("watch") {
            return Ok(answer(200, &[], &inner.events.remove(path).unwrap_or_default()));
        }
        let objects = inner.lists.get(path).cloned().unwrap_or_default();
        let from: usize = query.get("continue").map_or(0, |from| from.parse().unwrap());
        let limit = query["limit"].parse::<usize>().unwrap().min(inner.page_max);
        let to = objects.len().min(from.saturating_add(limit));
        let next = if to < objects.len() { to.to_string() } else { String::new() };
        let page = json!({
            "kind": "List",
            "metadata": { "resourceVersion": "100", "continue": next },
            "items": objects[from..to],
        });
        Ok(answer(200, &[("content-type", "application/json")], &page.to_string()))
    }
}

/// A configuration with the API's address.
fn config(more: Json) -> String {
    let mut config = more;
    config["api_server"] = json!("http://api");
    config.to_string()
}

/// Each group as its source, its address, and its labels without what they all begin with; others after `!`.
fn shown(groups: &[TargetGroup]) -> Vec<Vec<String>> {
    let label = |name: &str| match name.strip_prefix("__meta_kubernetes_") {
        Some(name) => name.to_owned(),
        None => format!("!{name}"),
    };
    groups
        .iter()
        .map(|group| {
            let [address] = group.targets.as_slice() else { panic!("one target a group") };
            let labels = group.labels.iter();
            let labels = labels.map(|l| format!("{}={}", label(&l.name), l.value));
            [format!("{} {address}", group.source)].into_iter().chain(labels).collect()
        })
        .collect()
}

#[track_caller]
fn full(refreshed: &Refreshed) -> &[TargetGroup] {
    let Change::Full(groups) = &refreshed.change else { panic!("not full: {refreshed:?}") };
    groups
}

/// The groups of a first answer.
#[track_caller]
fn found(cluster: &Cluster, more: Json) -> Vec<Vec<String>> {
    let refreshed = cluster.host().refresh::<Kubernetes>(&config(more), None).unwrap();
    shown(full(&refreshed))
}

/// The first lines of the groups of a first answer: source and address.
#[track_caller]
fn addresses(cluster: &Cluster, more: Json) -> Vec<String> {
    found(cluster, more).into_iter().map(|group| group[0].clone()).collect()
}

/// The labels of a group by a part of their names.
fn labels<'a>(group: &'a [String], part: &str) -> Vec<&'a str> {
    group[1..].iter().map(String::as_str).filter(|label| label.contains(part)).collect()
}

/// A pod as the API shows it, much shortened.
fn web_pod() -> Json {
    json!({
        "metadata": {
            "name": "web-1", "namespace": "shop", "uid": "0b7c", "resourceVersion": "41",
            "labels": { "app.kubernetes.io/name": "web" },
            "annotations": { "prometheus.io/scrape": "true" },
            "ownerReferences": [
                { "kind": "Other", "name": "other" },
                { "kind": "ReplicaSet", "name": "web-7f", "controller": true, "apiVersion": "apps/v1" },
            ],
            "managedFields": [{ "manager": "kubelet" }],
        },
        "spec": {
            "nodeName": "worker-1",
            "initContainers": [{ "name": "init", "image": "init:1", "ports": null }],
            "containers": [
                {
                    "name": "web", "image": "web:2",
                    "ports": [
                        { "name": "http", "containerPort": 8080, "protocol": "TCP" },
                        { "containerPort": 9090, "protocol": "UDP" },
                    ],
                },
                { "name": "sidecar", "image": "sidecar:3" },
            ],
        },
        "status": {
            "phase": "Running", "podIP": "10.1.0.7", "hostIP": "10.0.0.1",
            "conditions": [{ "type": "PodScheduled", "status": "True" }, { "type": "Ready", "status": "True" }],
            "containerStatuses": [{ "name": "web", "containerID": "containerd://aa" }],
            "initContainerStatuses": [{ "name": "init", "containerID": "containerd://bb" }],
        },
    })
}

fn web_service() -> Json {
    json!({
        "metadata": {
            "name": "web", "namespace": "shop", "resourceVersion": "42",
            "labels": { "team": "a" }, "annotations": { "note": "x" },
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": "10.96.0.9",
            "ports": [{ "name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080 }],
        },
        "status": { "loadBalancer": {} },
    })
}

/// A node, a namespace, a replica set and a job: what can be attached.
fn with_attachments(cluster: Cluster) -> Cluster {
    cluster
        .with("/api/v1/nodes", &[json!({
            "metadata": { "name": "worker-1", "labels": { "zone": "z1" }, "annotations": { "rack": "r1" } },
        })])
        .with("/api/v1/namespaces", &[json!({
            "metadata": { "name": "shop", "labels": { "tier": "gold" }, "annotations": { "owner": "o" } },
        })])
        .with("/apis/apps/v1/replicasets", &[json!({
            "metadata": {
                "name": "web-7f", "namespace": "shop",
                "ownerReferences": [{ "kind": "Deployment", "name": "web-deployment", "controller": true }],
            },
        })])
        .with("/apis/batch/v1/jobs", &[json!({
            "metadata": {
                "name": "backup-1", "namespace": "shop",
                "ownerReferences": [{ "kind": "CronJob", "name": "backup", "controller": true }],
            },
        })])
}

const ALL_ATTACHED: &str =
    r#"{"node": true, "namespace": true, "deployment": true, "job": true, "cronjob": true}"#;

fn all_attached() -> Json {
    narthex_sdk::json::from_str(ALL_ATTACHED).unwrap()
}

/// Labels of all targets that belong to the service and to the pod, with the deployment attached.
const OF_WEB_SERVICE: [&str; 5] = [
    "service_annotation_note=x",
    "service_annotationpresent_note=true",
    "service_label_team=a",
    "service_labelpresent_team=true",
    "service_name=web",
];
const OF_WEB_POD: [&str; 17] = [
    "pod_annotation_prometheus_io_scrape=true",
    "pod_annotationpresent_prometheus_io_scrape=true",
    "pod_container_image=web:2",
    "pod_container_init=false",
    "pod_container_name=web",
    "pod_controller_kind=ReplicaSet",
    "pod_controller_name=web-7f",
    "pod_deployment_name=web-deployment",
    "pod_host_ip=10.0.0.1",
    "pod_ip=10.1.0.7",
    "pod_label_app_kubernetes_io_name=web",
    "pod_labelpresent_app_kubernetes_io_name=true",
    "pod_name=web-1",
    "pod_node_name=worker-1",
    "pod_phase=Running",
    "pod_ready=true",
    "pod_uid=0b7c",
];

/// The first line, and the others sorted.
fn sorted(first: &str, parts: &[&[&str]]) -> Vec<String> {
    let mut lines: Vec<String> = parts.concat().into_iter().map(str::to_owned).collect();
    lines.sort();
    lines.insert(0, first.to_owned());
    lines
}
