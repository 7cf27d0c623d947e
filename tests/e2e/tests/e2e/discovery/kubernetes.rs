//! The API of a cluster over HTTP: lists, watches, and an account that a kubeconfig names. A Prometheus finds the same
//! in it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use narthex_harness::{Host, Outgoing, Peer, SECONDS, StreamTarget, http, peer, wait_for};
use serde_json::{Value, json};

use super::shown;
use crate::prometheus::Prometheus;
use crate::support::{config, plugin};

/// The roles, and how many targets each has of the recorded objects.
const ROLES: [(&str, usize); 6] = [
    ("node", 2),
    ("pod", 5),
    ("service", 4),
    ("endpoints", 4),
    ("endpointslice", 3),
    ("ingress", 3),
];

/// Between two looks for what a watch has to tell.
const LOOK_EVERY: Duration = Duration::from_millis(1000 / LOOKS_A_SECOND);
const LOOKS_A_SECOND: u64 = 20;

const TOKEN: &str = "of-the-account";

/// Objects by the path of their list, with the version of each change.
#[derive(Debug)]
struct Objects {
    lists: BTreeMap<String, Vec<Value>>,
    /// Version, path, and the line that a watch says.
    events: Vec<(u64, String, String)>,
}

/// A cluster's API, open to one account.
struct Cluster {
    api: StreamTarget,
    objects: Arc<Mutex<Objects>>,
}

/// The first version of a list; objects have older ones.
const FIRST_VERSION: u64 = 100;

impl Objects {
    fn version(&self) -> u64 {
        self.events.last().map_or(FIRST_VERSION, |(version, ..)| *version)
    }
}

/// As the API names what a path has: the group and version, and the kind of one object.
fn kind(path: &str) -> (&'static str, &'static str) {
    match path.rsplit('/').next().unwrap_or_default() {
        "nodes" => ("v1", "Node"),
        "pods" => ("v1", "Pod"),
        "services" => ("v1", "Service"),
        "endpoints" => ("v1", "Endpoints"),
        "endpointslices" => ("discovery.k8s.io/v1", "EndpointSlice"),
        "ingresses" => ("networking.k8s.io/v1", "Ingress"),
        other => panic!("nobody asks for {other}"),
    }
}

fn refuse(out: &mut Outgoing, status: &str, body: &Value) -> io::Result<()> {
    let head = "Content-Type: application/json\r\nConnection: close";
    write!(out, "HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}")
}

fn answer(out: &mut Outgoing, objects: &Mutex<Objects>) -> io::Result<()> {
    let request = out.request().clone();
    let (path, _) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return refuse(out, "401 Unauthorized", &json!({}));
    }
    if request.param("sendInitialEvents").is_some() {
        // As a server answers that lists and watches apart.
        let status = json!({ "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "Invalid", "code": 422 });
        return refuse(out, "422 Unprocessable Entity", &status);
    }
    let lock = || objects.lock().expect("no holder panics");
    if request.param("watch").is_none_or(|watch| watch == "false") {
        let objects = lock();
        let Some(items) = objects.lists.get(path) else {
            return refuse(out, "404 Not Found", &json!({}));
        };
        let (version, kind) = kind(path);
        let metadata = json!({ "resourceVersion": objects.version().to_string() });
        let list = json!({ "apiVersion": version, "kind": format!("{kind}List"), "metadata": metadata, "items": items });
        drop(objects);
        out.head("application/json", &[])?;
        return out.write_all(list.to_string().as_bytes());
    }
    let number = |name| request.param(name).and_then(|value| value.parse::<u64>().ok());
    let since = number("resourceVersion").unwrap_or(FIRST_VERSION);
    let looks = number("timeoutSeconds").unwrap_or(60) * LOOKS_A_SECOND;
    out.head("application/json", &[])?;
    for _ in 0..looks {
        let is_news = |(version, of, _): &&(u64, String, String)| *version > since && of == path;
        let lines: Vec<String> =
            lock().events.iter().filter(is_news).map(|(.., line)| line.clone()).collect();
        if !lines.is_empty() {
            // A watch may end at any time, and what it told counts at once then.
            return out.write_all(lines.concat().as_bytes());
        }
        out.pause(LOOK_EVERY)?;
    }
    Ok(())
}

impl Cluster {
    fn start() -> Self {
        let recorded = include_str!("recorded/kubernetes.json");
        let lists = serde_json::from_str(recorded).expect("the recorded objects are JSON");
        let objects = Arc::new(Mutex::new(Objects { lists, events: Vec::new() }));
        let for_api = Arc::clone(&objects);
        Self { api: StreamTarget::start(move |out| answer(out, &for_api)), objects }
    }

    /// Puts an object, or with `is_there` false removes it.
    fn change(&self, path: &str, mut object: Value, is_there: bool) {
        let mut objects = self.objects.lock().expect("no holder panics");
        let version = objects.version() + 1;
        let (api_version, kind) = kind(path);
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        let list = objects.lists.get_mut(path).expect("a recorded list");
        let name = object["metadata"]["name"].clone();
        list.retain(|one| one["metadata"]["name"] != name);
        if is_there {
            list.push(object.clone());
        }
        let event =
            json!({ "type": if is_there { "MODIFIED" } else { "DELETED" }, "object": object });
        objects.events.push((version, path.to_owned(), format!("{event}\n")));
    }

    /// An object as it is now.
    fn object(&self, path: &str, name: &str) -> Value {
        let objects = self.objects.lock().expect("no holder panics");
        let found = objects.lists[path].iter().find(|one| one["metadata"]["name"] == name);
        found.expect("it is there").clone()
    }

    /// The file that says who may ask, with the account's token.
    fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{ name: c, cluster: {{ server: 'http://{}' }} }}]\n\
             users: [{{ name: u, user: {{ token: {TOKEN} }} }}]\n\
             contexts: [{{ name: test, context: {{ cluster: c, user: u }} }}]\n",
            self.api.address()
        )
    }
}

