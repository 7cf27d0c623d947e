//! Mail, taken by a real server: the same as Alertmanager's, however the connection is encrypted and one logs in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use narthex_harness::{
    Host, Peer, Process, SECONDS, TempFolder, free_port, peer, python_smtpd, wait_for,
};
use serde_json::{Value, json};

use super::{Alertmanager, ask};
use crate::support::{certificate, config, plugin};

/// Who sends and who receives it, in a mail that both servers send; the folder has a password and an authority.
struct Case {
    name: &'static str,
    /// As `smtpd.py` has them.
    encryption: &'static str,
    ways: &'static str,
    /// Of the entry in `email_configs`.
    keys: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "plain",
        encryption: "never",
        ways: "PLAIN",
        keys: "require_tls: false, auth_username: ada, auth_password: s3&ret",
    },
    Case {
        name: "upgraded",
        encryption: "starttls",
        ways: "LOGIN",
        keys: "html: '<p>{{ range .Alerts }}{{ .Labels.host }}: {{ .Annotations.summary }}{{ end }}</p>', \
               auth_username: ada, auth_password_file: password, \
               tls_config: { ca_file: ca.pem, server_name: named.test }",
    },
    Case {
        name: "encrypted",
        encryption: "tls",
        ways: "PLAIN,LOGIN",
        keys: "force_implicit_tls: true, auth_username: ada, auth_password: s3&ret, \
               tls_config: { insecure_skip_verify: true }",
    },
    Case {
        name: "hashed",
        encryption: "starttls",
        ways: "CRAM-MD5",
        keys: "auth_username: ada, auth_secret: s3&ret, tls_config: { insecure_skip_verify: true }",
    },
    Case {
        name: "of-nobody",
        encryption: "starttls",
        ways: "PLAIN",
        keys: "tls_config: { ca_file: ca.pem, server_name: named.test }, \
               text: '{{ .CommonAnnotations.summary }}', \
               headers: { subject: 'Größe: {{ .GroupLabels.alertname }}', x-team: ops }, \
               threading: { enabled: true, thread_by_date: none }",
    },
];

