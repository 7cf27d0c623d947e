//! `narthex check` says what `promtool check` says, with the same exit codes.

use std::io::Write;
use std::process::{Command, Stdio};

use narthex_harness::{Peer, TempFolder, binary, peer};

/// What a program answered.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(program: &std::path::Path, folder: &TempFolder, arguments: &[&str], input: &str) -> Answer {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // A program that reads no input may have closed it.
    child.stdin.take().expect("piped").write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Answer { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A folder with files for both programs.
fn folder() -> TempFolder {
    let folder = TempFolder::new();
    let config =
        "rule_files: [twice.yml]\nscrape_configs:\n- job_name: slow\n  scrape_interval: 10m\n";
    folder.write("config.yml", config);
    let secret = "  authorization: { credentials_file: none }\n";
    folder.write("secret.yml", format!("{config}{secret}"));
    folder.write("nothing.yml", "");
    folder.write("broken.yml", "scrape_configs: [{ job_name: '' }]\n");
    let rule = |expr: &str| format!("  - {{ record: a, expr: '{expr}', labels: {{ x: y }} }}\n");
    let rules = format!("groups:\n- name: g\n  rules:\n{}{}", rule("up"), rule("up > 1"));
    folder.write("twice.yml", &rules);
    folder.write("once.yml", format!("groups:\n- name: g\n  rules:\n{}", rule("up")));
    folder.write("wrong.yml", "groups: [{ name: g, rules: [{ record: a, expr: 'sum(' }] }]\n");
    folder.write("extra.yml", format!("{rules}  owner: me\n"));
    folder.write(
        "agent.yml",
        "remote_write: [{ url: 'http://a' }]\nscrape_configs: [{ job_name: a }]\n",
    );
    folder.write("reader.yml", "remote_read: [{ url: 'http://a' }]\n");
    folder.write("web.yml", "http_server_config: { headers: { X-Frame-Options: deny } }\n");
    folder.write("badweb.yml", "http_server_config: { headers: { Host: deny } }\n");
    folder.write("nokey.yml", "tls_server_config: { cert_file: a.pem }\n");
    folder
}

const GOOD_METRICS: &str =
    "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"1\"} 1\na_total{b=\"2\"} 1\n";
const ODD_METRICS: &str = "# HELP a x\n# TYPE a counter\na{fooBar=\"1\"} 1\nb_ms 1\n\
    # HELP c_bucket x\n# TYPE c_bucket gauge\nc_bucket{le=\"1\"} 1\n# TYPE h_milliseconds histogram\n\
    h_milliseconds_bucket{le=\"1\"} 1\nh_milliseconds_bucket{le=\"+Inf\"} 2\n\
    h_milliseconds_sum 1\nh_milliseconds_count 2\n";
/// No two families have as many series, since promtool orders those by chance.
const COUNTED_METRICS: &str = "# HELP a x\na 1\n# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n\
    h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n";

#[test]
fn what_is_good_or_should_be_different_is_told_in_promtools_words() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = folder();
    for (arguments, input) in [
        (vec!["config", "config.yml"], ""),
        (vec!["config", "--syntax-only", "secret.yml"], ""),
        (vec!["config", "--lint=none", "config.yml"], ""),
        (vec!["config", "--lint=all", "--lint-fatal", "config.yml"], ""),
        (vec!["config", "--lint=too-long-scrape-interval", "config.yml", "config.yml"], ""),
        (vec!["config", "--agent", "nothing.yml"], ""),
        (vec!["rules", "once.yml"], ""),
        (vec!["rules", "once.yml", "twice.yml"], ""),
        (vec!["rules", "--lint-fatal", "twice.yml"], ""),
        (vec!["rules", "--lint=none", "twice.yml"], ""),
        (vec!["rules", "--ignore-unknown-fields", "extra.yml"], ""),
        (vec!["rules"], "groups: [{ name: g, rules: [{ record: a, expr: up }] }]"),
        (vec!["metrics"], GOOD_METRICS),
        (vec!["metrics"], ODD_METRICS),
        (vec!["metrics", "--extended"], COUNTED_METRICS),
        (vec!["metrics", "--extended"], GOOD_METRICS),
        (vec!["web-config", "web.yml"], ""),
    ] {
        let arguments = [vec!["check"], arguments].concat();
        let ours = run(&binary(), &folder, &arguments, input);
        let theirs = run(&promtool, &folder, &arguments, input);
        assert_eq!(ours, theirs, "{arguments:?}");
    }
}

