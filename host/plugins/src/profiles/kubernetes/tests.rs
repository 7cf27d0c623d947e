use std::sync::Arc;

use narthex_client::ClientOptions;
use narthex_platform::{Disk, SimulatedDisk};
use narthex_settings::error_chain;
use serde_json::json;

use super::super::Environment;
use super::*;

fn machine(files: &[(&str, &str)], variables: &'static [(&str, &str)]) -> Machine {
    let disk = SimulatedDisk::new(1);
    for (path, text) in files {
        let path = Utf8Path::new(path);
        disk.create_folder(path.parent().unwrap()).unwrap();
        disk.create(path).unwrap().append(text.as_bytes()).unwrap();
    }
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let client = ClientOptions { disk: Arc::new(disk), ..ClientOptions::default() };
    Machine { environment: Environment::new(variable), client }
}

/// What is found, in short: the configuration, and the client's.
#[track_caller]
fn found(mut config: Value, machine: &Machine) -> (Value, String) {
    match find(&mut config, None, machine).unwrap() {
        Found::Server(http) => (config, format!("{http:?}")),
        Found::Nothing(nothing) => (config, error_chain(&nothing)),
    }
}

const KUBECONFIG: &str = "
apiVersion: v1
kind: Config
current-context: ours
contexts:
- {name: other, context: {cluster: c, user: nobody}}
- {name: ours, context: {cluster: c, user: u, namespace: n}}
clusters:
- name: c
  cluster: {server: 'https://k8s.example:6443', certificate-authority-data: Q0E=, tls-server-name: inner}
users:
- name: u
  user: {client-certificate: u.crt, client-key: /k/u.key, token: hunter2, tokenFile: token}
";

#[test]
fn a_kubeconfig_says_where_and_how() {
    let machine = machine(&[("/k/config", KUBECONFIG)], &[]);
    let (config, http) = found(json!({ "kubeconfig_file": "/k/config" }), &machine);
    assert_eq!(config["api_server"], "https://k8s.example:6443");
    for part in ["/k/u.crt", "/k/u.key", "\"/k/token\"", "Some(\"CA\")", "inner"] {
        assert!(http.contains(part), "{http} has no {part}");
    }
    assert!(!http.contains("hunter2"));
}

#[test]
fn a_kubeconfig_that_says_it_not_is_told_as_such() {
    let told = |text: &str| {
        let machine = machine(&[("/k/config", text)], &[]);
        found(json!({ "kubeconfig_file": "/k/config" }), &machine).1
    };
    assert_eq!(told("{}"), "kubeconfig /k/config: it has no current-context");
    let without = KUBECONFIG.replace("name: c\n", "name: d\n");
    assert!(told(&without).ends_with("its clusters hold no \"c\""));
    let exec = KUBECONFIG.replace("user: {client", "user: {exec: {command: aws}}\n- user: {client");
    let exec = exec.replace("- user: {client", "- name: v\n  user: {client");
    assert!(told(&exec).contains("user \"u\" logs in by a program"), "{}", told(&exec));
    let garbled = KUBECONFIG.replace("Q0E=", "'?'");
    assert!(told(&garbled).ends_with("certificate-authority-data is no base64 of PEM"));
    let gone = found(json!({ "kubeconfig_file": "/k/none" }), &machine(&[], &[])).1;
    assert!(gone.starts_with("read /k/none"), "{gone}");
}

#[test]
fn a_server_without_a_scheme_is_spoken_to_by_tls_where_a_certificate_is_named() {
    let server = |cluster: &str, user: &str| {
        let text = KUBECONFIG.replace("certificate-authority-data: Q0E=, ", "");
        let text = text.replace("server: 'https://k8s.example:6443'", cluster);
        let (before, _) = text.split_once("user: {client").unwrap();
        let text = format!("{before}user: {{{user}}}\n");
        let machine = machine(&[("/k/config", &text)], &[]);
        let (config, told) = found(json!({ "kubeconfig_file": "/k/config" }), &machine);
        config["api_server"].as_str().map_or(told, str::to_owned)
    };
    let token = "token: hunter2";
    for (cluster, user, expected) in [
        ("server: '10.0.0.1:6443', certificate-authority: ca", token, "https://10.0.0.1:6443"),
        ("server: k8s:6443, certificate-authority-data: Q0E=", token, "https://k8s:6443"),
        ("server: k8s, insecure-skip-tls-verify: true", token, "https://k8s"),
        ("server: k8s", "client-certificate: u.crt, client-key: u.key", "https://k8s"),
        ("server: 'localhost:8080'", "", "http://localhost:8080"),
        ("server: 'http://localhost:8080'", token, "http://localhost:8080"),
    ] {
        assert_eq!(server(cluster, user), expected);
    }
    for user in [token, "tokenFile: t", "username: u, password: p"] {
        let refused = server("server: '10.0.0.1:6443'", user);
        assert!(refused.contains("would be sent in the open"), "{refused}");
    }
    for wrong in ["server: 'ftp://k8s'", "server: 'https://'"] {
        assert!(server(wrong, token).contains("is no URL"), "{wrong}");
    }
}

#[test]
fn a_pod_has_an_account() {
    let variables = &[("KUBERNETES_SERVICE_HOST", "fd00::1"), ("KUBERNETES_SERVICE_PORT", "443")];
    let namespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    let (config, http) = found(json!({}), &machine(&[(namespace, "monitoring\n")], variables));
    assert_eq!(
        config,
        json!({ "api_server": "https://[fd00::1]:443", "own_namespace": "monitoring" })
    );
    assert!(http.contains("serviceaccount/token") && http.contains("serviceaccount/ca.crt"));
    // Only an item that wants the namespace needs it.
    let without = machine(&[], variables);
    assert_eq!(found(json!({}), &without).0["api_server"], "https://[fd00::1]:443");
    let own = json!({ "namespaces": { "own_namespace": true } });
    let (config, nothing) = found(own.clone(), &without);
    assert!(config == own && nothing.starts_with(&format!("read {namespace}: ")), "{nothing}");
    let (config, nothing) = found(json!({ "api_server": "" }), &machine(&[], &[]));
    assert!(nothing.contains("does not run in a cluster"), "{nothing}");
    assert_eq!(config["api_server"], "");
}

#[test]
fn what_excludes_each_other_is_refused() {
    let machine = machine(&[], &[]);
    let http = HttpKeys { proxy_url: Some("http://p/".to_owned()), ..HttpKeys::default() };
    let http = HttpConfig::try_from(http).unwrap();
    let refused = |mut config: Value, http| {
        find(&mut config, http, &machine).map(|found| format!("{found:?}")).unwrap_err().to_string()
    };
    let both = json!({ "api_server": "https://k:1", "kubeconfig_file": "/k" });
    assert!(refused(both, None).contains("cannot be given both"));
    assert!(refused(json!({ "kubeconfig_file": "/k" }), Some(&http)).contains("beside it"));
    assert!(refused(json!({}), Some(&http)).contains("give api_server too"));
    assert!(refused(json!({ "api_server": "k" }), None).contains("\"k\" is no URL"));
    let mut own = json!({ "api_server": "https://k:1" });
    assert!(matches!(find(&mut own, Some(&http), &machine), Ok(Found::Server(None))));
}