/// A job for each role that finds the API as `place` says; it drops all of its targets, so that none is scraped.
fn jobs(place: &str) -> String {
    let job = |(role, _): &(&str, usize)| {
        // The others have nothing to attach.
        let attach = match *role {
            "pod" | "endpoints" | "endpointslice" => ", attach_metadata: { node: true }",
            _ => "",
        };
        format!(
            "- job_name: {role}\n  kubernetes_sd_configs: [{{ role: {role}, {place}{attach} }}]\n  \
             relabel_configs: [{{ action: drop, source_labels: [job], regex: .* }}]\n"
        )
    };
    format!("scrape_configs:\n{}", ROLES.iter().map(job).collect::<String>())
}

/// What was found, by job.
fn found(answer: &Value) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let dropped = answer["data"]["droppedTargets"].as_array();
    for target in dropped.into_iter().flatten() {
        let job = target["discoveredLabels"]["job"].as_str().unwrap_or_default();
        found.entry(job.to_owned()).or_default().push(shown(target));
    }
    found.values_mut().for_each(|targets| targets.sort());
    found
}

fn start(cluster: &Cluster, jobs: &str) -> Host {
    Host::with_config(&config(jobs))
        .file("kubeconfig", cluster.kubeconfig())
        .copy("plugins/kubernetes.wasm", &plugin("kubernetes"))
        .start()
}

/// Waits until a server has found so many targets by role.
#[track_caller]
fn wait_for_counts(
    what: &str,
    targets: impl Fn() -> Value,
    counts: &[(&str, usize)],
) -> BTreeMap<String, Vec<String>> {
    wait_for(what, 60 * SECONDS, || {
        let found = found(&targets());
        let has_all = counts
            .iter()
            .all(|(role, count)| found.get(*role).is_some_and(|own| own.len() == *count));
        if has_all { Ok(found) } else { Err(format!("{found:#?}")) }
    })
}

#[test]
fn a_cluster_is_followed_with_the_account_of_a_kubeconfig() {
    let cluster = Cluster::start();
    let host = start(&cluster, &jobs("kubeconfig_file: kubeconfig"));
    let targets = || host.json("/api/v1/targets?state=dropped");
    wait_for_counts("all is found", targets, &ROLES);

    let mut pod = cluster.object("/api/v1/pods", "web-2");
    pod["status"]["phase"] = json!("Running");
    cluster.change("/api/v1/pods", pod, true);
    let is_running =
        |line: &String| line.contains("pod_name=web-2") && line.contains("pod_phase=Running");
    wait_for("a pod's new phase is known of it and its endpoints", 30 * SECONDS, || {
        let found = found(&targets());
        let has = |role: &str| found.get(role).is_some_and(|own| own.iter().any(is_running));
        if has("pod") && has("endpoints") { Ok(()) } else { Err(format!("{found:#?}")) }
    });
    cluster.change("/api/v1/nodes", cluster.object("/api/v1/nodes", "worker-2"), false);
    wait_for_counts("a node that is gone is no target", targets, &[("node", 1), ("pod", 5)]);
    host.stop();
}

#[test]
fn a_prometheus_finds_the_same_in_a_cluster() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let cluster = Cluster::start();
    // The peer takes no account from a kubeconfig to a server without TLS.
    let jobs = jobs(&format!(
        "api_server: 'http://{}', authorization: {{ credentials: {TOKEN} }}",
        cluster.api.address()
    ));
    let host = start(&cluster, &jobs);
    let theirs = Prometheus::start(&program, &jobs, &[]);
    let url = format!("http://{}/api/v1/targets", theirs.address());
    let targets = || http::get(&url).json();
    let theirs = wait_for_counts("Prometheus finds all", targets, &ROLES);
    let ours =
        wait_for_counts("we find all", || host.json("/api/v1/targets?state=dropped"), &ROLES);
    for (role, _) in ROLES {
        assert_eq!(ours[role], theirs[role], "{role}");
    }
    host.stop();
}