/// A server for each case, until it is dropped.
struct Smarthosts(BTreeMap<&'static str, (u16, Process)>);

impl Smarthosts {
    /// None after the test was reported as skipped.
    fn start(folder: &TempFolder) -> Option<Self> {
        let script = folder.write("smtpd.py", include_str!("smtpd.py"));
        let mut all = BTreeMap::new();
        for Case { name, encryption, ways, .. } in CASES {
            let port = free_port();
            let mut server = Process::spawn(
                python_smtpd()?
                    .arg(&script)
                    .args([&port.to_string(), *encryption, *ways])
                    .args([certificate("server.pem"), certificate("server.key.pem")]),
            );
            server.wait_for_line("ready", 60 * SECONDS);
            all.insert(*name, (port, server));
        }
        Some(Self(all))
    }

    /// The mail that a server with this name has taken.
    fn mail(&self, case: &str, from: &str) -> Value {
        let (_, server) = &self.0[case];
        wait_for(&format!("{from} sends {case}"), 60 * SECONDS, || {
            let output = server.output();
            let told = output.lines().filter_map(|line| line.strip_prefix("mail "));
            let mut mails = told.map(|mail| serde_json::from_str::<Value>(mail).expect("JSON"));
            mails.find(|mail| mail["hello"] == from).ok_or(output.clone())
        })
    }

    /// An alertmanager.yml of a server with this name.
    fn routing(&self, cases: &[&Case], hello: &str, folder: &Path) -> String {
        let route = |case: &&Case| {
            format!("  - {{ receiver: {0}, matchers: ['alertname={0}'] }}\n", case.name)
        };
        let receiver = |Case { name, keys, .. }: &&Case| {
            let path = |name: &str| folder.join(name).display().to_string();
            let keys = keys
                .replace("ca.pem", &path("ca.pem"))
                .replace("_file: password", &format!("_file: {}", path("password")));
            let port = self.0[name].0;
            format!(
                "- {{ name: {name}, email_configs: [{{ smarthost: '127.0.0.1:{port}', \
                 to: 'ops@example.org, Doe <doe@example.org>', {keys} }}] }}\n"
            )
        };
        format!(
            "global: {{ smtp_from: 'Al Mgr <am@example.org>', smtp_hello: {hello} }}\n\
             route:\n  receiver: none\n  group_by: [alertname]\n  group_wait: 1s\n  routes:\n{}\
             receivers:\n- {{ name: none }}\n{}",
            cases.iter().map(route).collect::<String>(),
            cases.iter().map(receiver).collect::<String>()
        )
    }
}

const EXTERNAL_URL: &str = "--web.external-url=http://am.example/";

fn host(smarthosts: &Smarthosts, cases: &[&Case], allow: &str, folder: &Path) -> Host {
    let config = config("alertmanager_config_file: alertmanager.yml\n")
        .replace("dir: plugins", &format!("dir: plugins, allow: {{ email: {{ {allow} }} }}"));
    Host::with_config(&config)
        .file("alertmanager.yml", smarthosts.routing(cases, "ours.example", folder))
        .copy("plugins/email.wasm", &plugin("email"))
        .flag(EXTERNAL_URL)
        .start()
}

/// A mail without what differs between two mails. Of the usual page, which each server writes in words of its own, where it
/// leads.
fn plain(case: &Case, mut mail: Value) -> Value {
    for part in mail["parts"].as_array_mut().into_iter().flatten() {
        if part["kind"] == "text/html" && !case.keys.contains("html: ") {
            let text = part["text"].as_str().unwrap_or_default();
            let links = text.split("href=\"").skip(1).filter_map(|from| from.split('"').next());
            part["text"] = links.collect::<BTreeSet<_>>().into_iter().collect();
        }
    }
    mail["hello"] = "?".into();
    for name in ["Message-Id", "Date", "Content-Type"] {
        let value = &mut mail["headers"][name];
        assert!(value.is_string(), "each mail has {name}: {value}");
        *value = "?".into();
    }
    mail
}

#[test]
fn a_real_server_takes_the_same_mail() {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    let folder = TempFolder::new();
    let Some(smarthosts) = &Smarthosts::start(&folder) else { return };
    folder.write("password", "s3&ret\n");
    let authority = std::fs::read(certificate("authority_a.pem")).expect("it is there");
    folder.write("ca.pem", authority);

    let (all, path) = (CASES.iter().collect::<Vec<_>>(), folder.path());
    let theirs = smarthosts.routing(&all, "theirs.example", path);
    let theirs = Alertmanager::start_with(&program, &theirs, &[EXTERNAL_URL]);
    // A password stays in the host, unless it is hashed.
    let (hashed, others): (Vec<&Case>, Vec<&Case>) =
        CASES.iter().partition(|case| case.ways == "CRAM-MD5");
    // Each compiles the plugin.
    let ours = std::thread::scope(|scope| {
        let start = |cases, allow| scope.spawn(move || host(smarthosts, cases, allow, path));
        [start(&others, ""), start(&hashed, "reveal_secrets: true")]
            .map(|host| host.join().expect("it starts"))
    });
    let alerts: Vec<Value> = CASES
        .iter()
        .map(|case| {
            json!({
                "labels": { "alertname": case.name, "host": "a<b>" },
                "annotations": { "summary": "Größe & Länge: a line that is longer than one of quoted-printable = may be" },
                "startsAt": "2026-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example/graph?g0.expr=up+%3D%3D+0",
            })
        })
        .collect();
    let urls = ours.iter().map(|host| host.url("")).chain([format!("http://{}", theirs.address)]);
    for url in urls {
        let (status, body) =
            ask("POST", &format!("{url}/api/v2/alerts"), &json!(alerts).to_string());
        assert_eq!(status, 200, "{body}");
    }
    for case in CASES {
        let [ours, theirs] = ["ours.example", "theirs.example"]
            .map(|from| plain(case, smarthosts.mail(case.name, from)));
        assert_eq!(ours, theirs, "{}", case.name);
        assert_eq!(ours["encrypted"], case.encryption != "never", "{}", case.name);
        assert_eq!(ours["defects"], json!([]), "{}", case.name);
        let is_known = ours["logged_in"].as_str().is_some_and(|way| case.ways.contains(way));
        assert_eq!(is_known, case.keys.contains("auth_username"), "{ours}");
    }
    for host in ours {
        host.stop();
    }
}