#[test]
fn what_does_not_work_ends_with_promtools_exit_code() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = folder();
    for (arguments, input, expected) in [
        (vec!["config", "broken.yml"], "", "broken.yml:1:"),
        (vec!["config", "secret.yml"], "", "none"),
        (vec!["config", "--lint-fatal", "broken.yml", "config.yml"], "", "lint error 1 duplicate"),
        (vec!["config", "--agent", "config.yml"], "", "rule_files is not allowed in agent mode"),
        (vec!["config", "--agent", "reader.yml"], "", "remote_read is not allowed in agent mode"),
        (vec!["rules", "wrong.yml"], "", "wrong.yml:1:"),
        (vec!["rules", "extra.yml"], "", "extra.yml:6:"),
        (vec!["rules", "--lint-fatal", "wrong.yml", "twice.yml"], "", "lint error 1 duplicate"),
        (vec!["rules"], "groups: 5", "standard input:1:"),
        (vec!["metrics"], "a{ 1\n", "error while linting"),
        (vec!["web-config", "badweb.yml", "web.yml"], "", "web.yml SUCCESS"),
        (vec!["web-config", "nokey.yml"], "", "missing one of key or key_file"),
        (vec!["healthy", "--url=http://127.0.0.1:1"], "", "connect to 127.0.0.1:1"),
    ] {
        let arguments = [vec!["check"], arguments].concat();
        let ours = run(&binary(), &folder, &arguments, input);
        let theirs = run(&promtool, &folder, &arguments, input);
        assert_eq!(
            (ours.code, theirs.code),
            (Some(1), Some(1)),
            "{arguments:?}: {ours:?} {theirs:?}"
        );
        assert!(ours.err.contains(expected), "{arguments:?}: {}", ours.err);
    }
}

#[test]
fn what_an_agent_sends_is_judged_though_nothing_is_sent() {
    let folder = folder();
    let ours = run(&binary(), &folder, &["check", "config", "--agent", "agent.yml"], "");
    assert_eq!(ours.code, Some(0), "{ours:?}");
    assert!(
        ours.err.contains("WARNING: agent.yml:1:15: remote_write: right for an agent"),
        "{ours:?}"
    );
    if let Some(promtool) = peer(Peer::Promtool) {
        let theirs = run(&promtool, &folder, &["check", "config", "--agent", "agent.yml"], "");
        assert_eq!((ours.code, ours.out), (theirs.code, theirs.out));
    }
}

/// Labels that Prometheus 3.5 does not know yet.
const LATER: [&str; 3] = [
    "__scrape_native_histograms__",
    "__convert_classic_histograms_to_nhcb__",
    "__always_scrape_classic_histograms__",
];

#[test]
fn targets_of_a_job_are_shown_before_and_after_its_rules() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = TempFolder::new();
    // One mechanism alone: promtool 3.5 panics when static targets stand beside others.
    folder.write(
        "targets.json",
        r#"[{"targets": ["a:1", "a:1", "dropped:1", "slash/1"], "labels": {"zone": "a"}}]"#,
    );
    folder.write("plugins/.keep", "");
    folder.write(
        "config.yml",
        "scrape_configs:\n- job_name: other\n- job_name: found\n  params: { module: [m] }\n  \
         file_sd_configs: [{ files: [targets.json] }]\n  relabel_configs:\n  \
         - { source_labels: [__address__], regex: 'dropped.*', action: drop }\n  \
         - { source_labels: [__meta_filepath], regex: '.+', target_label: by, replacement: file }\n",
    );
    let rows = |program: &std::path::Path| {
        let arguments = ["check", "service-discovery", "--timeout=3s", "config.yml", "found"];
        let answer = run(program, &folder, &arguments, "");
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let mut rows: Vec<serde_json::Value> = serde_json::from_str(&answer.out).expect("JSON");
        for row in &mut rows {
            for labels in ["discoveredLabels", "labels"] {
                let labels = row[labels].as_object_mut().expect("labels");
                labels.retain(|name, _| !LATER.contains(&name.as_str()));
            }
            // promtool shows an error without its text.
            if !row["error"].is_null() {
                row["error"] = true.into();
            }
        }
        rows.sort_by_key(ToString::to_string);
        rows
    };
    let ours = rows(&binary());
    assert_eq!(ours.len(), 3);
    assert_eq!(ours, rows(&promtool));

    let arguments = ["check", "service-discovery", "config.yml", "nobody"];
    assert_eq!(run(&binary(), &folder, &arguments, ""), run(&promtool, &folder, &arguments, ""));
}

#[test]
fn a_server_is_asked_how_it_is() {
    let host = narthex_harness::Host::with_config("").start();
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let (folder, url) = (folder(), format!("--url={}", host.url("")));
    for subject in ["healthy", "ready"] {
        let arguments = ["check", subject, &url];
        let ours = run(&binary(), &folder, &arguments, "");
        let theirs = run(&promtool, &folder, &arguments, "");
        assert_eq!((ours.code, theirs.code), (Some(0), Some(0)), "{ours:?} {theirs:?}");
        assert_eq!(ours.err, theirs.err);
    }
    host.stop();
}
